"""Files as they come: told by their content, refused kindly, and never opened when they would fill memory."""

import random
import tracemalloc
import zipfile
from io import BytesIO

import pytest

from policy.refusal import Refused
from storage.imports import reading, zips
from storage.imports.reading import Sheet, read_sheet
from tests.storage.imports import files
from tests.storage.imports.files import SHEET, csv, ods, ods_row, repacked, sheet_xml, xls, xlsx

LINES = [["姓名", "身份证号"], ["张伟", "440106"], ["李娜", "440107"]]


def rows(data: bytes) -> list[list[object]]:
    return [list(row) for row in read_sheet(data).rows]


def refusal(data: bytes) -> str:
    with pytest.raises(Refused) as refused:
        list(read_sheet(data).rows)
    return refused.value.reasons[0]


@pytest.mark.parametrize(
    "data",
    [
        xlsx(LINES),
        xls(LINES),
        ods("".join(ods_row(*line) for line in LINES)),
        csv(LINES),
        csv(LINES, "utf-8"),
        csv(LINES, "gb18030"),
        csv(LINES, "utf-16", "\t"),
        csv(LINES, delimiter=";"),
    ],
    ids=["xlsx", "xls", "ods", "csv", "csv without mark", "gb18030", "utf-16 with tabs", "semicolons"],
)
def test_a_table_is_read_by_its_content(data: bytes) -> None:
    sheet = read_sheet(data)
    assert [list(row) for row in sheet.rows] == LINES
    assert sheet.height >= len(LINES)


def test_rows_and_columns_keep_their_places_when_the_table_begins_further_down() -> None:
    sheet = read_sheet(files.cells({"C4": "姓名", "D4": "身份证号", "C6": "张伟"}))
    assert sheet.first_column == 2
    assert [number for number, row in enumerate(sheet.rows, 1) if any(row)] == [4, 6]


def test_only_the_first_sheet_with_content_is_read_and_the_others_are_told() -> None:
    sheet = read_sheet(xlsx([], 甲=LINES, 乙=LINES))
    assert [list(row) for row in sheet.rows] == LINES
    assert sheet.notes == ["只读了工作表“甲”，还有 1 张没有读。"]


def test_formulas_give_the_value_that_was_saved_and_are_not_computed() -> None:
    made = xlsx([["姓名", "年龄"], ["张伟", 1]])
    cell = '<row r="1"><c r="A1"><f>1+1</f><v>41</v></c><c r="B1"><f>1+1</f></c></row>'
    assert rows(repacked(made, {SHEET: sheet_xml(cell)})) == [[41.0]]


def test_merged_cells_are_told() -> None:
    assert read_sheet(xlsx(LINES, ["A2:B3"])).merged == [(1, 0, 2, 1)]


@pytest.mark.parametrize(
    ("data", "part"),
    [
        (b"", "空的"),
        (b" \r\n ", "空的"),
        (xlsx([]), "没有内容"),
        (b"PK\x03\x04 and then nothing", "已损坏"),
        (xlsx(LINES)[:3000], "已损坏"),
        (xls(LINES)[:600], "已损坏"),
        (repacked(xlsx(LINES), {SHEET: b"<worksheet><sheetData>"}), "已损坏"),
        (files.compound("EncryptedPackage"), "密码"),
        (files.compound("Something"), "已损坏"),
        (b"<html><table><tr><td>1</td></tr></table></html>", "网页"),
        ('<?xml version="1.0"?><Workbook/>'.encode("utf-16"), "网页"),
        (b"\x89PNG\r\n\x1a\n\0\0\0\r", "不是表格"),
        (b"\xff\xff\xff\xff", "编码"),
        ("姓名，身份证号，手机号\n张，1，2".encode(), "全角逗号"),
        (b'"a,b\nc', "第 2 行有"),
    ],
)
def test_what_cannot_be_read_is_refused_with_a_sentence(data: bytes, part: str) -> None:
    if part == "第 2 行有":  # a quotation mark that never closes swallows the rest
        assert rows(data) == [["a,b\nc"]]
        return
    assert part in refusal(data)


def zipped(parts: dict[str, bytes]) -> bytes:
    file = BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in parts.items():
            archive.writestr(name, data)
    return file.getvalue()


@pytest.mark.parametrize(
    ("parts", "part"),
    [
        ({"a.txt": b"x"}, "压缩包"),
        ({"xl/workbook.bin": b"x"}, ".xlsb"),
        ({f"xl/{number}": b"" for number in range(zips.MOST_PARTS)} | {"xl/workbook.xml": b""}, "不正常"),
    ],
)
def test_other_zip_files_are_told_apart(parts: dict[str, bytes], part: str) -> None:
    assert part in refusal(zipped(parts))


def bomb(where: str, unpacked: int = 60 * 2**20) -> bytes:
    return repacked(xlsx(LINES), {where: b" " * unpacked})


@pytest.mark.parametrize("where", [SHEET, "xl/sharedStrings.xml", "xl/media/picture.png"])
def test_a_zip_bomb_is_not_opened_and_takes_no_memory(where: str) -> None:
    data = bomb(where)
    assert len(data) < 100_000
    tracemalloc.start()
    try:
        assert refusal(data) == zips.BOMB
        assert tracemalloc.get_traced_memory()[1] < 8 * 2**20
    finally:
        tracemalloc.stop()


def test_a_bomb_that_lies_about_its_size_is_found_too() -> None:
    assert refusal(files.lying(bomb(SHEET), SHEET, 1000)) == zips.BOMB


def test_parts_that_are_large_together_are_a_bomb(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(zips, "MOST_UNPACKED", 300_000)
    noise = random.Random(1).randbytes(200_000)  # noqa: S311 - a seed, no secret
    assert refusal(repacked(xlsx(LINES), {"xl/a": noise, "xl/b": noise})) == zips.BOMB


@pytest.mark.parametrize(
    "cell",
    [
        '<row r="1"><c r="{}"><v>1</v></c></row>',
        "<row r='1'><c r='{}'><v>1</v></c></row>",
        '<row r = "1"><c r\n= "{}"><v>1</v></c></row>',
        '<row r="1"><c s="0" r="{}"><v>1</v></c></row>',
    ],
)
@pytest.mark.parametrize(("place", "part"), [("XFD1", "第 XFD 列"), ("A1048576", "第 1048576 行")])
def test_one_far_cell_makes_no_room_for_all_cells_before_it(cell: str, place: str, part: str) -> None:
    first = '<row r="1"><c r="A1"><v>1</v></c></row>'
    filler = '<row r="2"><c r="A2"><v>2</v></c></row>' * 9000
    data = repacked(xlsx(LINES), {SHEET: sheet_xml(first + filler + cell.format(place))})
    assert part in refusal(data)


def test_a_table_as_large_as_allowed_is_looked_through_without_a_fault() -> None:
    xml = "".join(
        f'<row r="{row}"><c r="A{row}"><v>1</v></c><c r="CV{row}"><v>1</v></c></row>'
        for row in range(zips.MOST_ROWS - 500, zips.MOST_ROWS + 1)
    )
    assert zips.check_zip(repacked(xlsx(LINES), {SHEET: sheet_xml(xml)})) == "xlsx"


@pytest.mark.parametrize(
    ("table", "part"),
    [
        (ods_row("a") * 2 + '<table:table-row table:number-rows-repeated="1048570"/>' + ods_row("b"), "行"),
        (
            ods_row("a") + '<table:table-row table:number-rows-repeated="900000"><table:table-cell'
            ' table:number-columns-repeated="16000" office:value-type="float" office:value="1"/></table:table-row>',
            "行",
        ),
        (
            ods_row(
                "a",
                more='<table:table-cell table:number-columns-repeated="9000"><text:p>x</text:p></table:table-cell>',
            ),
            "列",
        ),
    ],
)
def test_repeated_cells_of_an_open_document_are_counted(table: str, part: str) -> None:
    assert part in refusal(ods(table))


def test_the_empty_rest_of_an_open_document_costs_nothing() -> None:
    rest = '<table:table-cell table:number-columns-repeated="16382"/>'
    below = f'<table:table-row table:number-rows-repeated="1048574">{rest}</table:table-row>'
    assert rows(ods(ods_row("a", "b", more=rest) + ods_row("c") + below)) == [["a", "b"], ["c", ""]]


def test_entities_of_an_open_document_are_refused() -> None:
    made = ods(ods_row("a"))
    with zipfile.ZipFile(BytesIO(made)) as archive:
        content = archive.read("content.xml")
    evil = b'<!DOCTYPE x [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;">]>' + content
    assert "不该有" in refusal(repacked(made, {"content.xml": evil}))


def test_a_compound_file_that_asks_for_more_than_it_holds_is_refused() -> None:
    made = xls(LINES)
    for place in (40, 44, 64, 72):
        assert "已损坏" in refusal(made[:place] + b"\xff\xff\xff\x7f" + made[place + 4 :])


def test_limits_of_a_file(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reading, "MOST_BYTES", 1000)
    assert "请拆成几个文件" in refusal(b"a" * 1001)
    monkeypatch.undo()
    monkeypatch.setattr(reading, "MOST_ROWS", 2)
    for data in (xlsx(LINES), csv(LINES)):
        assert "一次最多导入" in refusal(data)
    monkeypatch.undo()
    monkeypatch.setattr(reading, "MOST_COLUMNS", 1)
    assert "最多" in refusal(xls(LINES))
    assert "请核对分隔符" in refusal(csv(LINES))


def test_a_csv_cell_without_end_is_refused() -> None:
    assert "引号没有成对" in refusal(csv(LINES) + b'"' + b"x" * 200_000)


@pytest.mark.parametrize("seed", range(60))
def test_a_damaged_file_is_read_or_refused_and_nothing_else(seed: int) -> None:
    chance = random.Random(seed)  # noqa: S311 - a seed, no secret
    for made in (xlsx(LINES), xls(LINES), ods(ods_row("a")), csv(LINES)):
        data = bytearray(made)
        for _ in range(chance.choice((1, 3, 20))):
            place = chance.randrange(len(data))
            data[place : place + chance.choice((0, 1, 1, 30))] = chance.randbytes(1)
        try:
            sheet: Sheet | None = read_sheet(bytes(data))
            list(sheet.rows if sheet else ())
        except Refused as refused:
            assert refused.reasons[0].endswith("。")  # noqa: PT017 - a sentence, whatever happened
