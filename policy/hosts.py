"""What an internship host (见习单位) must have, its kinds in everyday words, and what each kind usually offers.

The kinds and the positions they are to be asked for: 人社部发〔2023〕27号 二(二). Who is recognised is decided by a
clerk; here is only what must be there before one can decide.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from datetime import date
from typing import Final

from policy.codes import PositionKind
from policy.eligibility import add_months
from policy.ledger_codes import HostKind
from policy.programme import RuleMissing, programme_on
from policy.refusal import Refused

SHORTEST_NAME: Final = 4
LONGEST_NAME: Final = 60
LONGEST_ADDRESS: Final = 100
SHORTEST_REASON: Final = 2

TYPICAL: Final[Mapping[HostKind, PositionKind]] = {
    HostKind.RESEARCH_UNIVERSITY: PositionKind.RESEARCH,
    HostKind.RESEARCH_INSTITUTE: PositionKind.RESEARCH,
    HostKind.TECHNOLOGY_ENTERPRISE: PositionKind.RESEARCH,
    HostKind.LEADING_MANUFACTURER: PositionKind.TECHNICAL,
    HostKind.SINGLE_CHAMPION: PositionKind.TECHNICAL,
    HostKind.LITTLE_GIANT: PositionKind.TECHNICAL,
    HostKind.TECHNICIAN_SCHOOL: PositionKind.TECHNICAL,
    HostKind.PUBLIC_INSTITUTION: PositionKind.MANAGEMENT,
    HostKind.STATE_OWNED: PositionKind.MANAGEMENT,
    HostKind.SMALL_MEDIUM: PositionKind.MANAGEMENT,
    HostKind.COMMUNITY: PositionKind.SOCIAL_SERVICE,
    HostKind.GRASSROOTS_PLATFORM: PositionKind.SOCIAL_SERVICE,
    HostKind.SOCIAL_ORGANISATION: PositionKind.SOCIAL_SERVICE,
}
"""The kind of position that the notice asks of each kind of host; other hosts (其他单位) are not named there."""

WORDS: Final[Mapping[HostKind, tuple[str, ...]]] = {
    HostKind.RESEARCH_UNIVERSITY: ("大学", "高校", "高等院校", "高等学校"),
    HostKind.RESEARCH_INSTITUTE: ("科研院所", "科研机构", "研究院", "研究所", "科研单位", "科研事业单位"),
    HostKind.TECHNOLOGY_ENTERPRISE: (
        *("科技型企业", "科技企业", "高新技术企业", "高新企业", "高企", "科技公司", "科技型中小企业"),
    ),
    HostKind.LEADING_MANUFACTURER: ("制造业龙头", "龙头企业", "龙头", "制造业企业"),
    HostKind.SINGLE_CHAMPION: ("单项冠军", "制造业单项冠军", "冠军企业"),
    HostKind.LITTLE_GIANT: ("专精特新", "小巨人", "小巨人企业", "专精特新企业", "专精特新小巨人"),
    HostKind.TECHNICIAN_SCHOOL: ("技校", "技工学校", "技师学院", "技工院校"),
    HostKind.PUBLIC_INSTITUTION: ("事业单位", "机关事业单位", "公立医院", "机关", "党政机关", "政府部门"),
    HostKind.STATE_OWNED: ("国企", "国有企业", "央企", "国有控股企业", "国有控股", "国有独资"),
    HostKind.SMALL_MEDIUM: (
        *("中小企业", "小微企业", "中小微", "小微", "民营企业", "私营企业", "民企", "私企", "公司", "企业"),
        *("有限公司", "个体工商户", "个体户", "外资企业", "外企", "股份公司"),
    ),
    HostKind.COMMUNITY: (
        *("社区", "居委会", "村委会", "社区服务机构", "城乡社区", "城乡社区组织", "社区服务中心", "街道社区"),
    ),
    HostKind.GRASSROOTS_PLATFORM: ("基层平台", "基层服务平台", "基层公共服务平台", "镇街服务平台"),
    HostKind.SOCIAL_ORGANISATION: (
        *("社会组织", "社会团体", "社团", "民办非企业", "民非", "基金会", "协会", "行业协会", "商会"),
        *("社会服务机构", "民办学校", "社工机构"),
    ),
    HostKind.OTHER: ("其他", "其它", "其他单位", "别的"),
}
"""How people call each kind, besides its label and code."""

_noise = re.compile(r"[\s“”\"'‘’（）()、·]+")


def _fold(text: str) -> str:
    return _noise.sub("", unicodedata.normalize("NFKC", text)).lower()


_KINDS: Final = {_fold(word): kind for kind in HostKind for word in (*WORDS[kind], kind.label, kind.value)}


def read_host_kind(text: str) -> HostKind:
    """Read a host's kind from its label, its code or an everyday word (国企, 民营企业). Raises `Refused`."""
    found = _KINDS.get(_fold(text))
    if found is None:
        labels = "、".join(kind.label for kind in HostKind)
        raise Refused(f"没有“{text.strip()}”这种单位类型，请写：{labels}。")
    return found


def typical_position_kind(kind: HostKind) -> PositionKind | None:
    """The kind of position that such a host is to be asked for; None where the notice names none."""
    return TYPICAL.get(kind)


def host_faults(name: str, address: str | None) -> tuple[str, ...]:
    """What is wrong with the particulars of a host, each as a sentence; none when all is well."""
    faults: list[str] = []
    if len(name.strip()) < SHORTEST_NAME:
        faults.append("单位名称太短，请写营业执照或法人证书上的全称。")
    if len(name) > LONGEST_NAME:
        faults.append(f"单位名称请控制在{LONGEST_NAME}个字以内。")
    if address is not None and len(address) > LONGEST_ADDRESS:
        faults.append(f"地址请控制在{LONGEST_ADDRESS}个字以内。")
    return tuple(faults)


def require_reason(reason: str | None, what: str) -> str:
    """A reason in words, trimmed. Raises `Refused` when there is none: `what` says what it is for."""
    plain = (reason or "").strip()
    if len(plain) < SHORTEST_REASON:
        raise Refused(f"请写明{what}的原因，单位和上级都会看到。")
    return plain


def next_review(on: date, city: str) -> date:
    """When the recognition of a host, given or confirmed on that day, is to be looked at again.

    Raises `Refused` when no rule is known for the day.
    """
    try:
        return add_months(on, programme_on(on, city).host_review_months)
    except RuleMissing as missing:
        raise Refused(str(missing)) from None
