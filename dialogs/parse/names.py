"""Names of persons (姓名) as on an identity card: Han, with · between parts, beyond the BMP, or Latin.

Kept as written: no folding, no exchange of characters; only the many signs used for the dot become ``·`` and
blanks inside a Han name go, since they come from spacing and scanners.
"""

from __future__ import annotations

import datetime
import re
from typing import Final

from dialogs.errors import Rejected
from dialogs.parse.folding import clean, without_pictures

LONGEST_HAN: Final = 20
LONGEST_LATIN: Final = 50
_LONGEST_ANSWER: Final = 150  # with greeting and lead-in

_HAN = "〇㐀-䶿一-鿿豈-﫿\U00020000-\U0002fa1f\U00030000-\U000323af"
_lead_in = re.compile(
    r"^(?:(?:你好|您好|大家好|老师好|嗨|hi|hello)[,，。!！、\s]*)?"
    r"(?:(?:我|本人)?的?(?:真实|中文)?(?:姓名|名字|全名|大名)(?:就?是|叫做?|为|[:：])*|(?:我|本人)(?:就?是|叫做?|名叫)"
    r"|叫做?|名叫|本人|my name is|name is|name[:：]|i am|i'm)\s*[:：]?\s*",
    re.IGNORECASE,
)
_tail = re.compile(r"(?:[\s。，、；：？！,;:!~～…]|\.(?![A-Za-z])|谢谢您?|哦|啦)+$")
_outer_quotes = re.compile(r"^[\s\"'“”‘’「」《》【】()（）,，。、:：!！~～·•.]+|[\"“”‘’」》】）)·•]+$")
_dots = re.compile(rf"(?<=[{_HAN}])\s*[·•・‧∙⋅･．.﹒●▪᛫]\s*(?=[{_HAN}])")
_han_gap = re.compile(rf"(?<=[{_HAN}])\s+(?=[{_HAN}])")
_is_han = re.compile(rf"[{_HAN}]+(?:·[{_HAN}]+)*").fullmatch
_is_latin = re.compile(r"[A-Za-zÀ-ɏ]+(?:(?:[ \-'’]|\. ?|, ?)[A-Za-zÀ-ɏ]+)*\.?").fullmatch
_any_han = re.compile(rf"[{_HAN}]").search

_QUESTION = re.compile(
    r"什么|怎么|怎样|如何|为啥|为何|干嘛|[?？]|(?:可以|能|要|需|不|是|有).*吗$|是不是|能不能|可不可以|要不要|请问|你们|我们|我要|我想|我的|报名"
    r"|见习|身份证|手机|电话|不想|不要|不用|不填|不能|不可以|没有"
)
_TITLE = re.compile(r"(?:先生|女士|同学|小姐|老师|师傅|经理|主任)$")
_WORDS = """
    你好 您好 好的 好 可以 同意 不同意 是的 是 不是 对 嗯 嗯嗯 帮助 返回 取消 重新开始 进度 菜单 人工 退订
    我的信息 匿名 保密 不知道 不方便 不告诉你 秘密 测试 姓名 名字 无名 无名氏 先生 女士 同学 小姐 谢谢 随便 跳过
    下一步 没名字 哈哈 哈哈哈 呵呵 确认 提交 学生 大学生 毕业生 应届生 男 女 本人 我 某某 张某 李某 人工服务 ok
    yes no hi hello test name help none null admin
    确定 同上 继续 上一步 不限 没有专业 博士 硕士 研究生 本科 本科生 大专 大专生 专科 中专 中职 职高 技校 高中 初中 小学
"""
NOT_NAMES: Final = frozenset(_WORDS.split())
"""Words that answer the question for a name and are none."""
_only_family_name = re.compile(r"(?:我|本人)?(?:免贵)?姓(?!名)").match


def person_name(text: str, today: datetime.date) -> str:
    """Return a name in the form that is stored: ``阿卜杜拉·买买提``, ``𠮷田一``, ``Maria da Silva``.

    Raises ``Rejected``: ``name.digits``, ``name.too_short`` (a family name alone), ``name.too_long``
    (``limit``), ``name.not_a_name`` (a question, a word of command, a title, pictures).
    """
    plain = without_pictures(clean(text))
    if len(plain) > _LONGEST_ANSWER:
        raise Rejected("name.too_long", limit=LONGEST_HAN)
    name = _lead_in.sub("", _outer_quotes.sub("", plain), count=1)
    name = _outer_quotes.sub("", _tail.sub("", name))
    name = _han_gap.sub("", _dots.sub("·", name))
    if any(sign.isdecimal() for sign in name):
        raise Rejected("name.digits")
    if _only_family_name(name):
        raise Rejected("name.too_short")  # 我姓林
    if not name or name.lower() in NOT_NAMES or _QUESTION.search(name) or _TITLE.search(name):
        raise Rejected("name.not_a_name")
    if _is_han(name):
        return _checked(name, LONGEST_HAN)
    if _any_han(name) or not _is_latin(name):
        raise Rejected("name.not_a_name")
    return _checked(name.replace("’", "'"), LONGEST_LATIN)


def _checked(name: str, limit: int) -> str:
    if len(name) < 2:
        raise Rejected("name.too_short")
    if len(name) > limit:
        raise Rejected("name.too_long", limit=limit)
    return name
