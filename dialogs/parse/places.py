"""Places (常住地、意向城市): from "广州天河石牌" to the code of a district, with the street or town behind it.

Only the street or town is kept, never a house number: the handling office needs no more. A district without
its city is taken where its name is the only one in the province and not an everyday word.
"""

from __future__ import annotations

import datetime
import re
from collections.abc import Iterable
from typing import Final

from dialogs.errors import Rejected
from dialogs.parse.choices import Option
from dialogs.parse.folding import clean, fold
from policy.regions import CITIES, OUTSIDE, PROVINCES, City, District, city_of, district

EXAMPLE: Final = "广州市天河区"
OUTSIDE_LABEL: Final = "广东省外"

# Functional areas and former districts that people name, and where they lie in the list of districts.
_ALIASES = {
    "大鹏新区": "440307 大鹏新区", "大鹏": "440307 大鹏新区", "蛇口": "440305 蛇口街道", "横琴": "440402 横琴", "萝岗": "440112",
    "东山区": "440104", "芳村": "440103", "仲恺": "441302 仲恺高新区", "大亚湾": "441303 大亚湾", "大旺": "441284 大旺",
    "海陵岛": "441702 海陵岛",
}  # fmt: skip
_NEEDS_CITY_WORDS = """
    城区 东区 西区 南区 市区 新区 开发区 高新区 沙田 横沥 大朗 沙溪 桥头 港口 民众 三角 古镇 南头 三乡 中堂 东城 南城
    万江 石排 清溪 黄江 长安 石龙 茶山 大涌 城东 城西 城南 城北
"""
# Also names of towns elsewhere in the province, or everyday words: they need their city in front.
_NEEDS_CITY: Final = frozenset(_NEEDS_CITY_WORDS.split())
_ABBREVIATIONS = {"440100": ("穗",), "440300": ("深", "鹏城"), "440600": ("佛",), "441900": ("莞",)}
# The towns beyond the border that people most often name; an unlisted one is asked again.
_ELSEWHERE = """
    长沙 衡阳 郴州 永州 株洲 湘潭 邵阳 岳阳 怀化 武汉 黄冈 荆州 宜昌 襄阳 南昌 赣州 九江 吉安 上饶 宜春 南宁 桂林 柳州
    梧州 玉林 贵港 北海 钦州 贺州 百色 福州 厦门 泉州 漳州 龙岩 海口 三亚 贵阳 遵义 毕节 昆明 成都 绵阳 南充 西安 郑州 洛阳
    南阳 信阳 杭州 宁波 温州 南京 苏州 无锡 徐州 合肥 济南 青岛 临沂 太原 石家庄 沈阳 大连 长春 哈尔滨 兰州 银川 西宁
    乌鲁木齐 拉萨 呼和浩特
"""

_outside = re.compile(
    r"^(?:外省|省外|外地|外市|国外|海外|其他省|别的省|(?:广东|省内)?以外|广东省?(?:之|以)?外|(?:还|暂时?)?(?:不|没|未)(?:有)?(?:住|来|到)?[在过]?(?:广东|省内|粤)|(?:还|暂时?)没(?:来|到|过来)(?:呢|啊)?$)"
)
_lead_in = re.compile(
    r"^(?:我|本人|目前|现在|现|人|家|户口|户籍|地址|住址|常住地?|居住地?|居住在?|居|住在?|租房|租住|暂住|来自|在|于|是|的|为|[:：])*"
)
_province = re.compile(r"^(?:中国|粤)?(?:广东省?)?")
_gaps = re.compile(r"[\s,，。、.;；:：/\\|\-—–_>·]+")
_negation = re.compile(r"不|没|非(?!常)|别(?!的)")
_not_a_place = re.compile(
    r"(?:[东南西北中]?[一二三四五六七八九十0-9]*(?:路|街(?!道)|大道|大街|巷)|大学|学院|公园|广场|火车站|机场|纪念)"
)
_another = re.compile(r"(?:和|或者|或|跟|与|还有|以及|还是|也在|工作在|上班在)")
_street = re.compile(r"^[^0-9]{1,10}?(?:街道|镇|乡|社区|新区|开发区|高新区)")
_bare_street = re.compile(r"^[\u4e00-\u9fff]{2,6}$")
_house = re.compile(
    r"路|街|巷|道|号|栋|楼|室|小区|花园|大厦|这边|那边|附近|工作|上班|居住|生活|读书|[吗呢吧呀啊]"
)
_coded = re.compile(r"([0-9]{6})(?: (.+))?")


def _forms(found: City | District) -> set[str]:
    if found.short == found.name:
        return {found.name}
    kinds = "市" if isinstance(found, City) else "区市县"
    return {found.name, found.short, *(found.short + kind for kind in kinds)}


_CITY_FORMS = {form: found for found in CITIES for form in _forms(found)}
_DISTRICT_FORMS = {
    **{form: found.code for owner in CITIES for found in owner.districts for form in _forms(found)},
    **_ALIASES,
    "梅县": "441403",
}
_TOWN_FORMS = {
    form: (owner.code, town)
    for owner in CITIES
    for town in owner.towns
    for form in (town, re.sub(r"(?:街道|镇|新区)$", "", town))
}
_PROVINCE_FORMS = {
    form
    for name in PROVINCES.values()
    if name != "广东省"
    for form in (name, re.sub(r"(?:省|市|壮族自治区|回族自治区|维吾尔自治区|自治区|特别行政区)$", "", name))
}


def _starting(names: Iterable[str]) -> re.Pattern[str]:
    words = sorted(names, key=lambda name: (-len(name), name))
    return re.compile("|".join(words))


_city_at = _starting(_CITY_FORMS)
_district_at = _starting(_DISTRICT_FORMS)
_town_at = _starting(_TOWN_FORMS)
_elsewhere_at = _starting([*_PROVINCE_FORMS, *_ELSEWHERE.split()])


def residence(text: str, today: datetime.date) -> str:
    """Return where someone lives: ``440106``, ``440106 石牌街道``, ``441900 虎门镇``, ``000000`` outside Guangdong.

    Raises ``Rejected``: ``place.need_district`` (``city``, ``example``), ``place.ambiguous`` (``example``),
    ``place.unknown`` (``example``).
    """
    if coded := _coded.fullmatch(clean(text)):
        return _known(coded[1], coded[2] or "")
    plain = _lead_in.sub("", _gaps.sub("", fold(text)))
    if _outside.match(plain) or _at(_elsewhere_at, plain):
        return OUTSIDE
    plain = _province.sub("", plain)
    if _negation.search(plain) or not plain:
        raise _unknown()
    if within := _at(_city_at, plain):
        return _in_city(_CITY_FORMS[within], plain[len(within) :])
    if plain in _NEEDS_CITY:
        raise Rejected("place.ambiguous", example="东莞市沙田镇")
    if within := _at(_district_at, plain):
        return _in_district(_DISTRICT_FORMS[within], plain[len(within) :])
    if within := _at(_town_at, plain):
        if within in _NEEDS_CITY and plain != _TOWN_FORMS[within][1]:
            raise Rejected("place.ambiguous", example="东莞市沙田镇")
        code, town = _TOWN_FORMS[within]
        return f"{code} {town}"
    raise _unknown()


def _unknown() -> Rejected:
    return Rejected("place.unknown", example=EXAMPLE)


def _at(names: re.Pattern[str], text: str) -> str | None:
    """Return the name that ``text`` begins with, unless it goes on as a road or school of that name."""
    match = names.match(text)
    return None if match is None or _not_a_place.match(text, match.end()) else match.group()


def _known(code: str, rest: str) -> str:
    if code == OUTSIDE:
        return OUTSIDE
    owner = city_of(code)
    if owner is None:
        raise _unknown()
    if code == owner.code:
        return _in_city(owner, rest)
    if all(found.code != code for found in owner.districts):
        raise _unknown()
    return _with_street(code, rest)


def _in_city(owner: City, rest: str) -> str:
    if owner.towns:
        return _in_town(owner, rest)
    _refuse_second_place(rest)
    rest = rest.removeprefix("市")
    within = _at(_district_at, rest)
    if within is None:
        sample = owner.name + owner.districts[0].name
        raise Rejected("place.need_district", city=owner.name, example=sample)
    if city_of(_DISTRICT_FORMS[within]) != owner:
        raise Rejected("place.ambiguous", example=EXAMPLE)
    return _in_district(_DISTRICT_FORMS[within], rest[len(within) :])


def _in_town(owner: City, rest: str) -> str:
    _refuse_second_place(rest)
    within = _at(_town_at, rest)
    if within is not None and _TOWN_FORMS[within][0] == owner.code:
        return f"{owner.code} {_TOWN_FORMS[within][1]}"
    if within is not None or _at(_district_at, rest):
        raise Rejected("place.ambiguous", example=f"{owner.name}{owner.towns[0]}")
    return _with_street(owner.code, rest)


def _in_district(place: str, rest: str) -> str:
    _refuse_second_place(rest)
    return place if " " in place else _with_street(place, rest)


def _refuse_second_place(rest: str) -> None:
    for found in _another.finditer(rest):
        after = rest[found.end() :]
        if _city_at.match(after) or _district_at.match(after):
            raise Rejected("place.ambiguous", example=EXAMPLE)


def _with_street(code: str, rest: str) -> str:
    """Add the street or town to a code; what goes beyond it, or names only a road and house, is left out."""
    if street := _street.match(rest):
        return f"{code} {street.group()}"
    return f"{code} {rest}" if _bare_street.match(rest) and not _house.search(rest) else code


def place_label(value: str) -> str:
    """Return the name of a stored place, 广州市天河区石牌街道; ``KeyError`` for a code that is not known."""
    code, _, rest = value.partition(" ")
    if code == OUTSIDE:
        return OUTSIDE_LABEL
    owner = city_of(code)
    if owner is None:
        raise KeyError(code)
    return owner.name + ("" if code == owner.code else district(code).name) + rest


def city_options() -> tuple[Option, ...]:
    """Return the 21 cities as options for a ``Matcher``: the key is the code, the label the short name."""
    return tuple(
        Option(found.code, found.short, (found.name, *_ABBREVIATIONS.get(found.code, ()))) for found in CITIES
    )
