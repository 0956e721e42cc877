"""When people are asked during the internship, and which answers call a clerk."""

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from policy.check_ins import Told, Trouble, cases_for, planned
from policy.outgoing_codes import CaseKind, CheckInKind


def test_an_internship_of_three_months_is_asked_on_arrival_monthly_and_before_its_end() -> None:
    assert [
        (due.kind.value, due.month, due.due_on) for due in planned(date(2023, 7, 3), date(2023, 10, 2))
    ] == [
        ("arrival", "2023-07", date(2023, 7, 6)),
        ("monthly", "2023-07", date(2023, 8, 3)),
        ("monthly", "2023-08", date(2023, 9, 3)),
        ("end", "2023-08", date(2023, 9, 25)),
    ]


def test_who_arrived_on_the_31st_is_asked_on_the_last_day_of_shorter_months() -> None:
    days = [due.due_on for due in planned(date(2023, 8, 31), date(2024, 8, 30)) if due.kind == "monthly"]
    assert days[:7] == [
        date(2023, 9, 30),
        date(2023, 10, 31),
        date(2023, 11, 30),
        date(2023, 12, 31),
        date(2024, 1, 31),
        date(2024, 2, 29),
        date(2024, 3, 31),
    ]


@given(st.dates(date(2023, 1, 1), date(2030, 12, 31)), st.integers(7, 366))
def test_every_month_is_asked_about_once_and_nothing_comes_after_the_end(arrived: date, length: int) -> None:
    ends = arrived + timedelta(days=length)
    dues = planned(arrived, ends)
    assert len({(due.kind, due.month) for due in dues}) == len(dues)
    assert all(arrived < due.due_on <= ends for due in dues)
    assert [due.kind for due in dues].count(CheckInKind.END) == 1


@pytest.mark.parametrize(
    ("told", "kind", "cases"),
    [
        (Told(True, 1800, True, ("none",)), CheckInKind.MONTHLY, ()),
        (Told(), CheckInKind.MONTHLY, ()),
        (Told(received=0, troubles=("none",)), CheckInKind.MONTHLY, (CaseKind.STIPEND_UNPAID,)),
        (Told(received=0), CheckInKind.ARRIVAL, ()),
        (Told(received=0), CheckInKind.END, (CaseKind.STIPEND_UNPAID, CaseKind.END_ONLY_PAYMENT)),
        (Told(received=1700), CheckInKind.MONTHLY, (CaseKind.PROBLEM,)),
        (Told(mentor=False), CheckInKind.ARRIVAL, (CaseKind.PROBLEM,)),
        (Told(insured=False), CheckInKind.ARRIVAL, (CaseKind.PROBLEM,)),
        (Told(troubles=(Trouble.UNSAFE,)), CheckInKind.MONTHLY, (CaseKind.UNSAFE,)),
        (Told(troubles=(Trouble.UNPAID,)), CheckInKind.MONTHLY, (CaseKind.STIPEND_UNPAID,)),
        (
            Told(troubles=(Trouble.UNSAFE, Trouble.PAY_TO_INTERN)),
            CheckInKind.MONTHLY,
            (CaseKind.UNSAFE, CaseKind.PROBLEM),
        ),
    ],
)
def test_answers_that_need_a_clerk_become_cases(
    told: Told, kind: CheckInKind, cases: tuple[CaseKind, ...]
) -> None:
    assert cases_for(told, 1800, kind) == cases
