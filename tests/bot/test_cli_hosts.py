"""`jianxi hosts`, `positions` and `agencies`: what a clerk does from the command line, with its exit statuses."""

from __future__ import annotations

import json
from typing import Any

import pytest
from sqlmodel import select

from bot.app import Parts
from storage import agencies, positions
from storage.agencies import AgencyFields
from storage.database import Connection, Database
from storage.tables import Audit
from tests.serving import Run
from tests.storage.host_rows import HOST, NOW, POSITION, USCC, act, published, recognised
from tests.talking import Person


@pytest.fixture
def filled(parts: Parts) -> Parts:
    """A recognised host with a published and a submitted position, and an agency."""

    def work(connection: Connection) -> None:
        host_id = recognised(connection, parts.sealer)
        published(connection, parts.sealer, closes_on=None)
        offer = POSITION._replace(title="审计助理", closes_on=None)
        positions.submit(connection, parts.sealer, host_id, offer, source="self", **act())
        agency = AgencyFields("天河区就业服务中心", "440100", "440106", phone="020-12333")
        agencies.upsert(connection, agency, actor="clerk:li", now=NOW)

    parts.database.write_sync(work)
    return parts


def rows(run: Run, *arguments: str) -> list[dict[str, Any]]:
    done = run(*arguments, "--json")
    assert done.status == 0, done.error
    found: list[dict[str, Any]] = json.loads(done.out)
    return found


def audited(database: Database) -> list[str]:
    return database.read_sync(lambda c: [row.action for row in c.session.exec(select(Audit))])


def test_a_host_is_entered_decided_reviewed_and_removed(run: Run, parts: Parts) -> None:
    add = ("hosts", "add", "9144 0101 ma5a b123 4m", HOST.name, "--kind", "民营企业", "--city", "广州")
    assert "单位编号 1" in run(*add, "--district", "天河", "--contact-phone", "13826001234").out
    assert run("hosts", "approve", "1", "--reason", "证照齐全", "--version", "1").status == 0
    assert "已经认定" in run("hosts", "approve", "1").error
    assert run("hosts", "review", "1", "--version", "2").status == 0
    stale = run("hosts", "remove", "1", "--reason", "一年没有招人", "--version", "2")
    assert (stale.status, "刚被别人改过" in stale.error) == (1, True)
    assert run("hosts", "remove", "1", "--reason", "一年没有招人").status == 0
    [row] = rows(run, "hosts", "list", "--status", "removed")
    assert (row["uscc"], row["decision_reason"], row["labels"]["district"]) == (
        USCC,
        "一年没有招人",
        "天河区",
    )


def test_wrong_input_is_answered_with_what_to_do(run: Run, parts: Parts) -> None:
    wrong = run("hosts", "add", "91440101MA5AB1234X", HOST.name, "--kind", "民企", "--city", "广州")
    assert (wrong.status, "校验位" in wrong.error) == (1, True)
    assert run("hosts", "list", "--status", "半途").status == 2
    assert run("hosts", "list", "--city", "长沙").status == 2
    assert run("hosts", "approve", "1", "--on", "昨天").status == 2
    assert "没有这个编号" in run("hosts", "approve", "7").error
    assert run("hosts", "edit", "1").status == 2


def test_a_host_is_shown_masked_and_whole_on_record(run: Run, filled: Parts) -> None:
    shown = run("hosts", "show", "1").out
    assert "李*  138****1234" in shown
    assert "财务会计助理  招募中" in shown
    assert "重点开发管理类岗位" in shown
    assert "hosts.show" not in audited(filled.database)
    assert "李晓明  13826001234" in run("hosts", "show", "1", "--unmask").out
    assert "hosts.show" in audited(filled.database)
    assert "广州晨光会计师事务所有限公司" in run("hosts", "list").out


def test_particulars_are_changed(run: Run, filled: Parts) -> None:
    edit = ("hosts", "edit", "1", "--kind", "国企", "--district", "越秀", "--contact-name", "赵敏")
    assert run(*edit, "--version", "1").status == 0
    [row] = rows(run, "hosts", "list")
    assert (row["kind"], row["district"], row["contact_name"]) == ("state_owned", "440104", "赵*")
    assert run("hosts", "edit", "1", "--district", "南山").status == 1


def test_reviews_that_are_due(run: Run, filled: Parts) -> None:
    assert rows(run, "hosts", "due", "--until", "2026-12-31") == []
    assert [row["id"] for row in rows(run, "hosts", "due", "--until", "2027-12-31", "--city", "广州")] == [1]
    assert "没有符合条件" in run("hosts", "due", "--until", "2026-12-31").out


def test_positions_are_decided_resized_marked_and_closed(run: Run, filled: Parts) -> None:
    assert run("positions", "approve", "2", "--version", "1").status == 0
    assert run("positions", "openings", "2", "9").status == 0
    assert "低于当地下限" in run("positions", "edit", "2", "--stipend", "1").error
    assert run("positions", "edit", "2").status == 2
    changed = (
        "--stipend",
        "2400.5",
        "--education",
        "不限",
        "--majors",
        "审计、会计",
        "--closes-on",
        "2999-12-31",
    )
    assert run("positions", "edit", "2", *changed, "--version", "3").status == 0
    assert run("positions", "demonstrative", "2").status == 1
    assert run("positions", "demonstrative", "2", "--reason", "带教规范").status == 0
    assert [row["id"] for row in rows(run, "positions", "search", "审计", "--demonstrative")] == [2]
    assert run("positions", "demonstrative", "2", "--off").status == 0
    assert run("positions", "close", "2", "--reason", "单位已招满").status == 0
    assert run("positions", "close", "2", "--reason", "单位已招满").status == 1
    assert run("positions", "refuse", "2", "--reason", "描述太笼统").status == 1
    [row] = rows(run, "positions", "list", "--status", "已下架")
    assert (row["id"], row["openings"], row["mentor"]) == (2, 9, "王*")
    assert (row["stipend_fen"], row["education"], row["majors"]) == (240_050, None, ["审计", "会计"])
    assert "下架了 0 个" in run("positions", "close-expired").out


def test_positions_are_listed_and_shown(run: Run, filled: Parts) -> None:
    assert len(rows(run, "positions", "list", "--host", "1", "--city", "广州")) == 2
    assert [row["id"] for row in rows(run, "positions", "list", "--words", "审计")] == [2]
    shown = run("positions", "show", "1").out
    assert "月补贴 2300 元  6 个月" in shown
    assert "带教老师 王*" in shown
    assert "带教老师 王建国" in run("positions", "show", "1", "--unmask").out
    assert "positions.show" in audited(filled.database)
    assert "财务会计助理" in run("positions", "list").out


def test_a_search_as_the_public_makes_it(run: Run, filled: Parts) -> None:
    find = ("positions", "search", "会计", "助理", "--city", "广州", "--kind", "管理")
    assert [row["id"] for row in rows(run, *find, "--education", "大专")] == [1]
    assert rows(run, *find, "--education", "高中") == []
    assert "广州市天河区" in run(*find).out
    assert "没有找到" in run("positions", "search", "火箭").out
    assert run("positions", "search", "--kind", "销售").status == 1


def test_agencies_are_listed(run: Run, filled: Parts) -> None:
    assert "天河区就业服务中心" in run("agencies", "list").out
    assert [row["phone"] for row in rows(run, "agencies", "list", "--city", "广州")] == ["020-12333"]
    assert "还没有服务机构" in run("agencies", "list", "--city", "深圳").out


TOLD = (
    *("单位申报", "同意", "91440300708461136T", "深圳示例科技有限公司", "科技企业", "深圳南山"),
    *("科技路1号", "李晓明", "13826001234", "软件测试3人", "提交"),
)


async def test_an_application_by_chat_reaches_the_clerk_and_comes_back(
    run: Run,
    parts: Parts,
    client: Any,  # noqa: ANN401
) -> None:
    person = Person(client)
    for text in TOLD:
        reply = (await person.post(text)).json()
    assert "申请收到了，编号 000001" in reply["replies"][0]["text"]
    [case] = rows(run, "hosts", "applications")
    assert (case["number"], case["own"], case["contact_phone"]) == (1, True, "138****1234")
    assert "李晓明" in run("hosts", "applications", "--unmask").out
    assert run("hosts", "refuse", str(case["host_id"]), "--reason", "营业执照已注销").status == 0
    assert "没有待办" in run("hosts", "applications").out
    reply = (await person.post("单位申报")).json()
    assert "没有通过。原因：营业执照已注销" in reply["replies"][0]["text"]


async def test_a_strange_application_is_linked_or_dismissed(
    run: Run,
    filled: Parts,
    client: Any,  # noqa: ANN401
) -> None:
    person = Person(client)
    for text in (USCC if text == "91440300708461136T" else text for text in TOLD):
        reply = (await person.post(text)).json()
    assert "申请收到了，编号 000001" in reply["replies"][0]["text"]
    assert "待审核" in (await person.post("单位申报")).json()["replies"][0]["text"]
    assert "单位 1 的联系人" in run("hosts", "link", "1").out
    assert "已经办完" in run("hosts", "dismiss", "1").error
    assert "已认定" in (await person.post("单位申报")).json()["replies"][0]["text"]
