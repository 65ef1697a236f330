"""RDAP documents, CT log entries and web facts of a simulated world."""

from datetime import timedelta
from typing import Any

import pytest
from tests.unit.replay.worlds import HERE, START, THERE, registry, watching, world

from nswatch_cli.replay.http import WebServices, respond
from nswatch_cli.replay.rdap import rdap_status
from nswatch_cli.replay.web import ServedCertificate, WebFacts
from nswatch_cli.replay.world import World

SAID = {
    "registrar": "Registrar B",
    "last_changed": "2025-11-30T01:02:03Z",
    "expires": "2027-01-01T00:00:00Z",
    "status": ["clientTransferProhibited", "serverHold", "ok"],
    "ns": ["NS1.Hosting.net", "ns2.hosting.net."],
}


def rdap(of: World, name: str) -> tuple[int, dict[str, Any]]:
    status, kind, document = WebServices(of).get(f"/rdap/domain/{name}")
    assert kind == "application/rdap+json"
    return status, document


@pytest.mark.parametrize(
    ("epp", "expected"),
    [
        ("ok", "active"),
        ("linked", "associated"),
        ("inactive", "inactive"),
        ("addPeriod", "add period"),
        ("autoRenewPeriod", "auto renew period"),
        ("clientTransferProhibited", "client transfer prohibited"),
        ("serverUpdateProhibited", "server update prohibited"),
        ("pendingDelete", "pending delete"),
        ("redemptionPeriod", "redemption period"),
    ],
)
def test_rdap_status_is_spelt_as_in_rfc_8056(epp: str, expected: str) -> None:
    assert rdap_status(epp) == expected


def test_an_rdap_document_says_what_the_registration_says() -> None:
    of = world(watching(registration=SAID, registry=registry(ds=["a key"])))
    status, document = rdap(of, "VICTIM.com")
    events = {event["eventAction"]: event["eventDate"] for event in document["events"]}
    assert status == 200
    assert document["ldhName"] == "victim.com"
    assert document["status"] == ["client transfer prohibited", "server hold", "active"]
    assert (events["expiration"], events["last changed"]) == (SAID["expires"], SAID["last_changed"])
    assert document["entities"][0]["roles"] == ["registrar"]
    assert document["entities"][0]["vcardArray"][1][1] == ["fn", {}, "text", "Registrar B"]
    assert [each["ldhName"] for each in document["nameservers"]] == ["ns1.hosting.net", "ns2.hosting.net"]
    assert document["secureDNS"]["delegationSigned"] is True
    assert len(document["secureDNS"]["dsData"][0]["digest"]) == 64


def test_a_registration_that_is_not_described_is_as_the_watchlist_expects() -> None:
    entry = {"registration": {"registrar": "Registrar C", "locks": ["clientTransferProhibited"]}}
    of = world(watching(), watchlist={"domains": {"victim.com": entry}})
    _, document = rdap(of, "victim.com")
    assert document["entities"][0]["vcardArray"][1][1][3] == "Registrar C"
    assert document["status"] == ["client transfer prohibited"]
    assert document["secureDNS"] == {"delegationSigned": False}


@pytest.mark.parametrize("refusal", [403, 422, 429, 503])
def test_rdap_refuses_when_the_scenario_says_so(refusal: int) -> None:
    status, document = rdap(world(watching(registration={"http_status": refusal})), "victim.com")
    assert (status, document["errorCode"]) == (refusal, refusal)


@pytest.mark.parametrize(
    ("name", "status"),
    [("hosting.net", 200), ("nobody.com", 404), ("free.org", 404), ("www.victim.com", 404), ("a..b", 400)],
)
def test_rdap_knows_registered_domains_only(name: str, status: int) -> None:
    state = watching(nameservers={"ns1.free.org": "genuine"}) | {"free_domains": ["free.org"]}
    assert rdap(world(state), name)[0] == status


def test_a_dated_domain_is_registered_at_its_date() -> None:
    of = world(watching() | {"registered_domains": {"hosting.net": "2025-06-01T00:00:00Z"}})
    _, document = rdap(of, "hosting.net")
    assert {"eventAction": "registration", "eventDate": "2025-06-01T00:00:00Z"} in document["events"]


def test_the_bootstrap_file_leads_to_rdap_for_every_tld_in_use() -> None:
    services = WebServices(world(watching(name="victim.co.uk")))
    services.base_url = "http://127.0.0.1:1"
    _, _, document = services.get("/bootstrap/dns.json")
    [[tlds, urls]] = document["services"]
    assert {"uk", "net", "org"} <= set(tlds)
    assert urls == ["http://127.0.0.1:1/rdap/"]


def issued(of: World, query: str) -> list[tuple[str, str]]:
    status, _, found = WebServices(of).get(f"/ct/v1/issuances?expand=issuer&{query}")
    assert status == 200
    return [(entry["id"], entry["issuer"]["friendly_name"]) for entry in found]


def test_a_logged_certificate_is_new_once_and_stays() -> None:
    old = {"issuer": "Amazon", "names": ["victim.com", "*.victim.com"]}
    new = {"issuer": "R11, Let's Encrypt", "names": ["mail.victim.com"]}
    of = world(watching(certificates=[old]))
    everything = "domain=victim.com&include_subdomains=true"
    assert issued(of, everything) == [("1", "Amazon")]
    for step, listed in enumerate(([old, new], [new], [old, new], []), 1):
        of.apply(watching(certificates=listed), START + timedelta(hours=step))
        assert issued(of, everything + "&after=1") == [("2", "R11, Let's Encrypt")]
    of.apply(watching(certificates=[new, new]), START + timedelta(hours=9))
    assert [number for number, _ in issued(of, everything + "&after=2")] == ["3"]
    assert issued(of, "domain=victim.com") == [("1", "Amazon")]
    assert issued(of, "domain=tim.com&include_subdomains=true") == []


def test_a_search_of_logs_speaks_as_the_published_interface_does() -> None:
    certificates = [{"issuer": "R11, Let's Encrypt", "names": ["*.victim.com"]}]
    services = WebServices(world(watching(certificates=certificates)))
    wanted = "domain=www.victim.com&match_wildcards=true"
    _, _, (plain,) = services.get(f"/ct/v1/issuances?{wanted}")
    names = ("id", "tbs_sha256", "cert_sha256", "pubkey_sha256", "not_before", "not_after", "revoked")
    assert set(plain) == set(names)
    _, _, (whole,) = services.get(
        f"/ct/v1/issuances?{wanted}&expand=dns_names&expand=issuer&expand=issuer.caa_domains&expand=problem_reporting"
    )
    assert set(whole) == {*names, "dns_names", "issuer", "problem_reporting"}
    assert set(whole["issuer"]) == {"friendly_name", "caa_domains", "pubkey_sha256", "name"}
    assert whole["issuer"]["name"] == 'CN="R11, Let\'s Encrypt"'
    assert services.get("/ct/v1/issuances?domain=www.victim.com")[2] == []


def test_web_facts_are_each_regions_own_and_in_order_where_nothing_is_said() -> None:
    certificate = {"issuer": "Evil CA", "fingerprint": "ff", "trusted": False}
    state = watching(web={HERE: {"status": 503, "latency_ms": 260, "certificate": certificate}})
    of = world(state, watchlist={"domains": {"victim.com": {"web": {"issuers": ["Sectigo"]}}}})
    assert of.web(HERE, "victim.com") == WebFacts(503, 260.0, ServedCertificate("Evil CA", "ff", False))
    there = of.web(THERE, "victim.com")
    assert (there.status, there.certificate.issuer, there.certificate.trusted) == (200, "Sectigo", True)


def test_aws_ranges_are_the_networks_that_have_a_service() -> None:
    networks = {"13.224.0.0/14": {"asn": 16509, "aws": "CLOUDFRONT"}, "2001:db8::/32": {"asn": 1, "aws": "S3"}}
    of = world(watching() | {"networks": networks | {"203.0.113.0/24": {"asn": 2}}})
    assert of.aws.services == {"CLOUDFRONT": ("13.224.0.0/14",), "S3": ("2001:db8::/32",)}


@pytest.mark.parametrize(
    ("head", "status"),
    [
        (b"GET / HTTP/1.1\r\n\r\n", b"404"),
        (b"POST /rdap/domain/victim.com HTTP/1.1\r\n\r\n", b"405"),
        (b"nonsense\r\n\r\n", b"400"),
        (b"GET /ct/v1/issuances HTTP/1.1\r\n\r\n", b"400"),
    ],
)
def test_odd_requests_get_an_error(head: bytes, status: bytes) -> None:
    assert respond(head, WebServices(world(watching())).get).split(b" ")[1] == status
