"""One pass over one domain from here: every server of the parent, then the zone's own servers."""

import asyncio
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field

from nswatch.model import Clock, Facts, Outcome, Question, Result, Status, Transport
from nswatch.names import is_within
from nswatch.observe.budget import ADDRESSES, NAMES, Budget
from nswatch.observe.delegation_round import Line, better
from nswatch.observe.facts import answer_facts, delegation_facts
from nswatch.observe.plan import Target
from nswatch.observe.reply import preferred
from nswatch.observe.servers import Addresses, Lookup, Parent
from nswatch.observe.transport import Asker
from nswatch.observe.walk import Walker
from nswatch_cli.check.rootglue import RootGlue
from nswatch_cli.check.values import Look, ServerAnswer, gives

_WALKS, _HOST = 100, 30
"""How many of a domain's queries all look-ups of its name servers may use together, and one of them."""
_IPV6_PATIENCE = 1.0
"""Seconds that IPv6 may take longer than IPv4 to show that it works from here."""
_WITHOUT_ADDRESS = {
    Lookup.NXDOMAIN: "its name does not exist",
    Lookup.NODATA: "its name has no address",
    Lookup.UNKNOWN: "its address could not be found out",
    Lookup.FOUND: "",
}


async def look_at(
    domain: str,
    approved_sets: Sequence[frozenset[str]],
    *,
    asker: Asker,
    walker: Walker,
    root_glue: RootGlue,
    clock: Clock,
    seconds: float,
) -> Look:
    """Ask everything about ``domain`` within ``seconds``; never raises for what the network does.

    ``approved_sets`` are the NS sets of its watchlist entry, which need no second look; empty without a watchlist.
    """
    return await _Look(domain, approved_sets, asker, walker, root_glue, clock, seconds).run()


@dataclass(slots=True)
class _Look:
    domain: str
    approved_sets: Sequence[frozenset[str]]
    asker: Asker
    walker: Walker
    root_glue: RootGlue
    clock: Clock
    seconds: float
    budget: Budget = field(default_factory=Budget)
    walks: Budget = field(init=False)
    started: float = field(default_factory=lambda: asyncio.get_running_loop().time())

    def __post_init__(self) -> None:
        self.walks = self.budget.share(_WALKS)

    def at(self, part: float) -> float:
        """Return the loop time at which this part of the time is over."""
        return self.started + self.seconds * part

    async def run(self) -> Look:
        began = self.clock()
        parent = await self.walker.parent_of(self.domain, self.budget, self.at(0.5))
        parents = await self._ask_parents(parent)
        hosts = self._hosts(parents)
        targets, lost = await self._addresses(hosts, _glue(parents, parent.zone))
        children = [*await self._ask_children(targets, gives(parents)), *lost]
        return Look(
            domain=self.domain,
            at=began,
            zone=parent.zone,
            parents=tuple(sorted(parents, key=_place)),
            children=tuple(sorted(children, key=_place)),
            interception=self.walker.interception,
            seconds=asyncio.get_running_loop().time() - self.started,
        )

    # The parent

    async def _ask_parents(self, parent: Parent) -> list[ServerAnswer]:
        line = Line(self.asker, self.budget, self.clock, self.at(0.7), self.at(0.8))
        ipv4, ipv6 = self.root_glue.targets(parent)
        first = await self._both_families(ipv4, ipv6, line)
        usual = _usual([facts for _, _, facts in first], self.approved_sets)
        confirmed = await asyncio.gather(*(self._confirm_delegation(each, usual, line) for each in first))
        found = [_answer(target, outcome, facts) for target, outcome, facts in confirmed]
        without = self.root_glue.hosts_without_address(parent)
        return found + [ServerAnswer(host, note=_WITHOUT_ADDRESS[Lookup.UNKNOWN]) for host in without]

    async def _both_families(self, ipv4: Sequence[Target], ipv6: Sequence[Target], line: Line) -> list["_Read"]:
        """Ask all; IPv6 is left out when none of it answers while IPv4 is there."""
        old = [asyncio.create_task(self._delegation(target, line)) for target in ipv4]
        new = [asyncio.create_task(self._delegation(target, line)) for target in ipv6]
        read = list(await asyncio.gather(*old))
        if not new:
            return read
        done, waiting = await asyncio.wait(new, timeout=_IPV6_PATIENCE if old else None)
        if not any(_heard(task.result()) for task in done):
            for task in waiting:
                task.cancel()
            await asyncio.gather(*waiting, return_exceptions=True)
            return read or [task.result() for task in new if task in done]
        return read + list(await asyncio.gather(*new))

    async def _delegation(self, target: Target, line: Line) -> "_Read":
        outcome = await line.ask(Question(target.address, self.domain, "NS"))
        return target, outcome, delegation_facts(outcome, self.domain)

    async def _confirm_delegation(self, read: "_Read", usual: Collection[frozenset[str]], line: Line) -> "_Read":
        target, outcome, facts = read
        expected = facts.result is Result.REFERRAL and frozenset(facts.values) in usual
        if expected or outcome.transport is Transport.TCP or not _says_something(facts):
            return read
        again = await line.ask(outcome.question, Transport.TCP)
        return target, *better(outcome, facts, again, delegation_facts(again, self.domain))

    # The zone's own servers

    def _hosts(self, parents: Iterable[ServerAnswer]) -> list[str]:
        """Return the expected hosts and, as many as we are willing to ask, the others that are delegated."""
        expected = frozenset[str]().union(*self.approved_sets)
        listed = {host: None for each in gives(parents) for host in sorted(each) if not host.startswith("(")}
        return [*sorted(expected), *[host for host in listed if host not in expected][:NAMES]]

    async def _addresses(
        self, hosts: Sequence[str], glue: dict[str, tuple[str, ...]]
    ) -> tuple[list[Target], list[ServerAnswer]]:
        async def one(host: str) -> Addresses:
            if host in glue:
                return Addresses(host, glue[host], Lookup.FOUND)
            return await self.walker.addresses_of(host, self.walks.share(_HOST), self.at(0.85))

        found = await asyncio.gather(*map(one, hosts))
        targets = [Target(each.host, address) for each in found for address in each.addresses]
        lost = [ServerAnswer(each.host, note=_WITHOUT_ADDRESS[each.result]) for each in found if not each.addresses]
        return targets, lost

    async def _ask_children(self, targets: Sequence[Target], given: Iterable[frozenset[str]]) -> list[ServerAnswer]:
        line = Line(self.asker, self.budget, self.clock, self.at(0.92), self.at(1.0))
        usual = self.approved_sets or list(given)[:1]
        return list(await asyncio.gather(*(self._apex(target, usual, line) for target in targets)))

    async def _apex(self, target: Target, usual: Collection[frozenset[str]], line: Line) -> ServerAnswer:
        outcome = await line.ask(Question(target.address, self.domain, "NS"))
        facts = answer_facts(outcome)
        expected = facts.result is Result.ANSWER and frozenset(facts.values) in usual
        if not expected and outcome.transport is Transport.UDP and _says_something(facts):
            again = await line.ask(outcome.question, Transport.TCP)
            outcome, facts = better(outcome, facts, again, answer_facts(again))
        return _answer(target, outcome, facts)


_Read = tuple[Target, Outcome, Facts]


def _says_something(facts: Facts) -> bool:
    """Whether there is anything that TCP could confirm or contradict."""
    return facts.result.definite or facts.result is Result.MALFORMED


def _heard(read: _Read) -> bool:
    return read[2].result not in (Result.TIMEOUT, Result.UNREACHABLE)


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


def _answer(target: Target, outcome: Outcome, facts: Facts) -> ServerAnswer:
    if outcome.status is Status.NOT_ASKED:
        return ServerAnswer(target.host, target.address, note=outcome.reason)
    took = (outcome.received - outcome.sent).total_seconds() * 1000 if outcome.received is not None else None
    return ServerAnswer(target.host, target.address, facts, outcome.transport, took, facts.note)


def _glue(parents: Iterable[ServerAnswer], zone: str) -> dict[str, tuple[str, ...]]:
    """Return the glue that the parent's servers may give, at most two addresses of a host from each answer."""
    found: dict[str, dict[str, None]] = {}
    for answer in parents:
        for host, addresses in answer.facts.glue if answer.facts is not None else ():
            if is_within(host, zone):
                found.setdefault(host, {}).update(dict.fromkeys(preferred(addresses)))
    return {host: tuple(addresses)[: 2 * ADDRESSES] for host, addresses in found.items()}


def _place(answer: ServerAnswer) -> tuple[str, bool, str]:
    return answer.host, ":" in answer.address, answer.address
