"""What a one-time form shows and brings in: the open sensitive questions, and their answers as a turn of their own."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from datetime import datetime
from typing import NamedTuple

from bot.desk import Desk
from bot.sensitive import open_steps
from bot.turns import Incoming, Reply, Turns
from dialogs.catalogue import Node
from dialogs.model import Said, Say, Session
from storage import conversations, form_links
from storage.database import Connection
from storage.form_links import Owner


class FormState(NamedTuple):
    """A form as it stands: the open questions, what is wrong with which, and the reply once all is taken."""

    owner: Owner
    nodes: tuple[Node, ...]
    faults: Mapping[str, str]
    reply: Reply | None = None


def form(turns: Turns, connection: Connection, token: str) -> FormState | None:
    """The form a token opens; None when it is spent, too old, or the conversation has moved on."""
    owner = form_links.owner(connection, turns.sealer, token, turns.clock())
    if owner is None:
        return None
    _, session, _ = _opened(turns, connection, owner)
    nodes = _nodes(turns, session)
    return FormState(owner, nodes, {}) if nodes else None


def fill(turns: Turns, connection: Connection, token: str, values: Mapping[str, str]) -> FormState | None:
    """Take the form's answers one after the other, as if they were said; keep what is right.

    Returns the form with its fault while anything is open, else the reply with which the chat goes on.
    None when the token is not good (any more)."""
    owner = form_links.owner(connection, turns.sealer, token, turns.clock())
    if owner is None:
        return None
    desk, session, local = _opened(turns, connection, owner)
    says: list[Say] = []
    for step in open_steps(session):
        if session.step != step:  # an answer led elsewhere, such as to not_eligible
            break
        moved, says = turns.advance(desk, session, Said(values.get(step, "")), local)
        if moved.step == step:  # refused; neither patience nor echoes are spent on a form
            turns.keep(desk, session)
            fault = says[0].text if says else turns.catalogue.rejected["other"]
            return FormState(owner, _nodes(turns, session), {step: fault})
        session = moved
    if not says or not form_links.spend(connection, turns.sealer, token, desk.now):
        return None
    if turns.forms is not None:
        says = turns.forms.linked(desk, session, says)
    filled = Incoming(owner.channel, owner.address, f"form:{secrets.token_hex(8)}", Said(""), "")
    reply = turns.store(desk, session, says, local, filled, "")
    return FormState(owner, (), {}, reply)


def _opened(turns: Turns, connection: Connection, owner: Owner) -> tuple[Desk, Session, datetime]:
    found = conversations.find(connection, owner.channel, owner.address, None)
    return turns.open(connection, owner.channel, owner.address, found)


def _nodes(turns: Turns, session: Session) -> tuple[Node, ...]:
    dialog = turns.catalogue.dialog(session.dialog)
    return tuple(dialog.node(step) for step in open_steps(session))
