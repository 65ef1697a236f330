"""The slow source `RegistryDomains`: whether the domains that name servers are in are registered at all."""

import asyncio
from collections.abc import Collection, Sequence
from datetime import datetime, timedelta

from nswatch.collect.dns import Dns
from nswatch.collect.port import Asked, Collected, Reading, Subject
from nswatch.collect.rdap import RdapClient
from nswatch.collect.registry import Registries, Said, State
from nswatch.expect.registrable import AGAIN, ATTRIBUTE, FREE, THERE, By
from nswatch.model import Clock, Facts, Question, Result, Source
from nswatch.names import registry_domain
from nswatch.observe.budget import Budget
from nswatch.observe.cache import WalkCache
from nswatch.observe.reply import Kind, read_reply
from nswatch.observe.transport import Asker
from nswatch.observe.walk import Walker

ROUND_SECONDS = 120.0
_PARENTS, _QUERIES = 4, 40


class RegistryDomains:
    """See `nswatch.collect.port.Collecting`; the values are those of `nswatch.expect.registrable`.

    Asked about are the domains of expected and approved name servers, and of those that the parent names now: its
    servers are asked here too, because what a probe sees is not a collector's to know.
    """

    name = f"{Source.REGISTRY}/domains"
    every = timedelta(minutes=10)

    def __init__(self, dns: Dns, rdap: RdapClient, clock: Clock, cache: WalkCache) -> None:
        self._dns = dns
        self._rdap = rdap
        self._clock = clock
        self._cache = cache

    async def collect(self, subjects: Sequence[Subject], at: datetime) -> Collected:
        """Ask about each domain once; see `nswatch.collect.port.Collecting`."""
        deadline = asyncio.get_running_loop().time() + ROUND_SECONDS
        sent = self._clock()
        async with self._dns.asker() as asker:
            walker = self._dns.walker(asker, self._cache)
            registries = Registries(asker, walker, self._clock, deadline)
            try:
                given = await asyncio.gather(*(self._given(each, asker, walker, deadline) for each in subjects))
                wanted = {each.domain: _domains(each, hosts) for each, hosts in zip(subjects, given, strict=True)}
                said = await registries.look(sorted({name for names in wanted.values() for name in names}))
                free = [name for name, each in said.items() if each.state is State.FREE]
                said |= dict(zip(free, await asyncio.gather(*map(registries.confirm, free)), strict=True))
            finally:
                await registries.aclose()
        by = dict(zip(said, await asyncio.gather(*(self._by(name, said[name]) for name in said)), strict=True))
        received = self._clock()
        readings = [
            Reading(each.domain, asked_of(name), _facts(each, name, said[name], by[name], at), sent, received)
            for each in subjects
            for name in wanted[each.domain]
        ]
        gone = [
            (each.domain, asked)
            for each, hosts in zip(subjects, given, strict=True)
            for asked in each.standing
            if hosts and asked.qtype == ATTRIBUTE and asked.qname not in wanted[each.domain]
        ]
        return Collected(tuple(readings), tuple(gone))

    async def _given(self, subject: Subject, asker: Asker, walker: Walker, deadline: float) -> frozenset[str]:
        """Return the hosts that the parent's servers name; none where nobody says."""
        budget = Budget(_QUERIES)
        parent = await walker.parent_of(subject.domain, budget, deadline)
        addresses = [server.addresses[0] for server in parent.servers[:_PARENTS]]
        questions = [Question(address, subject.domain, "NS", dnssec_ok=False) for address in addresses]
        outcomes = await budget.ask(asker, questions, deadline=deadline, clock=self._clock)
        replies = [read_reply(outcome, parent.zone) for outcome in outcomes]
        named = (each for each in replies if each.kind is Kind.REFERRAL and each.owner == subject.domain)
        return frozenset(server.name for reply in named for server in reply.servers)

    async def _by(self, name: str, said: Said) -> By | None:
        """Return who says that a name is free; None where it is not, by the registry's record if not by its zone."""
        if said.state is not State.FREE:
            return None
        answer = await self._rdap.lookup(name)
        if answer.result is Result.ANSWER:
            return None
        return By.BOTH if answer.result is Result.NXDOMAIN else By.DNS


def asked_of(name: str) -> Asked:
    """Return the key of a reading: the zone above the name is who is asked."""
    return Asked(Source.REGISTRY, name.partition(".")[2], name, ATTRIBUTE)


def _domains(subject: Subject, given: Collection[str]) -> frozenset[str]:
    """Return the registered domains of the expected, approved and delegated hosts."""
    names = (registry_domain(host) for host in {*subject.expectations.allowed.hosts, *given})
    return frozenset(name for name in names if name is not None)


def _facts(subject: Subject, name: str, said: Said, by: By | None, at: datetime) -> Facts:
    if said.state is State.UNKNOWN:
        return Facts(Result.TIMEOUT, note=said.note)
    if by is None:
        return Facts(Result.ANSWER, (THERE,))
    before = subject.standing.get(asked_of(name))
    known = () if before is None or before.facts is None else before.facts.values
    if by is By.BOTH or By.BOTH.value in known:
        return _free(By.BOTH.value)  # that RDAP refuses to say it again makes it no less true
    again = before is not None and FREE in known and (AGAIN in known or before.first_pass < at)
    return _free(By.DNS.value, *([AGAIN] if again else []))


def _free(*how: str) -> Facts:
    return Facts(Result.ANSWER, tuple(sorted((FREE, *how))))
