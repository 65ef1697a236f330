"""The near misses that registries are asked about: what is made is recognised, bounded and nobody's own."""

import re

import idna
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nswatch.judge.lookalike import near_miss, near_misses
from nswatch.judge.lookalike.nearby import MOST
from nswatch.judge.route53 import is_own_domain
from nswatch.names import public_suffix, registry_domain


def a_label(text: str) -> str:
    return idna.alabel(text).decode("ascii")


LABELS = st.from_regex(r"[a-z0-9]([a-z0-9-]{0,20}[a-z0-9])?", fullmatch=True).filter(lambda text: text[2:4] != "--")
SUFFIXES = st.sampled_from(["com", "org", "co.uk", "jp", "co.jp", "example"])


@pytest.mark.parametrize(
    ("domain", "expected"),
    [
        ("awsdns-61.org", {"awsdns-061.org", "awsdns-6l.org", "awsdns61.org", "aws-dns-61.org", "awsdsn-61.org"}),
        ("awsdns-56.co.uk", {"awsdns-056.co.uk", "awsdns-560.co.uk", "awsdn-56.co.uk", "awsdns-56.org.uk"}),
        ("coincheck.com", {"c0incheck.com", "colncheck.com", "coinchek.com", "coin-check.com", "coinccheck.com"}),
        ("coincheck.com", {"coincheck.co", "coincheck.net", "coincheck-login.com", "secure-coincheck.com"}),
        ("dnshost.example", {"dnsh0st.example", "dnshosts.example", "dnshost.net", "dnshost-example.com"}),
        ("modern.com", {"modem.com", "rnodern.com", "moclern.com"}),
        ("xn--bcher-kva.com", {"bucher.com", "xn--bcher-kva.net"}),
        # The first two were registered to show that it can be done, in 2017 and 2005.
        ("apple.com", {"xn--80ak6aa92e.com"}),
        ("paypal.com", {"xn--pypal-4ve.com"}),
        ("google.com", {"xn--ggle-55da.com"}),
        ("coincheck.com", {a_label("co\u0131ncheck") + ".com", a_label("c\u00f3incheck") + ".com"}),
    ],
)
def test_near_misses_hold_what_attackers_register(domain: str, expected: set[str]) -> None:
    assert expected <= set(near_misses(domain))


def test_near_misses_begin_with_the_one_of_may_2020() -> None:
    assert near_misses("awsdns-61.org")[0] == "awsdns-061.org"


@pytest.mark.parametrize("stripe", range(64))
def test_near_misses_of_route_53_are_no_domains_of_route_53(stripe: int) -> None:
    for suffix in ("com", "net", "org", "co.uk"):
        found = near_misses(f"awsdns-{stripe:02}.{suffix}")
        assert len(found) > 50
        assert not [name for name in found if is_own_domain(name)]


@pytest.mark.parametrize("name", ["awsdns-64.com", "awsdns-061.org", "awsdns-61.info", "awsdns-6.com", "aws.com"])
def test_domain_is_not_route_53s_own_when_the_series_does_not_hold_it(name: str) -> None:
    assert not is_own_domain(name)


@settings(max_examples=150, deadline=None)
@given(LABELS, SUFFIXES)
def test_near_misses_are_recognised_bounded_and_can_be_registered(label: str, suffix: str) -> None:
    domain = f"{label}.{suffix}"
    if registry_domain(domain) != domain or public_suffix(domain) == domain:
        return  # what customers have names under (x0.com) is no name that hosts are compared by
    found = near_misses(domain)
    assert len(found) <= MOST
    assert len(set(found)) == len(found)
    for name in found:
        assert name != domain
        assert registry_domain(name) == name or "." not in name.partition(".")[2]
        assert re.fullmatch(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?", name.partition(".")[0])
        assert near_miss(f"ns1.{name}", f"ns1.{domain}") is not None, (name, domain)


def test_near_misses_are_as_many_as_asked_for_when_there_are_more() -> None:
    assert near_misses("coincheck.com", 5) == near_misses("coincheck.com")[:5]
