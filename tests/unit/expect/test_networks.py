"""Which addresses `within` allows, and what a lookup of an origin says."""

import ipaddress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nswatch.expect.networks import (
    AwsRanges,
    Networks,
    Origin,
    is_origin_name,
    origin_in,
    origin_name,
    read_origin,
)
from nswatch.model import Facts, Key, Result, Source, Transport

AWS = AwsRanges({"CLOUDFRONT": ("13.224.0.0/14", "2600:9000::/28"), "ROUTE53": ("205.251.192.0/21",)}, "2026-01-01")
ORIGIN = Origin(ipaddress.ip_network("198.51.100.0/24"), frozenset({64500}))


@pytest.mark.parametrize(
    ("address", "within", "allowed"),
    [
        pytest.param("198.51.100.0", ["198.51.100.0/24"], True, id="first-of-a-network"),
        pytest.param("198.51.100.255", ["198.51.100.0/24"], True, id="last-of-a-network"),
        pytest.param("198.51.101.0", ["198.51.100.0/24"], False, id="after-a-network"),
        pytest.param("198.51.99.255", ["198.51.100.0/24"], False, id="before-a-network"),
        pytest.param("198.51.100.7", ["198.51.100.7"], True, id="an-address"),
        pytest.param("2001:db8::1", ["198.51.100.0/24", "2001:db8::/32"], True, id="ipv6"),
        pytest.param("::ffff:198.51.100.1", ["198.51.100.0/24"], False, id="mapped-is-another-address"),
        pytest.param("13.227.255.255", ["aws:CLOUDFRONT"], True, id="aws-last"),
        pytest.param("13.228.0.0", ["aws:CLOUDFRONT"], False, id="aws-after"),
        pytest.param("13.223.255.255", ["aws:CLOUDFRONT"], False, id="aws-before"),
        pytest.param("2600:900f::1", ["aws:CLOUDFRONT"], True, id="aws-ipv6"),
        pytest.param("205.251.192.1", ["aws:CLOUDFRONT"], False, id="aws-another-service"),
        pytest.param("205.251.192.1", ["aws:NO_SUCH"], False, id="aws-unknown-service"),
        pytest.param("198.51.100.1", ["AS64500"], True, id="announced-by-it"),
        pytest.param("198.51.100.1", ["AS64501"], False, id="announced-by-another"),
        pytest.param("203.0.113.1", ["AS64500"], None, id="not-looked-up"),
        pytest.param("203.0.113.1", ["AS64500", "203.0.113.0/24"], True, id="a-network-needs-no-look-up"),
        pytest.param("203.0.113.1", [], False, id="nothing"),
    ],
)
def test_allows_says_whether_an_address_lies_within_when_it_is_known(
    address: str, within: list[str], allowed: bool | None
) -> None:
    assert Networks(AWS, (ORIGIN,)).allows(address, within) is allowed


def test_allows_goes_by_the_most_specific_origin_when_several_hold_the_address() -> None:
    wide = Origin(ipaddress.ip_network("198.51.0.0/16"), frozenset({64999}))
    assert Networks(AWS, (wide, ORIGIN)).allows("198.51.100.1", ["AS64999"]) is False
    assert Networks(AWS, (wide, ORIGIN)).allows("198.51.7.1", ["AS64999"]) is True


def test_allows_denies_when_nobody_announces_the_address() -> None:
    nobody = read_origin(origin_name("192.0.2.1"), ())
    assert nobody is not None
    assert Networks(AWS, (nobody,)).allows("192.0.2.1", ["AS64500"]) is False
    assert Networks(AWS, (nobody,)).allows("192.0.2.2", ["AS64500"]) is None


@pytest.mark.parametrize(("number", "allowed"), [(64500, True), (64501, None)], ids=["for it", "against it"])
def test_allows_believes_an_unconfirmed_origin_only_when_it_speaks_for_the_address(
    number: int, allowed: bool | None
) -> None:
    heard = Origin(ORIGIN.network, ORIGIN.numbers, confirmed=False)
    assert Networks(AWS, (heard,)).allows("198.51.100.1", [f"AS{number}"]) is allowed


def origin_key(qname: str = origin_name("198.51.100.7"), source: Source = Source.ITERATIVE, qtype: str = "TXT") -> Key:
    return Key("r0", source, "", qname, qtype)


TOLD = Facts(Result.ANSWER, ("64500 | 198.51.100.0/24 | US",))


@pytest.mark.parametrize("over", list(Transport), ids=str)
def test_origin_in_is_confirmed_when_it_came_over_tcp(over: Transport) -> None:
    found = origin_in(origin_key(), TOLD, over)
    assert found == Origin(ORIGIN.network, ORIGIN.numbers, confirmed=over is Transport.TCP)


@pytest.mark.parametrize(
    ("key", "facts"),
    [
        pytest.param(origin_key(), None, id="nothing definite"),
        pytest.param(origin_key(), Facts(Result.TIMEOUT), id="silence"),
        pytest.param(origin_key(source=Source.RECURSIVE), TOLD, id="a cache"),
        pytest.param(origin_key(qtype="A"), TOLD, id="another type"),
        pytest.param(origin_key("198.51.100.7.example.com"), TOLD, id="another name"),
    ],
)
def test_origin_in_is_none_when_an_answer_is_not_about_an_origin(key: Key, facts: Facts | None) -> None:
    assert origin_in(key, facts, Transport.TCP) is None


@pytest.mark.parametrize(
    ("texts", "network", "numbers"),
    [
        pytest.param(["64500 | 198.51.100.0/24 | US | arin | 2001-01-01"], "198.51.100.0/24", {64500}, id="one"),
        pytest.param(["64500 64501 | 198.51.100.0/24 |"], "198.51.100.0/24", {64500, 64501}, id="two-numbers"),
        pytest.param(["64500 | 198.51.0.0/16 | US"], "198.51.100.0/24", {64500}, id="what-is-routed-as-one"),
        pytest.param(["1 | 198.51.0.0/16 |", "2 | 198.51.100.0/24 |"], "198.51.100.0/24", {2}, id="the-most-specific"),
        pytest.param(["1 | 198.51.100.0/25 |"], "198.51.100.0/25", {1}, id="longer-than-routed"),
        pytest.param(["junk", "1 | 198.51.100.0/24 |"], "198.51.100.0/24", {1}, id="one-of-them-unreadable"),
    ],
)
def test_read_origin_reads_who_announces_an_address(texts: list[str], network: str, numbers: set[int]) -> None:
    assert read_origin(origin_name("198.51.100.7"), texts) == Origin(ipaddress.ip_network(network), frozenset(numbers))


@pytest.mark.parametrize(
    "texts",
    [
        ["junk"],
        [""],
        ["NA | 198.51.100.0/24"],
        ["1 | 203.0.113.0/24 |"],
        ["1 | 2001:db8::/64 |"],
        ["9" * 5000 + " | x"],
    ],
    ids=["junk", "empty", "no-number", "another-network", "another-family", "endless-number"],
)
def test_read_origin_is_none_when_nothing_can_be_read(texts: list[str]) -> None:
    assert read_origin(origin_name("198.51.100.7"), texts) is None


@given(st.ip_addresses())
def test_origin_name_can_be_read_back_when_an_address_is_anything(
    address: ipaddress.IPv4Address | ipaddress.IPv6Address,
) -> None:
    name = origin_name(str(address))
    assert is_origin_name(name)
    assert name == name.lower()
    read = read_origin(name, ())
    assert read is not None
    assert read.network == ipaddress.ip_network(address)


@given(st.text(max_size=40), st.lists(st.text(max_size=40), max_size=3))
def test_read_origin_never_fails_when_names_and_texts_are_anything(name: str, texts: list[str]) -> None:
    assert read_origin(f"{name}.origin.asn.cymru.com", texts) is None or is_origin_name(f"{name}.origin.asn.cymru.com")


def test_is_origin_name_knows_nothing_else() -> None:
    assert not is_origin_name("watched.example")
    assert not is_origin_name("origin.asn.cymru.com")
