"""IANA's bootstrap registry for RDAP: the shipped file, odd ones, and the longest match."""

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nswatch.collect.bootstrap import read_bootstrap, service_of, shipped


def file(*services: Any, **members: Any) -> bytes:
    return json.dumps({"version": "1.0", "services": list(services), **members}).encode()


@pytest.mark.parametrize(
    ("name", "service"),
    [
        ("coincheck.com", "https://rdap.verisign.com/com/v1/"),
        ("awsdns-61.org", "https://rdap.publicinterestregistry.org/rdap/"),
        ("awsdns-56.co.uk", "https://rdap.nominet.uk/uk/"),
        ("example.xn--p1acf", "https://rdap.nic.xn--p1acf/"),
        ("example.jp", None),
        ("watched.example", None),
    ],
)
def test_shipped_file_leads_to_the_registrys_service(name: str, service: str | None) -> None:
    assert service_of(name, shipped()) == service


def test_shipped_file_holds_only_services_over_https() -> None:
    assert len(shipped()) > 1000
    assert all(url.startswith("https://") and url.endswith("/") for url in shipped().values())


def test_service_of_takes_the_longest_match() -> None:
    services, _ = read_bootstrap(file([["uk"], ["https://a.example/"]], [["co.uk", "sch.uk"], ["https://b.example"]]))
    assert service_of("x.co.uk", services) == "https://b.example/"
    assert service_of("x.org.uk", services) == "https://a.example/"
    assert service_of("xco.uk", services) == "https://a.example/"
    assert service_of("x.com", services) is None


def test_https_is_preferred_and_http_counts_only_when_it_is_allowed() -> None:
    both, only = [["aa"], ["http://a.example/", "https://a.example/"]], [["bb"], ["http://b.example/"]]
    assert read_bootstrap(file(both, only))[0] == {"aa": "https://a.example/"}
    assert read_bootstrap(file(both, only), plain=True)[0] == {"aa": "https://a.example/", "bb": "http://b.example/"}


@pytest.mark.parametrize(
    "row",
    [
        None,
        [],
        [["aa"]],
        ["aa", "https://a.example/"],
        [["a a", 5, None, "-"], ["https://a.example/"]],
        [["aa"], ["ftp://a.example/", 5, "https://a b/", "javascript:1"]],
        [["aa"], []],
    ],
)
def test_row_that_cannot_be_read_is_left_out(row: Any) -> None:
    assert read_bootstrap(file(row, [["zz"], ["https://z.example/"]]))[0] == {"zz": "https://z.example/"}


@pytest.mark.parametrize(
    ("octets", "reason"),
    [
        (b"<html>", "not JSON: JSONDecodeError"),
        (b"[]", "no JSON object"),
        (file(version="2.0"), "not a bootstrap file of version 1.0"),
        (b'{"version": "1.0"}', "not a bootstrap file of version 1.0"),
        (file(), "no services in it"),
    ],
    ids=["html", "array", "version", "no-services", "empty"],
)
def test_read_bootstrap_says_why_when_there_are_no_services(octets: bytes, reason: str) -> None:
    assert read_bootstrap(octets) == ({}, reason)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=12),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=12,
)


@settings(max_examples=200, deadline=None)
@given(st.lists(JSON, max_size=4), st.booleans())
def test_read_bootstrap_never_raises_whatever_the_rows_are(rows: list[Any], plain: bool) -> None:
    services, reason = read_bootstrap(file(*rows), plain=plain)
    assert bool(services) != bool(reason)
