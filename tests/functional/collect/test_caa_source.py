"""The source `Caa` over real sockets: which records apply to a domain, from its own name up (RFC 8659 section 3)."""

import asyncio
from collections.abc import Mapping
from typing import Any

import pytest
from tests.unit.replay.worlds import HERE, START, watching, world

from nswatch.collect.caa import Caa
from nswatch.collect.dns import Dns
from nswatch.collect.port import Asked, Subject
from nswatch.expect.matching import Expectations
from nswatch.expect.networks import NO_RANGES, Networks
from nswatch.expect.watchlist import Delegation, DomainEntry, Web
from nswatch.model import Facts, Result, Source
from nswatch_cli.replay.servers import SimulatedInternet

WEB = Web(None, ("Amazon",))
ZONE = """$TTL 300
@ IN NS ns1.hosting.net.
@ IN NS ns2.hosting.net.
@ IN SOA ns1.hosting.net. hostmaster.hosting.net. 1 7200 900 1209600 86400
"""


def collect(state: Mapping[str, Any], domain: str = "victim.com", *, web: Web | None = WEB) -> Any:
    entry = DomainEntry(domain, Delegation(ns=frozenset({"ns1.hosting.net"})), web=web)
    subject = Subject(Expectations(entry, START, Networks(NO_RANGES, ())), {})

    async def work() -> Any:
        async with SimulatedInternet(world(state)) as internet:
            return await Caa(Dns(lambda: START, internet.route(HERE)), lambda: START).collect([subject], START)

    return [(reading.asked, reading.facts) for reading in asyncio.run(work()).readings]


def serving(records: str = "", **more: Any) -> dict[str, Any]:
    return watching(zones={"genuine": {"records": ZONE + records}}, **more)


def test_caa_of_the_domain_is_read_when_it_has_some() -> None:
    records = '@ IN CAA 0 issue "letsencrypt.org"\n@ IN CAA 128 issuewild ";"\n'
    ((asked, facts),) = collect(serving(records))
    assert asked == Asked(Source.CT, "", "victim.com", "caa")
    assert facts == Facts(Result.ANSWER, ("at victim.com", '0 issue "letsencrypt.org"', '128 issuewild ";"'))


def test_caa_above_applies_when_the_name_has_none() -> None:
    ((_, facts),) = collect(serving('@ IN CAA 0 issue "ca.example"\nshop IN A 192.0.2.9\n'), "deep.shop.victim.com")
    assert facts.values == ("at victim.com", '0 issue "ca.example"')


def test_caa_at_the_end_of_an_alias_applies() -> None:
    records = 'www IN CNAME site\nsite IN CAA 0 issue "ca.example"\n'
    ((_, facts),) = collect(serving(records), "www.victim.com")
    assert facts.values == ("at www.victim.com", '0 issue "ca.example"')


def test_nobody_is_limited_when_no_name_on_the_way_up_has_caa() -> None:
    ((_, facts),) = collect(serving())
    assert facts == Facts(Result.NODATA)


@pytest.mark.parametrize("state", ["servfail", "refused", "timeout"])
def test_caa_is_unknown_when_the_servers_do_not_answer(state: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("nswatch.collect.caa.DOMAIN_SECONDS", 0.5)
    servers = {"ns1.hosting.net": state, "ns2.hosting.net": state}
    ((_, facts),) = collect(serving(nameservers=servers))
    assert not facts.result.definite


@pytest.mark.parametrize("web", [None, Web("https://victim.com/")], ids=["no web", "no issuers"])
def test_caa_is_not_asked_for_when_no_issuers_are_listed(web: Web | None) -> None:
    assert collect(serving(), web=web) == []
