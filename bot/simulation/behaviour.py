"""How the simulated people, hosts and clerks behave: every rate in one place. Shares are between 0 and 1."""

from __future__ import annotations

from dataclasses import dataclass, field

from policy.ledger_codes import Result


@dataclass(frozen=True, slots=True)
class Behaviour:
    """Rates and delays (days, both ends included). Months are 1 to 12."""

    months_of_hosts: tuple[int, ...] = (30, 18, 14, 8, 6, 6, 6, 5, 3, 2, 1, 1)
    months_of_people: tuple[int, ...] = (6, 6, 10, 8, 7, 12, 18, 13, 8, 6, 4, 2)
    openings: tuple[int, int] = (1, 8)
    host_decided: tuple[int, int] = (2, 9)
    host_refused: float = 0.04
    host_removed: float = 0.03
    position_ends: float = 0.15
    position_resized: float = 0.06
    graduate: float = 0.78
    hardship: float = 0.09
    verified: float = 0.6
    applied: tuple[int, int] = (0, 12)
    answered: tuple[int, int] = (2, 10)
    declined: float = 0.14
    withdrawn: float = 0.04
    signed: tuple[int, int] = (1, 6)
    arrived: tuple[int, int] = (0, 5)
    never_arrived: float = 0.03
    terms: tuple[int, ...] = (3, 3, 3, 4, 6, 6, 12)
    retained_early: float = 0.07
    ended_early: float = 0.12
    changed_host: float = 0.04
    extended: float = 0.05
    retained: float = 0.46
    result_known: tuple[int, int] = (0, 24)
    results: dict[Result, int] = field(
        default_factory=lambda: {
            Result.EMPLOYED: 30,
            Result.FLEXIBLE: 9,
            Result.SELF_EMPLOYED: 4,
            Result.FURTHER_STUDY: 6,
            Result.ENLISTED: 2,
            Result.LOOKING: 34,
            Result.INACTIVE: 9,
            Result.UNKNOWN: 6,
        }
    )
    known_late: float = 0.03
    late_by: tuple[int, int] = (20, 55)
    corrected: float = 0.01
    unpaid: float = 0.02


USUAL = Behaviour()
