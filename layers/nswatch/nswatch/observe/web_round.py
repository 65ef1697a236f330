"""The web sites of a shard in one pass: each is asked once, and what that says becomes observations.

It runs beside the questions to DNS, on time of its own: a site that hangs makes no domain incomplete. The address is
the one that a resolver of the watchlist gives: what users are led to, forged or not. A region goes on asking the same
resolver while that one answers, so that what it sees is not by turns one cache's and another's.
"""

import asyncio
import logging
import ssl
from collections.abc import Sequence
from dataclasses import dataclass, field

from nswatch.expect.web import CERTIFICATE, LATENCY, Site, values_of_served
from nswatch.model import Clock, Facts, Observation, Question, Result, Source, Transport
from nswatch.observe.facts import answer_facts
from nswatch.observe.task import Vantage
from nswatch.observe.transport import Asker
from nswatch.observe.web_latency import judged, with_sample
from nswatch.observe.web_visit import SECONDS, Visit, WebRoute, visit

ROUND_SECONDS = 9.0
"""For all sites of a shard; one whose turn does not come by then is not asked in this pass."""

AT_ONCE = 20
"""So many sites are asked at a time: what they take of the processor would otherwise show as their slowness."""

_LOOKUP_SECONDS = 1.5
_RESOLVERS = 2
"""How many resolvers are asked for an address, and how long each may take."""

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class SiteTask:
    """One site to ask. ``samples`` are what `nswatch.observe.web_latency` keeps, ``latency`` the facts that stand."""

    domain: str
    site: Site
    resolvers: tuple[str, ...]
    samples: tuple[int, ...] = ()
    latency: Facts | None = None


@dataclass(frozen=True, slots=True)
class WebPass:
    """What one pass saw of its sites; ``samples`` by domain, of those that answered with the new one."""

    observations: tuple[Observation, ...] = ()
    samples: dict[str, tuple[int, ...]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class WebFar:
    """How web servers are reached, and whose certificates are trusted (None: the authorities that are shipped)."""

    route: WebRoute = lambda address, port: (address, port)
    trust: ssl.SSLContext | None = None


async def visit_sites(
    tasks: Sequence[SiteTask], *, asker: Asker, vantage: Vantage, clock: Clock, far: WebFar
) -> WebPass:
    """Ask each site once. It ends within `ROUND_SECONDS`, and raises nothing for what the network does."""
    until = asyncio.get_running_loop().time() + ROUND_SECONDS
    places = asyncio.Semaphore(AT_ONCE)

    async def one(task: SiteTask) -> _Seen | None:
        async with places:
            deadline = min(until, asyncio.get_running_loop().time() + SECONDS)
            if deadline - asyncio.get_running_loop().time() < SECONDS / 2:
                return None
            return await _see(task, asker, vantage, clock, far, deadline)

    samples = {task.domain: task.samples for task in tasks if task.samples}
    observations = list[Observation]()
    for task, seen in zip(tasks, await asyncio.gather(*map(one, tasks), return_exceptions=True), strict=True):
        if isinstance(seen, Exception):
            _log.error("the visit to %s failed", task.site.host, exc_info=seen)
        elif isinstance(seen, BaseException):
            raise seen
        elif seen is not None:
            observations += seen.observations
            samples[task.domain] = seen.samples or task.samples
    return WebPass(tuple(observations), {domain: kept for domain, kept in samples.items() if kept})


@dataclass(frozen=True, slots=True)
class _Seen:
    observations: list[Observation]
    samples: tuple[int, ...]


async def _see(task: SiteTask, asker: Asker, vantage: Vantage, clock: Clock, far: WebFar, deadline: float) -> _Seen:
    sent = clock()
    address, unknown = await _look_up(task, asker, vantage, deadline)
    if address:
        made = await visit(task.site, address, deadline, route=far.route, trust=far.trust)
    else:
        made = Visit("", unknown, "no address")
    received = clock()

    def observed(attribute: str, facts: Facts, wire: bytes) -> Observation:
        key = vantage.key(Source.WEB, task.site.host, task.site.host, attribute)
        return Observation(
            domain=task.domain,
            key=key,
            server_name=made.address,
            facts=facts,
            transport=Transport.TCP,
            sent=sent,
            received=received,
            pass_time=vantage.pass_time,
            watchlist_version=vantage.watchlist_version,
            wire=wire or None,
        )

    if made.served is None:
        certificate = Facts(made.result, note=f"{made.address}: {made.reason}" if made.address else made.reason)
    else:
        certificate = Facts(Result.ANSWER, values_of_served(made.served))
    observations = [observed(CERTIFICATE, certificate, made.der)]
    if made.status is None or made.first_byte is None:
        return _Seen(observations, task.samples)
    samples = with_sample(task.samples, round(made.first_byte * 1000))
    latency = judged(samples, task.latency)
    return _Seen([*observations, observed(LATENCY, _with_note(latency, made), made.head)], samples)


def _with_note(latency: Facts, made: Visit) -> Facts:
    times = (("connected", made.connected), ("TLS", made.secured), ("first byte", made.first_byte))
    told = ", ".join(f"{what} after {round(seconds * 1000)} ms" for what, seconds in times if seconds is not None)
    return Facts(latency.result, latency.values, note=f"HTTP {made.status} of {made.address}: {told}")


async def _look_up(task: SiteTask, asker: Asker, vantage: Vantage, deadline: float) -> tuple[str, Result]:
    """Return the address that a resolver gives, or "" and why there is none: the first of the IPv4 ones, else IPv6."""
    resolvers = sorted(task.resolvers)
    first = vantage.region_index % max(1, len(resolvers))
    unknown = Result.TIMEOUT
    for resolver in [*resolvers[first:], *resolvers[:first]][:_RESOLVERS]:
        for qtype in ("A", "AAAA"):
            until = min(deadline, asyncio.get_running_loop().time() + _LOOKUP_SECONDS)
            question = Question(resolver, task.site.host, qtype, recursion_desired=True)
            facts = answer_facts((await asker.ask([question], deadline=until))[0])
            if facts.values:
                return facts.values[0], Result.ANSWER
            if not facts.result.definite:
                unknown = facts.result
                break
            unknown = Result.OTHER_ERROR
    return "", unknown
