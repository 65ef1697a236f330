"""Asking one server or resolver, against a real one on loopback."""

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime

import dns.flags
import dns.message
import pytest
from tests.support.nameserver import NameServer, reply

from nswatch.model import Result, Transport
from nswatch.observe.budget import Budget
from nswatch.observe.delegation_round import Line, Reading
from nswatch.observe.plan import Target
from nswatch.observe.transport import DnsTransport
from nswatch_cli.check.asking import ask_server, confirm

Behaviour = Callable[[dns.message.Message, str], dns.message.Message | None]
TARGET = Target("", "192.0.2.53")
QUESTIONS = [("victim.com", "NS"), ("victim.com", "MX"), ("victim.com", "A")]


def asked(behave: Behaviour, *, recursive: bool = True, again: bool = False) -> tuple[list[Reading], list[tuple[str, str, str]]]:  # fmt: skip  # noqa: E501
    """Return what is read of a server, confirmed with ``again``, and the queries that it got."""

    def departs(reading: Reading) -> bool:
        return reading.facts.values != ("10 right.example",)

    async def work() -> tuple[list[Reading], list[tuple[str, str, str]]]:
        now = lambda: datetime.now(UTC)  # noqa: E731
        async with NameServer(behave) as server, DnsTransport(now, route=lambda _: ("127.0.0.1", server.port)) as way:
            until = asyncio.get_running_loop().time() + 5
            line = Line(way, Budget(), now, until, until)
            read = await ask_server(TARGET, QUESTIONS[1:2] if again else QUESTIONS, line, recursive=recursive)
            if again:
                read = [await confirm(each, departs, line) for each in read]
            return read, server.queries

    return asyncio.run(work())


def mx(query: dns.message.Message, host: str) -> dns.message.Message:
    return reply(query, answer=[f"victim.com. 60 IN MX 10 {host}."], ra=True)


@pytest.mark.parametrize(
    ("udp", "tcp", "counts", "over", "queries"),
    [
        ("right.example", "right.example", "10 right.example", Transport.UDP, ["udp"]),
        ("wrong.example", "wrong.example", "10 wrong.example", Transport.TCP, ["udp", "tcp"]),
        ("wrong.example", "other.example", "10 other.example", Transport.TCP, ["udp", "tcp"]),
        ("wrong.example", "right.example", "10 wrong.example", Transport.UDP, ["udp", "tcp", "udp"]),
    ],
    ids=["in order", "confirmed", "wrong both times", "another cache over TCP"],
)
def test_what_a_resolver_gives_counts_over_tcp_unless_udp_repeats_itself(
    udp: str, tcp: str, counts: str, over: Transport, queries: list[str]
) -> None:
    (read,), seen = asked(lambda query, transport: mx(query, udp if transport == "udp" else tcp), again=True)
    assert (read.facts.values, read.outcome.transport) == ((counts,), over)
    assert [transport for transport, _, _ in seen] == queries


def test_a_servers_word_over_tcp_counts_without_a_third_look() -> None:
    (read,), seen = asked(
        lambda query, transport: mx(query, "wrong.example" if transport == "udp" else "right.example"),
        recursive=False,
        again=True,
    )
    assert (read.facts.values, read.outcome.transport) == (("10 right.example",), Transport.TCP)
    assert len(seen) == 2


def test_a_resolver_is_asked_with_checking_disabled_when_it_fails() -> None:
    def behave(query: dns.message.Message, _: str) -> dns.message.Message:
        return mx(query, "right.example") if query.flags & dns.flags.CD else reply(query, rcode="SERVFAIL", ra=True)

    read, _ = asked(behave)
    assert read[1].facts.result is Result.BOGUS
    assert read[1].facts.note == "with CD: 10 right.example"
    assert read[1].facts.values == (), "what does not validate is no answer"


def test_an_authoritative_server_is_never_asked_with_checking_disabled() -> None:
    read, seen = asked(lambda query, _: reply(query, rcode="SERVFAIL"), recursive=False)
    assert read[0].facts.result is Result.SERVFAIL
    assert len(seen) == 1


@pytest.mark.parametrize("rcode", ["REFUSED", "NOTIMP"])
def test_a_server_that_does_not_serve_the_zone_gets_one_question(rcode: str) -> None:
    read, seen = asked(lambda query, _: reply(query, rcode=rcode), recursive=False)
    assert {qtype for _, _, qtype in seen} == {"NS"}
    assert [each.outcome.reason for each in read[1:]] == ["it does not serve the zone"] * 2
