"""The delegation, asked at every server of the parent over IPv4 and, where it works from here, IPv6."""

import asyncio
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, replace

from nswatch.expect.values import of_family
from nswatch.model import Facts, Question, Result, Transport
from nswatch.observe.budget import ADDRESSES
from nswatch.observe.delegation_round import Line, Reading, better
from nswatch.observe.facts import delegation_facts
from nswatch.observe.hosts_round import glue_in
from nswatch.observe.plan import Target
from nswatch.observe.servers import Parent
from nswatch_cli.check.asking import answer_of, says_something, silent
from nswatch_cli.check.values import ServerAnswer

_IPV6_PATIENCE = 1.0
"""Seconds that IPv6 may take longer than IPv4 to show that it works from here."""


@dataclass(frozen=True, slots=True)
class Round:
    """What the parent's servers say. ``ipv6`` is whether it works from here, None when there was nothing to try."""

    answers: tuple[ServerAnswer, ...]
    ipv6: bool | None


async def ask_parents(domain: str, parent: Parent, approved_sets: Sequence[frozenset[str]], line: Line) -> Round:
    """Ask all of them once, and again over TCP those that give something else than the approved or the usual set."""
    ipv4 = [Target(each.name, each.addresses[0]) for each in parent.servers if ":" not in each.addresses[0]]
    ipv6 = [Target(each.name, each.ipv6[0]) for each in parent.servers if each.ipv6]
    first, works = await _both_families(domain, ipv4, ipv6, line)
    usual = _usual([reading.facts for reading in first], approved_sets)
    confirmed = await asyncio.gather(*(_confirm(domain, each, usual, line) for each in first))
    found = [answer_of(replace(reading, facts=replace(reading.facts, zone=parent.zone))) for reading in confirmed]
    lost = [ServerAnswer(host, note="its address could not be found out") for host in parent.lost]
    return Round((*found, *lost), works)


def glue_of(answers: Iterable[ServerAnswer], zone: str) -> dict[str, tuple[str, ...]]:
    """Return the glue that the parent's servers may give, of both families."""
    return glue_in((answer.facts for answer in answers if answer.facts is not None), zone, _of_each_family)


def _of_each_family(addresses: Sequence[str]) -> tuple[str, ...]:
    return tuple(each for qtype in ("A", "AAAA") for each in of_family(addresses, qtype)[:ADDRESSES])


async def _both_families(
    domain: str, ipv4: Sequence[Target], ipv6: Sequence[Target], line: Line
) -> tuple[list[Reading], bool | None]:
    """Ask all; IPv6 is left out when none of it answers while IPv4 is there."""
    old = [asyncio.create_task(_delegation(domain, target, line)) for target in ipv4]
    new = [asyncio.create_task(_delegation(domain, target, line)) for target in ipv6]
    try:
        read = list(await asyncio.gather(*old))
        if not new:
            return read, None
        done, _ = await asyncio.wait(new, timeout=_IPV6_PATIENCE if old else None)
        if not any(not silent(task.result().facts) for task in done):
            return read or [task.result() for task in new if task in done], False
        return read + list(await asyncio.gather(*new)), True
    finally:
        for task in (*old, *new):
            task.cancel()


async def _delegation(domain: str, target: Target, line: Line) -> Reading:
    outcome = await line.ask(Question(target.address, domain, "NS"))
    return Reading(target, outcome, delegation_facts(outcome, domain))


async def _confirm(domain: str, reading: Reading, usual: Collection[frozenset[str]], line: Line) -> Reading:
    facts = reading.facts
    expected = facts.result is Result.REFERRAL and frozenset(facts.values) in usual
    if expected or reading.outcome.transport is Transport.TCP or not says_something(facts):
        return reading
    again = await line.ask(reading.outcome.question, Transport.TCP)
    return Reading(reading.target, *better(reading.outcome, facts, again, delegation_facts(again, domain)))


def _usual(answers: Iterable[Facts], approved_sets: Sequence[frozenset[str]]) -> Sequence[frozenset[str]]:
    """Return the sets that need no second look: the approved ones or, without a watchlist, what most servers give."""
    if approved_sets:
        return approved_sets
    counts: dict[frozenset[str], int] = {}
    for facts in answers:
        if facts.result is Result.REFERRAL:
            hosts = frozenset(facts.values)
            counts[hosts] = counts.get(hosts, 0) + 1
    most = max(counts.values(), default=0)
    leading = [hosts for hosts, count in counts.items() if count == most]
    return leading if len(leading) == 1 else ()
