"""Choices (选择题): which of the offered options a person means, by number, letter, label or in words.

One rule above all: a wrong guess costs more than a second question. A text is taken as numbers only when
nothing in it is left unexplained, and a label counts only where no negation stands in the same clause ("不是学生"
never chooses 学生), nor a word that leads away from this question ("我爸残疾" is not 本人残疾).
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Sequence, Set
from dataclasses import dataclass
from typing import Final

from dialogs.errors import Rejected
from dialogs.parse.folding import fold, mandarin
from dialogs.parse.listing import numbers_in
from dialogs.parse.words import affirmation

_ALL_WORDS = """
    全部 全都要 全要 都要 都可以 都行 都选 全选 所有 所有都可以 以上都是 以上都可以 全部都可以 全部都要 全都可以 全都行
    都想要 都愿意 都接受 都能接受 都感兴趣 都喜欢 随便 随便都行 随便哪个都行 哪个都行 哪个都可以 哪里都行 哪里都可以
    哪都行 去哪都行 什么都行 什么都可以 啥都行 做什么都行 做什么都可以 什么岗位都行 什么岗位都可以 all
    无所谓 不限 任意 任何都可以 服从安排 服从分配 服从调剂
"""
ALL_WORDS: Final = frozenset(_ALL_WORDS.split())
"""What people say to mean "all of these"; pass it to ``Matcher.many`` where that makes sense."""


@dataclass(frozen=True, slots=True)
class Option:
    """One thing that can be chosen: what is stored, what is shown, what else people call it."""

    key: str
    label: str
    words: tuple[str, ...] = ()


# Too short or too common to be found inside a sentence: they count only as a whole clause.
_WHOLE_ONLY_WORDS = "没有 是的 不是 可以 不用 不要 好的 都没有 没 无 有 其他 其它 不限 暂无 none no yes ok"
_WHOLE_ONLY: Final = frozenset(_WHOLE_ONLY_WORDS.split())
# A bare grade stands in the names of many certificates (英语四级), 残疾 in what is said of one's family.
_whole_only_form = re.compile(r"[一二三四五1-5]级(?:证书?)?|有?残疾(?:人|证)?").fullmatch
_LONGEST: Final = 300  # characters; a longer text is a story, not a choice
_NEGATION = re.compile(r"不|没|未|无|非|否|别|冇|唔|除|莫|勿|木有|甭|\bno\b|\bnot\b|n't")
_QUESTION = re.compile(
    r"什么|怎么|怎样|如何|为何|为啥|吗|咩|哪|谁|多少|多久|区别|意思|[?？]|是不是|能不能|可不可以|有没有|要不要|行不行|呢$"
)
# 报名人数, 见习补贴: what one asks about, not what one wants to do.
_TOPIC: Final = (
    r"(?!(?<=报名|见习)的?(?:人数|时间|条件|材料|流程|步骤|费|截止|地点|地址|要求|资格|名额|方式|补贴|工资|待遇|岗位|单位|协议|期"
    r"|证明|合同|保险|政策|对象|电话|表))"
)
_DENIED = re.compile(r"没|未|无")
_REST_DENIED: Final = r"(?:其[他它余]|别的|另外|剩下)的?(?:情况)?[都全也]*(?:没有?|不是|无|不符合)"
_clause = re.compile(r"[,，。；;!！?？\n]|但是?|可是|不过|而是|然后|而且")
_squeeze = re.compile(r"[\s\W_]+")
_parts = re.compile(r"[/、,，()（）;；·|]|或者?|以及")
_LEAD = re.compile(
    r"^(?:我们?|本人|那就?(?!业)|嗯+|呃|额|哦|就(?!业)|应该|想要?|要|选择?|选项|答案|点|属于|算是|是|填|报(?!名)|申请|去|做|现在|目前|已经|请|帮我|给我|你好"
    r"|您好|[\s:,，])+"
)
_TAIL = re.compile(
    r"(?:吧|啊|呀|哦|噢|喔|呢|啦|了|的|哈|嘛|哟|嘅|喇|谢谢|就行|就好|就可以|这个|那个|以上|情况|的情况|[\s,，])++$"
)


class Matcher:
    """Understands which of several options a person means; build it once, ask it often."""

    def __init__(self, options: Sequence[Option], unless: Sequence[str] = ()) -> None:
        """Take the options in the order in which they are numbered for the person, from 1.

        Beside one of the words in ``unless`` (我爸, 在读) a clause names no option.
        """
        self.options = tuple(options)
        self._unless = re.compile("|".join(map(re.escape, unless)) or "(?!)")
        self._place = {option.key: number for number, option in enumerate(self.options)}
        claims = [(form, option.key) for option in self.options for form in _forms(option)]
        self._names: dict[str, str] = {}
        self._collisions: list[tuple[str, str]] = []
        for form, key in claims:
            self._claim(form, key)
        self.exact = self._number_forms() | self._names
        """Folded text → the key it stands for exactly."""
        self._phrases = self._unambiguous_phrases()
        spoken = sorted(
            (phrase for phrase in self._phrases if not _whole_only(phrase)), key=len, reverse=True
        )
        self._spoken = re.compile(f"(?:{'|'.join(map(re.escape, spoken))}){_TOPIC}") if spoken else None
        self._yes, self._no = self._sides()

    def _claim(self, form: str, key: str) -> None:
        owner = self._names.setdefault(form, key)
        number = int(form) if form.isdecimal() and len(form) < 3 else 0
        if owner == key and 1 <= number <= len(self.options):
            owner = self.options[number - 1].key
        if owner != key and (owner, key) not in self._collisions:
            self._collisions.append((owner, key))

    def _number_forms(self) -> dict[str, str]:
        forms: dict[str, str] = {}
        for number, option in enumerate(self.options, start=1):
            shapes = (
                f"{number}",
                f"第{number}",
                f"第{number}个",
                f"选{number}",
                f"{number}号",
                f"{number}.{option.label}",
            )
            forms.update((fold(shape), option.key) for shape in shapes)
        return forms

    def _unambiguous_phrases(self) -> dict[str, str]:
        owners: dict[str, set[str]] = {}
        for option in self.options:
            for name in (option.label, *option.words):
                for part in (name, *_parts.split(name)):
                    if phrase := _squeeze.sub("", fold(part)):
                        owners.setdefault(phrase, set()).add(option.key)
        return {phrase: min(keys) for phrase, keys in owners.items() if len(keys) == 1}

    def _sides(self) -> tuple[str | None, str | None]:
        """Find the option that stands for yes and the one for no; only a full pair is used."""
        sides: dict[bool, set[str]] = {True: set(), False: set()}
        for phrase, key in self._phrases.items():
            side = affirmation(phrase)
            if side is not None:
                sides[side].add(key)
        if len(sides[True]) == 1 == len(sides[False]) and sides[True] != sides[False]:
            return min(sides[True]), min(sides[False])
        return None, None

    def collisions(self) -> list[tuple[str, str]]:
        """Return the pairs of options that are alike after folding, so that no answer could tell them apart."""
        return list(self._collisions)

    def one(self, text: str) -> str:
        """Return the key of the one option that is meant.

        Raises ``Rejected``: ``choice.empty`` (nothing but emoji, stickers or blanks), ``choice.out_of_range``
        (``number`` between blanks, empty for a long one), ``choice.several`` (more than one was named),
        ``choice.unknown``; params ``first``, ``last``.
        """
        folded = fold(text)
        key = self.exact.get(folded)
        if key is not None:
            return key
        keys = self._understand(folded, several=False)
        if len(keys) > 1 or (len(self.options) > 1 and _asks_for_all(folded, ALL_WORDS)):
            raise self._refusal("choice.several")
        if not keys:
            raise self._refusal("choice.unknown")
        return keys[0]

    def many(
        self,
        text: str,
        at_most: int | None = None,
        exclusive: Collection[str] = (),
        all_words: Set[str] = frozenset(),
    ) -> list[str]:
        """Return the keys of all options that are meant, in the order of the options, each once.

        ``exclusive`` options ("none of these") may not stand beside others. ``all_words`` are the folded
        expressions that mean every option that is not exclusive. Raises ``Rejected`` as ``one`` does, and
        ``choice.too_many`` (``at_most``, ``chosen``), ``choice.exclusive`` (``label``).
        """
        folded = fold(text)
        key = self.exact.get(folded)
        if key is not None:
            return [key]
        if all_words and (_asks_for_all(folded, all_words) or self._counts_all(folded, exclusive)):
            keys = [option.key for option in self.options if option.key not in exclusive]
        else:
            keys = self._understand(folded, several=True)
        if not keys:
            raise self._refusal("choice.unknown")
        alone = next((key for key in keys if key in exclusive), None)
        if alone is not None and len(keys) > 1:
            keys = self._understand(self._without_denials(folded, exclusive), several=True)
            if not keys or not set(exclusive).isdisjoint(keys):
                raise self._refusal("choice.exclusive", label=self.options[self._place[alone]].label)
        if at_most is not None and len(keys) > at_most:
            raise self._refusal("choice.too_many", at_most=at_most, chosen=len(keys))
        return keys

    def _without_denials(self, folded: str, exclusive: Collection[str]) -> str:
        """在上学，没工作: to deny one thing beside naming another is no contradiction, unlike a bare "没有"."""
        denials = [
            phrase
            for phrase, key in self._phrases.items()
            if key in exclusive and _DENIED.match(phrase) and affirmation(phrase) is None
        ]
        ways = [*sorted(map(re.escape, denials), key=len, reverse=True), _REST_DENIED]
        return re.sub("|".join(ways), " ", mandarin(folded))

    def _refusal(self, key: str, **params: object) -> Rejected:
        return Rejected(key, first=1, last=len(self.options), **params)

    def _understand(self, folded: str, *, several: bool) -> list[str]:
        if not _squeeze.sub("", folded):
            raise self._refusal("choice.empty")
        if len(folded) > _LONGEST:
            return []
        side = self._side(folded)
        folded = mandarin(folded)
        core = _core(folded)
        if core in self._names:
            return [self._names[core]]
        if side is not None:
            return [side]
        found: set[str] = set()
        rest = folded
        if not _QUESTION.search(folded):
            found, rest = self._named(folded)
        if self._yes in found and _NEGATION.search(rest):
            return []  # "同意，但是不要…": a yes with a no beside it is no consent
        numbers = numbers_in(rest, len(self.options), several=several)
        if numbers is not None:
            wrong = next((number for number in numbers if not 1 <= number <= len(self.options)), None)
            if wrong is not None:  # a long one may be a phone number: it is not repeated
                raise self._refusal("choice.out_of_range", number=f" {wrong} " if wrong < 100 else "")
            found |= {self.options[number - 1].key for number in numbers}
        if not found and (key := self._part_of_label(core)):
            found.add(key)
        return sorted(found, key=self._place.__getitem__)

    def _named(self, folded: str) -> tuple[set[str], str]:
        """Return the options named in the text, and what is left of the text without those names."""
        if "除" in folded:  # 除了第三个都可以: the naming of one means the others
            return set(), folded
        found: set[str] = set()
        rest: list[str] = []
        for clause in _clause.split(folded):
            keys, left = self._named_in_clause(clause)
            if keys and (_NEGATION.search(left) or self._unless.search(left)):
                keys = set()  # 不是学生: a negation outside the names turns the clause round
            found |= keys
            rest.append(left)
        return found, ",".join(rest)

    def _named_in_clause(self, clause: str) -> tuple[set[str], str]:
        core = _core(clause)
        for form in (clause.strip(), core):
            whole = self._names.get(form) or self._phrases.get(_squeeze.sub("", form))
            if whole is not None:
                return {whole}, ""
        if self._spoken is None:
            return set(), clause
        keys = {self._phrases[match.group()] for match in self._spoken.finditer(clause)}
        return keys, self._spoken.sub(" ", clause)

    def _part_of_label(self, core: str) -> str | None:
        """Find the only option whose label or words contain the text, unless a "not" stands just before it."""
        part = _squeeze.sub("", core)
        if len(part) < 2 or _QUESTION.search(core):
            return None
        keys = {key for phrase, key in self._phrases.items() if _holds(phrase, part)}
        return min(keys) if len(keys) == 1 else None

    def _side(self, folded: str) -> str | None:
        if self._yes is None:
            return None
        verdict = affirmation(folded)
        return None if verdict is None else self._yes if verdict else self._no

    def _counts_all(self, folded: str, exclusive: Collection[str]) -> bool:
        match = re.fullmatch(
            r"(?:我|这)*([两2-9二三四五六七八九])(?:个|种|项|类|样)?(?:我)?(?:全都|都)(?:要|选|可以|行|想要|想|有|是)?",
            _core(folded),
        )
        numbers = numbers_in(match[1], 99, several=False) if match else None
        return bool(numbers) and numbers == [len([o for o in self.options if o.key not in exclusive])]


def _forms(option: Option) -> Iterator[str]:
    seen: set[str] = set()
    for name in (option.label, *option.words):
        for form in (fold(name), _squeeze.sub("", fold(name))):
            if form and form not in seen:
                seen.add(form)
                yield form


def _whole_only(phrase: str) -> bool:
    return (
        len(phrase) < 2 or phrase in _WHOLE_ONLY or phrase.isdecimal() or _whole_only_form(phrase) is not None
    )


def _holds(phrase: str, part: str) -> bool:
    place = phrase.find(part)
    if place < 0 or (place > 0 and 2 * len(part) < len(phrase)):
        return False  # a small piece from the middle, such as 就业 in 参加过就业见习, says something else
    return not _NEGATION.search(phrase[max(0, place - 2) : place])


def _core(text: str) -> str:
    """Take off what people say around an answer: "我选…吧"; never all of it."""
    if len(text) > _LONGEST:
        return text
    return _TAIL.sub("", _LEAD.sub("", text, count=1)) or text


def _asks_for_all(folded: str, all_words: Set[str]) -> bool:
    core = _core(folded)
    ways = {folded, core, _squeeze.sub("", folded), _squeeze.sub("", core)}
    return not ways.isdisjoint(all_words)
