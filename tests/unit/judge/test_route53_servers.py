"""Whether what answers behind the names of Route 53's servers can be Route 53."""

from dataclasses import replace

import pytest
from tests.unit.judge.record import Record, answer, referral

from nswatch.expect.networks import NO_RANGES, AwsRanges
from nswatch.expect.watchlist import Baseline, Delegation, DomainEntry
from nswatch.judge.route53_servers import Placed, placed, strangers

AWS = AwsRanges({"ROUTE53": ("205.251.192.0/21", "2600:9000:5300::/45"), "EC2": ("3.112.0.0/14",)})
HOST, OTHER = "ns-1515.awsdns-61.org", "ns-650.awsdns-17.net"
OURS, THEIRS, FORGED = "205.251.197.235", "205.251.199.9", "45.77.24.189"
ENTRY = DomainEntry(
    "watched.example",
    Delegation(ns=frozenset({HOST, OTHER}), provider="route53"),
    baseline=Baseline(glue={HOST: (OURS,)}, addresses={HOST: (OURS,), OTHER: ("192.0.2.54",)}),
)


@pytest.mark.parametrize(
    ("host", "aws", "lie"),
    [
        pytest.param(
            HOST, AWS, Placed((OURS, "2600:9000:5305:eb00::1"), (FORGED, "3.112.0.1", "2001:db8::1")), id="own"
        ),
        pytest.param("ns-1515.awsdns-061.org", AWS, None, id="impossible-name"),
        pytest.param("ns1.dns.example", AWS, None, id="other-name"),
        pytest.param(HOST, NO_RANGES, None, id="nothing-known"),
        pytest.param(HOST, AwsRanges({"EC2": ("3.112.0.0/14",)}), None, id="service-unknown"),
    ],
)
def test_placed_tells_addresses_by_route53s_networks(host: str, aws: AwsRanges, lie: Placed | None) -> None:
    assert placed(host, [OURS, FORGED, "3.112.0.1", "2600:9000:5305:eb00::1", "2001:db8::1"], aws) == lie


@pytest.mark.parametrize(
    "address",
    [
        "192.0.2.53",
        "198.51.100.53",
        "203.0.113.53",
        "198.18.0.53",
        "10.0.0.53",
        "127.0.0.53",
        "2001:db8::53",
        "fd00::1",
    ],
)
def test_strangers_says_nothing_of_addresses_that_are_not_routed(address: str) -> None:
    assert strangers({HOST: [address]}, AWS) == {}


def test_strangers_names_the_routed_addresses_that_are_not_route53s() -> None:
    assert strangers({HOST: [OURS, FORGED], OTHER: [THEIRS], "ns1.dns.example": [FORGED]}, AWS) == {HOST: (FORGED,)}


def in_order(entry: DomainEntry = ENTRY) -> Record:
    """Return a record that is as approved, though one address is none of Route 53's."""
    record = Record(entry).parent(referral((HOST, OTHER), ((HOST, (OURS,)),)))
    return record.walk(HOST, answer(OURS)).walk(OTHER, answer("192.0.2.54"))


def test_approved_addresses_are_no_finding_wherever_they_lie() -> None:
    assert in_order().codes(aws=AWS) == set()
    forged = replace(
        ENTRY, baseline=Baseline(glue={HOST: (FORGED,)}, addresses={HOST: (OURS,), OTHER: ("192.0.2.54",)})
    )
    record = in_order(forged).parent(referral((HOST, OTHER), ((HOST, (FORGED,)),)))
    assert record.codes(aws=AWS) == set()


@pytest.mark.parametrize(
    ("seen", "inside", "outside"),
    [pytest.param(FORGED, [], [FORGED], id="outside"), pytest.param(THEIRS, [THEIRS], [], id="inside")],
)
def test_changed_glue_says_whether_it_is_route53s(seen: str, inside: list[str], outside: list[str]) -> None:
    found = in_order().parent(referral((HOST, OTHER), ((HOST, (seen,)),))).findings(aws=AWS)
    (row,) = found["glue_changed"].detail["hosts"]
    assert (row["inside"], row["outside"]) == (inside, outside)


def test_moved_name_server_says_only_of_what_is_new_where_it_lies() -> None:
    found = in_order().walk(HOST, answer(OURS, FORGED)).findings(aws=AWS)
    (row,) = found["nameserver_address_changed"].detail["hosts"]
    assert (row["seen"], row["inside"], row["outside"]) == ([OURS, FORGED], [], [FORGED])
    (row,) = in_order().walk(HOST, answer(FORGED)).findings()["nameserver_address_changed"].detail["hosts"]
    assert "outside" not in row, "nothing is known of AWS's networks"
