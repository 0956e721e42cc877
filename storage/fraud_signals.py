"""Fraud signals (疑点): what the comparison of the ledger's own data finds, with the people behind it.

人社部发〔2023〕27号 四(二): 加强部门间信息比对和监督检查，防止补贴资金骗取、挪用、虚报、冒领. Each search is one query
over a city's internships through its indexes. A signal proves nothing: it makes an amount wait for a clerk.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import date, timedelta
from typing import Any, Final, NamedTuple

from sqlalchemy import ColumnElement, Select, String, Subquery, and_, cast, func, or_, select, union_all

from policy.ledger_codes import Result, SubsidyKind, SubsidyStatus
from policy.life_cycle import last_day
from policy.positions import yuan
from policy.regions import CITIES
from policy.subsidies import Hold
from storage.database import Connection
from storage.ledger_tables import Internship, MonthlyRecord, PayoutAccount, SubsidyLine
from storage.monthly_records import Problem
from storage.tables import Person, core

internship, monthly, line = core(Internship), core(MonthlyRecord), core(SubsidyLine)
person, account = core(Person), core(PayoutAccount)

INSURED_WITHIN: Final = timedelta(days=60)
"""How long after a retention the social insurance may still be missing."""

EVER: Final = date(9999, 12, 31)
ONE_MONTH: Final = frozenset({SubsidyKind.LIVING, SubsidyKind.GUIDANCE})
AT_THE_END: Final = frozenset({SubsidyKind.RETENTION, SubsidyKind.REMAINING_TERM})
HELD_BY: Final[Mapping[Hold, frozenset[SubsidyKind]]] = {
    **dict.fromkeys(
        (Hold.INSURED_ELSEWHERE, Hold.OVERLAP, Hold.SHARED_ACCOUNT, Hold.SHARED_PHONE), frozenset(SubsidyKind)
    ),
    **dict.fromkeys((Hold.NOT_RECEIVED, Hold.NO_ATTENDANCE), ONE_MONTH),
    Hold.RETAINED_UNINSURED: AT_THE_END,
}
"""Which kinds of amounts each signal makes wait."""


class Signal(NamedTuple):
    """One finding. `month` is that of the record it is about, None when it is about the whole internship."""

    kind: Hold
    internship_ids: tuple[int, ...]
    person_ids: tuple[int, ...]
    month: str | None
    explain: str


class Scope(NamedTuple):
    """Which internships of a city are searched: those in post between two days; records of `month`, or of all."""

    city: str
    first: date
    last: date
    month: str | None
    today: date

    def numbers(self) -> Select[tuple[int]]:
        """The numbers of the internships; two selects and no OR, each is one stretch of an index."""
        there = select(internship.c.id).where(
            internship.c.city == self.city, internship.c.arrived_on <= self.last
        )
        both = union_all(
            there.where(internship.c.ended_on.is_(None)), there.where(internship.c.ended_on >= self.first)
        ).subquery()
        return select(both.c.id)

    def holds(self) -> ColumnElement[bool]:
        """The condition that an internship is among them."""
        return internship.c.id.in_(self.numbers())


def signals(
    connection: Connection, city: str | None = None, month: str | None = None, *, today: date
) -> list[Signal]:
    """All findings, of one city or the whole province, of those in post in a month ("YYYY-MM") or ever."""
    first = date.fromisoformat(f"{month}-01") if month else date.min
    last = last_day(first, 1) if month else today
    cities = [city] if city else [known.code for known in CITIES]
    scopes = (Scope(code, first, last, month, today) for code in cities)
    # People in two cities are found in both.
    found = {one[:4]: one for scope in scopes for one in search(connection, scope)}
    return sorted(found.values(), key=lambda one: (one.kind, one.internship_ids, one.month or ""))


def search(connection: Connection, scope: Scope) -> Iterator[Signal]:
    """The findings about the internships of a scope."""
    for one in SEARCHES:
        yield from one(connection, scope)


def holds_of(found: Iterable[Signal], month: str) -> dict[tuple[int, SubsidyKind], dict[Hold, str]]:
    """What signals make wait in a month: by internship and kind of amount, the signal and why."""
    texts: defaultdict[tuple[int, SubsidyKind], defaultdict[Hold, set[str]]]
    texts = defaultdict(lambda: defaultdict(set))
    for one in found:
        if one.month in (None, month):
            for number in one.internship_ids:
                for kind in HELD_BY[one.kind]:
                    texts[number, kind][one.kind].add(one.explain)
    return {key: {hold: "；".join(sorted(why)) for hold, why in one.items()} for key, one in texts.items()}


# --- the searches ------------------------------------------------------------------------------------------


def _insured_elsewhere(connection: Connection, scope: Scope) -> Iterator[Signal]:
    # After the end everybody hopes to be employed: what a person says counts while in post.
    says_employed = and_(
        internship.c.ended_on.is_(None), cast(person.c.circumstances, String).like('%"employed"%')
    )
    query = (
        select(internship.c.id, person.c.id, internship.c.insured_on, internship.c.arrived_on)
        .join(person, person.c.id == internship.c.person_id)
        .where(scope.holds(), or_(internship.c.insured_on < internship.c.arrived_on, says_employed))
    )
    for number, who, insured_on, arrived_on in connection.sqlalchemy.execute(query):
        before = insured_on is not None and insured_on < arrived_on
        told = (
            f"{insured_on} 已参保，早于到岗（{arrived_on}）。"
            if before
            else "在岗期间，本人登记为在职或参保。"
        )
        yield Signal(Hold.INSURED_ELSEWHERE, (number,), (who,), None, told)


def _overlap(connection: Connection, scope: Scope) -> Iterator[Signal]:
    other = internship.alias("other")
    # Who leaves one host and arrives at the next on the same day has not been at both.
    both = and_(
        other.c.person_id == internship.c.person_id,
        other.c.id != internship.c.id,
        other.c.arrived_on < func.coalesce(internship.c.ended_on, EVER),
        internship.c.arrived_on < func.coalesce(other.c.ended_on, EVER),
    )
    query = select(internship.c.id, other.c.id, internship.c.person_id).join(other, both).where(scope.holds())
    pairs = {(min(one, two), max(one, two), who) for one, two, who in connection.sqlalchemy.execute(query)}
    for one, two, who in sorted(pairs):
        yield Signal(Hold.OVERLAP, (one, two), (who,), None, f"见习 {one} 和见习 {two} 的在岗时间重叠。")


def _shared_account(connection: Connection, scope: Scope) -> Iterator[Signal]:
    other = account.alias("other")
    query = (
        select(account.c.account_index)
        .distinct()
        .join(internship, internship.c.person_id == account.c.person_id)
        .join(
            other,
            and_(other.c.account_index == account.c.account_index, other.c.person_id != account.c.person_id),
        )
        .where(scope.holds())
    ).subquery()
    people = select(account.c.account_index.label("hash"), account.c.person_id.label("who")).join(
        query, query.c.account_index == account.c.account_index
    )
    yield from _shared(
        connection, people.subquery(), Hold.SHARED_ACCOUNT, "同一银行账户登记在 {count} 个人名下。"
    )


def _shared_phone(connection: Connection, scope: Scope) -> Iterator[Signal]:
    other = person.alias("other")
    query = (
        select(person.c.phone_index)
        .distinct()
        .join(internship, internship.c.person_id == person.c.id)
        .join(other, and_(other.c.phone_index == person.c.phone_index, other.c.id != person.c.id))
        .where(scope.holds())
    ).subquery()
    people = select(person.c.phone_index.label("hash"), person.c.id.label("who")).join(
        query, query.c.phone_index == person.c.phone_index
    )
    yield from _shared(
        connection, people.subquery(), Hold.SHARED_PHONE, "同一手机号有 {count} 个见习的人在用。"
    )


def _shared(connection: Connection, people: Subquery, kind: Hold, told: str) -> Iterator[Signal]:
    """One signal for each hash that several people share who have been in post."""
    query = select(people.c.hash, people.c.who, internship.c.id).join(
        internship, and_(internship.c.person_id == people.c.who, internship.c.arrived_on.is_not(None))
    )
    behind: defaultdict[bytes, tuple[set[int], set[int]]] = defaultdict(lambda: (set(), set()))
    for shared, who, number in connection.sqlalchemy.execute(query):
        behind[shared][0].add(number)
        behind[shared][1].add(who)
    for numbers, who_all in behind.values():
        if len(who_all) > 1:
            explain = told.format(count=len(who_all))
            yield Signal(kind, tuple(sorted(numbers)), tuple(sorted(who_all)), None, explain)


def _records(scope: Scope) -> Select[Any]:
    """The monthly records of the internships of a scope."""
    query = (
        select(internship.c.id, internship.c.person_id, monthly.c.month)
        .join(monthly, monthly.c.internship_id == internship.c.id)
        .where(scope.holds())
    )
    return query if scope.month is None else query.where(monthly.c.month == scope.month)


def _not_received(connection: Connection, scope: Scope) -> Iterator[Signal]:
    query = (
        _records(scope)
        .add_columns(monthly.c.paid_fen, monthly.c.reported_fen)
        .where(
            monthly.c.paid_fen > 0,
            or_(
                monthly.c.reported_fen < monthly.c.paid_fen,
                and_(monthly.c.reported_fen.is_(None), monthly.c.problem == str(Problem.STIPEND_UNPAID)),
            ),
        )
    )
    for number, who, month, paid, reported in connection.sqlalchemy.execute(query):
        says = "没有按时足额发" if reported is None else f"收到 {yuan(reported)} 元"
        told = f"{month} 单位登记发了 {yuan(paid)} 元，本人说{says}。"
        yield Signal(Hold.NOT_RECEIVED, (number,), (who,), month, told)


def _no_attendance(connection: Connection, scope: Scope) -> Iterator[Signal]:
    absent = func.coalesce(monthly.c.attended_days, 0) == 0
    paid_by_host = _records(scope).where(monthly.c.paid_fen > 0, absent)
    found = {tuple(row): "单位登记发了补贴" for row in connection.sqlalchemy.execute(paid_by_host)}
    by_treasury = (
        select(internship.c.id, internship.c.person_id, line.c.month)
        .join(line, line.c.internship_id == internship.c.id)
        .outerjoin(monthly, and_(monthly.c.internship_id == internship.c.id, monthly.c.month == line.c.month))
        .where(
            scope.holds(),
            line.c.kind == str(SubsidyKind.LIVING),
            line.c.status == str(SubsidyStatus.PAID),
            absent,
        )
    )
    if scope.month is not None:
        by_treasury = by_treasury.where(line.c.month == scope.month)
    found |= {tuple(row): "财政补贴已经拨付" for row in connection.sqlalchemy.execute(by_treasury)}
    for (number, who, month), what in found.items():
        told = f"{month} {what}，却没有出勤记录。"
        yield Signal(Hold.NO_ATTENDANCE, (number,), (who,), month, told)


def _retained_uninsured(connection: Connection, scope: Scope) -> Iterator[Signal]:
    since = func.coalesce(internship.c.contract_on, internship.c.result_on, internship.c.ended_on)
    query = select(internship.c.id, internship.c.person_id).where(
        internship.c.city == scope.city,
        internship.c.ended_on <= scope.last,
        internship.c.result == str(Result.RETAINED),
        internship.c.insured_on.is_(None),
        since < scope.today - INSURED_WITHIN,
    )
    if scope.first > date.min:  # those of the year before that month are still asked for
        query = query.where(internship.c.ended_on > scope.last - timedelta(days=365))
    for number, who in connection.sqlalchemy.execute(query):
        told = f"留用超过 {INSURED_WITHIN.days} 天，还没有参保日期。"
        yield Signal(Hold.RETAINED_UNINSURED, (number,), (who,), None, told)


SEARCHES: Final[tuple[Callable[[Connection, Scope], Iterator[Signal]], ...]] = (
    _insured_elsewhere,
    _overlap,
    _shared_account,
    _shared_phone,
    _not_received,
    _no_attendance,
    _retained_uninsured,
)
