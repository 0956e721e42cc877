"""What a position must offer, and whom its demand lets in."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from policy.codes import Education, PositionKind
from policy.positions import (
    Offer,
    check_offer,
    check_openings,
    demands_met_by,
    offer_faults,
    read_education_demand,
    read_position_kind,
    yuan,
)
from policy.refusal import Refused

DAY = date(2026, 11, 24)
GOOD = Offer("会计助理", "440100", 2, 250_000, 6)


def test_a_good_offer_has_no_faults() -> None:
    check_offer(GOOD, DAY)
    check_offer(GOOD._replace(closes_on=DAY, demonstrative=True, demonstrative_reason="带教规范"), DAY)


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"title": "会"}, "太短"),
        ({"title": "会" * 41}, "40个字以内"),
        ({"openings": 0}, "至少是1人"),
        ({"openings": 10_000}, "写了10000"),
        ({"months": 2}, "3到12个月之间，现在是2个月"),
        ({"months": 13}, "现在是13个月"),
        ({"stipend_fen": 199_999}, "低于当地下限 2000 元（最低工资标准的80%）"),
        ({"stipend_fen": 25_000_000}, "10万元"),
        ({"closes_on": date(2026, 11, 23)}, "已经过了"),
        ({"description": "字" * 1501}, "有1501个字"),
        ({"demonstrative": True}, "理由"),
        ({"demonstrative": True, "demonstrative_reason": " "}, "理由"),
        ({"majors": ("会计",) * 21}, "最多写20个"),
    ],
)
def test_each_fault_is_said(changed: dict[str, object], said: str) -> None:
    [fault] = offer_faults(GOOD._replace(**changed), DAY)  # type: ignore[arg-type]
    assert said in fault


def test_all_faults_come_at_once() -> None:
    with pytest.raises(Refused) as refused:
        check_offer(GOOD._replace(title="", openings=0, months=1, stipend_fen=0), DAY)
    assert len(refused.value.reasons) == 4


@pytest.mark.parametrize(
    ("city", "floor"),
    [("440100", 200_000), ("440300", 201_600), ("440400", 208_000), ("440200", 140_000)],
)
def test_the_floor_is_that_of_the_city_and_day(city: str, floor: int) -> None:
    """80 % of the minimum wage of 2025-03, in 珠海 all of it."""
    offer = GOOD._replace(city=city)
    assert offer_faults(offer._replace(stipend_fen=floor), DAY) == ()
    assert len(offer_faults(offer._replace(stipend_fen=floor - 1), DAY)) == 1


def test_an_earlier_day_has_the_wage_of_its_time_and_before_the_rules_nothing_can_be_offered() -> None:
    assert offer_faults(GOOD._replace(stipend_fen=184_000), date(2023, 6, 1)) == ()
    assert len(offer_faults(GOOD._replace(stipend_fen=183_999), date(2023, 6, 1))) == 1
    assert "没有适用的" in offer_faults(GOOD, date(2020, 1, 1))[0]


def test_openings_alone() -> None:
    check_openings(1)
    with pytest.raises(Refused):
        check_openings(0)


@pytest.mark.parametrize(
    ("text", "kind"),
    [("管理", "3"), ("技术技能类", "2"), (" 科研 ", "1"), ("社会服务类", "4"), ("2", "2")],
)
def test_kinds_are_read(text: str, kind: str) -> None:
    assert read_position_kind(text) == PositionKind(kind)
    with pytest.raises(Refused, match="没有“销售”这种岗位类别"):
        read_position_kind("销售")


@pytest.mark.parametrize(
    ("text", "education"),
    [
        ("大专及以上", "31"),
        ("本科以上学历", "21"),
        ("本科学历及以上", "21"),
        ("不限", None),
        ("", None),
        ("中专", "41"),
        ("硕士研究生", "14"),
        ("21", "21"),
    ],
)
def test_demands_are_read(text: str, education: str | None) -> None:
    assert read_education_demand(text) == education


def test_an_unknown_demand_is_refused() -> None:
    with pytest.raises(Refused, match="没看懂最低学历“会开车”"):
        read_education_demand("会开车")


@given(st.sampled_from(list(Education)), st.sampled_from(list(Education)))
def test_of_two_levels_the_higher_meets_what_the_lower_meets(one: Education, other: Education) -> None:
    low, high = sorted((set(demands_met_by(one)), set(demands_met_by(other))), key=len)
    assert low <= high
    assert one in demands_met_by(one)


def test_a_college_graduate_meets_college_but_no_bachelor_demand() -> None:
    met = demands_met_by(Education.JUNIOR_COLLEGE)
    assert Education.TECHNICIAN_COLLEGE in met
    assert Education.BACHELOR not in met


@pytest.mark.parametrize(("fen", "text"), [(184_000, "1840"), (184_050, "1840.50"), (5, "0.05"), (0, "0")])
def test_fen_as_yuan(fen: int, text: str) -> None:
    assert yuan(fen) == text
