from dataclasses import replace
from datetime import date, timedelta

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from policy.codes import Education, Track
from policy.eligibility import (
    Assessment,
    Facts,
    Outcome,
    Reason,
    add_months,
    age_on,
    assess,
    birthday,
)
from policy.parameters import EarlierInternship, Parameters, parameters_on

DAY = date(2026, 11, 2)
RULES = parameters_on(DAY)
ONE = timedelta(days=1)


def on(day: date) -> tuple[date, date]:
    return day, day


GRADUATE = Facts(
    track=Track.GRADUATE,
    education=Education.BACHELOR,
    graduated=on(date(2025, 6, 30)),
    birth_date=date(2000, 1, 1),
    unemployment_registered=False,
)
YOUTH = Facts(
    track=Track.YOUTH,
    education=Education.SENIOR_HIGH_SCHOOL,
    birth_date=date(2006, 5, 5),
    unemployment_registered=True,
)


def outcome(facts: Facts, day: date = DAY, rules: Parameters = RULES) -> tuple[Outcome, tuple[Reason, ...]]:
    result = assess(facts, day, rules)
    return result.outcome, result.reasons


ELIGIBLE = (Outcome.ELIGIBLE, ())


def not_yet(*reasons: Reason) -> tuple[Outcome, tuple[Reason, ...]]:
    return Outcome.NOT_YET, reasons


def to_verify(*reasons: Reason) -> tuple[Outcome, tuple[Reason, ...]]:
    return Outcome.TO_VERIFY, reasons


def test_a_graduate_of_last_year_is_eligible_until_the_second_anniversary() -> None:
    assert assess(GRADUATE, DAY, RULES) == Assessment(
        Outcome.ELIGIBLE, Track.GRADUATE, True, False, (), date(2027, 6, 30)
    )


def test_a_registered_youth_is_eligible_until_the_day_before_25() -> None:
    assert assess(YOUTH, DAY, RULES) == Assessment(
        Outcome.ELIGIBLE, Track.YOUTH, False, True, (), date(2031, 5, 4)
    )


def test_who_fits_both_tracks_counts_as_graduate_and_has_the_later_day() -> None:
    both = replace(GRADUATE, birth_date=date(2004, 1, 1), unemployment_registered=True)
    assert assess(both, DAY, RULES) == Assessment(
        Outcome.ELIGIBLE, Track.GRADUATE, True, True, (), date(2028, 12, 31)
    )


@pytest.mark.parametrize("certificate", [date(2024, 6, 30), date(2024, 2, 29), date(2023, 2, 28)])
def test_the_graduate_track_runs_from_the_certificate_to_its_second_anniversary(certificate: date) -> None:
    facts = replace(GRADUATE, graduated=on(certificate))
    last = add_months(certificate, 24)
    found = [outcome(facts, day)[0] for day in (certificate - ONE, certificate, last, last + ONE)]
    assert found == [Outcome.NOT_YET, Outcome.ELIGIBLE, Outcome.ELIGIBLE, Outcome.NOT_YET]


def test_a_certificate_of_29_february_ends_on_28_february() -> None:
    facts = replace(GRADUATE, graduated=on(date(2024, 2, 29)))
    assert assess(facts, date(2026, 2, 28), RULES).eligible_until == date(2026, 2, 28)
    assert outcome(facts, date(2026, 3, 1)) == not_yet(
        Reason.GRADUATED_TOO_LONG_AGO, Reason.TOO_OLD_FOR_YOUTH
    )


@pytest.mark.parametrize("born", [date(2008, 6, 15), date(2008, 2, 29), date(2007, 12, 31)])
def test_the_youth_track_runs_from_16_to_the_day_before_25(born: date) -> None:
    facts = replace(YOUTH, birth_date=born)
    full_16, full_25 = birthday(born, 16), birthday(born, 25)
    assert outcome(facts, full_16 - ONE)[0] is Outcome.NOT_YET
    assert outcome(facts, full_16) == ELIGIBLE
    assert outcome(facts, full_25 - ONE) == ELIGIBLE
    assert outcome(facts, full_25) == not_yet(Reason.EDUCATION_NOT_GRADUATE_LEVEL, Reason.TOO_OLD_FOR_YOUTH)


def test_full_16_is_asked_of_graduates_too() -> None:
    facts = replace(GRADUATE, birth_date=DAY.replace(year=2010) + ONE)
    assert outcome(facts) == not_yet(Reason.TOO_YOUNG)
    assert outcome(facts, DAY + ONE) == ELIGIBLE


@pytest.mark.parametrize(
    ("level", "fits"), [(level, level in {"11", "14", "21", "31", "44S", "47A"}) for level in Education]
)
def test_the_level_decides_the_graduate_track(level: Education, fits: bool) -> None:
    result = assess(replace(GRADUATE, education=level), DAY, RULES)
    assert (result.outcome is Outcome.ELIGIBLE, result.fits_graduate) == (fits, fits)


def test_a_vocational_school_leaver_takes_part_as_registered_youth() -> None:
    facts = replace(YOUTH, education=Education.SECONDARY_SPECIALISED, graduated=on(date(2026, 7, 1)))
    assert assess(facts, DAY, RULES).track is Track.YOUTH


@pytest.mark.parametrize("facts", [GRADUATE, YOUTH, Facts()])
@pytest.mark.parametrize(
    ("circumstance", "reason"),
    [
        ({"at_school": True}, Reason.AT_SCHOOL),
        ({"employed": True}, Reason.EMPLOYED),
        ({"business_licence": True}, Reason.BUSINESS_LICENCE),
        ({"earlier_internship": True}, Reason.EARLIER_INTERNSHIP),
        ({"dispatch": True}, Reason.DISPATCH),
    ],
)
def test_a_circumstance_bars_whatever_else_is_known(
    facts: Facts, circumstance: dict[str, bool], reason: Reason
) -> None:
    assert outcome(replace(facts, **circumstance)) == not_yet(reason)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("circumstance", "switch"),
    [
        ("at_school", "bar_at_school"),
        ("employed", "bar_employed"),
        ("business_licence", "bar_business_licence"),
        ("dispatch", "bar_dispatch"),
    ],
)
def test_a_switched_off_bar_does_not_bar(circumstance: str, switch: str) -> None:
    facts = replace(GRADUATE, **{circumstance: True})  # type: ignore[arg-type]
    rules = replace(RULES, **{switch: False})  # type: ignore[arg-type]
    assert outcome(facts, rules=rules) == ELIGIBLE


@pytest.mark.parametrize(
    ("switch", "found"),
    [
        (EarlierInternship.BARS, not_yet(Reason.EARLIER_INTERNSHIP)),
        (EarlierInternship.BARS_IN_SAME_CITY, to_verify(Reason.EARLIER_INTERNSHIP_CITY_UNKNOWN)),
        (EarlierInternship.ALLOWED, ELIGIBLE),
    ],
)
def test_an_earlier_internship_counts_as_the_city_decides(
    switch: EarlierInternship, found: tuple[Outcome, tuple[Reason, ...]]
) -> None:
    rules = replace(RULES, bar_earlier_internship=switch)
    assert outcome(replace(GRADUATE, earlier_internship=True), rules=rules) == found


def test_where_no_registration_is_asked_the_youth_need_none() -> None:
    rules = replace(RULES, unemployment_registration_required=False)
    for registered in (None, False):
        assert outcome(replace(YOUTH, unemployment_registered=registered), rules=rules) == ELIGIBLE


OLD_CERTIFICATE = on(date(2020, 6, 30))


@pytest.mark.parametrize(
    ("facts", "found"),
    [
        pytest.param(
            replace(GRADUATE, graduated=OLD_CERTIFICATE, birth_date=date(1998, 1, 1)),
            not_yet(Reason.GRADUATED_TOO_LONG_AGO, Reason.TOO_OLD_FOR_YOUTH),
            id="past both tracks: registering as unemployed would not help and is not named",
        ),
        pytest.param(
            replace(GRADUATE, graduated=OLD_CERTIFICATE, birth_date=date(2003, 1, 1)),
            not_yet(Reason.GRADUATED_TOO_LONG_AGO, Reason.UNEMPLOYMENT_NOT_REGISTERED),
            id="past the graduate track, curable on the youth track",
        ),
        pytest.param(
            replace(GRADUATE, graduated=on(DAY + ONE)),
            not_yet(Reason.CERTIFICATE_IN_FUTURE, Reason.TOO_OLD_FOR_YOUTH),
            id="certificate not yet issued",
        ),
        pytest.param(
            replace(YOUTH, unemployment_registered=False, employed=True),
            not_yet(
                Reason.EMPLOYED,
                Reason.EDUCATION_NOT_GRADUATE_LEVEL,
                Reason.UNEMPLOYMENT_NOT_REGISTERED,
            ),
            id="a bar hides none of the rest",
        ),
        pytest.param(
            replace(GRADUATE, graduated=OLD_CERTIFICATE, birth_date=None, unemployment_registered=None),
            to_verify(Reason.GRADUATED_TOO_LONG_AGO, Reason.BIRTH_DATE_UNKNOWN, Reason.UNEMPLOYMENT_UNKNOWN),
            id="graduate too late, youth facts not asked yet",
        ),
        pytest.param(
            Facts(track=Track.GRADUATE),
            to_verify(Reason.EDUCATION_UNKNOWN, Reason.CERTIFICATE_UNKNOWN, Reason.BIRTH_DATE_UNKNOWN),
            id="graduate, nothing known",
        ),
        pytest.param(
            Facts(track=Track.YOUTH),
            to_verify(Reason.BIRTH_DATE_UNKNOWN, Reason.UNEMPLOYMENT_UNKNOWN),
            id="youth, nothing known",
        ),
        pytest.param(
            Facts(),
            to_verify(
                Reason.EDUCATION_UNKNOWN,
                Reason.CERTIFICATE_UNKNOWN,
                Reason.BIRTH_DATE_UNKNOWN,
                Reason.UNEMPLOYMENT_UNKNOWN,
            ),
            id="unsure, nothing known",
        ),
        pytest.param(
            replace(YOUTH, birth_date=date(1990, 1, 1), education=None),
            to_verify(Reason.EDUCATION_UNKNOWN, Reason.CERTIFICATE_UNKNOWN, Reason.TOO_OLD_FOR_YOUTH),
            id="too old for youth, may still be a graduate",
        ),
        pytest.param(
            replace(GRADUATE, birth_date=None),
            to_verify(Reason.BIRTH_DATE_UNKNOWN),
            id="a travel permit tells no birth date",
        ),
    ],
)
def test_decision_table(facts: Facts, found: tuple[Outcome, tuple[Reason, ...]]) -> None:
    outcome_, reasons = found
    assert outcome(facts) == (outcome_, tuple(reason for reason in Reason if reason in reasons))


def test_a_graduate_without_birth_date_sees_the_forecast_of_the_certificate() -> None:
    result = assess(replace(GRADUATE, birth_date=None), DAY, RULES)
    assert (result.track, result.eligible_until) == (Track.GRADUATE, date(2027, 6, 30))


JUNE_2024 = (date(2024, 6, 1), date(2024, 6, 30))


@pytest.mark.parametrize(
    ("day", "found"),
    [
        (date(2024, 5, 31), not_yet(Reason.CERTIFICATE_IN_FUTURE, Reason.UNEMPLOYMENT_NOT_REGISTERED)),
        (date(2024, 6, 1), to_verify(Reason.CERTIFICATE_DAY_UNKNOWN)),
        (date(2024, 6, 29), to_verify(Reason.CERTIFICATE_DAY_UNKNOWN)),
        (date(2024, 6, 30), ELIGIBLE),
        (date(2026, 6, 1), ELIGIBLE),
        (date(2026, 6, 2), to_verify(Reason.CERTIFICATE_DAY_UNKNOWN)),
        (date(2026, 6, 30), to_verify(Reason.CERTIFICATE_DAY_UNKNOWN)),
        (date(2026, 7, 1), not_yet(Reason.GRADUATED_TOO_LONG_AGO, Reason.TOO_OLD_FOR_YOUTH)),
    ],
)
def test_a_month_alone_is_enough_unless_its_days_disagree(
    day: date, found: tuple[Outcome, tuple[Reason, ...]]
) -> None:
    facts = replace(GRADUATE, graduated=JUNE_2024, birth_date=date(2001, 6, 30))
    assert outcome(facts, day) == found


def test_a_month_alone_promises_no_day_that_may_be_too_late() -> None:
    facts = replace(GRADUATE, graduated=JUNE_2024)
    assert assess(facts, date(2025, 1, 1), RULES).eligible_until == date(2026, 6, 1)


def test_certificate_days_out_of_order_are_refused() -> None:
    with pytest.raises(ValueError, match="after the last"):
        Facts(graduated=(DAY, DAY - ONE))


def test_facts_shown_in_a_log_hold_no_dates_of_a_person() -> None:
    assert "2000" not in repr(GRADUATE)
    assert "2025" not in repr(GRADUATE)


def test_each_reason_names_its_clause_and_reads_back_from_its_code() -> None:
    assert all(reason.clause and Reason(reason.value) is reason for reason in Reason)


def test_a_missing_fact_can_always_be_supplied() -> None:
    assert {reason for reason in Reason if reason.unknown} == {
        Reason.EARLIER_INTERNSHIP_CITY_UNKNOWN,
        Reason.EDUCATION_UNKNOWN,
        Reason.CERTIFICATE_UNKNOWN,
        Reason.CERTIFICATE_DAY_UNKNOWN,
        Reason.BIRTH_DATE_UNKNOWN,
        Reason.UNEMPLOYMENT_UNKNOWN,
    }


def test_what_neither_time_nor_the_person_can_mend_is_marked() -> None:
    assert {reason for reason in Reason if not reason.curable} == {
        Reason.EARLIER_INTERNSHIP,
        Reason.EDUCATION_NOT_GRADUATE_LEVEL,
        Reason.GRADUATED_TOO_LONG_AGO,
        Reason.TOO_OLD_FOR_YOUTH,
    }


# --- properties

dates = st.dates(date(2023, 1, 1), date(2030, 12, 31))
intervals = st.tuples(st.dates(date(2019, 1, 1), date(2031, 1, 1)), st.integers(0, 40)).map(
    lambda pair: (pair[0], pair[0] + timedelta(days=pair[1]))
)
births = st.dates(date(1995, 1, 1), date(2016, 12, 31))
rarely = st.integers(0, 19).map(lambda n: n == 13)
whole_facts = st.builds(
    Facts,
    track=st.sampled_from(Track),
    at_school=rarely,
    employed=rarely,
    business_licence=rarely,
    earlier_internship=rarely,
    dispatch=rarely,
    education=st.sampled_from(Education),
    graduated=intervals.map(lambda pair: on(pair[0])),
    birth_date=births,
    unemployment_registered=st.booleans(),
)
UNCERTAIN = ("education", "graduated", "birth_date", "unemployment_registered")


@given(whole_facts, dates, st.sets(st.sampled_from(UNCERTAIN)), st.integers(0, 40), st.integers(0, 40))
def test_learning_more_never_overturns_a_certain_outcome(
    whole: Facts, day: date, hidden: set[str], before: int, after: int
) -> None:
    assert whole.graduated is not None
    around = (
        whole.graduated[0] - timedelta(days=before),
        whole.graduated[1] + timedelta(days=after),
    )
    part = replace(whole, **({"graduated": around} | dict.fromkeys(hidden)))  # type: ignore[arg-type]
    early, late = assess(part, day, RULES), assess(whole, day, RULES)
    if early.outcome is not Outcome.TO_VERIFY:
        assert late.outcome is early.outcome
    for flag in ("fits_graduate", "fits_youth"):
        assert getattr(early, flag) in (None, getattr(late, flag))


@given(whole_facts, dates)
def test_when_all_is_known_nothing_is_left_to_verify(facts: Facts, day: date) -> None:
    assert assess(facts, day, RULES).outcome is not Outcome.TO_VERIFY


@given(
    whole_facts,
    dates,
    st.integers(0, 760),
    st.integers(16 * 366, 26 * 365),
)
def test_a_person_is_eligible_up_to_the_forecast_day_and_not_after(
    facts: Facts, day: date, days_since_certificate: int, days_old: int
) -> None:
    # The certificate lies behind: one still to come may open the graduate track later on.
    facts = replace(
        facts,
        graduated=on(day - timedelta(days=days_since_certificate)),
        birth_date=day - timedelta(days=days_old),
    )
    result = assess(facts, day, RULES)
    assume(result.outcome is Outcome.ELIGIBLE)
    assert result.eligible_until is not None
    assert outcome(facts, result.eligible_until) == ELIGIBLE
    assert outcome(facts, result.eligible_until + ONE)[0] is Outcome.NOT_YET


@given(whole_facts, dates, st.sampled_from(["at_school", "employed", "business_licence", "dispatch"]))
def test_one_more_bar_never_helps(facts: Facts, day: date, bar: str) -> None:
    barred = assess(replace(facts, **{bar: True}), day, RULES)  # type: ignore[arg-type]
    assert barred.outcome is Outcome.NOT_YET
    assert set(assess(facts, day, RULES).reasons) <= set(barred.reasons)


@given(whole_facts, dates, st.sampled_from(Track))
def test_what_a_person_calls_themselves_does_not_change_the_outcome(
    facts: Facts, day: date, track: Track
) -> None:
    assert assess(replace(facts, track=track), day, RULES) == assess(facts, day, RULES)


@given(
    st.builds(
        Facts,
        track=st.sampled_from(Track),
        education=st.none() | st.sampled_from(Education),
        graduated=st.none() | intervals,
        birth_date=st.none() | births,
        unemployment_registered=st.none() | st.booleans(),
        employed=rarely,
    ),
    dates,
)
def test_reasons_match_the_outcome(facts: Facts, day: date) -> None:
    result = assess(facts, day, RULES)
    unknown = [reason.unknown for reason in result.reasons]
    match result.outcome:
        case Outcome.ELIGIBLE:
            assert not unknown
            assert result.eligible_until is not None
        case Outcome.NOT_YET:
            assert unknown
            assert not any(unknown)
        case Outcome.TO_VERIFY:
            assert any(unknown)


@pytest.mark.parametrize(
    ("day", "months", "expected"),
    [
        (date(2024, 2, 29), 24, date(2026, 2, 28)),
        (date(2024, 2, 29), 48, date(2028, 2, 29)),
        (date(2023, 2, 28), 12, date(2024, 2, 28)),
        (date(2023, 1, 31), 1, date(2023, 2, 28)),
        (date(2023, 12, 31), 2, date(2024, 2, 29)),
        (date(2024, 3, 31), -1, date(2024, 2, 29)),
        (date(2024, 1, 15), -13, date(2022, 12, 15)),
        (date(2024, 1, 15), 0, date(2024, 1, 15)),
    ],
)
def test_months_are_added_within_the_shorter_month(day: date, months: int, expected: date) -> None:
    assert add_months(day, months) == expected


@given(dates, dates, st.integers(-48, 48))
def test_adding_months_keeps_the_order_of_days(one: date, other: date, months: int) -> None:
    assume(one <= other)
    assert add_months(one, months) <= add_months(other, months)


@pytest.mark.parametrize(
    ("birth", "day", "age"),
    [
        (date(2010, 11, 3), date(2026, 11, 2), 15),
        (date(2010, 11, 2), date(2026, 11, 2), 16),
        (date(2004, 2, 29), date(2029, 2, 28), 24),
        (date(2004, 2, 29), date(2029, 3, 1), 25),
        (date(2004, 2, 29), date(2020, 2, 29), 16),
        (date(2027, 1, 1), date(2026, 12, 31), -1),
    ],
)
def test_age_counts_full_years(birth: date, day: date, age: int) -> None:
    assert age_on(birth, day) == age


@given(births, st.integers(0, 60))
def test_an_age_is_reached_on_its_birthday_and_not_before(birth: date, age: int) -> None:
    reached = birthday(birth, age)
    assert (age_on(birth, reached - ONE), age_on(birth, reached)) == (age - 1, age)
