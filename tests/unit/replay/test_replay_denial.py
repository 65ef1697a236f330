"""The quick NXDOMAIN of a registry says the same as the message that is made from the zone."""

import dns.flags
import dns.message
import dns.rcode
import pytest
from tests.unit.replay.worlds import HERE, world

from nswatch.model import Transport
from nswatch_cli.replay.authority import FarEnd

STATE = {"domains": {"victim.com": {"registry": {"ns": ["ns1.hosting.net"]}}}, "free_domains": ["open.com"]}


def asked(name: str, rdtype: str = "NS", *, want_dnssec: bool = False, edns: bool = True) -> dns.message.Message:
    return dns.message.make_query(name, rdtype, use_edns=0 if edns else False, want_dnssec=want_dnssec)


def answers(query: dns.message.Message, *, quick: bool) -> dns.message.Message:
    simulated = world(STATE)
    (_, addresses), *_ = simulated.suffixes.servers("com")
    far_end = FarEnd(simulated)
    if not quick:
        far_end._denies = lambda *_: None  # type: ignore[method-assign]
    found = far_end.answer(HERE, addresses[0], query.to_wire(), Transport.UDP)
    assert found is not None
    return dns.message.from_wire(found)


@pytest.mark.parametrize(
    "query",
    [
        asked("nobody.com"),
        asked("NoBody.com"),
        asked("no-body-1.com", edns=False),
        asked("open.com", "A"),
        asked("xn--bcher-kva.com"),
    ],
    ids=lambda query: f"{query.question[0].name} {query.edns}",
)
def test_quick_denial_says_what_the_zone_does(query: dns.message.Message) -> None:
    quick, whole = answers(query, quick=True), answers(query, quick=False)
    assert quick.rcode() == whole.rcode() == dns.rcode.NXDOMAIN
    assert quick.flags & dns.flags.AA
    assert (quick.flags, quick.id, quick.edns, quick.payload) == (whole.flags, whole.id, whole.edns, whole.payload)
    assert quick.question == whole.question
    assert (quick.answer, quick.authority, quick.additional) == (whole.answer, whole.authority, whole.additional)
    assert quick.authority[0].ttl == whole.authority[0].ttl


@pytest.mark.parametrize(
    "query",
    [
        asked("victim.com"),
        asked("hosting.com"),
        asked("com", "SOA"),
        asked("a.tld-servers.com", "A"),
        asked("tld-servers.com", "A"),
        asked("nobody.com", want_dnssec=True),
        asked("nobody.com", "DS"),
        asked("www.nobody.com"),
    ],
    ids=lambda query: f"{query.question[0]}",
)
def test_what_is_more_than_a_plain_denial_comes_from_the_zone(query: dns.message.Message) -> None:
    assert answers(query, quick=True).to_wire() == answers(query, quick=False).to_wire()
