"""Quarters: every day lies in exactly one, and they follow each other without a gap."""

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from policy.quarters import Quarter, quarter_of, read_quarter
from policy.refusal import Refused

days = st.dates(date(2000, 1, 1), date(2099, 12, 31))


@given(days)
def test_a_day_lies_within_its_quarter(day: date) -> None:
    found = quarter_of(day)
    assert found.first <= day < found.after


@given(days)
def test_the_next_quarter_begins_where_one_ends(day: date) -> None:
    found = quarter_of(day)
    assert quarter_of(found.after).first == found.after
    assert quarter_of(found.after - timedelta(days=1)) == found


@given(days)
def test_what_is_written_can_be_read_again(day: date) -> None:
    assert read_quarter(str(quarter_of(day))) == quarter_of(day)


def test_it_reads_as_people_write_it() -> None:
    assert quarter_of(date(2026, 11, 25)).label == "2026年第四季度"
    assert read_quarter(" 2026-q4 ") == Quarter(2026, 4)


@pytest.mark.parametrize("text", ["", "2026Q5", "2026", "26Q1", "２０２６Q1"])
def test_anything_else_is_refused_with_an_example(text: str) -> None:
    with pytest.raises(Refused, match="2026Q4"):
        read_quarter(text)
