"""What an internship position (见习岗位) must offer before it may be published, and whom its demand lets in.

Term: 人社部发〔2023〕27号 三(三); stipend: the dated floor of the city (`policy.programme`); the four kinds and the
demonstrative mark: 二(二).
"""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping
from datetime import date
from typing import Final, NamedTuple

from policy.codes import Education, PositionKind
from policy.programme import programme_on, stipend_floor_fen
from policy.refusal import Refused

LONGEST_TITLE: Final = 40
LONGEST_DESCRIPTION: Final = 1500
LONGEST_REASON: Final = 200
MOST_OPENINGS: Final = 9999
MOST_MAJORS: Final = 20
HIGHEST_STIPEND_FEN: Final = 10_000_000
"""100,000 yuan a month: more is a slip of the finger."""

RANK: Final[Mapping[Education, int]] = {
    Education.DOCTOR: 6,
    Education.MASTER: 5,
    Education.BACHELOR: 4,
    Education.JUNIOR_COLLEGE: 3,
    Education.TECHNICIAN_COLLEGE: 3,
    Education.SECONDARY_SPECIALISED: 2,
    Education.VOCATIONAL_HIGH_SCHOOL: 2,
    Education.SPECIAL_VOCATIONAL: 2,
    Education.SKILLED_WORKER_SCHOOL: 2,
    Education.SENIOR_HIGH_SCHOOL: 2,
    Education.JUNIOR_HIGH_SCHOOL: 1,
    Education.PRIMARY_SCHOOL: 0,
    Education.OTHER: 0,
}
"""Which education is higher; equals count alike (高级工班、预备技师班 as 大专, 人社部 usage)."""

_KIND_WORDS: Final[Mapping[PositionKind, tuple[str, ...]]] = {
    PositionKind.RESEARCH: ("科研", "科研类", "研发", "研发类", "研究"),
    PositionKind.TECHNICAL: ("技术", "技能", "技术类", "技能类", "技术技能", "技术技能类", "专业技术"),
    PositionKind.MANAGEMENT: ("管理", "管理类", "行政", "行政管理", "文职"),
    PositionKind.SOCIAL_SERVICE: ("社会服务", "社会服务类", "服务", "服务类", "社区服务"),
}
_EDUCATION_WORDS: Final[Mapping[Education, tuple[str, ...]]] = {
    Education.DOCTOR: ("博士",),
    Education.MASTER: ("硕士", "研究生"),
    Education.BACHELOR: ("本科", "学士", "大学"),
    Education.JUNIOR_COLLEGE: ("大专", "专科", "高职", "高职高专"),
    Education.SECONDARY_SPECIALISED: ("中专", "中等专科", "中职", "中技"),
    Education.VOCATIONAL_HIGH_SCHOOL: ("职高",),
    Education.SKILLED_WORKER_SCHOOL: ("技校",),
    Education.TECHNICIAN_COLLEGE: ("高级工班", "预备技师班", "技师学院"),
    Education.SENIOR_HIGH_SCHOOL: ("高中",),
    Education.JUNIOR_HIGH_SCHOOL: ("初中",),
    Education.PRIMARY_SCHOOL: ("小学",),
}
_ANY_EDUCATION: Final = frozenset({"", "不限", "无", "不限学历", "学历不限", "无要求", "没有要求", "任意"})


def _fold(text: str) -> str:
    return "".join(unicodedata.normalize("NFKC", text).split())


_KINDS: Final = {word: kind for kind in PositionKind for word in (*_KIND_WORDS[kind], kind.label, kind.value)}
_EDUCATIONS: Final = {
    word: level
    for level in Education
    for word in (*_EDUCATION_WORDS.get(level, ()), level.label, level.value)
}


def read_position_kind(text: str) -> PositionKind:
    """Read a position's kind from its label, its code or a short word (管理, 技术). Raises `Refused`."""
    found = _KINDS.get(_fold(text))
    if found is None:
        labels = "、".join(kind.label for kind in PositionKind)
        raise Refused(f"没有“{text.strip()}”这种岗位类别，请写：{labels}。")
    return found


def read_education_demand(text: str) -> Education | None:
    """Read the lowest education that a position accepts (大专, 本科及以上); None for any. Raises `Refused`."""
    plain = _fold(text).removesuffix("学历").removesuffix("以上").removesuffix("及").removesuffix("或")
    plain = plain.removesuffix("学历")
    if plain in _ANY_EDUCATION:
        return None
    found = _EDUCATIONS.get(plain)
    if found is None:
        raise Refused(f"没看懂最低学历“{text.strip()}”，请写大专、本科、硕士、中专、高中等，或“不限”。")
    return found


def demands_met_by(education: Education) -> tuple[Education, ...]:
    """The demands that somebody of this education meets: their own level and all below."""
    return tuple(level for level in Education if RANK[level] <= RANK[education])


class Offer(NamedTuple):
    """What a position offers, as it is to be published on a day. Money is in fen, the city a GB/T 2260 code."""

    title: str
    city: str
    openings: int
    stipend_fen: int
    months: int
    majors: tuple[str, ...] = ()
    description: str = ""
    demonstrative: bool = False
    demonstrative_reason: str | None = None
    closes_on: date | None = None


def offer_faults(offer: Offer, day: date) -> tuple[str, ...]:
    """Everything that keeps an offer from being published on `day`, each as a sentence; none when all is well."""
    return (*_text_faults(offer), *_number_faults(offer), *_rule_faults(offer, day))


def check_offer(offer: Offer, day: date) -> None:
    """Raises `Refused` with all of `offer_faults`."""
    if faults := offer_faults(offer, day):
        raise Refused(*faults)


def check_openings(openings: int) -> None:
    """Raises `Refused` for a number of openings (招收人数) that cannot be meant."""
    if faults := _openings_faults(openings):
        raise Refused(*faults)


def _openings_faults(openings: int) -> list[str]:
    if openings < 1:
        return ["招收人数至少是1人。"]
    if openings > MOST_OPENINGS:
        return [f"招收人数写了{openings}，请核对，最多{MOST_OPENINGS}人。"]
    return []


def _text_faults(offer: Offer) -> list[str]:
    faults: list[str] = []
    if len(offer.title.strip()) < 2:
        faults.append("岗位名称太短，请写全称，例如“会计助理”。")
    if len(offer.title) > LONGEST_TITLE:
        faults.append(f"岗位名称请控制在{LONGEST_TITLE}个字以内。")
    if len(offer.majors) > MOST_MAJORS:
        faults.append(f"专业要求最多写{MOST_MAJORS}个。")
    if len(offer.description) > LONGEST_DESCRIPTION:
        faults.append(f"岗位描述有{len(offer.description)}个字，请控制在{LONGEST_DESCRIPTION}个字以内。")
    reason = (offer.demonstrative_reason or "").strip()
    if offer.demonstrative and not reason:
        faults.append("示范性岗位要写明选为示范的理由，例如“带教规范、留用率高”。")
    if len(reason) > LONGEST_REASON:
        faults.append(f"示范理由请控制在{LONGEST_REASON}个字以内。")
    return faults


def _number_faults(offer: Offer) -> list[str]:
    faults = _openings_faults(offer.openings)
    if offer.stipend_fen > HIGHEST_STIPEND_FEN:
        faults.append("月补贴超过10万元，请核对单位是不是“元／月”。")
    return faults


def _rule_faults(offer: Offer, day: date) -> list[str]:
    faults: list[str] = []
    if offer.closes_on is not None and offer.closes_on < day:
        faults.append(f"截止日期 {offer.closes_on} 已经过了，请改成今天或以后的日子，或者空着。")
    try:
        rules = programme_on(day, offer.city)
        floor = stipend_floor_fen(offer.city, day)
    except LookupError as missing:  # a day before the first rule or wage on record
        return [*faults, str(missing.args[0])]
    if not rules.shortest_months <= offer.months <= rules.longest_months:
        faults.append(
            f"见习期限要在{rules.shortest_months}到{rules.longest_months}个月之间，现在是{offer.months}个月。"
        )
    if offer.stipend_fen < floor:
        faults.append(
            f"月补贴 {yuan(offer.stipend_fen)} 元低于当地下限 {yuan(floor)} 元"
            f"（最低工资标准的{rules.stipend_floor_percent}%），请调高后再报。"
        )
    return faults


def yuan(fen: int) -> str:
    """Fen as yuan without idle zeros: 184000 → 1840, 184050 → 1840.50."""
    whole, rest = divmod(fen, 100)
    return f"{whole}.{rest:02d}" if rest else str(whole)
