"""What is due for a city's month (应发补贴): the rules of `policy.subsidies` laid upon the facts of the ledger.

Touches no database: the facts are read by `storage.subsidy_facts`, what is due is kept by `storage.subsidies`.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from datetime import date
from typing import NamedTuple

from policy.ledger_codes import Ending, SubsidyKind
from policy.subsidies import (
    Amount,
    Hold,
    Terms,
    guidance,
    insurance,
    living,
    remaining_term,
    retention,
)
from storage.fraud_signals import ONE_MONTH
from storage.subsidy_facts import Fact, Facts


class Wanted(NamedTuple):
    """An amount as it should stand."""

    internship_id: int
    person_id: int
    host_id: int
    kind: SubsidyKind
    amount: Amount


def due(facts: Facts, terms: Terms, today: date) -> list[Wanted]:
    """Every amount of the month, with those that come to nothing and say why."""
    found = [one for one in _each(facts, terms, today) if one.amount.fen or one.amount.reasons]
    return _one_each_month(found, facts, terms.month)


def _each(facts: Facts, terms: Terms, today: date) -> Iterator[Wanted]:
    month = terms.month
    subsidised: defaultdict[int, set[str]] = defaultdict(set)
    once = {  # refused or not: what was refused is not asked for again a month later
        (one.kind, one.person_id if one.kind == SubsidyKind.INSURANCE else one.internship_id)
        for one in facts.earlier
        if one.month != month
    }
    for one in facts.earlier:
        if one.kind == SubsidyKind.LIVING and one.counts and one.month < month:
            subsidised[one.person_id].add(one.month)
    for fact in facts.in_post:
        owner = (fact.id, fact.person_id, fact.host_id)
        before = len(subsidised[fact.person_id])
        paid = living(terms, fact.stay, fact.payment, fact.payments, before, today)
        yield Wanted(*owner, SubsidyKind.LIVING, paid)
        yield Wanted(*owner, SubsidyKind.GUIDANCE, guidance(terms, paid))
        if fact.insured and (SubsidyKind.INSURANCE, fact.person_id) not in once:
            once.add((SubsidyKind.INSURANCE, fact.person_id))
            yield Wanted(*owner, SubsidyKind.INSURANCE, insurance(terms, facts.premiums.get(fact.host_id)))
        if _retained_early_in(fact, terms):
            amount = remaining_term(terms, fact.stay, fact.contract_on)
            yield Wanted(*owner, SubsidyKind.REMAINING_TERM, amount)
    if month < f"{today:%Y-%m}":  # before its end nobody knows whose internships are over
        yield from _retentions(facts, terms, once)


def _retained_early_in(fact: Fact, terms: Terms) -> bool:
    ended_on = fact.stay.ended_on
    return fact.stay.ending == Ending.RETAINED_EARLY and ended_on is not None and ended_on <= terms.last


def _retentions(facts: Facts, terms: Terms, once: set[tuple[str, int]]) -> Iterator[Wanted]:
    """The difference for those retained at hosts where nobody is in post any more, or the year is over."""
    december = terms.month.endswith("-12")
    for one in facts.retained:
        settled = december or one.host_id not in facts.busy
        if settled and (SubsidyKind.RETENTION, one.id) not in once:
            amount = retention(terms, one.stay, *facts.rates[one.host_id])
            if amount.fen:
                yield Wanted(one.id, one.person_id, one.host_id, SubsidyKind.RETENTION, amount)


def _one_each_month(found: list[Wanted], facts: Facts, month: str) -> list[Wanted]:
    """The same with a hold on a person's second living subsidy of the month: the later internship waits."""
    own = {fact.id for fact in facts.in_post}
    here = [
        (one.person_id, one.internship_id)
        for one in found
        if one.kind == SubsidyKind.LIVING and one.amount.fen
    ]
    elsewhere = [
        (one.person_id, one.internship_id)
        for one in facts.earlier
        if one.kind == SubsidyKind.LIVING
        and one.counts
        and one.month == month
        and one.internship_id not in own
    ]
    first: dict[int, int] = {}
    for who, number in (*here, *elsewhere):
        first[who] = min(number, first.get(who, number))
    return [_after(one, first.get(one.person_id, one.internship_id)) for one in found]


def _after(one: Wanted, earlier: int) -> Wanted:
    if one.kind not in ONE_MONTH or not one.amount.fen or earlier == one.internship_id:
        return one
    holds = {**one.amount.holds, Hold.SAME_MONTH: f"同一个月，见习 {earlier} 也计发补贴。"}
    return one._replace(amount=one.amount._replace(holds=holds))
