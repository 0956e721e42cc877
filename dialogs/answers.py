"""Policy answers (政策问答): finds the curated answer to a question put in a person's own words.

Owns the matching; the answers, their sources and the ways people ask stand in ``texts/answers.toml``.
The one rule: better to say "I do not know" and offer what is near than to answer another question.

Chinese needs no word segmentation for this. A question is folded, its everyday words are brought to one
form (几多钱 → 多少钱) and numbers to 0; then three signs from 0 to 1 speak for each answer: likeness to its
nearest known phrasing by pairs of neighbouring characters (rare pairs weigh more), likeness in
writing (for slips of the finger), and its keywords. What a question is about and no answer knows
speaks against all of them: that is how 租房补贴 stays unanswered although 补贴 is known. Places in a question
are kept as bits of one integer, bit n for character n, so that covering and overlap cost next to nothing.
"""

from __future__ import annotations

import math
import re
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any, Final, NamedTuple

from rapidfuzz import fuzz, process

from dialogs.parse.folding import fold

ANSWER_AT: Final = 0.47
"""From this confidence on the answer is given."""
ANSWER_OURS_AT: Final = 0.33
"""The same for a question that names our programme: it is hardly ever about something else."""
SUGGEST_AT: Final = 0.20
"""From this confidence on an answer is offered as "did you mean"."""
CLEAR_LEAD: Final = 0.02
"""The first answer must lead the second by this much, unless it is near certain."""
NEAR_CERTAIN: Final = 0.80
"""From this confidence on a narrow lead is enough: two answers that both fit are both right."""
MOST_ALTERNATIVES: Final = 3

_WITH_WORDS: Final = (0.30, 0.15, 0.55)  # phrasing, writing, keywords
_WITHOUT_WORDS: Final = (0.75, 0.25)  # phrasing, writing: a known phrasing needs no keyword
_KEYWORD_FLOOR: Final = 0.8  # any strong keyword; the rest by the share of the question it takes
_HINT_STRENGTH: Final = 0.65  # a weak keyword against a strong one
_UNKNOWN_SHARE: Final = 0.1  # unknown pairs hardly lower the likeness: _FOREIGN_COST does that
_SINGLE_WEIGHT: Final = 0.35  # a lone character says far less than a pair of neighbours
_FOREIGN_COST: Final = 0.9  # for what no answer knows, by its share of the question
_FOREIGN_COST_OURS: Final = 0.4  # the same where the question names our programme
_DISTANT_COST: Final = 0.5  # for what only other answers know
_ELSEWHERE_FACTOR: Final = 0.35  # takes even an exact phrasing well below an answer
_LEAST_CONTENT: Final = 3  # characters that are not common words; less ("多少钱", "为什么") needs a keyword
_VAGUE_FACTOR: Final = 0.6
_CLAUSE_FACTOR: Final = 0.95  # a part of a message never beats the same words said alone

_LONGEST_READ: Final = 300  # characters read at either end of a long message
_LONGEST_QUERY: Final = 60  # longer messages are stories: only their clauses are looked at
_MOST_CLAUSES: Final = 4
_SHORTEST_CLAUSE: Final = 2
_GAP: Final = ".{0,4}?"  # what * stands for in a keyword

_DIGITS: Final = re.compile(r"\d+(?:\.\d+)?")
_BREAKS: Final = re.compile(r"[\W_]+")


@dataclass(frozen=True, slots=True)
class Answer:
    """One curated answer (答复) with the notice and clause it rests on.

    ``answer`` has at most 220 characters; ``as_of`` is the year the statement is taken from, shown with ``source``.
    """

    id: str
    question: str
    answer: str
    source: str
    as_of: str


class Found(NamedTuple):
    """What the book says to a question.

    ``answer`` is None when the book does not know. ``alternatives`` are up to three other near answers,
    nearest first. ``confidence`` runs from 0 to 1 and is the best score, whether answered or not.
    """

    answer: Answer | None
    confidence: float
    alternatives: tuple[Answer, ...]


class _Reader:
    """Brings wording to one form: synonyms, numbers, politeness and particles, by the data file's tables."""

    __slots__ = ("_fillers", "_particles", "_synonyms", "_to")

    def __init__(self, data: Mapping[str, Any]) -> None:
        self._to: dict[str, str] = {}
        for plain, words in data["synonyms"].items():
            self._to[fold(plain)] = fold(plain)  # so that 协议 inside 见习协议 is left alone
            self._to.update({fold(word): fold(plain) for word in words})
        self._synonyms = _any_of(self._to)
        self._fillers = _any_of(data["fillers"]["words"])
        self._particles = str.maketrans("", "", data["fillers"]["particles"])

    def clauses(self, text: str) -> list[str]:
        """The parts of a message between punctuation marks, each brought to one form, empty ones dropped."""
        plain = self._synonyms.sub(lambda found: self._to[found[0]], _DIGITS.sub("0", fold(text)))
        bare = self._fillers.sub(" ", plain).translate(self._particles)
        return [part for part in _BREAKS.split(bare) if part]

    def whole(self, text: str) -> str:
        """The message as one string without punctuation."""
        return "".join(self.clauses(text))

    def keywords(self, words: Iterable[str]) -> re.Pattern[str]:
        """A pattern that finds any of the keywords, the longest first; ``*`` stands for a short gap."""
        kept = {tuple(self.whole(part) for part in word.split("*")) for word in words}
        ordered = sorted(kept, key=lambda parts: (-len("".join(parts)), parts))
        return re.compile(
            "|".join(_GAP.join(map(re.escape, parts)) for parts in ordered if any(parts)) or "(?!)"
        )


class _Entry(NamedTuple):
    """One answer made ready for comparison."""

    words: re.Pattern[str]
    hints: re.Pattern[str]
    forgiven: frozenset[str]  # words of other matters that this answer's own phrasings use


class AnswerBook:
    """All curated answers, prepared for quick look-up; built once, safe to share."""

    def __init__(self, answers: Sequence[Answer], data: Mapping[str, Any]) -> None:
        self._answers = tuple(answers)
        self._reader = reader = _Reader(data)
        self._anchors = reader.keywords(data["anchors"]["words"])
        self._common = reader.keywords(data["common"]["words"])
        self._elsewhere = reader.keywords(data["elsewhere"]["words"])
        rows = data["answer"]
        asked = [[reader.whole(way) for way in (row["question"], *row["variants"])] for row in rows]
        self._entries = tuple(
            _Entry(
                reader.keywords(row["words"]),
                reader.keywords(row.get("hints", ())),
                frozenset(self._elsewhere.findall("\n".join(ways))),
            )
            for row, ways in zip(rows, asked, strict=True)
        )
        keyed = [
            [*ways, *(reader.whole(part) for word in row["words"] for part in word.split("*"))]
            for row, ways in zip(rows, asked, strict=True)
        ]
        self._weigh(keyed)
        self._index(asked)

    @classmethod
    def from_data(cls, data: Mapping[str, Any]) -> AnswerBook:
        """Build the book from the loaded ``answers.toml``.

        KeyError when a part is missing, ValueError when two answers share an id.
        """
        names = [field.name for field in fields(Answer)]
        answers = [Answer(**{name: str(row[name]) for name in names}) for row in data["answer"]]
        if len({answer.id for answer in answers}) < len(answers):
            raise ValueError("two answers have the same id")
        return cls(answers, data)

    @property
    def answers(self) -> tuple[Answer, ...]:
        """All answers in the order of the file, for lists and the public policy page."""
        return self._answers

    def find(self, text: str) -> Found:
        """The answer to a question in any words; takes any text of any length and never raises."""
        parts = self._reader.clauses(_ends(text))
        best: dict[int, float] = defaultdict(float)
        for query, factor in self._queries(parts):
            for entry, score in self._scores(query):
                best[entry] = max(best[entry], factor * score)
        whole = "".join(parts)
        others = set(self._elsewhere.findall(whole))
        ours = self._anchors.search(whole) is not None
        for entry in best if others else ():
            if not (ours and others <= self._entries[entry].forgiven):
                best[entry] *= _ELSEWHERE_FACTOR
        ranked = sorted(best.items(), key=lambda item: (-item[1], item[0]))
        return self._decide(ranked, ANSWER_OURS_AT if ours and not others else ANSWER_AT)

    def _decide(self, ranked: Sequence[tuple[int, float]], enough: float) -> Found:
        if not ranked:
            return Found(None, 0.0, ())
        top = ranked[0][1]
        lead = top - (ranked[1][1] if len(ranked) > 1 else 0.0)
        near = [self._answers[entry] for entry, score in ranked if score >= SUGGEST_AT]
        confidence = round(min(1.0, top), 3)
        if top >= enough and (lead >= CLEAR_LEAD or top >= NEAR_CERTAIN):
            return Found(near[0], confidence, tuple(near[1 : MOST_ALTERNATIVES + 1]))
        return Found(None, confidence, tuple(near[:MOST_ALTERNATIVES]))

    def _weigh(self, texts: Sequence[Sequence[str]]) -> None:
        """Weigh every pair and character by how few answers use it; note which answers know which pair."""
        used: dict[str, set[int]] = defaultdict(set)
        for entry, ways in enumerate(texts):
            for gram in {gram for way in ways for gram in _grams(way)}:
                used[gram].add(entry)
        count = len(texts)
        self._weight = {gram: _weight(gram, count, len(entries)) for gram, entries in used.items()}
        self._unknown = {1: _weight("?", count, 0), 2: _weight("??", count, 0)}
        self._knowing = {gram: tuple(sorted(entries)) for gram, entries in used.items() if len(gram) > 1}

    def _index(self, asked: Sequence[Sequence[str]]) -> None:
        """Keep for every pair and character the phrasings that hold it, and each phrasing's own length."""
        self._phrases = [(entry, way) for entry, ways in enumerate(asked) for way in ways]
        self._texts = [way for _, way in self._phrases]
        self._norms = [math.sqrt(sum(self._weight[gram] for gram in _grams(way))) for way in self._texts]
        self._holding: dict[str, list[int]] = defaultdict(list)
        for phrase, way in enumerate(self._texts):
            for gram in _grams(way):
                self._holding[gram].append(phrase)

    def _queries(self, parts: Sequence[str]) -> Iterable[tuple[str, float]]:
        """The whole message if it is short, and its most telling clauses, each with the factor on its score."""
        whole = "".join(parts)
        if 0 < len(whole) <= _LONGEST_QUERY:
            yield whole, 1.0
            if len(parts) == 1:
                return
        clauses = dict.fromkeys(part[:_LONGEST_QUERY] for part in parts if len(part) >= _SHORTEST_CLAUSE)
        telling = sorted(clauses, key=lambda clause: -self._known_weight(clause))
        yield from ((clause, _CLAUSE_FACTOR) for clause in telling[:_MOST_CLAUSES])

    def _known_weight(self, text: str) -> float:
        """How much of our matters a text holds: the weights of its known pairs."""
        return sum(self._weight.get(text[place : place + 2], 0.0) for place in range(len(text) - 1))

    def _scores(self, query: str) -> Iterable[tuple[int, float]]:
        """Every answer that shares a pair of neighbours or a keyword with the question, and its score."""
        phrasing, writing = self._phrasing(query), self._writing(query)
        known, knowing = self._known_places(query)
        content = ~_places(self._common, query) & ((1 << len(query)) - 1)
        ours = self._anchors.search(query) is not None
        foreign_cost = _FOREIGN_COST_OURS if ours else _FOREIGN_COST
        says_enough = ours or content.bit_count() >= _LEAST_CONTENT
        for entry, (words, hints, _) in enumerate(self._entries):
            taken, strength = _places(words, query), 1.0
            if not taken:
                taken, strength = _places(hints, query), _HINT_STRENGTH
            own = knowing.get(entry, 0) | taken
            if not own:
                continue
            signs = (phrasing.get(entry, 0.0), writing.get(entry, 0.0))
            score = _mean(_WITHOUT_WORDS, signs) * (1.0 if says_enough else _VAGUE_FACTOR)
            if taken:
                keyword = strength * (_KEYWORD_FLOOR + (1 - _KEYWORD_FLOOR) * _share(taken, content))
                score = max(score, _mean(_WITH_WORDS, (*signs, keyword)))
            explained = _share(known | taken, content)
            distant = explained - _share(own, content)
            yield entry, score * max(0.0, 1 - foreign_cost * (1 - explained) - _DISTANT_COST * distant)

    def _phrasing(self, query: str) -> dict[int, float]:
        """Likeness to the nearest phrasing of each answer: the cosine of their weighted pairs."""
        total = 0.0
        shared: dict[int, float] = defaultdict(float)
        for gram in _grams(query):
            weight = self._weight.get(gram)
            if weight is None:
                total += _UNKNOWN_SHARE * self._unknown[len(gram)]
                continue
            total += weight
            for phrase in self._holding.get(gram, ()):
                shared[phrase] += weight
        nearest: dict[int, float] = defaultdict(float)
        for phrase, weight in shared.items():
            entry = self._phrases[phrase][0]
            nearest[entry] = max(nearest[entry], weight / (math.sqrt(total) * self._norms[phrase]))
        return nearest

    def _writing(self, query: str) -> dict[int, float]:
        """Likeness in writing to the nearest phrasing of each answer: the share of characters not edited."""
        nearest: dict[int, float] = defaultdict(float)
        for _, ratio, phrase in process.extract(
            query, self._texts, scorer=fuzz.ratio, limit=8, score_cutoff=50
        ):
            entry = self._phrases[phrase][0]
            nearest[entry] = max(nearest[entry], ratio / 100)
        return nearest

    def _known_places(self, query: str) -> tuple[int, dict[int, int]]:
        """The places in pairs that some answer knows, of all answers and of each."""
        known = 0
        each: dict[int, int] = defaultdict(int)
        for place in range(len(query) - 1):
            for entry in self._knowing.get(query[place : place + 2], ()):
                each[entry] |= 3 << place
                known |= 3 << place
        return known, each


def _grams(text: str) -> set[str]:
    """The characters and the pairs of neighbours of a text."""
    return {*text, *(text[place : place + 2] for place in range(len(text) - 1))}


def _weight(gram: str, answers: int, users: int) -> float:
    """The squared weight of a pair or character: the fewer answers use it, the more it says."""
    rarity = math.log((answers + 1) / (users + 0.5))
    return (rarity if len(gram) > 1 else rarity * _SINGLE_WEIGHT) ** 2


def _places(pattern: re.Pattern[str], query: str) -> int:
    """The places that the words of a pattern take."""
    places = 0
    for found in pattern.finditer(query):
        places |= ((1 << (found.end() - found.start())) - 1) << found.start()
    return places


def _share(part: int, content: int) -> float:
    return (part & content).bit_count() / content.bit_count() if content else 1.0


def _mean(weights: Sequence[float], signs: Sequence[float]) -> float:
    return sum(weight * sign for weight, sign in zip(weights, signs, strict=True))


def _ends(text: str) -> str:
    """The beginning and the end of a long message: the question is at one of them."""
    if len(text) <= 2 * _LONGEST_READ:
        return text
    return f"{text[:_LONGEST_READ]}\n{text[-_LONGEST_READ:]}"


def _any_of(words: Iterable[str]) -> re.Pattern[str]:
    """A pattern that finds any of the words as they stand, the longest first."""
    return re.compile("|".join(map(re.escape, sorted(words, key=lambda word: (-len(word), word)))) or "(?!)")
