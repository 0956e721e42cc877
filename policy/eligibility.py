"""Who may take part (见习对象资格): the decision table over what is known of a person on a day.

Owns the reasoning, not the numbers (`policy.parameters`) nor the words (the dialog's texts). A machine
never refuses a person finally (个人信息保护法 第二十四条): NOT_YET is a forecast that names its reasons, a
clerk decides, and the binding test is made on the day the agreement (见习协议) is signed.
"""

from calendar import isleap, monthrange
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date, timedelta
from enum import StrEnum
from typing import NamedTuple, Self

from policy.codes import Education, Track
from policy.parameters import GUANGDONG, NATIONAL, EarlierInternship, Parameters


class Outcome(StrEnum):
    """What the table says (资格结论)."""

    ELIGIBLE = "eligible"
    NOT_YET = "not_yet"
    TO_VERIFY = "to_verify"


class Reason(StrEnum):
    """Why a person is not (yet) found eligible: a stable code with what the code means for them.

    `curable`: the person or time can remove it. `unknown`: a missing fact, not a failed rule; it stands only
    in a TO_VERIFY, where a failed rule beside it says which track has already fallen out.
    """

    curable: bool
    unknown: bool
    clause: str

    def __new__(cls, value: str, clause: str = "", curable: bool = True, unknown: bool = False) -> Self:
        """Make a member; the defaults let `Reason("employed")` type-check, every member has its clause."""
        member = str.__new__(cls, value)
        member._value_ = value
        member.clause = clause
        member.curable = curable
        member.unknown = unknown
        return member

    AT_SCHOOL = "at_school", f"{NATIONAL} 一（离校）"
    EMPLOYED = "employed", f"{NATIONAL} 一（未就业、失业）"
    BUSINESS_LICENCE = "business_licence", "通知未规定，按各地通行做法"
    EARLIER_INTERNSHIP = "earlier_internship", "通知未规定，按通行做法原则上一次", False
    DISPATCH = "dispatch", "通知未规定，按各地通行做法"
    TOO_YOUNG = "too_young", f"{NATIONAL} 一（16—24岁）"
    EDUCATION_NOT_GRADUATE_LEVEL = "education_not_graduate_level", f"{NATIONAL} 一（高校毕业生）", False
    CERTIFICATE_IN_FUTURE = "certificate_in_future", f"{NATIONAL} 一（离校）"
    GRADUATED_TOO_LONG_AGO = (
        "graduated_too_long_ago",
        f"{NATIONAL} 一、{GUANGDONG} 二(二)（离校2年内）",
        False,
    )
    TOO_OLD_FOR_YOUTH = "too_old_for_youth", f"{NATIONAL} 一、{GUANGDONG} 二(二)（16—24岁）", False
    UNEMPLOYMENT_NOT_REGISTERED = "unemployment_not_registered", f"{NATIONAL} 二(一)（登记失业青年）"
    EARLIER_INTERNSHIP_CITY_UNKNOWN = "earlier_internship_city_unknown", "通知未规定，按当地规定", True, True
    EDUCATION_UNKNOWN = "education_unknown", f"{NATIONAL} 一（高校毕业生）", True, True
    CERTIFICATE_UNKNOWN = "certificate_unknown", f"{NATIONAL} 一（离校两年内）", True, True
    CERTIFICATE_DAY_UNKNOWN = "certificate_day_unknown", f"{NATIONAL} 一（离校两年内）", True, True
    BIRTH_DATE_UNKNOWN = "birth_date_unknown", f"{NATIONAL} 一（16—24岁）", True, True
    UNEMPLOYMENT_UNKNOWN = "unemployment_unknown", f"{NATIONAL} 二(一)（登记失业青年）", True, True


_ORDER = {reason: place for place, reason in enumerate(Reason)}


@dataclass(frozen=True, slots=True)
class Facts:
    """What is known of a person; None means not known (yet), also for a document that tells no birth date.

    `track` is what the person says of themselves; it is recorded, and never shuts out the other track.
    `employed`: has work or is insured as an employee now. `graduated`: first and last possible day on the
    certificate (毕业证书日期), equal when the day is known. Raises `ValueError` when they are out of order.
    """

    track: Track = Track.UNSURE
    at_school: bool = False
    employed: bool = False
    business_licence: bool = False
    earlier_internship: bool = False
    dispatch: bool = False
    education: Education | None = None
    graduated: tuple[date, date] | None = field(default=None, repr=False)
    birth_date: date | None = field(default=None, repr=False)
    unemployment_registered: bool | None = None

    def __post_init__(self) -> None:
        if self.graduated is not None and self.graduated[0] > self.graduated[1]:
            raise ValueError("the first possible certificate day lies after the last")


@dataclass(frozen=True, slots=True)
class Assessment:
    """What follows from the facts on a day.

    `track` is the one the person is counted in: graduate when both fit, None while neither is sure. The two
    flags say whether each track's own conditions hold (None: not known), whatever bars the person.
    `eligible_until` is the last day on which a fitting track still fits if only time passes, the later of
    both; with a month-only certificate it counts from the month's first day, to promise no day in vain.
    """

    outcome: Outcome
    track: Track | None
    fits_graduate: bool | None
    fits_youth: bool | None
    reasons: tuple[Reason, ...]
    eligible_until: date | None


class _Fit(NamedTuple):
    """How one track looks: failed rules, missing facts, and the last day while it fits."""

    failed: tuple[Reason, ...] = ()
    unknown: tuple[Reason, ...] = ()
    until: date | None = None

    @property
    def fits(self) -> bool | None:
        return False if self.failed else None if self.unknown else True


def assess(facts: Facts, test_date: date, parameters: Parameters) -> Assessment:
    """Apply the decision table on `test_date` to what is known so far.

    NOT_YET only when it is certain that something bars the person or that neither track can fit; a missing
    fact by itself gives TO_VERIFY. Reasons come in the order of `Reason`, without repeats.
    """
    barred, open_points = _common(facts, test_date, parameters)
    graduate = _graduate(facts, test_date, parameters)
    youth = _youth(facts, test_date, parameters)
    neither = bool(graduate.failed and youth.failed)
    fitting = [fit for fit in (graduate, youth) if fit.fits]
    if barred or neither:
        outcome, reasons = Outcome.NOT_YET, barred
        if neither:
            reasons += _decisive(graduate.failed) + _decisive(youth.failed)
    elif fitting and not open_points:
        outcome, reasons = Outcome.ELIGIBLE, ()
    else:
        outcome, reasons = Outcome.TO_VERIFY, open_points
        if not fitting:
            reasons += _pending(facts.track, graduate, youth)
    return Assessment(
        outcome,
        Track.GRADUATE if graduate.fits else Track.YOUTH if youth.fits else None,
        graduate.fits,
        youth.fits,
        tuple(sorted(set(reasons), key=_ORDER.__getitem__)),
        max((fit.until for fit in fitting if fit.until is not None), default=None),
    )


def _common(facts: Facts, day: date, rules: Parameters) -> tuple[tuple[Reason, ...], tuple[Reason, ...]]:
    """Collect what stands in the way on either track (E2, E5–E9): failed rules, then open points."""
    earlier = rules.bar_earlier_internship if facts.earlier_internship else EarlierInternship.ALLOWED
    young = facts.birth_date is not None and age_on(facts.birth_date, day) < rules.minimum_age
    failed = (
        (Reason.AT_SCHOOL, facts.at_school and rules.bar_at_school),
        (Reason.EMPLOYED, facts.employed and rules.bar_employed),
        (Reason.BUSINESS_LICENCE, facts.business_licence and rules.bar_business_licence),
        (Reason.EARLIER_INTERNSHIP, earlier is EarlierInternship.BARS),
        (Reason.DISPATCH, facts.dispatch and rules.bar_dispatch),
        (Reason.TOO_YOUNG, young),
    )
    unknown = (
        (Reason.EARLIER_INTERNSHIP_CITY_UNKNOWN, earlier is EarlierInternship.BARS_IN_SAME_CITY),
        (Reason.BIRTH_DATE_UNKNOWN, facts.birth_date is None),
    )
    return _true_ones(failed), _true_ones(unknown)


def _graduate(facts: Facts, day: date, rules: Parameters) -> _Fit:
    """Judge the graduate track (E3): a graduate's level, and from the certificate day 24 months inclusive."""
    level, months = facts.education, rules.graduate_months
    too_low = level is not None and level not in rules.graduate_levels
    failed = [(Reason.EDUCATION_NOT_GRADUATE_LEVEL, too_low)]
    unknown = [
        (Reason.EDUCATION_UNKNOWN, level is None),
        (Reason.CERTIFICATE_UNKNOWN, facts.graduated is None),
    ]
    until = None
    if facts.graduated is not None:
        first, last = facts.graduated
        until = add_months(first, months)
        failed += [
            (Reason.CERTIFICATE_IN_FUTURE, first > day),
            (Reason.GRADUATED_TOO_LONG_AGO, add_months(last, months) < day),
        ]
        # Some days of the month may fit and others not; where none fits, a rule has failed above.
        unknown.append((Reason.CERTIFICATE_DAY_UNKNOWN, not last <= day <= until))
    return _Fit(_true_ones(failed), _true_ones(unknown), until)


def _youth(facts: Facts, day: date, rules: Parameters) -> _Fit:
    """Judge the youth track (E4): full 16, not yet 25, and registered as unemployed where that is asked."""
    required, registered = rules.unemployment_registration_required, facts.unemployment_registered
    failed = [(Reason.UNEMPLOYMENT_NOT_REGISTERED, required and registered is False)]
    unknown = [
        (Reason.BIRTH_DATE_UNKNOWN, facts.birth_date is None),
        (Reason.UNEMPLOYMENT_UNKNOWN, required and registered is None),
    ]
    until = None
    if facts.birth_date is not None:
        age = age_on(facts.birth_date, day)
        until = birthday(facts.birth_date, rules.youth_age_below) - timedelta(days=1)
        failed += [
            (Reason.TOO_YOUNG, age < rules.minimum_age),
            (Reason.TOO_OLD_FOR_YOUTH, age >= rules.youth_age_below),
        ]
    return _Fit(_true_ones(failed), _true_ones(unknown), until)


def _decisive(failed: tuple[Reason, ...]) -> tuple[Reason, ...]:
    # Where time or the person cannot mend a track, naming what could be mended besides would be false hope.
    return tuple(reason for reason in failed if not reason.curable) or failed


def _pending(wanted: Track, graduate: _Fit, youth: _Fit) -> tuple[Reason, ...]:
    """Name what is missing on the track asked for; where that has fallen out, why, and what the other needs."""
    if wanted is Track.GRADUATE and not graduate.failed:
        return graduate.unknown
    if wanted is Track.YOUTH and not youth.failed:
        return youth.unknown
    named = (_decisive(fit.failed) or fit.unknown for fit in (graduate, youth))
    return tuple(reason for reasons in named for reason in reasons)


def _true_ones(pairs: Iterable[tuple[Reason, bool]]) -> tuple[Reason, ...]:
    return tuple([reason for reason, holds in pairs if holds])


def add_months(day: date, n: int) -> date:
    """Move a day by `n` months; where the month is shorter its last day counts (29 Feb + 24 → 28 Feb)."""
    year, month = divmod(day.year * 12 + day.month - 1 + n, 12)
    return date(year, month + 1, min(day.day, monthrange(year, month + 1)[1]))


def birthday(birth: date, age: int) -> date:
    """Give the day on which a person reaches an age in full years (周岁).

    Assumption, left open by the notices: full age is reached on the birthday itself, and someone born on
    29 Feb reaches it on 1 March in common years.
    """
    year = birth.year + age
    if (birth.month, birth.day) == (2, 29) and not isleap(year):
        return date(year, 3, 1)
    return birth.replace(year=year)


def age_on(birth: date, day: date) -> int:
    """Count full years of age (周岁) on a day, by the rule of `birthday`; below 0 before the birth."""
    return day.year - birth.year - ((day.month, day.day) < (birth.month, birth.day))
