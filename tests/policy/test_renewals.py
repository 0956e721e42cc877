"""When people are asked whether they are still willing, and told that their eligibility ends."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from policy.renewals import EVERY_DAYS, LATE_DAYS, asked_on, notice
from policy.retention import registrations_before

SINCE = date(2026, 9, 24)
DAYS = st.dates(date(2024, 1, 1), date(2030, 1, 1))


@pytest.mark.parametrize(
    ("today", "due"),
    [
        (date(2026, 11, 22), None),
        (date(2026, 11, 23), date(2026, 11, 23)),
        (date(2026, 12, 6), date(2026, 11, 23)),
        (date(2026, 12, 7), None),
        (date(2027, 1, 22), date(2027, 1, 22)),
        (SINCE - timedelta(days=1), None),
    ],
)
def test_the_question_comes_every_sixty_days_and_at_most_two_weeks_late(
    today: date, due: date | None
) -> None:
    assert asked_on(SINCE, today) == due


@given(DAYS, st.integers(0, 1000))
def test_every_day_of_a_question_names_the_same_day(since: date, after: int) -> None:
    due = asked_on(since, since + timedelta(days=after))
    if due is not None:
        assert (due - since).days % EVERY_DAYS == 0
        assert due <= since + timedelta(days=after) < due + timedelta(days=LATE_DAYS)
        assert asked_on(since, due) == due


@pytest.mark.parametrize(("left", "days"), [(31, None), (30, 30), (8, 30), (7, 7), (0, 7), (-1, None)])
def test_the_end_of_eligibility_is_told_twice(left: int, days: int | None) -> None:
    assert notice(SINCE + timedelta(days=left), SINCE) == days


@pytest.mark.parametrize(
    ("now", "before"),
    [
        (datetime(2026, 11, 25, 3, 30, tzinfo=UTC), datetime(2025, 11, 25, 3, 30, tzinfo=UTC)),
        (datetime(2028, 2, 29, tzinfo=UTC), datetime(2027, 2, 28, tzinfo=UTC)),
        (datetime(2026, 12, 31, tzinfo=UTC), datetime(2025, 12, 31, tzinfo=UTC)),
        (datetime(2026, 1, 31, tzinfo=UTC), datetime(2025, 1, 31, tzinfo=UTC)),
    ],
)
def test_registrations_are_kept_for_twelve_months(now: datetime, before: datetime) -> None:
    assert registrations_before(now) == before
