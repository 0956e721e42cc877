"""The canary in the ledger: an intern, the host's contact, the mentor, somebody of a register: nowhere in clear.

From the host's application through position, internship, monthly record, subsidy, fraud signals, report drill-down,
documents, imports and outreach, to the public pages and the open data.
"""

from __future__ import annotations

import asyncio
import csv
import io
from collections.abc import Iterable
from pathlib import Path

from aiohttp import ClientSession, DummyCookieJar

from bot.app import utc_now
from bot.demo_ledger import credit_code
from policy.ledger_codes import HostKind
from tests.journeys.applicants import graduate
from tests.journeys.test_canary import CANARY, NOTE, SECRETS, Listener, assert_clear_of, cells, look_through
from tests.serving import Run, Service, service
from tests.talking import Person

TODAY = utc_now().date()
MONTH = f"{TODAY:%Y-%m}"
CITY = "广州"
USCC = credit_code(901)
CONTACT, CONTACT_PHONE = "司徒婵瑛", "13577460289"
MENTOR = "公孙皕翎"
ACCOUNT = "6222025713398265178"
FOUND = graduate(TODAY, name="夏侯镜澈", order=778, phone="13926407715")
"""Somebody of a register who has not registered."""
ALL = SECRETS | {
    "account": ACCOUNT,
    "end of the account": ACCOUNT[-10:],
    "contact": CONTACT,
    "given name of the contact": CONTACT[1:],
    "phone of the contact": CONTACT_PHONE,
    "mentor": MENTOR,
    "given name of the mentor": MENTOR[1:],
    "who was found": FOUND.name,
    "number of who was found": FOUND.id_number,
    "phone of who was found": FOUND.phone,
}
HOST_WORDS = (
    *("单位申报", "1", USCC, "广州咕咚会计师事务所有限公司", HostKind.SMALL_MEDIUM.label, "广州市天河区"),
    *("天河路1号", CONTACT, CONTACT_PHONE, "会计助理2人，每月3000元", "提交"),
)
POSITION = {
    "统一社会信用代码": USCC,
    "岗位名称": "会计助理",
    "岗位类别": "管理类",
    "城市": CITY,
    "区县": "天河区",
    "招收人数": "5",
    "最低学历": "大专",
    "月补贴": "3000",
    "期限（月）": "3",
    "带教老师": MENTOR,
    "岗位描述": "核对账目",
}
REGISTERED = {
    "姓名": CANARY.name,
    "身份证号": CANARY.id_number,
    "手机号": CANARY.phone,
    "常住地": "广州市天河区",
}
FOUND_ROW = {"姓名": FOUND.name, "身份证号": FOUND.id_number, "手机号": FOUND.phone, "常住地": "广州市天河区"}
SHEETS = ("hosts", "positions", "internships", "subsidies", "registers")
BAD_ROWS = (
    {"姓名": CANARY.name, "身份证号": CANARY.id_number[:-1], "手机号": CANARY.phone, "常住地": ""},
    {"姓名": CANARY.name, "身份证号": CANARY.phone, "手机号": CANARY.id_number, "常住地": CANARY.name},
)


class Desk:
    """A clerk at the keyboard: runs commands and keeps what they print."""

    def __init__(self, run: Run, folder: Path) -> None:
        self.run = run
        self.folder = folder
        self.printed: dict[str, str] = {}

    async def does(self, *arguments: str, text: str = "", status: int = 0) -> str:
        done = await asyncio.to_thread(lambda: self.run(*arguments, text=text))
        assert done.status == status, f"{arguments}: {done.out}{done.error}"
        self.printed[f"{len(self.printed)} {' '.join(arguments)}"] = done.out + done.error
        return done.out

    async def takes_in(self, kind: str, rows: Iterable[dict[str, str]], *, status: int = 0) -> str:
        file = self.folder / f"{kind}.csv"
        lines = list(rows)
        with io.StringIO() as text:
            writer = csv.DictWriter(text, list(lines[0]))
            writer.writeheader()
            writer.writerows(lines)
            file.write_text(text.getvalue(), "utf-8")
        return await self.does("import", kind, str(file), status=status)


async def recruits(desk: Desk, listener: Listener, host: Person, intern: Person) -> None:
    """A host applies, is recognised and offers a position, for which the canary applies by chat."""
    for text in HOST_WORDS:
        answer = await listener.post(host, text)
    assert "申请收到了" in answer["replies"][-1]["text"]
    await desk.does("hosts", "approve", "1", "--reason", "证照齐全")
    await desk.takes_in("positions", [POSITION])
    for text in ("看岗位", f"我叫{CANARY.name} {CANARY.phone}", "会计", "1", "1", "1"):
        answer = await listener.post(intern, text)
    assert "报好了" in answer["replies"][-1]["text"]


async def serves(desk: Desk, listener: Listener, intern: Person) -> None:
    """The internship, from the agreement to the certificate, with a month's record and all the papers."""
    on = TODAY.isoformat()
    await desk.does("internships", "accept", "1", "--note", "-", text=NOTE)
    terms = ("--starts", on, "--pay-day", "10", "--hours", "每周五天", "--insurance", "意外险")
    await desk.does("internships", "sign", "1", *terms)
    paper = desk.folder / "agreement.docx"
    await desk.does("internships", "agreement", "1", str(paper))
    assert paper.stat().st_mode & 0o077 == 0, "the paper itself is in clear, for one pair of eyes"
    await desk.does("internships", "mentor", "1", "-", text=MENTOR)
    await desk.does("internships", "arrive", "1")
    record = ("--days", "20", "--paid", "3000", "--paid-on", on, "--reported", "0", "--note", "-")
    await desk.does("internships", "record", "1", MONTH, *record, text=NOTE)
    for text in ("我的见习", "2", "1", f"{CANARY.name}没收到，电话{CANARY.phone}", "我的见习"):
        await listener.post(intern, text)
    await desk.does("subsidies", "account", "1", "-", text=ACCOUNT)
    await desk.does("subsidies", "evidence", "1", MONTH, "全部", "--premium", "80")
    assert "待核查 1 笔" in await desk.does("subsidies", "compute", "--city", CITY, "--month", MONTH)
    assert "本人" in await desk.does("subsidies", "signals", "--city", CITY, "--month", MONTH)
    for command in (("subsidies", "list"), ("report", "people", "arrived", "--month", MONTH, "--city", CITY)):
        for form in ((), ("--json",)):
            await desk.does(*command, *form)
    await desk.does("internships", "end", "1", "--reason", "个人原因", "--note", "-", text=NOTE)
    await desk.does(
        "internships", "certificate", "1", str(desk.folder / "certificate.docx"), "--appraisal", "合格"
    )


async def looks(desk: Desk) -> None:
    """Every list and sheet of the ledger, masked as it is by default."""
    for what in SHEETS:
        await desk.does("export", what, str(desk.folder / f"{what}.xlsx"))
    for form in ((), ("--json",)):
        for command in (
            ("hosts", "list"),
            ("hosts", "show", "1"),
            ("hosts", "applications"),
            ("positions", "list"),
            ("positions", "show", "1"),
            ("internships", "list"),
            ("internships", "show", "1"),
            ("internships", "history", "1"),
            ("registers", "list"),
            ("outreach", "list"),
            ("outreach", "show", "1"),
            ("import", "runs"),
            ("doctor",),
        ):
            await desk.does(*command, *form)


async def takes_home(intern: Person) -> None:
    """The canary's own export has the whole ledger of it, and nobody else."""
    answer = await intern.tell(["我的信息", "导出"])
    [url] = [link["url"] for reply in answer["replies"] for link in reply["links"]]
    async with intern.client.get(intern.base + url) as response:
        told = await response.json()
    assert told["answers"]["姓名"] == CANARY.name
    ledger = told["ledger"]
    [internship] = ledger["见习"]
    assert (internship["岗位"], internship["阶段"], internship["带教老师"]) == (
        "会计助理",
        "已结束",
        "公老师",
    )
    assert [step["事项"] for step in internship["经过"]][-2:] == ["到岗", "提前结束"]
    [month] = internship["月度记录"]
    assert (month["单位实发（元）"], month["本人说收到（元）"]) == (3000, 0)
    assert {line["状态"] for line in internship["财政补贴"]} == {"待核查"}
    assert ledger["收款账号"] == "*" * 15 + ACCOUNT[-4:]
    others = {what: secret for what, secret in ALL.items() if what not in SECRETS}
    assert_clear_of("the export", str(told).encode(), others)


async def sees_in_full(desk: Desk) -> None:
    """It is all there, for who asks for it by name: else this test would find nothing in nothing."""
    for group, secret in (("hosts", CONTACT_PHONE), ("internships", MENTOR), ("outreach", FOUND.phone)):
        done = await asyncio.to_thread(lambda: desk.run(group, "show", "1", "--unmask"))  # noqa: B023 - awaited here
        assert secret in done.out, group


async def compares(desk: Desk) -> None:
    """Registers: the canary is found, somebody else becomes a task, bad rows are told of."""
    told = await desk.takes_in("real-name", [REGISTERED, FOUND_ROW, *BAD_ROWS], status=1)
    assert "没导入 2 行" in told
    await desk.does("registers", "match")
    await desk.does("outreach", "assign", "1", "--to", "李工")
    await desk.does(
        "outreach", "record", "1", "--way", "电话", "--result", "有意愿", "--note", "-", text=NOTE
    )


async def visits(listener: Listener, person: Person) -> None:
    """What everybody may see."""
    for path in (
        *("/positions", "/positions/1", "/hosts", "/agencies", "/events", "/policy", "/metrics"),
        *("/api/positions", "/api/hosts", "/api/bundles", "/api/openapi.json"),
    ):
        assert await listener.get(person, path) == 200, path
    assert await listener.get(person, f"/positions/{CANARY.phone}") == 404


async def test_nobody_of_the_ledger_is_anywhere_in_clear(data: Path, run: Run, tmp_path: Path) -> None:
    desk, listener = Desk(run, tmp_path), Listener()
    async with ClientSession(cookie_jar=DummyCookieJar()) as client:
        with await asyncio.to_thread(lambda: service(data, log_format="json")) as running:
            logs = await lived(desk, listener, client, running, data)
    for place, content in listener.heard.items():
        assert_clear_of(place, content, ALL)
    for command_line, output in desk.printed.items():
        assert_clear_of(command_line, output.encode(), ALL)
    for sheet in SHEETS:
        assert_clear_of(sheet, cells(tmp_path / f"{sheet}.xlsx").encode(), ALL)
    assert_clear_of("the logs", (logs + running.log).encode(), ALL)
    look_through(data, ALL)


async def lived(desk: Desk, listener: Listener, client: ClientSession, running: Service, data: Path) -> str:
    """All of it, with the service running; what it has logged so far."""
    intern, host = Person(client, running.address), Person(client, running.address)
    for text in CANARY.words:
        answer = await listener.post(intern, text)
    assert answer["step"] == "done"
    await recruits(desk, listener, host, intern)
    await serves(desk, listener, intern)
    await compares(desk)
    await looks(desk)
    await sees_in_full(desk)
    await visits(listener, intern)
    for text in ("我的见习", "我的信息"):
        await listener.post(intern, text)
    await listener.post(host, "单位申报")
    await takes_home(intern)
    look_through(data, ALL)
    return running.log
