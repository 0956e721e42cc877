"""The regions: complete, with codes that fit together, and named as far as they are known."""

import pytest

from policy.regions import CITIES, PROVINCES, city, city_of, district, household_region


def test_there_are_21_cities_with_122_districts_and_34_provinces() -> None:
    assert (len(CITIES), sum(len(found.districts) for found in CITIES), len(PROVINCES)) == (21, 122, 34)


def test_every_code_is_used_once_and_lies_in_its_city() -> None:
    codes = [owner.code for owner in CITIES] + [found.code for owner in CITIES for found in owner.districts]
    assert len(set(codes)) == len(codes)
    assert all(found.code[:4] == owner.code[:4] for owner in CITIES for found in owner.districts)


def test_only_the_two_cities_without_districts_have_towns_instead() -> None:
    assert {owner.short for owner in CITIES if owner.towns} == {"东莞", "中山"}
    assert {owner.short for owner in CITIES if not owner.districts} == {"东莞", "中山"}


@pytest.mark.parametrize(
    ("digits", "name"),
    [
        ("440106", "广东省广州市天河区"),
        ("441900", "广东省东莞市"),
        ("440102", "广东省广州市"),  # 东山区, abolished in 2005
        ("440000", "广东省"),
        ("430102", "湖南省"),
        ("330114", "浙江省"),  # 钱塘区, of 2021
        ("659012", "新疆维吾尔自治区"),
        ("810000", "香港特别行政区"),
        ("830000", "台湾省"),
        ("990000", None),
        ("", None),
    ],
)
def test_a_household_region_is_named_as_far_as_it_is_known(digits: str, name: str | None) -> None:
    assert household_region(digits) == name


def test_a_district_is_found_by_its_code_and_an_unknown_code_is_a_key_error() -> None:
    assert (district("440106").name, city("440100").short, city_of("440106")) == (
        "天河区",
        "广州",
        city("440100"),
    )
    with pytest.raises(KeyError):
        district("440102")
    with pytest.raises(KeyError):
        city("430100")


@pytest.mark.parametrize(
    ("code", "short"),
    [
        ("440106", "天河"),
        ("440523", "南澳"),
        ("440232", "乳源"),
        ("441825", "连山"),
        ("441403", "梅县"),
        ("441502", "城区"),
    ],
)
def test_a_short_name_drops_only_the_kind_of_district(code: str, short: str) -> None:
    assert district(code).short == short
