"""Which CAA records (RFC 8659) apply to a domain: what its certificates' issuers are held to.

| qtype | values |
| --- | --- |
| ``caa`` | ``at NAME``, then the records in presentation form; NODATA: no name on the way up has any |
"""

import asyncio
from collections.abc import Sequence
from datetime import datetime, timedelta

from nswatch.collect.dns import Dns
from nswatch.collect.port import Asked, Collected, Reading, Subject
from nswatch.expect.certificates import issuers_of
from nswatch.model import Clock, Facts, Result, Source
from nswatch.observe.budget import Budget
from nswatch.observe.servers import Lookup
from nswatch.observe.walk import Walker

DOMAIN_SECONDS, ROUND_SECONDS = 20.0, 120.0
AT_ONCE = 20
QUERIES = 60
MOST = 40
"""So many records are kept."""


class Caa:
    """See `nswatch.collect.port.Collecting`. Only domains whose entry lists issuers are asked about."""

    name = "ct/caa"
    every = timedelta(hours=1)

    def __init__(self, dns: Dns, clock: Clock) -> None:
        self._dns = dns
        self._clock = clock

    async def collect(self, subjects: Sequence[Subject], at: datetime) -> Collected:  # noqa: ARG002 - our own clock
        """Look the domains up; see `nswatch.collect.port.Collecting`."""
        wanted = [subject.domain for subject in subjects if issuers_of(subject.expectations.allowed)]
        if not wanted:
            return Collected()
        ends = asyncio.get_running_loop().time() + ROUND_SECONDS
        places = asyncio.Semaphore(AT_ONCE)
        async with self._dns.asker() as asker:
            walker = self._dns.walker(asker)
            return Collected(
                tuple(await asyncio.gather(*(self._one(walker, domain, places, ends) for domain in wanted)))
            )

    async def _one(self, walker: Walker, domain: str, places: asyncio.Semaphore, ends: float) -> Reading:
        async with places:
            sent = self._clock()
            deadline = min(asyncio.get_running_loop().time() + DOMAIN_SECONDS, ends)
            facts = await relevant(walker, domain, deadline)
        return Reading(domain, Asked(Source.CT, "", domain, "caa"), facts, sent, self._clock())


async def relevant(walker: Walker, domain: str, deadline: float) -> Facts:
    """Return the relevant CAA RRset: that of the closest name, from the domain up, that has one (RFC 8659 section 3).

    Where one name on the way is unknown, all is: what is above may be overridden by it.
    """
    budget, labels = Budget(QUERIES), domain.split(".")
    for place in range(len(labels)):
        name = ".".join(labels[place:])
        found = await walker.records_of(name, "CAA", budget, deadline)
        if found.result is Lookup.UNKNOWN:
            return Facts(Result.TIMEOUT, note=f"nobody gave a definite answer about CAA of {name}")
        if found.values:
            return Facts(Result.ANSWER, (f"at {name}", *found.values[:MOST]))
    return Facts(Result.NODATA)
