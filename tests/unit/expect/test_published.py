"""AWS's published ranges: a part of a real file, odd ones, any bytes at all, and what is known when files follow."""

import contextlib
import json
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nswatch.errors import InvalidDocument
from nswatch.expect.data import aws_ranges
from nswatch.expect.networks import AwsRanges
from nswatch.expect.published import KEPT, Known, Published, read_known, read_published, refusal

REAL = (Path(__file__).parent / "data" / "ip-ranges.json").read_bytes()
NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)
DAY = timedelta(days=1)
FILE: dict[str, Any] = {
    "syncToken": "1900000000",
    "createDate": "2030-03-17-17-46-40",
    "prefixes": [
        {"ip_prefix": "198.18.0.0/25", "region": "GLOBAL", "service": "CLOUDFRONT", "network_border_group": "GLOBAL"},
        {"ip_prefix": "198.18.0.128/25", "service": "CLOUDFRONT"},
        {"ip_prefix": "198.18.0.0/16", "service": "AMAZON"},
        {"ip_prefix": "198.18.4.0/24", "service": "EC2"},
        {"ip_prefix": "198.18.8.0/24", "service": "ROUTE53"},
    ],
    "ipv6_prefixes": [{"ipv6_prefix": "2001:db8::/32", "service": "AMAZON"}],
}
SERVICES = {"AMAZON": ("198.18.0.0/16",), "CLOUDFRONT": ("198.18.0.0/24", "198.18.2.0/24"), "EC2": ("198.18.4.0/24",)}
SERVICES |= {"ROUTE53": ("198.18.8.0/24",), "S3": ("198.18.12.0/24",)}


def file(**changed: object) -> bytes:
    return json.dumps({**FILE, **changed}).encode()


def of(token: int, **services: tuple[str, ...]) -> Published:
    created = datetime.fromtimestamp(token, UTC).isoformat().replace("+00:00", "Z")
    return Published(AwsRanges({**SERVICES, **services}, created), token)


NOW = int(NOON.timestamp())
FIRST, NEXT = of(NOW - 2 * 86400), of(NOW - 86400)


def test_read_published_reads_what_aws_publishes() -> None:
    published = read_published(REAL, "r.json")
    assert (published.token, published.ranges.created) == (1787411825, "2026-08-22T15:17:05Z")
    assert Published.of(published.ranges) == published  # the token is the moment, so that shipped ranges have one too
    assert published.ranges.holds(ip_address("205.251.197.235"), "ROUTE53")
    assert published.ranges.holds(ip_address("2600:9000:5305:eb00::1"), "ROUTE53")
    assert not published.ranges.holds(ip_address("192.0.2.53"), "ROUTE53")


def test_read_published_merges_the_networks_of_a_service() -> None:
    assert read_published(file(), "r.json").ranges == AwsRanges(
        {"AMAZON": ("198.18.0.0/16", "2001:db8::/32"), "CLOUDFRONT": ("198.18.0.0/24",)}
        | {"EC2": ("198.18.4.0/24",), "ROUTE53": ("198.18.8.0/24",)},
        "2030-03-17T17:46:40Z",
    )


@pytest.mark.parametrize(
    ("octets", "words"),
    [
        pytest.param(b"<html>", "is not JSON", id="html"),
        pytest.param(REAL[:2000], "is not JSON", id="truncated"),
        pytest.param(b"[" * 100_000, "is not JSON", id="deep"),
        pytest.param(b"[]", "is no mapping", id="list"),
        pytest.param(file(createDate=None), "createDate", id="no-date"),
        pytest.param(file(createDate="2030-02-31-00-00-00"), "createDate", id="no-such-day"),
        pytest.param(file(syncToken=None), "syncToken", id="no-token"),
        pytest.param(file(syncToken="-1"), "syncToken", id="token-below-0"),
        pytest.param(file(syncToken="9" * 5000), "syncToken", id="token-too-long"),
        pytest.param(file(prefixes=[]), "prefixes: holds no list", id="no-prefixes"),
        pytest.param(file(ipv6_prefixes=None), "ipv6_prefixes: holds no list", id="no-ipv6"),
        pytest.param(file(prefixes=[{"ip_prefix": "198.18.0.1/16", "service": "EC2"}]), "prefixes[0]", id="bits"),
        pytest.param(file(prefixes=[{"ip_prefix": "0.0.0.0/0", "service": "EC2"}]), "prefixes[0]", id="everything"),
        pytest.param(file(prefixes=[{"ip_prefix": "2001:db8::/32", "service": "EC2"}]), "prefixes[0]", id="family"),
        pytest.param(file(prefixes=[{"ip_prefix": "198.18.0.0/16"}]), "prefixes[0]", id="no-service"),
        pytest.param(file(prefixes=["198.18.0.0/16"]), "prefixes[0]", id="no-mapping"),
        pytest.param(file(prefixes=["x" * 9999]), "prefixes[0]", id="long"),
        pytest.param(file(prefixes=FILE["prefixes"][2:]), "no networks of CLOUDFRONT", id="no-cloudfront"),
        pytest.param(file(prefixes=FILE["prefixes"][:-1]), "no networks of ROUTE53", id="no-route53"),
    ],
)
def test_read_published_refuses_a_file_that_is_not_right(octets: bytes, words: str) -> None:
    with pytest.raises(InvalidDocument, match=r"^r\.json: ") as refused:
        read_published(octets, "r.json")
    assert words in str(refused.value)
    assert len(str(refused.value)) < 400


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8) | st.sampled_from(["10.0.0.0/8", "EC2", "::/16"]),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["ip_prefix", "ipv6_prefix", "service", "prefixes"]), inner, max_size=3)
    ),
    max_leaves=8,
)


@settings(max_examples=200)
@given(st.sampled_from(sorted(FILE)), JSON)
def test_read_published_refuses_or_reads_whatever_a_member_is(member: str, value: Any) -> None:
    try:
        published = read_published(file(**{member: value}), "r.json")
    except InvalidDocument:
        return
    assert published.ranges.size("ROUTE53", 4) == 256


@settings(max_examples=200)
@given(st.binary(max_size=64), st.integers(0, len(REAL)), st.integers(0, 64))
def test_read_published_raises_nothing_else_when_octets_are_replaced(octets: bytes, place: int, length: int) -> None:
    with contextlib.suppress(InvalidDocument):
        read_published(REAL[:place] + octets + REAL[place + length :], "r.json")


@pytest.mark.parametrize(
    ("new", "words"),
    [
        pytest.param(FIRST, "", id="the-same"),
        pytest.param(NEXT, "", id="newer"),
        pytest.param(of(FIRST.token - 1), "older than what is there", id="older"),
        pytest.param(of(NOW + 2 * 86400), "is still to come", id="of-the-future"),
        pytest.param(of(NOW, AMAZON=("198.18.0.0/18",)), "lost most of the IPv4 networks of AMAZON", id="a-quarter"),
        pytest.param(of(NOW, AMAZON=("198.18.0.0/17",)), "", id="half"),
        pytest.param(of(NOW, S3=()), "", id="a-service-gone"),
        pytest.param(Published(AwsRanges({"AMAZON": ("198.18.0.0/16",)}, ""), NOW), "has 1 networks where 6", id="few"),
    ],
)
def test_refusal_says_why_a_file_is_not_taken(new: Published, words: str) -> None:
    said = refusal(new, FIRST, NOON)
    assert (words in said) if words else not said


def test_shipped_ranges_are_followed_by_those_of_two_months_before_only_where_nothing_is_known() -> None:
    shipped, real = Published.of(aws_ranges()), read_published(REAL, "r.json")
    assert "older" in refusal(real, shipped)
    assert refusal(shipped, real, NOON) == ""


def held(known: Known, address: str, service: str) -> bool:
    return known.ranges().holds(ip_address(address), service)


def test_added_network_counts_at_once() -> None:
    known = Known(FIRST).followed_by(of(NOW, CLOUDFRONT=(*SERVICES["CLOUDFRONT"], "198.18.6.0/24")), NOON)
    assert held(known, "198.18.6.1", "CLOUDFRONT")
    assert known.gone == {}


def test_removed_network_counts_for_some_days() -> None:
    known = Known(FIRST).followed_by(of(NOW, CLOUDFRONT=("198.18.0.0/24",)), NOON)
    assert known.gone == {"CLOUDFRONT": {"198.18.2.0/24": NOON}}
    assert held(known.at(NOON + KEPT - DAY), "198.18.2.1", "CLOUDFRONT")
    assert not held(known.at(NOON + KEPT), "198.18.2.1", "CLOUDFRONT")
    assert held(known.at(NOON + KEPT), "198.18.0.1", "CLOUDFRONT")


def test_removed_network_counts_from_when_it_was_first_missing() -> None:
    fewer = of(NOW, CLOUDFRONT=("198.18.0.0/24",))
    known = Known(FIRST).followed_by(fewer, NOON).followed_by(of(NOW + 1, CLOUDFRONT=("198.18.0.0/24",)), NOON + DAY)
    assert known.gone == {"CLOUDFRONT": {"198.18.2.0/24": NOON}}
    assert known.followed_by(NEXT, NOON + DAY).gone == {}  # it is published again


def test_network_is_not_gone_when_another_one_covers_it() -> None:
    known = Known(FIRST).followed_by(of(NOW, CLOUDFRONT=("198.18.0.0/22",)), NOON)
    assert known.gone == {}


def test_service_that_is_published_no_more_counts_as_long_as_that_lasts() -> None:
    services = {service: networks for service, networks in SERVICES.items() if service != "S3"}
    known = Known(FIRST).followed_by(Published(AwsRanges(services, ""), NOW), NOON).at(NOON + 100 * DAY)
    assert held(known, "198.18.12.1", "S3")


def test_known_is_read_as_it_was_written() -> None:
    known = Known(FIRST).followed_by(of(NOW, CLOUDFRONT=("198.18.0.0/24",)), NOON)
    assert read_known(json.loads(json.dumps(known.document()))) == known
