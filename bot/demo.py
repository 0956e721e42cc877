"""Demo data (示例数据): a few people, clearly marked, so that a newcomer sees a base that is not empty.

Their ID numbers have the region 440000, which is no place where a number is issued, so they are nobody's.
"""

from __future__ import annotations

from datetime import date, datetime
from typing import Any, Final

from sqlmodel import select

from policy.identity import check_digit
from storage import conversations, people
from storage.database import Connection
from storage.sealing import Sealer
from storage.tables import Person

CHANNEL: Final = "demo"

# name, birth, sex digit, education, school, major, months since graduation, district, kinds, cities, hardship
PEOPLE: Final = (
    ("示例一", (2003, 4, 12), 1, "21", "广东工业大学", "软件工程", 5, "440106", ["2"], ["440100"], ["none"]),
    (
        "示例二",
        (2002, 9, 3),
        2,
        "21",
        "华南师范大学",
        "汉语言文学",
        17,
        "440605",
        ["3", "4"],
        ["440600"],
        ["none"],
    ),
    (
        "示例三",
        (2004, 1, 25),
        1,
        "31",
        "深圳职业技术大学",
        "机电一体化",
        5,
        "440306",
        ["2"],
        ["440300"],
        ["01"],
    ),
    (
        "示例四",
        (2000, 11, 8),
        2,
        "14",
        "中山大学",
        "生物学",
        4,
        "440104",
        ["1"],
        ["440100", "440300"],
        ["none"],
    ),
    ("示例五", (2003, 6, 19), 1, "47A", "广东省技师学院", "数控加工", 5, "441302", ["2"], ["441300"], ["10"]),
    ("示例六", (2005, 2, 14), 2, "61", "梅县高级中学", "", 0, "441402", ["4"], ["any"], ["04"]),
    (
        "示例七",
        (2006, 8, 30),
        1,
        "41",
        "湛江中专",
        "汽车维修",
        0,
        "440803",
        ["2"],
        ["440800"],
        ["undisclosed"],
    ),
    ("示例八", (2003, 3, 5), 2, "31", "东莞职业技术学院", "会计", 5, "441900", ["3"], ["441900"], ["none"]),
)


def load_demo(connection: Connection, sealer: Sealer, now: datetime, today: date) -> int:
    """Put the demo people into an empty base; returns how many, 0 when anybody is there already."""
    if connection.session.exec(select(Person.id).limit(1)).first() is not None:
        return 0
    for number, row in enumerate(PEOPLE, 1):
        contact_id = conversations.add_contact(connection, CHANNEL, address(number), CHANNEL, now)
        people.register(
            connection, sealer, contact_id, CHANNEL, _answers(number, row, today), now, today, demo=True
        )
    return len(PEOPLE)


def address(number: int) -> str:
    """Where the demo person of that number writes from, counted from 1."""
    return f"demo-{number}"


def _answers(number: int, row: tuple[Any, ...], today: date) -> dict[str, Any]:
    name, birth, sex, education, school, major, months, district, kinds, cities, hardship = row
    body = f"440000{date(*birth):%Y%m%d}{number:02d}{sex}"
    graduated = date(today.year - (months > today.month), (today.month - months - 1) % 12 + 1, 28)
    answers = {
        "track": "graduate" if months else "youth",
        "circumstances": ["none"],
        "education": education,
        "graduated_on": graduated.isoformat() if months else None,
        "birth_date": None if months else date(*birth).isoformat(),
        "unemployment_registered": None if months else "yes",
        "name": name,
        "id_number": body + check_digit(body),
        "phone": f"1380000{number:04d}",
        "residence": district,
        "school": school,
        "major": major or None,
        "skill_level": "none",
        "hardship": hardship,
        "position_kinds": kinds,
        "cities": cities,
        "available_from": today.isoformat(),
        "push_consent": "no",
    }
    return {field: value for field, value in answers.items() if value is not None}
