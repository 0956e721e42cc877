"""Killed in the middle of a broadcast, again and again: nobody is left out, nobody is written to twice in silence."""

from pathlib import Path

import pytest

from tests.journeys.killed_broadcast import judged, killed_broadcast


@pytest.mark.parametrize(("people", "kills"), [(300, 12)])
async def test_a_broadcast_whose_sender_is_killed_leaves_nobody_out_and_repeats_nothing(
    data: Path, people: int, kills: int
) -> None:
    found = await killed_broadcast(data, people, kills, seed=20231)
    ends = judged(found, people)
    assert found.kills > kills / 2, "the rest came too late to interrupt anything"
    assert ends["unknown"] > 0, "some were in flight: that is what is tested here"
    assert ends["sent"] > people / 2
