"""Every measurement runs, tiny: what it finds is for `make bench`, here only that it finds something and nothing fails."""

from __future__ import annotations

from datetime import date

import pytest

from bench import delivery, dialog_check, durable_turn, engine_step, fan_out, stored_people
from bench.__main__ import MEASUREMENTS, main
from bench.conversation import conversation, id_number
from bench.measuring import at_least, at_most, ratio, spread


def test_the_engine_and_the_bare_machines_do_the_same_form() -> None:
    found = engine_step.run(people=2, rounds=1)
    assert [finding.what for finding in found if finding.goal]


def test_the_turn_over_http_is_measured_against_both_others() -> None:
    found = durable_turn.run(people=32, rounds=1, seconds=0.2, connections=4, many=8)
    assert len([finding for finding in found if finding.goal]) == 4


def test_few_and_many_stored_people_are_compared() -> None:
    found = stored_people.run(few=20, many=60, rounds=1, seconds=0.1)
    assert [finding.goal for finding in found if finding.goal] == ["≤ 1.2"]


def test_deliveries_are_measured_against_a_bare_ledger_and_replies_among_them() -> None:
    found = delivery.run(messages=150, rounds=1, rival=False)
    assert [finding.goal for finding in found if finding.goal] == ["≥ 0.8", "≤ 1"]


def test_taking_an_audience_in_is_measured_against_a_bare_insert() -> None:
    found = fan_out.run(rows=200, rounds=1)
    assert [finding.goal for finding in found if finding.goal] == ["≤ 2", "≤ 20"]


def test_a_synthetic_dialog_passes_the_check() -> None:
    found = dialog_check.run(steps=40, rounds=1)
    assert [finding.met for finding in found if finding.goal] == [True]


def test_a_measurement_that_does_not_exist_is_named(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["nothing"]) == 2
    told = capsys.readouterr().out
    assert "nothing" in told
    assert all(name in told for name in MEASUREMENTS)


def test_a_goal_is_judged_by_the_median_of_ratios_within_a_round() -> None:
    results = {"ours": [{"rate": 10.0}, {"rate": 90.0}], "bare": [{"rate": 20.0}, {"rate": 100.0}]}
    found = ratio(results, "ours", "bare", "rate")
    assert found == (0.7, 0.5, 0.9)
    assert at_least("", "", found, 0.7).met
    assert not at_least("", "", found, 0.71).met
    assert at_most("", "", spread([1.0, 2.0, 9.0]), 2.0).met


def test_everybody_in_the_load_has_a_number_of_their_own() -> None:
    numbers = [id_number(person) for person in range(5000)]
    assert len(set(numbers)) == len(numbers)


def test_the_conversation_holds_mistakes_help_and_a_step_back() -> None:
    said = [turn.text for turn in conversation(1, date(2026, 11, 24)) if not turn.valid]
    assert {"帮助", "返回"} < set(said)
    assert len(said) >= 7
