"""The slow source `Chain`: whether a domain validates from the root's trust anchors, by our own walk.

| qtype | values |
| --- | --- |
| ``chain`` | ``secure``; or ``insecure`` and the zone where the chain ends; or ``bogus``, the zone whose data does |
| | not validate, why, and ``again`` where this collector has found it so in two rounds |
| ``keys`` | of a secure domain, as DS data: ``ds …`` by which its keys are trusted, and ``key …`` for each of them |
"""

import asyncio
import logging
from collections.abc import Sequence
from datetime import datetime, timedelta

from nswatch.collect.chain_answers import Trust
from nswatch.collect.chain_walk import Chains, Kept, Verdict
from nswatch.collect.dns import Dns
from nswatch.collect.port import Asked, Collected, Reading, Subject
from nswatch.model import Clock, Facts, Result, Source
from nswatch.names import is_within

ROUND_SECONDS = 150.0
"""What is not validated by then is unknown in this round."""
DOMAIN_SECONDS = 30.0
AT_ONCE = 50
"""So many domains are validated at the same time."""
MAX_QUESTIONS = 12
"""So many answers of a domain are validated, its SOA and NS first."""

AGAIN = "again"

logger = logging.getLogger(__name__)


class Chain:
    """See `nswatch.collect.port.Collecting`."""

    name = "chain"
    every = timedelta(minutes=10)

    def __init__(self, dns: Dns, clock: Clock) -> None:
        self._dns = dns
        self._clock = clock
        self._kept = Kept(clock)

    async def collect(self, subjects: Sequence[Subject], at: datetime) -> Collected:
        """Validate each domain; see `nswatch.collect.port.Collecting`."""
        deadline = asyncio.get_running_loop().time() + ROUND_SECONDS
        places = asyncio.Semaphore(AT_ONCE)
        async with self._dns.asker() as asker:
            walker = self._dns.walker(asker)
            chains = Chains(asker, walker, self._dns.anchors, self._clock, self._kept, deadline)
            try:
                brought = await asyncio.gather(*(self._one(chains, subject, at, places) for subject in subjects))
            finally:
                await chains.aclose()
        return Collected(tuple(reading for readings in brought for reading in readings))

    async def _one(self, chains: Chains, subject: Subject, at: datetime, places: asyncio.Semaphore) -> list[Reading]:
        async with places:
            sent = self._clock()
            deadline = asyncio.get_running_loop().time() + DOMAIN_SECONDS
            verdict = await chains.of(subject.domain, questions_of(subject), deadline)
        received = self._clock()
        return [
            Reading(subject.domain, asked_of(subject.domain, qtype), facts, sent, received)
            for qtype, facts in (("chain", _chain(verdict, subject, at)), ("keys", _keys(verdict)))
            if facts is not None
        ]


def asked_of(domain: str, qtype: str) -> Asked:
    """Return the key of a reading; nobody in particular is asked."""
    return Asked(Source.CHAIN, "", domain, qtype)


def questions_of(subject: Subject) -> list[tuple[str, str]]:
    """Return which answers of a domain's servers are validated: names in it, and types."""
    watched = [(each.name, each.type) for each in subject.expectations.entry.answers]
    own = [(subject.domain, "SOA"), (subject.domain, "NS")]
    return list(dict.fromkeys(each for each in [*own, *watched] if is_within(each[0], subject.domain)))[:MAX_QUESTIONS]


def _chain(verdict: Verdict, subject: Subject, at: datetime) -> Facts:
    if verdict.trust is Trust.UNKNOWN:
        return Facts(Result.OTHER_ERROR, note=f"{verdict.zone}: {verdict.reason}" if verdict.zone else verdict.reason)
    if verdict.trust is Trust.SECURE:
        return Facts(Result.ANSWER, (Trust.SECURE.value,))
    if verdict.trust is Trust.INSECURE:
        return Facts(Result.ANSWER, (Trust.INSECURE.value, verdict.zone))
    before = subject.standing.get(asked_of(subject.domain, "chain"))
    known = () if before is None or before.facts is None else before.facts.values
    found = before is not None and known[:1] == (Trust.BOGUS.value,) and (AGAIN in known[3:] or before.first_pass < at)
    return Facts(Result.ANSWER, (Trust.BOGUS.value, verdict.zone, verdict.reason, *([AGAIN] if found else [])))


def _keys(verdict: Verdict) -> Facts | None:
    """Return a secure zone's keys; what was known of them stands where the chain says nothing."""
    if verdict.keys is None or verdict.trust is not Trust.SECURE:
        return None
    given = [f"ds {each}" for each in verdict.ds]
    return Facts(Result.ANSWER, tuple(sorted([*given, *(f"key {each}" for each in verdict.keys.as_ds())])))
