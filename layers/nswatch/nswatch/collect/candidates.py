"""The slow source `Candidates`: near misses of the domains that a delegation rests on, as they come into existence."""

import asyncio
import logging
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from nswatch.collect.dns import Dns
from nswatch.collect.port import Asked, Collected, Reading, Subject
from nswatch.collect.rdap import RdapClient
from nswatch.collect.registry import Registries, Said, State
from nswatch.expect.near_misses import ATTRIBUTE, Newcomer, Register, bases_of, digest_of, read_register
from nswatch.model import Clock, Facts, Result, Source
from nswatch.moments import iso, parse_iso
from nswatch.observe.cache import WalkCache

ROUND_SECONDS = 150.0
"""After so long a round takes what it has; what was not asked about keeps what is known of it."""
MOST_MOVED = 24
"""So many names that came or went are looked into in one round; the others wait for the next."""
LONG_BEFORE = timedelta(days=30)
"""A name that was registered so long before we first looked is no new one, also if it was in no zone then."""

NearMisses = Callable[[str], Sequence[str]]
"""Gives the near misses of a registered domain: `nswatch.judge.lookalike.near_misses`."""

logger = logging.getLogger(__name__)


class Candidates:
    """See `nswatch.collect.port.Collecting`; the values are those of `nswatch.expect.near_misses`.

    The first answer about a name is its baseline, whenever that comes: only what was free once can come into existence.
    A change is believed when all servers of the registry that have a word say so over TCP. Domains with one base are
    asked about together, so that awsdns-61.org's near misses are asked about once however many zones are there.
    """

    name = f"{Source.REGISTRY}/candidates"
    every = timedelta(hours=1)

    def __init__(self, dns: Dns, rdap: RdapClient, clock: Clock, cache: WalkCache, near_misses: NearMisses) -> None:
        self._dns = dns
        self._rdap = rdap
        self._clock = clock
        self._cache = cache
        self._near_misses = near_misses

    async def collect(self, subjects: Sequence[Subject], at: datetime) -> Collected:
        """Ask about every near miss once; see `nswatch.collect.port.Collecting`."""
        bases = {subject.domain: bases_of(subject.expectations.entry, at) for subject in subjects}
        lists = {base: self._near_misses(base) for base in dict.fromkeys(_all(bases.values()))}
        before = {
            (subject.domain, base): _standing(subject, base) for subject in subjects for base in bases[subject.domain]
        }
        sent = self._clock()
        deadline = asyncio.get_running_loop().time() + ROUND_SECONDS
        async with self._dns.asker() as asker:
            registries = Registries(asker, self._dns.walker(asker, self._cache), self._clock, deadline)
            try:
                said = await registries.look(_in_turn(lists, sent))
                moved = _moved(before, lists, said)
                if len(moved) > MOST_MOVED:
                    logger.warning("%d near misses came or went at once: some have to wait", len(moved))
                said |= await self._confirmed(registries, moved)
            finally:
                await registries.aclose()
        came = [name for name in moved if said[name].state is State.THERE]
        newcomers = dict(zip(came, await asyncio.gather(*(self._newcomer(n, said[n]) for n in came)), strict=True))
        received = self._clock()
        readings = [
            Reading(domain, asked_of(base), self._facts(known, lists[base], said, newcomers, received), sent, received)
            for (domain, base), known in before.items()
            if lists[base]
        ]
        return Collected(tuple(readings), tuple(_forgotten(subjects, bases)))

    async def _confirmed(self, registries: Registries, moved: Sequence[str]) -> dict[str, Said]:
        """Ask again about the names whose state is not what it was."""
        now, later = moved[:MOST_MOVED], moved[MOST_MOVED:]
        said = dict(zip(now, await asyncio.gather(*map(registries.confirm, now)), strict=True))
        return said | {name: Said(State.UNKNOWN, self._clock(), note="too many changed at once") for name in later}

    async def _newcomer(self, name: str, said: Said) -> Newcomer:
        """Return what is known of a name that came into existence, its registration by RDAP included."""
        found = Newcomer(name, said.sent, nameservers=said.hosts)
        answer = await self._rdap.lookup(name)
        if answer.registration is None:
            return replace(found, note=answer.note)
        moment = answer.registration.events.get("registration")
        return replace(
            found,
            registered="" if moment is None else moment.text if moment.at is None else iso(moment.at),
            registrar=answer.registration.registrar or "",
        )

    def _facts(
        self,
        before: Register | None,
        names: Sequence[str],
        said: Mapping[str, Said],
        newcomers: Mapping[str, Newcomer],
        now: datetime,
    ) -> Facts:
        states = {name: said[name].state for name in names}
        if all(state is State.UNKNOWN for state in states.values()):
            return Facts(Result.TIMEOUT, note=next(said[name].note for name in names))
        return Facts(Result.ANSWER, next_register(before, states, newcomers, now).values())


def next_register(
    before: Register | None, states: Mapping[str, State], newcomers: Mapping[str, Newcomer], now: datetime
) -> Register:
    """Return what is known after a round. ``states`` are of the whole list; ``newcomers`` tells of those that came.

    With another list than before (another release's) a name that nothing is known of has its baseline now.
    """
    digest = digest_of(states)
    same = before is not None and before.digest == digest
    known = before if before is not None else Register(now, digest)
    there, unasked, new = set[str](), set[str](), dict[str, Newcomer]()
    for name, state in states.items():
        first_look = name in known.unasked or (not same and name not in known.there and name not in known.new)
        if state is State.UNKNOWN:
            there |= {name} & known.there
            unasked |= {name} if first_look else set()
            new |= {name: known.new[name]} if name in known.new else {}
        elif state is State.THERE:
            if name in known.new:
                new[name] = known.new[name]
            elif name in known.there or first_look or name not in newcomers or _is_old(newcomers[name], known.since):
                there.add(name)
            else:
                new[name] = newcomers[name]
    return Register(known.since, digest, frozenset(there), frozenset(unasked), new)


def _is_old(newcomer: Newcomer, baseline: datetime) -> bool:
    """Whether a name was surely registered long before it was first looked at, and only came into the zone now."""
    try:
        return parse_iso(newcomer.registered) < baseline - LONG_BEFORE
    except ValueError:
        return False


def asked_of(base: str) -> Asked:
    """Return the key of what is known of a domain's near misses."""
    return Asked(Source.REGISTRY, registry_of(base), base, ATTRIBUTE)


def registry_of(name: str) -> str:
    """Return who is asked about a registered name, for people to read: the zone above it."""
    return name.partition(".")[2]


def _standing(subject: Subject, base: str) -> Register | None:
    view = subject.standing.get(asked_of(base))
    return None if view is None or view.facts is None else read_register(view.facts.values)


def _moved(
    before: Mapping[tuple[str, str], Register | None], lists: Mapping[str, Sequence[str]], said: Mapping[str, Said]
) -> list[str]:
    """Return the names that are known to have been otherwise than they are said to be now."""
    moved = dict[str, None]()
    for (_, base), known in before.items():
        if known is None:
            continue
        same = known.digest == digest_of(lists[base])
        for name in lists[base]:
            was_there = name in known.there or name in known.new
            was_free = same and not was_there and name not in known.unasked
            if (was_there and said[name].state is State.FREE) or (was_free and said[name].state is State.THERE):
                moved[name] = None
    return list(moved)


def _in_turn(lists: Mapping[str, Sequence[str]], now: datetime) -> list[str]:
    """Return every name once, beginning with another base each hour: whoever is not come to is not always the same."""
    order = sorted(lists)
    start = int(now.timestamp()) // 3600 % len(order) if order else 0
    return list(dict.fromkeys(name for base in [*order[start:], *order[:start]] for name in lists[base]))


def _all(groups: Iterable[Iterable[str]]) -> list[str]:
    return [each for group in groups for each in group]


def _forgotten(subjects: Sequence[Subject], bases: Mapping[str, Sequence[str]]) -> list[tuple[str, Asked]]:
    """Return the views of domains that nothing rests on any more."""
    return [
        (subject.domain, asked)
        for subject in subjects
        for asked in subject.standing
        if (asked.source, asked.qtype) == (Source.REGISTRY, ATTRIBUTE) and asked.qname not in bases[subject.domain]
    ]
