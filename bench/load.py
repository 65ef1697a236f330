"""What a region costs at 100, 1,000 and 10,000 domains: `make load`. Prints a table to stderr and one JSON object.

Everything is the product's (probe, transport, record, comparator) but for the far ends: the Internet is a process on
loopback (`bench.internet`), the two hubs are another (`bench.hubs`), whose requests are counted by DynamoDB's rules.
Time is the CPU time of the worker's process, which makes the passes of all shards of one region, one after the other.
Each size has processes of its own.
"""

import argparse
import json
import sys
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

from bench import internet
from bench.measuring import HUBS, NAME, Cost, Meter, Process, clients_of, each_alone, far_end
from bench.plot import log_log
from nswatch.record.apply import put_in_force
from nswatch.record.keys import shard_count, shard_of
from nswatch.wiring import DnsObserver, Settings, build_comparator, build_hub, build_probe, run

SIZES = (100, 1000, 10_000)
REGION = "us-west-2"
REGIONS = (*HUBS, REGION, "us-east-1", "sa-east-1")
PASSES = 3
"""So many steady passes ask everything once."""
CALM = 15
"""So many minutes later nothing is news any more, and a pass is made that is not measured; the steady ones follow."""
LOOKS = 20
FIRST_SHARDS = 10
"""A first pass is made over so many shards at most; the record of the others is copied. It costs each the same."""


@dataclass(frozen=True, slots=True)
class Load:
    """What one size costs.

    ``first`` is the first pass over ``first_domains``, ``cold`` one of a worker that remembers nothing, ``steady`` one
    of a worker that does; ``round`` is a comparator's in which nothing is due, ``look`` its look at one domain.
    """

    domains: int
    shards: int
    first_domains: int
    first: Cost
    cold: Cost
    steady: Cost
    round: Cost
    look: Cost


class Worker:
    """One region's worker, and the comparator of the first hub; a minute of its clock goes by between passes."""

    def __init__(self, domains: int, far: Process, hubs: Process) -> None:
        self.domains = domains
        self.shards = shard_count(domains)
        self._hubs = hubs
        self.measured = Meter(hubs, far).measured
        self._start = datetime.now(UTC).replace(second=0, microsecond=0)
        self._offset = timedelta()
        clients = clients_of(hubs)
        settings = Settings(NAME, REGION, HUBS, REGIONS)
        self._stores = [build_hub(NAME, hub, clients) for hub in HUBS]
        entries: dict[str, Any] = {internet.domain(number): internet.entry(number) for number in range(domains)}
        for store in self._stores:
            put_in_force(store, entries, {}, "bench", self._start, 1)
        observe = DnsObserver(REGION, REGIONS, self.now, route=lambda address: (address, far.port), hints=internet.ROOT)
        self._new = partial(build_probe, settings, clock=self.now, observe=observe, run=run, clients=clients)
        self.forget()
        here = Settings(NAME, HUBS[0], HUBS, REGIONS)
        self.comparator = build_comparator(here, clock=lambda: self._start - timedelta(seconds=1), clients=clients)

    def now(self) -> datetime:
        """Return the worker's moment."""
        return datetime.now(UTC) + self._offset

    def forget(self) -> None:
        """Go on with a new worker, which remembers nothing but what its walks learned."""
        self.probe = self._new()

    def make_pass(self, number: int, shards: int | None = None) -> None:
        """Make the passes of one minute over (the first) shards; each is in time, however long they take together."""
        turn = self._start + number * timedelta(minutes=1)
        for shard in range(shards or self.shards):
            self._offset = turn - datetime.now(UTC)
            if not self.probe.work(shard, turn):
                raise RuntimeError(f"shard {shard} was dropped")

    def seed(self, shards: int) -> int:
        """Copy the record of the domains that the first ``shards`` hold to all others; return how many those are.

        What the record holds of a domain depends on its number's rest by `internet.HOSTS` alone, but for its name.
        """
        numbers = {number: shard_of(internet.domain(number), self.shards) < shards for number in range(self.domains)}
        models = {number % internet.HOSTS: number for number, seen in numbers.items() if seen}
        copies: dict[str, list[str]] = {}
        for number in (number for number, seen in numbers.items() if not seen):
            copies.setdefault(internet.domain(models[number % internet.HOSTS]), []).append(internet.domain(number))
        self._hubs.counted({"region": REGION, "copies": copies})
        return sum(numbers.values())

    def check(self) -> None:
        """Raise RuntimeError unless every domain's delegation stands as it is, heard in the last pass."""
        for number in (0, self.domains - 1):
            views = self._stores[1].views(REGION, internet.domain(number))
            expected = tuple(sorted(internet.hosts_of(number)))
            if expected not in {view.facts.values for view in views if view.facts is not None}:
                raise RuntimeError(f"{internet.domain(number)} was not seen")


def measure(domains: int) -> Load:
    """Measure one size in this process."""
    with ExitStack() as stack:
        hubs = stack.enter_context(far_end("bench.hubs"))
        far = stack.enter_context(far_end("bench.internet", str(domains)))
        worker = Worker(domains, far, hubs)
        shards = min(worker.shards, FIRST_SHARDS)
        first = worker.measured(lambda: worker.make_pass(0, shards))
        first_domains = worker.seed(shards)
        worker.check()
        worker.forget()
        cold = worker.measured(lambda: worker.make_pass(1))
        worker.make_pass(CALM)
        number = iter(range(CALM + 1, CALM + 1 + PASSES))
        steady = worker.measured(lambda: worker.make_pass(next(number)), PASSES)
        worker.comparator.on_schedule()
        return Load(
            domains=domains,
            shards=worker.shards,
            first_domains=first_domains,
            first=first,
            cold=cold,
            steady=steady,
            round=worker.measured(worker.comparator.on_schedule, 3),
            look=worker.measured(lambda: worker.comparator.look_at_domain(internet.domain(0)), LOOKS),
        )


def _read(document: dict[str, Any]) -> Load:
    """Return what another process measured."""
    parts: dict[str, Any] = {
        name: Cost(**value) if isinstance(value, dict) else value for name, value in document.items()
    }
    return Load(**parts)


def lines(loads: Sequence[Load]) -> Iterator[str]:
    """Yield the table, in Markdown."""
    yield "| domains | shards | | seconds | CPU ms a domain | read units | write units | calls | queries | memory MB |"
    yield "| --- | --- | --- | --- | --- | --- | --- | --- | --- | --- |"
    for load in loads:
        part = "" if load.first_domains == load.domains else f" of {load.first_domains:,}"
        for name, cost, domains in (
            (f"first pass{part}", load.first, load.first_domains),
            ("cold pass", load.cold, load.domains),
            ("steady pass", load.steady, load.domains),
        ):
            yield _row(f"{load.domains:,} | {load.shards} | {name}", cost, f"{cost.cpu_s / domains * 1000:.2f}")
        for name, cost in (("comparator's round", load.round), ("look at a domain", load.look)):
            yield _row(f"{load.domains:,} | {load.shards} | {name}", cost, f"({cost.cpu_s * 1000:.1f} in all)")


def _row(what: str, cost: Cost, cpu: str) -> str:
    counts = " | ".join(f"{value:,.0f}" for value in (cost.read_units, cost.write_units, cost.calls, cost.queries))
    return f"| {what} | {cost.seconds:.2f} | {cpu} | {counts} | {cost.memory_mb:.0f} |"


def plot(loads: Sequence[Load]) -> str:
    """Return how the costs grow with the number of domains, as SVG."""
    return log_log(
        [load.domains for load in loads],
        {
            "CPU of a worker without memory, ms a pass": [load.cold.cpu_s * 1000 for load in loads],
            "CPU of a worker, ms a pass": [load.steady.cpu_s * 1000 for load in loads],
            "DNS queries a pass": [load.steady.queries for load in loads],
            "read units a pass, both hubs": [load.steady.read_units for load in loads],
            "write units a pass, both hubs": [load.steady.write_units for load in loads],
            "CPU of a comparator's quiet round, ms": [load.round.cpu_s * 1000 for load in loads],
            "CPU of its look at one domain, ms": [load.look.cpu_s * 1000 for load in loads],
        },
        "watched domains",
    )


def main() -> int:
    """Measure each size in a process of its own, and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("sizes", nargs="*", type=int, default=list(SIZES), help="numbers of domains")
    parser.add_argument("--here", action="store_true", help="measure one size in this process")
    parser.add_argument("--plot", type=Path, help="draw the growth into this file")
    options = parser.parse_args()
    if options.here:
        print(json.dumps(asdict(measure(options.sizes[0]))))
        return 0
    found = each_alone("bench.load", options.sizes)
    loads = [_read(document) for document in found]
    print("\n".join(lines(loads)), file=sys.stderr)
    if options.plot:
        options.plot.write_text(plot(loads), "utf-8")
    print(json.dumps({"loads": found}, indent=2))
    return 0


if __name__ == "__main__":
    sys.exit(main())
