"""A domain's record as three regions keep it: everything in order, to be changed server by server."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta

from nswatch.expect.networks import AwsRanges
from nswatch.expect.watchlist import Answer, Baseline, Delegation, DomainEntry
from nswatch.judge.judgement import Judgement, judge_domain
from nswatch.model import Facts, Finding, Key, Result, Source, Transport, Value, View

T0 = datetime(2026, 1, 1, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
HOUR = timedelta(hours=1)
NOW = T0 + HOUR
"""The moment of most judgements; each region's newest pass is ten seconds old then."""
CHANGED = NOW - 2 * MINUTE
"""When what is changed was first seen: two passes before."""
REGIONS = ("ap-1", "eu-1", "us-1")
DOMAIN = "watched.example"
HOSTS = ("ns1.dnshost.example", "ns2.dnshost.example")
ADDRESS = {"ns1.dnshost.example": "192.0.2.53", "ns2.dnshost.example": "192.0.2.54"}
SERVERS = tuple(ADDRESS.values())
PARENTS = ("203.0.113.1", "203.0.113.2")
RESOLVERS = ("9.9.9.9", "1.1.1.1")
RRset = tuple[str, str]
NS, SOA, MX, A, TXT = ((DOMAIN, qtype) for qtype in ("NS", "SOA", "MX", "A", "TXT"))
WWW = ("www.watched.example", "CNAME")
MAIL_A, MAIL_AAAA = (("mail.watched.example", qtype) for qtype in ("A", "AAAA"))
SPF = "v=spf1 mx -all"

DATA: Mapping[RRset, tuple[tuple[str, ...], int]] = {
    NS: (HOSTS, 172800),
    SOA: (("ns1.dnshost.example hostmaster.dnshost.example 1 7200 900 1209600 86400",), 900),
    MX: (("10 mail.watched.example",), 3600),
    A: (("198.51.100.10",), 300),
    TXT: ((SPF, "another text"), 300),
    WWW: (("site.cdn.example",), 300),
    MAIL_A: (("198.51.100.25",), 300),
}
ENTRY = DomainEntry(
    DOMAIN,
    Delegation(ns=frozenset(HOSTS), soa_mname="ns1.dnshost.example"),
    answers=(
        Answer(DOMAIN, "MX", values=("10 mail.watched.example.",)),
        Answer(DOMAIN, "A", within=("198.51.100.0/24",)),
        Answer(DOMAIN, "TXT", contains=(SPF,)),
        Answer("www.watched.example", "CNAME", values=("site.cdn.example.",)),
    ),
    resolvers=RESOLVERS,
    baseline=Baseline(
        glue={host: (address,) for host, address in ADDRESS.items()},
        addresses={**{host: (address,) for host, address in ADDRESS.items()}, MAIL_A[0]: ("198.51.100.25",)},
        ttls={question: ttl for question, (_, ttl) in DATA.items()},
    ),
)
GLUE = tuple((host, (address,)) for host, address in sorted(ADDRESS.items()))


def answer(*values: str, ttl: int = 300, aliases: tuple[str, ...] = ()) -> Facts:
    return Facts(Result.ANSWER, tuple(sorted(values)), ttl, aliases=aliases)


NODATA, NXDOMAIN = Facts(Result.NODATA), Facts(Result.NXDOMAIN)
LAST = NOW - timedelta(seconds=10)


@dataclass
class Record:
    """Views by key. The methods replace views and return the record, so that they chain."""

    entry: DomainEntry = ENTRY
    views: dict[Key, View] = field(default_factory=dict)
    addresses: dict[str, str] = field(default_factory=lambda: dict(ADDRESS))

    def put(
        self,
        source: Source,
        server: str,
        question: RRset,
        facts: Facts,
        *,
        regions: Iterable[str] = REGIONS,
        first: datetime = CHANGED,
        last: datetime = LAST,
        over: Transport = Transport.TCP,
        host: str = "",
    ) -> "Record":
        for region in regions:
            key = Key(region, source, server, *question)
            old = self.views.get(key)
            if facts.result.definite:
                view = View(key, host, facts, over, first, first, last, facts.result, first)
            elif old is None:
                view = View(key, host, None, over, first, first, last, facts.result, first)
            else:
                view = replace(old, result=facts.result, result_since=first, last_seen=last)
            self.views[key] = view
        return self

    def parent(self, facts: Facts, *, servers: Iterable[str] = PARENTS, **how: object) -> "Record":
        for server in servers:
            self.put(Source.PARENT, server, NS, facts, **how)  # type: ignore[arg-type]
        return self

    def server(self, question: RRset, facts: Facts, *, hosts: Iterable[str] = HOSTS, **how: object) -> "Record":
        for host in hosts:
            self.put(Source.AUTHORITATIVE, self.addresses[host], question, facts, host=host, **how)  # type: ignore[arg-type]
        return self

    def resolver(self, question: RRset, facts: Facts, *, at: Iterable[str] = RESOLVERS, **how: object) -> "Record":
        for address in at:
            self.put(Source.RECURSIVE, address, question, facts, **how)  # type: ignore[arg-type]
        return self

    def walk(self, host: str, facts: Facts, **how: object) -> "Record":
        return self.put(Source.ITERATIVE, "", (host, "A"), facts, **how)  # type: ignore[arg-type]

    def origin(self, name: str, *texts: str) -> "Record":
        facts = answer(*texts) if texts else NXDOMAIN
        return self.put(Source.ITERATIVE, "", (name, "TXT"), facts)

    def zone(self, hosts: Iterable[str], data: Mapping[RRset, tuple[Sequence[str], int]], **how: object) -> "Record":
        for question in (*DATA, MAIL_AAAA):
            values, ttl = data.get(question, ((), 0))
            self.server(question, answer(*values, ttl=ttl) if values else NODATA, hosts=hosts, **how)
        return self

    def silence(self, region: str, since: datetime = CHANGED) -> "Record":
        for key, view in self.views.items():
            if key.region == region:
                self.views[key] = replace(view, last_seen=since)
        return self

    def judge(
        self,
        now: datetime = NOW,
        *,
        followed: Iterable[str] = (),
        doubts: Mapping[Key, datetime] | None = None,
        known: Mapping[str, frozenset[Value]] | None = None,
        aws: AwsRanges | None = None,
    ) -> Judgement:
        return judge_domain(
            self.entry,
            list(self.views.values()),
            doubts or {},
            now,
            list(followed),
            aws=aws or AwsRanges({}),
            known=known or {},
        )

    def findings(self, now: datetime = NOW, **how: object) -> dict[str, Finding]:
        found = self.judge(now, **how).findings  # type: ignore[arg-type]
        by_code = {finding.code: finding for finding in found}
        assert len(by_code) == len(found), "a code is found once"
        return by_code

    def codes(self, now: datetime = NOW, **how: object) -> set[str]:
        return set(self.findings(now, **how))


def referral(hosts: Iterable[str] = HOSTS, glue: tuple[tuple[str, tuple[str, ...]], ...] = GLUE) -> Facts:
    return Facts(Result.REFERRAL, tuple(sorted(hosts)), 172800, (), glue, zone="example")


def in_order(entry: DomainEntry = ENTRY) -> Record:
    """Return a record in which everything is as approved, and has been for an hour."""
    record = Record(entry).parent(referral(), first=T0, over=Transport.UDP)
    record.zone(HOSTS, DATA, first=T0, over=Transport.UDP)
    for host, address in ADDRESS.items():
        record.walk(host, answer(address), first=T0, over=Transport.UDP)
    for question in (*DATA, MAIL_AAAA):
        values, ttl = DATA.get(question, ((), 0))
        if question != SOA:
            facts = answer(*values, ttl=ttl) if values else NODATA
            record.resolver(question, facts, first=T0, over=Transport.UDP)
    return record


FORGED_HOSTS = ("ns1.dnsh0st.example", "ns2.dnsh0st.example")
FORGED_ADDRESS = {"ns1.dnsh0st.example": "203.0.113.66", "ns2.dnsh0st.example": "203.0.113.67"}
FORGED_DATA = {
    **DATA,
    NS: (FORGED_HOSTS, 360000),
    SOA: (("ns1.dnsh0st.example hostmaster.x 1 2 3 4 5",), 900),
    MX: (("10 mx.evil.example",), 60),
}


def hijacked(data: Mapping[RRset, tuple[Sequence[str], int]] = FORGED_DATA) -> Record:
    """Return a record in which the parent gives forged hosts, which serve ``data``; caches are genuine still."""
    record = in_order()
    record.addresses |= FORGED_ADDRESS
    record.parent(referral(FORGED_HOSTS, ()))
    for host, address in FORGED_ADDRESS.items():
        record.walk(host, answer(address))
    return record.zone(FORGED_HOSTS, data)
