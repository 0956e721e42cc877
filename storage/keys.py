"""The key file (密钥文件): the secrets of an installation, how they are made, kept, added to and read.

The file is JSON, `{"current": "k2", "keys": {"k1": {"made": …, "secret": base64 of 32 bytes}, …}}`, readable by
its owner alone. Values are sealed under the current key; the others are kept to read what they sealed. Each
use (data, index, token) has its own key derived from the secret, so none of them tells about another.
"""

import base64
import binascii
import json
import os
import secrets
import stat
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from storage.errors import KeyFileError

SECRET_BYTES: Final = 32
LONGEST_ID: Final = 16


@dataclass(frozen=True, slots=True)
class KeyRing:
    """The secrets of one moment: every key that can open, and which one seals."""

    current: str
    secrets: Mapping[str, bytes] = field(repr=False)

    @property
    def ids(self) -> tuple[str, ...]:
        """Ids of all keys, the current one first."""
        return (self.current, *(key_id for key_id in self.secrets if key_id != self.current))

    def derive(self, key_id: str, purpose: str) -> bytes:
        """Return the 32-byte key of `key_id` for one purpose (HKDF-SHA256, RFC 5869)."""
        derivation = HKDF(algorithm=SHA256(), length=32, salt=None, info=f"jianxi {purpose}".encode())
        return derivation.derive(self.secrets[key_id])


def create_key_file(path: Path) -> KeyRing:
    """Make a key file with one fresh key, mode 0600; raise `KeyFileError` when the file is already there."""
    ring = KeyRing("k1", {"k1": secrets.token_bytes(SECRET_BYTES)})
    _write(path, _document(ring, {}), replace=False)
    return ring


def read_key_file(path: Path) -> KeyRing:
    """Read the key file; raise `KeyFileError` when it is missing, open to others, or malformed."""
    return _parse(path, _read(path))


def add_key(path: Path) -> str:
    """Add a fresh key that does not seal yet; return its id. All processes can read it before any uses it."""
    document = _read(path)
    ring = _parse(path, document)
    number = 1 + max((int(key_id[1:]) for key_id in ring.ids if key_id[1:].isdigit()), default=0)
    key_id = f"k{number}"
    grown = KeyRing(ring.current, {**ring.secrets, key_id: secrets.token_bytes(SECRET_BYTES)})
    _write(path, _document(grown, document["keys"]), replace=True)
    return key_id


def make_current(path: Path, key_id: str) -> None:
    """Let `key_id` seal from now on; raise `KeyFileError` when the file does not hold it."""
    document = _read(path)
    ring = _parse(path, document)
    if key_id not in ring.secrets:
        raise _fault(path, f"里没有密钥 {key_id}", f"holds no key {key_id}")
    _write(path, _document(KeyRing(key_id, ring.secrets), document["keys"]), replace=True)


def remove_key(path: Path, key_id: str) -> None:
    """Take a key out of the file; what it sealed can never be read again. The current key stays."""
    document = _read(path)
    ring = _parse(path, document)
    if key_id == ring.current:
        raise _fault(path, f"的当前密钥 {key_id} 不能删除", f"needs its current key {key_id}")
    left = {known: secret for known, secret in ring.secrets.items() if known != key_id}
    _write(path, _document(KeyRing(ring.current, left), document["keys"]), replace=True)


class KeyFile:
    """A key file kept open for a running server, which notices when a key is added."""

    def __init__(self, path: Path) -> None:
        self.path: Final = path
        self._seen = _stamp(path)
        self.ring = read_key_file(path)

    def reload_if_changed(self) -> bool:
        """Read the file again when it was replaced; return whether the ring is another now.

        A file that is missing or broken for the moment leaves the known keys in use.
        """
        try:
            stamp = _stamp(self.path)
            if stamp == self._seen:
                return False
            ring = read_key_file(self.path)
        except KeyFileError:
            return False
        changed = ring != self.ring
        self._seen, self.ring = stamp, ring
        return changed


def _stamp(path: Path) -> tuple[int, int, int]:
    try:
        found = path.stat()
    except OSError:
        raise _missing(path) from None
    return (found.st_mtime_ns, found.st_ino, found.st_size)


def _read(path: Path) -> Any:  # noqa: ANN401 - JSON of anybody's making, checked by `_parse`
    try:
        with path.open("rb") as file:
            mode = os.fstat(file.fileno()).st_mode
            content = file.read()
    except FileNotFoundError:
        raise _missing(path) from None
    except OSError as error:
        raise _fault(path, f"读不了（{error.strerror}）", f"cannot be read ({error.strerror})") from None
    if stat.S_IMODE(mode) & 0o077:
        raise _fault(
            path, "会被其他用户读到，请执行 chmod 600", "can be read by other users: run chmod 600 on it"
        )
    try:
        return json.loads(content)
    except ValueError:
        raise _malformed(path, "JSON") from None


def _parse(path: Path, document: Any) -> KeyRing:  # noqa: ANN401 - this is what checks it
    try:
        current, entries = document["current"], document["keys"]
        found = {
            key_id: base64.b64decode(entry["secret"], validate=True) for key_id, entry in entries.items()
        }
    except (TypeError, KeyError, AttributeError, ValueError, binascii.Error):
        # Not chained: the driver's text could quote a part of a secret.
        raise _malformed(path, '{"current", "keys": {id: {"made", "secret"}}}') from None
    for key_id, secret in found.items():
        if not (key_id.isascii() and key_id.isalnum() and len(key_id) <= LONGEST_ID):
            raise _malformed(path, "key id")
        if len(secret) != SECRET_BYTES:
            raise _malformed(path, f"secret of {key_id}: {SECRET_BYTES} bytes")
    if not isinstance(current, str) or current not in found:
        raise _malformed(path, "current")
    return KeyRing(current, found)


def _document(ring: KeyRing, known: Mapping[str, Mapping[str, str]]) -> dict[str, object]:
    now = datetime.now(UTC).isoformat(timespec="seconds")
    return {
        "current": ring.current,
        "keys": {
            key_id: {
                "made": known.get(key_id, {}).get("made", now),
                "secret": base64.b64encode(secret).decode(),
            }
            for key_id, secret in ring.secrets.items()
        },
    }


def _write(path: Path, document: object, *, replace: bool) -> None:
    """Put the whole file in place at once: a reader, or a crash, sees the old one or the new one."""
    draft = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    try:
        handle = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        try:
            with os.fdopen(handle, "w") as file:
                json.dump(document, file, indent=1)
                file.flush()
                os.fsync(file.fileno())
            if replace:
                draft.replace(path)
            else:
                path.hardlink_to(draft)  # unlike a rename, this never overwrites
            _sync_folder(path.parent)
        finally:
            draft.unlink(missing_ok=True)
    except FileExistsError:
        raise _fault(path, "已经存在，不会覆盖", "is already there and will not be overwritten") from None
    except OSError as error:
        raise _fault(path, f"写不了（{error.strerror}）", f"cannot be written ({error.strerror})") from None


def _sync_folder(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _fault(path: Path, chinese: str, english: str) -> KeyFileError:
    return KeyFileError(f"密钥文件 {path} {chinese}。The key file {path} {english}.")


def _missing(path: Path) -> KeyFileError:
    return _fault(
        path,
        "不存在：请从备份恢复，或检查 JIANXI_SECRET_KEY_FILE",
        "is missing: restore it from its backup, or check JIANXI_SECRET_KEY_FILE",
    )


def _malformed(path: Path, where: str) -> KeyFileError:
    return _fault(
        path,
        f"内容不对（{where}）：请从备份恢复",
        f"is malformed ({where}): restore it from its backup",
    )
