"""What the load tests measure by: far ends in processes of their own, which count, and the CPU time of this one."""

import json
import resource
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import boto3
from botocore.config import Config

from nswatch.record import table
from nswatch.record.dynamodb import CONFIG
from nswatch.wiring import Clients

HUBS = ("ap-northeast-1", "eu-west-1")
NAME = "nswatch"
_PATIENT = CONFIG.merge(Config(read_timeout=60))
"""The emulator is much slower than what it stands for."""
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
def far_end(*module: str) -> Iterator[Process]:
    """Run a module, with arguments, as a far end."""
    arguments = [sys.executable, "-m", *module]
    with subprocess.Popen(arguments, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        yield Process(process)


class Meter:
    """Measures work by what it takes of this process, and what ``hubs`` and ``internet`` were asked meanwhile."""

    def __init__(self, hubs: Process, internet: Process) -> None:
        self._hubs, self._internet = hubs, internet

    def measured(self, work: Callable[[], object], times: int = 1) -> Cost:
        """Return what ``work`` costs, a time."""
        before, queries = self._hubs.counted(), self._internet.counted()
        wall, cpu = time.perf_counter(), time.process_time()
        for _ in range(times):
            work()
        wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
        after, asked = self._hubs.counted(), self._internet.counted()
        return Cost(
            seconds=round(wall / times, 3),
            cpu_s=round(cpu / times, 4),
            read_units=(after["read_units"] - before["read_units"]) / times,
            write_units=(after["write_units"] - before["write_units"]) / times,
            calls=(after["calls"] - before["calls"]) / times,
            queries=(asked - queries) / times,
            memory_mb=round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024, 1),
        )


def clients_of(hubs: Process) -> Clients:
    """Return the clients of an account whose tables are made in both hubs."""
    session, endpoint = boto3.Session("bench", "bench"), f"http://127.0.0.1:{hubs.port}"

    def of(service: Any) -> Callable[[str], Any]:
        known = dict[str, Any]()

        def client(region: str) -> Any:
            if region not in known:
                known[region] = session.client(service, region_name=region, endpoint_url=endpoint, config=_PATIENT)
            return known[region]

        return client

    clients = Clients(dynamodb=of("dynamodb"), sns=of("sns"), sqs=of("sqs"))
    for hub in HUBS:
        clients.dynamodb(hub).create_table(TableName=NAME, **{**table.DEFINITION, "StreamSpecification": _NO_STREAM})
    return clients


def each_alone(module: str, sizes: Sequence[int]) -> list[Any]:
    """Return what ``module`` prints (JSON) about each size, in a process of its own (``--here``)."""
    found = []
    for size in sizes:
        command = [sys.executable, "-m", module, "--here", str(size)]
        done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True)
        found.append(json.loads(done.stdout))
        print(f"{size:,} domains: done", file=sys.stderr)
    return found
