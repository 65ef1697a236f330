"""One pass over one domain from here: the parent, the zone's own servers and the resolvers, each asked everything."""

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from nswatch.expect.matching import Expectations, Verdict
from nswatch.expect.networks import AwsRanges, origin_name
from nswatch.expect.watchlist import DomainEntry
from nswatch.model import Clock, Result, Source, Transport
from nswatch.observe.budget import NAMES, Budget
from nswatch.observe.delegation_round import Line, Reading
from nswatch.observe.plan import Target
from nswatch.observe.servers import Addresses, Lookup
from nswatch.observe.transport import Asker
from nswatch.observe.walk import Walker
from nswatch_cli.check.asking import Departs, Named, answer_of, ask_server, confirm
from nswatch_cli.check.compare import ADDRESSES, compare, content, networks
from nswatch_cli.check.parents import Round, ask_parents, glue_of
from nswatch_cli.check.values import Look, Record, ServerAnswer, gives, key_of

QUERIES, _CONCURRENT = 800, 64
"""One look by hand may cost more than one of a thousand passes a day; 13 hosts with two addresses each fit in."""
_WALKS, _HOST = 150, 30
"""How many of a domain's queries all look-ups of its name servers may use together, and one of them."""
_ORIGINS, _PLACES = 8, 4
"""How many addresses' announcers are looked up; at how many addresses that a walk finds a host is asked."""
ALWAYS = ("MX", "A", "AAAA", "TXT")
AT_WWW = ("A", "AAAA", "CNAME")
NOT_HERE = "IPv6 does not work from here"
_WITHOUT_ADDRESS = {
    Lookup.NXDOMAIN: "its name does not exist",
    Lookup.NODATA: "its name has no address",
    Lookup.UNKNOWN: "its address could not be found out",
    Lookup.FOUND: "",
}


@dataclass(frozen=True, slots=True)
class Order:
    """What to look at: ``entry`` is None without a watchlist, ``resolvers`` are addresses, ``at`` is now."""

    domain: str
    entry: DomainEntry | None
    resolvers: tuple[str, ...]
    at: datetime
    aws: AwsRanges

    def expectations(self, origins: Mapping[str, Sequence[str]]) -> Expectations | None:
        """Return what is approved; ``origins`` are the texts that say who announces an address."""
        if self.entry is None:
            return None
        return Expectations(self.entry, self.at, networks(self.aws, origins))

    def questions(self) -> tuple[Named, ...]:
        """Return what servers and resolvers are asked, the apex NS first."""
        expectations = self.expectations({})
        watched = expectations.watched() if expectations is not None else ()
        usual = [(self.domain, qtype) for qtype in ALWAYS]
        at_www = [(f"www.{self.domain}", qtype) for qtype in AT_WWW]
        return tuple(dict.fromkeys([(self.domain, "NS"), (self.domain, "SOA"), *watched, *usual, *at_www]))


async def look_at(order: Order, *, asker: Asker, walker: Walker, clock: Clock, seconds: float) -> Look:
    """Ask everything about a domain within ``seconds``; never raises for what the network does."""
    return await _Look(order, asker, walker, clock, seconds).run()


@dataclass(frozen=True, slots=True)
class _Heard:
    """All readings of one server's address (or a resolver's), by question."""

    source: Source
    target: Target
    readings: Mapping[Named, Reading]


@dataclass(slots=True)
class _Look:
    order: Order
    asker: Asker
    walker: Walker
    clock: Clock
    seconds: float
    budget: Budget = field(default_factory=lambda: Budget(QUERIES, concurrent=_CONCURRENT))
    walks: Budget = field(init=False)
    started: float = field(default_factory=lambda: asyncio.get_running_loop().time())

    def __post_init__(self) -> None:
        self.walks = self.budget.share(_WALKS)

    def line(self, udp: float, tcp: float) -> Line:
        """Return the way to the servers until these parts of the time are over."""
        return Line(self.asker, self.budget, self.clock, self.at(udp), self.at(tcp))

    def at(self, part: float) -> float:
        """Return the loop time at which this part of the time is over."""
        return self.started + self.seconds * part

    async def run(self) -> Look:
        (zone, parents, hosts, own, lost), cached = await asyncio.gather(self._zone(), self._resolvers())
        heard = [*own, *cached]
        origins = await self._origins(heard)
        heard = await self._confirm(heard, self.order.expectations(origins), list(gives(parents.answers)))
        of_apex = (self.order.domain, "NS")
        children = [*_answers(heard, of_apex, Source.AUTHORITATIVE), *lost]
        return Look(
            domain=self.order.domain,
            at=self.order.at,
            zone=zone,
            parents=tuple(sorted(parents.answers, key=_place)),
            children=tuple(sorted(children, key=_place)),
            interception=self.walker.interception,
            seconds=asyncio.get_running_loop().time() - self.started,
            resolvers=_answers(heard, of_apex, Source.RECURSIVE),
            records=tuple(_record(heard, named) for named in self.order.questions()[1:]),
            hosts=hosts,
            glue=glue_of(parents.answers, zone),
            origins=origins,
            ipv6=parents.ipv6,
        )

    # The zone

    async def _zone(self) -> tuple[str, Round, tuple[Addresses, ...], list[_Heard], list[ServerAnswer]]:
        domain, entry = self.order.domain, self.order.entry
        expectations = self.order.expectations({})
        sets = expectations.allowed.ns_sets if expectations is not None else ()
        parent = await self.walker.parent_of(domain, self.budget, self.at(0.4))
        parents = await ask_parents(domain, parent, sets, self.line(0.55, 0.65))
        glue = glue_of(parents.answers, parent.zone)
        known = _known(entry)
        hosts = self._hosts(parents.answers, sets)
        found = await asyncio.gather(
            *(self._host(host, glue.get(host, ()), known.get(host, ()), parents.ipv6 is not False) for host in hosts)
        )
        addresses = tuple(each for each, _, _ in found)
        return (
            parent.zone,
            parents,
            addresses,
            [heard for _, several, _ in found for heard in several],
            [answer for _, _, lost in found for answer in lost],
        )

    def _hosts(self, parents: Iterable[ServerAnswer], sets: Sequence[frozenset[str]]) -> list[str]:
        """Return the expected hosts and, as many as we are willing to ask, the others that are delegated."""
        expected = frozenset[str]().union(*sets)
        listed = {host: None for each in gives(parents) for host in sorted(each) if not host.startswith("(")}
        return [*sorted(expected), *[host for host in listed if host not in expected][:NAMES]]

    async def _host(
        self, host: str, glue: Sequence[str], known: Sequence[str], ipv6: bool
    ) -> tuple[Addresses, list[_Heard], list[ServerAnswer]]:
        """Ask a host at its glue and meanwhile look its addresses up; then ask it at those that are new."""
        heard, found = await asyncio.gather(self._ask_at(host, glue, ipv6), self._walk(host, known or glue))
        more = [address for address in dict.fromkeys((*found.addresses[:_PLACES], *known)) if address not in glue]
        heard += await self._ask_at(host, more, ipv6)
        if not (glue or more):
            return found, heard, [ServerAnswer(host, note=_WITHOUT_ADDRESS[found.result])]
        untried = [] if heard else [ServerAnswer(host, address, note=NOT_HERE) for address in (*glue, *more)]
        return found, heard, untried

    async def _walk(self, host: str, known: Sequence[str]) -> Addresses:
        """Look a host up; over TCP again when that finds other addresses than are ``known``."""
        found = await self.walker.addresses_of(host, self.walks.share(_HOST), self.at(0.6))
        if found.result is not Lookup.FOUND or not known or set(found.addresses) <= set(known):
            return found
        again = await self.walker.addresses_of(host, self.walks.share(_HOST), self.at(0.7), over=Transport.TCP)
        return found if again.result is Lookup.UNKNOWN else again

    async def _ask_at(self, host: str, addresses: Iterable[str], ipv6: bool) -> list[_Heard]:
        targets = [Target(host, address) for address in addresses if ipv6 or ":" not in address]
        return await self._ask(targets, Source.AUTHORITATIVE)

    # The resolvers

    async def _resolvers(self) -> list[_Heard]:
        return await self._ask([Target("", address) for address in self.order.resolvers], Source.RECURSIVE)

    async def _ask(self, targets: Sequence[Target], source: Source) -> list[_Heard]:
        questions, line = self.order.questions(), self.line(0.8, 0.85)
        recursive = source is Source.RECURSIVE
        asked = [ask_server(target, questions, line, recursive=recursive) for target in targets]
        return [
            _Heard(source, target, dict(zip(questions, readings, strict=True)))
            for target, readings in zip(targets, await asyncio.gather(*asked), strict=True)
        ]

    async def _origins(self, heard: Sequence[_Heard]) -> dict[str, tuple[str, ...]]:
        """Ask who announces the addresses about which the watchlist's AS numbers decide.

        What speaks against an address counts when TCP says it too.
        """
        names = self._origin_names(heard, {}, Verdict.UNKNOWN)
        told = await self._texts(names[:_ORIGINS], Transport.UDP)
        doubtful = told.keys() & set(self._origin_names(heard, told, Verdict.UNEXPECTED))
        certain = {name: texts for name, texts in told.items() if name not in doubtful}
        return certain | await self._texts(sorted(doubtful), Transport.TCP)

    def _origin_names(
        self, heard: Sequence[_Heard], origins: Mapping[str, Sequence[str]], verdict: Verdict
    ) -> list[str]:
        """Return by what names to look up the addresses of those answers that compare so."""
        expectations = self.order.expectations(origins)
        if expectations is None:
            return []
        found = {
            origin_name(address): None
            for each in heard
            for (qname, qtype), reading in each.readings.items()
            if qtype in ADDRESSES and reading.facts.result is Result.ANSWER
            and expectations.verdict(key_of(each.source, answer_of(reading), qname, qtype), reading.facts) is verdict
            for address in reading.facts.values
        }  # fmt: skip
        return list(found)

    async def _texts(self, names: Iterable[str], over: Transport) -> dict[str, tuple[str, ...]]:
        found = await asyncio.gather(
            *(self.walker.texts_of(name, self.walks.share(_HOST), self.at(0.9), over=over) for name in names)
        )
        return {each.name: each.values for each in found if each.result in (Lookup.FOUND, Lookup.NXDOMAIN)}

    # What departs

    async def _confirm(
        self, heard: Sequence[_Heard], expectations: Expectations | None, given: Sequence[frozenset[str]]
    ) -> list[_Heard]:
        line = self.line(0.97, 1.0)
        questions = self.order.questions()
        usual = {named: compare(_record(heard, named), None).groups for named in questions[1:]}

        def departing(source: Source, named: Named) -> Departs:
            def departs(reading: Reading) -> bool:
                facts = reading.facts
                if expectations is not None:
                    verdict = expectations.verdict(key_of(source, answer_of(reading), *named), facts)
                    return verdict in (Verdict.UNEXPECTED, Verdict.MISSING)
                if named == questions[0]:
                    return not (facts.result is Result.ANSWER and frozenset(facts.values) in given[:1])
                said = content(named[1], facts)
                return said is not None and said != content(named[1], usual[named][0].facts)

            return departs

        async def one(each: _Heard) -> _Heard:
            readings = await asyncio.gather(
                *(confirm(reading, departing(each.source, named), line) for named, reading in each.readings.items())
            )
            return _Heard(each.source, each.target, dict(zip(each.readings, readings, strict=True)))

        return list(await asyncio.gather(*map(one, heard)))


def _known(entry: DomainEntry | None) -> Mapping[str, tuple[str, ...]]:
    """Return the addresses that name servers had when they were approved."""
    if entry is None:
        return {}
    base = entry.baseline
    return {host: (*base.glue.get(host, ()), *base.addresses.get(host, ())) for host in {*base.glue, *base.addresses}}


def _record(heard: Iterable[_Heard], named: Named) -> Record:
    return Record(*named, *(_answers(heard, named, source) for source in (Source.AUTHORITATIVE, Source.RECURSIVE)))


def _answers(heard: Iterable[_Heard], named: Named, source: Source) -> tuple[ServerAnswer, ...]:
    found = (answer_of(each.readings[named]) for each in heard if each.source is source)
    return tuple(sorted(found, key=_place))


def _place(answer: ServerAnswer) -> tuple[str, bool, str]:
    return answer.host, ":" in answer.address, answer.address
