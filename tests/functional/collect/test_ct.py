"""Searches over certificate logs against a real HTTPS server on loopback: pages, positions, refusals."""

import asyncio
import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

import pytest
from tests.support.https import Server, answer, answer_json, raw, server, trusting

from nswatch.collect.ct import KEPT, PAGES, CertSpotter, CrtSh, Ct, known_of
from nswatch.collect.http import get
from nswatch.collect.port import Asked, Collected, Reading, Subject
from nswatch.expect.certificates import Logged
from nswatch.expect.matching import Expectations
from nswatch.expect.networks import NO_RANGES, Networks
from nswatch.expect.watchlist import Delegation, DomainEntry, PlannedChange, Web
from nswatch.model import Key, Result, Source, Transport, View

START = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
NAME = "watched.example"
TARGET = (
    f"/v1/issuances?domain={NAME}&include_subdomains=true&match_wildcards=true"
    "&expand=dns_names&expand=issuer&expand=issuer.caa_domains&expand=problem_reporting"
)
CRTSH = f"/?q={NAME}&exclude=expired&output=json"


def issuance(number: int, issuer: str = "Evil CA", *names: str, begins: datetime = START) -> dict[str, Any]:
    return {
        "id": str(number),
        "cert_sha256": f"{number:064x}",
        "dns_names": list(names or (NAME,)),
        "issuer": {"friendly_name": issuer, "name": f"C=US, O={issuer}, CN={number}", "caa_domains": ["evil.example"]},
        "not_before": begins.isoformat().replace("+00:00", "Z"),
        "not_after": (begins + timedelta(days=90)).isoformat(),
        "revoked": False,
    }


def entry_of(number: int, issuer: str = "Evil CA", *names: str, begins: datetime = START) -> dict[str, Any]:
    like = issuance(number, issuer, *names, begins=begins)
    times = {key: like[key][:19] for key in ("not_before", "not_after")}
    return {"id": number, "issuer_name": like["issuer"]["name"], "name_value": "\n".join(like["dns_names"]), **times}


class Log:
    """A log's search service, and the clock by which it is asked."""

    def __init__(self, site: Server) -> None:
        self.site = site
        self.now = START
        self.standing: dict[Asked, View] = {}

    def pages(self, *pages: list[dict[str, Any]], after: str = "") -> None:
        """Serve pages one after the other, and then the empty one."""
        for page in (*pages, []):
            self.site.answers[TARGET + (f"&after={after}" if after else "")] = answer_json(page)
            after = page[-1]["id"] if page else after

    def search(self, token: str = "") -> CertSpotter:
        return CertSpotter(self.site.url, lambda: self.now, token, partial(get, trust=trusting(), timeout=2.0))

    def turn(self, source: Ct | None = None, *subjects: Subject) -> Collected:
        """Collect, and let what is definite stand."""
        source = source or Ct(self.search(), lambda: self.now)
        collected = asyncio.run(source.collect(subjects or (self.subject(),), self.now))
        for reading in collected.readings:
            if reading.domain == NAME and reading.facts.result.definite:
                self.standing[reading.asked] = stood(reading)
        return collected

    def subject(self, domain: str = NAME, *issuers: str, **entry: Any) -> Subject:
        web = Web(None, issuers or ("Amazon", "Let's Encrypt"))
        expected = DomainEntry(domain, Delegation(ns=frozenset({"ns.example"})), **{"web": web, **entry})
        standing = self.standing if domain == NAME else {}
        return Subject(Expectations(expected, self.now, Networks(NO_RANGES, ())), standing)

    def told(self, collected: Collected) -> list[Logged]:
        (reading,) = collected.readings
        known = known_of(reading.facts.values)
        assert known is not None, reading.facts
        return list(known.certificates)


def stood(reading: Reading) -> View:
    key = Key("us-east-1", reading.asked.source, reading.asked.server, reading.asked.qname, reading.asked.qtype)
    at = reading.sent
    return View(key, "", reading.facts, Transport.TCP, at, at, at, Result.ANSWER, at)


@pytest.fixture
def log() -> Iterator[Log]:
    with server() as site:
        yield Log(site)


def test_first_look_is_the_baseline_and_tells_nothing(log: Log) -> None:
    log.pages([issuance(1), issuance(2)], [issuance(3)])
    collected = log.turn()
    (reading,) = collected.readings
    assert reading.asked == Asked(Source.CT, "localhost", NAME, "log")
    assert reading.facts.values == ("position 3", "since 2026-11-23T12:00:00.000Z", "state complete")
    assert (reading.wire, collected.forgotten) == (None, ())


def test_later_certificate_is_told_once_when_its_issuer_is_not_listed(log: Log) -> None:
    log.pages([issuance(1)])
    log.turn()
    log.now += timedelta(hours=1)
    log.pages(
        [issuance(2, "Amazon"), issuance(3, "Evil CA", "mail.watched.example"), issuance(4, "Let's Encrypt")],
        [issuance(5, "Evil CA", "notwatched.example")],
        after="1",
    )
    collected = log.turn()
    (told,) = log.told(collected)
    assert (told.issuer, told.names, told.found) == ("C=US, O=Evil CA, CN=3", ("mail.watched.example",), log.now)
    assert (told.caa, told.url) == (("evil.example",), f"https://crt.sh/?sha256={3:064x}")
    assert [each["id"] for each in json.loads(collected.readings[0].wire or b"")] == ["3"]
    log.now += timedelta(hours=1)
    log.pages(after="5")
    assert log.told(log.turn()) == [told]


@pytest.mark.parametrize(
    ("response", "result", "note"),
    [
        (answer(401), Result.REFUSED, "HTTP status 401"),
        (answer(403), Result.REFUSED, "HTTP status 403"),
        (answer(422, b"{}"), Result.REFUSED, "HTTP status 422"),
        (answer(429, b"{}", retry_after="30"), Result.REFUSED, "HTTP status 429"),
        (answer(500, b"<html>"), Result.SERVFAIL, "HTTP status 500"),
        (answer(503), Result.SERVFAIL, "HTTP status 503"),
        (answer(204), Result.OTHER_ERROR, "HTTP status 204"),
        (answer(302, location="/elsewhere"), Result.REFUSED, "HTTP status 404"),
        (answer(302, location=f"{TARGET}&after=1"), Result.UNREACHABLE, "more than 3 redirects"),
        (answer(200, b"<html><body>try later</body></html>"), Result.MALFORMED, "not JSON"),
        (answer(200, json.dumps([issuance(2)]).encode()[:100]), Result.MALFORMED, "not JSON"),
        (raw(b"HTTP/1.1 200 OK\r\nContent-Length: 900\r\n\r\n["), Result.MALFORMED, "not a whole HTTP response"),
        (answer(200, b" " * 2_000_100), Result.MALFORMED, "larger than 2000000 octets"),
        (answer_json({"code": "not_found"}), Result.MALFORMED, "not a list of certificates"),
        (raw(b""), Result.UNREACHABLE, "not a whole HTTP response"),
    ],
    ids=[
        "401", "403", "422", "429", "500", "503", "204", "redirect", "redirects", "html", "truncated", "cut-off",
        "huge", "an error", "closed",
    ],
)  # fmt: skip
def test_position_is_kept_and_nothing_missed_when_the_service_refuses(
    log: Log, response: Any, result: Result, note: str
) -> None:
    log.pages([issuance(1)])
    log.turn()
    log.site.answers[f"{TARGET}&after=1"] = response
    (reading,) = log.turn().readings
    assert (reading.facts.result, reading.facts.result.definite) == (result, False)
    assert reading.facts.note.startswith(note)
    log.pages([issuance(2)], after="1")
    assert [each.issuer for each in log.told(log.turn())] == ["C=US, O=Evil CA, CN=2"]


def test_what_came_before_a_failure_is_kept_with_its_position(log: Log) -> None:
    log.pages([issuance(1)])
    log.turn()
    log.pages([issuance(2)], after="1")
    log.site.answers[f"{TARGET}&after=2"] = answer(502, b"<html>")
    (told,) = log.told(log.turn())
    log.pages([issuance(3)], after="2")
    assert [each.issuer[-1] for each in log.told(log.turn())] == ["2", "3"]
    assert told.issuer.endswith("CN=2")


def test_long_baseline_goes_on_in_the_next_turn_and_tells_what_was_issued_meanwhile(log: Log) -> None:
    pages = [[issuance(n, begins=START - timedelta(days=1))] for n in range(1, PAGES + 2)]
    log.pages(*pages, [issuance(90, begins=START + timedelta(minutes=5))])
    assert log.told(log.turn()) == []
    assert log.site.asked[-1] == f"{TARGET}&after={PAGES - 1}"
    log.now += timedelta(hours=1)
    assert [each.issuer for each in log.told(log.turn())] == ["C=US, O=Evil CA, CN=90"]
    (view,) = log.standing.values()
    assert view.facts is not None
    assert "state complete" in view.facts.values


@pytest.mark.parametrize(
    ("response", "seconds"),
    [
        (answer(429, retry_after="3600"), 3600),
        (answer(429), 300),
        (answer(503, retry_after="Mon, 23 Nov 2026 12:02:00 GMT"), 120),
    ],
    ids=["seconds", "unsaid", "date"],
)
def test_service_is_left_alone_as_long_as_it_asks(log: Log, response: Any, seconds: int) -> None:
    source = Ct(log.search(), lambda: log.now)
    log.site.answers[TARGET] = response
    log.turn(source)
    log.pages([issuance(1)])
    log.now = START + timedelta(seconds=seconds - 1)
    (reading,) = log.turn(source).readings
    assert reading.facts.note.startswith("not asked until")
    assert log.site.asked.count(TARGET) == 1
    log.now = START + timedelta(seconds=seconds)
    assert log.turn(source).readings[0].facts.result is Result.ANSWER


def test_domain_without_issuers_is_not_asked_about_and_forgotten(log: Log) -> None:
    log.pages([issuance(1)])
    log.turn()
    asked = len(log.site.asked)
    planned = PlannedChange("C", START, START + timedelta(days=1), ("a", "b"), web=Web(None, ("New CA",)))
    for web in (None, Web("https://watched.example/", ())):
        collected = log.turn(None, log.subject(web=web, planned_changes=(planned,)))
        assert (collected.readings, collected.forgotten) == ((), ((NAME, next(iter(log.standing))),))
    assert len(log.site.asked) == asked


def test_certificate_is_ordered_when_a_window_was_open_between_its_issue_and_its_discovery(log: Log) -> None:
    log.pages()
    log.turn()
    window = PlannedChange("C", START, START + timedelta(hours=2), ("a", "b"), web=Web(None, ("evil ca",)))
    log.now = START + timedelta(hours=5)
    in_it, after_it = START + timedelta(hours=1), START + timedelta(hours=2)
    log.pages([issuance(7, begins=in_it), issuance(8, begins=after_it)])
    collected = log.turn(None, log.subject(planned_changes=(window,)))
    assert [each.issuer for each in log.told(collected)] == ["C=US, O=Evil CA, CN=8"]


def test_who_waits_longest_is_asked_first(log: Log) -> None:
    source = Ct(log.search(), lambda: log.now)
    other = TARGET.replace(NAME, "a.example")
    log.pages()
    log.site.answers[other] = answer(500)
    for _ in range(2):
        log.turn(source, log.subject(), log.subject("a.example"))
    assert log.site.asked == [other, TARGET, other, TARGET]
    log.site.answers[other] = answer_json([])
    log.now += timedelta(hours=1)
    log.turn(source, log.subject("a.example"))
    log.turn(source, log.subject(), log.subject("a.example"))
    assert log.site.asked[-2:] == [TARGET, other]


def test_token_is_shown_to_the_service_and_to_no_other_host(log: Log) -> None:
    log.pages()
    log.turn(Ct(log.search("secret"), lambda: log.now))
    assert "authorization: bearer secret" in log.site.heads[-1].lower()
    with server() as other:
        log.site.answers[TARGET] = answer(302, location=f"{other.url}{TARGET}")
        other.answers[TARGET] = answer_json([])
        log.turn(Ct(log.search("secret"), lambda: log.now))
        assert "secret" in log.site.heads[-1]
        assert len(other.heads) == 1
        assert "secret" not in other.heads[0]


def test_old_certificates_are_dropped_and_never_more_than_a_few_kept(log: Log) -> None:
    log.pages()
    log.turn()
    log.pages([issuance(n) for n in range(1, KEPT + 11)])
    assert [int(each.issuer.rpartition("=")[2]) for each in log.told(log.turn())] == list(range(11, KEPT + 11))
    log.now += timedelta(days=31)
    log.pages(after=str(KEPT + 10))
    assert log.told(log.turn()) == []


def test_crtsh_tells_of_greater_numbers_than_the_greatest_that_it_gave(log: Log) -> None:
    search = CrtSh(log.site.url, lambda: log.now, partial(get, trust=trusting(), timeout=2.0))
    source = Ct(search, lambda: log.now)
    log.site.answers[CRTSH] = answer_json([entry_of(9), entry_of(4)])
    (reading,) = log.turn(source).readings
    assert (reading.asked.qtype, reading.facts.values[0]) == ("log/crt.sh", "position 9")
    log.site.answers[CRTSH] = answer_json([entry_of(11), entry_of(9), entry_of(10, "Amazon"), entry_of(4)])
    (told,) = log.told(log.turn(source))
    assert (told.issuer, told.url) == ("C=US, O=Evil CA, CN=11", "https://crt.sh/?id=11")
    log.site.answers[CRTSH] = answer(502, b"<html>")
    assert not log.turn(source).readings[0].facts.result.definite
    log.site.answers[CRTSH] = answer_json([entry_of(12), entry_of(11)])
    assert len(log.told(log.turn(source))) == 2


def test_crtsh_tells_of_a_smaller_number_when_it_appears_later_and_only_once(log: Log) -> None:
    search = CrtSh(log.site.url, lambda: log.now, partial(get, trust=trusting(), timeout=2.0))
    source = Ct(search, lambda: log.now)
    log.site.answers[CRTSH] = answer_json([entry_of(9), entry_of(4)])
    log.turn(source)
    log.now += timedelta(hours=2)
    lately, before = START + timedelta(hours=1), START - timedelta(minutes=1)
    shown = [
        entry_of(9),
        entry_of(8, begins=lately),
        entry_of(7, "Amazon", begins=lately),
        entry_of(6, begins=before),
        entry_of(5, "Evil CA", "elsewhere.example", begins=lately),
    ]
    log.site.answers[CRTSH] = answer_json(shown)
    (told,) = log.told(log.turn(source))
    assert told.issuer == "C=US, O=Evil CA, CN=8"
    (reading,) = log.turn(source).readings
    assert reading.facts.values[0] == "position 9"
    assert log.told(log.turn(source)) == [told]
    log.now += timedelta(days=31)
    assert log.told(log.turn(source)) == []
    log.now += timedelta(hours=1)
    assert log.told(log.turn(source)) == []


def test_crtsh_tells_nothing_again_when_there_are_more_than_are_kept(log: Log) -> None:
    search = CrtSh(log.site.url, lambda: log.now, partial(get, trust=trusting(), timeout=2.0))
    source = Ct(search, lambda: log.now)
    log.site.answers[CRTSH] = answer_json([entry_of(1)])
    log.turn(source)
    log.now += timedelta(hours=2)
    many = [entry_of(number, begins=START + timedelta(minutes=number)) for number in range(2, KEPT + 12)]
    log.site.answers[CRTSH] = answer_json(many)
    told = log.told(log.turn(source))
    assert len(told) == KEPT
    assert log.told(log.turn(source)) == told


def test_another_service_begins_with_its_own_baseline_and_takes_the_place_of_the_former(log: Log) -> None:
    log.pages([issuance(1)])
    log.turn()
    (asked,) = log.standing
    former = replace(asked, server="former.example")
    log.standing = {former: log.standing[asked]}
    collected = log.turn()
    assert collected.forgotten == ((NAME, former),)
    assert log.told(collected) == []
