"""Settling (落账): what became of a message that was sent or tried, recorded in one transaction.

Whatever happened is told by `notifications.channel.Failure`; here stands what follows from each.
"""

from __future__ import annotations

import random
from datetime import datetime
from typing import Final

from notifications.channel import Failure, Receipt, SendFailed
from notifications.claiming import Claims, Ready
from notifications.lanes import PROBE_AFTER, Lane
from policy.outgoing_codes import DeliveryState as State
from policy.sending import again_at
from storage import conversations, delivery_claims, delivery_records, staff_alerts, stopped_lanes
from storage.database import Connection
from storage.delivery_claims import AGAIN, GIVEN_UP, SENT, UNCLEAR
from storage.sealing import Sealer

CHANNELS: Final = {"wechat": "微信公众号", "telegram": "Telegram"}
STOPPED: Final = (
    "【停发】{channel}发不出消息了（{code}），已自动停发，消息都留着。"
    "请让技术人员执行 jianxi doctor 检查；修好后会自动恢复，也可以执行 jianxi deliveries resume {name}。"
)


def deliver_again(connection: Connection, ready: Ready, at: datetime, reason: str) -> None:
    """Put back what was certainly not sent and whose try does not count."""
    one = ready.one
    _take_back(connection, ready)
    connection.run(AGAIN, (at, reason, one.attempts, ready.to.channel, one.sent_to, one.id))


def _take_back(connection: Connection, ready: Ready) -> None:
    """Nothing was said, so nobody is asked anything: a dialog that was opened for it closes again."""
    if ready.worded.take_back is not None:
        ready.worded.take_back(connection)


def sent(
    connection: Connection, claims: Claims, lane: Lane, ready: Ready, receipt: Receipt, now: datetime
) -> State:
    """It was taken by the platform; a lane that was stopped works again."""
    connection.run(SENT, (now, receipt.route, receipt.message_id, ready.one.id))
    claims.wording.note(connection, ready.to.contact_id, ready.worded, now)
    if lane.fault:
        stopped_lanes.resume(connection, lane.name)
    return State.SENT


def failed(
    connection: Connection,
    sealer: Sealer,
    claims: Claims,
    lane: Lane,
    ready: Ready,
    problem: SendFailed,
    now: datetime,
) -> State:
    """It was not taken, or nobody knows; returns the state it is in now."""
    one, code = ready.one, f"{problem.failure}:{problem.code}"
    tries = one.attempts + 1
    if problem.failure is not Failure.UNKNOWN:
        _take_back(connection, ready)
    match problem.failure:
        case Failure.RETRY:
            again = again_at(tries, now, problem.retry_after, random.random())  # noqa: S311 - scatters load
            if again is not None:
                other = None if ready.to.contact_id == one.contact_id else ready.to.contact_id
                connection.run(AGAIN, (again, code, tries, lane.name, other, one.id))
                return State.QUEUED
            state = State.FAILED
        case Failure.ACCOUNT:
            deliver_again(connection, ready, now, code)
            _stop(connection, sealer, lane, problem.code, now)
            return State.QUEUED
        case Failure.UNKNOWN if one.repeat_harmless and tries == 1:
            _take_back(connection, ready)
            connection.run(AGAIN, (now, code, tries, lane.name, one.sent_to, one.id))
            return State.QUEUED
        case Failure.UNKNOWN:
            connection.run(UNCLEAR, (code, now, one.id))
            claims.wording.note(connection, ready.to.contact_id, ready.worded, now)
            delivery_records.report_unknown(connection, sealer, one.purpose_id, now)
            return State.UNKNOWN
        case Failure.PERSON | Failure.WINDOW:
            if problem.failure is Failure.PERSON:
                conversations.set_reachable(connection, ready.to.contact_id, False)
            if _another_way(connection, claims, ready, code, now):
                return State.QUEUED
            state = State.REFUSED if problem.failure is Failure.PERSON else State.HELD
        case _:
            state = State.FAILED
    connection.run(GIVEN_UP, (state, code, now, one.id))
    return state


def _another_way(connection: Connection, claims: Claims, ready: Ready, code: str, now: datetime) -> bool:
    """Send it to another contact of the person instead; only once, so that two that fail do not pass it on for ever."""
    one = ready.one
    if ready.to.contact_id != one.contact_id:
        return False
    for known in delivery_claims.around(connection, [one], now).contacts[one.contact_id]:
        elsewhere = known.contact_id != one.contact_id and known.channel not in claims.wording.local
        if elsewhere and claims.may_stand_in(one, known):
            connection.run(AGAIN, (now, code, one.attempts, known.channel, known.contact_id, one.id))
            return True
    return False


def _stop(connection: Connection, sealer: Sealer, lane: Lane, code: str, now: datetime) -> None:
    """Stop the lane on the disk, for other processes too, and tell staff when that is news."""
    news = lane.name not in stopped_lanes.stopped(connection)
    stopped_lanes.stop(connection, lane.name, code, now, now + PROBE_AFTER)
    if news:
        told = STOPPED.format(channel=CHANNELS.get(lane.name, lane.name), code=code, name=lane.name)
        staff_alerts.alert(connection, sealer, f"lane:{lane.name}:{now:%Y-%m-%dT%H:%M:%S}", told, now)
