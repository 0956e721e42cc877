"""Searching positions on both engines: Chinese words of any length, filters, pages, and nothing that breaks it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import select, text

from policy.codes import Education
from storage import hosts, position_search, positions
from storage.database import Connection, Database
from storage.errors import NotFound
from storage.position_search import PublicPosition, split
from storage.sealing import Sealer
from tests.storage.host_rows import NOW, OTHER_USCC, TODAY, act, published, recognised

TITLES = {
    "财务会计助理": ("3", "31"),
    "嵌入式开发工程师": ("2", "21"),
    "社区服务专员": ("4", None),
    "材料研究助理": ("1", "14"),
}


def fill(connection: Connection, sealer: Sealer) -> None:
    """Four positions of one host."""
    recognised(connection, sealer, name="广州晨光有限公司")
    for title, (kind, education) in TITLES.items():
        published(
            connection,
            sealer,
            title=title,
            kind=kind,
            education=education,
            majors=(),
            description="做好分内的事。",
        )


@pytest.fixture
def filled(database: Database, sealer: Sealer) -> Database:
    """The four positions, once on each engine."""
    database.write_sync(lambda connection: fill(connection, sealer))
    return database


def found(database: Database, words: str = "", **wanted: Any) -> list[str]:  # noqa: ANN401
    rows = database.read_sync(lambda c: positions.find(c, today=TODAY, words=words, **wanted))
    return [row.title for row in rows]


def page(database: Database, after: int | None) -> list[PublicPosition]:
    return database.read_sync(lambda c: positions.find(c, today=TODAY, after_id=after, limit=1))


# Tables instead of parameters: a database for each word would take its time.
WORDS = (
    ("会计", ["财务会计助理"]),
    ("计", ["财务会计助理"]),
    ("嵌入式", ["嵌入式开发工程师"]),
    ("嵌入式开发工程师", ["嵌入式开发工程师"]),
    ("助理 研究", ["材料研究助理"]),
    ("社区服务，专员", ["社区服务专员"]),
    ("技术技能", ["嵌入式开发工程师"]),
    ("社會服務", ["社区服务专员"]),
    ("ＣＥＯ", []),
    ("会计 嵌入式", []),
    *((words, list(TITLES)[::-1]) for words in ("晨光有限", "晨光", "广州", "天河区", "广州市天河区")),
)
"""What is looked for, and the titles that are found, the newest first."""
SIGNS = (
    '会计" OR "a',
    "NEAR(会计 助理)",
    "会计*助理",
    "%",
    "会_助",
    "a\0b会计助理",
    "'; DROP TABLE position",
)
NO_WORDS = ('"', '""""', "\\", "  ，、 ", "👍")


def test_words_are_found_anywhere_also_in_host_and_place(filled: Database) -> None:
    assert [(words, found(filled, words)) for words, _ in WORDS] == list(WORDS)


def test_signs_are_text_and_nothing_else(filled: Database) -> None:
    assert [found(filled, words) for words in SIGNS] == [[]] * len(SIGNS)
    assert [len(found(filled, words)) for words in NO_WORDS] == [4] * len(NO_WORDS)
    assert found(filled, "“会计” -助理") == ["财务会计助理"]


def test_newest_come_first_and_pages_follow_each_other(filled: Database) -> None:
    everything = filled.read_sync(lambda c: positions.find(c, today=TODAY))
    assert [each.title for each in everything] == list(TITLES)[::-1]
    paged: list[PublicPosition] = []
    for _ in range(5):
        after = paged[-1].id if paged else None
        paged += page(filled, after)
    assert paged == everything


def test_filters(filled: Database) -> None:
    assert found(filled, kind="2") == ["嵌入式开发工程师"]
    assert found(filled, city="440300") == []
    assert found(filled, education=Education.JUNIOR_COLLEGE) == ["社区服务专员", "财务会计助理"]
    assert found(filled, education=Education.SENIOR_HIGH_SCHOOL) == ["社区服务专员"]
    assert len(found(filled, education=Education.DOCTOR)) == 4


def test_what_does_not_recruit_is_not_found(filled: Database, sealer: Sealer) -> None:
    ids = {each.title: each.id for each in filled.read_sync(lambda c: positions.find(c, today=TODAY))}

    def work(connection: Connection) -> None:
        positions.close(connection, ids["财务会计助理"], "单位已招满", **act())
        for _ in range(3):
            positions.take(connection, ids["社区服务专员"])
        other = recognised(connection, sealer, uscc=OTHER_USCC, name="深圳示例科技有限公司")
        published(connection, sealer, uscc=OTHER_USCC, title="材料测试员")
        hosts.remove(connection, other, "证照过期", **act())

    filled.write_sync(work)
    assert found(filled) == ["材料研究助理", "嵌入式开发工程师"]
    late = filled.read_sync(lambda c: positions.find(c, today=date(2027, 1, 1)))
    assert late == []
    full = filled.read_sync(lambda c: positions.get(c, ids["社区服务专员"], today=TODAY))
    assert (full.left, full.openings) == (0, 3)
    with pytest.raises(NotFound):
        filled.read_sync(lambda c: positions.get(c, ids["财务会计助理"], today=TODAY))


def test_a_public_position_reads_in_words_and_names_nobody(filled: Database) -> None:
    [shown] = filled.read_sync(lambda c: positions.find(c, today=TODAY, words="财务会计"))
    assert (shown.kind_label, shown.education_label, shown.place) == (
        "管理类",
        "大学专科及以上",
        "广州市天河区",
    )
    assert (shown.host_kind_label, shown.left, shown.updated_at) == ("中小微企业", 3, NOW)
    assert not any(name in str(shown) for name in ("王建国", "李晓明", "13826001234"))


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.text(max_size=60))
def test_no_text_breaks_a_search(filled: Database, words: str) -> None:
    everything = found(filled)
    assert set(found(filled, words)) <= set(everything)
    assert len(split(words)) <= position_search.MOST_WORDS


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.sampled_from(list(TITLES)), st.data())
def test_every_part_of_a_title_finds_it(filled: Database, title: str, data: st.DataObject) -> None:
    start = data.draw(st.integers(0, len(title) - 1))
    end = data.draw(st.integers(start + 1, len(title)))
    assert title in found(filled, title[start:end])


@pytest.fixture
def sqlite_filled(sqlite_url: str, sealer: Sealer) -> Iterator[Database]:
    """The four positions on SQLite, which has an index of its own."""
    opened = Database(sqlite_url)
    opened.write_sync(lambda connection: fill(connection, sealer))
    yield opened
    opened.close_sync()


def test_the_index_of_sqlite_follows_every_change(sqlite_filled: Database, sealer: Sealer) -> None:
    def change(connection: Connection) -> None:
        [one] = positions.find(connection, today=TODAY, words="财务会计")
        positions.change(connection, sealer, one.id, {"title": "税务顾问助手"}, **act())
        [gone] = positions.find(connection, today=TODAY, words="材料研究")
        positions.restore(connection, gone.id, None, actor="clerk:li", now=NOW)

    sqlite_filled.write_sync(change)
    assert found(sqlite_filled, "税务顾问") == ["税务顾问助手"]
    assert found(sqlite_filled, "财务会计") == found(sqlite_filled, "材料研究") == []
    check = text(
        "INSERT INTO position_words(position_words) VALUES ('integrity-check')"
    )  # raises when out of step
    sqlite_filled.write_sync(lambda connection: connection.sqlalchemy.execute(check) and None)


def test_long_words_are_looked_up_and_not_compared_with_every_text(sqlite_filled: Database) -> None:
    def plan(connection: Connection) -> list[str]:
        [condition] = position_search.words_wanted(connection, "财务会计")
        query = select(position_search.position.c.id).where(condition)
        written = query.compile(connection.sqlalchemy, compile_kwargs={"literal_binds": True})
        return [str(row) for row in connection.sqlalchemy.execute(text(f"EXPLAIN QUERY PLAN {written}"))]

    lines = sqlite_filled.read_sync(plan)
    assert any("VIRTUAL TABLE INDEX" in line for line in lines)
    assert not any("SCAN position'" in line or "SCAN position " in line for line in lines)
