"""Yes, no and free words: answers that are neither a choice from a list nor a number or date.

Owns the many ways of agreeing and refusing, Mandarin and Cantonese. A text counts as yes or no only when all
of it is understood: an "不是不可以", a "应该吧" or a counter-question is asked again, never guessed.
"""

from __future__ import annotations

import datetime
import re
from collections.abc import Callable
from typing import Final

from dialogs.errors import Rejected
from dialogs.parse.folding import clean, fold, mandarin, without_pictures

_YES_WORDS: Final = """
    是 是的 对 没错 不错 正确 嗯 恩 好 好的 好吧 好嘞 好滴 好哒 好呀 行 中 成 可 可以 能 会 要 需要 想 想要 愿意 同意
    乐意 接受 有 有的 有过 有啊 已经有 没问题 没有问题 没意见 没有意见 没异议 没关系 不介意 当然 当然可以 必须的 必须 肯定
    一定 确定 确认 属实 无误 准确 明白 了解 登记了 登记过 办了 办过 办好了 已办 已登记 已经登记 已经办了 订阅 开启 打开
    yes y yeah yep yup sure ok okay okk okok true 系 系啊 系嘅 得 得啊 冇问题 冇错 啱 梗系 愿
"""
_NO_WORDS: Final = """
    不 不是 不是的 不对 不要 不用 不用了 不必 不必了 不行 不可以 不能 不会 不好 不同意 不愿意 不愿 不想 不想要 不需要
    不接受 不了 不成 不太想 不太愿意 不太同意 不太想要 不订阅 不开启 没 没有 没有的 没有过 没有了 没得 没办 没办过 没登记
    没登记过 没有登记 没有办 没有办过 没有登记过 还没 还没有 还没办 还没登记 还没有登记 未 未登记 未办 尚未 从没 从来没有
    从未 无 没了 木有 否 非 错 错误 算了 算了吧 拒绝 谢绝 免了 别 先不 先不要 先不用 先不了 暂不 暂时不 暂时不要
    暂时不用 暂时不需要 暂时没有 以后再说 下次吧 取消 no n nope not nah false 有误
    冇 冇啊 唔系 唔好 唔要 唔使 唔得 唔同意 唔想 唔愿意 未有
"""
_FILLERS: Final = """
    我 我们 本人 个人 那 那就 就 哦 噢 喔 啊 呃 额 哎 诶 嘿 呵 哈 嘻 呀 呢 吧 啦 了 的 嘛 哟 哒 滴 嘅 喇 㗎 嘞 现在 目前 已经 已
    真的 真 都 也 也是 很 非常 完全 全部 确实 目前 谢谢 谢谢你 谢谢您 多谢 唔该 麻烦 麻烦了 你 您 你们 您们 它 这个 那个 这些
    以上 上述 内容 条款 协议 信息 资料 说明 推送 消息 通知 失业登记 登记 参加 收到 接收 的话 过 拜托 辛苦了 哈哈 呵呵 请 老师 亲
    thanks thx i do am please
"""
# Said to be polite before a refusal ("好的，不用了"); alone they still mean yes.
_POLITE: Final = frozenset(("好", "好的", "好吧", "嗯", "恩", "行", "哦", "ok", "没关系", "明白", "了解"))
_LONGEST: Final = 60  # characters; more than that is not a plain yes or no
_QUESTION = re.compile(
    r"什么|怎么|怎样|为何|为啥|如何|吗|咩|哪|谁|多少|多久|[?？]|([^不没]{1,2})[不没]\1|有没有"
)
_HEDGE = re.compile(
    r"应该|可能|大概|也许|或许|好像|似乎|不知道|不清楚|不确定|不一定|不晓得|看情况|随便|考虑|再说吧|记不|得了|行了"
)

_YES = frozenset(_YES_WORDS.split())
_NO = frozenset(_NO_WORDS.split())
_token = re.compile(
    "|".join(sorted({*_YES, *_NO, *_FILLERS.split()}, key=lambda word: (-len(word), word))) + "|[ ]"
)
_clause = re.compile(r"[,，。、；;!！~.…\n]+")
_repeated = re.compile(r"(.)\1+")


def affirmation(folded: str) -> bool | None:
    """Read an already folded text as yes (True) or no (False); None when it is not plainly either."""
    if folded in _YES:
        return True
    if folded in _NO:
        return False
    if len(folded) > _LONGEST or _QUESTION.search(folded) or _HEDGE.search(folded):
        return None
    clauses = [part for part in _clause.split(folded) if part.strip()]
    verdicts = [_clause_verdict(part) for part in clauses]
    if (
        len(verdicts) > 1
        and verdicts[0] is True
        and clauses[0].strip() in _POLITE
        and True not in verdicts[1:]
    ):
        verdicts = verdicts[1:]  # politeness before a no
    told = {verdict for verdict in verdicts if verdict != "nothing"}
    if told == {True}:
        return True
    return False if told == {False} else None


def _clause_verdict(clause: str) -> bool | str | None:
    """Say what one clause means: True, False, "nothing" (only fillers), or None (not understood)."""
    words: list[str] = []
    position = 0
    while position < len(clause):
        match = _token.match(clause, position)
        if match is None:
            return None if (single := _repeated.sub(r"\1", clause)) == clause else _clause_verdict(single)
        words.append(match.group())
        position = match.end()
    yes = {word for word in words if word in _YES}
    no = {word for word in words if word in _NO}
    if no:
        # 不是不可以: two different refusals in one breath may cancel each other.
        return None if yes or len(no) > 1 else False
    return True if yes else "nothing"


def yes_no(text: str, today: datetime.date) -> bool:
    """Read an answer to a yes-or-no question; ``Rejected("yes_no.unclear")`` when it is not plain.

    The thumb and OK signs, as emoji or WeChat sticker, count: they are how many people agree.
    """
    verdict = affirmation(fold(_GESTURE.sub(_spell_gesture, text)))
    if verdict is None:
        raise Rejected("yes_no.unclear")
    return verdict


_GESTURE = re.compile(r"👍|👌|🙆|✅|✔|❌|✖|👎|🙅|\[(?:OK|ok|Ok|强|NO|弱|好的|赞)\]")


def _spell_gesture(match: re.Match[str]) -> str:
    return " 不 " if match.group() in {"❌", "✖", "👎", "🙅", "[NO]", "[弱]"} else " 好 "


_LEAD_IN = re.compile(
    r"^(?:我的?|本人|目前|现在|以前|当时)*(?:就读于?|毕业于|毕业自|毕业的?(?:院校|学校)(?:是|叫|为)?|(?:读|学|念)的?(?:专业)?是|学的|读的"
    r"|念的|(?:学校|院校|大学|所学专业|专业)(?:名称)?(?:是|叫|为|(?=[:：]))|是在?|在读)?[:：\s]*"
)
_TAIL = re.compile(r"(?:毕业的?|专业毕业的?|谢谢.{0,2}|[。，、；！!,;~～…\s]|\.+$)++$")
_NOT_AN_ANSWER = re.compile(
    r"^(?:我)?(?:不知道|不清楚|不记得了?|忘(?:记)?了?|不告诉你?|不想说|不方便|没有|没|无|随便|什么|是什么|什么意思|为什么.*|怎么.*|保密"
    r"|是|是的|好|好的|嗯|对|可以|同意|不|不是|ok|yes|no|测试|test"
    r"|提交|确认|确定|同上|跳过|继续|下一步|下一个|不限|不填|任意|没(?:有)?(?:学校|专业|学历|学过?|读过?|上过?)(?:专业|学校|大学|书|学)?|无专业"
    r"|博士|硕士|研究生|本科|大专|专科|中专|中职|职高|技校|高中|初中|小学)(?:了|吗|呢|啊|吧)?$"
)
_ASKS = re.compile(r"[?？]|[吗么呢][。，！!~～…\s]*$|^(?:请问|为什么|怎么|能不能|可不可以|是不是)")
_WORDS = re.compile(r"[^\W\d_]")
_LONG_NUMBER = re.compile(r"\d{6}")
"""No name has one: it is a document's, a phone's or an account's, and what is kept in clear must not hold it."""


def free_text(least: int, most: int) -> Callable[[str, datetime.date], str]:
    """Make a parser for a name of something (学校, 专业) of ``least`` to ``most`` characters.

    It keeps what was written without lead-ins ("我毕业于…"), stickers and outer punctuation. Refusals:
    ``text.no_words`` (only digits, signs or pictures), ``text.number`` (a document's or a phone's within it),
    ``text.not_an_answer`` ("不知道", a question), ``text.too_short`` (``limit``), ``text.too_long`` (``limit``).
    """

    def parse(text: str, today: datetime.date) -> str:
        plain = clean(without_pictures(clean(text)))
        if not _WORDS.search(plain):
            raise Rejected("text.no_words")
        if _LONG_NUMBER.search(plain):
            raise Rejected("text.number")
        if len(plain) > most + 40:  # no lead-in is that long
            raise Rejected("text.too_long", limit=most)
        words = _TAIL.sub("", _LEAD_IN.sub("", plain, count=1)).strip() or plain
        if _NOT_AN_ANSWER.match(mandarin(fold(words))) or _ASKS.search(plain):
            raise Rejected("text.not_an_answer")
        if len(words) < least:
            raise Rejected("text.too_short", limit=least)
        if len(words) > most:
            raise Rejected("text.too_long", limit=most)
        return words

    return parse


def note(most: int) -> Callable[[str, datetime.date], str]:
    """Make a parser for a message to a person on the staff side: kept as written, up to ``most`` characters.

    Refusals: ``text.no_words`` (nothing but pictures or signs), ``text.too_long`` (``limit``).
    """

    def parse(text: str, today: datetime.date) -> str:
        plain = clean(text)
        if not any(sign.isalnum() for sign in without_pictures(plain)):
            raise Rejected("text.no_words")
        if len(plain) > most:
            raise Rejected("text.too_long", limit=most)
        return plain

    return parse
