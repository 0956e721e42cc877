"""Cities and districts (城市、区县) as spreadsheets and commands name them, and how a stored district reads.

A district is stored as its code ("440106"); where a city has streets and towns (镇街) instead of districts, as
their name, since they have no six-digit code. No district at all is the empty text.
"""

from __future__ import annotations

import unicodedata

from policy.refusal import Refused
from policy.regions import CITIES, City, city, district


def _plain(text: str) -> str:
    return "".join(unicodedata.normalize("NFKC", text).split()).removeprefix("广东省")


def read_city(text: str) -> str:
    """Return the code of a city given by name or code: 广州, 广州市, 440100. Raises `Refused`."""
    plain = _plain(text)
    for found in CITIES:
        if plain in (found.code, found.name, found.short):
            return found.code
    raise Refused(f"没有“{text.strip()}”这个城市，请写广东的地级市，例如“广州市”。")


def read_district(city_code: str, text: str) -> str:
    """Return a district of the city as it is stored: 天河, 天河区, 广州市天河区 and 440106 are "440106".

    Nothing stays nothing. Raises `Refused` when the city has no such district.
    """
    owner = city(city_code)
    plain = _plain(text)
    if plain in ("", owner.code, owner.name, owner.short):
        return ""
    # 中山港街道 begins with the name of its city, so the whole is tried first.
    for name in (plain, plain.removeprefix(owner.name), plain.removeprefix(owner.short)):
        for found in owner.districts:
            if name in (found.code, found.name, found.short):
                return found.code
        for town in owner.towns:
            if name in (town, *(town.removesuffix(kind) for kind in ("街道", "镇", "新区"))):
                return town
    raise Refused(f"{owner.name}没有“{text.strip()}”这个区县，可以写{_some(owner)}等，或者空着。")


def _some(owner: City) -> str:
    names = owner.towns or tuple(found.name for found in owner.districts)
    return "、".join(names[:3])


def district_name(stored: str | None) -> str:
    """The name of a stored district: 天河区, 虎门镇; empty when there is none."""
    if not stored:
        return ""
    try:
        return district(stored).name
    except KeyError:
        return stored


def place_name(city_code: str, stored: str | None) -> str:
    """City and district as one name: 广州市天河区."""
    return city(city_code).name + district_name(stored)
