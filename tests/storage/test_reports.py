"""The monthly reports on both engines: what counts where, filing freezes, corrections, and the lists behind it all."""

from __future__ import annotations

import sqlite3
from collections import Counter
from collections.abc import Callable
from contextlib import closing
from datetime import date, timedelta
from types import ModuleType
from typing import Any, NamedTuple

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from policy.indicators import PROVINCE, Indicator, RetainedPart
from policy.ledger_codes import TransitionKind as Kind
from policy.refusal import Refused
from policy.regions import CITIES
from storage import corrections as corrections_module
from storage import counted_steps, indicators, report_members, reports
from storage.adoption import adopt
from storage.corrections import corrections
from storage.database import Connection, Database, Statement
from storage.errors import Conflict
from storage.indicators import live
from storage.report_members import members
from storage.sealing import Sealer
from tests.storage.report_ledger import CLERK, GUANGZHOU, SHENZHEN, Ledger, at

Work = Callable[[Ledger], None]
Within = Callable[[Work], None]


class RolledBack(Exception):  # noqa: N818 - it is what a test wants
    """Ends a test's transaction without a trace."""


@pytest.fixture
def within(database: Database, sealer: Sealer) -> Within:
    """Runs a test's work in one transaction that leaves nothing behind."""

    def run(work: Work) -> None:
        def inside(connection: Connection) -> None:
            work(Ledger(connection, sealer))
            raise RolledBack

        with pytest.raises(RolledBack):
            database.write_sync(inside)

    return run


def plan(ledger: Ledger, month: str, number: int = 99, city: str = GUANGZHOU) -> None:
    reports.enter(ledger.connection, city, month, "plan", number, actor=CLERK, now=at(date(2023, 1, 1)))


def file(ledger: Ledger, month: str, on: date, city: str = GUANGZHOU) -> dict[str, int | None]:
    plan(ledger, month, city=city)
    filed = reports.file(ledger.connection, city, month, actor=CLERK, now=at(on), today=on)
    return dict(filed.figures)


def counts(ledger: Ledger, month: str, sealer: Sealer, name: Indicator) -> int:
    report = reports.of_city(ledger.connection, GUANGZHOU, month)
    return sum(row["counts"] for row in members(ledger.connection, sealer, report, name))


def some_year(ledger: Ledger) -> dict[str, int]:
    """A graduate who is kept, a youth who leaves, a graduate in post; hosts, positions, a payment."""
    ledger.moved("host", 1, date(2023, 1, 5))
    ledger.moved("host", 1, date(2023, 1, 6))
    ledger.moved("host", -1, date(2023, 2, 6), opened=False)
    ledger.moved("position", 5, date(2023, 1, 7))
    ledger.moved("position", 3, date(2023, 2, 7))
    ledger.moved("position", -2, date(2023, 2, 8), opened=False)
    kept, gone, staying = ledger.internship(), ledger.internship("youth"), ledger.internship()
    for number in (kept, gone, staying):
        ledger.step(number, Kind.ARRIVE, date(2023, 1, 10))
    ledger.step(kept, Kind.COMPLETE, date(2023, 2, 20))
    ledger.result(kept, "retained", "2023-02", date(2023, 2, 25))
    ledger.step(gone, Kind.END_EARLY, date(2023, 2, 28))
    ledger.paid(kept, 230_000, date(2023, 2, 15), "2023-01")
    return {"kept": kept, "gone": gone, "staying": staying}


# --- what counts where -------------------------------------------------------------------------------------


def test_the_indicators_of_a_small_year(within: Within) -> None:
    def work(ledger: Ledger) -> None:
        some_year(ledger)
        january = live(ledger.connection, GUANGZHOU, "2023-01")
        february = live(ledger.connection, GUANGZHOU, "2023-02")
        assert [january[name] for name in tuple(Indicator)[:13]] == [
            2, 2, 5, 5, None, 3, 2, 0, 0, 0, 0, 0, 3,
        ]  # fmt: skip
        assert [february[name] for name in tuple(Indicator)[:13]] == [
            1, 0, 6, 3, None, 0, 0, 1, 1, 1, 0, 1, 1,
        ]  # fmt: skip
        assert (january["paid_fen"], february["paid_fen"]) == (0, 230_000)
        assert live(ledger.connection, GUANGZHOU, "2024-01")["paid_fen"] == 0
        assert live(ledger.connection, GUANGZHOU, "2023-12")["paid_fen"] == 230_000

    within(work)


def test_indicator_10_has_the_reading_that_is_chosen(within: Within) -> None:
    def work(ledger: Ledger) -> None:
        youth = ledger.internship("youth")
        ledger.step(youth, Kind.ARRIVE, date(2023, 1, 10))
        ledger.step(youth, Kind.RETAIN_EARLY, date(2023, 1, 20))
        graduates = live(ledger.connection, GUANGZHOU, "2023-01")
        early = live(ledger.connection, GUANGZHOU, "2023-01", RetainedPart.EARLY)
        assert (graduates["retained"], graduates["retained_part"]) == (1, 0)
        assert (early["retained"], early["retained_part"]) == (1, 1)

    within(work)


def test_the_first_month_opens_with_what_a_clerk_entered_or_else_with_a_head_count(within: Within) -> None:
    def work(ledger: Ledger) -> None:
        number = ledger.internship()
        ledger.step(number, Kind.ARRIVE, date(2022, 12, 20))
        assert live(ledger.connection, GUANGZHOU, "2023-01")["in_post"] == 1
        reports.enter(
            ledger.connection, GUANGZHOU, "2023-01", "opening", 7, actor=CLERK, now=at(date(2023, 1, 2))
        )
        found = live(ledger.connection, GUANGZHOU, "2023-01")
        assert (found["opening"], found["in_post"], found["head_count"]) == (7, 7, 1)
        examined = reports.examine(
            ledger.connection, reports.of_city(ledger.connection, GUANGZHOU, "2023-01")
        )
        assert "13=按人头清点" in [found.relation for found in examined.warnings]

    within(work)


class Fact(NamedTuple):
    """A life as an independent count sees it; days from 1 January 2023, lateness in days."""

    city: str
    track: str
    arrives: int
    late: int
    ending: Kind | None
    stays: int
    ending_late: int
    result: str | None
    taken_back: bool


def lives() -> st.SearchStrategy[list[Fact]]:
    fact = st.builds(
        Fact,
        st.sampled_from([GUANGZHOU, SHENZHEN]),
        st.sampled_from(["graduate", "youth"]),
        st.integers(0, 80),
        st.sampled_from([0, 0, 1, 40]),
        st.sampled_from([None, Kind.COMPLETE, Kind.RETAIN_EARLY, Kind.END_EARLY, Kind.CHANGE_HOST]),
        st.integers(0, 60),
        st.sampled_from([0, 0, 2, 40]),
        st.sampled_from([None, "retained", "employed", "flexible", "further_study", "looking"]),
        st.booleans(),
    )
    return st.lists(fact, max_size=12)


MONTHS = ("2023-01", "2023-02", "2023-03", "2023-04")
START = date(2023, 1, 1)


def filed_on(month: str) -> date:
    """The third of the month after."""
    return date(2023, int(month[5:]) + 1, 3)


class Independent:
    """Counts lives in plain Python, as they become known; shares nothing with what it checks."""

    def __init__(self) -> None:
        self.found: dict[tuple[str, str], Counter[str]] = {}

    def count(self, fact: Fact) -> None:
        arrived = START + timedelta(days=fact.arrives)
        self._put(
            fact.city, arrived, fact.late, ["arrived"] + ["arrived_graduates"] * (fact.track == "graduate")
        )
        if fact.ending is None:
            return
        ended = arrived + timedelta(days=fact.stays)
        names = ["ended_early"]
        if fact.ending in (Kind.COMPLETE, Kind.RETAIN_EARLY):
            names = ["completed"]
            result = "retained" if fact.ending is Kind.RETAIN_EARLY else fact.result
            if result == "retained":
                names += ["retained"] + ["retained_part"] * (fact.track == "graduate")
            elif result in ("employed", "flexible"):
                names.append("employed_elsewhere")
        self._put(fact.city, ended, fact.ending_late, names)

    def _put(self, city: str, day: date, late: int, names: list[str]) -> None:
        month = f"{day:%Y-%m}"
        if month in MONTHS and day + timedelta(days=late) >= filed_on(month):
            return  # its month had been filed
        self.found.setdefault((city, month), Counter()).update(names)


COUNTED = (
    "arrived",
    "arrived_graduates",
    "completed",
    "retained",
    "retained_part",
    "employed_elsewhere",
    "ended_early",
)


@pytest.mark.parametrize("engine", ["sqlite", "postgresql"])
@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(facts=lives())
def test_filed_reports_equal_an_independent_count_and_never_change(
    request: pytest.FixtureRequest, sealer: Sealer, engine: str, facts: list[Fact]
) -> None:
    url = request.getfixturevalue(f"{engine}_url")
    database = Database(url)
    expected = Independent()
    for fact in facts:
        expected.count(fact)

    def work(connection: Connection) -> None:
        ledger = Ledger(connection, sealer)
        filed = live_through(ledger, facts)
        in_post: Counter[str] = Counter()
        for month in MONTHS:
            for city in (GUANGZHOU, SHENZHEN):
                wanted = expected.found.get((city, month), Counter())
                figures = filed[city, month]
                assert {name: figures[name] for name in COUNTED} == {name: wanted[name] for name in COUNTED}
                in_post[city] += wanted["arrived"] - wanted["completed"] - wanted["ended_early"]
                assert figures["in_post"] == in_post[city]
                report = reports.of_city(connection, city, month)
                assert report.figures == figures  # nothing that came later has changed it
                for name in COUNTED:
                    rows = members(connection, sealer, report, Indicator(name))
                    assert sum(row["counts"] for row in rows) == figures[name]
                rows = members(connection, sealer, report, Indicator.IN_POST)
                assert sum(row["counts"] for row in rows) == figures["head_count"]
            cities = reports.of_cities(connection, month)
            province = reports.of_province(connection, month, cities)
            for name in COUNTED:
                assert province.figures[name] == sum(
                    filed[c, month][name] or 0 for c in (GUANGZHOU, SHENZHEN)
                )
        raise RolledBack

    with pytest.raises(RolledBack):
        database.write_sync(work)
    database.close_sync()


def live_through(ledger: Ledger, facts: list[Fact]) -> dict[tuple[str, str], dict[str, Any]]:
    """Record the lives in the order in which they became known, filing on the way; what was filed."""
    acts: list[tuple[date, int, Callable[[], object]]] = []
    filed: dict[tuple[str, str], dict[str, Any]] = {}
    for month in MONTHS:
        for city in (GUANGZHOU, SHENZHEN):

            def filing(month: str = month, city: str = city) -> None:
                filed[city, month] = dict(_filed(ledger, month, city))

            acts.append((filed_on(month), 0, filing))
    for fact in facts:
        number = ledger.internship(fact.track, fact.city)
        acts += _acts(ledger, number, fact)
    for _, _, act in sorted(acts, key=lambda one: one[:2]):
        act()
    return filed


def _filed(ledger: Ledger, month: str, city: str) -> dict[str, int | None]:
    """What is filed at the beginning of that day, whatever the relations say: lateness may break 6≥7 and 13≥0."""
    figures = live(ledger.connection, city, month)
    values = (city, month, figures, CLERK, at(filed_on(month), 0))
    ledger.connection.run(reports.ADD, values)
    return figures


def _acts(ledger: Ledger, number: int, fact: Fact) -> list[tuple[date, int, Callable[[], object]]]:
    arrived = START + timedelta(days=fact.arrives)
    known = arrived + timedelta(days=fact.late)
    found: list[tuple[date, int, Callable[[], object]]] = [
        (known, 1, lambda: ledger.step(number, Kind.ARRIVE, arrived, at(known)))
    ]
    if fact.ending is None:
        return found
    ending, ended = fact.ending, arrived + timedelta(days=fact.stays)
    ending_known = ended + timedelta(days=fact.ending_late)
    if fact.taken_back:  # entered wrongly at first, and put right at once

        def wrong() -> None:
            step = ledger.step(number, Kind.END_EARLY, ended, at(ending_known))
            ledger.void(number, step, at(ending_known, 13))

        found.append((ending_known, 2, wrong))

    def right() -> None:
        ledger.step(number, ending, ended, at(ending_known, 14))
        if fact.result and ending is Kind.COMPLETE:
            month = f"{ended:%Y-%m}"
            frozen = month in MONTHS and ending_known >= filed_on(month)
            ledger.result(
                number, fact.result, None if frozen else month, max(ended, ending_known), at(ending_known, 15)
            )

    found.append((ending_known, 3, right))
    return found


# --- entering and filing -----------------------------------------------------------------------------------


def test_a_failing_relation_refuses_the_filing_and_says_what_to_do(within: Within) -> None:
    def work(ledger: Ledger) -> None:
        some_year(ledger)
        plan(ledger, "2023-01", 2)
        with pytest.raises(Refused) as refused:
            reports.file(
                ledger.connection,
                GUANGZHOU,
                "2023-01",
                actor=CLERK,
                now=at(date(2023, 2, 3)),
                today=date(2023, 2, 3),
            )
        assert refused.value.reasons == (
            "5≥6：实际到岗人数（3）超过计划组织见习人数（2）。到岗人数超过计划，请先调整本期计划：jianxi report plan。",
        )
        plan(ledger, "2023-01", 3)
        assert file(ledger, "2023-01", date(2023, 2, 3))["arrived"] == 3

    within(work)


def test_a_missing_plan_refuses_the_filing(within: Within) -> None:
    def work(ledger: Ledger) -> None:
        with pytest.raises(Refused, match="“计划组织见习人数”还没有填写"):
            reports.file(
                ledger.connection,
                GUANGZHOU,
                "2023-01",
                actor=CLERK,
                now=at(date(2023, 2, 3)),
                today=date(2023, 2, 3),
            )

    within(work)


def test_months_are_filed_in_order_once_and_when_they_are_over(within: Within) -> None:
    def work(ledger: Ledger) -> None:
        with pytest.raises(Refused, match="还没有结束，2023-04-01起"):
            file(ledger, "2023-03", date(2023, 3, 31))
        file(ledger, "2023-03", date(2023, 4, 3))
        with pytest.raises(Conflict, match="已经有人报送了"):
            reports.file(
                ledger.connection,
                GUANGZHOU,
                "2023-03",
                actor="clerk:wu",
                now=at(date(2023, 4, 3)),
                today=date(2023, 4, 3),
            )
        with pytest.raises(Refused, match="请先报送2023-04"):
            file(ledger, "2023-05", date(2023, 6, 2))
        with pytest.raises(Refused, match="从2023-03开始报送"):
            file(ledger, "2023-02", date(2023, 6, 2))
        with pytest.raises(Refused, match="已经报送，不能再改"):
            plan(ledger, "2023-03")
        with pytest.raises(Refused, match="取自上月报表"):
            reports.enter(
                ledger.connection, GUANGZHOU, "2023-04", "opening", 1, actor=CLERK, now=at(date(2023, 4, 4))
            )
        file(ledger, "2023-04", date(2023, 5, 4))

    within(work)


def test_a_number_below_nothing_is_refused(within: Within) -> None:
    def work(ledger: Ledger) -> None:
        with pytest.raises(Refused, match="不能是负数"):
            plan(ledger, "2023-01", -1)

    within(work)


def test_the_province_files_the_sum_when_all_cities_have_filed(within: Within) -> None:
    def work(ledger: Ledger) -> None:
        some_year(ledger)
        other = ledger.internship(city=SHENZHEN)
        ledger.step(other, Kind.ARRIVE, date(2023, 1, 10))
        day = date(2023, 2, 3)
        for known in CITIES[:-1]:
            file(ledger, "2023-01", day, known.code)

        def province() -> reports.CityMonth:
            return reports.file_province(ledger.connection, "2023-01", actor=CLERK, now=at(day), today=day)

        with pytest.raises(Refused, match="还有1个地市没有报送2023-01：云浮"):
            province()
        file(ledger, "2023-01", day, CITIES[-1].code)
        assert province().figures["arrived"] == 4
        with pytest.raises(Conflict):
            province()
        cities = reports.of_cities(ledger.connection, "2023-01")
        filed = reports.of_province(ledger.connection, "2023-01", cities)
        assert (filed.city, filed.filed_by) == (PROVINCE, CLERK)
        for name in Indicator:
            numbers = [one.figures[name] for one in cities]
            known_numbers = [number for number in numbers if number is not None]
            wanted = sum(known_numbers) if len(known_numbers) == len(CITIES) else None
            assert filed.figures[name] == wanted

    within(work)


# --- corrections -------------------------------------------------------------------------------------------


def test_what_becomes_known_after_filing_waits_and_is_taken_into_an_open_month(
    within: Within, sealer: Sealer
) -> None:
    def work(ledger: Ledger) -> None:
        some_year(ledger)
        filed = file(ledger, "2023-01", date(2023, 2, 3))
        late = ledger.internship()
        step = ledger.step(late, Kind.ARRIVE, date(2023, 1, 30), at(date(2023, 2, 10)))
        moved = ledger.moved("position", 4, date(2023, 1, 31))
        paid = ledger.paid(late, 5_000, date(2023, 1, 31), "2023-01")
        found = {one.reference: one for one in corrections(ledger.connection, GUANGZHOU)}
        assert found[f"T{step}"].changes == {"arrived": 1, "arrived_graduates": 1, "in_post": 1}
        assert found[f"M{moved}"].changes == {"posts": 4, "new_posts": 4}
        assert found[f"S{paid}"].changes == {"paid_fen": 5_000}
        assert {one.month for one in found.values()} == {"2023-01"}
        assert corrections(ledger.connection, GUANGZHOU, "2023-02") == []

        before = live(ledger.connection, GUANGZHOU, "2023-02")
        for reference in (f"T{step}", f"M{moved}", f"S{paid}"):
            take(ledger, reference, "2023-02")
        after = live(ledger.connection, GUANGZHOU, "2023-02")
        changed = {
            name: (after[name] or 0) - (before[name] or 0) for name in after if after[name] != before[name]
        }
        assert changed == {
            "arrived": 1,
            "arrived_graduates": 1,
            "in_post": 1,
            "posts": 4,
            "new_posts": 4,
            "paid_fen": 5_000,
        }
        assert corrections(ledger.connection, GUANGZHOU) == []
        assert reports.of_city(ledger.connection, GUANGZHOU, "2023-01").figures == filed
        assert counts(ledger, "2023-02", sealer, Indicator.ARRIVED) == 1
        with pytest.raises(Refused, match="可能已经计入了"):
            take(ledger, f"T{step}", "2023-02")

    within(work)


def take(ledger: Ledger, reference: str, month: str, today: date = date(2023, 2, 20)) -> None:
    adopt(ledger.connection, GUANGZHOU, reference, month, actor=CLERK, now=at(today), today=today)


def test_a_late_ending_takes_its_result_along(within: Within) -> None:
    def work(ledger: Ledger) -> None:
        number = ledger.internship()
        ledger.step(number, Kind.ARRIVE, date(2023, 1, 3))
        file(ledger, "2023-01", date(2023, 2, 3))
        step = ledger.step(number, Kind.COMPLETE, date(2023, 1, 31), at(date(2023, 2, 5)))
        ledger.result(number, "retained", None, date(2023, 2, 6))
        found = corrections(ledger.connection, GUANGZHOU)
        assert [one.reference for one in found] == [f"T{step}"]
        assert found[0].changes == {"completed": 1, "retained": 1, "retained_graduates": 1, "in_post": -1}
        take(ledger, f"T{step}", "2023-02")
        after = live(ledger.connection, GUANGZHOU, "2023-02")
        assert (after["completed"], after["retained"], after["in_post"]) == (1, 1, 0)

    within(work)


def test_a_result_learned_after_its_month_was_filed_is_shown_and_counts_in_no_month(within: Within) -> None:
    def work(ledger: Ledger) -> None:
        number = some_year(ledger)["staying"]
        file(ledger, "2023-01", date(2023, 2, 3))
        ledger.step(number, Kind.COMPLETE, date(2023, 2, 27))
        filed = file(ledger, "2023-02", date(2023, 3, 3))
        ledger.result(number, "employed", None, date(2023, 3, 20))
        [found] = corrections(ledger.connection, GUANGZHOU)
        assert (found.reference, found.month, found.changes) == (None, "2023-02", {"employed_elsewhere": 1})
        assert (filed["completed"], filed["employed_elsewhere"]) == (2, 0)
        assert live(ledger.connection, GUANGZHOU, "2023-03")["employed_elsewhere"] == 0

    within(work)


def test_what_was_filed_and_then_taken_back_is_deducted_in_the_month_it_is_taken_into(
    within: Within, sealer: Sealer
) -> None:
    def work(ledger: Ledger) -> None:
        number = ledger.internship()
        ledger.step(number, Kind.ARRIVE, date(2023, 1, 3))
        ended = ledger.step(number, Kind.COMPLETE, date(2023, 1, 31))
        ledger.result(number, "retained", "2023-01", date(2023, 1, 31))
        filed = file(ledger, "2023-01", date(2023, 2, 3))
        assert (filed["completed"], filed["retained"], filed["in_post"]) == (1, 1, 0)
        void = ledger.void(number, ended, at(date(2023, 2, 10)))
        [found] = corrections(ledger.connection, GUANGZHOU)
        assert (found.reference, found.month) == (f"T{void}", "2023-01")
        assert found.changes == {"completed": -1, "retained": -1, "retained_graduates": -1, "in_post": 1}
        other = ledger.internship()
        ledger.step(other, Kind.ARRIVE, date(2023, 2, 1))
        ledger.step(other, Kind.COMPLETE, date(2023, 2, 28))
        take(ledger, f"T{void}", "2023-02")
        after = live(ledger.connection, GUANGZHOU, "2023-02")
        assert (after["completed"], after["retained"], after["in_post"], after["head_count"]) == (0, -1, 1, 1)
        assert counts(ledger, "2023-02", sealer, Indicator.COMPLETED) == 0
        assert counts(ledger, "2023-01", sealer, Indicator.COMPLETED) == 1
        assert corrections(ledger.connection, GUANGZHOU) == []

    within(work)


def test_a_filed_step_that_was_put_right_in_its_month_waits_for_nothing_until_it_is_taken_back(
    within: Within, sealer: Sealer
) -> None:
    def work(ledger: Ledger) -> None:
        number = ledger.internship()
        wrong = ledger.step(number, Kind.ARRIVE, date(2023, 1, 10))
        file(ledger, "2023-01", date(2023, 2, 3))
        ledger.void(number, wrong, at(date(2023, 2, 10)))
        right = ledger.step(
            number,
            Kind.ARRIVE,
            date(2023, 1, 12),
            at(date(2023, 2, 10)),
            {"replaces": wrong},
            period="2023-01",
        )
        assert corrections(ledger.connection, GUANGZHOU) == []
        report = reports.of_city(ledger.connection, GUANGZHOU, "2023-01")
        [row] = members(ledger.connection, sealer, report, Indicator.ARRIVED)
        assert row["on"] == "2023-01-10"  # as it was filed
        void = ledger.void(number, right, at(date(2023, 2, 12)))
        [found] = corrections(ledger.connection, GUANGZHOU)
        assert (found.reference, found.on) == (f"T{void}", date(2023, 1, 10))
        assert found.changes == {"arrived": -1, "arrived_graduates": -1, "in_post": -1}
        take(ledger, f"T{void}", "2023-02")
        after = live(ledger.connection, GUANGZHOU, "2023-02")
        assert (after["arrived"], after["in_post"], after["head_count"]) == (-1, 0, 0)

    within(work)


def test_of_several_results_the_newest_counts_and_one_put_right_keeps_its_place(
    within: Within, sealer: Sealer
) -> None:
    def work(ledger: Ledger) -> None:
        number = ledger.internship()
        ledger.step(number, Kind.ARRIVE, date(2023, 1, 3))
        ledger.step(number, Kind.COMPLETE, date(2023, 1, 20))
        first = ledger.result(number, "looking", "2023-01", date(2023, 1, 21))
        ledger.result(number, "employed", "2023-01", date(2023, 1, 25))
        ledger.void(number, first, at(date(2023, 1, 26)))
        ledger.step(
            number,
            Kind.RESULT,
            date(2023, 1, 22),
            at(date(2023, 1, 26)),
            {"result": "retained", "replaces": first},
            period="2023-01",
        )
        figures = live(ledger.connection, GUANGZHOU, "2023-01")
        assert (figures["retained"], figures["employed_elsewhere"]) == (0, 1)
        assert counts(ledger, "2023-01", sealer, Indicator.EMPLOYED_ELSEWHERE) == 1

    within(work)


@pytest.mark.parametrize(
    ("month", "reason"),
    [("2023-01", "已经报送或早于"), ("2022-12", "已经报送或早于"), ("2023-03", "还没有到")],
)
def test_a_correction_goes_into_an_open_month_only(within: Within, month: str, reason: str) -> None:
    def work(ledger: Ledger) -> None:
        file(ledger, "2023-01", date(2023, 2, 3))
        moved = ledger.moved("host", 1, date(2023, 1, 31))
        with pytest.raises(Refused, match=reason):
            take(ledger, f"M{moved}", month)

    within(work)


def test_a_payment_of_last_year_does_not_count_this_year(within: Within) -> None:
    def work(ledger: Ledger) -> None:
        file(ledger, "2022-12", date(2023, 1, 4))
        paid = ledger.paid(ledger.internship(), 100, date(2022, 12, 30), "2022-11")
        with pytest.raises(Refused, match="按年累计"):
            take(ledger, f"S{paid}", "2023-01")

    within(work)


# --- lists -------------------------------------------------------------------------------------------------


def test_every_number_opens_the_list_of_what_it_counts(within: Within, sealer: Sealer) -> None:
    def work(ledger: Ledger) -> None:
        some_year(ledger)
        report = reports.of_city(ledger.connection, GUANGZHOU, "2023-02")
        entered = {Indicator.PLANNED, Indicator.UNEXPLAINED, Indicator.OPENING}
        for name in set(Indicator) - entered:
            assert counts(ledger, "2023-02", sealer, name) == report.figures[name], name
        for name in entered:
            with pytest.raises(Refused, match="没有名单"):
                members(ledger.connection, sealer, report, name)

    within(work)


def test_a_list_of_people_is_masked_unless_asked(within: Within, sealer: Sealer) -> None:
    def work(ledger: Ledger) -> None:
        some_year(ledger)
        report = reports.of_city(ledger.connection, GUANGZHOU, "2023-02")
        [masked] = members(ledger.connection, sealer, report, Indicator.RETAINED)
        [full] = members(ledger.connection, sealer, report, Indicator.RETAINED, unmask=True)
        assert (masked["name"], masked["phone"]) == ("张*", "138****8000")
        assert (full["name"], full["phone"]) == ("张伟", "13800138000")
        assert masked["host"] == "第1机电有限公司"

    within(work)


@pytest.mark.parametrize("module", [indicators, counted_steps, corrections_module, report_members, reports])
def test_no_query_of_a_report_reads_a_whole_table(sqlite_url: str, module: ModuleType) -> None:
    statements = {name: value for name, value in vars(module).items() if isinstance(value, Statement)}
    assert statements
    with closing(sqlite3.connect(sqlite_url.removeprefix("sqlite:///"))) as base:
        for name, statement in statements.items():
            text = statement.plan("sqlite").text
            plan = base.execute(f"EXPLAIN QUERY PLAN {text}", [None] * text.count("?")).fetchall()
            assert not [step for *_, step in plan if step.startswith("SCAN ")], name
