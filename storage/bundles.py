"""Bundles (示范性岗位打包): a city's demonstrative positions of a month, proposed and adjusted.

粤人社函〔2023〕228号 二: 每月精心选取一批示范性的高质量见习岗位，集中打包推出，链接报送省厅. Here drafts are made;
`storage.bundle_publishing` puts them before the public. A published one is taken back first to be changed.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from typing import Final

from sqlmodel import col, delete, select

from policy.demonstrative import BundleStatus, choose
from policy.months import month_label, read_month
from policy.positions import LONGEST_REASON, yuan
from policy.programme import stipend_floor_fen
from policy.refusal import Refused
from policy.regions import city as city_of_code
from storage import audit
from storage.bundle_lists import Item, candidates, find, get, items, share
from storage.database import Connection
from storage.edits import edit
from storage.ledger_tables import Bundle, BundleItem, Position

LONGEST_TITLE: Final = 60
"""WeChat shows no more of a shared page's title."""
LONGEST_INTRODUCTION: Final = 500


# --- making one ------------------------------------------------------------------------------------------


def propose(
    connection: Connection, city: str, month: str, *, actor: str, now: datetime, today: date
) -> Bundle:
    """Fill a draft with the best positions of the city until the share is reached, each with its reason.

    A draft that is there already is filled anew, its title and introduction stay. Raises `Refused` when the
    month is published, or when the city recruits for nothing.
    """
    month = read_month(month)
    bundle = find(connection, city, month, locked=True)
    if bundle is not None:
        refuse_published(bundle)
        edit(bundle, None, now)
    whole = share(connection, city, today)
    picks = choose(candidates(connection, city, today), whole.least_positions, whole.least_openings)
    if not picks:
        raise Refused(
            "这个市还没有可以作示范的岗位（招募中、有空余名额、补贴不低于当地下限），请先审核发布岗位。"
        )
    if bundle is None:
        title = f"{city_of_code(city).name}{month_label(month)}示范性见习岗位"
        bundle = Bundle(
            city=city,
            month=month,
            title=title,
            status=BundleStatus.DRAFT,
            created_at=now,
            updated_at=now,
        )
    connection.session.add(bundle)
    connection.session.flush()
    assert bundle.id is not None
    _clear(connection, bundle.id)
    for rank, pick in enumerate(picks, 1):
        row = BundleItem(
            bundle_id=bundle.id,
            position_id=pick.candidate.position_id,
            rank=rank,
            reason="、".join(pick.reasons) or "综合条件较好",
        )
        connection.session.add(row)
    connection.session.flush()
    note(connection, now, actor, "bundle.propose", bundle, positions=len(picks))
    return bundle


def _clear(connection: Connection, bundle_id: int) -> None:
    connection.session.exec(delete(BundleItem).where(col(BundleItem.bundle_id) == bundle_id))


def add(
    connection: Connection,
    city: str,
    month: str,
    position_id: int,
    *,
    reason: str,
    seen: int | None = None,
    actor: str,
    now: datetime,
    today: date,
) -> None:
    """Put a position at the end of a draft, with why it is a good one. Raises `Refused`."""
    bundle = begin(connection, city, month, seen, now)
    held = {item.position_id: item for item in items(connection, bundle, today)}
    if position_id in held:
        raise Refused(f"岗位 {position_id} 已经在里面了。")
    if not 1 <= len(reason.strip()) <= LONGEST_REASON:
        raise Refused(f"请用 {LONGEST_REASON} 个字以内写明为什么选它，例如“龙头企业，补贴高，专人带教”。")
    found = connection.session.get(Position, position_id)
    if found is None or found.city != city:
        raise Refused(f"{city_of_code(city).name}没有编号 {position_id} 的岗位，请核对编号。")
    assert bundle.id is not None
    rank = max((item.rank for item in held.values()), default=0) + 1
    row = BundleItem(bundle_id=bundle.id, position_id=position_id, rank=rank, reason=reason.strip())
    connection.session.add(row)
    connection.session.flush()
    refuse_unfit(
        [item for item in items(connection, bundle, today) if item.position_id == position_id], today
    )
    note(connection, now, actor, "bundle.add", bundle, position=position_id)


def remove(
    connection: Connection,
    city: str,
    month: str,
    position_id: int,
    *,
    seen: int | None = None,
    actor: str,
    now: datetime,
) -> None:
    """Take a position out of a draft. Raises `Refused` when it is not in it."""
    bundle = begin(connection, city, month, seen, now)
    row = connection.session.get(BundleItem, (bundle.id, position_id))
    if row is None:
        raise Refused(f"岗位 {position_id} 不在里面。")
    connection.session.delete(row)
    connection.session.flush()
    note(connection, now, actor, "bundle.remove", bundle, position=position_id)


def reorder(
    connection: Connection,
    city: str,
    month: str,
    order: Sequence[int],
    *,
    seen: int | None = None,
    actor: str,
    now: datetime,
) -> None:
    """Put the positions named in `order` first, in that order; the others follow as they were. Raises `Refused`."""
    bundle = begin(connection, city, month, seen, now)
    statement = select(BundleItem).where(col(BundleItem.bundle_id) == bundle.id)
    rows = {row.position_id: row for row in connection.session.exec(statement.order_by(col(BundleItem.rank)))}
    strangers = [str(position_id) for position_id in order if position_id not in rows]
    if strangers:
        raise Refused(f"岗位 {'、'.join(strangers)} 不在里面，请先加进来再排。")
    for rank, position_id in enumerate(dict.fromkeys([*order, *rows]), 1):
        rows[position_id].rank = rank
        connection.session.add(rows[position_id])
    connection.session.flush()
    note(connection, now, actor, "bundle.order", bundle)


def describe(
    connection: Connection,
    city: str,
    month: str,
    *,
    title: str | None = None,
    introduction: str | None = None,
    seen: int | None = None,
    actor: str,
    now: datetime,
) -> None:
    """Change the title or the introduction of a draft; None leaves it. Raises `Refused`."""
    bundle = begin(connection, city, month, seen, now)
    if title is not None:
        if not 1 <= len(title.strip()) <= LONGEST_TITLE:
            raise Refused(f"标题要有 1 到 {LONGEST_TITLE} 个字，太长的在微信里显示不全。")
        bundle.title = title.strip()
    if introduction is not None:
        if len(introduction) > LONGEST_INTRODUCTION:
            raise Refused(f"介绍请控制在 {LONGEST_INTRODUCTION} 个字以内。")
        bundle.introduction = introduction.strip()
    connection.session.add(bundle)
    connection.session.flush()
    note(connection, now, actor, "bundle.describe", bundle)


def refuse_unfit(held: Sequence[Item], today: date) -> None:
    """Raise `Refused` naming every position that cannot be shown as demonstrative, or when there is none."""
    found = []
    for item in held:
        floor = stipend_floor_fen(item.city, today)
        if not item.open:
            found.append(f"“{item.title}”（编号 {item.position_id}）已经停招或招满，请换一个。")
        elif item.stipend_fen < floor:
            found.append(
                f"“{item.title}”（编号 {item.position_id}）月补贴低于当地下限 {yuan(floor)} 元，不能作示范。"
            )
    if not held:
        found.append("里面还没有岗位，请先生成建议名单（bundles propose）或加岗位。")
    if found:
        raise Refused(*found)


def begin(connection: Connection, city: str, month: str, seen: int | None, now: datetime) -> Bundle:
    """The draft that is to be changed. Raises `NotFound`, `Refused`, `Conflict`."""
    bundle = get(connection, city, month, locked=True)
    refuse_published(bundle)
    edit(bundle, seen, now)
    connection.session.add(bundle)
    return bundle


def refuse_published(bundle: Bundle) -> None:
    """Raise `Refused` unless it is a draft."""
    if bundle.status != BundleStatus.DRAFT:
        raise Refused("这个月的已经发布。要改请先撤回（bundles withdraw），改好再发布。")


def note(
    connection: Connection, now: datetime, actor: str, action: str, bundle: Bundle, **detail: object
) -> None:
    """Put a change of a bundle into the audit log."""
    audit.add(connection, now, actor, action, f"bundle:{bundle.city}:{bundle.month}", detail)
