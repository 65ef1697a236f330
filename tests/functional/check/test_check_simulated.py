"""Whole checks through the simulated Internet: real messages, no waiting."""

import asyncio
import json
from collections.abc import Awaitable, Callable, Sequence
from typing import Any, TypeVar

import dns.message
import pytest
from tests.support.nameserver import NameServer, reply
from tests.unit.replay.worlds import HERE, START, THERE, ZONE, registry, watching

from nswatch.expect.watchlist import DomainEntry, read_entry
from nswatch.observe.root_hints import ROOT_SERVERS
from nswatch.observe.servers import Server
from nswatch_cli.check.command import Checked, check_domains, overall
from nswatch_cli.check.record import record
from nswatch_cli.check.values import Status
from nswatch_cli.replay.servers import SimulatedInternet
from nswatch_cli.replay.virtualtime import VirtualTimeLoop, virtual_loop
from nswatch_cli.replay.world import World
from nswatch_cli.watchlist.canonical import DEFAULT_RESOLVERS

T = TypeVar("T")
GENUINE = ("ns1.hosting.net", "ns2.hosting.net")


def run(work: Callable[[VirtualTimeLoop], Awaitable[T]]) -> T:
    async def inside() -> T:
        loop = asyncio.get_running_loop()
        assert isinstance(loop, VirtualTimeLoop)
        return await work(loop)

    with asyncio.Runner(loop_factory=virtual_loop(START)) as runner:
        return runner.run(inside())


def checked(*states: dict[str, Any], entries: dict[str, DomainEntry | None], seconds: float = 10) -> list[Checked]:
    """Check once in the world of the last state, through which the ones before it led."""

    async def work(loop: VirtualTimeLoop) -> list[Checked]:
        world = World(states[0], regions=(HERE, THERE), start=START, clock=loop.now, foreseen=states[1:])
        async with SimulatedInternet(world) as internet:
            for state in states[1:]:
                world.apply(state, START)
            return await check_domains(
                entries, hints=ROOT_SERVERS, route=internet.route(HERE), clock=loop.now, seconds=seconds
            )

    return run(work)


def one(*states: dict[str, Any], name: str = "victim.com", entry: DomainEntry | None = None) -> Checked:
    (found,) = checked(*states, entries={name: entry})
    return found


def approving(*hosts: str, name: str = "victim.com", **more: Any) -> DomainEntry:
    usual = {"delegation": {"ns": list(hosts or GENUINE)}, "resolvers": list(DEFAULT_RESOLVERS)}
    return read_entry(name, usual | more)


def codes(found: Checked) -> list[tuple[str, Status]]:
    return [(remark.code, remark.status) for remark in found[1].remarks]


@pytest.mark.parametrize(
    ("name", "zone"),
    [
        ("victim.com", "com"),
        ("victim.co.uk", "co.uk"),
        ("victim.co.jp", "jp"),
        ("sub.corp.example", "corp.example"),
        ("xn--bcher-kva.example", "example"),
    ],
)
@pytest.mark.parametrize("watched", [True, False], ids=["watched", "alone"])
def test_check_is_ok_at_whatever_depth_the_parent_is(name: str, zone: str, watched: bool) -> None:
    look, verdict = one(watching(name=name), name=name, entry=approving(name=name) if watched else None)
    assert (look.zone, verdict.status, verdict.remarks) == (zone, Status.OK, ())
    assert {answer.delegated for answer in look.parents} == {frozenset(GENUINE)}
    assert {answer.apex for answer in look.children} == {frozenset(GENUINE)}


def test_check_asks_every_server_of_the_parent_over_ipv4_and_ipv6() -> None:
    look, _ = one(watching())
    families = {":" in answer.address for answer in look.parents}
    hosts = [answer.host for answer in look.parents]
    assert families == {True, False}
    assert all(hosts.count(host) == 2 for host in hosts)


def test_check_leaves_ipv6_out_when_it_does_not_work_from_here() -> None:
    look, verdict = one(watching() | {"faults": {"ipv6": "unreachable"}}, entry=approving())
    assert not any(":" in answer.address for answer in look.parents)
    assert verdict.status is Status.OK


@pytest.mark.parametrize("word", ["refused", "servfail"])
@pytest.mark.parametrize("watched", [True, False], ids=["watched", "alone"])
def test_check_warns_when_a_delegated_server_does_not_serve_the_zone(word: str, watched: bool) -> None:
    state = watching(nameservers={GENUINE[0]: word, GENUINE[1]: "genuine"})
    found = one(state, entry=approving() if watched else None)
    assert codes(found) == [("nameserver_lame", Status.WARNING)]
    assert GENUINE[0] in found[1].summary
    assert GENUINE[1] not in found[1].summary


def test_check_warns_when_the_name_of_a_delegated_server_does_not_exist() -> None:
    found = one(watching(nameservers={GENUINE[1]: "genuine"}))
    assert codes(found) == [("nameserver_lame", Status.WARNING)]
    assert f"{GENUINE[0]}: its name does not exist" in found[1].summary


def test_check_is_ok_when_one_of_two_delegated_servers_is_silent() -> None:
    look, verdict = one(watching(nameservers={GENUINE[0]: "timeout", GENUINE[1]: "genuine"}))
    assert verdict.status is Status.OK
    assert {answer.result for answer in look.children} == {"timeout", "answer"}


def test_check_warns_when_a_lagging_server_of_the_parent_gives_the_superseded_set() -> None:
    new = ("ns3.hosting.net", "ns4.hosting.net")
    zone = ZONE.replace("ns1", "ns3").replace("ns2", "ns4")
    serving: dict[str, Any] = {
        "zones": {"genuine": {"records": zone}},
        "nameservers": dict.fromkeys((*GENUINE, *new), "genuine"),
    }
    after = watching(registry=registry(ns=list(new), lagging_servers=1), **serving)
    superseded = [{"at": "2025-12-27T00:00:00Z", "delegation": {"ns": list(GENUINE)}}]
    found = one(watching(), after, entry=approving(*new, superseded=superseded))
    assert codes(found) == [("parent_server_lagging", Status.WARNING)]
    stale = one(watching(), after, entry=approving(*new))
    assert stale[1].status is Status.CRITICAL, "a set that was never approved is no lagging one"


def test_check_is_ok_when_the_parent_gives_the_set_of_an_open_window() -> None:
    change = {"id": "CHG-1", "from": "2025-12-31T00:00:00Z", "until": "2026-01-02T00:00:00Z", "by": ["a", "b"]}
    planned = change | {"delegation": {"ns": list(GENUINE)}}
    entry = approving("ns8.hosting.net", "ns9.hosting.net", planned_changes=[planned])
    found = one(watching(), entry=entry)
    assert ("delegation_changed", Status.CRITICAL) not in codes(found)
    assert found[1].reference == frozenset(GENUINE)
    closed = approving("ns8.hosting.net", planned_changes=[planned | {"until": "2025-12-31T01:00:00Z"}])
    assert one(watching(), entry=closed)[1].status is Status.CRITICAL


def test_check_follows_the_severity_that_the_watchlist_gives_a_code() -> None:
    entry = approving("ns8.elsewhere.org", severity={"delegation_changed": "notice"})
    status = dict(codes(one(watching(), entry=entry)))
    assert status["delegation_changed"] is Status.WARNING


@pytest.mark.parametrize(
    ("hosts", "expected"),
    [
        (("ns1.hosting.net", "ns2.h0sting.net"), True),
        (("ns1.hosting.net", "ns2.hosting.org"), False),
        (("ns1-01.azure-dns.com", "ns2-01.azure-dns.net"), False),
        (("ns1.dnsimple.com", "ns2.dnsimple-edge.net"), False),
        (("ns1.dns1.net", "ns2.dns2.net"), False),
    ],
    ids=["homoglyph", "other-tld", "azure", "inserted-word", "numbered"],
)
def test_check_is_critical_only_when_delegated_names_deceive_about_one_another(
    hosts: Sequence[str], expected: bool
) -> None:
    zone = ZONE.replace("ns1.hosting.net", hosts[0]).replace("ns2.hosting.net", hosts[1])
    state = watching(
        registry=registry(ns=list(hosts)),
        nameservers=dict.fromkeys(hosts, "genuine"),
        zones={"genuine": {"records": zone}},
    )
    found = one(state)
    assert codes(found) == ([("nameserver_lookalike", Status.CRITICAL)] if expected else [])


def test_check_of_many_domains_keeps_their_order_and_each_ones_verdict() -> None:
    state = {"domains": watching()["domains"] | watching(name="other.com", registry=registry(rcode="NXDOMAIN"))["domains"]}  # fmt: skip  # noqa: E501
    found = checked(state, entries={"other.com": None, "nobody.example": None, "victim.com": approving()})
    assert [(look.domain, verdict.status) for look, verdict in found] == [
        ("other.com", Status.CRITICAL),
        ("nobody.example", Status.CRITICAL),
        ("victim.com", Status.OK),
    ]
    assert overall(found) is Status.CRITICAL


def test_a_check_as_json_holds_only_plain_values_in_every_case() -> None:
    for state, entry in ((watching(), None), (watching(registry=registry(ns=["ns.evil.net"])), approving())):
        look, verdict = one(state, entry=entry)
        assert json.loads(json.dumps(record(look, verdict)))["domain"] == "victim.com"


# Interception


def intercepted(behave: Callable[[dns.message.Message, str], Any], entry: DomainEntry | None = None) -> Checked:
    """Check behind a network where one server answers whatever address is asked."""

    async def work() -> Checked:
        async with NameServer(behave) as server:
            hints = [Server("a.root-servers.net", ("198.41.0.4",))]
            entries = {"victim.com": entry}
            found = await check_domains(
                entries, hints=hints, route=lambda _: ("127.0.0.1", server.port), clock=lambda: START, seconds=3
            )
        return found[0]

    return asyncio.run(work())


def as_a_resolver(query: dns.message.Message, _transport: str) -> dns.message.Message:
    """Answer as a recursive resolver that stands in for every server."""
    owner = query.question[0].name.to_text()
    host = "a.root-servers.net." if owner == "." else "ns.forged.example."
    return reply(query, answer=[f"{owner} 300 IN NS {host}"], aa=False, ra=True)


def without_authority(query: dns.message.Message, transport: str) -> dns.message.Message:
    """Answer like `as_a_resolver`, but hide RA."""
    answer = as_a_resolver(query, transport)
    answer.flags &= ~dns.flags.RA
    return answer


def refusing(query: dns.message.Message, _transport: str) -> dns.message.Message:
    """Refuse everything, as networks do that allow only their own resolver."""
    return reply(query, rcode="REFUSED", aa=False, ra=True)


def transparent(query: dns.message.Message, _transport: str) -> dns.message.Message:
    """Give away RA, and otherwise a delegation that is not approved."""
    owner = query.question[0].name.to_text()
    if owner == ".":
        return reply(query, answer=[". 300 IN NS a.root-servers.net."], ra=True)
    return reply(query, authority=["victim.com. 300 IN NS ns.forged.example."], aa=False)


@pytest.mark.parametrize("behave", [as_a_resolver, without_authority, refusing, transparent])
@pytest.mark.parametrize("watched", [True, False], ids=["watched", "alone"])
def test_check_is_unknown_and_says_why_when_the_network_intercepts_dns(
    behave: Callable[[dns.message.Message, str], Any], watched: bool
) -> None:
    found = intercepted(behave, approving() if watched else None)
    look, verdict = found
    assert verdict.status is Status.UNKNOWN
    assert overall([found]) is Status.UNKNOWN
    assert verdict.summary.startswith("this network intercepts DNS, so nothing seen from here can be trusted: the root")
    assert record(look, verdict)["interception"]["server"] == "198.41.0.4"


def test_check_shows_findings_as_untrusted_when_the_network_intercepts_dns() -> None:
    look, verdict = intercepted(transparent, approving())
    assert ("delegation_changed", Status.CRITICAL) in codes((look, verdict))
    assert record(look, verdict)["code"] == 3
