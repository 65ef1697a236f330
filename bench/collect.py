"""What a hub's collector costs at 100, 1,000 and 10,000 domains: `make load-collect`. Prints a table and JSON.

Everything is the product's (collector, its sources, record) but for the far ends, each in a process of its own: DNS on
loopback with a signed root and signed registries (`bench.internet`), RDAP over HTTPS (`bench.registry`), and the hubs,
whose requests are counted by DynamoDB's rules (`bench.hubs`). What is measured is CPU time: how long a turn takes is
settled by how seldom a registry is asked (`nswatch.collect.rdap.PER_SECOND`), which is switched off here.
"""

import argparse
import json
import ssl
import sys
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from unittest.mock import patch

from bench import internet
from bench.measuring import HUBS, NAME, Cost, Meter, Process, clients_of, each_alone, far_end
from bench.registry import BOOTSTRAP
from nswatch.collect import http, rdap
from nswatch.collect.dns import Dns
from nswatch.collect.trust_anchor import read_anchors
from nswatch.collect.turns import ROUND
from nswatch.record.apply import put_in_force
from nswatch.record.collected import DynamoCollectStore, ShardReport
from nswatch.record.dynamodb import Table
from nswatch.record.keys import shard_count, shard_of
from nswatch.schedule import ShardMessage
from nswatch.wiring import Settings, build_hub
from nswatch.wiring_collect import Endpoints, build_collector, run

SIZES = (100, 1000, 10_000)
SHARDS = 5
"""Turns are made over so many shards at most: what one costs does not depend on how many others there are."""
TURNS = 6
"""So many turns ask each hourly source about everybody once."""


@dataclass(frozen=True, slots=True)
class Turns:
    """What a shard's turn costs a collector, and one run of its schedule; ``lookups`` are RDAP requests a turn."""

    domains: int
    shards: int
    first: Cost
    first_lookups: float
    steady: Cost
    steady_lookups: float
    schedule: Cost


class NoQueue:
    """Takes messages and counts them."""

    def __init__(self) -> None:
        self.sent = 0

    def send(self, messages: Sequence[ShardMessage]) -> None:
        """Count them."""
        self.sent += len(messages)

    def dead_letters(self) -> int | None:
        """None are given up."""
        return 0


class Desk:
    """One hub's collector; ten minutes of its clock go by between turns over a shard."""

    def __init__(self, domains: int, dns: Process, registry: Process, hubs: Process) -> None:
        self.shards = shard_count(domains)
        self._registry = registry
        self._meter = Meter(hubs, dns)
        self._start = datetime.now(UTC).replace(second=0, microsecond=0)
        self._turn = self._start
        clients = clients_of(hubs)
        entries: dict[str, Any] = {internet.domain(number): internet.entry(number) for number in range(domains)}
        for hub in HUBS:
            put_in_force(build_hub(NAME, hub, clients), entries, {}, "bench", self._start, 1)
        self._stores = [DynamoCollectStore(Table(clients.dynamodb(hub), NAME)) for hub in HUBS]
        self._collector = build_collector(
            Settings(NAME, HUBS[0], HUBS, HUBS),
            clock=self.now,
            queue=NoQueue(),
            run=run,
            dns=Dns(
                self.now,
                route=lambda address: (address, dns.port),
                hints=internet.ROOT,
                anchors=read_anchors(internet.anchor()),
            ),
            endpoints=Endpoints(f"{registry.counted()['bootstrap']}{BOOTSTRAP}", "", "", ""),
            clients=clients,
        )

    def now(self) -> datetime:
        """Return the moment of the present turn: all of them are in time."""
        return self._turn

    def turns(self, times: int) -> tuple[Cost, float]:
        """Return what a turn over a shard costs, the mean of ``times`` over some shards, and its RDAP requests."""
        shards = range(min(self.shards, SHARDS))
        before = self._registry.counted()["asked"]

        def every() -> None:
            self._turn += ROUND
            for shard in shards:
                if not self._collector.work(shard, self._turn):
                    raise RuntimeError(f"shard {shard} was dropped")

        cost = self._meter.measured(every, times)
        lookups = (self._registry.counted()["asked"] - before) / times / len(shards)
        return _shared(cost, len(shards)), lookups

    def schedule(self) -> Cost:
        """Return what one run of the schedule costs when every shard had its turn."""
        for store in self._stores:
            for shard in range(self.shards):
                store.write_shard_report(HUBS[0], shard, ShardReport(self._turn, {}))
        self._turn += timedelta(minutes=1)
        self._collector.schedule()
        self._turn += timedelta(minutes=1)
        return self._meter.measured(self._collector.schedule)

    def check(self) -> None:
        """Raise RuntimeError unless what a domain of each shard is registered as, and its chain, are known."""
        for shard in range(min(self.shards, SHARDS)):
            number = next(each for each in range(10**6) if shard_of(internet.domain(each), self.shards) == shard)
            domain = internet.domain(number)
            views = self._stores[1].views_of(HUBS[0], [domain])[domain]
            known = {(key.source.value, key.qtype): view.facts for key, view in views.items()}
            chain, registered = known.get(("chain", "chain")), known.get(("rdap", "registrar"))
            if chain is None or chain.values[:1] != ("insecure",) or registered is None:
                raise RuntimeError(f"{domain} was not asked about: {known}")


def _shared(cost: Cost, parts: int) -> Cost:
    each = {name: value / parts for name, value in asdict(cost).items() if name != "memory_mb"}
    return Cost(**each, memory_mb=cost.memory_mb)


def measure(domains: int) -> Turns:
    """Measure one size in this process."""
    with ExitStack() as stack:
        hubs = stack.enter_context(far_end("bench.hubs"))
        dns = stack.enter_context(far_end("bench.internet", str(domains)))
        registry = stack.enter_context(far_end("bench.registry", str(domains)))
        trust = ssl.create_default_context(cadata=registry.counted()["authority"])
        stack.enter_context(patch.object(http, "_authorities", lambda: trust))
        stack.enter_context(patch.object(rdap, "PER_SECOND", 1e6))
        desk = Desk(domains, dns, registry, hubs)
        first, first_lookups = desk.turns(1)
        desk.check()
        steady, steady_lookups = desk.turns(TURNS)
        return Turns(domains, desk.shards, first, first_lookups, steady, steady_lookups, desk.schedule())


def lines(found: Sequence[Turns]) -> Iterator[str]:
    """Yield the table, in Markdown."""
    yield "| domains | shards | | CPU ms | read units | write units | calls | DNS queries | RDAP requests | memory MB |"
    yield "| --- | --- | --- | --- | --- | --- | --- | --- | --- | --- |"
    for turns in found:
        for name, cost, lookups in (
            ("first turn over a shard", turns.first, turns.first_lookups),
            ("later turn over a shard", turns.steady, turns.steady_lookups),
            ("run of the schedule", turns.schedule, 0.0),
        ):
            counts = (cost.cpu_s * 1000, cost.read_units, cost.write_units, cost.calls, cost.queries, lookups)
            numbers = " | ".join(f"{value:,.0f}" for value in (*counts, cost.memory_mb))
            yield f"| {turns.domains:,} | {turns.shards} | {name} | {numbers} |"


def _read(document: dict[str, Any]) -> Turns:
    parts: dict[str, Any] = {
        name: Cost(**value) if isinstance(value, dict) else value for name, value in document.items()
    }
    return Turns(**parts)


def main() -> int:
    """Measure each size in a process of its own, and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("sizes", nargs="*", type=int, default=list(SIZES), help="numbers of domains")
    parser.add_argument("--here", action="store_true", help="measure one size in this process")
    options = parser.parse_args()
    if options.here:
        print(json.dumps(asdict(measure(options.sizes[0]))))
        return 0
    found = each_alone("bench.collect", options.sizes)
    print("\n".join(lines([_read(document) for document in found])), file=sys.stderr)
    print(json.dumps({"collectors": found}, indent=2))
    return 0


if __name__ == "__main__":
    sys.exit(main())
