"""The measurement over the official account runs, tiny and without its rival, which is not installed for tests."""

from __future__ import annotations

from bench import wechat_turn


def test_the_encrypted_turn_is_measured_against_the_plain_one_and_its_memory_looked_at() -> None:
    found = wechat_turn.run(
        people=16, rounds=1, seconds=0.2, connections=4, turns=40, filling=20, rival=False
    )
    assert [finding.goal for finding in found if finding.goal] == ["≥ 0.5", "≤ 1.05"]
