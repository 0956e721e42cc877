import pytest

from policy.codes import (
    Code,
    DocumentKind,
    Education,
    HardshipKind,
    Industry,
    Major,
    PositionKind,
    Sex,
    SkillLevel,
    Track,
)

LISTS = (DocumentKind, Education, HardshipKind, Industry, Major, PositionKind, Sex, SkillLevel, Track)


@pytest.mark.parametrize("codes", LISTS)
def test_labels_are_chinese_and_different(codes: type[Code]) -> None:
    labels = [code.label for code in codes]
    assert len(set(labels)) == len(labels)
    assert all(any("一" <= character <= "鿿" for character in label) for label in labels)


@pytest.mark.parametrize(
    ("codes", "values"),
    [
        (Track, "graduate youth unsure"),
        (Education, "11 14 21 31 41 44 44S 47 47A 61 71 81 90"),
        (SkillLevel, "none apprentice 5 4 3 2 1 special chief title_junior title_intermediate title_senior"),
        (Sex, "1 2"),
        (PositionKind, "1 2 3 4"),
        (HardshipKind, "01 02 03 04 05 06 07 08 09 10 11 12 99"),
        (DocumentKind, "01 02 03 09"),
        (Industry, "A B C D E F G H I J K L M N O P Q R S T"),
        (
            Major,
            "01 02 03 04 05 06 07 08 09 10 11 12 13 14 "
            "41 42 43 44 45 46 47 48 49 50 51 52 53 54 55 56 57 58 59",
        ),
    ],
)
def test_stored_codes_never_change(codes: type[Code], values: str) -> None:
    assert [code.value for code in codes] == values.split()


def test_a_stored_code_reads_back_with_its_label() -> None:
    assert Education("47A").label == "技师学院高级工班、预备技师班"


def test_a_code_equals_its_stored_text() -> None:
    stored: str = "21"
    assert stored == Education.BACHELOR
    assert f"{Education.BACHELOR}" == stored


def test_higher_vocational_fields_are_told_from_undergraduate_ones() -> None:
    assert [sum(major.vocational is kind for major in Major) for kind in (False, True)] == [14, 19]
