"""A published bundle is pushed once to those whom one of its positions suits."""

from __future__ import annotations

from datetime import timedelta

import pytest

from notifications.bundle_pushes import push_bundles
from notifications.jobs import Context, Done
from policy.demonstrative import BundleStatus
from policy.outgoing_codes import PurposeKind
from storage import deliveries
from storage.database import Connection
from storage.deliveries import Said
from storage.ledger_tables import Bundle, BundleItem
from storage.outgoing_tables import Purpose
from tests.notifications.test_weekly_matches import MONDAY, context, messages, person, position

__all__ = ["context"]
TUESDAY = MONDAY + timedelta(days=1)


def bundle(context: Context, *positions: int, status: BundleStatus = BundleStatus.PUBLISHED) -> int:
    """A bundle of Guangzhou with these positions, published on Monday."""

    def work(connection: Connection) -> int:
        row = Bundle(
            city="440100",
            month="2026-11",
            title="示范岗位",
            status=status,
            published_at=MONDAY if status == BundleStatus.PUBLISHED else None,
            created_at=MONDAY,
            updated_at=MONDAY,
        )
        connection.session.add(row)
        connection.session.flush()
        assert row.id is not None
        for rank, number in enumerate(positions, 1):
            connection.session.add(BundleItem(bundle_id=row.id, position_id=number, rank=rank, reason="示范"))
        return row.id

    return context.database.write_sync(work)


async def test_whom_a_position_of_it_suits_is_told_once_even_when_it_is_published_anew(
    context: Context,
) -> None:
    for number, wishes in enumerate((["440100"], ["440300"]), 1):  # the second wishes for another city
        person(context, number, cities=wishes)
    inside, _outside = position(context), position(context, title="不在里面")
    made = bundle(context, inside)
    assert await push_bundles(context, TUESDAY) == Done(created=1)
    [message] = messages(context)
    said = deliveries.opened(context.sealer, message.content_sealed)
    assert isinstance(said, Said)
    assert said.text.startswith("广州市2026年11月的示范岗位发布了")
    assert said.choices == ((f"岗位{inside}", f"看岗位{inside}、报名"),)
    kind = context.database.read_sync(
        lambda c: c.session.get_one(Purpose, message.purpose_id).kind  # what the ledger says it was for
    )
    assert kind == PurposeKind.BUNDLE

    def anew(connection: Connection) -> None:
        row = connection.session.get_one(Bundle, made)
        row.published_at = TUESDAY
        more = position_of
        connection.session.add(BundleItem(bundle_id=made, position_id=more, rank=2, reason="示范"))

    position_of = position(context, title="数控操作")
    context.database.write_sync(anew)
    assert await push_bundles(context, TUESDAY + timedelta(days=1)) == Done()


@pytest.mark.parametrize("barred", [{"push_consent": False}, {"status": "withdrawn"}, {"outcome": "not_yet"}])
async def test_who_may_not_or_does_not_want_is_not_told(context: Context, barred: dict[str, object]) -> None:
    person(context, 1, **barred)
    bundle(context, position(context))
    assert await push_bundles(context, TUESDAY) == Done()
    assert messages(context) == []


async def test_a_draft_is_not_told_of_nor_one_that_is_no_news_any_more(context: Context) -> None:
    person(context, 1)
    made = bundle(context, position(context), status=BundleStatus.DRAFT)
    assert await push_bundles(context, TUESDAY) == Done()

    def publish(connection: Connection) -> None:
        row = connection.session.get_one(Bundle, made)
        row.status, row.published_at = BundleStatus.PUBLISHED, MONDAY

    context.database.write_sync(publish)
    assert await push_bundles(context, MONDAY + timedelta(days=8)) == Done()
    assert await push_bundles(context, TUESDAY) == Done(created=1)
