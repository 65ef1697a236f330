"""The clients that are compared: each asks a list of questions and says what CPU time that took its process.

All ask the same questions of one server with at most `IN_FLIGHT` on their way, with EDNS and DO where they can, and
read every answer: ours its facts, the others what their library makes of it (dnsperf: the header).
"""

import asyncio
import itertools
import os
import re
import resource
import subprocess
import tempfile
import threading
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime

import dns.asyncquery
import dns.flags
import dns.message
import dns.resolver
import pycares

from nswatch.model import Question, Result, Transport
from nswatch.observe.facts import answer_facts
from nswatch.observe.transport import DnsTransport

IN_FLIGHT = 100
THREADS = 16
BATCH = 1000
"""How many questions ours are given at once: a shard has more."""
SERVER = "127.0.0.1"
_PAYLOAD = 1232
_TIMEOUT = 5.0

Asked = Sequence[tuple[str, str]]
"""(qname, qtype) of each question."""


@dataclass(slots=True)
class Cost:
    """What a run took: ``cpu`` and ``wall`` seconds for ``queries``."""

    queries: int
    cpu: float = 0.0
    wall: float = 0.0

    @property
    def cpu_us(self) -> float:
        """CPU microseconds a query."""
        return self.cpu / self.queries * 1e6


class Failed(RuntimeError):
    """A client did not get the answers that the server gave; the figures would mean nothing."""


@contextmanager
def _measured(queries: int) -> Iterator[Cost]:
    cost = Cost(queries)
    before, began = resource.getrusage(resource.RUSAGE_SELF), datetime.now(UTC)
    yield cost
    after = resource.getrusage(resource.RUSAGE_SELF)
    cost.cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    cost.wall = (datetime.now(UTC) - began).total_seconds()


def ours(port: int, asked: Asked, over: Transport = Transport.UDP) -> Cost:
    """Our transport, with the facts of every answer."""
    questions = [Question(SERVER, qname, qtype) for qname, qtype in asked]

    right = Result.ANSWER

    async def work() -> None:
        loop = asyncio.get_running_loop()
        transport = DnsTransport(
            lambda: datetime.now(UTC), route=lambda _: (SERVER, port), window=IN_FLIGHT, per_server=IN_FLIGHT
        )
        async with transport:
            for start in range(0, len(questions), BATCH):
                batch = questions[start : start + BATCH]
                for outcome in await transport.ask(batch, deadline=loop.time() + 20, over=over):
                    facts = answer_facts(outcome)
                    if facts.result is not right or outcome.transport is not over:
                        raise Failed(f"{outcome.question}: {facts} over {outcome.transport}")

    with _measured(len(asked)) as cost:
        asyncio.run(work())
    return cost


def dnspython_async(port: int, asked: Asked) -> Cost:
    """`dns.asyncquery.udp` with a socket a query, as its documentation shows it."""

    async def work() -> None:
        waiting = iter(asked)

        async def client() -> None:
            for qname, qtype in waiting:
                query = dns.message.make_query(qname, qtype, want_dnssec=True, payload=_PAYLOAD)
                answer = await dns.asyncquery.udp(query, SERVER, port=port, timeout=_TIMEOUT)
                if not answer.answer:
                    raise Failed(f"dnspython: {qname} {qtype}")

        await asyncio.gather(*(client() for _ in range(IN_FLIGHT)))

    with _measured(len(asked)) as cost:
        asyncio.run(work())
    return cost


def dnspython_threads(port: int, asked: Asked) -> Cost:
    """`dns.resolver.Resolver` in threads."""
    resolver = dns.resolver.Resolver(configure=False)
    resolver.nameservers, resolver.port = [SERVER], port
    resolver.use_edns(0, dns.flags.DO, _PAYLOAD)

    def one(question: tuple[str, str]) -> None:
        if resolver.resolve(*question, lifetime=_TIMEOUT).rrset is None:
            raise Failed(f"dnspython's resolver: {question}")

    with ThreadPoolExecutor(THREADS) as pool, _measured(len(asked)) as cost:
        for _ in pool.map(one, asked):
            pass
    return cost


def with_pycares(port: int, asked: Asked) -> Cost:
    """`pycares`; it keeps answers, so a run asks each question once."""
    free, failures = threading.Semaphore(IN_FLIGHT), list[object]()
    types = {name: getattr(pycares, f"QUERY_TYPE_{name}") for name in ("NS", "A", "MX", "TXT")}

    def answered(result: object, error: int | None) -> None:
        if error is not None or not result:
            failures.append(error)
        free.release()

    channel = pycares.Channel(
        servers=[SERVER], udp_port=port, tcp_port=port, timeout=_TIMEOUT, flags=pycares.ARES_FLAG_EDNS
    )
    with _measured(len(asked)) as cost:
        for qname, qtype in asked:
            free.acquire()
            channel.query(qname, types[qtype], callback=answered)
        for _ in range(IN_FLIGHT):
            free.acquire()
    channel.close()
    if failures:
        raise Failed(f"pycares: {len(failures)} failures, the first {failures[0]}")
    return cost


def dnsperf(program: str, port: int, asked: Asked, times: int) -> Cost:
    """`dnsperf`, which asks all questions so many ``times``."""
    with tempfile.NamedTemporaryFile("w", suffix=".questions") as file:
        file.writelines(f"{qname} {qtype}\n" for qname, qtype in asked)
        file.flush()
        arguments = ["-s", SERVER, "-p", str(port), "-d", file.name, "-n", str(times), "-q", str(IN_FLIGHT), "-D"]
        began = datetime.now(UTC)
        with tempfile.TemporaryFile("w+") as output:
            child = subprocess.Popen([program, *arguments], stdout=output, stderr=subprocess.STDOUT)
            _pid, status, usage = os.wait4(child.pid, 0)
            child.returncode = os.waitstatus_to_exitcode(status)
            output.seek(0)
            report = output.read()
    found = re.search(r"Queries completed:\s+(\d+)", report)
    if child.returncode or found is None:
        raise Failed(f"dnsperf ended with {child.returncode}: {report[-300:]}")
    wall = (datetime.now(UTC) - began).total_seconds()
    return Cost(int(found[1]), usage.ru_utime + usage.ru_stime, wall)


def repeated(asked: Asked, queries: int) -> Asked:
    """Return ``queries`` questions, over and over the same."""
    return list(itertools.islice(itertools.cycle(asked), queries))
