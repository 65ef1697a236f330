"""What a pass could come to ask, and what nobody would: only the latter goes."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from nswatch.expect.matching import Expectations
from nswatch.expect.networks import AwsRanges, Networks, origin_name
from nswatch.expect.watchlist import Answer, Baseline, Delegation, DomainEntry, Web
from nswatch.model import Facts, Key, Result, Source, Transport, View
from nswatch.observe.reach import ORIGINS, Reach, reach_of
from nswatch.observe.servers import Parent, Server

NOW = datetime(2026, 1, 1, tzinfo=UTC)
REGION, DOMAIN = "us-east-1", "watched.example"
GENUINE = ("ns1.dns.example", "ns2.dns.example")
ENTRY = DomainEntry(
    DOMAIN,
    Delegation(ns=frozenset(GENUINE), soa_mname="ns1.dns.example"),
    answers=(
        Answer(DOMAIN, "MX", values=("10 mx.mail.example",)),
        Answer(f"www.{DOMAIN}", "A", within=("AS64500",)),
    ),
    resolvers=("1.1.1.1", "8.8.8.8"),
    baseline=Baseline(addresses={"ns1.dns.example": ("192.0.2.1",)}),
)
PARENTS = frozenset({"192.5.6.30", "192.33.14.30"})


def view(source: Source, server: str, qname: str, qtype: str, facts: Facts, result: Result | None = None) -> View:
    key = Key(REGION, source, server, qname, qtype)
    return View(key, "", facts, Transport.UDP, NOW, NOW, NOW, result or facts.result, NOW)


def parent(server: str, hosts: Iterable[str], glue: tuple[tuple[str, tuple[str, ...]], ...] = ()) -> View:
    return view(Source.PARENT, server, DOMAIN, "NS", Facts(Result.REFERRAL, tuple(sorted(hosts)), 172800, glue=glue))


def server(address: str, qtype: str = "NS", qname: str = DOMAIN) -> View:
    return view(Source.AUTHORITATIVE, address, qname, qtype, Facts(Result.ANSWER, ("x.example",), 60))


def resolver(address: str, qtype: str, qname: str = DOMAIN) -> View:
    return view(Source.RECURSIVE, address, qname, qtype, Facts(Result.ANSWER, ("x.example",), 60))


def walk(host: str, *addresses: str, result: Result | None = None) -> View:
    facts = Facts(Result.ANSWER if addresses else Result.NXDOMAIN, addresses)
    return view(Source.ITERATIVE, "", host, "A", facts, result)


def reach(
    entry: DomainEntry = ENTRY,
    followed: tuple[tuple[str, tuple[str, ...]], ...] = (),
    parents: frozenset[str] | None = PARENTS,
) -> Reach:
    return Reach(Expectations(entry, NOW, Networks(AwsRanges({}))), followed, parents)


def gone(of: Reach, *views: View) -> set[tuple[str, str, str]]:
    return {(key.server, key.qname, key.qtype) for key in of.gone({each.key: each for each in views})}


def test_nothing_goes_that_is_expected_delegated_or_followed() -> None:
    views = [
        parent("192.5.6.30", GENUINE, glue=(("ns2.dns.example", ("192.0.2.2",)),)),
        parent("192.33.14.30", ("evil.example",), glue=(("evil.example", ("203.0.113.1",)),)),
        *(server(f"192.0.2.{i}", qtype) for i in (1, 2, 3) for qtype in ("NS", "SOA", "MX")),
        walk("ns2.dns.example", "192.0.2.3"),
        walk("evil.example", "203.0.113.2"),
        walk("old-evil.example"),
        server("203.0.113.1"),
        server("203.0.113.2"),
        server("203.0.113.9"),
        *(resolver(address, qtype) for address in ENTRY.resolvers for qtype in ("NS", "MX")),
    ]
    assert gone(reach(followed=(("old-evil.example", ("203.0.113.9",)),)), *views) == set()


@pytest.mark.parametrize(
    ("unasked", "stale"),
    [
        (("192.0.2.99", DOMAIN, "NS"), parent("192.0.2.99", ("old.example",))),
        (("192.0.2.77", DOMAIN, "NS"), server("192.0.2.77")),
        (("192.0.2.1", DOMAIN, "TXT"), server("192.0.2.1", "TXT")),
        (("192.0.2.1", f"old.{DOMAIN}", "MX"), server("192.0.2.1", "MX", f"old.{DOMAIN}")),
        (("9.9.9.9", DOMAIN, "NS"), resolver("9.9.9.9", "NS")),
        (("1.1.1.1", DOMAIN, "TXT"), resolver("1.1.1.1", "TXT")),
        (("", "old.example", "A"), walk("old.example", "203.0.113.1")),
    ],
    ids=["retired parent", "departed server", "record", "name", "resolver", "resolver's record", "host"],
)
def test_view_goes_when_nobody_would_ask_for_it(unasked: tuple[str, str, str], stale: View) -> None:
    assert gone(reach(), parent("192.5.6.30", GENUINE), stale) == {unasked}


def test_what_a_retired_server_of_the_parent_delegated_to_goes_with_it() -> None:
    views = [parent("192.0.2.99", ("old.example",)), walk("old.example", "192.0.2.77"), server("192.0.2.77")]
    assert {address for address, _, _ in gone(reach(), *views)} == {"192.0.2.99", "", "192.0.2.77"}


def test_parents_stay_when_the_walk_to_them_was_not_certain() -> None:
    assert gone(reach(parents=None), parent("192.0.2.99", GENUINE)) == set()


@pytest.mark.parametrize(
    ("certain", "kept"), [(True, {"192.5.6.30", "2001:503:a83e::2:30"}), (False, None)], ids=["certain", "not"]
)
def test_reach_holds_every_address_of_the_parent_when_it_is_certain(certain: bool, kept: set[str] | None) -> None:
    servers = (Server("a.gtld-servers.net", ("192.5.6.30",), ("2001:503:a83e::2:30",)),)
    made = reach_of(reach().expectations, (), Parent("example", servers, certain=certain))
    assert made.parents == kept


def test_silent_servers_stay_with_all_that_they_lead_to() -> None:
    silent = replace(parent("192.5.6.30", ("evil.example",)), result=Result.TIMEOUT)
    lost = walk("evil.example", "203.0.113.1", result=Result.TIMEOUT)
    assert gone(reach(), silent, lost, replace(server("203.0.113.1"), result=Result.TIMEOUT)) == set()


def test_followed_host_that_moved_is_asked_where_it_is_and_not_where_it_was() -> None:
    followed = (("evil.example", ("203.0.113.1", "203.0.113.2")),)
    views = [server("203.0.113.1"), server("203.0.113.2")]
    assert gone(reach(followed=followed), walk("evil.example", "203.0.113.2"), *views) == {
        ("203.0.113.1", DOMAIN, "NS")
    }
    assert gone(reach(followed=followed), walk("evil.example"), *views) == set()


def origin(address: str) -> View:
    return view(Source.ITERATIVE, "", origin_name(address), "TXT", Facts(Result.ANSWER, ("64500 | 198.51.100.0/24",)))


def test_origins_stay_bounded_and_those_of_standing_answers_stay() -> None:
    www = Facts(Result.ANSWER, ("198.51.100.1",), 60)
    held = view(Source.AUTHORITATIVE, "192.0.2.1", f"www.{DOMAIN}", "A", www)
    old = [origin(f"10.0.{i // 256}.{i % 256}") for i in range(ORIGINS + 50)]
    views = [held, replace(origin("198.51.100.1"), first_seen=NOW.replace(year=2020)), *old]
    unasked = gone(reach(), *views)
    assert len(unasked) == 50
    assert origin_name("198.51.100.1") not in {qname for _, qname, _ in unasked}
    plain = replace(ENTRY, answers=ENTRY.answers[:1])
    assert len(gone(reach(plain), *old)) == len(old)


def test_view_of_a_web_site_goes_when_the_watchlist_names_another() -> None:
    facts = Facts(Result.ANSWER, ("shifted=no",))
    views = [view(Source.WEB, host, host, "latency", facts) for host in (DOMAIN, f"www.{DOMAIN}")]
    entry = replace(ENTRY, web=Web(f"https://www.{DOMAIN}/"))
    reach = Reach(Expectations(entry, NOW, Networks(AwsRanges({}), ())), (), PARENTS)
    assert [key.qname for key in reach.gone({each.key: each for each in views})] == [DOMAIN]
