"""Cells: every way in which clerks and Excel write a value, and sentences that never repeat a person's data."""

from datetime import date, datetime, time, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dialogs.errors import Rejected
from dialogs.parse.names import NOT_NAMES, person_name
from policy.calendar import CHINA
from policy.codes import HardshipKind
from policy.identity import DocumentRejected, check_digit, read_document
from storage.imports import cells, date_cells, person_cells
from storage.imports.cells import BadCell, Cell, Read
from storage.imports.date_cells import EPOCH
from tests.storage.register_rows import TODAY, number

ID = number(1)
EVERYDAY = """
    什么 怎么 怎样 如何 为啥 为何 干嘛 可以吗 能吗 要吗 有吗 是不是 能不能 可不可以 要不要 请问 你们 我们 我要 我想 我的
    报名 见习 身份证 手机 电话 不想 不用 不填 没有 先生 女士 同学 小姐 老师 师傅 经理 主任 我叫 本人 名叫 叫做 姓 免贵姓
    你好 您好 大家好 老师好 嗨 我是 本人是 姓名 名字是 谢谢您 谢谢 哦 啦
"""


def reason(read: Read, cell: Cell) -> str:
    with pytest.raises(BadCell) as bad:
        read(cell, TODAY)
    return bad.value.reason


@pytest.mark.parametrize(
    ("cell", "value"),
    [
        ("2023-06-30", "2023-06-30"),
        ("2023/6/30", "2023-06-30"),
        ("2023.6.30", "2023-06-30"),
        ("2023年6月30日", "2023-06-30"),
        ("2023年06月30号", "2023-06-30"),
        ("20230630", "2023-06-30"),
        ("２０２３－０６－３０", "2023-06-30"),
        (" 2023 年 6 月 30 日 ", "2023-06-30"),
        ("2023-06-30 00:00:00", "2023-06-30"),
        ("2023/6/30 8:05", "2023-06-30"),
        ("2023-06-30T08:05:00", "2023-06-30"),
        (date(2023, 6, 30), "2023-06-30"),
        (datetime(2023, 6, 30, 8), "2023-06-30"),  # noqa: DTZ001 - as a cell has it
        (45107.0, "2023-06-30"),
        (45107.75, "2023-06-30"),
        ("45107", "2023-06-30"),
        (20230630.0, "2023-06-30"),
        (20230630, "2023-06-30"),
        ("2023.6", "2023-06"),
        ("2023-06", "2023-06"),
        ("2023年6月", "2023-06"),
        ("202306", "2023-06"),
        (202306.0, "2023-06"),
        (2023.06, "2023-06"),
        (2023.6, "2023-06"),
        (2023.11, "2023-11"),
        ("2023.1", "2023-01"),
        ('="2023-06-30"', "2023-06-30"),
    ],
)
def test_a_date_is_read_however_it_is_written(cell: Cell, value: str) -> None:
    assert date_cells.day_or_month(cell, TODAY) == value


@pytest.mark.parametrize(
    ("cell", "part"),
    [
        (2023.1, "1 月还是 10 月"),
        ("2023", "只有年份"),
        (2023.0, "只有年份"),
        ("2023-13-01", "没有 13 月"),
        ("2023-02-29", "没有 29 日"),
        ("2023-6-31", "没有 31 日"),
        ("1023-06-30", "年份是 1023"),
        ("30/06/2023", "不是日期"),
        ("去年六月", "不是日期"),
        (True, "这里要填日期"),
        (time(8, 0), "这里要填日期"),
        (7.5, "不是日期"),
        (-3.0, "不是日期"),
        ("=TODAY()", "公式"),
    ],
)
def test_what_is_no_date_is_told_with_an_example(cell: Cell, part: str) -> None:
    assert part in reason(date_cells.day_or_month, cell)


@given(st.dates(date(1950, 1, 1), date(2100, 12, 31)))
def test_every_day_is_the_same_in_all_its_forms(day: date) -> None:
    forms: list[Cell] = [
        day,
        float((day - EPOCH).days),
        day.isoformat(),
        f"{day.year}/{day.month}/{day.day}",
        f"{day.year}.{day.month}.{day.day}",
        f"{day.year}年{day.month}月{day.day}日",
        f"{day:%Y%m%d}",
        float(f"{day:%Y%m%d}"),
    ]
    assert {date_cells.day(form, TODAY) for form in forms} == {day}


@pytest.mark.parametrize(
    ("read", "cell", "value"),
    [
        (date_cells.last_day, "2024年2月", date(2024, 2, 29)),
        (date_cells.last_day, "2024-02-10", date(2024, 2, 10)),
        (date_cells.last_day, "长期", date(2100, 12, 31)),
        (date_cells.month, date(2023, 8, 31), "2023-08"),
        (date_cells.month, "2023年8月", "2023-08"),
        (date_cells.moment, "2023年6月30日14时30分", datetime(2023, 6, 30, 14, 30, tzinfo=CHINA)),
        (date_cells.moment, "2023-06-30 9:00", datetime(2023, 6, 30, 9, tzinfo=CHINA)),
        (date_cells.moment, 45107.375, datetime(2023, 6, 30, 9, tzinfo=CHINA)),
        (
            date_cells.moment,
            datetime(2023, 6, 30, 9),  # noqa: DTZ001 - as a cell has it
            datetime(2023, 6, 30, 9, tzinfo=CHINA),
        ),
        (cells.whole(1), "３人", 3),
        (cells.whole(1), 12.0, 12),
        (cells.whole(1), "1,200", 1200),
        (cells.whole(1), "6个月", 6),
        (cells.money, 1840.5, 184050),
        (cells.money, "￥1,840.50元", 184050),
        (cells.money, "2300元/月", 230000),
        (cells.money, 0.0, 0),
        (cells.yes_no, "是", True),
        (cells.yes_no, 0.0, False),
        (cells.yes_no, "√", True),
        (cells.words(5), "计算机、软件工程，会计 计算机", ("计算机", "软件工程", "会计")),
        (cells.words(5), "不限", ()),
        (cells.education, "本科", "21"),
        (cells.education, "大学本科", "21"),
        (cells.education, "技师学院", "47A"),
        (cells.code_of(HardshipKind), "低保家庭", "01"),
        (cells.code_of(HardshipKind), "06", "06"),
        (cells.city, "广州", "440100"),
        (cells.city, 440100.0, "440100"),
        (person_cells.sex, "女", "2"),
        (person_cells.phone, 13800138000.0, "13800138000"),
        (person_cells.phone, "13800138000.0", "13800138000"),
        (person_cells.phone, "１３８ 0013 8000", "13800138000"),
        (person_cells.contact_phone, "020-1234 5678", "02012345678"),
        (person_cells.bank_account, "6222 0000 1111 2222", "6222000011112222"),
        (person_cells.uscc, "91440101ma59dhyd4x", None),
        (person_cells.place, "广州市天河区", "广州市天河区"),
        (person_cells.place, "天河区石牌街道", "440106 石牌街道"),
        (person_cells.place, "湖南省长沙市", "湖南省长沙市"),
        (person_cells.name, "阿卜杜拉•买买提", "阿卜杜拉·买买提"),
        (person_cells.name, "张 伟", "张伟"),
        (person_cells.id_number, f" {ID[:6]} {ID[6:]} ", ID),
        (person_cells.id_number, ID.translate(str.maketrans("0123456789", "０１２３４５６７８９")), ID),
        (cells.text(10), '="00123"', "00123"),
        (cells.text(10), " a\u200bb ", "ab"),
        (cells.text(30), "'=1+1", "=1+1"),
        (cells.text(30), "'90后", "'90后"),
        (cells.text(30), "-不限、+加分@", "-不限、+加分@"),
    ],
)
def test_a_cell_becomes_its_value(read: Read, cell: Cell, value: Any) -> None:  # noqa: ANN401
    if value is None:  # only that the reader of policy is asked, whose tests are elsewhere
        assert reason(read, cell)
    else:
        assert read(cell, TODAY) == value


@pytest.mark.parametrize(
    ("read", "cell", "part"),
    [
        (cells.whole(1), 1.5, "整数"),
        (cells.whole(1), "三人", "不是数字"),
        (cells.whole(1, 99), 100.0, "1 到 99"),
        (cells.whole(1), date(2023, 1, 1), "常规"),
        (cells.money, 1.005, "两位小数"),
        (cells.money, "-5", "0 到 1000 万"),
        (cells.money, "1e400", "太大"),
        (cells.money, "nan", "太大"),
        (cells.yes_no, "也许", "“是”或“否”"),
        (cells.words(2), "甲、乙、丙", "最多 2 个"),
        (cells.text(3), "一二三四", "3 个字以内"),
        (cells.text(9), "=cmd|' /C calc'!A0", "不执行公式"),
        (cells.text(9), "#REF!", "#REF!"),
        (cells.education, "幼儿园", "“幼儿园”"),
        (cells.code_of(HardshipKind, what="类别"), "有钱", "没有“有钱”这种类别"),
        (cells.city, "长沙", "长沙"),
        (person_cells.phone, "1.38001E+10", "科学记数"),
        (person_cells.phone, "020-12345678", "固定电话"),
        (person_cells.phone, "138****8000", "打了码"),
        (person_cells.phone, "1380013800", "11 位"),
        (person_cells.contact_phone, "打我电话", "一个号码"),
        (person_cells.name, "张3", "数字"),
        (person_cells.name, 5.0, "数字"),
        (person_cells.name, "本科", "不像姓名"),
        (person_cells.sex, "?", "“男”或“女”"),
        (person_cells.bank_account, 6.222e18, "变成了数字"),
        (person_cells.bank_account, "abc", "8 到 30 位"),
        (person_cells.uscc, 9.1440101e17, "设为文本"),
        (person_cells.uscc, "123", "18"),
        (date_cells.moment, "2023-06-30", "日期和时间"),
        (date_cells.past_day, "2030-01-01", "还没到"),
        (date_cells.day, "2023-06", "写到日"),
    ],
)
def test_a_fault_says_what_is_wrong(read: Read, cell: Cell, part: str) -> None:
    assert part in reason(read, cell)


LOST = person_cells.MADE_A_NUMBER


@pytest.mark.parametrize("cell", [4.40106200201010e17, "4.40106E+17", "4.40106E17", "4.40106200201010E+17"])
def test_an_id_number_that_excel_made_a_number_is_explained(cell: Cell) -> None:
    assert reason(person_cells.id_number, cell) == LOST


def test_three_zeros_at_the_end_point_to_excel_too() -> None:
    lost = ID[:15] + "000"
    assert check_digit(lost) != "0"
    assert reason(person_cells.id_number, lost) == person_cells.MADE_A_NUMBER_TOO


@pytest.mark.parametrize(
    ("cell", "part"),
    [
        ("440106800101001", "15 位"),
        (440106800101001.0, "15 位"),
        (ID[:17], "现在是 17 位"),
        (ID[:17] + ("1" if ID[17] != "1" else "2"), "校验位"),
        ("440106200213010011", "出生日期不存在"),
        ("4401**********0011", "打了码"),
    ],
)
def test_a_wrong_id_number_is_told_without_it(cell: Cell, part: str) -> None:
    told = reason(person_cells.id_number, cell)
    assert part in told
    assert str(cell)[:10] not in told


@given(st.integers(0, 10**17 - 1), st.sampled_from("0123456789Xx"))
def test_the_quick_look_at_an_id_number_agrees_with_the_rules(body: int, last: str) -> None:
    told = f"{body:017d}{last}"
    try:
        expected = read_document(told, TODAY).number
    except DocumentRejected:
        assert reason(person_cells.id_number, told)
    else:
        assert person_cells.id_number(told, TODAY) == expected


@given(st.dates(date(1960, 1, 1), date(2010, 12, 31)), st.integers(110000, 659999), st.integers(0, 999))
def test_every_sound_id_number_is_taken_as_it_is(born: date, region: int, order: int) -> None:
    body = f"{region}{born:%Y%m%d}{order:03d}"
    sound = body + check_digit(body)
    assert person_cells.id_number(sound, TODAY) == sound == read_document(sound, TODAY).number


def agrees_with_the_dialogs(told: str) -> None:
    try:
        expected = person_name(told, TODAY)
    except Rejected:
        assert reason(person_cells.name, told)
    else:
        assert person_cells.name(told, TODAY) == expected


@given(
    st.lists(
        st.sampled_from([*"一王李张何谢小如为本可人〇A3", *sorted(NOT_NAMES), *EVERYDAY.split()]),
        min_size=1,
        max_size=4,
    )
)
def test_the_quick_look_at_a_name_agrees_with_the_dialogs(parts: list[str]) -> None:
    agrees_with_the_dialogs("".join(parts))


@pytest.mark.parametrize("word", [*sorted(NOT_NAMES), *EVERYDAY.split()])
def test_words_that_are_no_names_are_none_in_a_spreadsheet_either(word: str) -> None:
    for told in (word, f"张伟{word}", f"{word}张伟"):
        agrees_with_the_dialogs(told)


ANY_CELL = st.one_of(
    st.text(max_size=40),
    st.floats(allow_nan=False),
    st.booleans(),
    st.dates(),
    st.datetimes(),
    st.times(),
    st.timedeltas(timedelta(0), timedelta(days=99)),
)
READERS = [
    *(cells.text(20), cells.words(3), cells.whole(0), cells.money, cells.yes_no, cells.education, cells.city),
    *(date_cells.day, date_cells.day_or_month, date_cells.last_day, date_cells.month, date_cells.moment),
    *(person_cells.id_number, person_cells.name, person_cells.phone, person_cells.contact_phone),
    *(person_cells.uscc, person_cells.bank_account, person_cells.sex, person_cells.place),
    cells.code_of(HardshipKind),
]


@given(st.sampled_from(READERS), ANY_CELL)
def test_whatever_a_cell_holds_there_is_a_value_or_a_sentence(read: Read, cell: Cell) -> None:
    try:
        read(cell, TODAY)
    except BadCell as bad:
        assert bad.reason.endswith(("。", "”。")), bad.reason  # noqa: PT017 - the sentence is the point


@given(st.sampled_from(READERS), st.integers(1, 800), st.sampled_from(["", "号", "13800138000", "abc"]))
def test_a_number_in_the_wrong_column_is_not_repeated(read: Read, person: int, more: str) -> None:
    told = number(person) + more
    try:
        read(told, TODAY)
    except BadCell as bad:
        assert told[:17] not in bad.reason  # noqa: PT017 - the sentence is the point
