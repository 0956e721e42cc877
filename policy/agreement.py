"""What an internship agreement (见习协议) and a certificate (见习证明) must say, and what is still missing.

人社部发〔2023〕27号 二(五): an agreement is to be signed; 三(一): stipend and accident insurance; 三(三): the term. The
notices give no form, so the list of items is the bureau's usual one. Standing clauses are in the template, which a
bureau may edit: `clauses_missing` tells which of them an edited one has lost.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from datetime import date
from typing import Final

TERMS: Final[Mapping[str, str]] = {
    "hours": "见习时间和休息安排",
    "pay_day": "每月补贴发放日",
    "insurance": "人身意外伤害保险",
}
"""Items that only the agreement knows: they are entered when it is written or signed."""

DAYS_OF_MONTH: Final = range(1, 29)
"""Days on which a stipend can be paid every month."""


@dataclass(frozen=True, slots=True)
class Agreement:
    """Everything that is filled into an agreement; None or empty where it is not known. Money is in fen."""

    host_name: str | None
    uscc: str | None
    host_contact: str | None
    host_phone: str | None
    person_name: str | None
    id_number: str | None
    phone: str | None
    title: str | None
    kind: str | None
    place: str | None
    plan: str | None
    mentor: str | None
    starts_on: date | None
    ends_on: date | None
    months: int | None
    stipend_fen: int | None
    hours: str | None = None
    pay_day: int | None = None
    insurance: str | None = None


LABELS: Final[Mapping[str, str]] = {
    "host_name": "见习单位名称",
    "uscc": "统一社会信用代码",
    "host_contact": "单位联系人",
    "host_phone": "单位联系电话",
    "person_name": "见习人员姓名",
    "id_number": "见习人员身份证号",
    "phone": "见习人员手机号",
    "title": "见习岗位",
    "kind": "岗位类别",
    "place": "见习地点",
    "plan": "见习内容和计划（岗位描述）",
    "mentor": "带教老师",
    "starts_on": "见习开始日期",
    "ends_on": "见习结束日期",
    "months": "见习期限",
    "stipend_fen": "每月见习补贴",
    **TERMS,
}

CLAUSES: Final[Mapping[str, tuple[str, ...]]] = {
    "协议性质（不是劳动合同）": ("不是劳动合同",),
    "补贴按月发放": ("按月", "不得见习结束后集中发放"),
    "人身意外伤害保险": ("人身意外伤害保险",),
    "安全": ("安全",),
    "双方职责": ("甲方", "乙方"),
    "提前结束": ("提前结束",),
    "考核和见习证明": ("见习证明",),
    "留用": ("留用", "劳动合同"),
    "争议处理": ("争议",),
    "个人信息保护": ("个人信息",),
}
"""Standing clauses of an agreement, and the words by which each is known."""


@dataclass(frozen=True, slots=True)
class Certificate:
    """Everything that is filled into a certificate. `tasks` and `appraisal` are the host's words (单位鉴定)."""

    host_name: str | None
    uscc: str | None
    person_name: str | None
    id_number: str | None
    title: str | None
    kind: str | None
    mentor: str | None
    arrived_on: date | None
    ended_on: date | None
    ending: str | None
    tasks: str | None
    appraisal: str = ""


CERTIFICATE_LABELS: Final[Mapping[str, str]] = {
    **{
        name: LABELS[name]
        for name in ("host_name", "uscc", "person_name", "id_number", "title", "kind", "mentor")
    },
    "arrived_on": "到岗日期",
    "ended_on": "见习结束日期",
    "ending": "结束方式",
    "tasks": "见习内容",
}


def missing(paper: Agreement | Certificate) -> tuple[str, ...]:
    """The Chinese names of the items that are not filled in, in the order of the form."""
    labels = LABELS if isinstance(paper, Agreement) else CERTIFICATE_LABELS
    return tuple(
        labels[field.name]
        for field in fields(paper)
        if field.name in labels and getattr(paper, field.name) in (None, "", 0)
    )


def clauses_missing(text: str) -> tuple[str, ...]:
    """The standing clauses that the text of an agreement does not have."""
    return tuple(name for name, words in CLAUSES.items() if not all(word in text for word in words))
