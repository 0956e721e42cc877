"""A ledger for tests of the reports: rows put in directly, without the verbs that make them in life."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from sqlalchemy import Table, insert, update

from policy.ledger_codes import SubsidyKind, SubsidyStatus
from policy.ledger_codes import TransitionKind as Kind
from storage.database import Connection
from storage.frozen_months import counted_period
from storage.ledger_tables import Internship, StockMovement, SubsidyLine, Transition
from storage.sealing import Sealer
from storage.tables import core
from storage.transitions import rebuild
from tests.storage import public_rows, rows

GUANGZHOU, SHENZHEN = "440100", "440300"
CLERK = "clerk:li"
internship, transition = core(Internship), core(Transition)
movement, line = core(StockMovement), core(SubsidyLine)


def at(day: date, hour: int = 12) -> datetime:
    """A moment on that day."""
    return datetime.combine(day, time(hour), UTC)


class Ledger:
    """Writes rows of one person, one host and one position, as many internships as wanted."""

    def __init__(self, connection: Connection, sealer: Sealer) -> None:
        self.connection = connection
        self.person = rows.person(connection, sealer)
        self.host = public_rows.host(connection)
        self.position = public_rows.position(connection, self.host)
        self.cities: dict[int, str] = {}
        self.tracks: dict[int, str] = {}

    def _add(self, table: Table, **values: object) -> int:
        key = self.connection.sqlalchemy.execute(insert(table).values(**values)).inserted_primary_key
        assert key is not None
        return int(key[0])

    def internship(self, track: str = "graduate", city: str = GUANGZHOU) -> int:
        """An internship that has been applied for."""
        day = date(2022, 12, 1)
        number = self._add(
            internship,
            person_id=self.person,
            host_id=self.host,
            position_id=self.position,
            city=city,
            stage="applied",
            track=track,
            hardship=False,
            applied_on=day,
            months=6,
            stipend_fen=0,
            source="clerk",
            demo=False,
            created_at=at(day),
            updated_at=at(day),
            version=1,
        )
        self.cities[number], self.tracks[number] = city, track
        self.step(number, Kind.APPLY, day, detail={"months": 6})
        self.step(number, Kind.SIGN, day, detail={"track": track})
        return number

    def step(
        self,
        number: int,
        kind: Kind,
        on: date,
        known: datetime | None = None,
        detail: dict[str, Any] | None = None,
        period: str | None = None,
    ) -> int:
        """A step that became known at `known` (else on its day), counted as the verbs count it.

        With `period` in that month: as a step does that is put in the place of one that was filed.
        """
        city = self.cities[number]
        if period is None and kind in (
            Kind.ARRIVE,
            Kind.COMPLETE,
            Kind.RETAIN_EARLY,
            Kind.END_EARLY,
            Kind.CHANGE_HOST,
        ):
            period = counted_period(self.connection, city, on)
        added = self._add(
            transition,
            internship_id=number,
            city=city,
            track=self.tracks[number],
            kind=str(kind),
            on=on,
            period=period,
            detail=detail or {},
            actor=CLERK,
            recorded_at=known or at(on),
        )
        rebuild(self.connection, number)
        return added

    def result(
        self, number: int, result: str, ended_month: str | None, on: date, known: datetime | None = None
    ) -> int:
        """A result, counted in the month of the ending."""
        added = self._add(
            transition,
            internship_id=number,
            city=self.cities[number],
            track=self.tracks[number],
            kind=str(Kind.RESULT),
            on=on,
            period=ended_month,
            detail={"result": result},
            actor=CLERK,
            recorded_at=known or at(on),
        )
        rebuild(self.connection, number)
        return added

    def void(self, number: int, target: int, known: datetime) -> int:
        """Take a step back."""
        added = self._add(
            transition,
            internship_id=number,
            city=self.cities[number],
            kind=str(Kind.VOID),
            on=known.date(),
            detail={},
            actor=CLERK,
            recorded_at=known,
            voids_id=target,
        )
        self.connection.sqlalchemy.execute(
            update(transition).where(transition.c.id == target).values(voided_at=known)
        )
        rebuild(self.connection, number)
        return added

    def moved(self, subject: str, delta: int, on: date, *, opened: bool = True, city: str = GUANGZHOU) -> int:
        """A movement of the stock."""
        return self._add(
            movement,
            subject=subject,
            subject_id=self.host if subject == "host" else self.position,
            city=city,
            on=on,
            period=counted_period(self.connection, city, on),
            delta=delta,
            opened=opened,
            reason="测试",
            actor=CLERK,
            recorded_at=at(on),
        )

    def paid(self, number: int, amount: int, on: date, month: str) -> int:
        """A subsidy that the treasury has paid."""
        city = self.cities[number]
        return self._add(
            line,
            internship_id=number,
            host_id=self.host,
            city=city,
            month=month,
            kind=str(SubsidyKind.LIVING),
            amount_fen=amount,
            clause="测试",
            basis={},
            flags=[],
            status=str(SubsidyStatus.PAID),
            paid_on=on,
            paid_period=counted_period(self.connection, city, on),
            created_at=at(on),
            updated_at=at(on),
        )


def month_end(month: str) -> date:
    """The last day of a month."""
    first = date.fromisoformat(f"{month}-01")
    return (first + timedelta(days=31)).replace(day=1) - timedelta(days=1)
