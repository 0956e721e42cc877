"""Sealing (加密封存): values that only this installation can read, and keyed hashes to find them by.

A sealed value is `version (1 byte) · length of key id (1) · key id · nonce (12) · AES-256-GCM ciphertext and tag`. The
context (such as `person.name_sealed`) is authenticated with it, so a value moved to another column does not
open. A keyed hash is HMAC-SHA256 cut to 16 bytes: ID numbers have few enough values that a plain hash could be
reversed by trying them all. Nonces are random: one key may seal 2^32 values, many times what we store.
"""

import hmac
import os
from collections.abc import Iterable, Sequence
from hashlib import blake2b, sha256
from time import monotonic
from typing import TYPE_CHECKING, Final, NamedTuple

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from storage.errors import SealBroken, WrongKey
from storage.keys import KeyFile, KeyRing

if TYPE_CHECKING:
    from hashlib import _Hash

VERSION: Final = 1
NONCE_BYTES: Final = 12
TAG_BYTES: Final = 16
INDEX_BYTES: Final = 16
MAC_BYTES: Final = 16

BLOCK_BYTES: Final = 64
"""Of SHA-256: HMAC begins its two hashes with the key filled up to a block."""

NOTICE_SECONDS: Final = 1.0
"""How soon a running process notices a changed key file."""


class _Key(NamedTuple):
    prefix: bytes
    cipher: AESGCM
    inner: "_Hash"
    """The inner hash of HMAC after the key: copied for each value, which halves the cost of an index."""
    outer: "_Hash"
    token_key: bytes


class Sealer:
    """Seals, opens, hashes and signs with the keys of a ring.

    Given a `KeyFile` it notices within `NOTICE_SECONDS` that a key was added. Safe for several threads: a changed
    ring is swapped in whole.
    """

    def __init__(self, keys: KeyRing | KeyFile) -> None:
        self._file = keys if isinstance(keys, KeyFile) else None
        self._next_look = monotonic() + NOTICE_SECONDS if self._file else float("inf")
        self._take(self._file.ring if self._file else keys)  # type: ignore[arg-type]

    def _take(self, ring: KeyRing) -> None:
        keys = {key_id: _key(ring, key_id) for key_id in ring.ids}
        self.ring = ring
        self._keys = keys
        self._current = keys[ring.current]

    def refresh(self) -> bool:
        """Look at the key file now; return whether the keys are others than before."""
        if self._file is None:
            return False
        self._next_look = monotonic() + NOTICE_SECONDS
        self._file.reload_if_changed()
        if self._file.ring == self.ring:
            return False
        self._take(self._file.ring)
        return True

    def seal(self, value: str | bytes, context: bytes) -> bytes:
        """Seal a text or bytes under the current key, bound to `context`."""
        if monotonic() > self._next_look:
            self.refresh()
        return _seal(self._current, value, context)

    def seal_under(self, key_id: str, value: str | bytes, context: bytes) -> bytes:
        """As `seal`, under a certain key of the ring: for the note that a database keeps of each key."""
        return _seal(self._keys[key_id], value, context)

    def open(self, blob: bytes, context: bytes) -> bytes:
        """Return the sealed bytes.

        Raises `WrongKey` when the ring lacks the key, `SealBroken` when the value was altered or sealed for
        another context.
        """
        key = self._current
        if not blob.startswith(key.prefix):
            key = self._key_of(blob)
        start = len(key.prefix)
        nonce = blob[start : start + NONCE_BYTES]
        try:
            return key.cipher.decrypt(nonce, blob[start + NONCE_BYTES :], context)
        except (InvalidTag, ValueError):
            raise SealBroken(f"a value of {context.decode(errors='replace')} does not open") from None

    def open_text(self, blob: bytes, context: bytes) -> str:
        """As `open`, for a sealed text."""
        return self.open(blob, context).decode()

    def needs_resealing(self, blob: bytes) -> bool:
        """Whether another key than the current one sealed this value."""
        return not blob.startswith(self._current.prefix)

    def index(self, value: str, scope: str) -> bytes:
        """Return the keyed hash to store for `value`; equal values of one scope have equal hashes."""
        if monotonic() > self._next_look:
            self.refresh()
        return _index(self._current, value, scope)

    def indexes(self, value: str, scope: str) -> list[bytes]:
        """Return the hashes to look for, under every key, the current one first."""
        if monotonic() > self._next_look:
            self.refresh()
        return [_index(key, value, scope) for key in self._keys.values()]

    def seal_all(self, values: Sequence[bytes], context: bytes) -> list[bytes]:
        """As `seal`, for many values at once."""
        if monotonic() > self._next_look:
            self.refresh()
        prefix, encrypt = self._current.prefix, self._current.cipher.encrypt
        nonces = os.urandom(NONCE_BYTES * len(values))
        starts = range(0, len(nonces), NONCE_BYTES)
        return [
            b"".join((prefix, nonce := nonces[start : start + NONCE_BYTES], encrypt(nonce, value, context)))
            for start, value in zip(starts, values, strict=True)
        ]

    def indexes_all(self, values: Iterable[str], scope: str) -> list[list[bytes]]:
        """As `indexes`, for many values at once: a list for each key, the current one first."""
        if monotonic() > self._next_look:
            self.refresh()
        plain = [value.encode() for value in values]
        return [_index_all(key, plain, scope) for key in self._keys.values()]

    def mac(self, data: bytes) -> bytes:
        """Return a signature that only this installation can make, for tokens handed out."""
        if monotonic() > self._next_look:
            self.refresh()
        return _mac(self._current, data)

    def verify(self, data: bytes, mac: bytes) -> bool:
        """Whether `mac` is our signature of `data`, under any key of the ring."""
        if any(hmac.compare_digest(_mac(key, data), mac) for key in self._keys.values()):
            return True
        return self.refresh() and any(
            hmac.compare_digest(_mac(key, data), mac) for key in self._keys.values()
        )

    def _key_of(self, blob: bytes) -> _Key:
        if len(blob) < 2 or blob[0] != VERSION or len(blob) < 2 + blob[1] + NONCE_BYTES + TAG_BYTES:
            raise SealBroken("not a sealed value")
        key_id = blob[2 : 2 + blob[1]].decode("ascii", errors="replace")
        if key_id not in self._keys:
            self.refresh()  # sealed by a process that has already seen a newer key
        if key_id not in self._keys:
            raise WrongKey(f"密钥文件里没有密钥 {key_id!r}。The key file holds no key {key_id!r}.")
        return self._keys[key_id]


def prefix_of(key_id: str) -> bytes:
    """Return the bytes with which every value sealed by `key_id` begins."""
    return bytes([VERSION, len(key_id)]) + key_id.encode("ascii")


def _key(ring: KeyRing, key_id: str) -> _Key:
    return _Key(
        prefix_of(key_id),
        AESGCM(ring.derive(key_id, "data")),
        *_hmac_states(ring.derive(key_id, "index")),
        ring.derive(key_id, "token"),
    )


def _seal(key: _Key, value: str | bytes, context: bytes) -> bytes:
    nonce = os.urandom(NONCE_BYTES)
    data = value.encode() if isinstance(value, str) else value
    return key.prefix + nonce + key.cipher.encrypt(nonce, data, context)


def _hmac_states(key: bytes) -> "tuple[_Hash, _Hash]":
    """The two hashes of HMAC-SHA256 (RFC 2104) after taking in a key no longer than a block."""
    block = key.ljust(BLOCK_BYTES, b"\0")
    return sha256(bytes(byte ^ 0x36 for byte in block)), sha256(bytes(byte ^ 0x5C for byte in block))


def _index(key: _Key, value: str, scope: str) -> bytes:
    return _index_all(key, [value.encode()], scope)[0]


def _index_all(key: _Key, values: Iterable[bytes], scope: str) -> list[bytes]:
    begun, outer = key.inner.copy(), key.outer
    begun.update(f"{scope}\0".encode())
    found = []
    for value in values:
        inner = begun.copy()
        inner.update(value)
        last = outer.copy()
        last.update(inner.digest())
        found.append(last.digest()[:INDEX_BYTES])
    return found


def _mac(key: _Key, data: bytes) -> bytes:
    return blake2b(data, key=key.token_key, digest_size=MAC_BYTES).digest()
