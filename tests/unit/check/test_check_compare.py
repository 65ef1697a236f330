"""Who says the same of an RRset, from values alone."""

import pytest
from tests.unit.check.test_check_verdict import NOW

from nswatch.expect.matching import Expectations
from nswatch.expect.networks import AwsRanges, Networks
from nswatch.expect.watchlist import read_entry
from nswatch.model import Facts, Result, Transport
from nswatch_cli.check.compare import compare, serials
from nswatch_cli.check.values import Compared, Mark, Record, ServerAnswer

DOMAIN = "victim.com"
NETWORKS = Networks(AwsRanges({"CLOUDFRONT": ("198.51.100.0/24",)}))


def said(name: str, *values: str, result: Result = Result.ANSWER, ttl: int = 300, via: tuple[str, ...] = ()) -> ServerAnswer:  # fmt: skip  # noqa: E501
    facts = Facts(result, tuple(sorted(values)), ttl=ttl if values else None, aliases=via)
    host = "" if name[0].isdigit() else name
    return ServerAnswer(host, name if not host else f"192.0.2.{ord(name[-1])}", facts, Transport.UDP, 1.0)


def record(qtype: str, *answers: ServerAnswer, name: str = DOMAIN) -> Record:
    own = tuple(answer for answer in answers if answer.host)
    return Record(name, qtype, own, tuple(answer for answer in answers if not answer.host))


def marks(found: Compared) -> list[tuple[str, tuple[str, ...], int, int]]:
    return [(group.mark.value, group.facts.values, len(group.servers), len(group.resolvers)) for group in found.groups]


def watching(*answers: dict[str, object]) -> Expectations:
    entry = {"delegation": {"ns": ["ns1.host.example"], "soa_mname": "ns1.host.example"}, "answers": list(answers)}
    return Expectations(read_entry(DOMAIN, entry), NOW, NETWORKS)


def test_compare_takes_what_most_servers_give_as_right() -> None:
    found = compare(
        record("MX", said("a", "10 x"), said("b", "10 x"), said("c", "10 y"), said("9.9.9.9", "10 y")), None
    )
    assert marks(found) == [(" ", ("10 x",), 2, 0), ("+", ("10 y",), 1, 1)]


def test_compare_asks_the_resolvers_when_servers_are_divided() -> None:
    found = compare(record("MX", said("a", "10 x"), said("b", "10 y"), said("9.9.9.9", "10 y")), None)
    assert marks(found)[0] == (" ", ("10 y",), 1, 1)


def test_compare_takes_what_most_resolvers_give_when_no_server_was_heard() -> None:
    silent = said("a", result=Result.TIMEOUT)
    found = compare(record("MX", silent, said("1.1.1.1", "10 x"), said("8.8.8.8", "10 x"), said("9.9.9.9", "10 y")), None)  # fmt: skip  # noqa: E501
    assert [mark for mark, *_ in marks(found)] == [" ", "+"]


def test_compare_has_no_group_when_nobody_says_anything_definite() -> None:
    assert compare(record("MX", said("a", result=Result.REFUSED), said("9.9.9.9", result=Result.BOGUS)), None).groups == ()  # fmt: skip  # noqa: E501


@pytest.mark.parametrize("result", [Result.NODATA, Result.NXDOMAIN])
def test_compare_marks_an_empty_answer_as_missing_when_others_have_one(result: Result) -> None:
    found = compare(record("A", said("a", "192.0.2.1"), said("b", "192.0.2.1"), said("9.9.9.9", result=result)), None)
    assert found.groups[1].mark is Mark.MISSING


@pytest.mark.parametrize(
    ("ttl", "expected"), [(300, Mark.VARIES), (60, Mark.VARIES), (301, Mark.WRONG)], ids=["equal", "less", "more"]
)
def test_compare_marks_addresses_as_wrong_only_when_they_are_kept_longer_than_allowed(ttl: int, expected: Mark) -> None:
    found = compare(record("A", said("a", "192.0.2.1", ttl=300), said("9.9.9.9", "203.0.113.1", ttl=ttl)), None)
    assert found.groups[1].mark is expected


def test_compare_marks_nothing_as_wrong_when_it_is_not_strict() -> None:
    found = compare(record("MX", said("a", "10 x"), said("9.9.9.9", "10 y", ttl=86400)), None, strict=False)
    assert {group.mark for group in found.groups} == {Mark.VARIES}


def test_compare_looks_at_the_mname_alone_of_soa() -> None:
    one, other = "ns1.host.example hostmaster.host.example 2 1 1 1 1", "ns1.host.example hostmaster.host.example 1 1 1 1 1"  # fmt: skip  # noqa: E501
    asked = record("SOA", said("a", one), said("b", other))
    assert len(compare(asked, None).groups) == 1
    assert list(serials(asked.servers)) == [2, 1]
    assert len(compare(record("SOA", said("a", one), said("b", one.replace("ns1", "ns2"))), None).groups) == 2


def test_compare_looks_at_spf_alone_of_txt_when_it_is_not_watched() -> None:
    first, second = said("a", "v=spf1 -all", "site=1"), said("b", "V=SPF1 -all".lower(), "site=2")
    assert len(compare(record("TXT", first, second), None).groups) == 1
    wanted = watching({"name": "@", "type": "TXT", "contains": ["site=1"]})
    assert [group.mark for group in compare(record("TXT", first, second), wanted).groups] == [Mark.RIGHT, Mark.WRONG]


def test_compare_counts_a_followed_alias_with_the_server_that_only_names_it() -> None:
    named = said("a", result=Result.NODATA, via=("web.other.example",))
    followed = said("9.9.9.9", "192.0.2.1", via=("web.other.example", "edge.other.example"))
    (group,) = compare(record("A", named, followed, name=f"www.{DOMAIN}"), None).groups
    assert (group.mark, group.facts.values) == (Mark.RIGHT, ("192.0.2.1",))
    elsewhere = said("9.9.9.9", "192.0.2.1", via=("web.evil.example",))
    assert len(compare(record("A", named, elsewhere, name=f"www.{DOMAIN}"), None).groups) == 2


def test_compare_takes_all_addresses_within_the_networks_as_one_when_they_are_watched() -> None:
    wanted = watching({"name": "@", "type": "A", "within": ["aws:CLOUDFRONT"]})
    asked = record("A", said("a", "198.51.100.1"), said("b", "198.51.100.2"), said("9.9.9.9", "203.0.113.1"))
    found = compare(asked, wanted)
    assert marks(found) == [(" ", ("198.51.100.1", "198.51.100.2"), 2, 0), ("+", ("203.0.113.1",), 0, 1)]
    assert found.watched
    assert [text.upper() for text in found.expected] == ["AWS:CLOUDFRONT"]


@pytest.mark.parametrize(
    ("qtype", "expected"), [("SOA", True), ("MX", True), ("A", False), ("TXT", False)], ids=str
)  # fmt: skip
def test_compare_says_what_is_watched(qtype: str, expected: bool) -> None:
    wanted = watching({"name": "@", "type": "MX", "values": ["10 x"]})
    assert compare(record(qtype), wanted).watched is expected


def test_compare_never_marks_what_the_watchlist_does_not_list_as_wrong() -> None:
    found = compare(record("MX", said("a", "10 x"), said("b", "10 y")), watching())
    assert {group.mark for group in found.groups} == {Mark.VARIES}


def test_compare_marks_by_the_watchlist_when_most_servers_are_wrong() -> None:
    wanted = watching({"name": "@", "type": "MX", "values": ["10 x"]})
    found = compare(record("MX", said("a", "10 x"), said("b", "10 y"), said("c", "10 y")), wanted)
    assert marks(found) == [(" ", ("10 x",), 1, 0), ("+", ("10 y",), 2, 0)]
