"""The duties of staff that follow from the ledger's own figures: shares, quarters, targets (示范比例、季度活动、分市目标)."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, timedelta

from notifications import reminders
from notifications.reminders import Duty, month_of
from policy.quarters import quarter_of
from policy.regions import CITIES
from storage import bundle_lists, events, targets
from storage.database import Connection
from storage.targets import Progress


def shares(connection: Connection, today: date) -> Iterable[Duty]:
    """Cities whose demonstrative positions are fewer than they owe (不少于百分之一)."""
    missing = {one.code: bundle_lists.share(connection, one.code, today).missing() for one in CITIES}
    return reminders.shares(today, missing)


def quarters(connection: Connection, today: date) -> Iterable[Duty]:
    """Cities that have neither held nor published an event in this quarter."""
    quarter = quarter_of(today)
    without = [found.city for found in events.cities_without_event(connection, quarter)]
    return reminders.quarters(today, quarter.label, quarter.after - timedelta(days=1), without)


def behind_targets(connection: Connection, today: date) -> Iterable[Duty]:
    """Cities that have come less far with their yearly target than the year has gone, through last month."""
    through = month_of(today, 1)
    rows = [row for row in targets.progress(connection, through) if row.behind]
    return reminders.targets(today, {row.city: _how_far(row, through) for row in rows})


def _how_far(row: Progress, through: str) -> str:
    return (
        f"截至{reminders.month_name(through)}落后于全年进度：见习人数{row.arrived}/{row.interns}人，"
        f"新增岗位{row.new_posts}/{row.posts}个。"
    )
