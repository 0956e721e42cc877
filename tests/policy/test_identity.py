"""Numbers here are made up: a region, a date and a serial, completed with their check digit."""

from datetime import date, timedelta

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from policy.codes import DocumentKind, Sex
from policy.identity import (
    DocumentFault,
    DocumentRejected,
    IdentityDocument,
    check_digit,
    read_document,
)

TODAY = date(2026, 11, 2)
KNOWN = "11010519491231002X"  # the worked example printed in GB 11643
PLAIN = "440106200102031230"


def number(region: str = "440106", birth: str = "20010203", serial: str = "123") -> str:
    first = region + birth + serial
    return first + check_digit(first)


def fault(text: str, today: date = TODAY) -> tuple[DocumentFault, dict[str, int]]:
    with pytest.raises(DocumentRejected) as caught:
        read_document(text, today)
    return caught.value.reason, caught.value.facts


valid_numbers = st.builds(
    lambda region, birth, serial: number(f"{region:06d}", f"{birth:%Y%m%d}", f"{serial:03d}"),
    st.integers(100000, 999999),
    st.dates(date(1907, 1, 1), TODAY),
    st.integers(0, 999),
)


def test_the_example_of_the_standard_is_read() -> None:
    assert read_document(KNOWN, TODAY) == IdentityDocument(
        DocumentKind.RESIDENT, KNOWN, date(1949, 12, 31), Sex.FEMALE, "110105"
    )


@pytest.mark.parametrize(
    "text",
    [
        "440106200102031230",
        " 440106 20010203 1230 ",
        "440106-20010203-1230",
        "440106.20010203.1230",
        "440106—20010203—1230",
        "440106\n20010203\t1230",
        "４４０１０６２００１０２０３１２３０",
        "440106200102031230。",
        "440106200102031230！😊",
        "身份证号：440106200102031230",
        "我的身份证是440106200102031230",
        "我的身份证是 440106 2001 0203 1230，谢谢",
        "身份证440106200102031230电话13812345678",
        "440106200102031230 13812345678",
        "440106200102031230,13812345678",
        "ID:440106200102031230",
        "id 440106200102031230",
        "**440106200102031230**",
        "440106200102031230，再说一遍440106200102031230",
        "\u202a440106200102031230\u202c",
        "440106\u200b200102031230\x00",
        "4️⃣40106200102031230",
    ],
)
def test_a_number_is_found_as_people_write_it(text: str) -> None:
    assert read_document(text, TODAY).number == PLAIN


@pytest.mark.parametrize("text", [KNOWN.lower(), "身份证11010519491231002ｘ。", "1101051949123100 2 X"])
def test_a_small_x_becomes_a_capital_one(text: str) -> None:
    assert read_document(text, TODAY).number == KNOWN


@pytest.mark.parametrize(
    ("region", "kind"),
    [
        ("440106", DocumentKind.RESIDENT),
        ("330114", DocumentKind.RESIDENT),  # a district of 2021 that old tables do not know
        ("659012", DocumentKind.RESIDENT),
        ("990000", DocumentKind.RESIDENT),  # a region alone never refuses
        ("810000", DocumentKind.HONG_KONG_MACAU),
        ("820000", DocumentKind.HONG_KONG_MACAU),
        ("830000", DocumentKind.TAIWAN),
    ],
)
def test_the_region_tells_the_kind_of_document(region: str, kind: DocumentKind) -> None:
    document = read_document(number(region), TODAY)
    assert (document.kind, document.region, document.birth_date) == (kind, region, date(2001, 2, 3))


@pytest.mark.parametrize(
    ("serial", "sex"), [("000", Sex.FEMALE), ("001", Sex.MALE), ("998", Sex.FEMALE), ("999", Sex.MALE)]
)
def test_an_odd_serial_is_a_man(serial: str, sex: Sex) -> None:
    assert read_document(number(serial=serial), TODAY).sex is sex


@pytest.mark.parametrize(
    ("text", "kind", "stored"),
    [
        ("H12345678", DocumentKind.HONG_KONG_MACAU, "H12345678"),
        ("h1234567801", DocumentKind.HONG_KONG_MACAU, "H12345678"),
        ("Ｍ１２３４５６７８", DocumentKind.HONG_KONG_MACAU, "M12345678"),
        ("回乡证 H 1234 5678", DocumentKind.HONG_KONG_MACAU, "H12345678"),
        ("12345678", DocumentKind.TAIWAN, "12345678"),
        ("台胞证：1234567801", DocumentKind.TAIWAN, "12345678"),
        ("12345678(01)", DocumentKind.TAIWAN, "12345678"),
        ("台胞证20010203", DocumentKind.TAIWAN, "20010203"),
        ("18991231", DocumentKind.TAIWAN, "18991231"),
        ("21000101", DocumentKind.TAIWAN, "21000101"),
    ],
)
def test_a_travel_permit_tells_nothing_but_its_number(text: str, kind: DocumentKind, stored: str) -> None:
    assert read_document(text, TODAY) == IdentityDocument(kind, stored, None, None, None)


@pytest.mark.parametrize(
    ("text", "reason", "facts"),
    [
        ("", DocumentFault.EMPTY, {}),
        (" 　\n", DocumentFault.EMPTY, {}),
        ("。。。", DocumentFault.EMPTY, {}),
        ("😊", DocumentFault.EMPTY, {}),
        ("440106010203123", DocumentFault.FIFTEEN_DIGITS, {}),
        ("我的是 440106 010203 123。", DocumentFault.FIFTEEN_DIGITS, {}),
        ("44010620010203123", DocumentFault.WRONG_LENGTH, {"digits": 17}),
        ("4401062001020312300", DocumentFault.WRONG_LENGTH, {"digits": 19}),
        ("4401062001020312X", DocumentFault.WRONG_LENGTH, {"digits": 17}),
        ("13812345678", DocumentFault.WRONG_LENGTH, {"digits": 11}),
        ("H1234567", DocumentFault.WRONG_LENGTH, {"digits": 7}),
        ("20010203", DocumentFault.WRONG_LENGTH, {"digits": 8}),  # a birth date
        ("19000101", DocumentFault.WRONG_LENGTH, {"digits": 8}),
        ("20991231", DocumentFault.WRONG_LENGTH, {"digits": 8}),
        ("my number 123", DocumentFault.WRONG_LENGTH, {"digits": 3}),
        ("1", DocumentFault.WRONG_LENGTH, {"digits": 1}),
        (f"{PLAIN}和{KNOWN}", DocumentFault.WRONG_LENGTH, {"digits": 36}),
        ("44O106200102031230", DocumentFault.WRONG_CHARACTERS, {}),
        ("44010620010203123A", DocumentFault.WRONG_CHARACTERS, {}),
        ("440106X00102031230", DocumentFault.WRONG_CHARACTERS, {}),
        ("不知道", DocumentFault.WRONG_CHARACTERS, {}),
        ("no", DocumentFault.WRONG_CHARACTERS, {}),
        (number(birth="20010230"), DocumentFault.IMPOSSIBLE_BIRTH_DATE, {}),
        (number(birth="20011301"), DocumentFault.IMPOSSIBLE_BIRTH_DATE, {}),
        (number(birth="20230229"), DocumentFault.IMPOSSIBLE_BIRTH_DATE, {}),
        (number(birth="00000000"), DocumentFault.IMPOSSIBLE_BIRTH_DATE, {}),
        (number(birth="20261103"), DocumentFault.FUTURE_BIRTH_DATE, {}),
        (number(birth="19051102"), DocumentFault.TOO_OLD, {}),
        ("440106200102031231", DocumentFault.WRONG_CHECK_DIGIT, {}),
        ("44010620010203123X", DocumentFault.WRONG_CHECK_DIGIT, {}),
        ("4401**********1230", DocumentFault.MASKED, {}),
        ("4401＊＊＊＊＊＊＊＊＊＊1230", DocumentFault.MASKED, {}),
        ("440106••••••••1230", DocumentFault.MASKED, {}),
        ("440106xxxxxxxx1230", DocumentFault.MASKED, {}),
        ("4401****12345678", DocumentFault.MASKED, {}),
    ],
)
def test_a_refusal_says_why(text: str, reason: DocumentFault, facts: dict[str, int]) -> None:
    assert fault(text) == (reason, facts)


@pytest.mark.parametrize("birth", ["19051103", "20261102", "20000229"])
def test_the_outermost_birth_dates_are_taken(birth: str) -> None:
    assert f"{read_document(number(birth=birth), TODAY).birth_date:%Y%m%d}" == birth


@given(st.from_regex(r"[0-9]{17}", fullmatch=True))
def test_the_check_digit_agrees_with_the_recursive_form_of_iso_7064(first: str) -> None:
    product = 0
    for digit in first:
        product = (product + int(digit)) * 2 % 11
    assert check_digit(first) == "0123456789X"[(12 - product) % 11]


@given(valid_numbers)
def test_every_well_formed_number_is_read(text: str) -> None:
    document = read_document(text, TODAY)
    assert (document.number, f"{document.birth_date:%Y%m%d}") == (text, text[6:14])


@given(valid_numbers, st.integers(0, 17), st.sampled_from("0123456789X"))
def test_changing_any_one_character_is_noticed(text: str, place: int, wrong: str) -> None:
    changed = text[:place] + wrong + text[place + 1 :]
    if changed != text:
        assert fault(changed)[0] is not DocumentFault.EMPTY


@given(valid_numbers, st.integers(0, 16))
def test_swapping_neighbours_is_noticed(text: str, place: int) -> None:
    swapped = text[:place] + text[place + 1] + text[place] + text[place + 2 :]
    if swapped != text:
        fault(swapped)


@given(valid_numbers, st.integers(0, 18), st.sampled_from(" -\u200b\u3000　.\n"))
def test_a_separator_anywhere_changes_nothing(text: str, place: int, separator: str) -> None:
    assert read_document(text[:place] + separator + text[place:], TODAY).number == text


hostile = st.text(max_size=60) | st.text("0123456789xXhHmM*•① -年月日Ⅷ²٣\u200f(", max_size=40)


@given(hostile, st.dates())
@example("²" * 18, TODAY)
@example("٣" * 18, TODAY)
@example("0" * 4001, TODAY)
@example("\ud800" + PLAIN, TODAY)
def test_no_text_does_more_than_be_refused(text: str, today: date) -> None:
    found = read_or_refusal(text, today)
    if isinstance(found, DocumentRejected):
        # Nothing of the text may come out through the error.
        assert (str(found), set(found.facts) <= {"digits"}) == (found.reason.value, True)
    else:
        assert found.number.isascii()
        assert found.birth_date is None or found.birth_date <= today


def read_or_refusal(text: str, today: date) -> IdentityDocument | DocumentRejected:
    try:
        return read_document(text, today)
    except DocumentRejected as refusal:
        return refusal


def test_a_document_shown_in_a_log_holds_no_personal_data() -> None:
    shown = repr(read_document(PLAIN, TODAY))
    assert not any(part in shown for part in (PLAIN, "440106", "2001", "MALE"))


def test_a_birth_date_is_in_the_future_until_its_day_comes() -> None:
    born = date(2026, 12, 1)
    text = number(birth="20261201")
    assert fault(text, born - timedelta(days=1))[0] is DocumentFault.FUTURE_BIRTH_DATE
    assert read_document(text, born).birth_date == born
