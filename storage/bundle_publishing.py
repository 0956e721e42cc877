"""Publishing bundles (示范性岗位发布、报送): under a link, with the marks on their positions, and the report of it.

粤人社函〔2023〕228号 二: 于本地官网、官方公众号发布，并将链接同步报送至省人力资源社会保障厅. Publishing marks the
positions as demonstrative, each with the reason it was chosen for; taking back takes those marks away.
"""

from __future__ import annotations

from datetime import date, datetime

from sqlmodel import col, select, update

from policy.demonstrative import BundleStatus
from policy.months import month_label
from policy.refusal import Refused
from storage.bundle_lists import Item, get, items, standing
from storage.bundles import begin, note, refuse_unfit
from storage.database import Connection
from storage.edits import edit
from storage.ledger_tables import Bundle, BundleItem, Position


def publish(
    connection: Connection,
    city: str,
    month: str,
    *,
    link: str,
    below_share: str = "",
    seen: int | None = None,
    actor: str,
    now: datetime,
    today: date,
) -> Bundle:
    """Publish a draft under `link` and mark its positions as demonstrative.

    Raises `Refused` with all that stands against it: positions that cannot be shown, and a share that is not
    reached, unless `below_share` says why that must be so.
    """
    bundle = begin(connection, city, month, seen, now)
    held = items(connection, bundle, today)
    refuse_unfit(held, today)
    missing = standing(connection, bundle, today).missing()
    if missing and not below_share.strip():
        raise Refused(*missing, "请再加岗位；确实凑不够的，写明原因再发布。")
    bundle.status, bundle.published_at, bundle.published_by = BundleStatus.PUBLISHED, now, actor
    bundle.link = link
    connection.session.add(bundle)
    for item in held:
        _mark(connection, item, month, now)
    connection.session.flush()
    note(
        connection,
        now,
        actor,
        "bundle.publish",
        bundle,
        positions=len(held),
        below_share=below_share.strip(),
    )
    return bundle


def _mark(connection: Connection, item: Item, month: str, now: datetime) -> None:
    position = connection.session.get_one(Position, item.position_id)
    edit(position, None, now)
    position.demonstrative = True
    position.demonstrative_reason = item.reason or f"列入{month_label(month)}示范性岗位"
    connection.session.add(position)


def take_back(
    connection: Connection,
    city: str,
    month: str,
    *,
    reason: str,
    seen: int | None = None,
    actor: str,
    now: datetime,
) -> None:
    """Take a published bundle off the page, to change it. Marks that it gave go with it; a report is void."""
    bundle = get(connection, city, month, locked=True)
    if bundle.status != BundleStatus.PUBLISHED:
        raise Refused("这个月的还没有发布，直接改就行。")
    if not reason.strip():
        raise Refused("请写明撤回的原因。")
    edit(bundle, seen, now)
    bundle.status, bundle.published_at, bundle.published_by = BundleStatus.DRAFT, None, None
    bundle.link = bundle.reported_on = bundle.reported_by = None
    connection.session.add(bundle)
    given = (
        select(BundleItem.reason)
        .where(col(BundleItem.bundle_id) == bundle.id, col(BundleItem.position_id) == col(Position.id))
        .scalar_subquery()
    )
    connection.session.exec(
        update(Position)
        .where(
            col(Position.id).in_(
                select(BundleItem.position_id).where(col(BundleItem.bundle_id) == bundle.id)
            ),
            col(Position.demonstrative_reason) == given,
        )
        .values(
            demonstrative=False,
            demonstrative_reason=None,
            version=col(Position.version) + 1,
            updated_at=now,
        ),
        execution_options={"synchronize_session": False},
    )
    connection.session.flush()
    note(connection, now, actor, "bundle.take_back", bundle, reason=reason.strip())


def report(
    connection: Connection,
    city: str,
    month: str,
    *,
    on: date,
    link: str | None = None,
    seen: int | None = None,
    actor: str,
    now: datetime,
    today: date,
) -> None:
    """Record that the link was reported to the province on a day; `link` when another one was. Raises `Refused`."""
    bundle = get(connection, city, month, locked=True)
    if bundle.status != BundleStatus.PUBLISHED or bundle.published_at is None:
        raise Refused("还没有发布，先发布再报送链接。")
    if on > today:
        raise Refused("报送日期不能晚于今天。")
    edit(bundle, seen, now)
    bundle.reported_on, bundle.reported_by = on, actor
    bundle.link = link or bundle.link
    connection.session.add(bundle)
    connection.session.flush()
    note(connection, now, actor, "bundle.report", bundle, on=on.isoformat())
