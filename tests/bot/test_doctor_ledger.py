"""The doctor on the ledger: what is dated and has run out, what is missing, and demo data where it does not belong."""

from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest

from bot import doctor_ledger, poster
from bot.app import Parts
from bot.demo import load_demo
from bot.demo_ledger import load_demo_ledger
from bot.findings import Finding
from bot.settings import load as load_settings
from policy.outgoing_codes import CaseKind
from storage import cases, staff_bindings, targets, workdays
from storage.database import Connection
from tests.journeys.applicants import graduate
from tests.storage import rows
from tests.talking import Clock, take_all

TODAY = date(2026, 11, 24)


def of(findings: Iterator[Finding], subject: str) -> Finding:
    [found] = [finding for finding in findings if finding.subject == subject]
    return found


@pytest.mark.parametrize(
    ("subject", "day", "state", "mentions"),
    [
        ("最低工资标准", TODAY, "ok", "2026-11"),
        ("最低工资标准", date(2021, 11, 30), "fault", "2021-11"),
        ("月报栏目", TODAY, "warning", "待核对"),
    ],
)
def test_dated_rules_are_looked_at(
    tmp_path: Path, subject: str, day: date, state: str, mentions: str
) -> None:
    found = of(doctor_ledger.rules(load_settings(data=tmp_path), day), subject)
    assert found.state == state
    assert mentions in found.message


def test_a_form_file_that_cannot_be_read_is_a_fault(tmp_path: Path) -> None:
    (tmp_path / "report_forms.toml").write_text("money_unit =", "utf-8")
    found = of(doctor_ledger.rules(load_settings(data=tmp_path), TODAY), "月报栏目")
    assert (found.state, "report_forms.toml" in found.message) == ("fault", True)


def test_a_machine_without_chinese_letters_is_told_what_to_install(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(poster.find_font, "__defaults__", ((tmp_path,),))
    found = of(doctor_ledger.rules(load_settings(data=tmp_path), TODAY), "海报字体")
    assert (found.state, "fonts-wqy-microhei" in found.message) == ("warning", True)


def told(parts: Parts, subject: str, day: date = TODAY) -> Finding:
    return parts.database.read_sync(lambda c: of(doctor_ledger.contents(c, day), subject))


@pytest.mark.parametrize(
    ("day", "state", "mentions"),
    [
        (TODAY, "ok", "2026"),
        (date(2026, 12, 1), "warning", "calendar rest 2027-01-01"),
        (date(2027, 3, 1), "warning", "2027"),
    ],
)
def test_a_year_without_holidays_is_told_until_they_are_entered(
    parts: Parts, clock: Clock, day: date, state: str, mentions: str
) -> None:
    found = told(parts, "工作日历", day)
    assert (found.state, mentions in found.message) == (state, True)
    notice = (date(2027, 1, 1), date(2027, 10, 1))
    parts.database.write_sync(lambda c: workdays.change(c, notice, False, actor="cli:a", now=clock()))
    assert told(parts, "工作日历", day).state == "ok"


async def test_targets_of_the_year(parts: Parts, clock: Clock) -> None:
    missing = told(parts, "目标任务")
    assert (missing.state, "targets load 2026" in missing.message) == ("warning", True)
    rows, _ = targets.of_notice(2023)
    parts.database.write_sync(lambda c: targets.load(c, 2026, rows[:20], actor="cli:a", now=clock()))
    assert "只有 20 个市" in told(parts, "目标任务").message
    parts.database.write_sync(lambda c: targets.load(c, 2026, rows, actor="cli:a", now=clock()))
    assert told(parts, "目标任务").state == "ok"


async def test_demo_data_beside_real_people_is_worth_a_word(parts: Parts, clock: Clock) -> None:
    assert told(parts, "示例数据") == Finding("示例数据", "ok", "没有。")
    today = clock().date()
    parts.database.write_sync(lambda c: load_demo(c, parts.sealer, clock(), today))
    parts.database.write_sync(lambda c: load_demo_ledger(c, parts.sealer, clock(), today, ""))
    assert told(parts, "示例数据").state == "ok"
    await take_all(parts.turns, graduate(today).words)
    assert told(parts, "示例数据").state == "warning"


def test_a_city_whose_cases_nobody_is_bound_for_is_named_until_a_clerk_binds(
    parts: Parts, clock: Clock
) -> None:
    assert told(parts, "待办经办人").state == "ok"

    def open_two(connection: Connection) -> None:
        for owner in (None, "李敏"):  # the second has an owner, and is nobody's worry
            cases.open_case(
                connection, parts.sealer, CaseKind.CALL, None, clock(), city="440100", owner=owner
            )

    parts.database.write_sync(open_two)
    found = told(parts, "待办经办人")
    assert (found.state, "广州1件" in found.message) == ("warning", True)

    def bind(connection: Connection) -> None:
        code = staff_bindings.invite(connection, parts.sealer, "李敏", "440100", actor="test", now=clock())
        staff_bindings.bind(connection, parts.sealer, code, rows.contact(connection, "clerk"), now=clock())

    parts.database.write_sync(bind)
    assert told(parts, "待办经办人").state == "ok"
