"""Care during and after the internship (见习跟踪): what the scheduled jobs `check_ins` and `follow_ups` do.

Each call does one portion in one transaction and says whether there is more; called again for the same day with
nothing left it does nothing. What each part does is told in its module.
"""

from __future__ import annotations

from datetime import date, datetime

from notifications.asking import PORTION, Done
from notifications.check_ins import ask_check_ins, ask_hosts, close_unanswered, plan_all, plan_check_ins
from notifications.follow_ups import ask_follow_ups, begin_follow_ups
from notifications.jobs_for_seekers import send_jobs, take_back_undelivered
from notifications.silences import mark_silences
from storage.database import Connection
from storage.sealing import Sealer

__all__ = [
    "Done",
    "ask_check_ins",
    "ask_follow_ups",
    "ask_hosts",
    "begin_follow_ups",
    "check_ins",
    "follow_ups",
    "mark_silences",
    "plan_all",
    "plan_check_ins",
    "send_jobs",
]


def check_ins(
    connection: Connection, sealer: Sealer, now: datetime, today: date, limit: int = PORTION
) -> Done:
    """The job `check_ins`, once `plan_all` is done: close what was not answered, ask people and hosts."""
    done = _unanswered(connection, now, limit)
    done = done.and_also(ask_check_ins(connection, sealer, now, today, limit))
    return done.and_also(ask_hosts(connection, sealer, now, today, limit))


def _unanswered(connection: Connection, now: datetime, limit: int) -> Done:
    """Portions that wait for their answers still are passed over, up to one in which something changes."""
    last = 0
    while True:
        done, last = close_unanswered(connection, now, limit, last)
        if done.changed or not done.more:
            return done


def follow_ups(
    connection: Connection, sealer: Sealer, now: datetime, today: date, limit: int = PORTION
) -> Done:
    """The job `follow_ups`: silences first, so that who is called is not asked once more; then plans and questions."""
    done, last = mark_silences(connection, sealer, now, today, limit)
    while done.more and not (done.created or done.changed):
        done, last = mark_silences(connection, sealer, now, today, limit, last)
    done = done.and_also(begin_follow_ups(connection, now, today, limit))
    done = done.and_also(ask_follow_ups(connection, sealer, now, today, limit))
    done = done.and_also(take_back_undelivered(connection, today))
    return done.and_also(send_jobs(connection, sealer, now, today, limit))
