"""Whole conversations on the official account, driven by an independent implementation in both modes."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator
from datetime import datetime, timedelta
from itertools import count

import pytest
from sqlmodel import select

from bot.channels.wechat_events import Outcome
from bot.channels.wechat_text import cut, spoken
from bot.desk import Desk
from bot.outbox import outgoing
from bot.texts import catalogue
from bot.turns import Incoming
from dialogs.model import Event, Said, Say, Session, encode
from notifications.channel import Failure, Outgoing, SendFailed
from storage import allowances, conversations
from storage.conversations import STATE
from storage.database import Connection, Database
from storage.sealing import Sealer
from storage.tables import Person
from tests.channels.wechat_rig import PUBLIC, Mode, Rig, rig
from tests.dialogs.talk import GRADUATE
from tests.standins.wechat_follower import Follower

_ids = count(1)


@pytest.fixture(params=["plain", "safe"])
def mode(request: pytest.FixtureRequest) -> Mode:
    way: Mode = request.param
    return way


@pytest.fixture
async def made(sqlite_url: str, sealer: Sealer, mode: Mode) -> AsyncIterator[Rig]:
    database = Database(sqlite_url)
    async with rig(database, sealer, mode) as parts:
        yield parts
    await database.close()


NOTICE = catalogue().common["chat_notice"]


async def on_the_web(made: Rig, text: str) -> str:
    """What the web chat answers to the same words, written as one text."""
    reply = await made.turns.take(Incoming("web", "w", f"w{next(_ids)}", Said(text), text))
    return spoken(outgoing(reply.body), PUBLIC)


async def register(made: Rig, person: Follower, until: str) -> None:
    await person.says("你好")
    await person.says("报名")
    while (step := made.session(person.openid).step) != until:
        await person.says(GRADUATE[step])


async def test_a_graduate_registers_and_reads_what_the_web_chat_says(made: Rig) -> None:
    person = made.follower()
    for text in ("你好", "报名"):
        assert await person.says(text) == await on_the_web(made, text)
    warned: list[str] = []
    while (step := made.session().step) != "review":
        heard, web = await person.says(GRADUATE[step]), await on_the_web(made, GRADUATE[step])
        warned.append(made.session().step if heard != web else "")
        assert heard.replace(f"{NOTICE}\n\n", "") == web
    assert [step for step in warned if step] == ["name", "hardship"], "only where the chat is somebody else's"
    await person.says("提交")
    [row] = made.database.read_sync(lambda c: list(c.session.exec(select(Person))))
    assert (row.channel, row.education, row.cities) == ("wechat", "31", ["440100", "440600"])
    assert made.session().step == "done"


async def test_choices_are_lines_with_numbers(made: Rig) -> None:
    assert "\n1. 我要报名见习\n2. 看见习岗位" in await made.follower().says("你好")


async def test_a_link_to_a_page_of_ours_has_its_full_address(made: Rig) -> None:
    person = made.follower()
    await register(made, person, "review")
    await person.says("提交")
    said = await person.says("我的信息")
    for text in ("导出", "导出我的信息"):
        if PUBLIC not in said:
            said = await person.says(text)
    assert f"{PUBLIC}/api/chat/export/" in said


# --- repeats ---


async def test_a_message_delivered_three_times_at_once_is_one_turn_with_one_answer(made: Rig) -> None:
    person = made.follower()
    await person.says("你好")
    request = person.typed("报名")
    answers = await asyncio.gather(*(person.post(request) for _ in range(3)))
    texts = [await person.answer(answer) for answer in answers]
    assert len(set(texts)) == 1
    assert made.session().step == "track"
    if made.mode == "plain":
        assert len({await answer.read() for answer in answers}) == 1


async def test_a_repeat_under_another_signature_gets_the_same_answer(made: Rig) -> None:
    person = made.follower()
    first = await person.says("报名", msg_id=99)
    made.clock.passes(seconds=5)
    again = await person.says("报名", msg_id=99)
    assert first == again
    assert made.session().step == "track"


async def test_a_repeat_opens_no_window(made: Rig) -> None:
    person = made.follower()
    await person.says("你好", msg_id=7)
    recipient = made.recipient()
    made.platform.acts(person.openid, "message")
    await made.sender.send(recipient, Outgoing("一"))
    await person.says("你好", msg_id=7)
    assert (await made.sender.reach(recipient, made.clock())).left == 4


# --- coming and going ---


async def test_a_poster_is_remembered_as_the_persons_source(made: Rig) -> None:
    person = made.follower()
    assert (await person.does("subscribe", "qrscene_poster-gz-7")).startswith("您好")
    assert made.contact().source == "poster-gz-7"
    await person.does("SCAN", "another")
    assert made.contact().source == "poster-gz-7"


async def test_a_follower_who_scans_later_gets_a_source_then(made: Rig) -> None:
    person = made.follower()
    await person.does("subscribe")
    assert made.contact().source is None
    await person.does("SCAN", "poster-7")
    assert made.contact().source == "poster-7"


async def test_who_stops_following_is_not_reached_until_they_follow_again(made: Rig) -> None:
    person = made.follower()
    await person.does("subscribe")
    recipient = made.recipient()
    assert await person.does("unsubscribe") == ""
    assert (await made.sender.reach(recipient, made.clock())).route is None
    with pytest.raises(SendFailed) as caught:
        await made.sender.send(recipient, Outgoing("在吗"))
    assert (caught.value.failure, made.platform.calls["custom"]) == (Failure.PERSON, 0)
    made.clock.passes(seconds=1)
    assert (await person.does("subscribe")).startswith("您好")
    assert made.contact().reachable
    assert (await made.sender.reach(recipient, made.clock())).route == "customer"


async def test_a_late_repeat_of_leaving_does_not_undo_the_return(made: Rig) -> None:
    person = made.follower()
    await person.does("subscribe")
    made.clock.passes(seconds=1)
    await person.does("unsubscribe")
    left = person.last
    made.clock.passes(seconds=1)
    await person.does("subscribe")
    assert left is not None
    await person.post(left)
    assert made.contact().reachable


async def test_somebody_unknown_who_leaves_leaves_no_trace(made: Rig) -> None:
    assert await made.follower().does("unsubscribe") == ""
    assert not made.known()


@pytest.mark.parametrize(
    ("event", "key", "kind", "number", "lasts"),
    [
        ("subscribe", "", "follow", 3, timedelta(minutes=1)),
        ("SCAN", "x", "scan", 3, timedelta(minutes=1)),
        ("CLICK", "help", "menu", 3, timedelta(minutes=1)),
        ("scancode_push", "x", "menu", 3, timedelta(minutes=1)),
    ],
)
async def test_what_a_person_does_opens_its_window(
    made: Rig, event: str, key: str, kind: str, number: int, lasts: timedelta
) -> None:
    person = made.follower()
    await person.says("你好")
    made.clock.passes(days=3)
    await person.does(event, key)
    reach = await made.sender.reach(made.recipient(), made.clock())
    assert (reach.route, reach.left, reach.until) == ("customer", number, made.clock() + lasts)


async def test_a_tap_on_a_line_is_a_menu_tap(made: Rig) -> None:
    person = made.follower()
    request = person.typed("1. 我要报名见习", extra="<bizmsgmenuid>1</bizmsgmenuid>")
    await person.answer(await person.post(request))
    assert made.session().step == "track"
    assert (await made.sender.reach(made.recipient(), made.clock())).left == 3


@pytest.mark.parametrize("event", ["VIEW", "LOCATION", "of_tomorrow"])
async def test_events_that_mean_nothing_are_answered_success_and_start_nothing(made: Rig, event: str) -> None:
    assert await made.follower().does(event, "https://x") == ""
    assert not made.known()


async def test_a_menu_tap_says_its_words(made: Rig) -> None:
    person = made.follower()
    await person.does("CLICK", "register")
    assert made.session().step == "track"


@pytest.mark.parametrize(
    ("kind", "fields", "expected"),
    [
        ("image", "<PicUrl>http://x/</PicUrl><MediaId>1</MediaId>", "图片我还看不懂"),
        ("voice", "<MediaId>1</MediaId><Format>amr</Format><Recognition></Recognition>", "没有转出文字"),
        ("video", "<MediaId>1</MediaId>", "视频我还看不懂"),
        (
            "location",
            "<Location_X>23.1</Location_X><Location_Y>113.3</Location_Y><Label></Label>",
            "没有地名",
        ),
        ("link", "<Title>t</Title><Url>http://x/</Url>", "看不懂"),
    ],
)
async def test_what_is_no_text_gets_a_kind_word(made: Rig, kind: str, fields: str, expected: str) -> None:
    person = made.follower()
    await person.says("报名")
    assert expected in await person.answer(await person.post(person.request(kind, fields)))


async def test_a_recognised_voice_counts_as_its_words(made: Rig) -> None:
    person = made.follower()
    said = "<MediaId>1</MediaId><Recognition><![CDATA[我要报名]]></Recognition>"
    await person.answer(await person.post(person.request("voice", said)))
    assert made.session().step == "track"


async def test_a_name_with_a_link_in_it_does_not_come_alive(made: Rig) -> None:
    person = made.follower()
    await register(made, person, "school")
    await person.says('广州<a href="http://bad.cn">大学')
    said = ""
    while made.session().step not in {"review", "school"}:
        said = await person.says(GRADUATE[made.session().step])
    assert "<a" not in said


# --- what became of messages ---


async def test_outcomes_are_told_once(made: Rig) -> None:
    person = made.follower()
    done = "<MsgID>200163836</MsgID><Status><![CDATA[failed:user block]]></Status>"
    assert await person.does("TEMPLATESENDJOBFINISH", extra=done) == ""
    assert person.last is not None
    await person.post(person.last)
    assert made.outcomes == [Outcome("template", "200163836", "failed:user block", False)]


async def test_consents_to_notices_are_counted_and_taken_back(made: Rig) -> None:
    person = made.follower()
    await person.says("你好")
    contact_id = made.recipient().contact_id

    def popup(event: str, status: str) -> str:
        item = f"<TemplateId>T1</TemplateId><SubscribeStatusString>{status}</SubscribeStatusString>"
        return (
            f"<SubscribeMsgPopupEvent><List>{item}<PopupScene>1</PopupScene></List></SubscribeMsgPopupEvent>"
        )

    def left() -> int:
        return made.database.read_sync(lambda c: allowances.consents(c, contact_id, "T1"))

    for expected in (1, 2):
        made.clock.passes(seconds=1)
        await person.does("subscribe_msg_popup_event", extra=popup("popup", "accept"))
        assert left() == expected
    await person.does("subscribe_msg_change_event", extra=popup("change", "reject"))
    assert left() == 0


# --- long answers, slow turns ---

LONG = "\n".join(f"第{number:03d}行：这一行是一个长长的回答里的一句话。" for number in range(100))


class Wordy:
    """Makes the turns say one long text."""

    def __init__(self, made: Rig, text: str) -> None:
        self.made, self.text, self.real = made, text, made.turns.advance

    def __enter__(self) -> None:
        def advance(desk: Desk, session: Session, event: Event, local: datetime) -> tuple[Session, list[Say]]:
            session, _ = self.real(desk, session, event, local)
            return session, [Say(self.text)]

        self.made.turns.advance = advance  # type: ignore[method-assign]

    def __exit__(self, *_: object) -> None:
        self.made.turns.advance = self.real  # type: ignore[method-assign]


async def test_what_does_not_fit_follows_as_messages_in_order(made: Rig) -> None:
    person = made.follower()
    made.platform.acts(person.openid, "message")
    with Wordy(made, LONG):
        first = await person.says("你好", msg_id=1)
        await made.face.close()
        again = await person.says("你好", msg_id=1)
        await made.face.close()
    rest = [message["text"]["content"] for message in made.platform.arrived[person.openid]]
    assert [first, *rest] == cut(LONG)
    assert len(rest) >= 2
    assert again == first


@pytest.mark.parametrize("fault", [45015, 48001, "429", -1])
async def test_a_rest_that_cannot_be_sent_comes_with_the_next_answer(made: Rig, fault: int) -> None:
    person = made.follower()
    made.platform.acts(person.openid, "message")
    parts = cut(LONG)
    made.platform.break_next("custom", fault)
    with Wordy(made, LONG):
        first = await person.says("你好", msg_id=1)
        await made.face.close()
        assert await person.says("你好", msg_id=1) == first
    assert made.platform.arrived[person.openid] == []
    second = await person.says("菜单", msg_id=2)
    await made.face.close()
    assert second.startswith(parts[1][:200])
    assert await person.says("菜单", msg_id=2) == second
    assert (await person.says("菜单", msg_id=3)).startswith("您好")
    assert (await person.says("菜单", msg_id=4)).startswith("您好")


async def test_a_rest_whose_end_is_unknown_is_not_repeated(made: Rig) -> None:
    person = made.follower()
    made.platform.acts(person.openid, "message")
    made.platform.break_next("custom", "half")
    with Wordy(made, "\n".join(LONG.split("\n")[:40])):
        await person.says("你好")
        await made.face.close()
    assert (await person.says("菜单")).startswith("您好")


async def test_erasing_ones_data_erases_a_held_rest(made: Rig) -> None:
    person = made.follower()
    await person.says("你好")
    contact_id = made.recipient().contact_id
    await made.face.inbox.hold(contact_id, "没发出去的")

    def work(connection: Connection) -> str:
        conversations.forget(connection, contact_id)
        return conversations.take_held_reply(connection, made.sealer, contact_id, "m", repeated=False)

    assert made.database.write_sync(work) == ""


async def test_a_slow_turn_is_answered_success_and_followed_by_a_message(
    sqlite_url: str, sealer: Sealer, mode: Mode
) -> None:
    database = Database(sqlite_url, writer="thread")
    async with rig(database, sealer, mode, patience=1.0) as made:
        person = made.follower()
        made.platform.acts(person.openid, "message")
        free = threading.Event()
        blocked = asyncio.ensure_future(database.write(lambda _: free.wait(30)))
        request = person.typed("你好")
        assert await person.answer(await person.post(request)) == ""
        assert await person.answer(await person.post(request)) == ""
        free.set()
        await blocked
        await made.face.close()
        [message] = made.platform.arrived[person.openid]
        assert message["text"]["content"].startswith("您好")
        made.face.patience = 30.0
        assert (await person.answer(await person.post(request))).startswith("您好")
    await database.close()


# --- many people, two processes ---


async def test_fifty_people_at_once_each_stand_where_they_should(made: Rig) -> None:
    people = [made.follower(f"oP{number:02d}") for number in range(50)]
    await asyncio.gather(*(person.says("报名") for person in people))
    await asyncio.gather(*(person.says("1") for person in people[:25]))
    assert [made.session(person.openid).step for person in people] == ["circumstances"] * 25 + ["track"] * 25


async def test_two_processes_give_one_answer_to_one_message(postgresql_url: str, sealer: Sealer) -> None:
    first, second = Database(postgresql_url), Database(postgresql_url)
    async with rig(first, sealer) as one, rig(second, sealer) as two:
        request = one.follower().typed("报名")
        people = [Follower(parts.http, parts.url, parts.clock) for parts in (one, two)]
        answers = await asyncio.gather(*(person.post(request) for person in people * 3))
        assert len({await answer.text() for answer in answers}) == 1
        assert one.session().step == "track"
    await first.close()
    await second.close()


def test_a_session_of_the_channel_is_stored_like_any_other(sealer: Sealer) -> None:
    sealed = sealer.seal(encode(Session("home", 1, "menu", {})), STATE)
    assert b"menu" not in sealed
