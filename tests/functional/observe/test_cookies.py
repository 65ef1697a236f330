"""DNS cookies between the transport and real servers on loopback (RFC 7873)."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from datetime import UTC, datetime
from typing import TypeVar

import dns.edns
import dns.message
from tests.support.nameserver import Behaviour, NameServer, reply

from nswatch.model import Outcome, Question, Status, Transport
from nswatch.observe.cookies import Jar
from nswatch.observe.facts import answer_facts
from nswatch.observe.transport import DnsTransport

T = TypeVar("T")
NS = ["example.com. 300 IN NS ns1.example.net."]
EVIL = ["example.com. 300 IN NS evil.example."]
ONE, OTHER = b"server-1", b"server-cookie-2!"


def run(work: Callable[[], Awaitable[T]]) -> T:
    async def main() -> T:
        async with asyncio.timeout(20):
            return await work()

    return asyncio.run(main())


def cookie_of(query: dns.message.Message) -> bytes | None:
    for option in query.options:
        if isinstance(option, dns.edns.CookieOption):
            return bytes(option.client + option.server)
    return None


def with_cookie(message: dns.message.Message, cookie: bytes, *, rcode: str = "NOERROR") -> dns.message.Message:
    message.use_edns(0, 0, 1232, options=[dns.edns.CookieOption(cookie[:8], cookie[8:])])
    message.set_rcode(dns.rcode.from_text(rcode))
    return message


def ask(behave: Behaviour, times: int, *, servers: Sequence[str] = ("192.0.2.1",)) -> tuple[list[Outcome], NameServer]:
    """Ask so many times, one after the other."""

    async def work() -> tuple[list[Outcome], NameServer]:
        async with NameServer(behave) as server:
            route = (server.host, server.port)
            async with DnsTransport(lambda: datetime.now(UTC), route=lambda _: route, timeout=0.6) as transport:
                deadline = asyncio.get_running_loop().time() + 10
                outcomes = []
                for number in range(times):
                    question = Question(servers[number % len(servers)], "example.com", "NS")
                    outcomes += await transport.ask([question], deadline=deadline)
        return outcomes, server

    return run(work)


def sent(server: NameServer) -> list[bytes | None]:
    return [cookie_of(message) for message in server.messages]


def test_ask_sends_one_client_cookie_a_server_when_it_knows_no_server_cookie() -> None:
    _, server = ask(lambda query, _over: reply(query, answer=NS), 4, servers=("192.0.2.1", "192.0.2.2"))
    first, second, *again = sent(server)
    assert first is not None
    assert second is not None
    assert len(first) == len(second) == 8
    assert first != second
    assert again == [first, second]


def test_ask_gives_the_server_cookie_back_when_one_was_offered() -> None:
    offered = [ONE, ONE, OTHER, OTHER]

    def behave(query: dns.message.Message, _over: str) -> dns.message.Message:
        return with_cookie(reply(query, answer=NS), (cookie_of(query) or b"")[:8] + offered.pop(0))

    outcomes, server = ask(behave, 4)
    assert {outcome.status for outcome in outcomes} == {Status.ANSWERED}
    assert [(cookie or b"")[8:] for cookie in sent(server)] == [b"", ONE, ONE, OTHER]


def test_ask_drops_a_reply_when_its_client_cookie_is_another() -> None:
    def behave(query: dns.message.Message, _over: str) -> list[dns.message.Message]:
        forged = with_cookie(reply(query, answer=EVIL), b"forgery!" + ONE)
        return [forged, with_cookie(reply(query, answer=NS), (cookie_of(query) or b"")[:8] + ONE)]

    outcomes, server = ask(behave, 3)
    assert [answer_facts(outcome).values for outcome in outcomes] == [("ns1.example.net",)] * 3
    assert [transport for transport, _, _ in server.queries] == ["udp"] * 3


def test_ask_waits_for_the_cookie_when_the_server_has_given_one_before() -> None:
    first = True

    def behave(query: dns.message.Message, _over: str) -> list[dns.message.Message]:
        nonlocal first
        good = with_cookie(reply(query, answer=NS), (cookie_of(query) or b"")[:8] + ONE)
        found, first = ([good] if first else [reply(query, answer=EVIL), good]), False
        return found

    outcomes, server = ask(behave, 2)
    assert answer_facts(outcomes[1]).values == ("ns1.example.net",)
    assert len(server.queries) == 2


def test_ask_goes_to_tcp_and_forgets_when_a_server_gives_cookies_no_more() -> None:
    seen: list[str] = []

    def behave(query: dns.message.Message, over: str) -> dns.message.Message:
        seen.append(over)
        made = reply(query, answer=NS)
        return with_cookie(made, (cookie_of(query) or b"")[:8] + ONE) if len(seen) == 1 else made

    outcomes, server = ask(behave, 3)
    assert [(outcome.status, outcome.transport) for outcome in outcomes] == [
        (Status.ANSWERED, Transport.UDP), (Status.ANSWERED, Transport.TCP), (Status.ANSWERED, Transport.UDP)
    ]  # fmt: skip
    assert (sent(server)[-1] or b"")[8:] == b""


def test_ask_asks_again_with_the_new_cookie_when_the_server_says_badcookie() -> None:
    def behave(query: dns.message.Message, _over: str) -> dns.message.Message:
        cookie = cookie_of(query) or b""
        if cookie[8:] != ONE:
            return with_cookie(reply(query), cookie[:8] + ONE, rcode="BADCOOKIE")
        return with_cookie(reply(query, answer=NS), cookie)

    outcomes, server = ask(behave, 2)
    assert [outcome.status for outcome in outcomes] == [Status.ANSWERED] * 2
    assert answer_facts(outcomes[0]).values == ("ns1.example.net",)
    assert [transport for transport, _, _ in server.queries] == ["udp"] * 3


def test_ask_goes_to_tcp_when_every_cookie_is_bad() -> None:
    def behave(query: dns.message.Message, over: str) -> dns.message.Message:
        if over == "udp":
            return with_cookie(reply(query), (cookie_of(query) or b"")[:8] + ONE, rcode="BADCOOKIE")
        return reply(query, answer=NS)

    outcomes, server = ask(behave, 1)
    assert (outcomes[0].status, outcomes[0].transport) == (Status.ANSWERED, Transport.TCP)
    assert [transport for transport, _, _ in server.queries] == ["udp", "udp", "tcp"]


def test_ask_falls_back_to_no_edns_when_a_server_chokes_on_cookies() -> None:
    def behave(query: dns.message.Message, _over: str) -> dns.message.Message:
        return reply(query, rcode="FORMERR", aa=False) if query.edns >= 0 else reply(query, answer=NS)

    outcomes, server = ask(behave, 1)
    assert answer_facts(outcomes[0]).values == ("ns1.example.net",)
    assert sent(server)[-1] is None


def test_ask_keeps_cookies_when_another_transport_takes_the_jar_over() -> None:
    def behave(query: dns.message.Message, _over: str) -> dns.message.Message:
        return with_cookie(reply(query, answer=NS), (cookie_of(query) or b"")[:8] + ONE)

    async def work() -> NameServer:
        jar = Jar()
        async with NameServer(behave) as server:
            for _ in range(2):
                async with DnsTransport(
                    lambda: datetime.now(UTC), route=lambda _: (server.host, server.port), jar=jar
                ) as transport:
                    question = Question("192.0.2.1", "example.com", "NS")
                    await transport.ask([question], deadline=asyncio.get_running_loop().time() + 5)
            return server

    first, second = sent(run(work))
    assert second == (first or b"") + ONE


def test_jar_is_bounded_when_very_many_servers_are_asked() -> None:
    jar = Jar()
    for number in range(5000):
        jar.of(f"192.0.2.{number}")
    assert len(jar._cookies) <= 4096
    assert len({jar.of(f"192.0.2.{number}").client for number in range(100)}) == 100
