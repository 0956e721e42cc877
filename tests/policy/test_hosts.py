"""Hosts: kinds in everyday words, what the notice asks of each, review dates, places."""

from datetime import date

import pytest

from policy.codes import PositionKind
from policy.districts import district_name, place_name, read_city, read_district
from policy.hosts import (
    WORDS,
    host_faults,
    next_review,
    read_host_kind,
    require_reason,
    typical_position_kind,
)
from policy.ledger_codes import HostKind
from policy.refusal import Refused
from policy.regions import CITIES


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("国企", HostKind.STATE_OWNED),
        (" 民营企业 ", HostKind.SMALL_MEDIUM),
        ("专精特新“小巨人”企业", HostKind.LITTLE_GIANT),
        ("专精特新小巨人", HostKind.LITTLE_GIANT),
        ("居委会", HostKind.COMMUNITY),
        ("little_giant", HostKind.LITTLE_GIANT),
        ("技工院校", HostKind.TECHNICIAN_SCHOOL),
        ("其它", HostKind.OTHER),
    ],
)
def test_a_kind_is_read_from_everyday_words(text: str, kind: HostKind) -> None:
    assert read_host_kind(text) is kind


def test_every_kind_is_read_from_its_label_and_no_word_means_two() -> None:
    assert [read_host_kind(kind.label) for kind in HostKind] == list(HostKind)
    words = [word for ways in WORDS.values() for word in ways]
    assert len(words) == len(set(words))


def test_an_unknown_kind_is_answered_with_the_list() -> None:
    with pytest.raises(Refused, match="国有企业"):
        read_host_kind("外星单位")


def test_the_notice_asks_each_kind_for_one_kind_of_position() -> None:
    """人社部发〔2023〕27号 二(二)."""
    expected = {
        PositionKind.RESEARCH: 3,
        PositionKind.TECHNICAL: 4,
        PositionKind.MANAGEMENT: 3,
        PositionKind.SOCIAL_SERVICE: 3,
    }
    found = [typical_position_kind(kind) for kind in HostKind]
    assert {kind: found.count(kind) for kind in PositionKind} == expected
    assert typical_position_kind(HostKind.OTHER) is None


def test_faults_are_all_told() -> None:
    assert host_faults("广州晨光会计师事务所有限公司", "天河路1号") == ()
    assert len(host_faults("甲", "路" * 101)) == 2


def test_a_reason_is_needed_in_words() -> None:
    assert require_reason(" 证照齐全 ", "认定") == "证照齐全"
    for nothing in (None, "", "  ", "无"):
        with pytest.raises(Refused, match="取消的原因"):
            require_reason(nothing, "取消")


def test_the_review_is_due_a_year_later() -> None:
    assert next_review(date(2026, 11, 24), "440100") == date(2027, 11, 24)
    assert next_review(date(2028, 2, 29), "440100") == date(2029, 2, 28)
    with pytest.raises(Refused, match="没有适用的"):
        next_review(date(2000, 1, 1), "440100")


@pytest.mark.parametrize(
    ("city", "text", "stored"),
    [
        ("440100", "天河", "440106"),
        ("440100", "广州市天河区", "440106"),
        ("440100", "广东省广州市天河区", "440106"),
        ("440100", "４４０１０６", "440106"),
        ("440100", "", ""),
        ("440100", "广州市", ""),
        ("441900", "虎门", "虎门镇"),
        ("441900", "东莞市松山湖", "松山湖"),
        ("440200", "乳源", "440232"),
        ("441500", "城区", "441502"),
    ],
)
def test_a_district_is_read_as_it_is_written(city: str, text: str, stored: str) -> None:
    assert read_district(city, text) == stored


def test_a_district_of_another_city_is_refused() -> None:
    with pytest.raises(Refused, match="深圳市没有“天河”"):
        read_district("440300", "天河")


def test_every_district_is_read_back_from_its_name() -> None:
    for city in CITIES:
        assert read_city(city.short) == read_city(city.name) == read_city(city.code) == city.code
        for stored in (*(found.code for found in city.districts), *city.towns):
            assert read_district(city.code, district_name(stored)) == stored
            assert place_name(city.code, stored).startswith(city.name)
    with pytest.raises(Refused, match="没有“长沙”"):
        read_city("长沙")
