"""What a region costs at 100, 1,000 and 10,000 domains: `make load`. Prints a table to stderr and one JSON object.

Everything is the product's (probe, transport, record, comparator) but for the far ends: the Internet is a process on
loopback (`bench.internet`), the two hubs are another (`bench.hubs`), whose requests are counted by DynamoDB's rules.
Time is the CPU time of the worker's process, which makes the passes of all shards of one region, one after the other.
Each size has processes of its own.
"""

import argparse
import json
import resource
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

import boto3
from botocore.config import Config

from bench import internet
from bench.plot import log_log
from nswatch.record import table
from nswatch.record.apply import put_in_force
from nswatch.record.dynamodb import CONFIG
from nswatch.record.keys import shard_count, shard_of
from nswatch.wiring import Clients, DnsObserver, Settings, build_comparator, build_hub, build_probe, run

SIZES = (100, 1000, 10_000)
REGION, HUBS = "us-west-2", ("ap-northeast-1", "eu-west-1")
REGIONS = (*HUBS, REGION, "us-east-1", "sa-east-1")
PASSES = 3
"""So many steady passes ask everything once."""
NAME = "nswatch"
CALM = 15
"""So many minutes later nothing is news any more, and a pass is made that is not measured; the steady ones follow."""
LOOKS = 20
_PATIENT = CONFIG.merge(Config(read_timeout=60))
"""The emulator is much slower than what it stands for."""
FIRST_SHARDS = 10
"""A first pass is made over so many shards at most; the record of the others is copied. It costs each the same."""
_NO_STREAM = {"StreamEnabled": False}
"""Nobody reads it here, and the emulator would keep millions of records."""


@dataclass(frozen=True, slots=True)
class Cost:
    """What some work took; ``memory_mb`` is the worker's most so far. Units are those of both hubs together."""

    seconds: float
    cpu_s: float
    read_units: float
    write_units: float
    calls: float
    queries: float
    memory_mb: float


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


class Process:
    """A far end, which prints its port and counts."""

    def __init__(self, process: "subprocess.Popen[str]") -> None:
        self._process = process
        self.port = int(self._line())

    def _line(self) -> str:
        return self._process.stdout.readline() if self._process.stdout is not None else ""

    def counted(self, wanted: dict[str, Any] | None = None) -> Any:
        """Return what it has counted so far, after doing what is ``wanted``."""
        if self._process.stdin is not None:
            self._process.stdin.write("\n" if wanted is None else f"{json.dumps(wanted)}\n")
            self._process.stdin.flush()
        return json.loads(self._line())


@contextmanager
def _process(*module: str) -> Iterator[Process]:
    arguments = [sys.executable, "-m", *module]
    with subprocess.Popen(arguments, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        yield Process(process)


class Worker:
    """One region's worker, and the comparator of the first hub; a minute of its clock goes by between passes."""

    def __init__(self, domains: int, far: Process, hubs: Process) -> None:
        self.domains = domains
        self.shards = shard_count(domains)
        self._far, self._hubs = far, hubs
        self._start = datetime.now(UTC).replace(second=0, microsecond=0)
        self._offset = timedelta()
        clients = Clients(*(self._client(service) for service in ("dynamodb", "sns", "sqs")))
        settings = Settings(NAME, REGION, HUBS, REGIONS)
        self._stores = [build_hub(NAME, hub, clients) for hub in HUBS]
        for hub in HUBS:
            clients.dynamodb(hub).create_table(
                TableName=NAME, **{**table.DEFINITION, "StreamSpecification": _NO_STREAM}
            )
        entries: dict[str, Any] = {internet.domain(number): internet.entry(number) for number in range(domains)}
        for store in self._stores:
            put_in_force(store, entries, {}, "bench", self._start, 1)
        observe = DnsObserver(REGION, REGIONS, self.now, route=lambda address: (address, far.port), hints=internet.ROOT)
        self._new = partial(build_probe, settings, clock=self.now, observe=observe, run=run, clients=clients)
        self.forget()
        here = Settings(NAME, HUBS[0], HUBS, REGIONS)
        self.comparator = build_comparator(here, clock=lambda: self._start - timedelta(seconds=1), clients=clients)

    def _client(self, service: Any) -> Callable[[str], Any]:
        endpoint, known = f"http://127.0.0.1:{self._hubs.port}", dict[str, Any]()
        session = boto3.Session("bench", "bench")

        def client(region: str) -> Any:
            if region not in known:
                known[region] = session.client(service, region_name=region, endpoint_url=endpoint, config=_PATIENT)
            return known[region]

        return client

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

    def measured(self, work: Callable[[], None], times: int = 1) -> Cost:
        """Return what ``work`` costs, a time."""
        before, queries = self._hubs.counted(), self._far.counted()
        wall, cpu = time.perf_counter(), time.process_time()
        for _ in range(times):
            work()
        wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
        after, asked = self._hubs.counted(), self._far.counted()
        return Cost(
            seconds=round(wall / times, 3),
            cpu_s=round(cpu / times, 4),
            read_units=(after["read_units"] - before["read_units"]) / times,
            write_units=(after["write_units"] - before["write_units"]) / times,
            calls=(after["calls"] - before["calls"]) / times,
            queries=(asked - queries) / times,
            memory_mb=round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024, 1),
        )

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
        hubs = stack.enter_context(_process("bench.hubs"))
        far = stack.enter_context(_process("bench.internet", str(domains)))
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
    found = []
    for size in options.sizes:
        done = subprocess.run(
            [sys.executable, "-m", "bench.load", "--here", str(size)], stdout=subprocess.PIPE, text=True, check=True
        )
        found.append(json.loads(done.stdout))
        print(f"{size:,} domains: done", file=sys.stderr)
    loads = [_read(document) for document in found]
    print("\n".join(lines(loads)), file=sys.stderr)
    if options.plot:
        options.plot.write_text(plot(loads), "utf-8")
    print(json.dumps({"loads": found}, indent=2))
    return 0


if __name__ == "__main__":
    sys.exit(main())
