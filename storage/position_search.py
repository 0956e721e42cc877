"""What the public finds among the positions (岗位查询): published ones of recognised hosts, without personal data.

Words are found anywhere in a position's text, so 会计 is found in 财务会计助理. Words of three characters and more
go through the trigram index (SQLite: the FTS5 table `position_words`; PostgreSQL: pg_trgm where the server has
it); shorter ones are compared with each text. All words must be there.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import date, datetime
from typing import Any, Final, NamedTuple

from sqlalchemy import ColumnElement, Row, Select, column, func, or_, select, table, text

from dialogs.parse.folding import fold
from policy.codes import Education, PositionKind
from policy.districts import place_name
from policy.ledger_codes import HostKind, HostStatus, PositionStatus
from policy.positions import demands_met_by
from storage.database import Connection
from storage.errors import NotFound
from storage.ledger_tables import Host, Position
from storage.tables import core

MOST_WORDS: Final = 6
LONGEST_WORD: Final = 30
TRIGRAM: Final = 3
"""Characters of the shortest word that the index knows."""
MOST_AT_ONCE: Final = 100

position, host = core(Position), core(Host)
# Made by the migration for SQLite alone; triggers keep it in step with `position.search_text`.
words_table = table("position_words", column("rowid"))

_breaks = re.compile(r"[\s,，、;；/|+]+")


class PublicPosition(NamedTuple):
    """A published position as everybody may see it. Money is in fen; `left` are the openings not yet taken."""

    id: int
    title: str
    kind: str
    city: str
    district: str
    host_id: int
    host_name: str
    host_kind: str
    openings: int
    left: int
    education: str | None
    majors: tuple[str, ...]
    stipend_fen: int
    months: int
    description: str
    demonstrative: bool
    demonstrative_reason: str | None
    closes_on: date | None
    published_on: date | None
    demo: bool
    updated_at: datetime

    @property
    def kind_label(self) -> str:
        """The kind in Chinese: 管理类."""
        return PositionKind(self.kind).label

    @property
    def host_kind_label(self) -> str:
        """The host's kind in Chinese: 国有企业."""
        return HostKind(self.host_kind).label

    @property
    def education_label(self) -> str:
        """The lowest education in Chinese: 大学专科及以上, or 不限."""
        return f"{Education(self.education).label}及以上" if self.education else "不限"

    @property
    def place(self) -> str:
        """City and district: 广州市天河区."""
        return place_name(self.city, self.district)


_SHOWN: Final = (
    *(position.c[name] for name in ("id", "title", "kind", "city", "district", "host_id")),
    host.c.name,
    host.c.kind,
    *(position.c[name] for name in ("openings", "taken", "education", "majors", "stipend_fen", "months")),
    *(position.c[name] for name in ("description", "demonstrative", "demonstrative_reason", "closes_on")),
    *(position.c[name] for name in ("published_on", "demo", "updated_at")),
)


def find(
    connection: Connection,
    *,
    today: date,
    city: str | None = None,
    kind: str | None = None,
    education: str | None = None,
    words: str | None = None,
    demonstrative: bool | None = None,
    after_id: int | None = None,
    limit: int = 20,
) -> list[PublicPosition]:
    """A page of the positions that recruit now, newest first; `after_id` is the last one of the page before.

    `education` is what somebody has: positions that ask for more are left out. Positions without openings left
    are not listed. `words` may hold anything that people type.
    """
    query = _public(today).where(position.c.taken < position.c.openings)
    if city is not None:
        query = query.where(position.c.city == city)
    if kind is not None:
        query = query.where(position.c.kind == kind)
    if education is not None:
        met = [str(level) for level in demands_met_by(Education(education))]
        query = query.where(or_(position.c.education.is_(None), position.c.education.in_(met)))
    if demonstrative is not None:
        query = query.where(position.c.demonstrative == demonstrative)
    if after_id is not None:
        query = query.where(position.c.id < after_id)
    for condition in words_wanted(connection, words):
        query = query.where(condition)
    query = query.order_by(position.c.id.desc()).limit(max(1, min(limit, MOST_AT_ONCE)))
    return [_shown(row) for row in connection.sqlalchemy.execute(query)]


def get(connection: Connection, position_id: int, *, today: date) -> PublicPosition:
    """One position that recruits now, also when its openings are taken. Raises `NotFound`."""
    row = connection.sqlalchemy.execute(_public(today).where(position.c.id == position_id)).first()
    if row is None:
        raise NotFound("position")
    return _shown(row)


def _public(today: date) -> Select[Any]:
    return (
        select(*_SHOWN)
        .join(host, host.c.id == position.c.host_id)
        .where(
            position.c.status == str(PositionStatus.PUBLISHED),
            host.c.status == str(HostStatus.APPROVED),
            # Hidden from the planner's indexes: reading newest first and stopping early is what is quick.
            func.coalesce(position.c.closes_on, today) >= today,
        )
    )


def _shown(row: Row[Any]) -> PublicPosition:
    told: tuple[Any, ...] = tuple(row)
    openings, taken, education, majors = told[8:12]
    left = (openings, openings - taken, education, tuple(majors))
    return PublicPosition._make((*told[:8], *left, *told[12:]))


def words_wanted(connection: Connection, words: str | None) -> list[ColumnElement[bool]]:
    """The conditions that the words of a search put on `position`; none when there are no words."""
    wanted = split(words or "")
    indexed = [word for word in wanted if len(word) >= TRIGRAM] if connection.engine_name == "sqlite" else []
    conditions = [
        position.c.search_text.contains(word, autoescape=True) for word in wanted if word not in indexed
    ]
    if indexed:
        # A quoted phrase is text and nothing else to FTS5, whatever signs are in it.
        phrase = " AND ".join('"{}"'.format(word.replace('"', '""')) for word in indexed)
        match = text("position_words MATCH :phrase").bindparams(phrase=phrase)
        conditions.append(position.c.id.in_(select(words_table.c.rowid).where(match)))
    return conditions


def split(words: str) -> list[str]:
    """The words of a search, brought to the form of `search_text`: each once, at most `MOST_WORDS`."""
    plain = (fold(word)[:LONGEST_WORD] for word in _breaks.split(fold(words)))
    return list(dict.fromkeys(word.replace("\0", "") for word in plain if word))[:MOST_WORDS]


def search_text(
    title: str,
    host_name: str,
    kind: str,
    majors: Sequence[str],
    city: str,
    district: str,
    description: str,
) -> str:
    """All that a search looks through, folded as the words of the search are."""
    parts = (title, host_name, PositionKind(kind).label, *majors, place_name(city, district), description)
    return "\n".join(fold(part) for part in parts if part)
