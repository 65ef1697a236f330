"""Root hints: the built-in ones and those of a file."""

import pytest

from nswatch.errors import InvalidDocument
from nswatch.observe.root_hints import ROOT_SERVERS, parse_hints
from nswatch.observe.servers import Server

GOOD = """\
;       This file holds the information on root name servers
.                        3600000      NS    A.ROOT-SERVERS.NET.
A.ROOT-SERVERS.NET.      3600000      A     198.41.0.4
A.ROOT-SERVERS.NET.      3600000 IN   AAAA  2001:503:BA3E::2:30 ; v6
.                        NS    b.root-servers.net
b.root-servers.net       A     170.247.170.2
                         A     170.247.170.2
"""


def test_root_servers_are_thirteen_with_both_families_when_built_in() -> None:
    assert len(ROOT_SERVERS) == 13
    assert all(":" not in server.addresses[0] and ":" in server.addresses[1] for server in ROOT_SERVERS)
    assert len({address for server in ROOT_SERVERS for address in server.addresses}) == 26


def test_parse_hints_reads_servers_when_the_file_is_like_ianas() -> None:
    assert parse_hints(GOOD) == (
        Server("a.root-servers.net", ("198.41.0.4", "2001:503:ba3e::2:30")),
        Server("b.root-servers.net", ("170.247.170.2",)),
    )


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("", "f: names no root server"),
        ("; only a comment\n", "f: names no root server"),
        (". NS a.example.\n", "f: a.example has no address"),
        ("com. NS a.example.\n", "f:1: an NS record of 'com.'"),
        (". NS a.example.\na.example. A 192.0.2\n", "f:2: '192.0.2' is not an IP address"),
        (". NS a.example.\na.example. A 2001:db8::1\n", "f:2: '2001:db8::1' is an IPv6 address in a record of type A"),
        (". NS a..example.\n", "f:1: 'a..example.' has an empty label"),
        (". NS\n", "f:1: not a record"),
        ("  A 192.0.2.1\n", "f:1: not a record"),
        (". SOA x\n", "f:1: a record of type 'SOA'"),
        ("<html>\n", "f:1: not a record"),
    ],
)
def test_parse_hints_says_what_is_wrong_when_a_file_is_not_hints(text: str, problem: str) -> None:
    with pytest.raises(InvalidDocument) as caught:
        parse_hints(text, "f")
    assert problem in str(caught.value)


def test_parse_hints_gives_every_reason_when_there_are_several() -> None:
    with pytest.raises(InvalidDocument) as caught:
        parse_hints(". NS\ncom. NS a.example.\nx A y\n", "f")
    assert [line.split(":")[1] for line in str(caught.value).splitlines()[:3]] == ["1", "2", "3"]
