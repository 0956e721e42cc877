"""Registers (名册): of people to be found, and of hardship to be compared with.

人社部发〔2023〕27号 二(一): 实名信息数据库、求职登记、失业登记库; 与低保、脱贫、残疾等数据库开展比对. The rows go to
`storage.registers` and `storage.hardship_registers` by portions.
"""

from __future__ import annotations

from datetime import date
from types import ModuleType
from typing import Any, Final

from sqlalchemy import bindparam, select

from policy.codes import HardshipKind
from policy.ledger_codes import RegisterKind
from policy.refusal import Refused
from storage import hardship_registers, registers
from storage.database import Connection, Statement
from storage.imports import date_cells, person_cells
from storage.imports.cells import Cell, code_of, education, plain, text
from storage.imports.kinds import Change, Column, Columns, Kind, Outcomes, Prepare, Put, Restore, Scope
from storage.ledger_tables import HardshipEntry
from storage.register_rows import Prepared
from storage.register_rows import put as put_rows
from storage.tables import RegisterEntry, core

NAME: Final = Column(
    "name",
    "姓名",
    person_cells.name,
    True,
    ("名字", "毕业生姓名"),
    "张伟",
    varied=True,
    as_is=person_cells.is_plain_name,
)
ID_NUMBER: Final = Column(
    "id_number",
    "身份证号",
    person_cells.id_number,
    True,
    ("身份证", "身份证号码", "公民身份号码", "居民身份证号", "证件号", "证件号码", "身份证件号码"),
    "440106200201010013",
    "这一列请设为“文本”格式，否则 Excel 会把后三位变成 0。",
    varied=True,
)
PEOPLE: Final = (
    NAME,
    ID_NUMBER,
    Column(
        "phone",
        "手机号",
        person_cells.phone,
        False,
        ("手机", "手机号码", "联系电话", "电话", "联系方式", "移动电话"),
        "13800138000",
        varied=True,
        as_is=person_cells.is_mobile,
    ),
    Column("sex", "性别", person_cells.sex, example="男"),
    Column(
        "household", "户籍地", person_cells.place, False, ("户籍", "户口所在地", "户籍所在地"), "广东省梅州市"
    ),
    Column("residence", "常住地", person_cells.place, False, ("居住地", "现住址", "住址"), "广州市天河区"),
    Column("school", "毕业院校", text(60), False, ("毕业学校", "学校", "院校", "学校名称"), "广东工业大学"),
    Column("major", "专业", text(60), False, ("所学专业", "专业名称"), "软件工程"),
    Column("education", "学历", education, False, ("学历层次", "文化程度"), "大学本科"),
    Column(
        "graduated_on",
        "毕业日期",
        date_cells.day_or_month,
        False,
        ("毕业时间", "毕业年月"),
        "2023-06-30",
        "写到月也可以。",
    ),
    Column(
        "unemployment_registered_on",
        "失业登记日期",
        date_cells.past_day_or_month,
        False,
        ("失业登记时间", "登记失业日期"),
        "2023-09-01",
    ),
)
KIND_WORDS: Final = (
    ("低保边缘", HardshipKind.NEAR_MINIMUM_LIVING_ALLOWANCE),
    ("低保", HardshipKind.MINIMUM_LIVING_ALLOWANCE),
    ("最低生活保障", HardshipKind.MINIMUM_LIVING_ALLOWANCE),
    ("零就业", HardshipKind.NOBODY_EMPLOYED),
    ("监测", HardshipKind.WATCHED_AGAINST_POVERTY),
    ("致贫", HardshipKind.WATCHED_AGAINST_POVERTY),
    ("返贫", HardshipKind.WATCHED_AGAINST_POVERTY),
    ("严重困难", HardshipKind.WATCHED_AGAINST_POVERTY),
    ("脱贫", HardshipKind.LIFTED_OUT_OF_POVERTY),
    ("建档立卡", HardshipKind.LIFTED_OUT_OF_POVERTY),
    ("残疾人家庭", HardshipKind.DISABLED_FAMILY),
    ("残疾", HardshipKind.DISABLED),
    ("特困职工", HardshipKind.HARD_UP_WORKER_FAMILY),
    ("特困", HardshipKind.EXTREME_POVERTY_SUPPORT),
    ("孤儿", HardshipKind.ORPHAN),
    ("无人抚养", HardshipKind.ORPHAN),
    ("助学贷款", HardshipKind.STUDENT_LOAN),
    ("长期失业", HardshipKind.LONG_TERM_UNEMPLOYED),
    ("其他", HardshipKind.OTHER),
)
"""Words by which registers name a kind (城市低保户, 肢体残疾二级), the longer before the shorter they contain."""
_kind = code_of(HardshipKind, what="困难类别")


def hardship_kind(cell: Cell, today: date) -> str:
    """Read a kind of hardship: its name, its code, or however a register calls it."""
    told = plain(cell)
    found = next((kind for word, kind in KIND_WORDS if word in told and len(told) <= LONGEST_KIND), None)
    return found.value if found and told not in LABELS else _kind(cell, today)


LONGEST_KIND: Final = 20
LABELS: Final = frozenset(kind.label for kind in HardshipKind)
USUAL: Final = {
    RegisterKind.LOW_INCOME: HardshipKind.MINIMUM_LIVING_ALLOWANCE,
    RegisterKind.POVERTY_RELIEF: HardshipKind.LIFTED_OUT_OF_POVERTY,
    RegisterKind.DISABILITY: HardshipKind.DISABLED,
}
"""The kind that a register means where its 类别 is empty."""


def _hardship_columns(usual: HardshipKind | None) -> tuple[Column, ...]:
    note = f"空着就是“{usual.label}”。" if usual else ""
    return (
        NAME,
        ID_NUMBER,
        Column(
            "kind",
            "类别",
            hardship_kind,
            usual is None,
            ("困难类别", "困难类型"),
            (usual or HardshipKind.OTHER).label,
            note,
        ),
        Column("proof_date", "认定日期", date_cells.past_day, False, ("认定时间", "发证日期"), "2023-01-15"),
        Column("expires_on", "有效期", date_cells.last_day, False, ("有效期至", "有效期止"), "2025-12-31"),
    )


def _preparing(module: ModuleType) -> Prepare:
    def prepare(scope: Scope, columns: Columns) -> Any:  # noqa: ANN401 - as the module has it
        return module.prepared(scope.sealer, columns)

    return prepare


def _putting(module: ModuleType, register: str) -> Put:
    def put(connection: Connection, scope: Scope, rows: Prepared) -> Outcomes:
        return put_rows(connection, scope.sealer, module.FORM, register, rows, scope.run_id, scope.now)

    return put


def _restoring(module: ModuleType, table: type[RegisterEntry] | type[HardshipEntry]) -> Restore:
    entry = core(table)
    run_of = Statement(select(entry.c.run_id).where(entry.c.id == bindparam("entry")), "entry")

    def restore(connection: Connection, scope: Scope, change: Change) -> None:
        found = connection.run(run_of, (change.row_id,)).fetchone()
        if found is None:
            return  # gone already, with the register or the person's data
        if found[0] != scope.run_id:
            raise Refused(f"名册记录 {change.row_id} 又被后来的导入改过，请先撤销后来的那次。")
        module.restore(connection, scope.sealer, change.row_id, change.before)

    return restore


def _people(register: RegisterKind) -> Kind:
    return Kind(
        register.value,
        f"{register.label}名册",
        "register_entry",
        PEOPLE,
        ("id_number",),
        _putting(registers, register.value),
        _restoring(registers, RegisterEntry),
        _preparing(registers),
        bulk=True,
        follows="导入后请运行 jianxi registers match：与报名的人比对，没报名的列入走访摸排。",
    )


def _hardship(register: RegisterKind) -> Kind:
    usual = USUAL.get(register)
    return Kind(
        register.value,
        f"{register.label}名册",
        "hardship_entry",
        _hardship_columns(usual),
        ("id_number", "kind"),
        _putting(hardship_registers, register.value),
        _restoring(hardship_registers, HardshipEntry),
        _preparing(hardship_registers),
        defaults={"kind": usual.value} if usual else {},
        bulk=True,
        follows="导入后请运行 jianxi registers match：与报名的人比对，标出困难毕业生。",
    )


KINDS: Final = (
    *(
        _people(kind)
        for kind in (RegisterKind.REAL_NAME, RegisterKind.JOB_SEEKERS, RegisterKind.UNEMPLOYMENT)
    ),
    *(
        _hardship(kind)
        for kind in (
            RegisterKind.LOW_INCOME,
            RegisterKind.POVERTY_RELIEF,
            RegisterKind.DISABILITY,
            RegisterKind.OTHER_HARDSHIP,
        )
    ),
)
