"""By when a case is to be settled: working days, also in years whose holidays are not known yet."""

from datetime import date

import pytest

from policy.case_dates import due_on
from policy.outgoing_codes import CaseKind


@pytest.mark.parametrize(
    ("kind", "opened", "due"),
    [
        (CaseKind.CALL, date(2026, 11, 24), date(2026, 12, 1)),
        (CaseKind.UNSAFE, date(2026, 11, 27), date(2026, 11, 30)),  # over a weekend
        (CaseKind.STIPEND_UNPAID, date(2023, 9, 27), date(2023, 10, 8)),  # over 国庆, with make-up days
        (CaseKind.VISIT, date(2026, 11, 24), date(2026, 12, 8)),
        ("a kind of later", date(2026, 11, 24), date(2026, 12, 1)),
        (CaseKind.CALL, date(2099, 1, 1), date(2099, 1, 8)),  # nobody knows the holidays: the week counts
    ],
)
def test_the_last_day_goes_by_the_kind(kind: str, opened: date, due: date) -> None:
    assert due_on(kind, opened) == due
