"""A watched domain on loopback, its resolvers, and a region that makes passes over it and remembers what it saw."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import dns.flags
import dns.message
from tests.functional.observe.world import HINTS, ROOT, World, Zone, authority
from tests.support.nameserver import Behaviour, reply

from nswatch.expect.networks import AwsRanges
from nswatch.expect.watchlist import Answer, Baseline, Delegation, DomainEntry
from nswatch.model import Key, Observation, Source, View
from nswatch.observe.cache import WalkCache
from nswatch.observe.origins import OriginMemory
from nswatch.observe.probe_pass import observe_domain
from nswatch.observe.recorded import read_record
from nswatch.observe.task import DomainPass, DomainTask, Vantage
from nswatch.observe.walk import Walker
from nswatch.record.recorder import next_view

DOMAIN = "example.com"
TLD = ("192.0.2.1", "192.0.2.2", "192.0.2.3")
NET, GOOD_NET, EVIL_NET, CYMRU = "192.0.2.10", "192.0.2.11", "192.0.2.12", "192.0.2.13"
HOSTS = tuple(f"ns{i}.good.net" for i in range(1, 5))
SERVERS = tuple(f"203.0.113.{i}" for i in range(1, 5))
EVIL = "203.0.113.66"
RESOLVERS = ("198.51.100.11", "198.51.100.12", "198.51.100.13")
ENTRY = DomainEntry(
    DOMAIN,
    Delegation(frozenset(HOSTS), soa_mname=HOSTS[0]),
    answers=(
        Answer(DOMAIN, "MX", values=("10 mx.mail.net.",)),
        Answer(DOMAIN, "A", within=("198.18.0.0/24", "AS64500")),
        Answer(DOMAIN, "TXT", contains=("v=spf1 -all",)),
    ),
    baseline=Baseline(addresses={host: (address,) for host, address in zip(HOSTS, SERVERS, strict=True)}),
    resolvers=RESOLVERS,
)
WATCHED = {(DOMAIN, "MX"), (DOMAIN, "A"), (DOMAIN, "TXT")}


def records(mx: str = "10 mx.mail.net.", address: str = "198.18.0.1") -> list[str]:
    """Return the zone's lines."""
    return [
        f"{DOMAIN}. 900 IN SOA {HOSTS[0]}. hostmaster.{DOMAIN}. 1 7200 900 1209600 86400",
        *(f"{DOMAIN}. 172800 IN NS {host}." for host in HOSTS),
        f"{DOMAIN}. 300 IN MX {mx}",
        f"{DOMAIN}. 60 IN A {address}",
        f'{DOMAIN}. 300 IN TXT "v=spf1 -all"',
    ]


def zone(mx: str = "10 mx.mail.net.", address: str = "198.18.0.1") -> Behaviour:
    """Return a server of the domain."""
    return authority(Zone(DOMAIN, records(mx, address)))


def resolver(mx: str = "10 mx.mail.net.", address: str = "198.18.0.1") -> Behaviour:
    """Return a recursive resolver whose cache holds the domain."""
    inner = zone(mx, address)

    def behave(query: dns.message.Message, transport: str) -> dns.message.Message:
        if not query.flags & dns.flags.RD:
            return reply(query, rcode="REFUSED", aa=False)
        made = inner(query, transport)
        assert isinstance(made, dns.message.Message)
        made.flags = (made.flags | dns.flags.RA) & ~dns.flags.AA
        return made

    return behave


def addresses(of: Sequence[str] = SERVERS) -> Behaviour:
    """Return a server of good.net, the zone of the name servers."""
    return authority(
        Zone("good.net", [f"{host}. 3600 IN A {address}" for host, address in zip(HOSTS, of, strict=True)])
    )


def net(cut: str = GOOD_NET) -> Behaviour:
    """Return a server of net that delegates good.net to ``cut``."""
    return authority(Zone("net", cuts={"good.net": (["ns.good.net"], [("ns.good.net", cut)])}))


def registry(hosts: Sequence[str] = HOSTS, glue: Sequence[tuple[str, str]] = ()) -> Behaviour:
    """Return a server of com."""
    cymru = (["ns.cymru.com"], [("ns.cymru.com", CYMRU)])
    return authority(Zone("com", cuts={DOMAIN: (hosts, glue), "cymru.com": cymru}))


def internet() -> dict[str, Behaviour]:
    """Return everything in order."""
    tld = [f"{letter}.gtld-servers.net" for letter in "abc"]
    cuts: dict[str, tuple[Sequence[str], Sequence[tuple[str, str]]]] = {
        "com": (tld, list(zip(tld, TLD, strict=True))),
        "net": (["ns.nic.net"], [("ns.nic.net", NET)]),
    }
    return {
        ROOT: authority(Zone(".", [". 518400 IN NS a.root-servers.net."], cuts)),
        **dict.fromkeys(TLD, registry()),
        NET: net(),
        GOOD_NET: addresses(),
        EVIL_NET: addresses([EVIL] * 4),
        CYMRU: authority(
            Zone(
                "cymru.com",
                [
                    '1.100.51.198.origin.asn.cymru.com. 300 IN TXT "64500 | 198.51.100.0/24 | US | arin | 2001-01-01"',
                    '2.100.51.198.origin.asn.cymru.com. 300 IN TXT "64666 | 198.51.100.0/24 | US | arin | 2001-01-01"',
                ],
            )
        ),
        **dict.fromkeys(SERVERS, zone()),
        EVIL: zone("10 mail.evil.net."),
        **dict.fromkeys(RESOLVERS, resolver()),
    }


@dataclass
class Region:
    """Passes of one region a minute apart, with a record that is written on change as a hub's is."""

    here: World
    entry: DomainEntry = ENTRY
    index: int = 0
    views: dict[Key, View] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.cache = WalkCache(self.clock)
        self.memory = OriginMemory(self.clock)

    def clock(self) -> datetime:
        """Return the moment in the world."""
        return self.here.now[0]

    async def look(self) -> DomainPass:
        """Make a pass, and let a minute go by."""
        expectations, record = read_record(self.entry, [self.views], AwsRanges({}), self.clock())
        made = await observe_domain(
            DomainTask(expectations, (), record, everything=not self.views),
            asker=self.here.transport,
            walker=Walker(self.here.transport, HINTS, self.clock, cache=self.cache),
            vantage=Vantage(f"r{self.index}", self.index, 3, self.clock(), 1),
            clock=self.clock,
            deadline=self.here.deadline(),
            origins=self.memory,
        )
        for observation in made.observations:
            self.views[observation.key] = next_view(self.views.get(observation.key), observation)
        self.here.now[0] += timedelta(minutes=1)
        return made

    async def until(self, source: Source, qtype: str, values: Sequence[str]) -> tuple[int, DomainPass]:
        """Make passes until somebody gives ``values``; return how many, and the last one."""
        for passes in range(1, 7):
            made = await self.look()
            if any(one.facts.values == tuple(values) for one in seen(made, source, qtype).values()):
                return passes, made
        raise AssertionError("not seen in six passes")


def seen(made: DomainPass, source: Source, qtype: str, qname: str | None = None) -> dict[str, Observation]:
    """Return the observations of one kind by server address; of the walk's by name."""
    return {
        one.key.server or one.key.qname: one
        for one in made.observations
        if one.key.source is source and one.key.qtype == qtype and qname in (None, one.key.qname)
    }
