"""The addresses of a domain's name servers in one pass: by glue, by our own walk, and as they were approved."""

import asyncio
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from nswatch.expect.matching import Verdict, canonical_address
from nswatch.expect.values import ADDRESSES as FAMILIES
from nswatch.expect.values import of_family
from nswatch.model import Clock, Facts, Observation, Source, Transport
from nswatch.names import is_within
from nswatch.observe.budget import ADDRESSES, Budget
from nswatch.observe.delegation_round import Reading
from nswatch.observe.plan import Target, rotated, turn_of
from nswatch.observe.reply import preferred
from nswatch.observe.servers import Addresses, Lookup, lookup_facts, lookup_outcome
from nswatch.observe.task import DomainTask, Vantage, says_the_same
from nswatch.observe.walk import Walker

_WALKS, _HOST = 100, 30
"""How many of a domain's queries all look-ups of hosts together, and that of one host, may use: the delegation and the
apex are asked however many hosts an attacker lists."""

Glue = Mapping[str, Sequence[str]]


@dataclass(slots=True)
class HostsRound:
    """Looks hosts up, each once a pass."""

    task: DomainTask
    walker: Walker
    vantage: Vantage
    budget: Budget
    clock: Clock
    _running: dict[str, "asyncio.Task[Addresses]"] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.budget = self.budget.share(_WALKS)

    def start(self, group: asyncio.TaskGroup, hosts: Iterable[str], deadline: float) -> None:
        """Begin to look up those of ``hosts`` that are not looked up yet, by loop time ``deadline``."""
        for host in hosts:
            if host not in self._running:
                self._running[host] = group.create_task(self._look_up(host, deadline))

    async def resolved(self, hosts: Iterable[str]) -> dict[str, tuple[str, ...]]:
        """Return what the walks find, or have last found, for those of ``hosts`` that are looked up."""
        running = {host: self._running[host] for host in hosts if host in self._running}
        if running:
            await asyncio.wait(running.values())
        return {host: task.result().addresses for host, task in running.items()}

    async def _look_up(self, host: str, deadline: float) -> Addresses:
        share = self.budget.share(_HOST)
        key = self.vantage.key(Source.ITERATIVE, "", host, "A")
        found = await self.walker.addresses_of(host, share, deadline, anew=key in self.task.record.unexpected)
        facts = lookup_facts(found.result, found.addresses)
        confirmed = self.task.record.confirmed.get(key)
        if found.outcome is None or found.outcome.transport is Transport.TCP:
            return found
        surprising = self.task.expectations.verdict(key, facts) is Verdict.UNEXPECTED
        if surprising and not says_the_same(confirmed, facts, Source.ITERATIVE):
            over_tcp = await self.walker.addresses_of(host, share, deadline, over=Transport.TCP)
            return found if over_tcp.result is Lookup.UNKNOWN else over_tcp
        return found

    def targets(self, hosts: Iterable[str], glue: Glue) -> list[Target]:
        """Return the servers at all addresses of ``hosts``: by glue, as looked up, and as approved."""
        baseline = self.task.entry.baseline
        found = list[Target]()
        for host in hosts:
            places = (
                glue.get(host, ()),
                self._addresses(host),
                baseline.addresses.get(host, ()),
                baseline.glue.get(host, ()),
            )
            addresses = dict.fromkeys(canonical_address(one) for place in places for one in preferred(tuple(place)))
            found += [Target(host, address) for address in addresses]
        return found

    def strange(self, target: Target) -> bool:
        """Whether a server is at an address that its approved host did not have."""
        baseline = self.task.entry.baseline
        approved = (*baseline.addresses.get(target.host, ()), *baseline.glue.get(target.host, ()))
        return bool(approved) and target.address not in map(canonical_address, approved)

    def followed(self, glue: Glue) -> list[Target]:
        """Return the followed servers; of one whose name no longer resolves, the known addresses take turns."""
        found = list[Target]()
        vantage = self.vantage
        turn = turn_of(vantage.pass_time, vantage.region_index, vantage.region_count)
        for host, known in self.task.followed:
            in_turn = rotated(known, turn, ADDRESSES)[:ADDRESSES]
            found += self.targets([host], glue) or [Target(host, address) for address in in_turn]
        return found

    def _addresses(self, host: str) -> tuple[str, ...]:
        task = self._running.get(host)
        return task.result().addresses if task is not None and task.done() else ()

    def observations(self, hosts: Iterable[str]) -> Iterator[Observation]:
        """Yield what was found for those of ``hosts`` that were looked up."""
        for host in sorted(set(hosts) & self._running.keys()):
            found = self._running[host].result()
            unknown = found.result is Lookup.UNKNOWN
            facts = lookup_facts(found.result, () if unknown else found.addresses)
            outcome = lookup_outcome(found.outcome, host, "A", self.clock())
            key = self.vantage.key(Source.ITERATIVE, "", host, "A")
            observation = self.vantage.observation(self.task.domain, key, "", facts, outcome)
            if observation is not None:
                yield observation


def glue_of(readings: Iterable[Reading], parent: str) -> dict[str, tuple[str, ...]]:
    """Return the glue that the parent may give, at addresses that walks would keep."""
    return glue_in((reading.facts for reading in readings), parent)


def glue_in(
    referrals: Iterable[Facts], parent: str, some: Callable[[Sequence[str]], Sequence[str]] = preferred
) -> dict[str, tuple[str, ...]]:
    """Return the glue that the parent's servers may give, by host.

    Of each server's ``some`` count, and of a family at most twice what a walk keeps: a hostile one may list hundreds.
    """
    found: dict[str, dict[str, None]] = {}
    for facts in referrals:
        for host, addresses in facts.glue:
            if is_within(host, parent):
                found.setdefault(host, {}).update(dict.fromkeys(some(addresses)))
    return {
        host: tuple(each for qtype in FAMILIES for each in of_family(addresses, qtype)[: 2 * ADDRESSES])
        for host, addresses in found.items()
    }
