"""What a host hands in for its subsidies (补贴申领材料): the checklist of a host's month.

From the practice of Guangdong cities (中山、珠海); the national notices leave it to the places. What was shown for
a person once need not be shown again.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Final

from policy.codes import Code
from policy.ledger_codes import SubsidyKind


class Evidence(Code):
    """One piece of evidence (材料)."""

    AGREEMENT = "agreement", "见习协议"
    IDENTITY = "identity", "身份证和毕业证书（首次）"
    ATTENDANCE = "attendance", "考勤记录"
    PAYROLL = "payroll", "补贴发放明细或银行流水"
    INSURANCE = "insurance", "人身意外伤害保险保单或发票"
    ROSTER = "roster", "花名册"
    CONTRACT = "contract", "劳动合同"
    SOCIAL_INSURANCE = "social_insurance", "社会保险缴费记录"


MONTHLY: Final = frozenset({SubsidyKind.LIVING, SubsidyKind.GUIDANCE})
STAYING: Final = frozenset({SubsidyKind.RETENTION, SubsidyKind.REMAINING_TERM})


def required(kinds: Collection[SubsidyKind], *, newcomers: bool) -> tuple[Evidence, ...]:
    """What a host must hand in for amounts of these kinds; `newcomers` are people who had none before."""
    wanted = {Evidence.ROSTER} if kinds else set()
    if newcomers:
        wanted |= {Evidence.AGREEMENT, Evidence.IDENTITY, Evidence.INSURANCE}
    if MONTHLY & set(kinds):
        wanted |= {Evidence.ATTENDANCE, Evidence.PAYROLL}
    if SubsidyKind.INSURANCE in kinds:
        wanted.add(Evidence.INSURANCE)
    if STAYING & set(kinds):
        wanted |= {Evidence.CONTRACT, Evidence.SOCIAL_INSURANCE}
    return tuple(kind for kind in Evidence if kind in wanted)
