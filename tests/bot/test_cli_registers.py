"""Registers and outreach at the keyboard: compared, settled, assigned, recorded; masked unless asked, then audited."""

import json
from typing import Any

import pytest
from sqlalchemy import select

from bot.app import Parts
from bot.cli_registers import DONE
from storage import hardship_registers, registers
from storage.cross_match import Matched
from storage.database import Connection
from storage.tables import Audit, HardshipMark, core
from tests.serving import Run
from tests.storage.register_rows import NOW, hardship, number, person, phone, row


@pytest.fixture
def filled(parts: Parts) -> Parts:
    """One known by number, one by name and phone, two to be visited, and a hardship no register knows."""

    def fill(connection: Connection) -> None:
        sealer = parts.sealer
        first = person(connection, sealer, 1)
        person(connection, sealer, 2, id_number=number(92))
        connection.session.add(
            HardshipMark(person_id=first, kind="06", source="self", status="claimed", at=NOW)
        )
        rows = [row(1), row(2), row(3), row(4, residence=None)]
        registers.put_entries(connection, sealer, "real-name", rows, None, NOW)
        hardship_registers.put_entries(connection, sealer, "disability", [hardship(9, "06")], None, NOW)

    parts.database.write_sync(fill)
    return parts


def audited(parts: Parts) -> list[tuple[str, dict[str, Any]]]:
    table = core(Audit)
    query = select(table.c.action, table.c.detail).order_by(table.c.id)
    return [(a, d) for a, d in parts.database.read_sync(lambda c: c.sqlalchemy.execute(query).all())]


def test_a_comparison_tells_what_it_changed_and_then_nothing(filled: Parts, run: Run) -> None:
    done = run("registers", "match", "--json")
    assert done.status == 0
    assert {name: value for name, value in json.loads(done.out).items() if value} == {
        "confirmed": 1,
        "to_confirm": 1,
        "marks_settled": 1,
        "tasks_added": 2,
    }
    assert run("registers", "match").out == "比对完成：没有变化。\n"
    assert [action for action, _ in audited(filled)] == ["registers.match", "registers.match"]


def test_every_number_of_a_comparison_has_words() -> None:
    assert set(DONE) == set(Matched._fields)


def test_a_pair_is_listed_and_settled_once(filled: Parts, run: Run) -> None:
    run("registers", "match")
    [pair] = json.loads(run("registers", "list", "--to-confirm", "--json").out)
    assert (pair["id"], pair["matched"], pair["name"], pair["person_name"]) == (2, "to_confirm", "学*", "学*")
    shown = run("registers", "list", "--to-confirm").out
    for secret in (number(2), number(92), phone(2), "学生2"):
        assert secret not in json.dumps(pair) + shown
    assert run("registers", "confirm", "2", "--no").status == 0
    assert json.loads(run("registers", "list", "--to-confirm", "--json").out) == []
    again = run("registers", "confirm", "2", "--yes")
    assert (again.status, "没有待确认" in again.error) == (1, True)
    assert run("registers", "confirm", "99", "--yes").status == 1
    assert run("registers", "confirm", "2").status == 2
    assert "新增走访任务 1" in run("registers", "match").out


def test_whoever_looks_at_everything_is_written_down(filled: Parts, run: Run) -> None:
    run("registers", "match")
    before = len(audited(filled))
    masked = run("registers", "list", "--json").out + run("outreach", "list", "--json").out
    assert len(audited(filled)) == before
    whole = [
        run("registers", "list", "--json", "--unmask").out,
        run("outreach", "list", "--json", "--unmask").out,
        run("outreach", "show", "1", "--unmask").out,
    ]
    assert number(3) not in masked
    assert all(number(3) in shown for shown in whole)
    assert [action for action, _ in audited(filled)][before:] == [
        "registers.list",
        "outreach.list",
        "outreach.show",
    ]
    assert all(detail == {"unmasked": True} for _, detail in audited(filled)[before:])


def test_pages_follow_each_other(filled: Parts, run: Run) -> None:
    first = json.loads(run("registers", "list", "--limit", "3", "--json").out)
    rest = json.loads(run("registers", "list", "--after", str(first[-1]["id"]), "--json").out)
    assert [entry["id"] for entry in (*first, *rest)] == [1, 2, 3, 4]


def test_a_hardship_that_no_register_knows_is_decided(filled: Parts, run: Run) -> None:
    run("registers", "match")
    [mark] = json.loads(run("registers", "marks", "--city", "广州", "--json").out)
    assert "本人残疾" in run("registers", "marks").out
    assert json.loads(run("registers", "marks", "--city", "深圳", "--json").out) == []
    wrong = run("registers", "decide", str(mark["id"]), "--accept", "--until", "明年")
    assert (wrong.status, "2026-12-31" in wrong.error) == (2, True)
    past = run("registers", "decide", str(mark["id"]), "--accept", "--until", "2020-01-01")
    assert (past.status, "已经过期" in past.error) == (1, True)
    assert run("registers", "decide", str(mark["id"]), "--accept", "--until", "2999-12-31").status == 0
    assert json.loads(run("registers", "marks", "--json").out) == []


def test_outreach_from_assignment_to_progress(filled: Parts, run: Run) -> None:
    run("registers", "match")
    assert "已把 1 个任务分派给 李工" in run("outreach", "assign", "--city", "广州", "--to", "李工").out
    assert "没有待分派" in run("outreach", "assign", "--city", "广州", "--to", "李工").out
    assert "1 个任务" in run("outreach", "assign", "--city", "未分城市", "--to", "陈工").out
    told = run(
        "outreach", "record", "1", "--way", "电话", "--result", "有意愿", "--note", "-", text="下周来登记"
    )
    assert (told.status, told.out) == (0, "已记录。任务 1 现在：已联系。\n")
    assert "下周来登记" not in run("outreach", "show", "1").out
    assert "下周来登记" in run("outreach", "show", "1", "--unmask").out
    [mine] = json.loads(run("outreach", "list", "--assignee", "李工", "--json").out)
    assert (mine["status"], mine["attempts"], mine["version"]) == ("contacted", 1, 3)
    assert json.loads(run("outreach", "list", "--status", "待分派", "--json").out) == []
    progress = json.loads(run("outreach", "progress", "--json").out)
    assert [(city["city"], city["total"]) for city in progress] == [("440100", 1), ("000000", 1)]
    assert "未分城市" in run("outreach", "progress").out
    assert "陈工" in run("outreach", "list").out


@pytest.mark.parametrize(
    ("command", "status", "words"),
    [
        (("assign", "--to", "李工"), 2, "选一样"),
        (("assign", "1", "--city", "广州", "--to", "李工"), 2, "选一样"),
        (("assign", "--city", "广州", "--to", "李工", "--version", "1"), 2, "只能和一个任务编号"),
        (("assign", "1", "--to", "李工", "--version", "7"), 1, "刚被别人改过"),
        (("assign", "99", "--to", "李工"), 1, "没有这个编号"),
        (("record", "1", "--way", "托梦", "--result", "有意愿"), 2, "可以写：电话、上门"),
        (("record", "1", "--way", "电话", "--result", "好"), 2, "可以写：有意愿、暂无意愿"),
        (("list", "--city", "长沙"), 2, "没有“长沙”"),
        (("list", "--due", "明天"), 2, "2026-12-31"),
        (("show", "99"), 1, "没有这个编号"),
    ],
)
def test_what_cannot_be_is_said_kindly(
    filled: Parts, run: Run, command: tuple[str, ...], status: int, words: str
) -> None:
    run("registers", "match")
    done = run("outreach", *command)
    assert (done.status, words in done.error) == (status, True), done.error
