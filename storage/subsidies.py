"""Subsidy amounts of a city's month (补贴测算): computed from the ledger, computed again, held and cleared.

What is due is in `storage.subsidy_due`, what the comparison of data finds in `storage.fraud_signals`. Computing again
changes nothing but what has changed, and never what is on a list, paid or refused: there it only reports the
difference. Lists are in `storage.subsidy_batches`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from datetime import date, datetime
from typing import Any, Final, NamedTuple

from sqlalchemy import bindparam, delete, func, literal, select, update

from policy.ledger_codes import SubsidyKind, SubsidyStatus
from policy.life_cycle import last_day
from policy.months import is_month
from policy.outgoing_codes import CaseKind
from policy.refusal import Refused
from policy.subsidies import FIXED, Hold, Terms, terms_of
from storage import audit, cases, fraud_signals, subsidy_due, subsidy_facts
from storage.database import Connection, Statement, insert
from storage.errors import Conflict, NotFound
from storage.fraud_signals import Scope
from storage.ledger_tables import SubsidyLine
from storage.sealing import Sealer
from storage.subsidy_due import Wanted
from storage.subsidy_facts import Facts, Line
from storage.tables import core

line = core(SubsidyLine)
END_ONLY: Final = str(Hold.END_ONLY_PAYMENT)

CHANGED: Final = "这条明细刚有变化，请重新查看后再办。"
HOLDS, CLEARED = "holds", "cleared"
"""Members of a line's basis: why it waits, and what a clerk has cleared, each by flag."""

_SET: Final = ("amount_fen", "clause", "basis", "flags", "status", "updated_at")
_still_open = (
    line.c.status.in_([literal(str(status)) for status in subsidy_facts.OPEN]),
    line.c.batch_id.is_(None),
)
ADD: Final = Statement(
    insert(line).on_conflict_do_nothing(),
    *("internship_id", "host_id", "city", "month", "kind"),
    *_SET,
    "created_at",
)
SET: Final = Statement(update(line).where(line.c.id == bindparam("key"), *_still_open), *_SET, "key")
DROP: Final = Statement(delete(line).where(line.c.id == bindparam("key"), *_still_open), "key")
GET: Final = Statement(
    select(line.c.status, line.c.flags, line.c.basis).where(line.c.id == bindparam("key")),
    "key",
)
CLEAR: Final = Statement(
    update(line).where(line.c.id == bindparam("key"), line.c.status == str(SubsidyStatus.HELD)),
    *("flags", "basis", "status", "decided_by", "decision_reason", "updated_at"),
    "key",
)
HELD_MONTHS: Final = Statement(
    select(line.c.month, func.count())
    .where(line.c.city == bindparam("city"), line.c.status == str(SubsidyStatus.HELD))
    .group_by(line.c.month)
    .order_by(line.c.month),
    "city",
)


class Skipped(NamedTuple):
    """An amount that is not due, and why; without `internship_id` it is so for the whole month."""

    internship_id: int | None
    kind: SubsidyKind
    reasons: tuple[str, ...]


class Difference(NamedTuple):
    """What computing again changed; `settled` when the line is on a list, paid or refused and was left as it is.

    None stands for no line. Money in fen.
    """

    internship_id: int
    kind: SubsidyKind
    before: int | None
    after: int | None
    settled: bool


class Computed(NamedTuple):
    """What the month comes to: lines that can go on a list, lines that wait, and the rest."""

    city: str
    month: str
    lines: int
    fen: int
    held: int
    held_fen: int
    skipped: list[Skipped]
    differences: list[Difference]


def compute(
    connection: Connection, sealer: Sealer, city: str, month: str, *, actor: str, now: datetime, today: date
) -> Computed:
    """Compute the amounts of a city's month ("YYYY-MM"), or compute them again.

    Raises `Refused` for a month that has not come. What no wage or rule is on record for is reported as skipped.
    """
    if not is_month(month):
        raise Refused("月份请这样写：2026-11。")
    if month > f"{today:%Y-%m}":
        raise Refused(f"{month} 还没有到，到了再测算。")
    try:
        terms = terms_of(city, month)
    except LookupError as missing:
        why = f"没有该月最低工资或规定，请补录。{missing.args[0]}"
        return Computed(city, month, 0, 0, 0, 0, [Skipped(None, SubsidyKind.LIVING, (why,))], [])
    first = date.fromisoformat(f"{month}-01")
    facts = subsidy_facts.read(connection, city, first, last_day(first, 1), today)
    due = subsidy_due.due(facts, terms, today)
    year = Scope(city, first.replace(month=1), terms.last, month, today)
    signalled = fraud_signals.holds_of(fraud_signals.search(connection, year), month)
    differences = list(_keep(connection, sealer, facts, terms, due, signalled, now, today))
    found = _summed(connection, terms, [_skipped(one) for one in due if one.amount.reasons], differences)
    detail = {"lines": found.lines, "held": found.held, "fen": found.fen, "changed": len(differences)}
    audit.add(connection, now, actor, "subsidy.compute", f"subsidy:{city}:{month}", detail)
    return found


def clear(
    connection: Connection, line_id: int, hold: Hold, reason: str, *, actor: str, now: datetime
) -> SubsidyStatus:
    """Say with a reason that a signal does not stand in the way; returns the status of the line now.

    It stays cleared while what was found stays the same. Raises `Refused`, `NotFound`, `Conflict`.
    """
    if not reason.strip():
        raise Refused("请写明核查的结论和依据，不要写身份证号、手机号。")
    found = connection.run(GET, (line_id,)).fetchone()
    if found is None:
        raise NotFound("subsidy line")
    status, flags, basis = found
    if hold in FIXED:
        raise Refused(
            f"“{hold.label}”不能人工放行。登记有误的，请更正月度记录后重新测算；确实如此的，请不予拨付。"
        )
    if status != SubsidyStatus.HELD or hold not in flags:
        raise Refused(f"这条明细没有“{hold.label}”的疑点，请重新查看。")
    left = [flag for flag in flags if flag != hold]
    holds = dict(basis[HOLDS])
    explain = holds.pop(str(hold))
    record = {"explain": explain, "by": actor, "reason": reason}
    basis = basis | {HOLDS: holds, CLEARED: basis.get(CLEARED, {}) | {str(hold): record}}
    after = SubsidyStatus.HELD if left else SubsidyStatus.COMPUTED
    values = (left, basis, str(after), actor, reason, now, line_id)
    if connection.run(CLEAR, values).rowcount != 1:
        raise Conflict(CHANGED)
    audit.add(connection, now, actor, "subsidy.clear", f"subsidy_line:{line_id}", {"flag": str(hold)})
    return after


def held_months(connection: Connection, city: str) -> dict[str, int]:
    """The months of a city in which amounts wait, and how many."""
    return dict(connection.run(HELD_MONTHS, (city,)).fetchall())


# --- keeping it --------------------------------------------------------------------------------------------


def _keep(
    connection: Connection,
    sealer: Sealer,
    facts: Facts,
    terms: Terms,
    due: list[Wanted],
    signalled: Mapping[tuple[int, SubsidyKind], Mapping[Hold, str]],
    now: datetime,
    today: date,
) -> Iterator[Difference]:
    """Bring the stored lines to what is due; yields what that changed."""
    stored = {(one.internship_id, SubsidyKind(one.kind)): one for one in facts.lines}
    wanted = {(one.internship_id, one.kind): one for one in due if one.amount.fen}
    for key in sorted({*stored, *wanted}):
        old, new = stored.get(key), wanted.get(key)
        before, after = old.amount_fen if old else None, new.amount.fen if new else None
        settled = old is not None and not old.open
        if not settled and new is not None:
            values = _values(old, new, signalled.get(key, {}))
            _store(connection, terms, old, new, values, now)
            if END_ONLY in values["flags"] and not (old and END_ONLY in old.flags):
                _open_case(connection, sealer, terms, new, now, today)
        elif not settled and old is not None:
            connection.run(DROP, (old.id,))
        if before != after and not (settled and old is not None and old.status == SubsidyStatus.REFUSED):
            yield Difference(*key, before, after, settled)


def _open_case(
    connection: Connection, sealer: Sealer, terms: Terms, new: Wanted, now: datetime, today: date
) -> None:
    """Staff look into it, unless such a case of the internship waits already (`storage.monthly_records`)."""
    kind = CaseKind.END_ONLY_PAYMENT
    if cases.open_one(connection, kind, internship_id=new.internship_id) is None:
        cases.open_case(
            connection,
            sealer,
            kind,
            None,
            now,
            city=terms.city,
            today=today,
            person_id=new.person_id,
            internship_id=new.internship_id,
            note=f"见习 {new.internship_id}：{new.amount.holds[Hold.END_ONLY_PAYMENT]}",
        )


def _values(old: Line | None, new: Wanted, signalled: Mapping[Hold, str]) -> dict[str, Any]:
    """The columns of a line, in which what a clerk has cleared stays cleared while it stays the same."""
    cleared: dict[str, Any] = old.basis.get(CLEARED, {}) if old else {}
    found = {str(hold): told for hold, told in {**new.amount.holds, **signalled}.items()}
    cleared = {flag: one for flag, one in cleared.items() if found.get(flag) == one["explain"]}
    holds = {flag: told for flag, told in sorted(found.items()) if flag not in cleared}
    return {
        "amount_fen": new.amount.fen,
        "clause": new.amount.clause,
        "basis": {**new.amount.basis, HOLDS: holds, CLEARED: cleared},
        "flags": list(holds),
        "status": str(SubsidyStatus.HELD if holds else SubsidyStatus.COMPUTED),
    }


def _store(
    connection: Connection, terms: Terms, old: Line | None, new: Wanted, values: dict[str, Any], now: datetime
) -> None:
    if old is None:
        owner = (new.internship_id, new.host_id, terms.city, terms.month, str(new.kind))
        connection.run(ADD, (*owner, *values.values(), now, now))
    elif any(getattr(old, name) != value for name, value in values.items()):
        connection.run(SET, (*values.values(), now, old.id))


def _skipped(one: Wanted) -> Skipped:
    return Skipped(one.internship_id, one.kind, one.amount.reasons)


def _summed(
    connection: Connection, terms: Terms, skipped: list[Skipped], differences: list[Difference]
) -> Computed:
    """The month as it stands now."""
    number: Counter[str] = Counter()
    fen: Counter[str] = Counter()
    for row in connection.run(subsidy_facts.LINES, (terms.city, terms.month)).fetchall():
        one = Line(*row)
        number[one.status] += 1
        fen[one.status] += one.amount_fen
    ready, held = SubsidyStatus.COMPUTED, SubsidyStatus.HELD
    return Computed(
        terms.city,
        terms.month,
        number[ready],
        fen[ready],
        number[held],
        fen[held],
        skipped,
        differences,
    )
