"""One pass over one domain from one region: the order of work. `Expectations` alone says what is right."""

import asyncio
import logging
from collections.abc import Coroutine, Iterable, Sequence, Set
from dataclasses import dataclass, field
from typing import Any

from nswatch.model import Clock, Facts, Observation, Result, Source
from nswatch.observe import plan
from nswatch.observe.answers_round import DEPARTING, AnswersRound
from nswatch.observe.budget import NAMES, Budget
from nswatch.observe.delegation_round import DelegationRound, Line, Reading
from nswatch.observe.hosts_round import HostsRound, glue_of
from nswatch.observe.origins import OriginMemory, Origins
from nswatch.observe.plan import Grain, RRset, Target, Turn
from nswatch.observe.reach import reach_of
from nswatch.observe.servers import Addresses, Parent, Texts
from nswatch.observe.task import DomainPass, DomainTask, Vantage, says_the_same
from nswatch.observe.transport import Asker
from nswatch.observe.turns import short_turn_of
from nswatch.observe.walk import Walker

SECONDS = 10.0
"""How long a domain may take in a pass."""
CONCURRENT_DOMAINS = 50
_PARENT, _RESOLVERS = 50, 60
"""How many of a domain's queries are the parent's alone, and how many resolvers may cost: neither an attacker's list of
hosts nor a long watchlist keeps the delegation, or the expected servers, from being asked."""
_ALIAS = 30
"""How many queries following one alias out of the zone may cost."""
_log = logging.getLogger(__name__)


async def observe_shard(
    tasks: Sequence[DomainTask],
    *,
    asker: Asker,
    walker: Walker,
    vantage: Vantage,
    clock: Clock,
    deadline: float,
    origins: OriginMemory | None = None,
    seconds: float = SECONDS,
) -> list[DomainPass]:
    """Observe several domains at once and return one pass each, in their order.

    Each domain has ``seconds`` and a budget of its own, all end by loop time ``deadline``; a domain that makes our own
    code fail is logged and not complete, and harms no other. ``origins`` may outlive the pass.
    """
    loop = asyncio.get_running_loop()
    places = asyncio.Semaphore(CONCURRENT_DOMAINS)
    memory = OriginMemory(clock) if origins is None else origins

    async def one(task: DomainTask) -> DomainPass:
        async with places:
            until = min(deadline, loop.time() + seconds)
            made = _Pass(task, asker, walker, vantage, clock, until, memory)
            return await (made.run_short() if vantage.short else made.run())

    passes = list[DomainPass]()
    for task, result in zip(tasks, await asyncio.gather(*map(one, tasks), return_exceptions=True), strict=True):
        if isinstance(result, Exception):
            _log.error("the pass over %s failed", task.domain, exc_info=result)
            passes.append(DomainPass(task.domain, (), complete=False))
        elif isinstance(result, BaseException):
            raise result
        else:
            passes.append(result)
    return passes


async def observe_domain(
    task: DomainTask,
    *,
    asker: Asker,
    walker: Walker,
    vantage: Vantage,
    clock: Clock,
    deadline: float,
    origins: OriginMemory | None = None,
) -> DomainPass:
    """Observe one domain until loop time ``deadline``."""
    memory = OriginMemory(clock) if origins is None else origins
    return await _Pass(task, asker, walker, vantage, clock, deadline, memory).run()


@dataclass(slots=True)
class _Pass:
    """The work of one pass over one domain."""

    task: DomainTask
    asker: Asker
    walker: Walker
    vantage: Vantage
    clock: Clock
    deadline: float
    memory: OriginMemory
    budget: Budget = field(default_factory=Budget)
    turn: Turn = field(init=False)
    watched: tuple[RRset, ...] = field(init=False)
    known: tuple[str, ...] = field(init=False)
    hosts: HostsRound = field(init=False)
    answers: AnswersRound = field(init=False)
    delegation: DelegationRound = field(init=False)
    zone: str = "."
    placed: set[str] = field(default_factory=set)
    others: Budget = field(init=False)
    started: float = field(default_factory=lambda: asyncio.get_running_loop().time())

    def __post_init__(self) -> None:
        task, vantage = self.task, self.vantage
        when = short_turn_of if vantage.short else plan.turn_of
        self.turn = when(vantage.pass_time, vantage.region_index, vantage.region_count)
        self.watched = task.expectations.watched()
        self.known = tuple(sorted(task.expectations.allowed.hosts | {host for host, _ in task.followed}))
        self.others = self.budget.share(self.budget.left - _PARENT)
        self.hosts = HostsRound(task, self.walker, vantage, self.others, self.clock)
        origins = Origins(task, self.walker, self.memory, vantage, self.others, self.clock, self.at(0.9))
        self.answers = AnswersRound(task, vantage, origins, self._look_up, self._look_up_texts)
        self.delegation = DelegationRound(
            task.domain, self.line(self.budget, 0.5, 0.65), self._departs, self._is_confirmed
        )

    def _look_up(self, host: str) -> Coroutine[Any, Any, Addresses]:
        return self.walker.addresses_of(host, self.others.share(_ALIAS), self.at(0.9))

    def _look_up_texts(self, name: str) -> Coroutine[Any, Any, Texts]:
        return self.walker.texts_of(name, self.others.share(_ALIAS), self.at(0.9))

    def at(self, part: float) -> float:
        """Return the loop time at which this part of the pass's time is over."""
        return self.started + (self.deadline - self.started) * part

    def line(self, budget: Budget, until: float, tcp_until: float) -> Line:
        """Return the way to the servers for a part of the pass."""
        return Line(self.asker, budget, self.clock, self.at(until), self.at(tcp_until))

    async def run(self) -> DomainPass:
        """Ask the parent, and meanwhile the resolvers and the expected servers; then whoever else is delegated.

        Last comes who gives what, where anything departs from what is expected. Before anything is spent on what may
        be an attacker's list of hosts, the expected servers are asked.
        """
        async with asyncio.TaskGroup() as group:
            asking = group.create_task(self._ask_parent())
            self.hosts.start(group, self.known, self.at(0.5))
            group.create_task(self._ask_resolvers())
            await self.hosts.resolved(self.known)
            await self.delegation.settled.wait()
            expected = group.create_task(self._ask_expected())
            parent, readings = await asking
            delegated = _hosts(readings)
            new = sorted(delegated - set(self.known))[:NAMES]
            self.hosts.start(group, new, self.at(0.65))
            await self.hosts.resolved(new)
            await expected
            await self._ask_delegated(new)
        await self._escalate(delegated, readings)
        observations = (
            *filter(None, map(self._parent_observation, readings)),
            *self.answers.observations(Source.AUTHORITATIVE),
            *self.hosts.observations(delegated | self.task.expectations.allowed.hosts),
            *self.answers.origins.observations(),
            *self.answers.observations(Source.RECURSIVE),
        )
        complete = any(reading.facts.result.definite for reading in readings)
        reach = reach_of(self.task.expectations, self.task.followed, parent)
        gone = reach.gone if complete else None
        rotates = self.answers.origins.expectations.rotates
        return DomainPass(self.task.domain, observations, complete, parent.interception, parent, gone, rotates)

    async def run_short(self) -> DomainPass:
        """Ask the parent alone: everything else that may be wrong is for the next full pass, at most a minute away."""
        parent, readings = await self._ask_parent()
        observations = tuple(filter(None, map(self._parent_observation, readings)))
        complete = any(reading.facts.result.definite for reading in readings)
        return DomainPass(self.task.domain, observations, complete, parent.interception, parent)

    # The parent

    async def _ask_parent(self) -> tuple[Parent, list[Reading]]:
        try:
            parent = await self.walker.parent_of(self.task.domain, self.budget, self.at(0.45))
            self.zone = parent.zone
            targets = [Target(server.name, address) for server in parent.servers for address in server.addresses]
            suspects = {address for address, qname, _ in self._again(Source.PARENT) if qname == self.task.domain}
            if self.task.everything:
                suspects = {target.address for target in targets}
            now, reserve = plan.parent_servers(targets, self.turn, suspects)
            return parent, await self.delegation.run(now, reserve)
        finally:
            self.delegation.settled.set()

    async def _departs(self, facts: Facts) -> bool:
        """Whether a definite answer of the parent is not what is expected, its DS and glue included."""
        if not facts.result.definite:
            return False
        expected = self.task.expectations
        if facts.result is not Result.REFERRAL or frozenset(facts.values) not in expected.allowed.ns_sets:
            return True
        if expected.ds_departs(facts):
            return True
        suspicious = [host for host, _ in expected.glue_departs(facts, {})]
        return bool(suspicious and expected.glue_departs(facts, await self.hosts.resolved(suspicious)))

    def _is_confirmed(self, address: str, facts: Facts) -> bool:
        key = self.vantage.key(Source.PARENT, address, self.task.domain, "NS")
        return says_the_same(self.task.record.confirmed.get(key), facts, Source.PARENT)

    def _parent_observation(self, reading: Reading) -> Observation | None:
        key = self.vantage.key(Source.PARENT, reading.target.address, self.task.domain, "NS")
        return self.vantage.observation(self.task.domain, key, reading.target.host, reading.facts, reading.outcome)

    # The servers and resolvers

    async def _ask_resolvers(self) -> None:
        asks = plan.recursive(
            self.task.domain,
            self.task.entry.resolvers,
            self.watched,
            self.turn,
            self._again(Source.RECURSIVE),
            everything=self.task.everything,
        )
        await self.answers.ask(asks, self.line(self.others.share(_RESOLVERS), 0.7, 0.85))

    async def _ask_expected(self) -> None:
        """Ask the expected servers whose turn it is, and the followed ones."""
        glue = glue_of(self.delegation.readings, self.zone)
        targets = self.hosts.targets(sorted(self.task.expectations.allowed.hosts), glue)
        self.placed = {target.host for target in targets}
        usual = [target for target in targets if not self.hosts.strange(target)]
        strange = [target for target in targets if self.hosts.strange(target)]
        await self._ask_servers(usual, (*strange, *self.hosts.followed(glue)))

    async def _ask_delegated(self, new: Iterable[str]) -> None:
        """Ask the other delegated servers, and expected ones at addresses that only a slow parent's server gave."""
        glue = glue_of(self.delegation.readings, self.zone)
        expected = self.hosts.targets(sorted(self.task.expectations.allowed.hosts), glue)
        late = [target for target in expected if target.host not in self.placed or self.hosts.strange(target)]
        await self._ask_servers((), (*late, *self.hosts.targets(new, glue)))

    async def _ask_servers(self, usual: Iterable[Target], always: Iterable[Target]) -> None:
        asks = plan.authoritative(
            self.task.domain,
            usual,
            always,
            self.watched,
            self.turn,
            self._again(Source.AUTHORITATIVE),
            everything=self.task.everything,
        )
        await self.answers.ask(asks, self.line(self.others, 0.7, 0.85))

    async def _escalate(self, delegated: Set[str], readings: Iterable[Reading]) -> None:
        """Ask everybody for what somebody gave otherwise than expected, and for the SOA where a server fails."""
        domain, answered = self.task.domain, self.answers.answered
        wrong = {one.ask.rrset for one in answered if one.verdict in DEPARTING}
        if any(reading.departs for reading in readings):
            wrong.add((domain, "NS"))
        glue = glue_of(self.delegation.readings, self.zone)
        hosts = (*sorted(self.task.expectations.allowed.hosts), *sorted(delegated - set(self.known))[:NAMES])
        servers = self.hosts.targets(hosts, glue)
        asks = plan.everywhere(domain, wrong, servers, self.task.entry.resolvers)
        if any(one.failed and one.ask.target.host in delegated for one in answered):
            asks += plan.everywhere(domain, [(domain, "SOA")], [each for each in servers if each.host in delegated], ())
        if asks:
            await self.answers.ask(asks, self.line(self.others, 0.9, 1.0))

    def _again(self, source: Source) -> frozenset[Grain]:
        return frozenset(
            (key.server, key.qname, key.qtype)
            for key in self.task.record.unexpected
            if (key.region, key.source) == (self.vantage.region, source)
        )


def _hosts(readings: Iterable[Reading]) -> frozenset[str]:
    """Return the hosts that some server of the parent delegates to."""
    return frozenset(
        host for reading in readings if reading.facts.result is Result.REFERRAL for host in reading.facts.values
    )
