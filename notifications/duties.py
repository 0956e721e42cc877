"""The duties of staff as they stand now (待办职责): figures read from the base, made into `reminders.Duty`."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import date

from notifications import reminders
from notifications.reminders import Duty, month_of
from storage import case_lists, duty_figures, workdays
from storage.database import Connection

Reader = Callable[[Connection, date], Iterable[Duty]]


def reports(connection: Connection, today: date) -> Iterable[Duty]:
    """Reports that are not filed (情况汇总表)."""
    filed = duty_figures.filed(connection, (month_of(today, 1), month_of(today)))
    return reminders.reports(today, filed, workdays.load(connection))


def bundles(connection: Connection, today: date) -> Iterable[Duty]:
    """Bundles that are not published (示范岗位打包)."""
    return reminders.bundles(today, duty_figures.published(connection, month_of(today)))


def cases(connection: Connection, today: date) -> Iterable[Duty]:
    """Cases past their day (逾期待办)."""
    return reminders.cases(today, case_lists.overdue_counts(connection, today))
