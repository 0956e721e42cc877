"""The indicators and their relations: what counts where, what fails with which sentence, what only warns."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from policy.indicators import (
    COLUMNS,
    Figures,
    Form,
    Indicator,
    RetainedPart,
    counted_for_arrival,
    counted_for_ending,
    total,
    with_derived,
)
from policy.ledger_codes import Ending, Result
from policy.report_checks import RELATIONS, check, warnings

SOUND: dict[str, int | None] = {
    "hosts": 10,
    "new_hosts": 2,
    "posts": 40,
    "new_posts": 8,
    "planned": 30,
    "arrived": 20,
    "arrived_graduates": 15,
    "completed": 9,
    "retained": 5,
    "retained_part": 4,
    "employed_elsewhere": 3,
    "ended_early": 2,
    "in_post": 59,
    "unexplained": 1,
    "paid_fen": 100,
    "opening": 50,
    "head_count": 59,
    "retained_graduates": 4,
    "retained_early": 1,
}


def test_the_names_are_pinned_because_they_are_stored() -> None:
    assert [name.value for name in Indicator] == list(SOUND)


def test_both_forms_number_the_first_thirteen_alike_and_differ_in_the_tail() -> None:
    national, guangdong = COLUMNS[Form.NATIONAL], COLUMNS[Form.GUANGDONG]
    assert national[:13] == guangdong[:13]
    assert (len(national), len(guangdong)) == (14, 15)
    assert national[13] == guangdong[14] == Indicator.PAID_FEN
    assert guangdong[13] == Indicator.UNEXPLAINED


@pytest.mark.parametrize(
    ("track", "names"), [("graduate", "arrived arrived_graduates"), ("youth", "arrived"), (None, "arrived")]
)
def test_an_arrival_counts_in_6_and_a_graduates_in_7(track: str | None, names: str) -> None:
    assert list(counted_for_arrival(track)) == names.split()


@pytest.mark.parametrize(
    ("ending", "result", "track", "names"),
    [
        (Ending.COMPLETED, None, "graduate", "completed"),
        (Ending.COMPLETED, Result.LOOKING, "graduate", "completed"),
        (Ending.COMPLETED, Result.FURTHER_STUDY, "youth", "completed"),
        (Ending.COMPLETED, Result.ENLISTED, "youth", "completed"),
        (Ending.COMPLETED, Result.EMPLOYED, "graduate", "completed employed_elsewhere"),
        (Ending.COMPLETED, Result.SELF_EMPLOYED, "graduate", "completed employed_elsewhere"),
        (Ending.COMPLETED, Result.FLEXIBLE, "youth", "completed employed_elsewhere"),
        (Ending.COMPLETED, Result.RETAINED, "youth", "completed retained"),
        (Ending.COMPLETED, Result.RETAINED, "graduate", "completed retained retained_graduates"),
        (Ending.RETAINED_EARLY, Result.RETAINED, "youth", "completed retained retained_early"),
        (
            Ending.RETAINED_EARLY,
            Result.RETAINED,
            "graduate",
            "completed retained retained_graduates retained_early",
        ),
        (Ending.ENDED_EARLY, Result.EMPLOYED, "graduate", "ended_early"),
        (Ending.ENDED_EARLY, None, "youth", "ended_early"),
        (Ending.CHANGED_HOST, None, "graduate", "ended_early"),
    ],
)
def test_an_ending_counts_in_8_with_its_result_or_in_12(
    ending: Ending, result: Result | None, track: str, names: str
) -> None:
    assert list(counted_for_ending(ending, result, track)) == names.split()


@given(
    st.sampled_from(list(Ending)), st.sampled_from([None, *Result]), st.sampled_from(["graduate", "youth"])
)
def test_whoever_counts_in_9_or_11_counts_in_8_and_nobody_in_both_or_in_8_and_12(
    ending: Ending, result: Result | None, track: str
) -> None:
    names = set(counted_for_ending(ending, result, track))
    assert len(names & {"retained", "employed_elsewhere"}) <= ("completed" in names)
    assert len(names & {"completed", "ended_early"}) == 1


def test_13_and_10_are_derived() -> None:
    derived = with_derived({**SOUND, "in_post": None, "retained_part": None}, RetainedPart.EARLY)
    assert (derived["in_post"], derived["retained_part"]) == (59, 1)
    assert with_derived(SOUND, RetainedPart.GRADUATES)["retained_part"] == 4


def test_a_sum_with_a_missing_number_is_missing_in_that_number_alone() -> None:
    both = total([SOUND, {**SOUND, "planned": None}])
    assert both["planned"] is None
    assert both == {name: None if name == "planned" else (value or 0) * 2 for name, value in SOUND.items()}


# --- relations ---------------------------------------------------------------------------------------------


def test_sound_figures_pass_every_relation_and_warn_of_nothing() -> None:
    assert all(found.holds for found in check(SOUND))
    assert warnings(SOUND, None, "2023-09") == ()


def test_each_form_has_the_relations_that_its_notice_prints() -> None:
    assert [found.relation for found in check(SOUND, Form.NATIONAL)] == [
        "1≥2",
        "3≥4",
        "5≥7",
        "8≥9+11",
        "9≥10",
    ]
    assert [found.relation for found in check(SOUND, Form.GUANGDONG)] == [
        "1≥2",
        "3≥4",
        "5≥6",
        "6≥7",
        "8≥9+11",
        "9≥10",
        "13=上期13+6－8－12",
    ]


@pytest.mark.parametrize(
    ("changed", "relation", "sentence"),
    [
        ({"new_hosts": 11}, "1≥2", "期末见习单位总数（10）少于新增见习单位（11）。"),
        ({"new_posts": 41}, "3≥4", "期末见习岗位总数（40）少于新增见习岗位（41）。"),
        (
            {"planned": 14, "arrived": 15, "in_post": 54},
            "5≥7",
            "到岗的高校毕业生（15）超过计划组织见习人数（14）。",
        ),
        ({"planned": 19}, "5≥6", "实际到岗人数（20）超过计划组织见习人数（19）。"),
        ({"arrived_graduates": 21}, "6≥7", "到岗的高校毕业生（21）超过实际到岗人数（20）。"),
        ({"employed_elsewhere": 5}, "8≥9+11", "留用和其他方式就业合计（10）超过完成见习人数（9）。"),
        ({"retained_part": 6}, "9≥10", "留用人数的其中项（6）超过留用人数（5）。"),
        (
            {"in_post": 58},
            "13=上期13+6－8－12",
            "期末在岗人数（58）不等于上期期末加到岗减完成减非正常结束（59）。",
        ),
    ],
)
def test_a_broken_relation_says_what_is_wrong(
    changed: dict[str, int | None], relation: str, sentence: str
) -> None:
    failed = {found.relation: found for found in check(SOUND | changed) if not found.holds}
    assert failed[relation].explain == sentence
    assert failed[relation].mend


def test_arrivals_above_the_plan_are_mended_by_changing_the_plan() -> None:
    [found] = [found for found in check(SOUND | {"planned": 19}) if not found.holds]
    assert found.mend.startswith("到岗人数超过计划，请先调整本期计划")


@given(st.fixed_dictionaries({name: st.none() | st.integers(0, 30) for name in SOUND}))
def test_a_relation_holds_exactly_when_its_numbers_do(figures: Figures) -> None:
    for found, relation in zip(check(figures), RELATIONS, strict=True):
        numbers = [figures[name] for name in (relation.left, *relation.right)]
        if relation.balance:
            numbers += [figures["completed"], figures["ended_early"]]
        if None in numbers:
            assert found.holds is None
            assert "还没有填写" in found.explain
            continue
        left, *right = [number or 0 for number in numbers]
        wanted = left == right[0] + right[1] - right[2] - right[3] if relation.balance else left >= sum(right)
        assert found.holds is wanted


@pytest.mark.parametrize(
    ("changed", "previous", "month", "relation"),
    [
        ({"hosts": 13}, {"hosts": 10}, "2023-09", "1≤上期1+2"),
        ({"posts": 49}, {"posts": 40}, "2023-09", "3≤上期3+4"),
        ({"completed": 69, "in_post": -1, "head_count": -1}, {}, "2023-09", "8+12≤上期13+6"),
        ({"in_post": -1, "head_count": -1}, {}, "2023-09", "13≥0"),
        ({}, {"paid_fen": 101}, "2023-09", "本年累计不减少"),
        ({"head_count": 60}, {}, "2023-09", "13=按人头清点"),
        ({"unexplained": None}, {}, "2023-09", "省表14"),
    ],
)
def test_what_is_odd_warns(
    changed: dict[str, int | None], previous: dict[str, int], month: str, relation: str
) -> None:
    found = {one.relation: one for one in warnings(SOUND | changed, previous, month)}
    assert found[relation].explain
    assert found[relation].mend


def test_money_begins_anew_in_january() -> None:
    assert warnings(SOUND, {"paid_fen": 10_000}, "2024-01") == ()
