"""Demonstrative positions (示范性岗位): how many a city owes each month, and which are the best.

The share is 粤人社函〔2023〕228号 二 and 人社部发〔2023〕27号 二(二): 不少于本地总岗位数的百分之一. What makes a
position good follows the notices where they say it (kinds and hosts to be favoured); the weights are ours, and each
point given comes with its reason, so that a clerk can see and overrule it.
"""

from __future__ import annotations

import heapq
from collections import defaultdict
from collections.abc import Iterable
from typing import Final, NamedTuple

from policy.codes import Code, PositionKind
from policy.ledger_codes import HostKind


class BundleStatus(Code):
    """Where the demonstrative positions of a month stand (示范岗位打包)."""

    DRAFT = "draft", "草稿"
    PUBLISHED = "published", "已发布"


FAVOURED_KINDS: Final = frozenset({PositionKind.RESEARCH, PositionKind.TECHNICAL, PositionKind.MANAGEMENT})
"""粤人社函〔2023〕50号 三(一): 重点提高管理、技术、科研类岗位比重."""

LEADING_HOSTS: Final = frozenset(
    {
        HostKind.RESEARCH_UNIVERSITY,
        HostKind.RESEARCH_INSTITUTE,
        HostKind.TECHNOLOGY_ENTERPRISE,
        HostKind.LEADING_MANUFACTURER,
        HostKind.SINGLE_CHAMPION,
        HostKind.LITTLE_GIANT,
    }
)
"""The hosts that 人社部发〔2023〕27号 二(二) names first, for research and skills."""

STEADY_HOSTS: Final = frozenset(
    {HostKind.PUBLIC_INSTITUTION, HostKind.STATE_OWNED, HostKind.TECHNICIAN_SCHOOL}
)

STIPEND_POINTS: Final = 30
MENTOR_POINTS: Final = 20
KIND_POINTS: Final = 20
LEADING_POINTS: Final = 15
STEADY_POINTS: Final = 8
OPENINGS_POINTS: Final = 10
DESCRIPTION_POINTS: Final = 5
SAME_HOST_COST: Final = 12
"""Taken off for each position of the same host that is chosen already: a bundle shows many hosts."""

MANY_OPENINGS: Final = 5
FULL_DESCRIPTION: Final = 60
"""Characters from which a description tells what the work is."""


class Candidate(NamedTuple):
    """A published position as it is judged. Money in fen; `floor_fen` is the local lowest stipend of the day."""

    position_id: int
    host_id: int
    kind: str
    host_kind: str
    stipend_fen: int
    floor_fen: int
    has_mentor: bool
    openings: int
    left: int
    described: int
    """Characters of the description."""


class Pick(NamedTuple):
    """A candidate with its score and why."""

    candidate: Candidate
    score: int
    reasons: tuple[str, ...]


def least_count(total: int, percent: int) -> int:
    """The fewest that are `percent` % of `total`, rounded up: 1 % of 6,800 is 68, of 101 is 2, of none is none."""
    return -(-total * percent // 100)


def judge(candidate: Candidate) -> Pick:
    """Score one candidate from 0 to 100."""
    points = (
        _stipend(candidate),
        (MENTOR_POINTS, "有带教老师") if candidate.has_mentor else (0, ""),
        _kind(candidate),
        _host(candidate),
        _openings(candidate),
        (DESCRIPTION_POINTS, "") if candidate.described >= FULL_DESCRIPTION else (0, ""),
    )
    return Pick(
        candidate,
        sum(score for score, _ in points),
        tuple(reason for _, reason in points if reason),
    )


def _stipend(candidate: Candidate) -> tuple[int, str]:
    """All the points for a stipend half above the floor; none at the floor."""
    above = (candidate.stipend_fen - candidate.floor_fen) * 100 // candidate.floor_fen
    if above <= 0:
        return 0, ""
    return min(STIPEND_POINTS, above * STIPEND_POINTS // 50), f"见习补贴高于当地下限{above}%"


def _kind(candidate: Candidate) -> tuple[int, str]:
    if candidate.kind not in FAVOURED_KINDS:
        return 0, ""
    return KIND_POINTS, f"{PositionKind(candidate.kind).label}岗位"


def _host(candidate: Candidate) -> tuple[int, str]:
    kind = HostKind(candidate.host_kind)
    if kind in LEADING_HOSTS:
        return LEADING_POINTS, kind.label
    return (STEADY_POINTS, kind.label) if kind in STEADY_HOSTS else (0, "")


def _openings(candidate: Candidate) -> tuple[int, str]:
    some = min(candidate.left, MANY_OPENINGS)
    return some * OPENINGS_POINTS // MANY_OPENINGS, "名额多" if some == MANY_OPENINGS else ""


def fits(candidate: Candidate) -> bool:
    """Whether it may be called demonstrative at all: openings are left and the stipend is not below the floor."""
    return candidate.left > 0 and candidate.stipend_fen >= candidate.floor_fen


def choose(candidates: Iterable[Candidate], positions: int, openings: int) -> list[Pick]:
    """The best candidates, best first, until they are `positions` with `openings` in all, or none is left.

    Each host's second, third … position counts for less, so that the bundle does not show one host only.
    Among equals the older position (lower id) goes first.
    """
    waiting = [
        (-pick.score, pick.candidate.position_id, 0, pick) for pick in map(judge, filter(fits, candidates))
    ]
    heapq.heapify(waiting)
    chosen: list[Pick] = []
    of_host: dict[int, int] = defaultdict(int)
    reached = 0
    while waiting and (len(chosen) < positions or reached < openings):
        cost, position_id, seen, pick = heapq.heappop(waiting)
        others = of_host[pick.candidate.host_id]
        if others > seen:  # scored before the host was chosen again
            heapq.heappush(waiting, (cost + (others - seen) * SAME_HOST_COST, position_id, others, pick))
            continue
        of_host[pick.candidate.host_id] += 1
        reached += pick.candidate.openings
        chosen.append(pick)
    return chosen


class Share(NamedTuple):
    """Demonstrative positions against all published ones of a place, in positions and in the openings they offer.

    The notices say 岗位 for both, so both shares are to be reached.
    """

    positions: int
    openings: int
    chosen_positions: int
    chosen_openings: int
    percent: int

    @property
    def least_positions(self) -> int:
        """The fewest positions that reach the share."""
        return least_count(self.positions, self.percent)

    @property
    def least_openings(self) -> int:
        """The fewest openings that reach the share."""
        return least_count(self.openings, self.percent)

    def missing(self) -> tuple[str, ...]:
        """What is missing, in sentences; empty when the share is reached."""
        found = []
        if self.chosen_positions < self.least_positions:
            found.append(
                f"招募中的岗位有{self.positions}个，按{self.percent}%至少要选{self.least_positions}个，"
                f"现在{self.chosen_positions}个，还差{self.least_positions - self.chosen_positions}个。"
            )
        if self.chosen_openings < self.least_openings:
            found.append(
                f"招募中的岗位共招{self.openings}人，按{self.percent}%所选岗位至少合计招{self.least_openings}人，"
                f"现在{self.chosen_openings}人，还差{self.least_openings - self.chosen_openings}人。"
            )
        return tuple(found)
