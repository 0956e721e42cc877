"""The wire of the official account (公众号消息接口): signatures, AES, messages in, replies out. Pure.

Follows the platform's pages on receiving messages, passive replies and 消息加解密说明. Reads hostile input: a body
with a DTD, too deep, ambiguous or not XML is refused before anything is made of it, and every fault of signature,
padding or app id looks alike from outside.
"""

from __future__ import annotations

import hmac
import re
import struct
from base64 import b64decode, b64encode
from binascii import Error as NotBase64
from collections.abc import Mapping
from hashlib import sha1
from typing import Final, NamedTuple
from xml.parsers import expat

from cryptography.hazmat.primitives.ciphers import Cipher as BlockCipher
from cryptography.hazmat.primitives.ciphers import algorithms, modes

LONGEST_BODY: Final = 64 * 1024
DEEPEST: Final = 8
"""Nested elements; the platform's own events reach 5 (CopyrightCheckResult, SendPicsInfo)."""
LONGEST_TEXT: Final = 2000
"""Bytes of UTF-8 in a text we send; the platform cuts at 2048."""
RANDOM_BYTES: Final = 16
AES_KEY_LENGTH: Final = 43
BLOCK: Final = 32

ALIVE: Final = re.compile(r"<(?=[A-Za-z/!?])|&(?=#|lt\b)", re.IGNORECASE)


class Refused(Exception):  # noqa: N818 - reads as what happened
    """A request that is not taken: HTTP status and a code without any content."""

    def __init__(self, status: int, code: str) -> None:
        super().__init__(code)
        self.status = status
        self.code = code


class Inbound(NamedTuple):
    """A message or event as the platform sent it. `created_at` in epoch seconds.

    `items` are the leaves of nested elements, such as the entries of `SubscribeMsgPopupEvent`.
    """

    to: str
    sender: str
    created_at: int
    kind: str
    msg_id: str
    fields: Mapping[str, str]
    items: tuple[Mapping[str, str], ...] = ()

    @property
    def event(self) -> str:
        """Name of the event; "" for a message."""
        return self.fields.get("Event", "") if self.kind == "event" else ""

    @property
    def key(self) -> str:
        """What a repeated delivery has in common with the first: MsgId, or who, when and what happened."""
        if self.msg_id:
            return f"m{self.msg_id}"
        what = self.fields.get("EventKey") or self.fields.get("MsgID", "")
        return f"e{self.sender}:{self.created_at}:{self.event}:{what}"


# --- signatures -----------------------------------------------------------------------------------------


def signature(token: str, *parts: str) -> str:
    """The platform's signature of `parts`: SHA-1 over the sorted texts, in hexadecimal."""
    return sha1(
        "".join(sorted((token, *parts))).encode("utf-8", "surrogatepass"), usedforsecurity=False
    ).hexdigest()


def signed(given: str, token: str, *parts: str) -> bool:
    """Whether `given` is the signature of `parts`; takes the same time for every wrong one."""
    return hmac.compare_digest(given.encode("utf-8", "surrogatepass"), signature(token, *parts).encode())


# --- encryption -----------------------------------------------------------------------------------------


class Cipher:
    """Encryption under one EncodingAESKey (43 characters) for one app id. Raises ValueError for a bad key."""

    def __init__(self, encoding_key: str, app_id: str) -> None:
        if len(encoding_key) != AES_KEY_LENGTH or not re.fullmatch(r"[A-Za-z0-9]+", encoding_key):
            raise ValueError(f"the key must be {AES_KEY_LENGTH} letters and digits")
        key = b64decode(encoding_key + "=")  # not strict: the last character carries bits that mean nothing
        self._cipher = BlockCipher(algorithms.AES(key), modes.CBC(key[:16]))
        self._app_id = app_id.encode()

    def encrypt(self, plain: bytes, random: bytes) -> str:
        """The message as the `Encrypt` element carries it; `random` is 16 fresh bytes."""
        data = random + struct.pack(">I", len(plain)) + plain + self._app_id
        pad = BLOCK - len(data) % BLOCK
        encryptor = self._cipher.encryptor()
        return b64encode(encryptor.update(data + bytes([pad]) * pad) + encryptor.finalize()).decode()

    def decrypt(self, encrypted: str) -> bytes | None:
        """The message inside; None when it was not made with this key for this app id, whatever is wrong."""
        try:
            sealed = b64decode(encrypted, validate=True)
        except (NotBase64, ValueError):
            return None
        if not sealed or len(sealed) % 16:
            return None
        decryptor = self._cipher.decryptor()
        data = decryptor.update(sealed) + decryptor.finalize()
        pad = data[-1]
        if not 1 <= pad <= BLOCK or data[-pad:] != bytes([pad]) * pad:
            return None
        data = data[:-pad]
        if len(data) < RANDOM_BYTES + 4:
            return None
        (length,) = struct.unpack_from(">I", data, RANDOM_BYTES)
        start = RANDOM_BYTES + 4
        if not hmac.compare_digest(data[start + length :], self._app_id):
            return None
        return data[start : start + length]


# --- messages in ----------------------------------------------------------------------------------------


def parse(body: bytes) -> Inbound:
    """The message in a plain body. Raises `Refused` (400) when it is not one."""
    fields, items = read_xml(body)
    try:
        created_at = int(fields.get("CreateTime", ""))
    except ValueError:
        raise Refused(400, "malformed") from None
    to, sender, kind = fields.get("ToUserName", ""), fields.get("FromUserName", ""), fields.get("MsgType", "")
    msg_id = fields.get("MsgId", "")
    if (
        not (to and sender and kind)
        or not 0 <= created_at < 2**32
        or max(len(sender), len(to), len(msg_id)) > 128
    ):
        raise Refused(400, "malformed")
    return Inbound(to, sender, created_at, kind, msg_id, fields, items)


ENVELOPE: Final = re.compile(
    rb"\s*<xml>\s*<ToUserName><!\[CDATA\[[\w-]*\]\]></ToUserName>"
    rb"\s*<Encrypt><!\[CDATA\[([A-Za-z0-9+/=]*)\]\]></Encrypt>\s*</xml>\s*"
)
"""An encrypted message as the platform writes it: no XML parser is needed to see that it is one."""


def encrypted_part(body: bytes) -> str:
    """The `Encrypt` element of a body; "" when it has none. Raises `Refused` (400) for what is not XML."""
    if len(body) <= LONGEST_BODY and (usual := ENVELOPE.fullmatch(body)) is not None:
        return usual[1].decode("ascii")
    return read_xml(body)[0].get("Encrypt", "")


def read_xml(body: bytes) -> tuple[dict[str, str], tuple[Mapping[str, str], ...]]:
    """The leaves right under the root, and those of each nested element. Raises `Refused`.

    No DTD, hence no entities beyond XML's own five; UTF-8 only; no name twice under the root."""
    if len(body) > LONGEST_BODY:
        raise Refused(413, "too_large")
    if (flat := _flat(body)) is not None:
        return flat, ()
    if body[:2] in {b"\xff\xfe", b"\xfe\xff"}:  # expat would follow the mark into UTF-16
        raise Refused(400, "malformed")
    reader = _Reader()
    parser = expat.ParserCreate("UTF-8")
    parser.buffer_text = True
    parser.StartElementHandler = reader.start
    parser.EndElementHandler = reader.end
    parser.CharacterDataHandler = reader.text
    parser.StartDoctypeDeclHandler = reader.doctype
    try:
        parser.Parse(body, True)
    except (expat.ExpatError, UnicodeDecodeError):
        raise Refused(400, "malformed") from None
    return reader.fields, tuple(reader.items)


LEAF: Final = (
    r"[ \t\n]*<(?P<name>[A-Za-z][A-Za-z0-9]*)>"
    r"(?:<!\[CDATA\[(?P<words>[^]\x00-\x08\x0b-\x1f\ufffe\uffff]*)\]\]>|(?P<number>[0-9]*))</(?P=name)>"
)
LEAVES: Final = re.compile(LEAF)
FLAT: Final = re.compile(rf"[ \t\n]*<xml>(?P<inside>(?:{LEAF})*+)[ \t\n]*</xml>[ \t\n]*")
"""A message as the platform writes nearly all: one level, texts in CDATA, numbers bare. A parser of XML reads the same."""


def _flat(body: bytes) -> dict[str, str] | None:
    """The leaves of such a message; None for anything else, which is for the parser to read or to refuse."""
    try:
        text = body.decode()
    except UnicodeDecodeError:
        return None
    found = FLAT.fullmatch(text)
    if found is None:
        return None
    leaves = LEAVES.findall(found["inside"])
    fields = {name: words or number for name, words, number in leaves}
    return fields if len(fields) == len(leaves) else None


class _Reader:
    """Collects leaves while expat reads."""

    def __init__(self) -> None:
        self.fields: dict[str, str] = {}
        self.items: list[Mapping[str, str]] = []
        self._groups: list[dict[str, str]] = []
        self._names: list[str] = []
        self._text = ""
        self._leaf = False

    def doctype(self, *_: object) -> None:
        """A DTD is never part of a message."""
        raise Refused(400, "malformed")

    def start(self, name: str, _attributes: object) -> None:
        """Go into an element."""
        self._names.append(name)
        self._groups.append({})
        if len(self._names) > DEEPEST or (len(self._names) == 1 and name != "xml"):
            raise Refused(400, "malformed")
        self._text, self._leaf = "", True

    def text(self, data: str) -> None:
        """Text of the innermost element."""
        self._text += data

    def end(self, name: str) -> None:
        """Come out of an element: a leaf joins its parent's leaves."""
        self._names.pop()
        own = self._groups.pop()
        if not self._groups:
            self.fields = own
        elif self._leaf:
            parent = self._groups[-1]
            if name in parent and len(self._groups) == 1:
                raise Refused(400, "malformed")  # whose word would count?
            parent[name] = self._text
        elif own:
            self.items.append(own)
        self._text, self._leaf = "", False


# --- replies out ----------------------------------------------------------------------------------------


def harmless(text: str) -> str:
    """The text with every markup that the platform would bring to life (links) made plain characters."""
    return ALIVE.sub(lambda found: "＜" if found[0] == "<" else "＆", text)


def text_reply(inbound: Inbound, text: str) -> bytes:
    """A passive reply; its time is that of the message, so that a repeated message gets the same bytes."""
    return (
        f"<xml><ToUserName>{_cdata(inbound.sender)}</ToUserName>"
        f"<FromUserName>{_cdata(inbound.to)}</FromUserName>"
        f"<CreateTime>{inbound.created_at}</CreateTime><MsgType><![CDATA[text]]></MsgType>"
        f"<Content>{_cdata(text)}</Content></xml>"
    ).encode("utf-8", "replace")


def envelope(token: str, encrypted: str, timestamp: str, nonce: str) -> bytes:
    """An encrypted reply, signed."""
    mark = signature(token, timestamp, nonce, encrypted)
    return (
        f"<xml><Encrypt><![CDATA[{encrypted}]]></Encrypt><MsgSignature><![CDATA[{mark}]]></MsgSignature>"
        f"<TimeStamp>{timestamp}</TimeStamp><Nonce>{_cdata(nonce)}</Nonce></xml>"
    ).encode("utf-8", "replace")


def _cdata(text: str) -> str:
    return f"<![CDATA[{NOT_XML.sub('', text).replace(']]>', ']]]]><![CDATA[>')}]]>"


NOT_XML: Final = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
"""Characters that no XML document may contain; a reply with one would be malformed."""
