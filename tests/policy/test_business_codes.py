"""The unified social credit code: what is read, and what is said of what is wrong."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from policy.business_codes import LOOK_ALIKE, read_uscc
from policy.refusal import Refused

ALPHABET = "0123456789ABCDEFGHJKLMNPQRTUWXY"
WEIGHTS = (1, 3, 9, 27, 19, 26, 16, 17, 20, 29, 25, 13, 8, 24, 10, 30, 28)


def completed(body: str) -> str:
    """A code with its check digit, computed by the formula of GB 32100-2015."""
    total = sum(ALPHABET.index(sign) * weight for sign, weight in zip(body, WEIGHTS, strict=True))
    return body + ALPHABET[(31 - total % 31) % 31]


CODES = st.builds(
    lambda head, place, rest: completed(head + place + rest),
    st.sampled_from(("91", "12", "52", "11", "92")),
    st.from_regex(r"44[0-9]{4}", fullmatch=True),
    st.text(ALPHABET, min_size=9, max_size=9),
)


@pytest.mark.parametrize(
    "code",
    [
        "91440300708461136T",  # codes that their owners publish
        "914403001922038216",
        "91440101MA5AB1234M",
    ],
)
def test_known_codes_are_read(code: str) -> None:
    assert read_uscc(code) == code


@given(CODES)
def test_a_code_is_read_however_it_is_written(code: str) -> None:
    wide = "".join(chr(ord(sign) + 0xFEE0) for sign in code)
    spaced = " ".join(code[i : i + 4] for i in range(0, 18, 4))
    assert {
        read_uscc(way) for way in (code, code.lower(), wide, f"  {spaced} ", code[:8] + "-" + code[8:])
    } == {code}


@given(CODES, st.integers(2, 17), st.sampled_from(ALPHABET))
def test_one_wrong_character_is_always_noticed(code: str, place: int, sign: str) -> None:
    if code[place] != sign:
        with pytest.raises(Refused):
            read_uscc(code[:place] + sign + code[place + 1 :])


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "没有收到"),
        ("91440101MA5AB1234", "现在是17位"),
        ("91440101MA5AB1234MM", "现在是19位"),
        ("91440101MA5AB1234X", "校验位"),
        ("91440101MA5ABI234M", "没有字母 I，第14位"),
        ("9144O101MA5AB1234M", "没有字母 O，第5位请看看是不是数字 0"),
        ("91A40101MA5AB1234M", "第3到8位"),
        ("91440101MA5AB123字M", "不会有“字”"),
    ],
)
def test_what_is_wrong_is_said(text: str, said: str) -> None:
    with pytest.raises(Refused, match=said):
        read_uscc(text)


def test_each_letter_that_never_occurs_is_named() -> None:
    for letter in LOOK_ALIKE:
        with pytest.raises(Refused, match=f"没有字母 {letter}"):
            read_uscc("91440101MA5AB123" + letter + "M")
