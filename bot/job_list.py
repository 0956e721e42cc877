"""The list of all scheduled jobs (定时任务一览): where a new one is added. Times are local, weekdays by name."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime
from functools import partial
from typing import Final

from dialogs.catalogue import Catalogue
from notifications import asking, care, duties, ledger_duties
from notifications.bundle_pushes import push_bundles
from notifications.cross_matching import match_registers
from notifications.delivery import Sender
from notifications.delivery_job import deliver
from notifications.duties import Reader
from notifications.jobs import Context, Done, Job, Work
from notifications.nudges import nudge_unfinished
from notifications.purging import purge_expired
from notifications.renewals import renew_willingness
from notifications.staff_reminders import remind_of_events, remind_staff
from notifications.weekly_matches import match_positions
from storage.database import Connection
from storage.sealing import Sealer

Portion = Callable[[Connection, Sealer, datetime, date], asking.Done]

REPORT_DUTIES: Final[tuple[Reader, ...]] = (duties.reports, duties.cases, ledger_duties.behind_targets)
BUNDLE_DUTIES: Final[tuple[Reader, ...]] = (duties.bundles, ledger_duties.shares)
EVENT_DUTIES: Final[tuple[Reader, ...]] = (ledger_duties.quarters,)
EVERY_DUTY: Final = (*REPORT_DUTIES, *BUNDLE_DUTIES, *EVENT_DUTIES)


def all_jobs(catalogue: Catalogue, sender: Sender, *, drain: bool = False) -> tuple[Job, ...]:
    """Every job. `drain`: `deliver` is run by hand, and empties the ledger itself."""
    return (
        Job("nudge_unfinished", "报名提醒", "10 8-20 * * *", partial(nudge_unfinished, catalogue)),
        Job("match_positions", "每周岗位推荐", "0 9 * * mon", match_positions),
        Job("push_bundles", "示范岗位推送", "30 9 * * tue-sun", push_bundles),
        Job("check_ins", "见习回访", "30 9 * * *", _check_ins),
        Job("follow_ups", "后续跟踪", "0 10 * * *", _portions(care.follow_ups)),
        Job("cross_match", "名册比对", "0 3 * * *", match_registers),
        Job("report_reminders", "报表、待办提醒", "0 9 * * *", partial(remind_staff, REPORT_DUTIES)),
        Job("bundle_reminders", "示范岗位提醒", "0 9 * * *", partial(remind_staff, BUNDLE_DUTIES)),
        Job("event_reminders", "活动提醒", "0 9 * * *", _events),
        Job("renew_willingness", "意愿确认", "0 11 * * *", renew_willingness),
        Job("purge_expired", "到期清理", "30 3 * * *", purge_expired),
        Job("deliver", "投递", "* * * * *", partial(deliver, sender, drain), catches_up=False),
    )


async def _check_ins(context: Context, now: datetime) -> Done:
    return (await care.plan_all(context, now)).plus(await _portions(care.check_ins)(context, now))


async def _events(context: Context, now: datetime) -> Done:
    return (await remind_of_events(context, now)).plus(await remind_staff(EVENT_DUTIES, context, now))


def _portions(step: Portion) -> Work:
    """A job of a step that does one portion and says whether there is more."""

    async def work(context: Context, now: datetime) -> Done:
        total, today = Done(), context.day(now)
        while True:
            done = await context.write(lambda connection: step(connection, context.sealer, now, today))
            total = total.plus(Done(done.created, done.changed))
            context.progress(done.created + done.changed)
            if not done.more:
                return total

    return work
