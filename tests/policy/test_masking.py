import pytest
from hypothesis import given
from hypothesis import strategies as st

from policy.masking import mask_id_own, mask_id_staff, mask_name, mask_phone


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("张三", "张*"),
        ("张三丰", "张*"),
        ("欧阳娜娜", "欧*"),
        ("阿依古丽·买买提", "阿*"),
        ("𠮷野", "𠮷*"),  # beyond the BMP
        ("John Smith", "J*"),
        (" 张三 ", "张*"),
        ("张", "*"),
        ("", ""),
    ],
)
def test_a_name_shows_its_first_character(name: str, shown: str) -> None:
    assert mask_name(name) == shown


@pytest.mark.parametrize(
    ("phone", "shown"),
    [
        ("13812341234", "138****1234"),
        ("+8613812341234", "138****1234"),
        ("86 138-1234-1234", "138****1234"),
        ("+85291234567", "****4567"),
        ("91234567", "****4567"),
        ("1234567", "*******"),
        ("", ""),
    ],
)
def test_a_phone_shows_three_and_four_digits(phone: str, shown: str) -> None:
    assert mask_phone(phone) == shown


@pytest.mark.parametrize(
    ("number", "own", "staff"),
    [
        ("11010519491231002X", "**************002X", "110105********002X"),
        ("H12345678", "*****5678", "H1*****78"),
        ("12345678", "****5678", "12****78"),
        ("1234567", "*******", "*******"),
        ("", "", ""),
    ],
)
def test_an_id_number_hides_more_from_a_chat_than_from_staff(number: str, own: str, staff: str) -> None:
    assert (mask_id_own(number), mask_id_staff(number)) == (own, staff)


@given(st.text(min_size=2).map(str.strip).filter(lambda name: len(name) > 1 and "*" not in name))
def test_a_masked_name_has_nothing_of_the_rest(name: str) -> None:
    assert mask_name(name) == name[0] + "*"


@given(st.from_regex(r"1[3-9][0-9]{9}", fullmatch=True))
def test_a_masked_phone_has_nothing_of_the_middle(phone: str) -> None:
    assert mask_phone(phone)[3:7] == "****"


@given(st.from_regex(r"[1-9][0-9]{16}[0-9X]", fullmatch=True))
def test_neither_mask_of_an_id_number_shows_the_birth_date(number: str) -> None:
    assert {mask_id_own(number)[6:14], mask_id_staff(number)[6:14]} == {"********"}


@given(st.from_regex(r"[HM]?[0-9]{1,18}", fullmatch=True))
def test_a_masked_document_keeps_its_length_and_hides_at_least_half(number: str) -> None:
    for shown in (mask_id_own(number), mask_id_staff(number)):
        assert len(shown) == len(number)
        if len(number) != 18:
            assert shown.count("*") * 2 >= len(number)
