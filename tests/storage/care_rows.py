"""People, hosts and internships for tests of care: in post, ended, kept on; and what there is to offer them."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

from sqlalchemy import select

from dialogs.model import Opened
from policy.ledger_codes import Ending, HostKind, HostStatus, PositionStatus, ResourceKind, Result, Stage
from policy.outgoing_codes import CheckInKind, StepState
from storage import check_in_plans, follow_ups
from storage.conversations import add_contact, link
from storage.database import Connection
from storage.ledger_tables import Agency, Host, Internship, Position, Resource
from storage.outgoing_tables import CheckIn, FollowUpPlan, FollowUpStep
from storage.sealing import Sealer
from storage.tables import Contact, Person, Submission, core
from tests.storage import rows

NOW = datetime(2026, 11, 24, 2, 0, tzinfo=UTC)
"""Ten o'clock in Guangdong, a Tuesday."""
TODAY = date(2026, 11, 24)
CITY = "440100"


def stored(connection: Connection, row: Any) -> int:  # noqa: ANN401 - any table
    """Store a row; return its id."""
    connection.session.add(row)
    connection.session.flush()
    number: int = row.id
    return number


def host(connection: Connection, number: int = 1, **fields: Any) -> int:  # noqa: ANN401 - columns
    """A recognised host."""
    values: dict[str, Any] = {
        "uscc": f"91440000000000{number:04d}",
        "name": "岭南机械有限公司",
        "kind": HostKind.SMALL_MEDIUM,
        "city": CITY,
        "status": HostStatus.APPROVED,
        "applied_on": date(2026, 1, 5),
        "source": "clerk",
        "created_at": NOW,
        "updated_at": NOW,
    }
    return stored(connection, Host(**(values | fields)))


def position(connection: Connection, host_id: int, **fields: Any) -> int:  # noqa: ANN401 - columns
    """A published position."""
    values: dict[str, Any] = {
        "host_id": host_id,
        "title": "装配工",
        "kind": "2",
        "city": CITY,
        "openings": 3,
        "stipend_fen": 210_000,
        "months": 3,
        "status": PositionStatus.PUBLISHED,
        "search_text": "装配工",
        "source": "clerk",
        "created_at": NOW,
        "updated_at": NOW,
    }
    return stored(connection, Position(**(values | fields)))


def person(connection: Connection, sealer: Sealer, number: int = 1, *, contacts: int = 1) -> int:
    """A registered person of Guangzhou who studied accounting, with contacts that may be written to."""
    person_id = rows.person(connection, sealer, f"44010619990101{number:04d}")
    own = connection.session.get_one(Person, person_id)
    own.residence_city, own.cities, own.major, own.education = CITY, [CITY], "会计学", "31"
    own.position_kinds = ["2"]
    for each in range(contacts):
        contact(connection, person_id, f"person-{number}-{each}")
    return person_id


def contact(connection: Connection, person_id: int | None, address: str, channel: str = "web") -> int:
    """A contact that may be written to."""
    row = Contact(channel=channel, address=address, person_id=person_id, push_allowed=True, created_at=NOW)
    return stored(connection, row)


def internship(connection: Connection, person_id: int, host_id: int | None = None, **fields: Any) -> int:  # noqa: ANN401
    """An internship in post since 3 September, until 2 December unless told otherwise."""
    host_id = host_id or host(connection, person_id)
    values: dict[str, Any] = {
        "person_id": person_id,
        "host_id": host_id,
        "position_id": position(connection, host_id, title=f"装配工{person_id}"),
        "city": CITY,
        "stage": Stage.IN_POST,
        "applied_on": date(2026, 8, 20),
        "arrived_on": date(2026, 9, 3),
        "starts_on": date(2026, 9, 3),
        "ends_on": date(2026, 12, 2),
        "months": 3,
        "stipend_fen": 210_000,
        "source": "clerk",
        "created_at": NOW,
        "updated_at": NOW,
    }
    return stored(connection, Internship(**(values | fields)))


def ended(connection: Connection, person_id: int, on: date = TODAY, **fields: Any) -> int:  # noqa: ANN401
    """An internship that ran its term; what came of it is not known unless told."""
    values: dict[str, Any] = {"stage": Stage.ENDED, "ended_on": on, "ending": Ending.COMPLETED}
    return internship(connection, person_id, **(values | fields))


def offered(connection: Connection) -> None:
    """Jobs, trainings, helps for a business, and an agency, all of Guangzhou."""
    for kind, title, words in (
        (ResourceKind.JOB, "会计助理", ["会计"]),
        (ResourceKind.JOB, "仓库文员", []),
        (ResourceKind.TRAINING, "电工班", ["电工"]),
        (ResourceKind.TRAINING, "会计实操班", ["会计"]),
        (ResourceKind.PROJECT, "社区咖啡店项目", []),
        (ResourceKind.FINANCING, "创业担保贷款", []),
        (ResourceKind.PREMISES, "青年创业园工位", []),
        (ResourceKind.STARTUP_FOLLOW_UP, "创业导师一对一", []),
    ):
        row = Resource(
            kind=kind,
            title=title,
            provider="市就业中心",
            city=CITY,
            words=words,
            contact="020-12333",
            updated_at=NOW,
        )
        stored(connection, row)
    agency = Agency(name="广州市就业服务中心", city=CITY, phone="020-12333", updated_at=NOW)
    stored(connection, agency)


# --- for transcripts --------------------------------------------------------------------------------------


def played(connection: Connection, sealer: Sealer, stage: str, address: str, now: datetime) -> None:
    """Somebody at the terminal whose internship is at that stage: 在岗, 已结束, 留用, or the contact of a 单位."""
    today = now.date()
    offered(connection)
    contact_id = add_contact(connection, "terminal", address, None, now)
    if stage == "单位":
        host_id = host(connection, contact_id=contact_id)
        internship(connection, person(connection, sealer, contacts=0), host_id)
        return
    person_id = person(connection, sealer, contacts=0)
    submission = Submission(
        contact_id=contact_id, person_id=person_id, answers_sealed=b"", outcome="created", at=now
    )
    link(connection, contact_id, person_id, stored(connection, submission))
    if stage == "在岗":
        internship(connection, person_id)
        return
    result = Result.RETAINED if stage == "留用" else None
    number = ended(connection, person_id, today, result=result)
    begun = follow_ups.Ended(number, person_id, CITY, result, None)
    follow_ups.begin(connection, begun, kept_on=result is not None, today=today, now=now)


def opening(connection: Connection, told: str) -> Opened:
    """What we open: "check_in monthly 2026-09", "check_in host 2026-10", "follow_up 7", "follow_up 7 later"."""
    dialog, *rest = told.split(" ")
    if dialog == "renewal":
        return Opened(dialog, {})
    about: dict[str, Any] = {"host": "岭南机械有限公司"}
    if dialog == "follow_up":
        step, plan = core(FollowUpStep), core(FollowUpPlan)
        number, kind = connection.sqlalchemy.execute(
            select(step.c.id, plan.c.kind)
            .join(plan, plan.c.id == step.c.plan_id)
            .where(step.c.day == int(rest[0]))
        ).one()
        kept_on = kind == follow_ups.KEPT_ON
        turn = "kept_on" if kept_on else [*rest, "first" if rest[0] == "0" else "again"][1]
        return Opened(dialog, {"step": number, "kept_on": kept_on, "about": about | {"turn": turn}})
    kind, month = rest
    about |= {"month": f"{int(month[5:])}月", "mentor": kind != "arrival", "insured": kind != "arrival"}
    if kind == CheckInKind.HOST:
        [host_id] = connection.sqlalchemy.execute(select(core(Host).c.id)).scalars()
        number = check_in_plans.add_host(connection, host_id, month, date.fromisoformat(f"{month}-05"))
    else:
        [internship_id] = connection.sqlalchemy.execute(select(core(Internship).c.id)).scalars()
        due_on = date.fromisoformat(f"{month}-28") + timedelta(days=4)
        row = CheckIn(
            internship_id=internship_id, kind=kind, month=month, due_on=due_on, state=StepState.ASKED
        )
        number = stored(connection, row)
    return Opened(dialog, {"check_in": number, "kind": kind, "about": about})
