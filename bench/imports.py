"""What importing a register of 100,000 people costs, beside merely reading the same file.

The file is as Excel saves it: shared strings, one sheet, the eleven columns of the contract. An import opens it,
measures it against zip bombs, checks every cell, hashes and seals every row, and stores all on SQLite with
synchronous=FULL. The bare reads only walk through the rows: with calamine, which the import itself uses, and with
openpyxl.
"""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable
from contextlib import closing
from datetime import UTC, date, datetime
from itertools import count
from pathlib import Path
from time import perf_counter, process_time
from typing import Final

import xlsxwriter
from openpyxl import load_workbook
from python_calamine import CalamineWorkbook

from bench.conversation import id_number, phone
from bench.measuring import Figures, Finding, alternate, at_least, of, ratio
from policy.regions import CITIES
from storage.database import Database
from storage.imports.everything import KINDS
from storage.imports.runs import import_file
from storage.keys import KeyFile, create_key_file
from storage.schema import migrate
from storage.sealing import Sealer

GOAL: Final = 1 / 3
NOW: Final = datetime(2026, 11, 24, 4, 0, tzinfo=UTC)
TODAY: Final = date(2026, 11, 24)
REGISTER: Final = KINDS["real-name"]

SURNAMES: Final = "赵钱孙李周吴郑王冯陈褚卫蒋沈韩杨朱秦尤许何吕施孔曹严华金魏陶"
GIVEN: Final = "伟芳娜敏静丽强磊军洋勇艳杰娟涛明超秀兰霞平刚桂英欣怡浩宇梓涵"
SCHOOLS: Final = (
    "中山大学",
    "华南理工大学",
    "暨南大学",
    "广东工业大学",
    "深圳大学",
    "广州番禺职业技术学院",
    "汕头大学",
)
MAJORS: Final = (
    "软件工程",
    "会计学",
    "市场营销",
    "机械设计制造及其自动化",
    "护理",
    "学前教育",
    "电子商务",
    "法学",
)
LEVELS: Final = ("大学本科", "大学专科", "硕士研究生", "本科", "大专")


def run(*, rows: int = 100_000, rounds: int = 5) -> list[Finding]:
    """Measure with a file of so many people."""
    with tempfile.TemporaryDirectory(prefix="jianxi-bench-") as folder:
        bench = _Bench(Path(folder), rows)
        calamine, openpyxl = "bare read with calamine", "bare read with openpyxl"
        first, again = f"import of {rows:,} people", "the same file once more"
        cases: dict[str, Callable[[], Figures]] = {
            calamine: bench.calamine,
            openpyxl: bench.openpyxl,
            first: bench.import_afresh,
            again: bench.import_again,
        }
        bench.import_afresh()
        results = alternate(cases, rounds)
    size = f"{bench.size / 2**20:.1f} MiB"
    return [
        Finding(f"(the file: {rows:,} rows, {len(REGISTER.columns)} columns)", size),
        *(
            Finding(case, f"{of(results, case, 'rate')} rows/s, {of(results, case, 'seconds')} s")
            for case in cases
        ),
        at_least("import ÷ bare calamine", "rows/s", ratio(results, first, calamine, "rate"), GOAL),
        at_least("import ÷ bare openpyxl", "rows/s", ratio(results, first, openpyxl, "rate"), GOAL),
        Finding("bare calamine ÷ import, CPU", "", str(ratio(results, calamine, first, "cpu"))),
        Finding("once more ÷ bare calamine", "", str(ratio(results, again, calamine, "rate"))),
    ]


class _Bench:
    """The cases over one file. An import afresh goes into a new base, one once more into the newest of them."""

    def __init__(self, folder: Path, rows: int) -> None:
        self.folder, self.rows = folder, rows
        self.file = folder / "名册.xlsx"
        write_register(self.file, rows)
        self.size = self.file.stat().st_size
        self.template = folder / "template.db"
        migrate(f"sqlite:///{self.template}")
        create_key_file(folder / "key")
        self.sealer = Sealer(KeyFile(folder / "key"))
        self.numbers = count()
        self.base = self.template

    def calamine(self) -> Figures:
        """Walk through the rows as calamine gives them."""

        def read() -> int:
            sheet = CalamineWorkbook.from_path(str(self.file)).get_sheet_by_index(0)
            return sum(1 for _ in sheet.iter_rows())

        return self._timed(read, self.rows + 1)

    def openpyxl(self) -> Figures:
        """Walk through the rows as openpyxl gives them, in the mode made for large files."""

        def read() -> int:
            with closing(load_workbook(self.file, read_only=True)) as book:
                return sum(1 for _ in book.worksheets[0].iter_rows(values_only=True))

        return self._timed(read, self.rows + 1)

    def import_afresh(self) -> Figures:
        """Import into an empty base."""
        if self.base != self.template:
            self.base.unlink()
        self.base = self.folder / f"{next(self.numbers)}.db"
        shutil.copyfile(self.template, self.base)
        return self._import()

    def import_again(self) -> Figures:
        """Import into the base that has it all."""
        if self.base == self.template:
            self.import_afresh()
        return self._import()

    def _import(self) -> Figures:
        database = Database(f"sqlite:///{self.base}")
        try:
            return self._timed(lambda: self._into(database), self.rows)
        finally:
            database.close_sync()

    def _into(self, database: Database) -> int:
        done = import_file(
            database,
            self.sealer,
            REGISTER,
            self.file.read_bytes(),
            self.file.name,
            actor="bench",
            now=NOW,
            today=TODAY,
        )
        assert not done.rejected, done.rejected[:3]
        return done.added + done.unchanged

    def _timed(self, work: Callable[[], int], expected: int) -> Figures:
        started, cpu = perf_counter(), process_time()
        assert work() == expected
        seconds = perf_counter() - started
        return {"seconds": seconds, "rate": self.rows / seconds, "cpu": process_time() - cpu}


def write_register(path: Path, rows: int) -> None:
    """Write a register of so many people, each with a number and phone of their own."""
    places = [f"{city.name}{district.name}" for city in CITIES for district in city.districts]
    with xlsxwriter.Workbook(path) as book:
        sheet = book.add_worksheet("名册")
        for column, title in enumerate(column.title for column in REGISTER.columns):
            sheet.write_string(0, column, title)
        for n in range(rows):
            number = id_number(n)
            line = (
                SURNAMES[n % 30] + GIVEN[n // 30 % 30] + GIVEN[n // 900 % 30],
                number,
                phone(n),
                "女" if int(number[16]) % 2 == 0 else "男",
                f"广东省{places[n % len(places)]}",
                f"{places[n * 7 % len(places)]}{'东南西北'[n % 4]}城街道",
                SCHOOLS[n % len(SCHOOLS)],
                MAJORS[n % len(MAJORS)],
                LEVELS[n % len(LEVELS)],
                f"{2025 + n % 2}-06-{1 + n % 30:02d}",
                "" if n % 3 else f"2026-09-{1 + n % 30:02d}",
            )
            for column, text in enumerate(line):
                if text:
                    sheet.write_string(n + 1, column, text)
