"""A ledger for tests of the subsidies: internships and monthly records put in directly."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any

from sqlalchemy import insert, select, update

from policy.evidence import Evidence
from policy.ledger_codes import SubsidyKind
from policy.life_cycle import last_day
from storage import evidence_marks, subsidies, subsidy_batches
from storage.database import Connection
from storage.ledger_tables import Internship, MonthlyRecord, MonthlyReport, SubsidyLine
from storage.sealing import Sealer
from storage.subsidies import Computed
from storage.tables import core
from tests.storage import public_rows
from tests.storage.ledger_people import graduate

SHENZHEN, GUANGZHOU = "440300", "440100"
NOW = datetime(2024, 6, 1, 4, 0, tzinfo=UTC)
TODAY = date(2024, 6, 1)
JULY, DECEMBER = date(2023, 7, 1), date(2023, 12, 31)
ONE, TWO = "clerk:li", "clerk:wu"
internship, monthly, line = core(Internship), core(MonthlyRecord), core(SubsidyLine)


class Ledger:
    """One connection with hosts and people by number; everything happens in Shenzhen unless told otherwise."""

    def __init__(self, connection: Connection, sealer: Sealer) -> None:
        self.connection, self.sealer = connection, sealer
        self.hosts: dict[int, tuple[int, int]] = {}
        self.people: dict[int, int] = {}

    def person(self, number: int, **answers: object) -> int:
        """The id of a person."""
        if number not in self.people:
            self.people[number] = graduate(self.connection, self.sealer, number, **answers)
        return self.people[number]

    def host(self, number: int) -> tuple[int, int]:
        """The ids of a host and its position."""
        if number not in self.hosts:
            host_id = public_rows.host(self.connection, number)
            self.hosts[number] = (host_id, public_rows.position(self.connection, host_id))
        return self.hosts[number]

    def internship(self, person: int = 1, host: int = 1, **fields: object) -> int:
        """Somebody in post from July on."""
        host_id, position_id = self.host(host)
        values: dict[str, Any] = {
            "person_id": self.person(person),
            "host_id": host_id,
            "position_id": position_id,
            "city": SHENZHEN,
            "stage": "in_post",
            "track": "graduate",
            "hardship": False,
            "applied_on": JULY,
            "months": 6,
            "stipend_fen": 230_000,
            "arrived_on": JULY,
            "starts_on": JULY,
            "ends_on": DECEMBER,
            "source": "clerk",
            "demo": False,
            "created_at": NOW,
            "updated_at": NOW,
            "version": 1,
        }
        key = self.connection.sqlalchemy.execute(insert(internship).values(**values | fields))
        assert key.inserted_primary_key is not None
        return int(key.inserted_primary_key[0])

    def change(self, number: int, **fields: object) -> None:
        """Change an internship's row."""
        self.connection.sqlalchemy.execute(
            update(internship).where(internship.c.id == number).values(**fields)
        )

    def record(self, number: int, month: str = "2023-09", **fields: object) -> None:
        """A month with good attendance and payment, or what `fields` say; again for the same month changes it."""
        first = date.fromisoformat(f"{month}-01")
        told: dict[str, Any] = {"attended_days": 21, "paid_fen": 230_000, "paid_on": last_day(first, 1)}
        values = told | fields
        known = (monthly.c.internship_id == number, monthly.c.month == month)
        found = self.connection.sqlalchemy.execute(update(monthly).where(*known).values(**fields or told))
        if found.rowcount == 0:
            values |= {"internship_id": number, "month": month, "updated_by": ONE, "updated_at": NOW}
            self.connection.sqlalchemy.execute(insert(monthly).values(**values, version=1))

    def months(self, number: int, *months: str) -> None:
        """Several good months."""
        for month in months:
            self.record(number, month)

    def compute(self, month: str = "2023-09", city: str = SHENZHEN, today: date = TODAY) -> Computed:
        """Compute a month."""
        self.connection.session.flush()
        return subsidies.compute(self.connection, self.sealer, city, month, actor=ONE, now=NOW, today=today)

    def lines(self, **wanted: object) -> list[Any]:
        """The stored lines with these values, by number."""
        query = select(line).order_by(line.c.id)
        for name, value in wanted.items():
            query = query.where(line.c[name] == value)
        return list(self.connection.sqlalchemy.execute(query))

    def amounts(self, **wanted: object) -> dict[tuple[int, str], int]:
        """Amounts by internship and kind."""
        return {(row.internship_id, row.kind): row.amount_fen for row in self.lines(**wanted)}

    def line(self, number: int, kind: SubsidyKind = SubsidyKind.LIVING, month: str = "2023-09") -> Any:  # noqa: ANN401
        """The one line of an internship."""
        [found] = self.lines(internship_id=number, kind=str(kind), month=month)
        return found

    def evidence(self, host_id: int, month: str = "2023-09", premium: int | None = None) -> None:
        """Every piece of evidence is there."""
        for kind in Evidence:
            amount = premium if kind is Evidence.INSURANCE else None
            evidence_marks.put(
                self.connection,
                host_id,
                month,
                kind,
                given=True,
                amount_fen=amount,
                actor=ONE,
                now=NOW,
                today=TODAY,
            )

    def batch(self, month: str = "2023-09") -> int:
        """A list of what is ready."""
        return subsidy_batches.create(self.connection, SHENZHEN, month, actor=ONE, now=NOW)

    def approved(self, month: str = "2023-09") -> int:
        """A list that the other clerk has approved."""
        number = self.batch(month)
        for host_id, _ in self.hosts.values():
            self.evidence(host_id, month)
        subsidy_batches.approve(self.connection, number, actor=TWO, now=NOW, today=TODAY)
        return number

    def file(self, month: str, city: str = SHENZHEN) -> None:
        """File a city's month."""
        report = MonthlyReport(city=city, month=month, figures={}, filed_by=TWO, filed_at=NOW)
        self.connection.session.add(report)
        self.connection.session.flush()
