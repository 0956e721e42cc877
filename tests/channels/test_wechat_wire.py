"""The official account's wire: the platform's own vectors, an independent implementation, and hostile bytes."""

import json
import struct
from base64 import b64decode, b64encode
from contextlib import suppress
from pathlib import Path

import pytest
import xmltodict  # type: ignore[import-untyped]
from cryptography.hazmat.primitives.ciphers import Cipher as BlockCipher
from cryptography.hazmat.primitives.ciphers import algorithms, modes
from hypothesis import example, given
from hypothesis import strategies as st
from wechatpy.crypto import PrpCrypto, WeChatCrypto  # type: ignore[import-untyped]

from bot.channels.wechat_wire import (
    LONGEST_BODY,
    Cipher,
    Inbound,
    Refused,
    _flat,
    encrypted_part,
    envelope,
    harmless,
    parse,
    read_xml,
    signature,
    signed,
    text_reply,
)

VECTORS = json.loads((Path(__file__).parent / "data" / "wechat_vectors.json").read_text("utf-8"))
A, B = VECTORS["A"], VECTORS["B"]
KEY = B["encoding_aes_key"]
APP = "wx0123456789abcdef"
RANDOM = b"0123456789abcdef"

# --- the platform's own examples ---


@pytest.mark.parametrize(
    ("parts", "expected"),
    [
        (("1714036504", "1514711492"), "f464b24fc39322e44b38aa78f5edd27bd1441696"),
        (("1714037059", "486452656"), "899cf89e464efb63f54ddac96b0a0a235f53aa78"),
        (("1714112445", "415670741"), "6c5c811b55cc85e0e1b54100749188c20beb3f5d"),
        (("1714112445", "415670741", A["encrypted"]), "046e02f8204d34f8ba5fa3b1db94908f3df2e9b3"),
        (("1713424427", "415670741", A["reply_encrypted"]), "1b9339964ed2e271e7c7b6ff2b0ef902fc94dea1"),
    ],
)
def test_signatures_are_those_of_the_platforms_guide(parts: tuple[str, ...], expected: str) -> None:
    assert signature(A["token"], *parts) == expected
    assert signed(expected, A["token"], *parts)


def test_the_guides_message_opens_and_its_reply_is_made_alike() -> None:
    cipher = Cipher(A["encoding_aes_key"], A["app_id"])
    opened = cipher.decrypt(A["encrypted"])
    assert opened is not None
    assert (len(opened), json.loads(opened)["debug_str"]) == (167, "hello world")
    assert cipher.encrypt(A["reply_plain"].encode(), A["reply_random"].encode()) == A["reply_encrypted"]


def test_the_sample_codes_message_opens() -> None:
    assert signed(B["msg_signature"], B["token"], B["timestamp"], B["nonce"], B["encrypted"])
    opened = Cipher(KEY, B["app_id"]).decrypt(B["encrypted"])
    assert opened is not None
    inbound = parse(opened)
    assert (inbound.kind, inbound.fields["Content"], inbound.msg_id) == ("text", B["content"], B["msg_id"])
    assert inbound.key == f"m{B['msg_id']}"


# --- signatures ---


@pytest.mark.parametrize(
    "given_signature", ["", "0" * 40, "签名", "\udcff", "F464B24FC39322E44B38AA78F5EDD27BD1441696"]
)
def test_another_signature_is_refused_whatever_it_is_made_of(given_signature: str) -> None:
    assert not signed(given_signature, "AAAAA", "1714036504", "1514711492")


@pytest.mark.parametrize(
    "parts", [("1714036505", "1514711492"), ("1714036504", "1514711493"), ("1514711492",)]
)
def test_a_signature_holds_for_its_parts_only(parts: tuple[str, ...]) -> None:
    assert not signed("f464b24fc39322e44b38aa78f5edd27bd1441696", "AAAAA", *parts)


# --- encryption ---


@given(st.text(max_size=400))
def test_what_we_seal_the_other_implementation_opens_and_the_other_way_round(text: str) -> None:
    plain = text.encode("utf-8", "replace").decode()
    peer, ours = PrpCrypto(b64decode(KEY + "=")), Cipher(KEY, APP)
    assert peer.decrypt(ours.encrypt(plain.encode(), RANDOM), APP) == plain
    assert ours.decrypt(peer.encrypt(plain, APP).decode()) == plain.encode()


@given(st.integers(0, 200), st.integers(1, 255))
def test_a_changed_cipher_text_never_opens_to_the_message(place: int, change: int) -> None:
    sealed = bytearray(b64decode(Cipher(KEY, APP).encrypt(b"<xml>" + b"x" * 150 + b"</xml>", RANDOM)))
    sealed[place % len(sealed)] ^= change
    assert Cipher(KEY, APP).decrypt(b64encode(sealed).decode()) != b"<xml>" + b"x" * 150 + b"</xml>"


@given(st.binary(max_size=200))
def test_garbage_never_opens_and_never_raises(garbage: bytes) -> None:
    assert Cipher(KEY, APP).decrypt(b64encode(garbage).decode()) is None
    assert Cipher(KEY, APP).decrypt(garbage.decode("latin-1")) is None


def sealed_raw(data: bytes) -> str:
    key = b64decode(KEY + "=")
    encryptor = BlockCipher(algorithms.AES(key), modes.CBC(key[:16])).encryptor()
    return b64encode(encryptor.update(data) + encryptor.finalize()).decode()


def padded(data: bytes, pad: int | None = None) -> bytes:
    pad = pad or 32 - len(data) % 32
    return data + bytes([pad]) * pad


@pytest.mark.parametrize(
    "data",
    [
        padded(RANDOM + struct.pack(">I", 5) + b"hello" + b"wx_another_app_id"),
        padded(RANDOM + struct.pack(">I", 2**32 - 1) + b"hello" + APP.encode()),
        padded(RANDOM + struct.pack(">I", 6) + b"hello" + APP.encode()),
        padded(RANDOM + struct.pack(">I", 0)),
        padded(RANDOM[:10]),
        RANDOM + struct.pack(">I", 5) + b"hello" + APP.encode() + b"\0" * 5,
        padded(RANDOM + struct.pack(">I", 5) + b"hello" + APP.encode())[:-1] + b"\x21",
        b"\x20" * 32,
    ],
    ids=[
        "other app",
        "huge length",
        "wrong length",
        "no app id",
        "short",
        "no padding",
        "padding 33",
        "only padding",
    ],
)
def test_what_is_inside_must_be_whole_and_ours(data: bytes) -> None:
    assert Cipher(KEY, APP).decrypt(sealed_raw(data)) is None


def test_a_message_that_fills_its_blocks_gets_a_whole_block_of_padding() -> None:
    filler = b"x" * (64 - 20 - len(APP))
    sealed = Cipher(KEY, APP).encrypt(filler, RANDOM)
    assert len(b64decode(sealed)) == 96
    assert Cipher(KEY, APP).decrypt(sealed) == filler


@pytest.mark.parametrize("key", ["", "short", KEY[:-1], KEY + "A", KEY[:-1] + "=", KEY[:-1] + "钥"])
def test_a_key_that_is_none_is_told_without_showing_it(key: str) -> None:
    with pytest.raises(ValueError, match="43 letters and digits") as caught:
        Cipher(key, APP)
    assert not key or key not in str(caught.value)


def test_keys_whose_last_character_carries_spare_bits_work() -> None:
    cipher = Cipher("a" * 42 + "b", APP)
    assert cipher.decrypt(cipher.encrypt(b"hello", RANDOM)) == b"hello"


# --- XML ---


def message(inner: str = "", head: str = "") -> bytes:
    return (
        f"{head}<xml><ToUserName>gh</ToUserName><FromUserName>o1</FromUserName>"
        f"<CreateTime>1790000000</CreateTime><MsgType>text</MsgType>{inner}</xml>"
    ).encode()


XXE = '<!DOCTYPE xml [<!ENTITY secret SYSTEM "file:///etc/passwd">]>'
LAUGHS = '<!DOCTYPE xml [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;"><!ENTITY c "&b;&b;&b;">]>'


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"not xml",
        b"{}",
        b"<xml>",
        b"<xml></xml><xml></xml>",
        b"<html></html>",
        message()[:-3],
        message("<Content>\x00</Content>"),
        message("<Content>\x0b</Content>"),
        b"\xff\xfe" + message().decode().encode("utf-16-le"),
        message("<Content>") + b"\xff\xfe</Content>",
        message("<Content>&secret;</Content>", XXE),
        message("<Content>&c;</Content>", LAUGHS),
        message("<Content>&nbsp;</Content>"),
        message("", '<!DOCTYPE xml SYSTEM "http://127.0.0.1/x.dtd">'),
        message("<a>" * 20 + "</a>" * 20),
        message("<FromUserName>o2</FromUserName>"),
        message().replace(b"<FromUserName>o1</FromUserName>", b""),
        message().replace(b"o1", b"o" * 200),
        message().replace(b"1790000000", b"yesterday"),
        message().replace(b"1790000000", b"-5"),
        message().replace(b"1790000000", b"99999999999999999999"),
    ],
)
def test_what_is_no_message_is_refused(body: bytes) -> None:
    with pytest.raises(Refused) as caught:
        parse(body)
    assert (caught.value.status, str(caught.value)) == (400, "malformed")


def test_a_body_of_64_kilobytes_is_read_and_one_byte_more_is_not() -> None:
    room = LONGEST_BODY - len(message("<Content></Content>"))
    assert len(parse(message(f"<Content>{'x' * room}</Content>")).fields["Content"]) == room
    with pytest.raises(Refused) as caught:
        parse(message(f"<Content>{'x' * (room + 1)}</Content>"))
    assert caught.value.status == 413


PLAIN_TEXT = st.text(st.characters(codec="utf-8", exclude_categories=["Cc", "Cs"], exclude_characters="￾￿"))


@given(st.dictionaries(st.from_regex(r"[A-Za-z][A-Za-z0-9]{0,9}", fullmatch=True), PLAIN_TEXT, max_size=6))
def test_flat_xml_reads_as_the_other_implementation_reads_it(fields: dict[str, str]) -> None:
    body = "<xml>" + "".join(
        f"<{name}><![CDATA[{text.replace(']]>', ']]]]><![CDATA[>')}]]></{name}>"
        for name, text in fields.items()
    )
    theirs = xmltodict.parse(f"{body}</xml>", strip_whitespace=False)["xml"] or {}
    assert read_xml(f"{body}</xml>".encode())[0] == {name: text or "" for name, text in theirs.items()}


PIECES = (
    "<A>",
    "</A>",
    "<B>",
    "</B>",
    "<xml>",
    "</xml>",
    "<![CDATA[",
    "]]>",
    "]",
    "1",
    " ",
    "\n",
    "\r",
    "文",
    "&amp;",
    "\0",
)
LEAVES = ("<A>1</A>", "<B><![CDATA[文 \n]]></B>", "<C></C>")


@given(st.lists(st.sampled_from((*PIECES, *LEAVES)), max_size=10).map("".join))
@example("".join(LEAVES))
def test_what_is_read_without_a_parser_reads_as_a_parser_reads_it(inside: str) -> None:
    body = f"<xml>{inside}</xml>".encode()
    flat = _flat(body)
    if inside == "".join(LEAVES):
        assert flat is not None
    if flat is not None:
        theirs = xmltodict.parse(body, strip_whitespace=False)["xml"]
        leaves = theirs.items() if isinstance(theirs, dict) else ()
        assert flat == {name: text or "" for name, text in leaves if name != "#text"}


@given(st.binary(max_size=300))
def test_any_bytes_are_read_or_refused(body: bytes) -> None:
    for wrapped in (body, b"<xml>" + body + b"</xml>"):
        with suppress(Refused):
            assert isinstance(read_xml(wrapped)[0], dict)


def test_nested_events_give_their_leaves() -> None:
    inner = (
        "<SubscribeMsgPopupEvent><List><TemplateId>T1</TemplateId>"
        "<SubscribeStatusString>accept</SubscribeStatusString></List>"
        "<List><TemplateId>T2</TemplateId></List></SubscribeMsgPopupEvent>"
        "<CopyrightCheckResult><ResultList><item><ArticleIdx>1</ArticleIdx></item></ResultList></CopyrightCheckResult>"
    )
    inbound = parse(message(inner))
    assert inbound.items == (
        {"TemplateId": "T1", "SubscribeStatusString": "accept"},
        {"TemplateId": "T2"},
        {"ArticleIdx": "1"},
    )


def test_the_encrypted_part_is_found_and_the_plain_fields_beside_it_are_not_looked_at() -> None:
    assert encrypted_part(message("<Encrypt>abc</Encrypt>")) == "abc"
    assert encrypted_part(message()) == ""


# --- telling messages apart ---


def event(**fields: str) -> Inbound:
    return Inbound("gh", "o1", 1790000000, "event", "", {"Event": "CLICK", **fields})


def test_events_of_one_second_are_told_apart_by_what_happened() -> None:
    keys = {
        event(EventKey="a").key,
        event(EventKey="b").key,
        event(Event="SCAN", EventKey="a").key,
        event(MsgID="1").key,
        event(MsgID="2").key,
        event(EventKey="a")._replace(sender="o2").key,
        event(EventKey="a")._replace(created_at=1790000001).key,
    }
    assert len(keys) == 7
    assert event(EventKey="a").key == event(EventKey="a").key


# --- replies ---

INBOUND = Inbound("gh_me", "oUSER", 1790000000, "text", "1", {})


@given(st.text())
def test_any_text_makes_a_well_formed_reply_that_says_it(text: str) -> None:
    said = xmltodict.parse(text_reply(INBOUND, text), strip_whitespace=False)["xml"]
    assert (said["ToUserName"], said["FromUserName"], said["MsgType"]) == ("oUSER", "gh_me", "text")
    clean = "".join(
        c for c in text if c in "\t\n\r" or (c >= " " and not "\ud800" <= c <= "\udfff" and c not in "￾￿")
    )
    assert (said["Content"] or "") == clean.replace("\r\n", "\n").replace("\r", "\n")


def test_the_same_message_gets_the_same_bytes() -> None:
    assert text_reply(INBOUND, "好") == text_reply(INBOUND, "好")


def test_an_encrypted_reply_is_read_by_the_other_implementation() -> None:
    sealed = Cipher(KEY, APP).encrypt(text_reply(INBOUND, "第一行\n第二行"), RANDOM)
    outer = envelope("tok", sealed, "1790000001", "nonce]]>x")
    fields = xmltodict.parse(outer)["xml"]
    inner = WeChatCrypto("tok", KEY, APP).decrypt_message(
        outer.decode(), fields["MsgSignature"], fields["TimeStamp"], fields["Nonce"]
    )
    assert xmltodict.parse(inner)["xml"]["Content"] == "第一行\n第二行"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('<a href="https://bad">点我</a>', '＜a href="https://bad">点我＜/a>'),
        ("&lt;a&gt; &#60;a", "＆lt;a&gt; ＆#60;a"),
        ("1 < 2，3 <5", "1 < 2，3 <5"),
        ("https://x.cn/?a=1&b=2", "https://x.cn/?a=1&b=2"),
    ],
)
def test_nothing_a_person_wrote_comes_alive(text: str, expected: str) -> None:
    assert harmless(text) == expected
