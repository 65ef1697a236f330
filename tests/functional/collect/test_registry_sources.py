"""Look-alikes and free domains, asked of real name servers and a real RDAP service on loopback, with faults."""

import asyncio
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

import dns.message
import pytest
from tests.support.https import Server, answer, answer_json, server, trusting
from tests.support.nameserver import NameServer, Reply, referral, reply

from nswatch.collect.bootstrap import Bootstrap
from nswatch.collect.candidates import Candidates
from nswatch.collect.dns import Dns
from nswatch.collect.http import get
from nswatch.collect.port import Asked, Collected, Collecting, Subject
from nswatch.collect.rdap import RdapClient
from nswatch.collect.registry_domains import RegistryDomains
from nswatch.expect.matching import Expectations
from nswatch.expect.near_misses import Newcomer, Register, read_register
from nswatch.expect.networks import NO_RANGES, Networks
from nswatch.expect.watchlist import Delegation, DomainEntry
from nswatch.judge.lookalike import near_misses
from nswatch.model import Key, Result, Source, Transport, View
from nswatch.observe.cache import WalkCache
from nswatch.observe.servers import Server as Hint
from nswatch.observe.transport import DnsTransport

START = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
ROUND = timedelta(hours=1)
DOMAIN, HOSTS = "watched.test", ("ns1.dnshost.test", "ns2.dnshost.test")
BASE, TWIN, PLURAL = "dnshost.test", "dnsh0st.test", "dnshosts.test"
ROOT, ONE, TWO = "192.0.2.1", "192.0.2.11", "192.0.2.12"
Behave = Callable[[dns.message.Message, str], "Reply | Sequence[Reply] | None"]


class Impatient(Dns):
    """A way into DNS that does not wait for servers as long as the Internet needs."""

    def asker(self) -> DnsTransport:
        return DnsTransport(self.clock, route=self.route, timeout=0.1, tcp_timeout=0.2)


class Net:
    """A root, the registry of ``.test`` with two servers, its RDAP service, and the clock."""

    def __init__(self, site: Server) -> None:
        self.site = site
        self.now = START
        self.zone: dict[str, tuple[str, ...]] = {DOMAIN: HOSTS, BASE: HOSTS}
        self.behave: dict[str, Behave] = {ONE: self.registry, TWO: self.registry}
        self.asked: list[tuple[str, str, str]] = []
        self.publish(["test"])

    def clock(self) -> datetime:
        return self.now

    def publish(self, tlds: Sequence[str]) -> None:
        services = [[list(tlds), [f"{self.site.url}/rdap/"]], [[f"t{n}" for n in range(700)], ["https://x.example/"]]]
        self.site.answers["/dns.json"] = answer_json({"version": "1.0", "services": services})

    def registered(self, name: str, at: str = "2026-11-23T12:30:00Z", registrar: str = "Registrar B") -> None:
        self.zone[name] = ("ns1.parking.example",)
        self.site.answers[f"/rdap/domain/{name}"] = answer_json(
            {
                "objectClassName": "domain",
                "ldhName": name,
                "events": [{"eventAction": "registration", "eventDate": at}],
                "entities": [{"roles": ["registrar"], "vcardArray": ["vcard", [["fn", {}, "text", registrar]]]}],
            }
        )

    def root(self, query: dns.message.Message, transport: str) -> Reply:  # noqa: ARG002
        if query.question[0].name.to_text().lower().endswith("test."):
            glue = [("a.nic.test", ONE), ("b.nic.test", TWO)]
            return referral(query, "test", [host for host, _ in glue], glue)
        return reply(query, rcode="NXDOMAIN", authority=[". 900 IN SOA a.root. b.root. 1 2 3 4 5"])

    def registry(self, query: dns.message.Message, transport: str) -> Reply:  # noqa: ARG002
        name = query.question[0].name.to_text(omit_final_dot=True).lower()
        if name in self.zone:
            return referral(query, name, self.zone[name])
        return reply(query, rcode="NXDOMAIN", authority=["test. 900 IN SOA a.nic.test. b.nic.test. 1 2 3 4 5"])

    async def collect(self, source: str, standing: Mapping[Asked, View]) -> Collected:
        async with (
            NameServer(self.root) as root,
            NameServer(self.behave[ONE]) as one,
            NameServer(self.behave[TWO]) as two,
        ):
            ports = {ROOT: root.port, ONE: one.port, TWO: two.port}
            fetch = partial(get, trust=trusting(), timeout=2.0, limit=100_000)
            rdap = RdapClient(Bootstrap(self.clock, f"{self.site.url}/dns.json", fetch), self.clock, fetch)
            hints = (Hint("a.root", (ROOT,)),)
            asked = Impatient(self.clock, lambda address: ("127.0.0.1", ports[address]), hints)
            cache = WalkCache(self.clock)
            made: Collecting = (
                Candidates(asked, rdap, self.clock, cache, self.names)
                if source == "candidates"
                else RegistryDomains(asked, rdap, self.clock, cache)
            )
            entry = DomainEntry(DOMAIN, Delegation(ns=frozenset(HOSTS)))
            subject = Subject(Expectations(entry, self.now, Networks(NO_RANGES, ())), standing)
            collected = await made.collect([subject], self.now)
            self.asked = one.queries + two.queries
            return collected

    @staticmethod
    def names(domain: str) -> tuple[str, ...]:
        few = [name for name in near_misses(domain, 20) if name.endswith(".test")]
        return tuple(dict.fromkeys([*few, *([TWIN, PLURAL] if domain == BASE else [])]))


@pytest.fixture
def net() -> Iterator[Net]:
    with ExitStack() as stack:
        yield Net(stack.enter_context(server()))


def look(net: Net, source: str, before: Mapping[Asked, View] | None = None) -> dict[Asked, View]:
    """Run a round, and return what stands after it, as a collector's record has it."""
    standing = dict(before or {})
    for reading in asyncio.run(net.collect(source, standing)).readings:
        old = standing.get(reading.asked)
        facts = reading.facts if reading.facts.result.definite else None if old is None else old.facts
        key = Key("us-1", reading.asked.source, reading.asked.server, reading.asked.qname, reading.asked.qtype)
        first = old.first_pass if old is not None and old.facts == facts else net.now
        result = reading.facts.result
        standing[reading.asked] = View(
            key, reading.facts.note, facts, Transport.TCP, first, first, net.now, result, first
        )
    net.now += ROUND
    return standing


def register(standing: Mapping[Asked, View], base: str = BASE) -> Register:
    view = next(view for asked, view in standing.items() if asked.qname == base)
    assert view.facts is not None
    found = read_register(view.facts.values)
    assert found is not None
    return found


def result(standing: Mapping[Asked, View], base: str = BASE) -> tuple[Result, str]:
    view = next(view for asked, view in standing.items() if asked.qname == base)
    return view.result, view.server_name


# Candidates


def test_candidate_is_new_when_it_comes_into_existence_after_the_baseline(net: Net) -> None:
    net.registered(PLURAL, "2015-01-01T00:00:00Z")
    first = look(net, "candidates")
    assert register(first).there == {PLURAL}
    assert not register(first).new
    net.registered(TWIN)
    net.now += timedelta(minutes=5)
    found = register(look(net, "candidates", first))
    assert found.there == {PLURAL}
    (newcomer,) = found.new.values()
    assert (newcomer.name, newcomer.registrar, newcomer.registered, newcomer.nameservers, newcomer.note) == (
        TWIN, "Registrar B", "2026-11-23T12:30:00.000Z", ("ns1.parking.example",), "",
    )  # fmt: skip
    assert newcomer.since == START + ROUND + timedelta(minutes=5)


def test_candidate_is_new_with_an_unknown_date_when_rdap_refuses(net: Net) -> None:
    first = look(net, "candidates")
    net.registered(TWIN)
    net.site.answers[f"/rdap/domain/{TWIN}"] = answer(403)
    newcomer = register(look(net, "candidates", first)).new[TWIN]
    assert (newcomer.registered, newcomer.registrar, newcomer.note) == ("", "", "HTTP status 403")


def test_candidate_that_was_in_no_zone_is_not_new_when_it_was_registered_years_ago(net: Net) -> None:
    first = look(net, "candidates")
    net.registered(TWIN, "2012-01-01T00:00:00Z")
    found = register(look(net, "candidates", first))
    assert (set(found.there), dict(found.new)) == ({TWIN}, dict[str, Newcomer]())


def test_candidates_are_asked_about_once_for_all_that_rest_on_them(net: Net) -> None:
    look(net, "candidates")
    names = [name for over, name, qtype in net.asked if over == "udp" and name in net.names(BASE)]
    assert set(names) == set(net.names(BASE))
    assert len(names) < 2 * len(net.names(BASE))  # a few are repeated where the machine is too busy to answer in time


def broken(query: dns.message.Message, transport: str) -> Reply | None:
    return reply(query, rcode="SERVFAIL", aa=False)


def lame(query: dns.message.Message, transport: str) -> Reply | None:
    return reply(query, aa=False, authority=["test. 60 IN NS a.nic.test."])


def silent(query: dns.message.Message, transport: str) -> Reply | None:
    return None


def wildcard(query: dns.message.Message, transport: str) -> Reply | None:
    name = query.question[0].name.to_text()
    return reply(query, answer=[f"{name} 60 IN NS ns1.parking.example."])


def empty(query: dns.message.Message, transport: str) -> Reply | None:
    return reply(query, authority=["test. 900 IN SOA a.nic.test. b.nic.test. 1 2 3 4 5"])


@pytest.mark.parametrize(
    ("behave", "why"),
    [
        pytest.param(broken, "no server of the registry of .test answers", id="SERVFAIL"),
        pytest.param(lame, "no server of the registry of .test answers", id="lame"),
        pytest.param(wildcard, "the registry of .test has an answer for every name", id="wildcard"),
        pytest.param(empty, "no server of the registry of .test answers", id="NODATA"),
    ],
)
def test_candidates_stay_what_they_were_when_the_registry_says_nothing(net: Net, behave: Behave, why: str) -> None:
    first = look(net, "candidates")
    net.registered(TWIN)
    net.behave = {ONE: behave, TWO: behave}
    second = look(net, "candidates", first)
    assert register(second) == register(first)
    assert result(second) == (Result.TIMEOUT, why)
    net.behave = {ONE: net.registry, TWO: net.registry}
    assert set(register(look(net, "candidates", second)).new) == {TWIN}


def test_candidates_have_their_baseline_later_when_the_registry_is_silent_at_first(net: Net) -> None:
    net.behave = {ONE: broken, TWO: broken}
    first = look(net, "candidates")
    assert result(first)[0] is Result.TIMEOUT
    net.registered(TWIN)
    net.behave = {ONE: net.registry, TWO: net.registry}
    found = register(look(net, "candidates", first))
    assert (set(found.there), dict(found.new)) == ({TWIN}, dict[str, Newcomer]())


@pytest.mark.parametrize("bad", [broken, lame, silent], ids=["SERVFAIL", "lame", "silent"])
def test_candidate_is_found_by_the_server_that_works_when_the_other_does_not(net: Net, bad: Behave) -> None:
    net.behave[ONE] = bad
    first = look(net, "candidates")
    net.registered(TWIN)
    assert set(register(look(net, "candidates", first)).new) == {TWIN}


def test_candidate_is_not_believed_when_the_servers_do_not_agree(net: Net) -> None:
    first = look(net, "candidates")
    net.behave[TWO] = lambda query, over: (
        referral(query, TWIN, ["ns1.evil.example"])
        if query.question[0].name.to_text().lower() == f"{TWIN}."
        else net.registry(query, over)
    )
    found = register(look(net, "candidates", first))
    assert (set(found.there), dict(found.new)) == (set[str](), dict[str, Newcomer]())


# Free domains


def exists(standing: Mapping[Asked, View]) -> dict[str, tuple[str, ...]]:
    return {asked.qname: view.facts.values for asked, view in standing.items() if view.facts is not None}


def test_domain_is_there_when_the_registry_delegates_it(net: Net) -> None:
    assert exists(look(net, "domains")) == {BASE: ("there",)}
    assert not [path for path in net.site.asked if "/domain/" in path]


def test_domain_is_free_when_dns_and_rdap_say_so(net: Net) -> None:
    del net.zone[BASE]
    net.site.answers[f"/rdap/domain/{BASE}"] = answer(404)
    first = look(net, "domains")
    assert exists(first) == {BASE: ("dns+rdap", "free")}
    net.site.answers[f"/rdap/domain/{BASE}"] = answer(429, retry_after="30")
    assert exists(look(net, "domains", first)) == {BASE: ("dns+rdap", "free")}


@pytest.mark.parametrize("how", ["refuses", "none"])
def test_domain_is_free_by_dns_alone_when_rdap_says_nothing(net: Net, how: str) -> None:
    del net.zone[BASE]
    if how == "none":
        net.publish(["elsewhere"])
    net.site.answers[f"/rdap/domain/{BASE}"] = answer(403)
    first = look(net, "domains")
    assert exists(first) == {BASE: ("dns", "free")}
    assert exists(look(net, "domains", first)) == {BASE: ("again", "dns", "free")}


def test_domain_is_there_when_it_is_on_hold_at_the_registry(net: Net) -> None:
    net.registered(BASE)
    del net.zone[BASE]
    assert exists(look(net, "domains")) == {BASE: ("there",)}


@pytest.mark.parametrize("behave", [broken, wildcard], ids=["SERVFAIL", "wildcard"])
def test_domain_stays_what_it_was_when_the_registry_says_nothing(net: Net, behave: Behave) -> None:
    first = look(net, "domains")
    net.behave = {ONE: behave, TWO: behave}
    assert exists(look(net, "domains", first)) == {BASE: ("there",)}


def test_delegated_hosts_domain_is_asked_about_and_forgotten_when_it_is_delegated_no_more(net: Net) -> None:
    net.zone[DOMAIN] = ("ns1.dnshost.test", "ns2.dnshots.test")
    net.site.answers["/rdap/domain/dnshots.test"] = answer(404)
    first = look(net, "domains")
    assert exists(first) == {BASE: ("there",), "dnshots.test": ("dns+rdap", "free")}
    net.zone[DOMAIN] = HOSTS
    collected: Any = asyncio.run(net.collect("domains", first))
    assert collected.forgotten == ((DOMAIN, Asked(Source.REGISTRY, "test", "dnshots.test", "exists")),)
