"""What is said of names around a delegation: look-alikes that were registered, and names that anybody can register."""

from typing import Any

import pytest
from tests.unit.tell.stories import finding, page

TWIN = {
    "name": "awsdns-061.org",
    "imitates": "awsdns-61.org",
    "since": "2020-05-29T14:20:00.000Z",
    "registered": "2020-05-29T14:19:00.000Z",
    "registrar": "Registrar B",
    "nameservers": ["ns1.parking.example", "ns2.parking.example"],
    "note": "",
}
UNSAID = TWIN | {"registered": "", "registrar": "", "note": "HTTP status 403", "nameservers": []}
FREE = {"name": "dnshost.ne", "hosts": ["ns2.dnshost.ne"], "approved": True, "by": "dns+rdap"}


def flat(code: str, seen: str, row: dict[str, Any]) -> str:
    expected = ["awsdns-61.org"] if code == "nameserver_lookalike_registered" else []
    return " ".join(page([finding(code, expected, [seen], detail={"domains": [row]})]).email.split())


@pytest.mark.parametrize(
    ("row", "said"),
    [
        pytest.param(
            TWIN,
            "awsdns-061.org (like awsdns-61.org): registered 2020-05-29T14:19:00Z, by Registrar B; name servers: "
            "ns1.parking.example, ns2.parking.example",
            id="all is known",
        ),
        pytest.param(
            UNSAID,
            "awsdns-061.org (like awsdns-61.org): in the registry's zone since 2020-05-29T14:20:00Z; registration date "
            "unknown (HTTP status 403); name servers: (none)",
            id="the registry refuses",
        ),
        pytest.param({"name": "awsdns-061.org"}, "(the registry does not say)", id="nothing is known"),
    ],
)
def test_notice_says_what_the_registry_knows_of_a_lookalike(row: dict[str, Any], said: str) -> None:
    text = flat("nameserver_lookalike_registered", "awsdns-061.org", row)
    assert said in text
    assert "is theirs. If it is, there is no more." in text


@pytest.mark.parametrize(
    ("row", "said"),
    [
        (FREE, "It is an approved name server. The registry's name servers know no such name, and its RDAP service"),
        (FREE | {"approved": False}, "Nobody approved it; the parent names it all the same."),
        (FREE | {"by": "dns"}, "no RDAP service could be asked."),
    ],
    ids=["approved", "delegated", "dns alone"],
)
def test_page_says_which_name_is_free_and_who_says_so(row: dict[str, Any], said: str) -> None:
    text = flat("nameserver_domain_available", "dnshost.ne", row)
    assert "dnshost.ne, in which ns2.dnshost.ne is." in text
    assert said in text
    assert "Register the domain above now" in text
    assert "expected (approved)" not in text


def test_sms_names_what_is_free() -> None:
    told = finding("nameserver_domain_available", [], ["dnshost.ne"], detail={"domains": [FREE]})
    assert "is free to take: dnshost.ne" in page([told]).sms
