"""A ledger kept elsewhere and its payments brought over, on both engines."""

from datetime import date
from typing import Any

import pytest
from sqlalchemy import select, update

from policy.ledger_codes import SubsidyStatus
from policy.refusal import Refused
from storage import internships, payout_accounts, people
from storage.database import Connection
from storage.imports import kinds_registers
from storage.internship_steps import Act
from storage.ledger_tables import (
    Internship,
    MonthlyReport,
    PayoutAccount,
    Position,
    SubsidyLine,
    Transition,
)
from storage.tables import Person, PersonField, core
from tests.storage.imports.importing import NOW, Importer, counts, faults
from tests.storage.imports.test_lists import FIRST, HOST, HOSTS, POSITIONS, position
from tests.storage.ledger_people import graduate
from tests.storage.register_rows import number, phone

TITLES = [
    *(
        "姓名",
        "身份证号",
        "统一社会信用代码",
        "岗位名称",
        "报名日期",
        "录用日期",
        "协议日期",
        "开始日期",
        "结束日期",
    ),
    *("到岗日期", "月补贴", "带教老师", "结束方式", "实际结束日期", "提前结束原因", "去向", "合同日期"),
    *("参保日期", "银行账号", "手机号", "学历", "毕业日期", "人员类别"),
]
INTERNSHIP, TRANSITION, LINE = core(Internship), core(Transition), core(SubsidyLine)


def line(n: int = 1, **other: object) -> list[Any]:
    own: dict[str, Any] = dict.fromkeys(TITLES, "") | {
        "姓名": "王小雨",
        "身份证号": number(n),
        "统一社会信用代码": FIRST,
        "岗位名称": "软件测试助理",
        "报名日期": "2026-01-05",
        "录用日期": "2026.1.8",
        "协议日期": "2026年1月10日",
        "开始日期": "2026-01-15",
        "结束日期": "2026-07-14",
        "到岗日期": date(2026, 1, 15),
        "月补贴": 2300,
        "带教老师": "陈敏",
        "结束方式": "期满",
        "实际结束日期": "2026-07-14",
        "去向": "留用",
        "合同日期": "2026-07-20",
        "参保日期": "2026-08-01",
        "银行账号": "6222000011112222",
        "手机号": phone(n),
        "学历": "本科",
        "毕业日期": "2025-06-30",
        "人员类别": "高校毕业生",
    }
    return list((own | other).values())


def still_there(n: int = 1, **other: object) -> list[Any]:
    """A line about somebody who is still in post."""
    open_end = dict.fromkeys(("结束方式", "实际结束日期", "去向", "合同日期", "参保日期", "银行账号"), "")
    return line(n, **(open_end | other))


@pytest.fixture
def ready(importer: Importer) -> Importer:
    """With a host and its position."""
    importer("hosts", [HOSTS, HOST])
    importer("positions", [POSITIONS, position()])
    return importer


def taken(importer: Importer) -> int:
    [[number_taken]] = importer.all(select(core(Position).c.taken))
    return int(number_taken)


def test_a_line_becomes_an_internship_with_its_person(ready: Importer) -> None:
    assert counts(ready("internships", [TITLES, line()])) == (1, 1, 0, 0, 0)
    [row] = ready.all(select(INTERNSHIP))
    assert (row.stage, row.ending, row.result, row.track) == ("ended", "completed", "retained", "graduate")
    assert (row.arrived_on, row.ends_on, row.ended_on) == (
        date(2026, 1, 15),
        date(2026, 7, 14),
        date(2026, 7, 14),
    )
    assert (row.arrived_period, row.ended_period, row.stipend_fen) == ("2026-01", "2026-07", 230_000)
    [person] = ready.all(select(core(Person)))
    assert (person.education, person.graduated_on, person.channel) == ("21", "2025-06-30", "import")
    assert (person.status, person.push_consent, person.residence_city) == ("registered", False, "440100")
    assert {row.source for row in ready.all(select(core(PersonField)))} == {"import"}
    assert len(ready.all(select(core(PayoutAccount)))) == 1
    found = ready.database.read_sync(lambda c: people.find_by_id_number(c, ready.sealer, number(1)))
    assert found is not None
    assert people.answers_of(ready.sealer, found)["birth_date"] == "2003-01-01"


def test_the_same_ledger_again_changes_nothing_and_more_of_it_adds_steps(ready: Importer) -> None:
    ready("internships", [TITLES, still_there()])
    steps = ready.all(select(TRANSITION))
    assert counts(ready("internships", [TITLES, still_there()])) == (1, 0, 0, 1, 0)
    assert ready.all(select(TRANSITION)) == steps
    assert counts(ready("internships", [TITLES, line()])) == (1, 0, 1, 0, 0)
    assert len(ready.all(select(TRANSITION))) == len(steps) + 2
    assert counts(ready("internships", [TITLES, line()])) == (1, 0, 0, 1, 0)
    assert counts(ready("internships", [TITLES, line(银行账号="6222000099998888")])) == (1, 0, 1, 0, 0)


def test_people_are_known_by_number_and_name(ready: Importer) -> None:
    def register(connection: Connection) -> str:
        person = connection.session.get_one(
            Person, graduate(connection, ready.sealer, graduated_on="2025-06-30")
        )
        return ready.sealer.open_text(person.id_number_sealed, b"person.id_number_sealed")

    known = ready.database.write_sync(register)
    lines = [
        TITLES,
        line(姓名="陈晓琳", 身份证号=known, 手机号="", 学历=""),
        line(姓名="陈小林", 身份证号=known, 岗位名称="软件测试助理 "),
        line(2, 手机号="", 学历=""),
    ]
    done = ready("internships", lines)
    assert counts(done) == (3, 1, 0, 0, 2)
    assert faults(done) == [(3, "身份证号"), (4, "手机号")]
    done = ready("internships", [TITLES, line(姓名="陈小林", 身份证号=known)])
    assert faults(done) == [(2, "姓名")]
    assert len(ready.all(select(core(Person)))) == 1


def test_what_the_ledger_leaves_out_comes_from_the_registers(ready: Importer) -> None:
    titles = [column.title for column in kinds_registers.PEOPLE]
    entry = dict.fromkeys(titles, "") | {"姓名": "王小雨", "身份证号": number(1)}
    ready("real-name", [titles, list((entry | {"学历": "大专", "毕业院校": "甲学院"}).values())])
    ready("unemployment", [titles, list((entry | {"手机号": phone(5)}).values())])
    assert counts(ready("internships", [TITLES, line(手机号="", 学历="")])) == (1, 1, 0, 0, 0)
    [person] = ready.all(select(core(Person)))
    assert (person.education, person.school) == ("31", "甲学院")


def test_faults_of_the_ledger_are_told_and_leave_nothing(ready: Importer) -> None:
    before = [ready.all(select(core(table))) for table in (Person, Internship, Transition)]
    lines = [
        TITLES,
        line(1, 岗位名称="没有的岗位"),
        line(2, 结束方式="期满", 实际结束日期=""),
        line(3, 到岗日期="2026-01-01"),
        line(4, 到岗日期="2027-01-01"),
        line(5, 去向="发财了"),
        line(6, 合同日期="", 参保日期=""),
    ]
    done = ready("internships", lines)
    assert {one.row for one in done.rejected} == {2, 3, 4, 5, 6, 7}
    assert faults(done)[:2] == [(2, "岗位名称"), (3, "结束方式")]
    assert (5, "到岗日期") in faults(done)
    assert (6, "去向") in faults(done)
    assert [ready.all(select(core(table))) for table in (Person, Internship, Transition)] == before


def test_two_internships_of_one_person_at_a_time_are_found_also_in_a_dry_run(ready: Importer) -> None:
    ready("positions", [POSITIONS, position(岗位名称="会计助理")])
    lines = [TITLES, still_there(), still_there(岗位名称="会计助理")]
    for dry_run in (True, False):
        done = ready("internships", lines, dry_run=dry_run)
        assert counts(done) == (2, 1, 0, 0, 1)
        assert "时间重叠" in done.rejected[0].reason


def test_a_ledger_is_taken_back_with_its_people_and_openings(ready: Importer) -> None:
    ready("internships", [TITLES, still_there()])
    assert taken(ready) == 1
    ready("internships", [TITLES, line(), line(2, 姓名="李小雪")])
    assert taken(ready) == 2
    ready.undo()
    [row] = ready.all(select(INTERNSHIP))
    assert (row.stage, row.ended_on, taken(ready)) == ("in_post", None, 1)
    assert len(ready.all(select(core(Person)))) == 1
    assert counts(ready("internships", [TITLES, still_there()])) == (1, 0, 0, 1, 0)


def test_a_new_line_goes_with_everything_it_brought(ready: Importer) -> None:
    ready("internships", [TITLES, line()])
    ready.undo()
    for table in (Internship, Transition, Person, PayoutAccount):
        assert ready.all(select(core(table))) == []
    assert taken(ready) == 0


def accounts(importer: Importer) -> list[tuple[str | None, bool]]:
    """The account of each person, and whether its hash finds it."""

    def read(connection: Connection) -> list[tuple[str | None, bool]]:
        rows = connection.sqlalchemy.execute(select(core(PayoutAccount))).all()
        found = [payout_accounts.get(connection, importer.sealer, row.person_id) for row in rows]
        indexes = [importer.sealer.index(one or "", payout_accounts.SCOPE) for one in found]
        return [
            (one, row.account_index == index) for one, row, index in zip(found, rows, indexes, strict=True)
        ]

    return importer.database.read_sync(read)


def test_a_changed_account_is_what_it_was_when_the_import_is_taken_back(ready: Importer) -> None:
    ready("internships", [TITLES, line(银行账号="")])
    for before, after in ((None, "6222000000000000017"), ("6222000000000000017", "6222000000000000025")):
        ready("internships", [TITLES, line(银行账号=before or "")])
        done = ready("internships", [TITLES, line(银行账号=after)])
        assert counts(done) == (1, 0, 1, 0, 0)
        assert accounts(ready) == [(after, True)]
        assert ready.undo().restored == 1
        assert accounts(ready) == ([(before, True)] if before else [])


def test_an_account_that_was_changed_after_the_import_keeps_it_from_being_taken_back(ready: Importer) -> None:
    ready("internships", [TITLES, line(银行账号="6222000000000000017")])
    ready("internships", [TITLES, line(银行账号="6222000000000000025")])
    act = {"actor": "clerk:wu", "now": NOW.replace(year=2027)}

    def change(connection: Connection) -> str:
        return payout_accounts.put(connection, ready.sealer, 1, "6222000000000000033", **act)  # type: ignore[arg-type]

    ready.database.write_sync(change)
    with pytest.raises(Refused, match="银行账号在导入之后又改过"):
        ready.undo()
    assert accounts(ready) == [("6222000000000000033", True)]


def file_month(importer: Importer, month: str) -> None:
    report = MonthlyReport(city="440100", month=month, figures={}, filed_by="clerk:wu", filed_at=NOW)
    importer.database.write_sync(lambda c: c.session.add(report))


def test_what_was_reported_or_built_upon_is_not_taken_back(ready: Importer) -> None:
    done = ready("internships", [TITLES, still_there()])
    file_month(ready, "2026-01")
    with pytest.raises(Refused, match="已计入 2026-01 报送的报表"):
        ready.undo()
    report = core(MonthlyReport)
    ready.database.write_sync(lambda c: c.sqlalchemy.execute(report.delete()).rowcount)
    act = Act(actor="clerk:li", now=NOW.replace(year=2027), today=date(2026, 11, 24), on=date(2026, 7, 14))
    ready.database.write_sync(lambda c: internships.complete(c, ready.sealer, 1, **act))
    with pytest.raises(Refused, match="又登记过新的事项"):
        ready.undo(done.run_id)


# --- payments ---------------------------------------------------------------------------------------------

PAID = ["身份证号", "统一社会信用代码", "月份", "项目", "金额（元）", "拨付日期"]


def paid(**other: object) -> list[Any]:
    own: dict[str, Any] = {
        "身份证号": number(1),
        "统一社会信用代码": FIRST,
        "月份": "2026年2月",
        "项目": "生活费",
        "金额（元）": 1840,
        "拨付日期": "2026-03-15",
    }
    return list((own | other).values())


@pytest.fixture
def in_post(ready: Importer) -> Importer:
    """With somebody in post since January."""
    ready("internships", [TITLES, line()])
    return ready


def test_a_payment_is_entered_once_and_taken_back(in_post: Importer) -> None:
    assert counts(in_post("subsidies", [PAID, paid()])) == (1, 1, 0, 0, 0)
    [row] = in_post.all(select(LINE))
    assert (row.amount_fen, row.status, row.kind, row.month) == (184_000, "paid", "living", "2026-02")
    assert (row.paid_on, row.paid_period, row.city) == (date(2026, 3, 15), "2026-03", "440100")
    assert counts(in_post("subsidies", [PAID, paid()])) == (1, 0, 0, 1, 0)
    with pytest.raises(Refused, match="已经有补贴明细"):
        in_post.undo(3)
    assert in_post.undo().removed == 1
    assert in_post.all(select(LINE)) == []


def test_a_payment_of_a_reported_month_waits_among_the_corrections_and_stays(in_post: Importer) -> None:
    file_month(in_post, "2026-03")
    in_post("subsidies", [PAID, paid()])
    assert in_post.all(select(LINE.c.paid_period)) == [(None,)]
    in_post.undo()
    in_post("subsidies", [PAID, paid(拨付日期="2026-04-15")])
    file_month(in_post, "2026-04")
    with pytest.raises(Refused, match="已计入 2026-04 报送的报表"):
        in_post.undo()


def test_a_computed_amount_becomes_a_paid_one_and_one_that_waits_does_not(in_post: Importer) -> None:
    in_post("subsidies", [PAID, paid()])

    def set_status(status: SubsidyStatus) -> None:
        values = {"status": status.value, "paid_on": None, "paid_period": None, "amount_fen": 200_000}
        query = update(LINE).values(values)
        in_post.database.write_sync(lambda c: c.sqlalchemy.execute(query).rowcount)

    for status in (SubsidyStatus.HELD, SubsidyStatus.REFUSED):
        set_status(status)
        assert faults(in_post("subsidies", [PAID, paid()])) == [(2, "项目")]
    set_status(SubsidyStatus.COMPUTED)
    before = in_post.all(select(LINE.c.status, LINE.c.amount_fen, LINE.c.basis))
    assert counts(in_post("subsidies", [PAID, paid()])) == (1, 0, 1, 0, 0)
    [row] = in_post.all(select(LINE))
    assert (row.status, row.amount_fen, row.basis["computed_fen"]) == ("paid", 184_000, 200_000)
    in_post.undo()
    assert in_post.all(select(LINE.c.status, LINE.c.amount_fen, LINE.c.basis)) == before


def test_faults_of_payments_name_their_columns(in_post: Importer) -> None:
    in_post("subsidies", [PAID, paid()])
    lines = [
        PAID,
        paid(**{"金额（元）": 1900}),
        paid(身份证号=number(7)),
        paid(统一社会信用代码="91440300708461136T"),
        paid(月份="2025-12"),
        paid(月份="2026-05", 拨付日期="2026-04-01"),
        paid(月份="2026-03", **{"金额（元）": 0}),
        paid(月份="2026-04", 项目="红包"),
        paid(月份="2026-06", 拨付日期="2026-12-31"),
    ]
    assert faults(in_post("subsidies", lines)) == [
        (2, "金额（元）"),
        (3, "身份证号"),
        (4, "统一社会信用代码"),
        (5, "月份"),
        (6, "拨付日期"),
        (7, "金额（元）"),
        (8, "项目"),
        (9, "拨付日期"),
    ]
