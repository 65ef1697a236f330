"""The chain of trust from the root's anchors down to a domain, asked of each zone's own servers.

What one server says is not held against a zone: it is bogus when no server that was asked gives data that validates,
and at least two gave some (or there is no second one).
"""

import asyncio
import zlib
from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import NamedTuple

from nswatch.collect.chain_answers import TOO_MUCH, Reader, Said, Trust
from nswatch.collect.chain_checks import Effort, Keys
from nswatch.collect.trust_anchor import Ds
from nswatch.model import Clock, Outcome, Question
from nswatch.names import is_within
from nswatch.observe.budget import Budget
from nswatch.observe.cache import enclosing
from nswatch.observe.reply import Kind, read_reply
from nswatch.observe.servers import Parent, Server
from nswatch.observe.transport import Asker
from nswatch.observe.walk import Walker

ASKED = 4
"""So many servers of a zone are asked before it is called bogus."""
ENOUGH = 2
"""So many have to give data that does not validate, where there are as many."""
QUERIES = 80
"""For one domain, and for one zone above domains."""
KEPT = timedelta(minutes=9)
"""So long the keys of a top-level domain are remembered, less than a round of the collectors."""

_ROOT = "."


class Verdict(NamedTuple):
    """What a chain comes to: ``zone`` is where it ends (insecure) or breaks (bogus); ``keys`` those at its secure end.

    ``ds`` are the DS records, or anchors, by which the keys are trusted.
    """

    trust: Trust
    zone: str = ""
    reason: str = ""
    keys: Keys | None = None
    ds: tuple[Ds, ...] = ()


@dataclass(frozen=True, slots=True)
class Errand:
    """What one domain, or one zone above domains, may cost."""

    budget: Budget
    effort: Effort
    deadline: float


class Kept:
    """The keys of the root and of top-level domains, which every domain needs. Nothing in it is an event loop's."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._verdicts: dict[str, tuple[Verdict, datetime]] = {}

    def get(self, zone: str) -> Verdict | None:
        """Return a verdict that still holds."""
        verdict, until = self._verdicts.get(zone, (None, self._clock()))
        return verdict if self._clock() < until else None

    def put(self, zone: str, verdict: Verdict) -> None:
        """Remember a secure verdict on a zone that all domains below it share."""
        if verdict.trust is Trust.SECURE and "." not in zone.removesuffix("."):
            self._verdicts[zone] = (verdict, self._clock() + KEPT)


class Chains:
    """Validates domains in one round; a zone above several is validated once. Bound to one event loop."""

    def __init__(
        self, asker: Asker, walker: Walker, anchors: tuple[Ds, ...], clock: Clock, kept: Kept, deadline: float
    ) -> None:
        self._asker = asker
        self._walker = walker
        self._anchors = anchors
        self._clock = clock
        self._kept = kept
        self._deadline = deadline
        self._above: dict[str, asyncio.Task[Verdict]] = {}
        self._first: dict[str, asyncio.Task[Parent]] = {}

    async def of(self, domain: str, questions: Iterable[tuple[str, str]], deadline: float) -> Verdict:
        """Return what the chain to ``domain`` comes to; never raises for what the network does.

        Where it is secure, the answers to ``questions`` (names in the domain, types) at its servers are part of it.
        """
        errand = Errand(Budget(QUERIES), Effort(), min(deadline, self._deadline))
        parent = await self._parent_of(domain, errand)
        if self._walker.interception is not None:
            return Verdict(Trust.UNKNOWN, _ROOT, f"somebody answers for the root: {self._walker.interception.reason}")
        above = await self._of_zone(parent.zone, parent.servers)
        if above.keys is None:
            return above
        servers: list[str] = []

        async def delegated() -> Sequence[str]:
            servers[:] = await self._addresses(await self._delegation(domain, parent, errand), domain, errand)
            return servers

        verdict = await self._below(domain, above.keys, parent, delegated, errand)
        if verdict.keys is None:
            return verdict
        return await self._own_data(verdict, verdict.keys, servers, list(questions), errand)

    async def _parent_of(self, domain: str, errand: Errand) -> Parent:
        """Walk to a domain's parent; who is the first below a top-level domain goes alone, as all leave from there."""
        tld = domain.rsplit(".", 1)[-1]
        first = self._first.get(tld)
        if first is None:
            walk = self._walker.parent_of(domain, errand.budget, errand.deadline)
            return await asyncio.shield(self._first.setdefault(tld, asyncio.create_task(walk)))
        await asyncio.shield(first)
        return await self._walker.parent_of(domain, errand.budget, errand.deadline)

    # The zones above

    async def _of_zone(self, zone: str, servers: Sequence[Server]) -> Verdict:
        kept = self._kept.get(zone)
        if kept is not None:
            return kept
        task = self._above.get(zone)
        if task is None:
            task = self._above[zone] = asyncio.create_task(self._validate(zone, servers))
        return await asyncio.shield(task)

    async def _validate(self, zone: str, servers: Sequence[Server]) -> Verdict:
        errand = Errand(Budget(QUERIES), Effort(), self._deadline)

        async def addresses() -> Sequence[str]:
            return await self._addresses(servers, zone, errand)

        if zone == _ROOT:
            said = await self._keys(_ROOT, self._anchors, await addresses(), errand)
            verdict = _verdict(_ROOT, said)
        else:
            parent = await self._walker.parent_of(zone, errand.budget, errand.deadline)
            above = await self._of_zone(parent.zone, parent.servers)
            if above.keys is None:
                return above
            verdict = await self._below(zone, above.keys, parent, addresses, errand)
        self._kept.put(zone, verdict)
        return verdict

    async def aclose(self) -> None:
        """Stop what nobody waits for any more."""
        tasks = [*self._above.values(), *self._first.values()]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    # One step down

    async def _below(
        self,
        zone: str,
        above: Keys,
        parent: Parent,
        addresses: Callable[[], Awaitable[Sequence[str]]],
        errand: Errand,
    ) -> Verdict:
        """Return what the step from ``parent``, whose keys are trusted, to a zone below it comes to."""
        of_parent = await self._addresses(parent.servers, zone, errand)
        reader = self._reader(errand)
        said = await self._said(of_parent, (zone, "DS"), partial(reader.ds, child=zone, keys=above), errand)
        if said.trust is not Trust.SECURE:
            return Verdict(said.trust, parent.zone if said.trust is Trust.BOGUS else zone, said.reason)
        at = await addresses()
        first = await self._keys(zone, said.ds, at, errand)
        if first.trust is not Trust.BOGUS:
            return _verdict(zone, first)
        # A server of the parent may lag behind: what fits the DS that another gives is not broken for everybody.
        others = [reader.ds(outcome, zone, above) for outcome in await self._ask(of_parent[1:], zone, "DS", errand)]
        for other in {each.ds: each for each in others if each.trust.good and each.ds != said.ds}.values():
            found = other if other.trust is Trust.INSECURE else await self._keys(zone, other.ds, at, errand)
            if found.trust.good:
                return _verdict(zone, found)
        return _verdict(zone, first)

    async def _keys(self, zone: str, ds: tuple[Ds, ...], addresses: Sequence[str], errand: Errand) -> Said:
        reader = self._reader(errand)
        return await self._said(addresses, (zone, "DNSKEY"), partial(reader.keys, zone=zone, ds=ds), errand)

    async def _own_data(
        self, verdict: Verdict, keys: Keys, servers: Sequence[str], questions: list[tuple[str, str]], errand: Errand
    ) -> Verdict:
        """Return the verdict on the answers of a secure zone's servers: what is unknown of them changes nothing."""
        reader = self._reader(errand)
        read = partial(reader.data, keys=keys)
        said = await asyncio.gather(*(self._said(servers, question, read, errand) for question in questions))
        for each in said:
            if each.trust is Trust.BOGUS and not await self._of_another_zone(each.owner, keys, servers, errand):
                return Verdict(Trust.BOGUS, keys.zone, each.reason)
        if errand.effort.exhausted:
            return Verdict(Trust.UNKNOWN, keys.zone, TOO_MUCH)
        return verdict

    async def _of_another_zone(self, name: str, keys: Keys, servers: Sequence[str], errand: Errand) -> bool:
        """Whether a name lies in a zone below, which the same servers answer for, also at the end of an alias.

        A server looks for each name of an alias in all of its zones (RFC 1034 section 4.3.2).
        """
        reader = self._reader(errand)
        for cut in enclosing(name):
            if cut == keys.zone or not is_within(cut, keys.zone):
                break
            said = await self._said(servers, (cut, "DS"), partial(reader.ds, child=cut, keys=keys), errand)
            if said.trust.good:
                return True
        return False

    # Asking

    async def _delegation(self, domain: str, parent: Parent, errand: Errand) -> Sequence[Server]:
        """Return the servers that the parent's servers delegate a domain to."""
        for address in await self._addresses(parent.servers, domain, errand):
            (outcome,) = await self._ask([address], domain, "NS", errand)
            reply = read_reply(outcome, parent.zone)
            if reply.kind in (Kind.REFERRAL, Kind.ANSWER) and reply.owner == domain:
                return reply.servers
        return ()

    async def _addresses(self, servers: Sequence[Server], zone: str, errand: Errand) -> list[str]:
        """Return where to ask: one address of each server first, from a place on that depends on the zone."""
        start = zlib.crc32(zone.encode()) % len(servers) if servers else 0
        order = [*servers[start:], *servers[:start]][: 2 * ASKED]
        known = [server.addresses for server in order]
        without = [server.name for server in order if not server.addresses][:ASKED]
        if sum(map(bool, known)) < ASKED:
            found = await asyncio.gather(
                *(self._walker.addresses_of(name, errand.budget, errand.deadline) for name in without)
            )
            known += [each.addresses for each in found]
        first = [addresses[0] for addresses in known if addresses]
        return list(dict.fromkeys([*first, *(address for addresses in known for address in addresses[1:2])]))[:ASKED]

    async def _said(
        self,
        addresses: Sequence[str],
        question: tuple[str, str],
        read: Callable[[Outcome], Said],
        errand: Errand,
    ) -> Said:
        """Ask one server, and the others too where it gives nothing good; return what they come to."""
        if not addresses:
            return Said(Trust.UNKNOWN, "no server of it is known")
        said = [read(outcome) for outcome in await self._ask(addresses[:1], *question, errand)]
        if not said[0].trust.good:
            said += [read(outcome) for outcome in await self._ask(addresses[1:], *question, errand)]
        bogus = [each for each in said if each.trust is Trust.BOGUS]
        good = next((each for each in said if each.trust.good), None)
        if good is not None:
            return good
        if bogus and len(bogus) >= min(ENOUGH, len(addresses)):
            return min(bogus, key=lambda each: each.reason)
        return Said(Trust.UNKNOWN, f"one server alone answers: {bogus[0].reason}" if bogus else said[0].reason)

    async def _ask(self, addresses: Sequence[str], qname: str, qtype: str, errand: Errand) -> list[Outcome]:
        questions = [Question(address, qname, qtype) for address in addresses]
        return await errand.budget.ask(self._asker, questions, deadline=errand.deadline, clock=self._clock)

    def _reader(self, errand: Errand) -> Reader:
        return Reader(self._clock(), errand.effort)


def _verdict(zone: str, said: Said) -> Verdict:
    return Verdict(said.trust, zone, said.reason, said.keys, said.ds)
