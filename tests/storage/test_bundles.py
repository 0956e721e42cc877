"""Demonstrative bundles: proposed so that the share is reached, adjusted, published with marks, reported, taken back."""

from collections.abc import Callable
from datetime import date
from functools import partial
from typing import Any

import pytest
from sqlmodel import col, select

from policy.demonstrative import BundleStatus, Share
from policy.ledger_codes import HostKind, HostStatus, PositionStatus
from policy.refusal import Refused
from storage import bundle_publishing, bundles
from storage.bundle_lists import find, get, items, published, share, standing
from storage.database import Connection, Database
from storage.errors import Conflict, NotFound
from storage.ledger_tables import Bundle, Host, Position
from storage.tables import Audit
from tests.storage.public_rows import GUANGZHOU, NOW, SHENZHEN, TODAY, host, many, mentor, position

MONTH = "2026-11"
WHEN: dict[str, Any] = {"actor": "cli:clerk", "now": NOW}
DAY: dict[str, Any] = {**WHEN, "today": TODAY}
LINK = "https://jianxi.example/bundles/2026-11/440100"


def propose(connection: Connection, month: str = MONTH) -> Bundle:
    return bundles.propose(connection, GUANGZHOU, month, **DAY)


def publish(connection: Connection, *, below_share: str = "") -> Bundle:
    return bundle_publishing.publish(connection, GUANGZHOU, MONTH, link=LINK, below_share=below_share, **DAY)


def held(connection: Connection) -> list[int]:
    bundle = get(connection, GUANGZHOU, MONTH)
    return [item.position_id for item in items(connection, bundle, TODAY)]


def refusal(work: Callable[[], object]) -> str:
    with pytest.raises(Refused) as refused:
        work()
    return "\n".join(refused.value.reasons)


def test_the_proposal_reaches_one_percent_of_positions_rounded_up(database: Database) -> None:
    def work(connection: Connection) -> tuple[int, Share]:
        many(connection, 101)
        bundle = propose(connection)
        return len(items(connection, bundle, TODAY)), standing(connection, bundle, TODAY)

    count, reached = database.write_sync(work)
    assert count == 2
    assert reached == Share(101, 101, 2, 2, 1)
    assert reached.missing() == ()


def test_the_proposal_also_reaches_one_percent_of_the_openings(database: Database) -> None:
    def work(connection: Connection) -> Share:
        big = host(connection, 2)
        position(connection, big, "普工", openings=300, taken=300)  # full: counts, but cannot be chosen
        many(connection, 10, openings=1)
        return standing(connection, propose(connection), TODAY)

    assert database.write_sync(work) == Share(11, 310, 4, 4, 1)


def test_the_best_stand_first_with_the_reasons(database: Database) -> None:
    def work(connection: Connection) -> tuple[list[int], int, str]:
        many(connection, 150)
        institute = host(connection, 2, kind=HostKind.RESEARCH_INSTITUTE)
        best = position(
            connection,
            institute,
            "实验助理",
            kind="1",
            stipend_fen=400_000,
            mentor_id=mentor(connection, institute),
        )
        propose(connection)
        first = items(connection, get(connection, GUANGZHOU, MONTH), TODAY)[0]
        return held(connection), best, first.reason

    ids, best, reason = database.write_sync(work)
    assert ids[0] == best
    assert reason == "见习补贴高于当地下限100%、有带教老师、科研类岗位、科研院所"


@pytest.mark.parametrize(
    "fields",
    [
        {"status": PositionStatus.CLOSED},
        {"status": PositionStatus.SUBMITTED},
        {"closes_on": date(2026, 11, 23)},
        {"city": SHENZHEN},
        {"stipend_fen": 199_999},
    ],
    ids=["closed", "not approved yet", "past its last day", "of another city", "below the floor"],
)
def test_what_people_cannot_apply_for_here_is_not_proposed(
    database: Database, fields: dict[str, Any]
) -> None:
    def work(connection: Connection) -> str:
        position(connection, host(connection), **fields)
        return refusal(lambda: propose(connection))

    assert "还没有可以作示范的岗位" in database.write_sync(work)


def test_positions_of_a_removed_host_neither_count_nor_are_proposed(database: Database) -> None:
    def work(connection: Connection) -> Share:
        position(connection, host(connection, status=HostStatus.REMOVED))
        refusal(lambda: propose(connection))
        return share(connection, GUANGZHOU, TODAY)

    assert database.write_sync(work).positions == 0


def test_the_last_day_itself_still_counts(database: Database) -> None:
    def work(connection: Connection) -> Share:
        position(connection, host(connection), closes_on=TODAY)
        return share(connection, GUANGZHOU, TODAY)

    assert database.write_sync(work).positions == 1


def test_proposing_again_fills_the_draft_anew_and_keeps_its_title(database: Database) -> None:
    def work(connection: Connection) -> tuple[str, list[int], list[int]]:
        first, second = many(connection, 2)
        propose(connection)
        bundles.describe(connection, GUANGZHOU, MONTH, title="好岗位", **WHEN)
        before = held(connection)
        connection.session.get_one(Position, first).status = PositionStatus.CLOSED
        bundle = propose(connection)
        assert before == [first]
        return bundle.title, held(connection), [second]

    title, ids, expected = database.write_sync(work)
    assert (title, ids) == ("好岗位", expected)


def test_a_clerk_adds_removes_and_orders(database: Database) -> None:
    def work(connection: Connection) -> tuple[list[int], list[int]]:
        one, two, three = many(connection, 3)
        propose(connection)
        bundles.add(connection, GUANGZHOU, MONTH, two, reason="专人带教", **DAY)
        bundles.add(connection, GUANGZHOU, MONTH, three, reason="补贴高", **DAY)
        bundles.reorder(connection, GUANGZHOU, MONTH, [three], **WHEN)
        order = held(connection)
        bundles.remove(connection, GUANGZHOU, MONTH, one, **WHEN)
        assert order == [three, one, two]
        return held(connection), [three, two]

    ids, expected = database.write_sync(work)
    assert ids == expected


def test_what_cannot_be_added_is_refused_with_the_reason(database: Database) -> None:
    def work(connection: Connection) -> list[str]:
        [one] = many(connection, 1)
        owner = host(connection, 2)
        propose(connection)

        def add(position_id: int, reason: str) -> None:
            bundles.add(connection, GUANGZHOU, MONTH, position_id, reason=reason, **DAY)

        elsewhere = position(connection, owner, "外地", city=SHENZHEN)
        low = position(connection, owner, "低补贴", stipend_fen=100_000)
        full = position(connection, owner, "招满了", taken=2)
        return [
            refusal(lambda: add(one, reason="好")),
            refusal(lambda: add(low, reason=" ")),
            refusal(lambda: add(elsewhere, reason="好")),
            refusal(lambda: add(low, reason="好")),
            refusal(lambda: add(full, reason="好")),
            refusal(lambda: bundles.remove(connection, GUANGZHOU, MONTH, elsewhere, **WHEN)),
            refusal(lambda: bundles.reorder(connection, GUANGZHOU, MONTH, [elsewhere], **WHEN)),
        ]

    twice, silent, elsewhere, low, full, absent, unknown = database.write_sync(work)
    assert "已经在里面" in twice
    assert "写明为什么选它" in silent
    assert "广州市没有编号" in elsewhere
    assert "低于当地下限 2000 元" in low
    assert "招满" in full
    assert "不在里面" in absent
    assert "请先加进来" in unknown


def test_publishing_marks_the_positions_with_their_reasons(database: Database) -> None:
    def work(connection: Connection) -> tuple[Share, Share, str | None, Bundle]:
        many(connection, 5)
        propose(connection)
        before = share(connection, GUANGZHOU, TODAY)
        bundle = publish(connection)
        marked = connection.session.exec(select(Position).where(col(Position.demonstrative).is_(True))).one()
        assert marked.version == 2
        return before, share(connection, GUANGZHOU, TODAY), marked.demonstrative_reason, bundle

    before, after, reason, bundle = database.write_sync(work)
    assert before.missing() != ()
    assert after == before._replace(chosen_positions=1, chosen_openings=1)
    assert reason == "见习补贴高于当地下限25%、管理类岗位"
    assert (bundle.status, bundle.link, bundle.published_at) == (BundleStatus.PUBLISHED, LINK, NOW)


def test_below_the_share_it_says_what_is_missing_and_asks_for_a_reason(database: Database) -> None:
    def work(connection: Connection) -> tuple[str, list[Any]]:
        ids = many(connection, 201)
        propose(connection)
        for position_id in held(connection)[1:]:
            bundles.remove(connection, GUANGZHOU, MONTH, position_id, **WHEN)
        assert ids
        said = refusal(lambda: publish(connection))
        publish(connection, below_share="本月新增岗位还在核实")
        connection.session.flush()
        details = connection.session.exec(
            select(Audit.detail).where(col(Audit.action) == "bundle.publish")
        ).all()
        return said, list(details)

    said, details = database.write_sync(work)
    assert "招募中的岗位有201个，按1%至少要选3个，现在1个，还差2个。" in said
    assert "写明原因" in said
    assert details == [{"positions": 1, "below_share": "本月新增岗位还在核实"}]


def test_a_position_that_closed_meanwhile_must_be_exchanged_whatever_the_reason(database: Database) -> None:
    def work(connection: Connection) -> str:
        one, _ = many(connection, 2)
        propose(connection)
        connection.session.get_one(Position, one).status = PositionStatus.CLOSED
        return refusal(lambda: publish(connection, below_share="就这样"))

    assert "“第1号岗位”（编号" in database.write_sync(work)


def test_an_empty_bundle_is_not_published(database: Database) -> None:
    def work(connection: Connection) -> str:
        [one] = many(connection, 1)
        propose(connection)
        bundles.remove(connection, GUANGZHOU, MONTH, one, **WHEN)
        return refusal(lambda: publish(connection, below_share="没有"))

    assert "还没有岗位" in database.write_sync(work)


def test_a_published_bundle_is_changed_only_after_it_was_taken_back(database: Database) -> None:
    def work(connection: Connection) -> tuple[list[str], Share, Bundle]:
        one, two = many(connection, 2)
        kept = connection.session.get_one(Position, two)
        kept.demonstrative, kept.demonstrative_reason = True, "另有原因"
        propose(connection)
        publish(connection)
        said = [
            refusal(lambda: propose(connection)),
            refusal(lambda: bundles.remove(connection, GUANGZHOU, MONTH, one, **WHEN)),
            refusal(lambda: bundles.describe(connection, GUANGZHOU, MONTH, title="新", **WHEN)),
            refusal(lambda: publish(connection)),
        ]
        report(connection)
        back = partial(bundle_publishing.take_back, connection, GUANGZHOU, MONTH, **WHEN)
        refusal(lambda: back(reason=""))
        back(reason="选错了岗位")
        connection.session.expire_all()
        return said, share(connection, GUANGZHOU, TODAY), get(connection, GUANGZHOU, MONTH)

    said, left, bundle = database.write_sync(work)
    assert all("请先撤回" in sentence for sentence in said)
    assert left.chosen_positions == 1, "only the mark that the bundle gave is gone"
    assert (bundle.status, bundle.link, bundle.reported_on) == (BundleStatus.DRAFT, None, None)


def report(connection: Connection, on: date = TODAY, link: str | None = None) -> None:
    bundle_publishing.report(connection, GUANGZHOU, MONTH, on=on, link=link, **DAY)


def test_the_report_to_the_province_is_kept_with_its_day_and_link(database: Database) -> None:
    def work(connection: Connection) -> tuple[str, str, Bundle]:
        many(connection, 1)
        propose(connection)
        early = refusal(lambda: report(connection))
        publish(connection)
        tomorrow = refusal(lambda: report(connection, on=date(2026, 11, 25)))
        report(connection, link="https://mp.example/s/1")
        return early, tomorrow, get(connection, GUANGZHOU, MONTH)

    early, tomorrow, bundle = database.write_sync(work)
    assert "先发布" in early
    assert "不能晚于今天" in tomorrow
    assert (bundle.reported_on, bundle.reported_by, bundle.link) == (
        TODAY,
        "cli:clerk",
        "https://mp.example/s/1",
    )


def test_of_two_clerks_the_second_is_told_that_it_has_changed(database: Database) -> None:
    def first(connection: Connection) -> int:
        many(connection, 2)
        seen = propose(connection).version
        bundles.describe(connection, GUANGZHOU, MONTH, title="甲改的", seen=seen, **WHEN)
        return seen

    seen = database.write_sync(first)
    with pytest.raises(Conflict, match="刚被别人改过"):
        database.write_sync(
            lambda connection: bundles.describe(
                connection, GUANGZHOU, MONTH, title="乙改的", seen=seen, **WHEN
            )
        )
    bundle = database.read_sync(lambda connection: get(connection, GUANGZHOU, MONTH))
    assert bundle.title == "甲改的"


def test_the_public_sees_published_bundles_only_newest_first_page_by_page(database: Database) -> None:
    def work(connection: Connection) -> tuple[list[str], list[str], list[str]]:
        many(connection, 1)
        for month in ("2026-09", "2026-10", "2026-11"):
            propose(connection, month)
            if month != "2026-10":
                bundle_publishing.publish(connection, GUANGZHOU, month, link=LINK, **DAY)
        first = published(connection, limit=1)
        second = published(connection, before_id=first[-1].id, limit=1)
        none = published(connection, city=SHENZHEN)
        return [b.month for b in first], [b.month for b in second], [b.month for b in none]

    assert database.write_sync(work) == (["2026-11"], ["2026-09"], [])


def test_there_is_no_bundle_before_one_is_proposed(database: Database) -> None:
    assert database.read_sync(lambda connection: find(connection, GUANGZHOU, MONTH)) is None
    with pytest.raises(NotFound):
        database.read_sync(lambda connection: get(connection, GUANGZHOU, MONTH))


@pytest.mark.parametrize("month", ["2026-13", "2026-1", "11月", "2026-11-01"])
def test_a_month_that_is_none_is_refused_with_an_example(database: Database, month: str) -> None:
    def work(connection: Connection) -> str:
        many(connection, 1)
        return refusal(lambda: propose(connection, month))

    assert "2026-11" in database.write_sync(work)


def test_titles_and_introductions_have_their_limits(database: Database) -> None:
    def work(connection: Connection) -> list[str]:
        many(connection, 1)
        propose(connection)
        describe = partial(bundles.describe, connection, GUANGZHOU, MONTH, **WHEN)
        describe(title="好岗位", introduction="精选")
        return [
            refusal(lambda: describe(title="  ")),
            refusal(lambda: describe(title="长" * 61)),
            refusal(lambda: describe(introduction="长" * 501)),
        ]

    empty, long, introduction = database.write_sync(work)
    assert "60 个字" in empty
    assert "60 个字" in long
    assert "500 个字" in introduction


def test_nothing_of_the_rows_is_personal(database: Database) -> None:
    def work(connection: Connection) -> str:
        owner = host(connection, contact_name_sealed=b"secret", contact_phone_sealed=b"secret")
        position(connection, owner, mentor_id=mentor(connection, owner))
        bundle = propose(connection)
        assert connection.session.get(Host, owner) is not None
        return repr(items(connection, bundle, TODAY))

    assert "secret" not in database.write_sync(work)
