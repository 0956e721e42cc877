"""Internship subsidies (就业见习补贴): what is due for an internship, by which clause, and what makes it wait.

The payee is the host. Every amount says how it was computed (`basis`), why there is none (`reasons`) or why it
is not to be paid yet (`holds`). 人社部发〔2023〕27号 三(一)、四(二)、粤人社函〔2023〕228号 三. Money is in fen.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from typing import Any, Final, NamedTuple

from policy.codes import Code
from policy.ledger_codes import Ending
from policy.life_cycle import last_day, months_in
from policy.parameters import NATIONAL, minimum_wage
from policy.positions import yuan
from policy.programme import FORWARDING, Programme, RuleMissing, clause, programme_on

END_ONLY_RULE: Final = f"{FORWARDING} 三：不得见习结束后集中发放见习补贴"
LIMIT_RULE: Final = f"{NATIONAL} 三(三)"


class Hold(Code):
    """Why an amount waits (待核查原因): rules first, then what the comparison of data found (疑点)."""

    LEAST_MONTHS = "least_months", "见习未满规定月数"
    SHORT_RETAINED = "short_retained", "提前留用，实际见习未满规定月数"
    END_ONLY_PAYMENT = "end_only_payment", "集中发放见习补贴"
    LATE_PAYMENT = "late_payment", "没有按月发放"
    SAME_MONTH = "same_month", "同月另有一份补贴"
    INSURED_ELSEWHERE = "insured_elsewhere", "到岗前已参保或在职"
    OVERLAP = "overlap", "两份见习时间重叠"
    SHARED_ACCOUNT = "shared_account", "多人同一银行账户"
    SHARED_PHONE = "shared_phone", "多人同一手机号"
    NOT_RECEIVED = "not_received", "本人说没有足额收到"
    RETAINED_UNINSURED = "retained_uninsured", "留用后没有参保"
    NO_ATTENDANCE = "no_attendance", "有发放没有出勤"


FIXED: Final = frozenset({Hold.LEAST_MONTHS, Hold.END_ONLY_PAYMENT})
"""What no clerk may clear: time or a corrected record takes it away, or the amount is refused."""


class Terms(NamedTuple):
    """What holds in a city in a month, by its first day."""

    city: str
    month: str
    programme: Programme
    wage_fen: int

    @property
    def first(self) -> date:
        """The first day of the month."""
        return date.fromisoformat(f"{self.month}-01")

    @property
    def last(self) -> date:
        """The last day of the month."""
        return last_day(self.first, 1)

    def clause(self, name: str) -> str:
        """The clause behind a rule."""
        return clause(name, self.first, self.city)


class Stay(NamedTuple):
    """An internship that began: its days, how it ended, and the agreed monthly stipend."""

    arrived_on: date
    ended_on: date | None = None
    ends_on: date | None = None
    ending: str | None = None
    stipend_fen: int = 0


class Payment(NamedTuple):
    """What a monthly record says of a month: attendance and what the host paid, and when."""

    month: str
    attended_days: int | None = None
    paid_fen: int | None = None
    paid_on: date | None = None


class Amount(NamedTuple):
    """An amount in fen with its clause and how it was computed; 0 with `reasons`, waiting with `holds`."""

    fen: int
    clause: str
    basis: Mapping[str, Any]
    reasons: tuple[str, ...] = ()
    holds: Mapping[Hold, str] = {}


def terms_of(city: str, month: str) -> Terms:
    """What holds in a city in a month ("YYYY-MM"). Raises `LookupError` when no wage or rule is on record."""
    return Terms(
        city,
        month,
        programme_on(date.fromisoformat(f"{month}-01"), city),
        minimum_wage(city, month) * 100,
    )


def full_months(first: date, last: date) -> int:
    """How many whole months lie between two days, both counted."""
    begun = months_in(first, last)
    return begun if begun == 0 or last_day(first, begun) <= last else begun - 1


# --- month by month ----------------------------------------------------------------------------------------


def living(
    terms: Terms,
    stay: Stay,
    payment: Payment,
    payments: Sequence[Payment],
    months_before: int,
    as_of: date,
) -> Amount:
    """The living subsidy (基本生活费补贴) of a month.

    `payments` are those of all months of the stay, `months_before` the months already subsidised for the person,
    `as_of` the day up to which the least months must have been served.
    """
    amount = monthly_amount(
        terms,
        paid_fen=payment.paid_fen,
        attended_days=payment.attended_days,
        months_before=months_before,
        share=_share(terms, stay),
    )
    reasons, holds = _least_months(terms, stay, as_of)
    if payment.paid_on is None and payment.paid_fen:
        reasons += ("还没有登记发放日期，补贴要按月发、按月登记。",)
    reasons = (*amount.reasons, *reasons)
    if reasons:
        return amount._replace(fen=0, reasons=reasons)
    if text := concentrated(stay, payments, payment.paid_on):
        holds[Hold.END_ONLY_PAYMENT] = text
    elif payment.paid_on is not None and payment.paid_on > last_day(terms.first, 2):
        holds[Hold.LATE_PAYMENT] = f"{terms.month} 的补贴 {payment.paid_on} 才发，应当按月发放。"
    return amount._replace(holds=holds)


def monthly_amount(
    terms: Terms,
    *,
    paid_fen: int | None,
    attended_days: int | None,
    months_before: int = 0,
    share: tuple[int, int] = (1, 1),
) -> Amount:
    """Percentage of that month's minimum wage, not above what the host paid; else 0 with every reason.

    `share` is the part of the month in post (days, of days): the stipend floor is asked for that part only. A
    month with enough attendance is paid whole: how a part of a month counts the notices leave open.
    """
    rules = terms.programme
    standard = terms.wage_fen * rules.subsidy_percent // 100
    floor = -(-terms.wage_fen * rules.stipend_floor_percent * share[0] // (100 * share[1]))
    basis = {
        "minimum_wage_fen": terms.wage_fen,
        "percent": rules.subsidy_percent,
        "paid_fen": paid_fen,
        "attended_days": attended_days,
        "floor_fen": floor,
        "month_number": months_before + 1,
    }
    reasons = []
    if months_before >= rules.longest_months:
        reasons.append(
            f"已计发 {months_before} 个月，满 {rules.longest_months} 个月不再计发（{LIMIT_RULE}）。"
        )
    if attended_days is None:
        reasons.append("还没有登记出勤天数。")
    elif attended_days < rules.subsidy_least_days:
        reasons.append(f"出勤 {attended_days} 天，不满 {rules.subsidy_least_days} 天，当月不计发。")
    if not paid_fen:
        reasons.append("还没有登记单位发放的补贴。")
    elif paid_fen < floor:
        reasons.append(
            f"单位实发 {yuan(paid_fen)} 元，低于下限 {yuan(floor)} 元。补足并更正月度记录后，请重新测算。"
        )
    fen = min(standard, paid_fen or 0) if rules.subsidy_up_to_paid else standard
    return Amount(0 if reasons else fen, terms.clause("subsidy_percent"), basis, tuple(reasons))


def guidance(terms: Terms, month: Amount) -> Amount:
    """The fee for guiding a person (指导管理费): due for a month whose living subsidy is due, waiting with it."""
    fen = terms.programme.guidance_fen if month.fen else 0
    return Amount(fen, terms.clause("guidance_fen"), {"each_month_fen": fen}, holds=month.holds)


def insurance(terms: Terms, premium_fen: int | None) -> Amount:
    """The accident insurance (人身意外伤害保险): the premium of a person up to the cap, once a person."""
    cap, rule = terms.programme.insurance_fen, terms.clause("insurance_fen")
    if not premium_fen:
        return Amount(0, rule, {}, ("买了意外险，但还没有登记每人保费，请登记保单或发票。",))
    return Amount(min(cap, premium_fen), rule, {"premium_fen": premium_fen, "cap_fen": cap})


def concentrated(stay: Stay, payments: Sequence[Payment], paid_on: date | None) -> str | None:
    """Why what was paid on the day `paid_on` was not paid month by month but together, or None.

    Everything after the end, months before the last among it (the last is paid then by everybody), or more than
    one whole month paid on that day.
    """
    paid = [one for one in payments if one.paid_fen and one.paid_on is not None]
    ended_on = stay.ended_on
    if (
        ended_on is not None
        and months_in(stay.arrived_on, ended_on) > 1
        and any(one.month < f"{ended_on:%Y-%m}" for one in paid)
        and all(one.paid_on is not None and one.paid_on > ended_on for one in paid)
    ):
        return f"补贴都在见习结束（{ended_on}）之后才发（{END_ONLY_RULE}）。"
    months = sum(1 for one in paid if one.paid_on == paid_on and _whole(stay, one.month))
    if months > 1:
        return f"{paid_on} 一次发了 {months} 个整月的补贴（{END_ONLY_RULE}）。"
    return None


def _whole(stay: Stay, month: str) -> bool:
    """Whether the person was in post for the whole of the month."""
    first = date.fromisoformat(f"{month}-01")
    return stay.arrived_on <= first and (stay.ended_on is None or stay.ended_on >= last_day(first, 1))


def _share(terms: Terms, stay: Stay) -> tuple[int, int]:
    begins = max(stay.arrived_on, terms.first)
    ends = min(stay.ended_on or terms.last, terms.last)
    return max(0, (ends - begins).days + 1), terms.last.day


def _least_months(terms: Terms, stay: Stay, as_of: date) -> tuple[tuple[str, ...], dict[Hold, str]]:
    least = terms.programme.subsidy_least_months
    served = full_months(stay.arrived_on, min(stay.ended_on or as_of, as_of))
    if served >= least:
        return (), {}
    rule = terms.clause("subsidy_least_months")
    told = f"实际见习满 {served} 个月，还不到 {least} 个月（{rule}）"
    if stay.ended_on is None or stay.ended_on > as_of:
        return (), {Hold.LEAST_MONTHS: f"{told}，满了再重新测算。"}
    if stay.ending == Ending.RETAINED_EARLY:  # the notices do not say; a clerk decides
        return (), {Hold.SHORT_RETAINED: f"{told}，但已提前留用，请核定。"}
    return (f"{told}，不予计发。",), {}


# --- once, at the end --------------------------------------------------------------------------------------


def retention(terms: Terms, stay: Stay, completed: int, retained: int) -> Amount:
    """The difference (留用差额补贴) for one retained person of a host whose cohort has ended.

    `completed` and `retained` are counted over the year at this host; the rate decides.
    """
    rules, rule = terms.programme, terms.clause("retention_difference_fen")
    ended_on = stay.ended_on or stay.arrived_on
    months = min(months_in(stay.arrived_on, ended_on), rules.longest_months)
    basis = {
        "completed": completed,
        "retained": retained,
        "months": months,
        "each_month_fen": rules.retention_difference_fen,
    }
    if retained * 100 < completed * rules.retention_threshold_percent or not completed:
        least = rules.retention_threshold_percent
        return Amount(0, rule, basis, (f"留用 {retained}／{completed} 人，留用率未到 {least}%。",))
    return Amount(months * rules.retention_difference_fen, rule, basis)


def remaining_term(terms: Terms, stay: Stay, contract_on: date | None) -> Amount:
    """The subsidy for the rest of the term (剩余期限补贴) of one retained early, whole months only.

    `terms` are those of the month of the ending; whether there is such a subsidy the day of the contract decides.
    """
    if contract_on is None or stay.ended_on is None or stay.ends_on is None:
        rule = terms.clause("remaining_term")
        return Amount(0, rule, {}, ("没有劳动合同日期，请先登记。",))
    months = full_months(stay.ended_on + timedelta(days=1), stay.ends_on)
    rules = terms.programme
    each = terms.wage_fen * rules.subsidy_percent // 100
    if rules.subsidy_up_to_paid:
        each = min(each, stay.stipend_fen)
    basis = {"contract_on": contract_on.isoformat(), "months": months, "each_month_fen": each}
    try:
        rule, still = clause("remaining_term", contract_on, terms.city), programme_on(contract_on, terms.city)
    except RuleMissing as missing:
        return Amount(0, terms.clause("remaining_term"), basis, (str(missing),))
    if not still.remaining_term:
        return Amount(0, rule, basis, (f"劳动合同 {contract_on} 签订，这一天已没有剩余期限补贴（{rule}）。",))
    if months == 0:
        return Amount(0, rule, basis, ("剩余期限不满一个月。",))
    return Amount(months * each, rule, basis)
