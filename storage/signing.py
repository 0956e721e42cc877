"""The test on the signing day (签约日资格复核): may this person sign in this city, and in which track.

The forecast of the registration promises nothing; this test binds. A machine never decides finally against a
person (个人信息保护法 第二十四条): what is open a clerk settles by `storage.verification`, and the sentences say so.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any, Final, NamedTuple

from sqlalchemy import bindparam, select

from dialogs.facts import assessment
from policy.codes import Track
from policy.eligibility import Assessment, Outcome, Reason
from policy.parameters import ParametersMissing
from policy.refusal import Refused
from storage import hardship_marks
from storage.database import Connection, Statement, insert
from storage.errors import NotFound
from storage.ledger_tables import Internship
from storage.sealing import Sealer
from storage.tables import EligibilityResult, Person, core

REASONS: Final[Mapping[Reason, str]] = {
    Reason.AT_SCHOOL: "还在校就读，毕业后再签",
    Reason.EMPLOYED: "已就业或由单位参保，离职并办好失业登记后再签",
    Reason.BUSINESS_LICENCE: "名下有营业执照，注销后再签",
    Reason.EARLIER_INTERNSHIP: "以前参加过就业见习，原则上只能参加一次",
    Reason.DISPATCH: "是劳务派遣形式",
    Reason.TOO_YOUNG: "未满16周岁",
    Reason.EDUCATION_NOT_GRADUATE_LEVEL: "学历不按高校毕业生办理",
    Reason.CERTIFICATE_IN_FUTURE: "毕业证上的日期还没到",
    Reason.GRADUATED_TOO_LONG_AGO: "毕业证日期到签约日已超过两年",
    Reason.TOO_OLD_FOR_YOUTH: "签约日已满25周岁",
    Reason.UNEMPLOYMENT_NOT_REGISTERED: "还没有办失业登记，办好后再签",
    Reason.EARLIER_INTERNSHIP_CITY_UNKNOWN: "以前在哪个市参加过见习",
    Reason.EDUCATION_UNKNOWN: "学历",
    Reason.CERTIFICATE_UNKNOWN: "毕业证日期",
    Reason.CERTIFICATE_DAY_UNKNOWN: "毕业证上的具体日期",
    Reason.BIRTH_DATE_UNKNOWN: "出生日期",
    Reason.UNEMPLOYMENT_UNKNOWN: "是否办了失业登记",
}
"""Reasons in the words of a clerk: what stands in the way, or what is to be verified."""

BIRTH: Final = b"person.birth_date_sealed"
person, internship = core(Person), core(Internship)
result = core(EligibilityResult)

_FACTS: Final = (
    *("status", "track", "circumstances", "education", "graduated_on"),
    *("unemployment_registered", "birth_date_sealed", "decided_on", "demo"),
)
PERSON: Final = Statement(
    select(*(person.c[name] for name in _FACTS)).where(person.c.id == bindparam("key")).with_for_update(),
    "key",
)
HOLD: Final = Statement(select(person.c.id).where(person.c.id == bindparam("key")).with_for_update(), "key")
EARLIER: Final = Statement(
    select(internship.c.id, internship.c.continues_id, internship.c.ended_on).where(
        internship.c.person_id == bindparam("person"), internship.c.arrived_on.is_not(None)
    ),
    "person",
)
KEEP: Final = Statement(
    insert(result),
    "person_id",
    "test_date",
    "track",
    "outcome",
    "reasons",
    "eligible_until",
    "parameters",
    "at",
)


class Applicant(NamedTuple):
    """What the ledger needs to know of a person before anything is begun for them. Locked until the commit."""

    status: str
    track: str
    circumstances: list[str]
    education: str | None
    graduated_on: str | None
    unemployment_registered: str | None
    birth_date_sealed: bytes | None
    decided_on: date | None
    demo: bool

    @property
    def verified(self) -> bool:
        """Whether a clerk has found the person eligible (核验通过)."""
        return self.status == "verified"


class Admitted(NamedTuple):
    """The outcome of the test: the track that the reports count, and whether hardship puts the person first."""

    track: str
    hardship: bool


def applicant(connection: Connection, person_id: int) -> Applicant:
    """The person, who may take part in something new. Raises `NotFound`, and `Refused` when they may not."""
    found = _person(connection, person_id)
    if found.status == "withdrawn":
        raise Refused("这个人已经撤回报名。要参加，请本人先重新提交报名。")
    if found.status == "locked":
        raise Refused("这个人已经要求删除信息，只留着台账。要参加，请本人重新报名。")
    if found.status == "refused":
        raise Refused("这个人核验结论是不符合条件。情况有变的，请先重新核验。")
    return found


def hold(connection: Connection, person_id: int) -> None:
    """Keep other processes from beginning anything with this person until the commit."""
    connection.run(HOLD, (person_id,)).fetchall()


def _person(connection: Connection, person_id: int) -> Applicant:
    row = connection.run(PERSON, (person_id,)).fetchone()
    if row is None:
        raise NotFound("person")
    return Applicant(*row)


def admit(
    connection: Connection,
    sealer: Sealer,
    person_id: int,
    city: str,
    on: date,
    chain: Sequence[int],
    now: datetime,
    *,
    decided: bool = False,
) -> Admitted:
    """Test a person for signing in `city` on the day `on` and keep the outcome.

    `chain` are the internship itself and those it continues: they are no earlier internship. Raises `Refused`
    with every reason when the person is not eligible, or something is open that no clerk has verified; not for
    a ledger brought over, where the bureau has `decided` long ago.
    """
    who = _person(connection, person_id) if decided else applicant(connection, person_id)
    found = _assess(connection, sealer, who, person_id, city, on, chain)
    if found.outcome is Outcome.NOT_YET and not decided:
        raise Refused(
            f"按签约日 {on} 复核，暂不符合见习条件：",
            *(f"{REASONS[reason]}（{reason.clause}）" for reason in found.reasons),
            "情况有变的，请先更正报名信息，再签协议。",
        )
    if found.outcome is Outcome.TO_VERIFY and not (who.verified or decided):
        open_points = "、".join(REASONS[reason] for reason in found.reasons)
        raise Refused(
            f"按签约日 {on} 复核，还要核验：{open_points}。",
            "核实后请先登记核验结论（jianxi people verify），再签协议。",
        )
    track = _track(who, found)
    reasons = [str(reason) for reason in found.reasons]
    connection.run(
        KEEP,
        (person_id, on, track, str(found.outcome), reasons, found.eligible_until, f"{on}/{city}", now),
    )
    return Admitted(track, hardship_marks.goes_first(connection, person_id, on))


def _assess(
    connection: Connection,
    sealer: Sealer,
    who: Applicant,
    person_id: int,
    city: str,
    on: date,
    chain: Sequence[int],
) -> Assessment:
    circumstances = set(who.circumstances)
    if _took_part_before(connection, person_id, chain, who):
        circumstances.add("earlier_internship")
    sealed = who.birth_date_sealed
    answers: dict[str, Any] = {
        "track": who.track,
        "circumstances": sorted(circumstances),
        "education": who.education,
        "graduated_on": who.graduated_on,
        "unemployment_registered": who.unemployment_registered,
        "birth_date": sealer.open_text(sealed, BIRTH) if sealed else None,
    }
    known = {field: value for field, value in answers.items() if value is not None}
    try:
        return assessment(known, on, city)
    except ParametersMissing as missing:
        raise Refused(str(missing)) from None


def _took_part_before(connection: Connection, person_id: int, chain: Sequence[int], who: Applicant) -> bool:
    """Whether the ledger itself knows of an earlier internship.

    One that was over when a clerk found the person eligible was known to the clerk, and does not count again.
    """
    for other_id, _, ended_on in connection.run(EARLIER, (person_id,)).fetchall():
        settled = who.verified and who.decided_on and ended_on and ended_on <= who.decided_on
        if other_id not in chain and not settled:
            return True
    return False


def _track(who: Applicant, found: Assessment) -> str:
    """The track that counts (指标7): graduate where both fit; where a clerk has settled what was open, as said."""
    if found.track is not None:
        return str(found.track)
    if who.track in (Track.GRADUATE, Track.YOUTH):
        return who.track
    return str(Track.YOUTH if found.fits_graduate is False else Track.GRADUATE)
