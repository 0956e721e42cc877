"""`jianxi bundles …` and `jianxi events …` as a clerk uses them: a month from proposal to report, an event to its end."""

import json
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlmodel import col, select

from bot.app import utc_now
from policy.calendar import CHINA
from policy.quarters import quarter_of
from storage import event_sign_ups, events
from storage.database import Connection, Database
from storage.events import EventFields
from storage.keys import KeyFile
from storage.sealing import Sealer
from storage.tables import Audit
from tests.serving import Done, Run
from tests.storage import rows
from tests.storage.public_rows import GUANGZHOU, host, many, position

TODAY = utc_now().astimezone(CHINA).date()
MONTH = f"{TODAY:%Y-%m}"


@pytest.fixture
def base(data: Path) -> Callable[[Callable[[Connection], Any]], Any]:
    """Works on the base that the commands open."""

    def work(what: Callable[[Connection], Any]) -> Any:  # noqa: ANN401 - whatever it returns
        database = Database(f"sqlite:///{data}/jianxi.db")
        try:
            return database.write_sync(what)
        finally:
            database.close_sync()

    return work


Base = Callable[[Callable[[Connection], Any]], Any]


def good(done: Done) -> str:
    assert done.status == 0, done.error
    return done.out


def bad(done: Done, status: int = 1) -> str:
    assert done.status == status, done.out + done.error
    return done.error


def shown(run: Run) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(good(run("bundles", "show", "广州", "--json")))
    return found


def ids(run: Run) -> list[int]:
    return [each["position_id"] for each in shown(run)["positions"]]


def test_a_month_goes_from_proposal_to_report(run: Run, base: Base, tmp_path: Path) -> None:
    first, second, third = base(lambda connection: many(connection, 3))
    assert "已选 1 个岗位" in good(run("bundles", "propose", "广州"))
    assert ids(run) == [first]
    good(run("bundles", "add", "广州市", str(second), "--reason", "龙头企业"))
    good(run("bundles", "add", GUANGZHOU, str(third), "--reason", "专人带教"))
    good(run("bundles", "order", "广州", str(third)))
    good(run("bundles", "remove", "广州", str(first)))
    good(run("bundles", "edit", "广州", "--title", "广州好岗位", "--introduction", "精选两个"))
    assert ids(run) == [third, second]
    said = good(run("bundles", "publish", "广州", public_url="https://jianxi.example"))
    assert f"https://jianxi.example/bundles/{MONTH}/440100" in said
    assert "JIANXI_PUBLIC_URL" not in said
    assert "报送" in good(run("bundles", "reported", "广州", "--on", TODAY.isoformat()))
    found = shown(run)
    assert (found["title"], found["status"], found["reported_on"]) == (
        "广州好岗位",
        "published",
        TODAY.isoformat(),
    )
    assert found["missing"] == []
    assert [each["reason"] for each in found["positions"]] == ["专人带教", "龙头企业"]
    output = tmp_path / "海报.png"
    assert str(output) in good(run("bundles", "poster", "广州", "-o", str(output)))
    assert output.read_bytes().startswith(b"\x89PNG")


def test_what_a_person_sees_is_a_table_with_what_is_missing(run: Run, base: Base) -> None:
    base(lambda connection: many(connection, 101))
    good(run("bundles", "propose", "广州"))
    good(run("bundles", "remove", "广州", str(ids(run)[0])))
    said = good(run("bundles", "show", "广州"))
    assert "草稿" in said
    assert "还差1个" in said
    error = bad(run("bundles", "publish", "广州"))
    assert "按1%至少要选2个" in error
    assert "写明原因" in error
    assert "只有本机打得开" in good(run("bundles", "publish", "广州", "--reason", "岗位还在核实"))


def test_shares_are_listed_for_every_city(run: Run, base: Base) -> None:
    base(lambda connection: position(connection, host(connection), demonstrative=True))
    rows_of_all = json.loads(good(run("bundles", "share", "--json")))
    assert len(rows_of_all) == 21
    assert rows_of_all[0] == {
        "city": "440100",
        "positions": 1,
        "openings": 2,
        "chosen_positions": 1,
        "chosen_openings": 2,
        "percent": 1,
        "least_positions": 1,
        "least_openings": 1,
        "reached": True,
    }
    assert "广州" in good(run("bundles", "share", "广州"))


def test_a_bundle_is_withdrawn_with_a_reason(run: Run, base: Base) -> None:
    base(lambda connection: many(connection, 1))
    good(run("bundles", "propose", "广州"))
    good(run("bundles", "publish", "广州"))
    assert "请先撤回" in bad(run("bundles", "propose", "广州"))
    assert "草稿" in good(run("bundles", "withdraw", "广州", "--reason", "选错了"))
    good(run("bundles", "propose", "广州"))


def test_a_clerk_who_saw_an_older_version_is_told(run: Run, base: Base) -> None:
    base(lambda connection: many(connection, 1))
    good(run("bundles", "propose", "广州"))
    version = str(shown(run)["version"])
    good(run("bundles", "edit", "广州", "--title", "甲", "--version", version))
    assert "刚被别人改过" in bad(run("bundles", "edit", "广州", "--title", "乙", "--version", version))


def test_what_cannot_be_understood_says_how_to_write_it(run: Run, base: Base, tmp_path: Path) -> None:
    assert "没有“北京”这个城市" in bad(run("bundles", "propose", "北京"), 2)
    assert "2026-11" in bad(run("bundles", "show", "广州", "--month", "11月"), 2)
    assert ".png" in bad(run("bundles", "poster", "广州", "-o", "x.jpg"), 2)
    assert "目录" in bad(run("bundles", "poster", "广州", "-o", str(tmp_path / "no" / "x.png")), 2)
    assert "没有这个编号" in bad(run("bundles", "show", "广州"))
    assert "--title" in bad(run("bundles", "edit", "广州"), 2)
    assert "还没有发布" in bad(run("bundles", "poster", "广州", "-o", str(tmp_path / "x.png")))
    assert "还没有可以作示范的岗位" in bad(run("bundles", "propose", "广州"))


# --- events ----------------------------------------------------------------------------------------------

STARTS = datetime.combine(TODAY + timedelta(days=3), datetime.min.time()).replace(hour=9, minute=30)


def create(run: Run, *more: str) -> Done:
    return run(
        "events",
        "create",
        "广州",
        *("--title", "见习专场招聘会", "--kind", "专场招聘", "--venue", "天河体育中心"),
        *("--starts", f"{STARTS:%Y-%m-%d %H:%M}", *more),
    )


def listed(run: Run, *more: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads(good(run("events", "list", "--json", *more)))
    return found


def test_an_event_is_made_published_changed_and_called_off(run: Run) -> None:
    assert "已建活动 1" in good(create(run, "--capacity", "50", "--ends", f"{STARTS:%Y-%m-%d} 11:30"))
    assert "活动1" in good(run("events", "publish", "1"))
    good(run("events", "edit", "1", "--venue", "广州图书馆", "--kind", "进社区"))
    [event] = listed(run, "--city", "广州", "--status", "已发布")
    assert (event["venue"], event["kind"], event["capacity"]) == ("广州图书馆", "community", 50)
    assert (
        event["starts_at"]
        == f"{STARTS.replace(tzinfo=CHINA).astimezone(utc_now().tzinfo):%Y-%m-%dT%H:%M:%S}+00:00"
    )
    said = good(run("events", "list"))
    assert "09:30—11:30" in said
    assert "0/50" in said
    assert "已取消" in good(run("events", "cancel", "1", "--reason", "台风"))
    assert listed(run, "--status", "已发布") == []


def test_who_signed_up_is_masked_and_a_full_view_is_audited(run: Run, base: Base, data: Path) -> None:
    good(run("events", "list"))  # the first command of a base notes its keys
    sealer = Sealer(KeyFile(data / "secret.key"))
    yesterday = utc_now() - timedelta(days=1)

    def begun(connection: Connection) -> int:
        fields = EventFields(GUANGZHOU, "招聘会", "job_fair", yesterday, None, "体育中心")
        before = yesterday - timedelta(days=1)
        number = events.create(connection, fields, actor="x", now=before)
        events.publish(connection, number, actor="x", now=before)
        contact_id, person_id = rows.registered(connection, sealer)
        event_sign_ups.sign_up(connection, number, contact_id, person_id, now=before)
        return contact_id

    guest = base(begun)
    masked = good(run("events", "sign-ups", "1"))
    assert "138****8000" in masked
    assert "张伟" not in masked
    [full] = json.loads(good(run("events", "sign-ups", "1", "--json", "--unmask")))
    assert full["name"] == "张伟"
    assert "改了 1 人" in good(run("events", "attend", "1", str(guest)))
    assert "没有报这场活动" in bad(run("events", "attend", "1", "999"))
    assert "已举办" in good(run("events", "held", "1"))
    [event] = listed(run)
    assert (event["signed_up"], event["attended"], event["status"]) == (1, 1, "held")

    def audited(connection: Connection) -> list[str]:
        chosen = select(Audit.action).where(col(Audit.actor).like("cli:%")).order_by(col(Audit.id))
        return list(connection.session.exec(chosen))

    assert base(audited) == ["event.sign_ups", "event.attend", "event.held"]


def test_calling_off_says_whom_to_tell(run: Run, base: Base) -> None:
    good(create(run))
    good(run("events", "publish", "1"))

    def join(connection: Connection) -> None:
        event_sign_ups.sign_up(connection, 1, rows.contact(connection), None, now=utc_now())

    base(join)
    assert "有 1 人报了名" in good(run("events", "cancel", "1", "--reason", "改期"))


def test_the_quarter_says_which_cities_lack_an_event(run: Run) -> None:
    good(create(run))
    good(run("events", "publish", "1"))
    when = quarter_of(STARTS.date())
    found = json.loads(good(run("events", "quarter", "--quarter", str(when), "--json")))
    assert found["quarter"] == str(when)
    assert len(found["lacking"]) == 20
    said = good(run("events", "quarter", "--quarter", "2023Q1"))
    assert "2023年第一季度还没有安排活动的市" in said
    assert "广州" in said
    assert "没看懂" in bad(run("events", "quarter", "--quarter", "冬天"))


def test_what_is_wrong_with_an_event_is_said(run: Run) -> None:
    assert "没有“舞会”这种形式" in bad(create(run, "--kind", "舞会"), 2)
    assert "结束时间要晚于开始时间" in bad(create(run, "--ends", "2020-01-01 08:00"))
    assert "没有“忙”这个状态" in bad(run("events", "list", "--status", "忙"), 2)
    assert "没有这个编号" in bad(run("events", "publish", "9"))
    good(create(run))
    assert "--venue" in bad(run("events", "edit", "1"), 2)
