"""One pass over one domain from one region: which servers, what each says, and nothing about whether it is right."""

import asyncio
import logging
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from nswatch.expect.watchlist import DomainEntry
from nswatch.model import Clock, Facts, Key, Observation, Question, Result, Source, Status, Transport
from nswatch.names import is_within
from nswatch.observe import plan
from nswatch.observe.budget import ADDRESSES, NAMES, Budget
from nswatch.observe.delegation_round import Line, Reading, ask_delegation, better
from nswatch.observe.facts import answer_facts
from nswatch.observe.plan import Target, Turn
from nswatch.observe.reply import preferred
from nswatch.observe.servers import Addresses, Interception, Parent
from nswatch.observe.transport import Asker
from nswatch.observe.walk import Walker

SECONDS = 10.0
"""How long a domain may take in a pass."""
CONCURRENT_DOMAINS = 50
_WALK_SHARE, _HOST_SHARE = 100, 30
"""How many of a domain's queries all look-ups of hosts together, and that of one host, may use: the delegation and the
apex are asked however many hosts an attacker lists."""
_log = logging.getLogger(__name__)

Followed = Sequence[tuple[str, Sequence[str]]]
"""Formerly forged hosts, each with its last known addresses."""


@dataclass(frozen=True, slots=True)
class DomainTask:
    """One domain of a shard: the entry, what is expected of it now, and what the record says needs another look.

    ``expected_sets`` are the NS sets approved now (the current one and those of open windows), ``expected_hosts`` all
    hosts in them; ``unexpected`` are the keys whose last answer was not the expected one or is not confirmed. In the
    ``first`` pass over a domain every server is asked, so that the record is whole from the start.
    """

    entry: DomainEntry
    expected_hosts: frozenset[str]
    expected_sets: Collection[frozenset[str]]
    followed: Followed = ()
    unexpected: Collection[Key] = frozenset()
    first: bool = False


@dataclass(frozen=True, slots=True)
class DomainPass:
    """What one pass found. ``complete`` is False when no server of the parent said what the delegation is.

    ``hosts`` are the look-ups of the name servers' addresses that were made by walking (glue is in the facts).
    """

    domain: str
    observations: tuple[Observation, ...]
    complete: bool
    interception: Interception | None = None
    parent: Parent | None = None
    hosts: tuple[Addresses, ...] = ()


@dataclass(frozen=True, slots=True)
class Vantage:
    """From where and when a pass is made: the region, its turn, and the watchlist's version it goes by."""

    region: str
    region_index: int
    region_count: int
    pass_time: datetime
    watchlist_version: int


async def observe_shard(
    tasks: Sequence[DomainTask],
    *,
    asker: Asker,
    walker: Walker,
    vantage: Vantage,
    clock: Clock,
    deadline: float,
    seconds: float = SECONDS,
) -> list[DomainPass]:
    """Observe several domains at once and return one pass each, in their order.

    Each domain has ``seconds`` and a budget of its own, all end by loop time ``deadline``; a domain that makes our own
    code fail is logged and not complete, and harms no other.
    """
    loop = asyncio.get_running_loop()
    places = asyncio.Semaphore(CONCURRENT_DOMAINS)

    async def one(task: DomainTask) -> DomainPass:
        async with places:
            until = min(deadline, loop.time() + seconds)
            return await _Pass(task, asker, walker, vantage, clock, until).run()

    passes = list[DomainPass]()
    for task, result in zip(tasks, await asyncio.gather(*map(one, tasks), return_exceptions=True), strict=True):
        if isinstance(result, Exception):
            _log.error("the pass over %s failed", task.entry.domain, exc_info=result)
            passes.append(DomainPass(task.entry.domain, (), complete=False))
        elif isinstance(result, BaseException):
            raise result
        else:
            passes.append(result)
    return passes


async def observe_domain(  # noqa: PLR0913 - one name for each thing that a pass depends on
    entry: DomainEntry,
    *,
    asker: Asker,
    walker: Walker,
    region: str,
    region_index: int,
    region_count: int,
    pass_time: datetime,
    watchlist_version: int,
    followed: Followed = (),
    unexpected: Collection[Key] = frozenset(),
    expected_hosts: frozenset[str],
    expected_sets: Collection[frozenset[str]],
    clock: Clock,
    deadline: float,
) -> DomainPass:
    """Observe one domain until loop time ``deadline``; see `DomainTask`, `Vantage` and `DomainPass`."""
    task = DomainTask(entry, expected_hosts, expected_sets, followed, unexpected)
    vantage = Vantage(region, region_index, region_count, pass_time, watchlist_version)
    return await _Pass(task, asker, walker, vantage, clock, deadline).run()


@dataclass(slots=True)
class _Pass:
    """The work of one pass over one domain."""

    task: DomainTask
    asker: Asker
    walker: Walker
    vantage: Vantage
    clock: Clock
    deadline: float
    budget: Budget = field(default_factory=Budget)
    walks: Budget = field(init=False)
    lookups: dict[str, Addresses] = field(default_factory=dict)
    started: float = field(default_factory=lambda: asyncio.get_running_loop().time())

    def __post_init__(self) -> None:
        self.walks = self.budget.share(_WALK_SHARE)

    @property
    def domain(self) -> str:
        return self.task.entry.domain

    @property
    def turn(self) -> Turn:
        every = self.task.entry.delegation_every
        return plan.turn_of(self.vantage.pass_time, self.vantage.region_index, self.vantage.region_count, every)

    def at(self, part: float) -> float:
        """Return the loop time at which this part of the pass's time is over."""
        return self.started + (self.deadline - self.started) * part

    async def run(self) -> DomainPass:
        """Ask the parent, and meanwhile look the expected hosts up; then ask the apex."""
        outside = [host for host in sorted(self._known_hosts()) if not is_within(host, self.domain)]
        (parent, readings), _ = await asyncio.gather(self._delegation(), self._look_up(outside, self.at(0.6)))
        observed = [self._observation(Source.PARENT, reading, Question("", self.domain, "NS")) for reading in readings]
        glue = _glue(readings, parent.zone)
        delegated = {host for reading in readings if reading.facts.result is Result.REFERRAL
                     for host in reading.facts.values}  # fmt: skip
        # Before anything is spent on what may be an attacker's list of hosts, the expected servers are asked.
        expected = self._targets(self.task.expected_hosts, glue)
        suspects = {target.address for target in expected} if self.task.first else self._suspects()
        first = plan.apex_servers(expected, self._followed_targets(glue), self.turn, suspects)
        new = sorted(delegated - self.task.expected_hosts)[:NAMES]
        missing = [host for host in (*self._known_hosts(), *new) if host not in glue and host not in self.lookups]
        apex, _ = await asyncio.gather(self._apex(first), self._look_up(sorted(missing), self.at(0.75)))
        asked = {target.address for target in first}
        late = [host for host in missing if host in self._known_hosts()]
        second = plan.apex_servers((), (*self._targets(new, glue), *self._targets(late, {})), self.turn)
        apex += await self._apex([target for target in second if target.address not in asked])
        observed += apex
        complete = any(reading.facts.result.definite for reading in readings)
        found = tuple(observation for observation in observed if observation is not None)
        return DomainPass(
            self.domain,
            found,
            complete,
            parent.interception,
            parent,
            tuple(self.lookups[h] for h in sorted(self.lookups)),
        )

    def _known_hosts(self) -> frozenset[str]:
        return self.task.expected_hosts | {host for host, _ in self.task.followed}

    async def _delegation(self) -> tuple[Parent, list[Reading]]:
        parent = await self.walker.parent_of(self.domain, self.budget, self.at(0.5))
        targets = [Target(server.name, address) for server in parent.servers for address in server.addresses]
        suspects = {key.server for key in self.task.unexpected if self._mine(key, Source.PARENT)}
        if self.task.first:
            suspects = {target.address for target in targets}
        now, reserve = plan.parent_servers(targets, self.turn, suspects)
        line = Line(self.asker, self.budget, self.clock, self.at(0.7), self.at(0.85))
        return parent, await ask_delegation(self.domain, now, reserve, self.task.expected_sets, line)

    def _mine(self, key: Key, source: Source) -> bool:
        return (key.region, key.source, key.qname) == (self.vantage.region, source, self.domain)

    def _suspects(self) -> set[str]:
        return {key.server for key in self.task.unexpected if self._mine(key, Source.AUTHORITATIVE)}

    async def _look_up(self, hosts: Iterable[str], deadline: float) -> None:
        async def one(host: str) -> None:
            share = self.walks.share(_HOST_SHARE)
            self.lookups[host] = await self.walker.addresses_of(host, share, deadline)

        await asyncio.gather(*map(one, hosts))

    def _targets(self, hosts: Iterable[str], glue: dict[str, tuple[str, ...]]) -> list[Target]:
        """Return the servers at the hosts' addresses: by glue, else as looked up."""
        found = list[Target]()
        for host in hosts:
            looked_up = self.lookups.get(host)
            addresses = glue.get(host) or (looked_up.addresses if looked_up is not None else ())
            found += [Target(host, address) for address in addresses]
        return found

    def _followed_targets(self, glue: dict[str, tuple[str, ...]]) -> list[Target]:
        """Return the followed servers; one whose name no longer resolves is asked at its last known addresses."""
        found = list[Target]()
        for host, known in self.task.followed:
            now = self._targets([host], glue)
            found += now or [Target(host, address) for address in list(known)[:ADDRESSES]]
        return found

    async def _apex(self, targets: Sequence[Target]) -> list[Observation | None]:
        line = Line(self.asker, self.budget, self.clock, self.at(0.9), self.at(1.0))
        asked = [
            (target, Question(target.address, self.domain, qtype)) for target in targets for qtype in ("NS", "SOA")
        ]
        readings = await asyncio.gather(*(self._read_apex(target, question, line) for target, question in asked))
        return [
            self._observation(Source.AUTHORITATIVE, reading, question)
            for reading, (_, question) in zip(readings, asked, strict=True)
        ]

    async def _read_apex(self, target: Target, question: Question, line: Line) -> Reading:
        outcome = await line.ask(question)
        facts = answer_facts(outcome)
        if outcome.transport is Transport.UDP and self._surprises(facts, question.qtype):
            confirmed = await line.ask(question, Transport.TCP)
            outcome, facts = better(outcome, facts, confirmed, answer_facts(confirmed))
        return Reading(target, outcome, facts)

    def _surprises(self, facts: Facts, qtype: str) -> bool:
        if facts.result is Result.ANSWER and qtype == "NS":
            return frozenset(facts.values) not in self.task.expected_sets
        if facts.result is Result.ANSWER:
            expected = expected_mnames(self.task.entry, self.vantage.pass_time)
            return bool(expected) and not {value.split(" ", 1)[0] for value in facts.values} <= expected
        return facts.result.definite or facts.result is Result.MALFORMED

    def _observation(self, source: Source, reading: Reading, question: Question) -> Observation | None:
        outcome, facts, target = reading.outcome, reading.facts, reading.target
        untestable = facts.result is Result.UNREACHABLE and ":" in target.address
        if outcome.status is Status.NOT_ASKED or untestable:
            return None
        return Observation(
            domain=self.domain,
            key=Key(self.vantage.region, source, target.address, self.domain, question.qtype),
            server_name=target.host,
            facts=facts,
            transport=outcome.transport,
            sent=outcome.sent,
            received=outcome.received,
            pass_time=self.vantage.pass_time,
            watchlist_version=self.vantage.watchlist_version,
            wire=outcome.wire,
        )


def expected_mnames(entry: DomainEntry, at: datetime) -> frozenset[str]:
    """Return the SOA MNAMEs that are approved at ``at``: the current one, and those of open windows."""
    open_now = [change.delegation for change in entry.planned_changes if change.starts <= at < change.ends]
    return frozenset(
        delegation.soa_mname
        for delegation in (entry.delegation, *open_now)
        if delegation is not None and delegation.soa_mname is not None
    )


def _glue(readings: Iterable[Reading], parent: str) -> dict[str, tuple[str, ...]]:
    """Return the glue that the parent may give: at most two addresses of a host from each server that gave some."""
    found: dict[str, dict[str, None]] = {}
    for reading in readings:
        for host, addresses in reading.facts.glue:
            if is_within(host, parent):
                found.setdefault(host, {}).update(dict.fromkeys(preferred(addresses)))
    return {host: tuple(addresses)[: 2 * ADDRESSES] for host, addresses in found.items()}
