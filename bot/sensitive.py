"""Sensitive questions off the open chat (身份信息不进聊天): on channels that are not ours they become a link to a form.

What a person types there at such a question is not read, and the question itself goes out with a one-time link.
What the form brings in is taken by `bot.form_answers`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from bot.desk import Desk
from dialogs.catalogue import Catalogue
from dialogs.model import Chose, Event, Link, Said, Say, Session, Shared
from dialogs.parse.folding import fold
from storage import form_links

GROUPS: Final[Mapping[str, tuple[tuple[str, ...], ...]]] = {
    "registration": (("name", "id_number", "phone"), ("hardship",)),
    "host_application": (("contact_name", "contact_phone"),),
}
"""By dialog: steps whose answers stand together on one form, in the order of the dialog."""

CHANNELS: Final = frozenset({"wechat", "telegram"})
"""Where the chat is somebody else's. The web page and the terminal are our own."""


class SensitiveForms:
    """The rule for channels in `CHANNELS`; `base_url` is the address under which people reach our pages."""

    def __init__(self, base_url: str) -> None:
        self.base_url = base_url

    def keeps_out(self, catalogue: Catalogue, channel: str, session: Session, event: Event) -> bool:
        """Whether this event would answer a sensitive question in somebody else's chat."""
        if channel not in CHANNELS or not open_steps(session):
            return False
        if isinstance(event, Said):
            return fold(event.text) not in catalogue.commands
        if isinstance(event, Chose):
            return (event.dialog, event.step) == (session.dialog, session.step)
        return isinstance(event, Shared)

    def refusal(self, catalogue: Catalogue, session: Session) -> list[Say]:
        """What is said instead: why not here, and the question again."""
        node = catalogue.dialog(session.dialog).node(session.step)
        return [Say(catalogue.common["form_only"]), Say(node.ask)]

    def linked(self, desk: Desk, session: Session, says: list[Say]) -> list[Say]:
        """The answer with a link where the conversation now waits for something sensitive."""
        if desk.channel not in CHANNELS or not says or not open_steps(session):
            return says
        token = form_links.make(
            desk.connection, desk.sealer, desk.contact_id, session.dialog, session.step, desk.now
        )
        link = Link(desk.catalogue.common["form_link"], f"{self.base_url}/f/{token}")
        return [*says[:-1], says[-1]._replace(choices=(), links=(link,))]


def warned(
    catalogue: Catalogue, channel: str, before: Session, session: Session, says: list[Say]
) -> list[Say]:
    """The answer with a word of warning where identity fields come next and are typed in somebody else's chat."""
    if channel not in CHANNELS or not says or not open_steps(session) or _group(before) == _group(session):
        return says
    return [*says[:-1], Say(catalogue.common["chat_notice"]), says[-1]]


def _group(session: Session) -> tuple[str, ...]:
    return next((group for group in GROUPS.get(session.dialog, ()) if session.step in group), ())


def open_steps(session: Session) -> tuple[str, ...]:
    """The sensitive questions that are open where the session stands; the current one first."""
    for group in GROUPS.get(session.dialog, ()):
        if session.step in group:
            later = group[group.index(session.step) + 1 :]
            return (session.step, *(step for step in later if step not in session.answers))
    return ()
