"""Imports of registers: headers, faults row by row, repeats, dry runs, the same file again, and taking it back."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from typing import Any

import orjson
import pytest
from sqlalchemy import func, select

from policy.codes import HardshipKind
from policy.ledger_codes import ContactResult, ContactWay
from policy.refusal import Refused
from storage import cross_match, outreach
from storage.database import Connection
from storage.errors import NotFound
from storage.imports import kinds_registers, runs
from storage.imports.everything import KINDS
from storage.imports.kinds import Outcomes, Scope, Values
from storage.imports.rows import Rejection
from storage.ledger_tables import HardshipEntry, ImportChange, ImportRun, OutreachTask
from storage.registers import DATA
from storage.tables import Audit, HardshipMark, RegisterEntry, core
from tests.storage.imports.files import Lines, csv, xlsx
from tests.storage.imports.importing import NOW, TODAY, Importer, counts, faults
from tests.storage.register_rows import number, person, phone

TITLES = ["姓名", "身份证号", "手机号", "性别", "户籍地", "常住地", "毕业院校", "专业", "学历", "毕业日期"]
ENTRIES, RUNS, CHANGES = core(RegisterEntry), core(ImportRun), core(ImportChange)
NAMES = "赵钱孙李周吴郑王冯陈褚卫蒋沈韩杨朱秦尤许"


def line(n: int, **other: object) -> list[Any]:
    own = {
        "姓名": NAMES[n % 20] + NAMES[n // 20 % 20],
        "身份证号": number(n),
        "手机号": phone(n),
        "性别": "女",
        "户籍地": "广东省梅州市",
        "常住地": "广州市天河区",
        "毕业院校": "中山大学",
        "专业": "软件工程",
        "学历": "本科",
        "毕业日期": "2026-06-30",
    }
    return list((own | other).values())


def table(*people: int) -> Lines:
    return [TITLES, *(line(n) for n in people)]


def entries(importer: Importer) -> list[dict[str, Any]]:
    rows = importer.all(select(ENTRIES.c.data_sealed).order_by(ENTRIES.c.id))
    return [orjson.loads(importer.sealer.open(row[0], DATA)) for row in rows]


def test_a_row_is_kept_with_every_field_in_its_stored_form(importer: Importer) -> None:
    done = importer("real-name", table(1))
    assert counts(done) == (1, 1, 0, 0, 0)
    assert entries(importer) == [
        {
            "name": "钱赵",
            "id_number": number(1),
            "phone": phone(1),
            "sex": "2",
            "household": "广东省梅州市",
            "residence": "广州市天河区",
            "school": "中山大学",
            "major": "软件工程",
            "education": "21",
            "graduated_on": "2026-06-30",
        }
    ]
    [row] = importer.all(select(ENTRIES.c.city, ENTRIES.c.run_id, ENTRIES.c.register))
    assert row == ("440100", done.run_id, "real-name")


def test_columns_stand_in_any_order_under_other_names_below_a_title(importer: Importer) -> None:
    lines = [
        ["2026 年离校未就业毕业生名册"],
        [],
        ["备注", " 身份证号码（必填）", "电 话*", "姓名", "备注"],
        ["甲", number(1), phone(1), "钱一", "乙"],
    ]
    done = importer("real-name", lines)
    assert counts(done) == (1, 1, 0, 0, 0)
    assert done.unknown_columns == ["备注"]
    assert entries(importer) == [{"name": "钱一", "id_number": number(1), "phone": phone(1)}]


def test_blank_rows_are_passed_over_and_numbers_stay_those_of_excel(importer: Importer) -> None:
    lines = [TITLES, [], line(1), ["", " ", None], line(2, 姓名="9"), ["/", "-"]]
    done = importer("real-name", lines)
    assert counts(done) == (2, 1, 0, 0, 1)
    assert faults(done) == [(5, "姓名")]


@pytest.mark.parametrize(
    ("lines", "part"),
    [
        ([["姓名", "身份证号", "姓 名"], ["张伟", number(1), "李娜"]], "A 列和 C 列重复了"),
        (
            [["姓名", "身份证号", "证件号码"], ["张伟", number(1), number(2)]],
            "B 列和 C 列重复了：“身份证号”和“证件号码”",
        ),
        ([["姓名", "手机号"], ["张伟", phone(1)]], "缺少这些列：身份证号"),
        ([["甲", "乙"], ["张伟", phone(1)]], "没有找到表头"),
        ([[], *[["说明"]] * 11, TITLES, line(1)], "前 10 行里没有找到表头"),
    ],
)
def test_a_file_without_a_clear_header_is_refused_and_stores_nothing(
    importer: Importer, lines: Lines, part: str
) -> None:
    with pytest.raises(Refused, match=part):
        importer("real-name", lines)
    assert importer.all(select(RUNS)) == []


def test_a_csv_file_that_breaks_off_is_refused_before_anything_is_stored(importer: Importer) -> None:
    with pytest.raises(Refused, match="引号没有成对"):
        importer("real-name", csv(table(1)) + b'"' + b"x" * 200_000)
    assert importer.all(select(RUNS)) == []


def test_a_row_tells_all_its_faults_and_no_value_of_the_person(importer: Importer) -> None:
    wrong = line(
        1, 姓名="", 身份证号=number(1)[:17] + "9", 手机号="123456789012", 学历="幼儿园", 毕业日期="2026.13"
    )
    done = importer("real-name", [TITLES, wrong, line(2)])
    assert counts(done) == (2, 1, 0, 0, 1)
    assert faults(done) == [(2, title) for title in ("姓名", "身份证号", "手机号", "学历", "毕业日期")]
    told = "".join(one.reason for one in done.rejected)
    assert number(1)[:14] not in told
    assert "123456789012" not in told


def test_excel_made_numbers_of_id_numbers_and_phones(importer: Importer) -> None:
    lines = [
        TITLES,
        line(1, 身份证号=float(number(1)[:17] + "0"), 手机号=float(phone(1))),
        line(2, 身份证号="4.40106E+17"),
        line(3, 手机号=float(phone(3)), 毕业日期=date(2026, 6, 30)),
        line(4, 毕业日期=46203.0),
    ]
    done = importer("real-name", lines)
    assert faults(done) == [(2, "身份证号"), (3, "身份证号")]
    assert all("Excel 把身份证号变成了数字，后三位已丢失" in one.reason for one in done.rejected)
    assert [(one["phone"], one["graduated_on"]) for one in entries(importer)] == [
        (phone(3), "2026-06-30"),
        (phone(4), "2026-06-30"),
    ]


def test_the_later_of_two_rows_about_one_person_is_reported(importer: Importer) -> None:
    done = importer("real-name", [TITLES, line(1), line(2), line(1, 手机号=phone(9))])
    assert counts(done) == (3, 2, 0, 0, 1)
    assert done.rejected == [Rejection(4, "身份证号", "与第 2 行重复，这一行没有导入。")]
    assert entries(importer)[0]["phone"] == phone(1)


def test_rows_with_merged_cells_are_reported_by_their_range(importer: Importer) -> None:
    data = xlsx([["名册"], TITLES, line(1), line(2), line(3), ["备注"]], ["A1:J1", "G3:G4", "A6:J6"])
    done = importer("real-name", data)
    assert counts(done) == (4, 1, 0, 0, 3)
    assert [(one.row, one.column) for one in done.rejected] == [(3, None), (4, None), (6, None)]
    assert "G3:G4" in done.rejected[0].reason


def test_merged_cells_in_the_header_refuse_the_file(importer: Importer) -> None:
    with pytest.raises(Refused, match="表头里有合并的单元格 C1:D1"):
        importer("real-name", xlsx([TITLES, line(1)], ["C1:D1"]))


def test_formulas_are_no_values(importer: Importer) -> None:
    done = importer("real-name", csv([TITLES, line(1, 毕业院校="=HYPERLINK(1)"), line(2, 专业="-不限")]))
    assert faults(done) == [(2, "毕业院校")]
    assert entries(importer)[0]["major"] == "-不限"


def test_three_thousand_rows_of_which_five_in_a_hundred_are_bad(
    importer: Importer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(runs, "BULK_PORTION", 700)
    lines = [TITLES, *(line(n, 身份证号=number(n)[:17]) if n % 20 == 7 else line(n) for n in range(3000))]
    heard: list[tuple[int, int]] = []
    done = importer("real-name", lines, progress=lambda rows, total: heard.append((rows, total)))
    again = importer("real-name", lines)
    assert counts(done) == (3000, 2850, 0, 0, 150)
    assert faults(done) == [(n + 2, "身份证号") for n in range(3000) if n % 20 == 7]
    assert heard == [(700, 3000), (1400, 3000), (2100, 3000), (2800, 3000), (3000, 3000)]
    assert counts(again) == (3000, 0, 0, 2850, 150)
    assert importer.all(select(func.count()).select_from(ENTRIES)) == [(2850,)]
    [kept] = importer.all(select(RUNS).where(RUNS.c.id == done.run_id))
    assert (kept.read, kept.added, kept.rejected, kept.finished) == (3000, 2850, 150, True)


def test_the_same_file_again_changes_nothing_but_the_list_of_imports(importer: Importer) -> None:
    importer("real-name", table(1, 2))
    before = importer.all(select(ENTRIES))
    done = importer("real-name", table(2, 1))
    assert counts(done) == (2, 0, 0, 2, 0)
    assert importer.all(select(ENTRIES)) == before
    assert importer.all(select(CHANGES.c.row_id).where(CHANGES.c.run_id == done.run_id)) == []


def test_a_dry_run_tells_what_would_happen_and_stores_nothing(importer: Importer) -> None:
    importer("real-name", table(1))
    lines = [TITLES, line(1, 专业="会计"), line(2), line(3, 姓名="9")]
    done = importer("real-name", lines, dry_run=True)
    assert counts(done) == (3, 1, 1, 0, 1)
    assert done.run_id is None
    assert len(importer.all(select(RUNS))) == 1
    assert counts(importer("real-name", lines)) == counts(done)


def test_nobody_can_be_read_from_what_an_import_leaves(importer: Importer) -> None:
    importer("real-name", table(1))
    importer("real-name", [TITLES, line(1, 专业="会计"), line(2, 姓名="9")])
    left = repr([importer.all(select(t)) for t in (ENTRIES, RUNS, CHANGES, core(Audit))])
    for value in (number(1), phone(1), "钱赵"):
        assert value not in left
        assert value.encode().hex() not in left


def test_an_import_and_its_undoing_are_audited_with_counts_only(importer: Importer) -> None:
    done = importer("real-name", table(1, 2))
    importer.undo()
    audit = core(Audit)
    rows = importer.all(
        select(audit.c.actor, audit.c.action, audit.c.subject, audit.c.detail).order_by(audit.c.id)
    )
    counted = {"kind": "real-name", "read": 2, "added": 2, "changed": 0, "unchanged": 0, "rejected": 0}
    subject = f"import_run:{done.run_id}"
    assert rows == [
        ("clerk:li", "import.run", subject, counted),
        ("clerk:li", "import.undo", subject, {"kind": "real-name", "removed": 2, "restored": 0}),
    ]


# --- taking back ------------------------------------------------------------------------------------------


def test_the_last_import_is_taken_back_as_a_whole(importer: Importer) -> None:
    importer("real-name", table(1, 2))
    before = entries(importer)
    done = importer("real-name", [TITLES, line(1, 专业="会计"), line(3), line(4)])
    importer("real-name", table(2))  # changes nothing, so it is not the last to be taken back
    assert importer.undo() == (done.run_id, "real-name", 2, 1)
    assert entries(importer) == before
    assert importer.all(select(CHANGES.c.row_id).where(CHANGES.c.run_id == done.run_id)) == []
    assert importer.undo().removed == 2
    assert entries(importer) == []
    with pytest.raises(Refused, match="没有可以撤销的导入"):
        importer.undo()


def test_an_import_can_be_taken_back_once_and_repeated_after_it(importer: Importer) -> None:
    done = importer("real-name", table(1))
    importer.undo(done.run_id)
    with pytest.raises(Refused, match="已经撤销过了"):
        importer.undo(done.run_id)
    with pytest.raises(NotFound):
        importer.undo(999)
    assert counts(importer("real-name", table(1))) == (1, 1, 0, 0, 0)


def test_what_a_later_import_changed_is_not_taken_back_before_it(importer: Importer) -> None:
    first = importer("real-name", table(1, 2))
    importer("real-name", [TITLES, line(1, 专业="会计")])
    with pytest.raises(Refused, match="又被后来的导入改过") as refused:
        importer.undo(first.run_id)
    assert "什么都没有动" in refused.value.reasons[0]
    assert len(entries(importer)) == 2
    importer.undo()
    assert importer.undo(first.run_id).removed == 2


def test_whoever_was_contacted_because_of_a_register_keeps_it(importer: Importer) -> None:
    importer("real-name", table(1, 2))

    def contact(connection: Connection) -> None:
        cross_match.run(connection, importer.sealer, now=NOW, today=TODAY)
        tasks = outreach_tasks(connection)
        outreach.record(
            connection,
            importer.sealer,
            tasks[0],
            ContactWay.PHONE,
            ContactResult.NO_ANSWER,
            actor="clerk:li",
            now=NOW,
            today=TODAY,
        )

    importer.database.write_sync(contact)
    with pytest.raises(Refused, match="已经有走访记录"):
        importer.undo()
    assert len(entries(importer)) == 2


def outreach_tasks(connection: Connection) -> list[int]:
    task = core(OutreachTask)
    return [row[0] for row in connection.sqlalchemy.execute(select(task.c.id).order_by(task.c.id))]


def test_a_hardship_register_marks_people_and_gives_them_up_again(importer: Importer) -> None:
    importer.database.write_sync(lambda c: person(c, importer.sealer, 1))
    lines = [
        ["姓名", "身份证号", "类别", "认定日期", "有效期"],
        ["学生一", number(1), "", "2025.1.5", "2027年6月"],
        ["学生一", number(1), "低保家庭", "", ""],
        ["学生二", number(2), "低保边缘", "", "长期"],
        ["学生三", number(3), "有钱", "", ""],
    ]
    done = importer("low-income", lines)
    assert counts(done) == (4, 2, 0, 0, 2)
    assert faults(done) == [(3, "身份证号"), (5, "类别")]
    table = core(HardshipEntry)
    rows = importer.all(select(table.c.kind, table.c.proof_date, table.c.expires_on).order_by(table.c.id))
    assert rows == [("01", date(2025, 1, 5), date(2027, 6, 30)), ("02", None, date(2100, 12, 31))]
    importer.database.write_sync(lambda c: cross_match.run(c, importer.sealer, now=NOW, today=TODAY))
    assert len(importer.all(select(core(HardshipMark)))) == 1
    importer.undo()
    assert importer.all(select(core(HardshipMark))) == importer.all(select(table)) == []


@pytest.mark.parametrize(
    ("told", "kind"),
    [
        *((kind.label, kind.value) for kind in HardshipKind),
        *((kind.value, kind.value) for kind in HardshipKind),
        *(("城市低保户", "01"), ("低保边缘户", "02"), ("脱贫人口", "04"), ("脱贫不稳定监测户", "05")),
        *(
            ("肢体残疾二级", "06"),
            ("残疾人家庭", "07"),
            ("特困供养", "08"),
            ("特困职工", "11"),
            ("孤儿", "09"),
        ),
    ],
)
def test_a_kind_of_hardship_is_read_as_registers_name_it(told: str, kind: str) -> None:
    assert kinds_registers.hardship_kind(told, TODAY) == kind


def test_other_registers_need_a_kind(importer: Importer) -> None:
    lines = [["姓名", "身份证号", "类别"], ["学生一", number(1), ""], ["学生二", number(2), "孤儿"]]
    assert faults(importer("other-hardship", lines)) == [(2, "类别")]


def test_a_portion_that_meets_somebody_elses_change_leaves_the_others(
    importer: Importer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(runs, "BULK_PORTION", 1)
    kind = KINDS["real-name"]
    portions: list[int] = []

    def interfering(connection: Connection, scope: Scope, rows: Sequence[Values]) -> Outcomes:
        portions.append(len(rows))
        found = kind.put(connection, scope, rows)
        if len(portions) == 2:
            taken = connection.sqlalchemy.execute(select(ENTRIES)).mappings().first()
            connection.sqlalchemy.execute(ENTRIES.insert().values(dict(taken or {}) | {"id": 999}))
        return found

    monkeypatch.setitem(importer.kinds, "real-name", replace(kind, put=interfering))
    with pytest.raises(Refused, match="再导入一次"):
        importer("real-name", table(1, 2, 3))
    assert len(entries(importer)) == 1
    [kept] = importer.all(select(RUNS.c.finished, RUNS.c.added))
    assert kept == (False, 1)
    assert importer.undo().removed == 1
