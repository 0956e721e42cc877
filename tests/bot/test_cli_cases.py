"""`jianxi cases …`: lists without names, what people wrote only to be seen, and what a clerk does about it."""

from datetime import timedelta

import orjson
import pytest
from sqlalchemy import select

from bot.app import Parts, utc_now
from policy.ledger_codes import Result
from policy.outgoing_codes import CaseKind
from storage import cases, follow_ups
from storage.database import Connection
from storage.tables import Audit, core
from tests.serving import Done, Run
from tests.storage import care_rows
from tests.storage.care_rows import CITY

NAME, PHONE = "张伟", "13800138000"


@pytest.fixture
def waiting(parts: Parts) -> int:
    """A call about somebody, overdue since yesterday, and the follow-up it comes from; returns its number."""
    sealer = parts.sealer
    today = utc_now().date()

    def work(connection: Connection) -> int:
        person_id = care_rows.person(connection, sealer)
        number = care_rows.ended(connection, person_id, today, result=Result.LOOKING)
        ended = follow_ups.Ended(number, person_id, CITY, Result.LOOKING, None)
        follow_ups.begin(connection, ended, kept_on=False, today=today, now=utc_now())
        cases.open_case(connection, sealer, "hand_over", None, utc_now(), note="不知道问谁")
        return cases.open_case(
            connection,
            sealer,
            CaseKind.CALL,
            None,
            utc_now(),
            person_id=person_id,
            internship_id=number,
            city=CITY,
            owner="李敏",
            due_on=today - timedelta(days=2),
            note=f"见习 {number}，请打 {PHONE}",
        )

    return parts.database.write_sync(work)


def read(done: Done) -> object:
    assert done.status == 0, done.error
    return orjson.loads(done.out)


def audited(parts: Parts, action: str) -> int:
    table = core(Audit)
    query = select(table.c.id).where(table.c.action == action)
    return len(parts.database.read_sync(lambda connection: connection.sqlalchemy.execute(query).all()))


def test_the_list_names_nobody(run: Run, waiting: int) -> None:
    rows = read(run("cases", "list", "--city", "广州", "--overdue", "--json"))
    assert isinstance(rows, list)
    [row] = rows
    assert (row["id"], row["kind_label"], row["name"], row["phone"], row["overdue"]) == (
        waiting,
        "电话跟进",
        "张*",
        "138****8000",
        True,
    )
    shown = run("cases", "list").out
    assert NAME not in shown
    assert "不知道问谁" not in shown
    assert "找工作人员" in shown


def test_the_queue_of_a_city_is_named_in_the_list(run: Run, parts: Parts) -> None:
    parts.database.write_sync(
        lambda c: cases.open_case(c, parts.sealer, CaseKind.CALL, None, utc_now(), city=CITY)
    )
    rows = read(run("cases", "list", "--owner", f"city:{CITY}", "--json"))
    assert isinstance(rows, list)
    assert [(row["owner"], row["owner_label"]) for row in rows] == [
        (f"city:{CITY}", "广州公共队列（没人接）")
    ]
    assert "广州公共队列" in run("cases", "list").out


@pytest.mark.parametrize(
    ("filters", "number"),
    [
        (("--owner", "李敏"), 1),
        (("--owner", "别人"), 0),
        (("--kind", "电话跟进"), 1),
        (("--kind", "call"), 1),
        (("--closed",), 0),
        ((), 2),
        (("--limit", "1"), 1),
    ],
)
def test_the_list_is_filtered(run: Run, waiting: int, filters: tuple[str, ...], number: int) -> None:
    rows = read(run("cases", "list", *filters, "--json"))
    assert isinstance(rows, list)
    assert len(rows) == number


def test_what_is_written_in_a_case_is_shown_with_numbers_masked_and_every_look_audited(
    run: Run, waiting: int, parts: Parts
) -> None:
    masked = run("cases", "show", str(waiting)).out
    assert PHONE not in masked
    assert NAME not in masked
    assert "请打" in masked
    whole = run("cases", "show", str(waiting), "--unmask").out
    assert PHONE in whole
    assert NAME in whole
    assert audited(parts, "case.view") == 2


def test_a_case_is_worked_through_and_the_service_counted(run: Run, waiting: int) -> None:
    number = str(waiting)
    assert run("cases", "assign", number, "王芳", "--due", "2099-01-05", "--version", "1").status == 0
    late = run("cases", "note", number, "没人接", "--version", "1")
    assert (late.status, "别人改过" in late.error) == (1, True)
    assert run("cases", "note", number, "没人接，", "晚上再打").status == 0
    assert run("cases", "close", number, "--result", "已指导", "--service", "职业指导").status == 0
    again = run("cases", "close", number, "--result", "已指导")
    assert (again.status, "已经办结" in again.error) == (1, True)
    shown = run("cases", "show", number).out
    assert "晚上再打" in shown
    assert "已指导" in shown
    counted = read(run("cases", "services", "1", "--json"))
    assert isinstance(counted, dict)
    assert {"kind": "guidance", "label": "职业指导", "given": 1, "wanted": 1} in counted["counters"]
    assert "职业指导" in run("cases", "services", "1").out


@pytest.mark.parametrize(
    ("arguments", "status", "said"),
    [
        (("show", "999"), 1, "没有这个编号"),
        (("services", "999"), 1, "没有这个编号"),
        (("list", "--kind", "彩票"), 2, "没有“彩票”这类事项"),
        (("list", "--city", "火星"), 2, "没有“火星”这个城市"),
        (("assign", "2", "王芳", "--due", "明天"), 2, "2026-12-04"),
        (("close", "2", "--result", "好", "--service", "按摩"), 2, "没有“按摩”这种服务"),
        (("close", "1", "--result", "好", "--service", "job"), 1, "不能记服务"),
        (("close", "2", "--result", " "), 1, "请写办理结果"),
        (("follow-ups", "list", "--state", "飞"), 2, "没有“飞”这种状态"),
        (("follow-ups", "show", "999"), 1, "没有这个编号"),
    ],
)
def test_what_is_wrong_is_said_kindly(
    run: Run, waiting: int, arguments: tuple[str, ...], status: int, said: str
) -> None:
    done = run("cases", *arguments)
    assert (done.status, said in done.error) == (status, True), done


def test_a_follow_up_is_listed_shown_and_left_out(run: Run, waiting: int, parts: Parts) -> None:
    rows = read(run("cases", "follow-ups", "list", "--city", CITY, "--json"))
    assert isinstance(rows, list)
    assert [(row["id"], row["name"], row["state_label"]) for row in rows] == [(1, "张*", "跟踪中")]
    assert "跟踪中" in run("cases", "follow-ups", "list", "--state", "跟踪中", "--limit", "1").out
    assert "未到时间" in run("cases", "follow-ups", "show", "1").out
    assert audited(parts, "follow_up.view") == 0
    shown = read(run("cases", "follow-ups", "show", "1", "--unmask", "--json"))
    assert isinstance(shown, dict)
    assert (shown["name"], [day["day"] for day in shown["days"]]) == (NAME, [0, 7, 30, 90, 180])
    assert audited(parts, "follow_up.view") == 1
    assert "1 次" in run("cases", "follow-ups", "skip", "1", "--day", "7").out
    assert "4 次" in run("cases", "follow-ups", "skip", "1").out
    none_left = run("cases", "follow-ups", "skip", "1")
    assert (none_left.status, "没有还没到时间" in none_left.error) == (1, True)
