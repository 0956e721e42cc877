"""The subsidy rules: what a month comes to, what makes it wait, and what is paid once."""

from dataclasses import replace
from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from policy.eligibility import add_months
from policy.evidence import Evidence, required
from policy.ledger_codes import Ending, SubsidyKind
from policy.life_cycle import last_day
from policy.subsidies import (
    Amount,
    Hold,
    Payment,
    Stay,
    concentrated,
    full_months,
    guidance,
    insurance,
    living,
    monthly_amount,
    remaining_term,
    retention,
    terms_of,
)

GUANGZHOU, SHENZHEN, ZHUHAI, YUNFU = "440100", "440300", "440400", "445300"
JULY, DECEMBER = date(2023, 7, 1), date(2023, 12, 31)
STAY = Stay(JULY, None, DECEMBER, None, 230_000)
LATE = date(2024, 6, 1)


def payment(month: str, fen: int | None = 230_000, days: int | None = 21, on: date | None = None) -> Payment:
    return Payment(month, days, fen, on or last_day(date.fromisoformat(f"{month}-01"), 1))


def due(
    month: str = "2023-09",
    city: str = SHENZHEN,
    *,
    stay: Stay = STAY,
    paid: Payment | None = None,
    others: tuple[Payment, ...] = (),
    before: int = 0,
    as_of: date = LATE,
) -> Amount:
    own = paid or payment(month)
    return living(terms_of(city, month), stay, own, (*others, own), before, as_of)


# --- a month -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("city", "month", "paid", "fen"),
    [
        (GUANGZHOU, "2023-09", 230_000, 230_000),  # the wage, paid in full
        (GUANGZHOU, "2023-09", 300_000, 230_000),  # never above the wage
        (GUANGZHOU, "2023-09", 200_000, 200_000),  # never above what the host paid
        (GUANGZHOU, "2025-02", 250_000, 230_000),  # the wage of that month, not of the next
        (GUANGZHOU, "2025-03", 250_000, 250_000),
        (SHENZHEN, "2023-09", 240_000, 236_000),
        (ZHUHAI, "2023-09", 190_000, 190_000),
        (YUNFU, "2023-09", 129_600, 129_600),  # exactly the floor
    ],
)
def test_a_month_is_the_wage_of_that_month_up_to_what_was_paid(
    city: str, month: str, paid: int, fen: int
) -> None:
    amount = monthly_amount(terms_of(city, month), paid_fen=paid, attended_days=21)
    assert (amount.fen, amount.reasons) == (fen, ())
    assert amount.clause


@pytest.mark.parametrize(
    ("paid", "days", "before", "reason"),
    [
        (230_000, None, 0, "还没有登记出勤"),
        (230_000, 14, 0, "出勤 14 天，不满 15 天"),
        (None, 21, 0, "还没有登记单位发放"),
        (0, 21, 0, "还没有登记单位发放"),
        (188_799, 21, 0, "低于下限 1888 元"),
        (230_000, 21, 12, "已计发 12 个月"),
    ],
)
def test_a_month_that_is_not_due_says_why(
    paid: int | None, days: int | None, before: int, reason: str
) -> None:
    terms = terms_of(SHENZHEN, "2023-09")
    amount = monthly_amount(terms, paid_fen=paid, attended_days=days, months_before=before)
    assert amount.fen == 0
    [told] = amount.reasons
    assert reason in told


def test_a_month_says_how_it_was_computed() -> None:
    amount = due("2023-09", before=2)
    assert amount.basis == {
        "minimum_wage_fen": 236_000,
        "percent": 100,
        "paid_fen": 230_000,
        "attended_days": 21,
        "floor_fen": 188_800,
        "month_number": 3,
    }
    assert "深府办规〔2023〕7号" in amount.clause


def test_every_reason_is_told_at_once() -> None:
    assert len(due(paid=Payment("2023-09", 3, 100, None)).reasons) == 3


def test_the_floor_of_a_part_of_a_month_is_for_that_part() -> None:
    arrived = STAY._replace(arrived_on=date(2023, 9, 11))  # 20 of 30 days
    part = payment("2023-09", 125_900, 15)
    assert due(stay=arrived, paid=part).fen == 125_900
    assert due(paid=part).fen == 0
    assert due(stay=arrived, paid=payment("2023-09", 125_800, 15)).reasons


@given(paid=st.integers(0, 500_000), days=st.integers(0, 31), before=st.integers(0, 14))
def test_a_month_is_never_above_wage_or_payment_and_is_due_or_has_a_reason(
    paid: int, days: int, before: int
) -> None:
    terms = terms_of(GUANGZHOU, "2023-09")
    amount = monthly_amount(terms, paid_fen=paid, attended_days=days, months_before=before)
    assert 0 <= amount.fen <= min(paid, terms.wage_fen)
    assert (amount.fen == 0) is bool(amount.reasons)


@pytest.mark.parametrize("month", ["2021-11", "2022-12"])
def test_a_month_without_wage_or_rules_is_not_computed(month: str) -> None:
    with pytest.raises(LookupError):
        terms_of(GUANGZHOU, month)


# --- least months ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("as_of", "waits"), [(date(2023, 9, 29), True), (date(2023, 9, 30), False), (LATE, False)]
)
def test_in_guangzhou_a_month_waits_until_three_have_been_served(as_of: date, waits: bool) -> None:
    amount = due("2023-07", GUANGZHOU, as_of=as_of)
    assert amount.fen == 230_000
    assert (Hold.LEAST_MONTHS in amount.holds) is waits
    assert not due("2023-07", SHENZHEN, as_of=as_of).holds


def test_who_leaves_before_three_months_brings_the_host_nothing_in_guangzhou() -> None:
    left = STAY._replace(ended_on=date(2023, 9, 15), ending=Ending.ENDED_EARLY)
    amount = due("2023-07", GUANGZHOU, stay=left)
    assert amount.fen == 0
    assert "实际见习满 2 个月" in amount.reasons[0]


def test_who_is_retained_before_three_months_is_for_a_clerk_to_decide() -> None:
    stays = STAY._replace(ended_on=date(2023, 9, 15), ending=Ending.RETAINED_EARLY)
    amount = due("2023-07", GUANGZHOU, stay=stays)
    assert (amount.fen, list(amount.holds)) == (230_000, [Hold.SHORT_RETAINED])


@given(first=st.dates(date(2023, 1, 1), date(2030, 1, 1)), months=st.integers(0, 24))
def test_a_term_of_so_many_months_has_so_many_whole_months(first: date, months: int) -> None:
    end = last_day(first, months) if months else first - timedelta(days=1)
    assert full_months(first, end) == months
    assert full_months(first, end + timedelta(days=1)) in (months, months + 1)
    if months:
        assert full_months(first, add_months(first, months) - timedelta(days=2)) < months


# --- paid month by month -----------------------------------------------------------------------------------


def test_a_month_without_a_day_of_payment_is_not_due() -> None:
    assert "发放日期" in due(paid=Payment("2023-09", 21, 230_000, None)).reasons[0]


@pytest.mark.parametrize(
    ("paid_on", "waits"), [(date(2023, 10, 31), False), (date(2023, 11, 1), True), (date(2023, 9, 1), False)]
)
def test_a_month_paid_later_than_the_month_after_waits(paid_on: date, waits: bool) -> None:
    amount = due(paid=payment("2023-09", on=paid_on))
    assert (Hold.LATE_PAYMENT in amount.holds) is waits


def test_everything_paid_after_the_end_waits_in_every_month() -> None:
    ended = STAY._replace(ended_on=DECEMBER, ending=Ending.COMPLETED)
    payments = [payment(f"2023-{month:02d}", on=date(2024, 1, month)) for month in range(7, 13)]
    for own in payments:
        amount = living(terms_of(SHENZHEN, own.month), ended, own, payments, 0, LATE)
        assert list(amount.holds) == [Hold.END_ONLY_PAYMENT]
        assert "不得见习结束后集中发放" in amount.holds[Hold.END_ONLY_PAYMENT]


def test_only_the_months_of_one_large_payment_wait() -> None:
    lump = date(2023, 9, 30)
    payments = [payment("2023-07"), payment("2023-08", on=lump), payment("2023-09", on=lump)]
    held = [
        bool(living(terms_of(SHENZHEN, own.month), STAY, own, payments, 0, LATE).holds) for own in payments
    ]
    assert held == [False, True, True]


@pytest.mark.parametrize(
    ("stay", "payments"),
    [
        # the first days of a stay are paid with its first month
        (STAY._replace(arrived_on=date(2023, 6, 20)), [payment("2023-06"), payment("2023-07")]),
        # the last month is paid after the end by everybody
        (Stay(JULY, date(2023, 7, 31), date(2023, 7, 31), Ending.ENDED_EARLY), [payment("2023-07")]),
        (Stay(JULY, date(2023, 9, 10), DECEMBER, Ending.ENDED_EARLY), [payment("2023-09")]),
        (STAY, []),
    ],
)
def test_what_everybody_does_is_no_payment_at_the_end(stay: Stay, payments: list[Payment]) -> None:
    day = date(2023, 10, 10)
    assert concentrated(stay, [one._replace(paid_on=day) for one in payments], day) is None


# --- the other kinds ---------------------------------------------------------------------------------------


def test_insurance_is_the_premium_up_to_the_cap() -> None:
    terms = terms_of(GUANGZHOU, "2023-09")
    assert [insurance(terms, premium).fen for premium in (6_000, 10_000, 15_000)] == [6_000, 10_000, 10_000]
    assert "每人保费" in insurance(terms, None).reasons[0]


def test_guidance_follows_its_month() -> None:
    terms = terms_of(GUANGZHOU, "2023-09")
    paying = terms._replace(programme=replace(terms.programme, guidance_fen=5_000))
    month = due("2023-09", GUANGZHOU, as_of=date(2023, 9, 1))
    assert guidance(terms, month).fen == 0
    assert guidance(paying, month) == Amount(
        5_000, terms.clause("guidance_fen"), {"each_month_fen": 5_000}, holds=month.holds
    )
    assert guidance(paying, month._replace(fen=0)).fen == 0


@pytest.mark.parametrize(
    ("completed", "retained", "fen"), [(4, 2, 120_000), (5, 2, 0), (1, 1, 120_000), (0, 0, 0)]
)
def test_the_difference_is_paid_from_half_of_the_cohort_on(completed: int, retained: int, fen: int) -> None:
    stay = STAY._replace(ended_on=DECEMBER, ending=Ending.COMPLETED)
    amount = retention(terms_of(GUANGZHOU, "2023-12"), stay, completed, retained)
    assert amount.fen == fen
    assert bool(amount.reasons) is (fen == 0)
    assert amount.basis["months"] == 6


def test_the_remaining_term_is_whole_months_at_the_rate_of_the_month() -> None:
    stay = Stay(JULY, date(2023, 9, 10), DECEMBER, Ending.RETAINED_EARLY, 210_000)
    amount = remaining_term(terms_of(GUANGZHOU, "2023-09"), stay, date(2023, 9, 11))
    assert (amount.fen, amount.basis["months"]) == (3 * 210_000, 3)
    assert "延续至2023年底" in amount.clause


@pytest.mark.parametrize(
    ("contract_on", "reason"),
    [
        (date(2024, 1, 2), "已没有剩余期限补贴"),
        (None, "没有劳动合同日期"),
        (date(2022, 12, 1), "2022-12-01"),
    ],
)
def test_no_remaining_term_without_a_contract_of_a_day_that_has_it(
    contract_on: date | None, reason: str
) -> None:
    stay = Stay(JULY, date(2024, 1, 2), date(2024, 6, 30), Ending.RETAINED_EARLY, 230_000)
    amount = remaining_term(terms_of(GUANGZHOU, "2024-01"), stay, contract_on)
    assert amount.fen == 0
    assert reason in amount.reasons[0]


def test_less_than_a_month_of_remaining_term_is_nothing() -> None:
    stay = Stay(JULY, date(2023, 12, 5), DECEMBER, Ending.RETAINED_EARLY, 230_000)
    assert remaining_term(terms_of(GUANGZHOU, "2023-12"), stay, date(2023, 12, 6)).fen == 0


# --- evidence ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("kinds", "newcomers", "wanted"),
    [
        ((), False, ""),
        ((SubsidyKind.LIVING,), False, "attendance payroll roster"),
        ((SubsidyKind.LIVING,), True, "agreement identity attendance payroll insurance roster"),
        ((SubsidyKind.INSURANCE,), False, "insurance roster"),
        ((SubsidyKind.RETENTION,), False, "roster contract social_insurance"),
        ((SubsidyKind.REMAINING_TERM,), False, "roster contract social_insurance"),
    ],
)
def test_the_checklist_asks_for_what_the_amounts_need(
    kinds: tuple[SubsidyKind, ...], newcomers: bool, wanted: str
) -> None:
    assert required(kinds, newcomers=newcomers) == tuple(map(Evidence, wanted.split()))
