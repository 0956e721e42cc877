"""`jianxi jobs` and `jianxi staff`: shapes, statuses, and that the same moment is dealt with once."""

from __future__ import annotations

import asyncio
import json
import re
from datetime import UTC, datetime

import pytest

from bot.app import Parts
from storage import staff_bindings
from tests.notifications.test_nudges import HALF_WAY
from tests.serving import Run
from tests.storage.rows import contact
from tests.talking import Clock, take_all

NAMES = {
    *("nudge_unfinished", "check_ins", "follow_ups", "cross_match", "report_reminders", "bundle_reminders"),
    *("event_reminders", "renew_willingness", "purge_expired", "deliver"),
}
LOCAL = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\+08:00")


def test_the_list_has_the_jobs_of_the_contract_in_its_shape(run: Run) -> None:
    done = run("jobs", "list", "--json")
    assert done.status == 0, done.error
    rows = json.loads(done.out)
    assert {row["name"] for row in rows} >= NAMES
    for row in rows:
        assert set(row) == {"name", "trigger", "last_run", "last_result", "next_run"}
        assert LOCAL.fullmatch(row["next_run"])
        assert row["last_run"] is row["last_result"] is None


def test_every_job_runs_on_an_empty_base_and_is_listed_with_what_it_did(run: Run) -> None:
    for name in sorted(NAMES):
        done = run("jobs", "run", name, "--as-of", "2026-11-30T12:00", "--json")
        assert done.status == 0, (name, done.error)
        nothing = {"created": 0, "changed": 0}
        assert json.loads(done.out) == {"name": name, "as_of": "2026-11-30T12:00:00+08:00", **nothing}
    rows = {row["name"]: row for row in json.loads(run("jobs", "list", "--json").out)}
    for name in NAMES:
        assert LOCAL.fullmatch(rows[name]["last_run"])
        assert rows[name]["last_result"] == {"created": 0, "changed": 0}


def test_a_run_does_what_the_scheduler_would_at_that_moment_and_once(
    run: Run, parts: Parts, clock: Clock
) -> None:
    clock.now = datetime(2026, 11, 24, 4, tzinfo=UTC)
    asyncio.run(take_all(parts.turns, HALF_WAY))
    made = [
        json.loads(run("jobs", "run", "nudge_unfinished", "--as-of", moment, "--json").out)
        for moment in ("2026-11-25T06:00:00Z", "2026-11-25T14:00", "2026-11-25T15:00")
    ]
    assert [(one["as_of"], one["created"]) for one in made] == [
        ("2026-11-25T14:00:00+08:00", 1),
        ("2026-11-25T14:00:00+08:00", 0),
        ("2026-11-25T15:00:00+08:00", 0),
    ]
    assert "已经做过" in run("jobs", "run", "nudge_unfinished", "--as-of", "2026-11-25T14:00").out
    assert "做好了" in run("jobs", "run", "nudge_unfinished", "--as-of", "2026-11-25T16:00").out


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("jobs", "run", "nothing"), "没有“nothing”这个任务"),
        (("jobs", "run", "deliver", "--as-of", "明天"), "2026-12-01T09:30"),
    ],
)
def test_what_cannot_be_run_is_said_with_what_can(run: Run, arguments: tuple[str, ...], words: str) -> None:
    done = run(*arguments)
    assert done.status == 2
    assert words in done.error


def test_a_job_that_fails_ends_with_status_one_and_is_listed_as_failed(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def fails(*_arguments: object) -> None:
        raise LookupError("张三")

    monkeypatch.setattr("bot.job_list.renew_willingness", fails)
    done = run("jobs", "run", "renew_willingness")
    assert done.status == 1
    assert "LookupError" in done.error
    assert "张三" not in done.out + done.error
    rows = {row["name"]: row for row in json.loads(run("jobs", "list", "--json").out)}
    assert rows["renew_willingness"]["last_result"] == {"error": "LookupError"}
    assert "失败（LookupError）" in run("jobs", "list").out


def test_a_clerk_is_invited_listed_and_unbound(run: Run, parts: Parts) -> None:
    told = run("staff", "bind", "李老师", "--city", "广州", "--json")
    given = json.loads(told.out)
    assert (given["staff"], given["city"]) == ("李老师", "440100")
    assert "绑定 " in run("staff", "bind", "王老师").out

    now = datetime.now(UTC)
    chat = parts.database.write_sync(contact)
    parts.database.write_sync(lambda c: staff_bindings.bind(c, parts.sealer, given["code"], chat, now=now))
    rows = json.loads(run("staff", "bindings", "--json").out)
    assert [(row["staff"], row["city"], row["channel"]) for row in rows] == [
        ("李老师", "440100", "web"),
        ("王老师", None, None),
    ]
    assert given["code"] not in run("staff", "bindings").out
    for row in rows:
        assert run("staff", "unbind", str(row["id"])).status == 0
    assert run("staff", "unbind", "1").status == 1
    assert run("staff", "bind", "李老师", "--city", "北京").status == 2


def test_what_is_to_be_done_is_told_on_the_command_line_too(run: Run) -> None:
    rows = json.loads(run("staff", "due", "--city", "广州", "--json").out)
    assert {row["name"] for row in rows} >= {"report", "bundle"}
    assert {row["city"] for row in rows} == {"440100"}
    assert "情况汇总表" in run("staff", "due").out


@pytest.mark.parametrize("role", ["web", "worker"])
def test_one_sqlite_file_is_served_by_one_process_that_does_all(run: Run, role: str) -> None:
    done = run("serve", "--role", role)
    assert done.status == 2
    assert "PostgreSQL" in done.error
