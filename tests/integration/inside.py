"""What runs within the private Internet, called by `Namespace.run`: whatever opens a socket."""

import asyncio
import time
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import dns.exception
import dns.message
import dns.query
import dns.rcode
from click.testing import CliRunner

from nswatch.model import Outcome, Question
from nswatch.observe.transport import DnsTransport
from nswatch.probe import ShardPass, Watched
from nswatch.wiring import DnsObserver
from nswatch_cli.check import check_command

_ahead = timedelta()
_observers: dict[str, DnsObserver] = {}


def _now() -> datetime:
    return datetime.now(UTC) + _ahead


def observe(
    monitor: str, region: str, ahead: timedelta, watched: Sequence[Watched], pass_time: datetime, version: int
) -> ShardPass:
    """Make one pass, at a clock that is ahead; each ``monitor`` keeps what its walks learn."""
    global _ahead  # noqa: PLW0603 - observers look at the clock whenever they like
    _ahead = ahead
    observer = _observers.setdefault(monitor, DnsObserver(region, [region], _now))
    return asyncio.run(observer(watched, pass_time, version))


def check(arguments: Sequence[str]) -> tuple[int, str]:
    """Run `nswatch check`; return its exit status and what it prints."""
    result = CliRunner().invoke(check_command, list(arguments))
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    return result.exit_code, result.stdout


def ask(questions: Sequence[Question], times: int = 1) -> list[Outcome]:
    """Ask the same questions several times, one after the other, through one transport."""

    async def work() -> list[Outcome]:
        outcomes = []
        async with DnsTransport(_now) as transport:
            for _ in range(times):
                for question in questions:
                    deadline = asyncio.get_running_loop().time() + 10
                    outcomes += await transport.ask([question], deadline=deadline)
        return outcomes

    return asyncio.run(work())


def resolve(server: str, qname: str, qtype: str, patience: float = 10) -> tuple[str, list[str]]:
    """Ask a resolver until it answers; return RCODE and the sorted data of the answer."""
    query = dns.message.make_query(qname, qtype)
    until = time.monotonic() + patience
    while True:
        try:
            response = dns.query.udp(query, server, timeout=2)
        except (dns.exception.Timeout, OSError) as error:
            if time.monotonic() > until:
                raise TimeoutError(f"{server} does not answer {qname} {qtype}") from error
            time.sleep(0.02)
            continue
        data = [rdata.to_text() for rrset in response.answer for rdata in rrset]
        return dns.rcode.to_text(response.rcode()), sorted(data)


def ipv6_works() -> bool:
    """Whether a name server answers over IPv6."""
    outcome: Any = ask([Question("2001:db8:6::53", "six.com", "SOA")])[0]
    return outcome.wire is not None
