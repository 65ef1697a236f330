"""What the record of a region means for its next pass."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from nswatch.expect.networks import AwsRanges, Origin, origin_name, read_origin
from nswatch.expect.watchlist import Answer, Baseline, Delegation, DomainEntry
from nswatch.model import Facts, Key, Result, Source, Transport, View
from nswatch.observe.recorded import read_record
from nswatch.observe.task import Record

NOW = datetime(2026, 1, 1, tzinfo=UTC)
DOMAIN = "example.com"
HOSTS = ("ns1.example.net", "ns2.example.net")
ENTRY = DomainEntry(
    DOMAIN,
    Delegation(frozenset(HOSTS)),
    answers=(
        Answer(DOMAIN, "MX", values=("10 mx.example.net.",)),
        Answer(f"www.{DOMAIN}", "A", within=("AS64500",)),
    ),
    baseline=Baseline(addresses={HOSTS[0]: ("192.0.2.1",)}, glue={HOSTS[0]: ("192.0.2.1",)}),
)
MX, FORGED = ("10 mx.example.net",), ("10 mx.evil.example",)
WWW = f"www.{DOMAIN}"


def view(
    source: Source,
    qtype: str,
    facts: Facts | None,
    result: Result | None = None,
    *,
    server: str = "192.0.2.53",
    qname: str = DOMAIN,
    transport: Transport = Transport.UDP,
) -> View:
    key = Key("r1", source, server, qname, qtype)
    assert facts is not None or result is not None
    last = result if result is not None or facts is None else facts.result
    assert last is not None
    return View(key, "", facts, transport, NOW, NOW, NOW, last, NOW)


def answer(*values: str, **more: object) -> Facts:
    return replace(Facts(Result.ANSWER, values), **more)  # type: ignore[arg-type]


def record_of(*views: View, others: tuple[View, ...] | None = None) -> Record:
    def hub(standing: tuple[View, ...]) -> Mapping[Key, View]:
        return {one.key: one for one in standing}

    hubs = [hub(views)] if others is None else [hub(views), hub(others)]
    return read_record(ENTRY, hubs, AwsRanges({}), NOW)[1]


AUTH, CACHE, PARENT, WALK = Source.AUTHORITATIVE, Source.RECURSIVE, Source.PARENT, Source.ITERATIVE
REFERRAL = Facts(Result.REFERRAL, HOSTS)
NODATA, NXDOMAIN = Facts(Result.NODATA), Facts(Result.NXDOMAIN)
CASES = {
    "authoritative, as expected": (view(AUTH, "MX", answer(*MX)), False),
    "authoritative, forged": (view(AUTH, "MX", answer(*FORGED)), True),
    "authoritative, missing": (view(AUTH, "MX", NODATA), True),
    "authoritative, silent now": (view(AUTH, "MX", answer(*MX), Result.TIMEOUT), True),
    "authoritative, refused now": (view(AUTH, "SOA", None, Result.REFUSED), True),
    "authoritative, not watched": (view(AUTH, "CAA", NODATA), False),
    "cache, as expected": (view(CACHE, "MX", answer(*MX)), False),
    "cache, forged": (view(CACHE, "MX", answer(*FORGED)), True),
    "cache, silent now": (view(CACHE, "MX", answer(*MX), Result.TIMEOUT), False),
    "cache, forged and silent now": (view(CACHE, "MX", answer(*FORGED), Result.TIMEOUT), True),
    "cache, never answered": (view(CACHE, "MX", None, Result.TIMEOUT), False),
    "cache, SERVFAIL now": (view(CACHE, "MX", answer(*MX), Result.SERVFAIL), True),
    "cache, bogus now": (view(CACHE, "MX", answer(*MX), Result.BOGUS), True),
    "parent, as expected": (view(PARENT, "NS", REFERRAL), False),
    "parent, forged": (view(PARENT, "NS", replace(REFERRAL, values=("ns1.evil.example",))), True),
    "parent, gone": (view(PARENT, "NS", NXDOMAIN), True),
    "parent, silent now": (view(PARENT, "NS", REFERRAL, Result.TIMEOUT), True),
    "parent, approved glue": (view(PARENT, "NS", replace(REFERRAL, glue=((HOSTS[0], ("192.0.2.1",)),))), False),
    "parent, other glue": (view(PARENT, "NS", replace(REFERRAL, glue=((HOSTS[0], ("192.0.2.66",)),))), True),
    "name server, approved address": (view(WALK, "A", answer("192.0.2.1"), server="", qname=HOSTS[0]), False),
    "name server, other address": (view(WALK, "A", answer("192.0.2.66"), server="", qname=HOSTS[0]), True),
    "name server, without a baseline": (view(WALK, "A", answer("192.0.2.9"), server="", qname=HOSTS[1]), False),
    "address, origin unknown": (view(AUTH, "A", answer("198.51.100.1"), qname=WWW), True),
    "alias that leads elsewhere": (view(AUTH, "A", replace(NODATA, aliases=("cdn.example.net",)), qname=WWW), False),
}


@pytest.mark.parametrize(("standing", "again"), CASES.values(), ids=CASES)
def test_read_record_asks_again_when_the_last_answer_was_not_expected(standing: View, again: bool) -> None:
    assert record_of(standing).unexpected == ({standing.key} if again else set())


def test_read_record_asks_again_when_one_hub_holds_something_unexpected() -> None:
    good, bad = view(AUTH, "MX", answer(*MX)), view(AUTH, "MX", answer(*FORGED))
    for views, others in ((good, bad), (bad, good)):
        assert record_of(views, others=(others,)).unexpected == {good.key}


def test_read_record_allows_changed_glue_when_the_walk_found_the_same() -> None:
    parent = view(PARENT, "NS", replace(REFERRAL, glue=((HOSTS[0], ("192.0.2.66",)),)))
    walked = view(WALK, "A", answer("192.0.2.66"), server="", qname=HOSTS[0])
    assert parent.key not in record_of(parent, walked).unexpected


@pytest.mark.parametrize(
    ("others", "confirmed"),
    [
        pytest.param((view(AUTH, "MX", answer(*FORGED), transport=Transport.TCP),), True, id="the same"),
        pytest.param((view(AUTH, "MX", answer(*FORGED)),), False, id="over UDP"),
        pytest.param((view(AUTH, "MX", answer(*MX), transport=Transport.TCP),), False, id="other facts"),
        pytest.param((view(AUTH, "MX", answer(*FORGED, ttl=5), transport=Transport.TCP),), False, id="another TTL"),
        pytest.param((), False, id="nothing"),
    ],
)
def test_read_record_is_confirmed_when_every_hub_holds_the_same_over_tcp(
    others: tuple[View, ...], confirmed: bool
) -> None:
    standing = view(AUTH, "MX", answer(*FORGED), transport=Transport.TCP)
    assert record_of(standing).confirmed == {standing.key: standing.facts}
    assert (standing.key in record_of(standing, others=others).confirmed) is confirmed


def test_read_record_is_silent_when_every_hub_says_so() -> None:
    silent, heard = view(CACHE, "MX", answer(*MX), Result.TIMEOUT), view(CACHE, "MX", answer(*MX))
    assert record_of(silent).silent == {silent.key}
    assert record_of(silent, others=(heard,)).silent == set()


@pytest.mark.parametrize(
    ("texts", "again"), [(("64500 | 198.51.100.0/24 | US | arin |",), False), (("64666 | 198.51.100.0/24 ||",), True)]
)
def test_read_record_compares_addresses_by_the_origins_that_it_holds(texts: tuple[str, ...], again: bool) -> None:
    name = origin_name("198.51.100.1")
    held = (
        view(AUTH, "A", answer("198.51.100.1"), qname=WWW),
        view(WALK, "TXT", answer(*texts), server="", qname=name),
    )
    record = record_of(*held)
    origin: Origin | None = read_origin(name, texts, confirmed=False)
    assert record.origins == {name: origin}
    assert (held[0].key in record.unexpected) is again
