"""The first pass over new entries, made from the machine on which `apply` runs."""

import asyncio
from collections.abc import Callable, Coroutine, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from nswatch.expect.matching import Expectations
from nswatch.expect.networks import AwsRanges, Networks
from nswatch.expect.watchlist import DomainEntry
from nswatch.model import Clock, Observation
from nswatch.observe.probe_pass import CONCURRENT_DOMAINS, SECONDS, observe_shard
from nswatch.observe.root_hints import ROOT_SERVERS
from nswatch.observe.servers import Server
from nswatch.observe.task import DomainTask, Vantage
from nswatch.observe.transport import DnsTransport
from nswatch.observe.udp import Endpoint
from nswatch.observe.walk import Walker
from nswatch_cli.watchlist.completing import CannotLook, Look

HERE = "here"

Observed = dict[str, Sequence[Observation]]
Run = Callable[[Coroutine[Any, Any, Observed]], Observed]


def look_from_here(
    clock: Clock,
    aws: AwsRanges,
    *,
    hints: Sequence[Server] = ROOT_SERVERS,
    route: Callable[[str], Endpoint] = lambda address: (address, 53),
    seconds: float = SECONDS,
    run: Run = asyncio.run,
) -> Look:
    """Return a look that asks DNS from here: the parent and the zone's servers, and no resolver.

    ``hints`` are the root servers to start from, ``route`` maps an address to the socket address that is really used.
    ``run`` runs a pass on an event loop: a replay's skips time.
    """

    def look(entries: Sequence[DomainEntry]) -> Mapping[str, Sequence[Observation]]:
        return run(_look(entries, clock(), aws, clock=clock, hints=hints, route=route, seconds=seconds))

    return look


async def _look(
    entries: Sequence[DomainEntry],
    at: datetime,
    aws: AwsRanges,
    *,
    clock: Clock,
    hints: Sequence[Server],
    route: Callable[[str], Endpoint],
    seconds: float = SECONDS,
) -> Observed:
    networks = Networks(aws)
    tasks = [DomainTask(Expectations(replace(entry, resolvers=()), at, networks), everything=True) for entry in entries]
    rounds = 1 + len(tasks) // CONCURRENT_DOMAINS
    async with DnsTransport(clock, route=route) as transport:
        passes = await observe_shard(
            tasks,
            asker=transport,
            walker=Walker(transport, hints, clock),
            vantage=Vantage(HERE, 0, 1, at, 0),
            clock=clock,
            deadline=asyncio.get_running_loop().time() + seconds * rounds,
            seconds=seconds,
        )
    for each in passes:
        if each.interception is not None:
            raise CannotLook(
                f"this network intercepts DNS ({each.interception.reason}, asked at {each.interception.server})"
            )
    return {each.domain: each.observations for each in passes}
