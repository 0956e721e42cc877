"""How many demonstrative positions a city owes, and which are chosen and why."""

from collections import Counter
from math import ceil

import pytest
from hypothesis import given
from hypothesis import strategies as st

from policy.codes import PositionKind
from policy.demonstrative import Candidate, choose, fits, judge, least_count
from policy.ledger_codes import HostKind

PLAIN = Candidate(1, 1, PositionKind.SOCIAL_SERVICE, HostKind.OTHER, 200_000, 200_000, False, 3, 1, 0)
BEST = Candidate(2, 2, PositionKind.RESEARCH, HostKind.RESEARCH_INSTITUTE, 300_000, 200_000, True, 8, 8, 200)

TARGETS = {6800: 68, 4500: 45, 3000: 30, 2700: 27, 2250: 23, 1500: 15}
"""Yearly targets of the cities (粤人社函〔2023〕228号 附件1) → the least number of demonstrative positions."""


@pytest.mark.parametrize(("posts", "least"), TARGETS.items())
def test_one_percent_of_a_citys_target_is_rounded_up(posts: int, least: int) -> None:
    assert least_count(posts, 1) == least


@pytest.mark.parametrize(("total", "least"), [(0, 0), (1, 1), (100, 1), (101, 2)])
def test_any_position_at_all_asks_for_one(total: int, least: int) -> None:
    assert least_count(total, 1) == least


@given(st.integers(0, 10**7), st.integers(1, 100))
def test_the_least_count_is_the_smallest_that_reaches_the_share(total: int, percent: int) -> None:
    least = least_count(total, percent)
    assert least * 100 >= total * percent
    assert least == 0 or (least - 1) * 100 < total * percent
    assert least == ceil(total * percent / 100)


def test_the_best_gets_all_points_and_a_reason_for_each() -> None:
    assert judge(BEST).score == 100
    assert judge(BEST).reasons == (
        "见习补贴高于当地下限50%",
        "有带教老师",
        "科研类岗位",
        "科研院所",
        "名额多",
    )


def test_a_plain_position_gets_points_for_its_opening_alone_and_no_reason() -> None:
    assert judge(PLAIN).score == 2
    assert judge(PLAIN).reasons == ()


@pytest.mark.parametrize(
    "better",
    [
        PLAIN._replace(stipend_fen=220_000),
        PLAIN._replace(has_mentor=True),
        PLAIN._replace(kind=PositionKind.MANAGEMENT),
        PLAIN._replace(host_kind=HostKind.STATE_OWNED),
        PLAIN._replace(left=2),
        PLAIN._replace(described=100),
    ],
    ids=["stipend", "mentor", "kind", "host", "openings", "description"],
)
def test_each_virtue_counts(better: Candidate) -> None:
    assert judge(better).score > judge(PLAIN).score


@pytest.mark.parametrize(
    "faulty",
    [BEST._replace(left=0), BEST._replace(stipend_fen=199_999)],
    ids=["full", "below the floor"],
)
def test_what_may_not_be_called_demonstrative_is_never_chosen(faulty: Candidate) -> None:
    assert not fits(faulty)
    assert choose([faulty, PLAIN], 2, 0) == [judge(PLAIN)]


def test_a_third_position_of_the_best_host_goes_behind_another_host_without_mentor() -> None:
    second, third = BEST._replace(position_id=3), BEST._replace(position_id=5)
    other = BEST._replace(position_id=4, host_id=5, has_mentor=False)
    chosen = [pick.candidate.position_id for pick in choose([BEST, second, third, other], 4, 0)]
    assert chosen == [2, 3, 4, 5]


def test_positions_go_on_being_chosen_until_their_openings_suffice() -> None:
    few = [BEST._replace(position_id=n, host_id=n, openings=2) for n in range(1, 10)]
    assert len(choose(few, 1, 7)) == 4


candidates = st.lists(
    st.builds(
        Candidate,
        st.integers(1, 10**6),
        st.integers(1, 6),
        st.sampled_from(list(PositionKind)),
        st.sampled_from(list(HostKind)),
        st.integers(100_000, 500_000),
        st.integers(100_000, 300_000),
        st.booleans(),
        st.integers(1, 30),
        st.integers(0, 30),
        st.integers(0, 300),
    ),
    max_size=40,
    unique_by=lambda candidate: candidate.position_id,
)


@given(candidates, st.integers(0, 20), st.integers(0, 100))
def test_what_is_chosen_suffices_or_nothing_fit_is_left(
    offered: list[Candidate], positions: int, openings: int
) -> None:
    chosen = choose(offered, positions, openings)
    ids = [pick.candidate.position_id for pick in chosen]
    assert len(ids) == len(set(ids))
    suffices = len(chosen) >= positions and sum(pick.candidate.openings for pick in chosen) >= openings
    assert suffices or len(chosen) == sum(map(fits, offered))
    without_last = chosen[:-1]
    assert not chosen or (
        len(without_last) < positions or sum(pick.candidate.openings for pick in without_last) < openings
    ), "and no more is chosen than needed"


@given(candidates)
def test_of_one_host_the_better_goes_first_and_the_order_of_the_offer_does_not_matter(
    offered: list[Candidate],
) -> None:
    chosen = choose(offered, len(offered), 0)
    assert chosen == choose(reversed(offered), len(offered), 0)
    for host in Counter(pick.candidate.host_id for pick in chosen):
        scores = [pick.score for pick in chosen if pick.candidate.host_id == host]
        assert scores == sorted(scores, reverse=True)
