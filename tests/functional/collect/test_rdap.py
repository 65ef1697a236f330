"""RDAP against a real HTTPS server on loopback: a registry that answers, refuses, and is slow."""

import asyncio
import json
import socket
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

import pytest
from tests.support.https import Server, answer, answer_json, raw, server, trusting

from nswatch.collect import rdap
from nswatch.collect.bootstrap import Bootstrap
from nswatch.collect.http import get
from nswatch.collect.port import Asked, Collected, Reading, Subject
from nswatch.collect.rdap import Rdap, RdapAnswer, RdapClient
from nswatch.expect.matching import Expectations
from nswatch.expect.networks import NO_RANGES, Networks
from nswatch.expect.watchlist import Delegation, DomainEntry
from nswatch.model import Facts, Key, Result, Source, Transport, View

START = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
NAME, HOSTS = "watched.example", ("ns1.dnshost.example", "ns2.dnshost.example")
DOCUMENT: dict[str, Any] = {
    "objectClassName": "domain",
    "ldhName": NAME,
    "status": ["client transfer prohibited"],
    "events": [
        {"eventAction": "last changed", "eventDate": "2020-01-10T09:00:00+09:00"},
        {"eventAction": "expiration", "eventDate": "2035-01-10T00:00:00Z"},
    ],
    "entities": [
        {
            "roles": ["registrar"],
            "publicIds": [{"type": "IANA Registrar ID", "identifier": "9999"}],
            "vcardArray": ["vcard", [["fn", {}, "text", "Registrar A"]]],
        }
    ],
    "nameservers": [{"ldhName": host.upper()} for host in HOSTS],
    "secureDNS": {"delegationSigned": False},
}


class Registry:
    """A registry of ``.example`` and the clock by which it is asked."""

    def __init__(self, site: Server) -> None:
        self.site = site
        self.now = START
        self.publish()
        self.says(NAME)
        self.says("dnshost.example")

    def publish(self, **members: Any) -> None:
        services = [
            [["example"], [f"{self.site.url}/rdap/"]],
            [[f"tld{n}" for n in range(700)], ["https://x.example/"]],
        ]
        self.site.answers["/dns.json"] = answer_json({"version": "1.0", "services": services, **members})

    def says(self, name: str, **members: Any) -> None:
        self.site.answers[f"/rdap/domain/{name}"] = answer_json({**DOCUMENT, "ldhName": name, **members})

    def asked(self, name: str = NAME) -> int:
        return self.site.asked.count(f"/rdap/domain/{name}")

    def client(self) -> RdapClient:
        fetch = partial(get, trust=trusting(), timeout=2.0)
        bootstrap = Bootstrap(lambda: self.now, f"{self.site.url}/dns.json", fetch)
        return RdapClient(bootstrap, lambda: self.now, partial(fetch, limit=100_000))


@pytest.fixture
def registry() -> Iterator[Registry]:
    with server() as site:
        yield Registry(site)


def look_up(client: RdapClient, *names: str) -> list[RdapAnswer]:
    async def all_of_them() -> list[RdapAnswer]:
        return await asyncio.gather(*(client.lookup(name) for name in names))

    return asyncio.run(all_of_them())


def subject(domain: str = NAME, *standing: tuple[Asked, View], hosts: tuple[str, ...] = HOSTS) -> Subject:
    entry = DomainEntry(domain, Delegation(ns=frozenset(hosts)))
    return Subject(Expectations(entry, START, Networks(NO_RANGES, ())), dict(standing))


def stood(asked: Asked, *values: str, result: Result = Result.ANSWER) -> tuple[Asked, View]:
    key = Key("us-east-1", asked.source, asked.server, asked.qname, asked.qtype)
    facts = Facts(Result.ANSWER, values)
    return asked, View(key, "", facts, Transport.TCP, START, START, START, result, START)


def collect(client: RdapClient, *subjects: Subject, seconds: float = 10.0) -> Collected:
    return asyncio.run(Rdap(client, seconds).collect(subjects, START))


def by_attribute(collected: Collected, name: str = NAME, domain: str = NAME) -> dict[str, Reading]:
    return {
        reading.asked.qtype: reading
        for reading in collected.readings
        if reading.asked.qname == name and reading.domain == domain
    }


def test_collect_reads_every_attribute_when_the_registry_answers(registry: Registry) -> None:
    found = by_attribute(collect(registry.client(), subject()))
    values = {attribute: reading.facts.values for attribute, reading in found.items() if reading.facts.result.definite}
    assert values == {
        "domain": (NAME,),
        "registrar": ("Registrar A",),
        "registrar-id": ("9999",),
        "last-changed": ("2020-01-10T00:00:00.000Z",),
        "expiration": ("2035-01-10T00:00:00.000Z",),
        "transfer": (),
        "status": ("clientTransferProhibited",),
        "status-before": (),
        "nameservers": HOSTS,
        "secure-dns": ("unsigned",),
    }
    changed = found["last-changed"]
    assert changed.asked == Asked(Source.RDAP, "localhost", NAME, "last-changed")
    assert changed.facts.note == "2020-01-10T09:00:00+09:00"
    assert json.loads(changed.wire or b"")["ldhName"] == NAME
    assert found["registration"].facts == Facts(Result.OTHER_ERROR, note="the document does not say")


def test_collect_asks_once_for_what_several_domains_need(registry: Registry) -> None:
    registry.says("other.example")
    collected = collect(registry.client(), subject(), subject("other.example"))
    assert registry.asked("dnshost.example") == 1
    assert by_attribute(collected, "dnshost.example", NAME)
    assert by_attribute(collected, "dnshost.example", "other.example")


@pytest.mark.parametrize(
    ("response", "result", "note"),
    [
        (answer(403), Result.REFUSED, "HTTP status 403"),
        (answer(422, b"{}"), Result.REFUSED, "HTTP status 422"),
        (answer(429, retry_after="30"), Result.REFUSED, "HTTP status 429"),
        (answer(500, b"<html>"), Result.SERVFAIL, "HTTP status 500"),
        (answer(503), Result.SERVFAIL, "HTTP status 503"),
        (answer(302), Result.OTHER_ERROR, "HTTP status 302"),
        (answer(204), Result.OTHER_ERROR, "HTTP status 204"),
        (answer(200, b"<html><body>try later</body></html>"), Result.MALFORMED, "not JSON (JSONDecodeError)"),
        (answer(200, json.dumps(DOCUMENT).encode()[:100]), Result.MALFORMED, "not JSON (JSONDecodeError)"),
        (raw(b"HTTP/1.1 200 OK\r\nContent-Length: 900\r\n\r\n{"), Result.MALFORMED, "not a whole HTTP response"),
        (answer(200, b" " * 200_000), Result.MALFORMED, "larger than 100000 octets"),
        (answer_json({**DOCUMENT, "ldhName": "other.example"}), Result.MALFORMED, "about another name"),
        (raw(b""), Result.UNREACHABLE, "not a whole HTTP response"),
    ],
    ids=["403", "422", "429", "500", "503", "302", "204", "html", "truncated", "cut-off", "huge", "other", "closed"],
)
def test_collect_says_unknown_and_why_when_the_registry_refuses(
    registry: Registry, response: Any, result: Result, note: str
) -> None:
    registry.site.answers[f"/rdap/domain/{NAME}"] = response
    found = by_attribute(collect(registry.client(), subject()))
    assert set(found) == {"domain"}
    assert found["domain"].facts.result is result
    assert not result.definite
    assert found["domain"].facts.note.startswith(note)


def test_lookup_says_that_a_name_is_not_registered_when_the_registry_knows_none(registry: Registry) -> None:
    registry.site.answers["/rdap/domain/free.example"] = answer_json({"errorCode": 404}, 404)
    (found,) = look_up(registry.client(), "free.example")
    assert (found.result, found.server, found.registration) == (Result.NXDOMAIN, "localhost", None)


@pytest.mark.parametrize(
    ("response", "status", "seconds"),
    [
        (answer(429, retry_after="600"), 429, 600),
        (answer(429), 429, 60),
        (answer(503, retry_after="Mon, 23 Nov 2026 12:02:00 GMT"), 503, 120),
        (answer(429, retry_after="99999999"), 429, 86400),
        (answer(403, retry_after="300"), 403, 300),
    ],
    ids=["seconds", "unsaid", "date", "for-ever", "forbidden"],
)
def test_service_is_left_alone_as_long_as_it_asks(registry: Registry, response: Any, status: int, seconds: int) -> None:
    client = registry.client()
    registry.site.answers[f"/rdap/domain/{NAME}"] = response
    look_up(client, NAME)
    registry.says(NAME)
    registry.now = START + timedelta(seconds=seconds - 1)
    (refused,) = look_up(client, "dnshost.example")
    assert (refused.result, registry.asked("dnshost.example")) == (Result.REFUSED, 0)
    assert refused.note.endswith(f"it answered {status}")
    registry.now = START + timedelta(seconds=seconds)
    assert look_up(client, NAME)[0].result is Result.ANSWER


def test_service_is_left_alone_for_a_minute_when_it_was_silent_three_times(registry: Registry) -> None:
    client = registry.client()
    for n in range(3):
        registry.site.answers[f"/rdap/domain/s{n}.example"] = raw(b"")
        assert look_up(client, f"s{n}.example")[0].result is Result.UNREACHABLE
    assert look_up(client, NAME)[0].result is Result.REFUSED
    assert registry.asked() == 0
    registry.now += timedelta(seconds=60)
    assert look_up(client, NAME)[0].result is Result.ANSWER


def test_service_is_asked_four_at_a_time_and_five_a_second(registry: Registry) -> None:
    now, most = [0], [0]

    def slow(connection: socket.socket, head: str) -> None:
        now[0] += 1
        most[0] = max(most[0], now[0])
        time.sleep(0.1)
        now[0] -= 1
        answer(404)(connection, head)

    names = [f"n{n}.example" for n in range(8)]
    registry.site.answers |= {f"/rdap/domain/{name}": slow for name in names}
    client = registry.client()
    look_up(client, NAME)
    began = time.monotonic()
    look_up(client, *names)
    assert most[0] <= 4
    assert time.monotonic() - began >= 0.8


def test_collect_takes_what_it_has_when_the_round_is_over(registry: Registry) -> None:
    def never(connection: socket.socket, head: str) -> None:
        registry.site.stopping.wait(0.8)

    registry.site.answers["/rdap/domain/dnshost.example"] = never
    collected = collect(registry.client(), subject(), seconds=0.3)
    assert by_attribute(collected)["registrar"].facts.values == ("Registrar A",)
    assert by_attribute(collected, "dnshost.example") == {}


def test_collect_begins_with_who_was_never_asked(registry: Registry) -> None:
    known = [
        subject(name, stood(Asked(Source.RDAP, "localhost", name, "domain"), name), hosts=(f"ns.{name}",))
        for name in ("b.example", "c.example")
    ]
    never = [subject(f"a{n}.example", hosts=(f"ns.a{n}.example",)) for n in range(4)]  # these are asked all at once
    client = registry.client()
    look_up(client, NAME)
    del registry.site.asked[:]
    collect(client, *known, *never)
    order = [target.removeprefix("/rdap/domain/")[0] for target in registry.site.asked]
    assert (order[:4], sorted(order[4:])) == (["a"] * 4, ["b", "c"])


def test_every_name_is_answered_in_time_when_a_service_answers_a_part_of_each_turns_questions(
    registry: Registry, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rdap, "PER_SECOND", 1000.0)
    monkeypatch.setattr(rdap, "AT_ONCE", 1)
    names = [f"d{n}.example" for n in range(6)]
    left = 0

    def limited(connection: socket.socket, head: str) -> None:
        nonlocal left
        left -= 1
        said = answer_json({**DOCUMENT, "ldhName": head.split()[1].rpartition("/")[2]}) if left >= 0 else answer(429)
        said(connection, head)

    registry.site.answers |= {f"/rdap/domain/{name}": limited for name in names}
    client, answered, held = registry.client(), set[str](), dict[str, tuple[Asked, View]]()
    for turn in range(12):
        left, registry.now = 2, START + turn * timedelta(minutes=10)
        given = [subject(name, *filter(None, [held.get(name)]), hosts=(f"ns.{name}",)) for name in names]
        came = asyncio.run(Rdap(client).collect(given, registry.now))
        for reading in (each for each in came.readings if each.asked.qtype == "domain"):
            held[reading.domain] = stood(reading.asked, reading.domain, result=reading.facts.result)
            answered |= {reading.domain} if reading.facts.result is Result.ANSWER else set()
    assert sorted(answered) == names


def test_states_of_the_first_reading_are_kept_until_they_go(registry: Registry) -> None:
    registry.says(NAME, status=["server hold", "pending transfer", "active"])
    first = by_attribute(collect(registry.client(), subject()))["status-before"]
    assert first.facts.values == ("pendingTransfer", "serverHold")
    standing = stood(first.asked, "serverHold")
    later = by_attribute(collect(registry.client(), subject(NAME, standing)))["status-before"]
    assert later.facts.values == ("serverHold",)


def test_views_of_another_service_are_forgotten_when_the_registry_has_moved(registry: Registry) -> None:
    old = Asked(Source.RDAP, "old.example", NAME, "registrar")
    other = Asked(Source.RDAP, "old.example", "unasked.example", "registrar")
    standing = stood(old, "Registrar A"), stood(other, "Registrar A")
    assert collect(registry.client(), subject(NAME, *standing)).forgotten == ((NAME, old),)
    registry.site.answers[f"/rdap/domain/{NAME}"] = answer(500)
    assert collect(registry.client(), subject(NAME, *standing)).forgotten == ()


def test_domain_whose_registry_has_no_rdap_is_said_so_once_and_left_alone(
    registry: Registry, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO", "nswatch.collect.rdap")
    client = registry.client()
    collected = collect(client, subject("watched.co.jp", hosts=("ns.watched.co.jp",)))
    (reading,) = collected.readings
    standing = stood(reading.asked, result=Result.NODATA)
    collect(client, subject("watched.co.jp", standing, hosts=("ns.watched.co.jp",)))
    assert [record.getMessage() for record in caplog.records] == [f"watched.co.jp: {reading.facts.note}"]
    assert reading.asked == Asked(Source.RDAP, "localhost", "watched.co.jp", "domain")
    assert reading.facts == Facts(Result.NODATA, note="IANA's bootstrap registry lists no RDAP service for .jp")
    assert [target for target in registry.site.asked if target.startswith("/rdap/")] == []


def test_host_below_a_private_suffix_is_asked_about_as_its_owner(registry: Registry) -> None:
    client = registry.client()
    collected = collect(client, subject(hosts=("ns.compute.amazonaws.com", "ns.co.uk")))
    assert {reading.asked.qname for reading in collected.readings} == {NAME, "amazonaws.com", "ns.co.uk"}


# the bootstrap registry


def test_bootstrap_is_fetched_once_a_day(registry: Registry) -> None:
    client = registry.client()
    look_up(client, NAME, "dnshost.example")
    assert registry.site.asked.count("/dns.json") == 1
    registry.now += timedelta(hours=23)
    look_up(client, NAME)
    assert registry.site.asked.count("/dns.json") == 1
    registry.now += timedelta(hours=1)
    look_up(client, NAME)
    assert registry.site.asked.count("/dns.json") == 2


@pytest.mark.parametrize(
    "response",
    [
        answer(500),
        answer(200, b"<html>"),
        answer_json({"version": "1.0", "services": [[["com"], ["https://evil.example/"]]]}),
        raw(b"HTTP/1.1 200 OK\r\nContent-Length: 90000\r\n\r\n{"),
    ],
    ids=["500", "html", "not-whole", "cut-off"],
)
def test_bootstrap_falls_back_on_what_is_shipped_and_tries_again_in_an_hour(registry: Registry, response: Any) -> None:
    registry.site.answers["/dns.json"] = response
    bootstrap = Bootstrap(lambda: registry.now, f"{registry.site.url}/dns.json", partial(get, trust=trusting()))

    def service(name: str) -> str | None:
        return asyncio.run(bootstrap.service(name))

    assert service("coincheck.com") == "https://rdap.verisign.com/com/v1/"
    assert service(NAME) is None
    registry.publish()
    registry.now += timedelta(hours=1)
    assert service(NAME) == f"{registry.site.url}/rdap/"
    registry.site.answers["/dns.json"] = response
    registry.now += timedelta(days=1)
    assert service(NAME) == f"{registry.site.url}/rdap/"


def test_replay_never_falls_back_on_the_real_services() -> None:
    with server(tls=False) as site:
        client = RdapClient(Bootstrap(lambda: START, f"{site.url}/dns.json"), lambda: START)
        (found,) = look_up(client, "coincheck.com")
        assert (found.result, found.note) == (Result.UNREACHABLE, "the bootstrap registry could not be had")
