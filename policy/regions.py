"""The administrative regions the service knows (行政区划): Guangdong's cities and districts, all provinces.

Owns the codes and names of GB/T 2260 as they stand since 2020. Codes change when districts are merged or
renamed and people keep the code of their birth for life, so an unknown code is never a fault of a person:
``household_region`` then names only the part it knows.
"""

from __future__ import annotations

import re
from typing import Final, NamedTuple

OUTSIDE: Final = "000000"
"""The code that stands for "lives outside Guangdong" (省外)."""


class District(NamedTuple):
    """A county-level district (县区) of Guangdong: six-digit code and full name."""

    code: str
    name: str

    @property
    def short(self) -> str:
        """The name without its kind: 天河 for 天河区, 乳源 for 乳源瑶族自治县; 城区 and 梅县区 stay plain."""
        for people in ("壮族瑶族自治县", "瑶族自治县"):
            if self.name.endswith(people):
                return self.name.removesuffix(people)
        return self.name[:-1] if len(self.name) > 2 else self.name


class City(NamedTuple):
    """A prefecture-level city (地级市) of Guangdong; ``towns`` only where there are no districts."""

    code: str
    name: str
    districts: tuple[District, ...]
    towns: tuple[str, ...] = ()

    @property
    def short(self) -> str:
        """The name without 市."""
        return self.name[:-1]


# One entry a city, in the order of the province's target table (粤人社函〔2023〕228号 附件1):
# its code and name, then the last two digits and the name of each district.
_CITIES = """
440100广州市 03荔湾区 04越秀区 05海珠区 06天河区 11白云区 12黄埔区 13番禺区 14花都区 15南沙区 17从化区
    18增城区
440300深圳市 03罗湖区 04福田区 05南山区 06宝安区 07龙岗区 08盐田区 09龙华区 10坪山区 11光明区
440400珠海市 02香洲区 03斗门区 04金湾区
440500汕头市 07龙湖区 11金平区 12濠江区 13潮阳区 14潮南区 15澄海区 23南澳县
440600佛山市 04禅城区 05南海区 06顺德区 07三水区 08高明区
440200韶关市 03武江区 04浈江区 05曲江区 22始兴县 24仁化县 29翁源县 32乳源瑶族自治县 33新丰县 81乐昌市
    82南雄市
441600河源市 02源城区 21紫金县 22龙川县 23连平县 24和平县 25东源县
441400梅州市 02梅江区 03梅县区 22大埔县 23丰顺县 24五华县 26平远县 27蕉岭县 81兴宁市
441300惠州市 02惠城区 03惠阳区 22博罗县 23惠东县 24龙门县
441500汕尾市 02城区 21海丰县 23陆河县 81陆丰市
441900东莞市
442000中山市
440700江门市 03蓬江区 04江海区 05新会区 81台山市 83开平市 84鹤山市 85恩平市
441700阳江市 02江城区 04阳东区 21阳西县 81阳春市
440800湛江市 02赤坎区 03霞山区 04坡头区 11麻章区 23遂溪县 25徐闻县 81廉江市 82雷州市 83吴川市
440900茂名市 02茂南区 04电白区 81高州市 82化州市 83信宜市
441200肇庆市 02端州区 03鼎湖区 04高要区 23广宁县 24怀集县 25封开县 26德庆县 84四会市
441800清远市 02清城区 03清新区 21佛冈县 23阳山县 25连山壮族瑶族自治县 26连南瑶族自治县 81英德市 82连州市
445100潮州市 02湘桥区 03潮安区 22饶平县
445200揭阳市 02榕城区 03揭东区 22揭西县 24惠来县 81普宁市
445300云浮市 02云城区 03云安区 21新兴县 22郁南县 81罗定市
"""

# The two cities without districts run their streets and towns (镇街) directly,
# none of which has a six-digit code.
_TOWNS = {
    "441900": """
        莞城街道 东城街道 南城街道 万江街道 石龙镇 石排镇 茶山镇 企石镇 桥头镇 东坑镇 横沥镇 常平镇
        寮步镇 樟木头镇 大朗镇 黄江镇 清溪镇 塘厦镇 凤岗镇 大岭山镇 长安镇 虎门镇 厚街镇 沙田镇 道滘镇 洪梅镇
        麻涌镇 望牛墩镇 中堂镇 高埗镇 石碣镇 谢岗镇 松山湖""",
    "442000": """
        石岐街道 东区街道 西区街道 南区街道 五桂山街道 中山港街道 民众街道 南朗街道 小榄镇 黄圃镇
        东凤镇 古镇镇 沙溪镇 坦洲镇 港口镇 三角镇 横栏镇 南头镇 阜沙镇 三乡镇 板芙镇 大涌镇 神湾镇 翠亨新区""",
}

PROVINCES: Final[dict[str, str]] = {
    "11": "北京市", "12": "天津市", "13": "河北省", "14": "山西省", "15": "内蒙古自治区",
    "21": "辽宁省", "22": "吉林省", "23": "黑龙江省",
    "31": "上海市", "32": "江苏省", "33": "浙江省", "34": "安徽省", "35": "福建省", "36": "江西省",
    "37": "山东省",
    "41": "河南省", "42": "湖北省", "43": "湖南省", "44": "广东省", "45": "广西壮族自治区", "46": "海南省",
    "50": "重庆市", "51": "四川省", "52": "贵州省", "53": "云南省", "54": "西藏自治区",
    "61": "陕西省", "62": "甘肃省", "63": "青海省", "64": "宁夏回族自治区", "65": "新疆维吾尔自治区",
    "71": "台湾省", "81": "香港特别行政区", "82": "澳门特别行政区",
}  # fmt: skip
"""First two digits → province-level region, all 34."""

# Residence permits (港澳台居民居住证) carry 83 for Taiwan, which GB/T 2260 itself does not use.
_PERMIT_PROVINCES = {**PROVINCES, "83": "台湾省"}


def _read(line: str) -> City:
    head, *districts = line.split()
    code = head[:6]
    return City(
        code,
        head[6:],
        tuple(District(code[:4] + item[:2], item[2:]) for item in districts),
        tuple(_TOWNS.get(code, "").split()),
    )


CITIES: Final[tuple[City, ...]] = tuple(_read(line) for line in re.split(r"\n(?! )", _CITIES.strip()))
"""The 21 cities, in the order of the province's target table."""

_CITY_BY_CODE = {found.code: found for found in CITIES}
_DISTRICT_BY_CODE = {found.code: found for owner in CITIES for found in owner.districts}


def city(code: str) -> City:
    """Return the city with this six-digit code (``"440100"``); ``KeyError`` if Guangdong has none."""
    return _CITY_BY_CODE[code]


def district(code: str) -> District:
    """Return the district with this six-digit code (``"440106"``); ``KeyError`` if Guangdong has none."""
    return _DISTRICT_BY_CODE[code]


def city_of(code: str) -> City | None:
    """Return the city that a city's or district's code (also an abolished district's) lies in, or None."""
    return _CITY_BY_CODE.get(code[:4] + "00")


def household_region(six_digits: str) -> str | None:
    """Name the place where an ID number was first given out (户籍地 at that time), as far as it is known.

    ``six_digits`` are the first digits of an ID number. The province is named for all of China, the city and
    district for Guangdong: ``广东省广州市天河区``, ``湖南省``. None when not even the province is known.
    """
    province = _PERMIT_PROVINCES.get(six_digits[:2])
    if province is None:
        return None
    owner = city_of(six_digits)
    within = _DISTRICT_BY_CODE.get(six_digits)
    return province + (owner.name if owner else "") + (within.name if within else "")
