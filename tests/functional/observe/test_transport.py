"""The transport against real servers on loopback."""

import asyncio
import socket
import time
from collections.abc import Awaitable, Callable, Sequence
from datetime import UTC, datetime
from typing import Any, TypeVar, cast

import dns.edns
import dns.flags
import dns.message
import dns.rcode
import pytest
from tests.support.nameserver import Behaviour, NameServer, Raw, reply

from nswatch.model import Outcome, Question, Status, Transport
from nswatch.observe.facts import answer_facts
from nswatch.observe.transport import DnsTransport
from nswatch.observe.udp import UdpSocket

T = TypeVar("T")
NS = ["example.com. 300 IN NS ns1.example.net."]


def clock() -> datetime:
    return datetime.now(UTC)


def answer(query: dns.message.Message, transport: str) -> dns.message.Message:
    return reply(query, answer=NS)


def run(work: Callable[[], Awaitable[T]]) -> T:
    async def main() -> T:
        async with asyncio.timeout(20):
            return await work()

    return asyncio.run(main())


async def ask_server(
    server: NameServer,
    *,
    over: Transport = Transport.UDP,
    seconds: float = 5,
    questions: Sequence[Question] = (Question("192.0.2.1", "example.com", "NS"),),
    timeout: float = 0.8,  # noqa: ASYNC109
    **settings: Any,
) -> list[Outcome]:
    async with DnsTransport(
        clock, route=lambda _: (server.host, server.port), timeout=timeout, **settings
    ) as transport:
        deadline = asyncio.get_running_loop().time() + seconds
        return await transport.ask(questions, deadline=deadline, over=over)


def ask(behave: Behaviour, *, over: Transport = Transport.UDP, **options: Any) -> tuple[Outcome, NameServer]:
    async def work() -> tuple[Outcome, NameServer]:
        udp, tcp = bool(options.pop("udp", True)), bool(options.pop("tcp", True))
        async with NameServer(behave, udp=udp, tcp=tcp) as server:
            return (await ask_server(server, over=over, **options))[0], server

    return run(work)


def asked(server: NameServer) -> list[str]:
    return [transport for transport, _, _ in server.queries]


@pytest.mark.parametrize("over", list(Transport))
def test_ask_answers_when_the_server_does(over: Transport) -> None:
    outcome, server = ask(answer, over=over)
    assert (outcome.status, outcome.transport) == (Status.ANSWERED, over)
    assert outcome.received is not None
    assert outcome.received >= outcome.sent
    assert answer_facts(outcome).values == ("ns1.example.net",)
    assert asked(server) == [str(over)]


def test_ask_sends_do_and_1232_and_no_rd_when_nothing_else_is_said() -> None:
    _, server = ask(answer)
    query = server.messages[0]
    assert (query.edns, query.payload, bool(query.ednsflags & dns.flags.DO)) == (0, 1232, True)
    assert not query.flags & (dns.flags.RD | dns.flags.CD)


def test_ask_keeps_the_order_of_questions_when_answers_come_out_of_order() -> None:
    async def work() -> list[Outcome]:
        held: list[bytes] = []

        def behave(query: dns.message.Message, transport: str) -> list[bytes]:
            owner = query.question[0].name.to_text()
            held.append(reply(query, answer=[f"{owner} 300 IN NS ns.{owner}"]).to_wire())
            return held[::-1] if len(held) == 20 else []

        questions = [Question("192.0.2.1", f"d{i}.example", "NS") for i in range(20)]
        async with NameServer(behave) as server:
            return await ask_server(server, questions=questions, timeout=2, per_server=50)

    outcomes = run(work)
    assert [answer_facts(outcome).values for outcome in outcomes] == [(f"ns.d{i}.example",) for i in range(20)]


def flipped_id(wire: bytes) -> bytes:
    return bytes([wire[0] ^ 1]) + wire[1:]


def test_ask_takes_the_right_answer_when_a_wrong_id_comes_first() -> None:
    def behave(query: dns.message.Message, transport: str) -> list[bytes]:
        forged = reply(query, answer=["example.com. 300 IN NS evil.example."]).to_wire()
        return [flipped_id(forged), b"", b"\0", forged[:5], reply(query, answer=NS).to_wire()]

    outcome, server = ask(behave)
    assert answer_facts(outcome).values == ("ns1.example.net",)
    assert asked(server) == ["udp"]


def test_ask_takes_the_right_answer_when_another_source_answers_first() -> None:
    async def work() -> tuple[Outcome, int]:
        loop = asyncio.get_running_loop()
        spoofer = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)

        class Server(asyncio.DatagramProtocol):
            def connection_made(self, transport: asyncio.BaseTransport) -> None:
                self.transport = cast("asyncio.DatagramTransport", transport)

            def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
                query = dns.message.from_wire(data)
                spoofer.sendto(reply(query, answer=["example.com. 300 IN NS evil.example."]).to_wire(), addr)
                loop.call_later(0.1, self.transport.sendto, reply(query, answer=NS).to_wire(), addr)

        listening, _ = await loop.create_datagram_endpoint(Server, local_addr=("127.0.0.1", 0))
        port = listening.get_extra_info("sockname")[1]
        async with DnsTransport(clock, route=lambda _: ("127.0.0.1", port), timeout=2) as transport:
            question = Question("192.0.2.1", "example.com", "NS")
            outcome = (await transport.ask([question], deadline=loop.time() + 5))[0]
            dropped = sum(opened.dropped for opened in transport._sockets.values() if isinstance(opened, UdpSocket))
        listening.abort()
        spoofer.close()
        return outcome, dropped

    outcome, dropped = run(work)
    assert (outcome.status, outcome.transport, dropped) == (Status.ANSWERED, Transport.UDP, 1)
    assert answer_facts(outcome).values == ("ns1.example.net",)


def question_of(other: str, rdtype: str = "NS") -> Callable[[dns.message.Message], bytes]:
    def mangle(query: dns.message.Message) -> bytes:
        made = dns.message.make_response(dns.message.make_query(other, rdtype, id=query.id))
        made.flags |= dns.flags.AA
        return made.to_wire()

    return mangle


def without_qr(query: dns.message.Message) -> bytes:
    wire = bytearray(reply(query, answer=NS).to_wire())
    wire[2] &= 0x7F
    return bytes(wire)


def without_question(query: dns.message.Message) -> bytes:
    made = dns.message.Message(id=query.id)
    made.flags = dns.flags.QR
    made.set_rcode(dns.rcode.REFUSED)
    return made.to_wire()


def other_case(query: dns.message.Message) -> bytes:
    return reply(query, answer=NS).to_wire().replace(query.to_wire()[12:24], query.to_wire()[12:24].swapcase(), 1)


MANGLED = {
    "another name": question_of("example.org"),
    "another type": question_of("example.com", "A"),
    "no QR bit": without_qr,
    "no question": without_question,
    "another letter case": other_case,
    "garbage": lambda query: query.id.to_bytes(2, "big") + b"\xff" * 40,
}


@pytest.mark.parametrize("mangle", MANGLED.values(), ids=MANGLED)
def test_ask_goes_to_tcp_when_the_udp_answer_is_mangled(mangle: Callable[[dns.message.Message], bytes]) -> None:
    outcome, server = ask(lambda query, over: mangle(query) if over == "udp" else reply(query, answer=NS))
    assert (outcome.status, outcome.transport) == (Status.ANSWERED, Transport.TCP)
    assert asked(server) == ["udp", "tcp"]


def test_ask_takes_the_udp_answer_when_it_follows_a_mangled_one() -> None:
    outcome, server = ask(lambda query, _over: [question_of("example.org")(query), reply(query, answer=NS).to_wire()])
    assert (outcome.status, outcome.transport) == (Status.ANSWERED, Transport.UDP)
    assert asked(server) == ["udp"]


def test_ask_is_malformed_with_the_evidence_when_udp_is_mangled_and_tcp_refused() -> None:
    outcome, _ = ask(lambda query, _over: question_of("example.org")(query), tcp=False)
    assert (outcome.status, outcome.transport) == (Status.MALFORMED, Transport.UDP)
    assert outcome.wire is not None
    assert dns.message.from_wire(outcome.wire).question[0].name.to_text() == "example.org."


def test_ask_goes_to_tcp_when_the_answer_is_truncated() -> None:
    many = [f"example.com. 300 IN NS ns.{'x' * 50}{i}.example." for i in range(40)]
    outcome, server = ask(lambda query, _over: reply(query, answer=many))
    assert (outcome.status, outcome.transport) == (Status.ANSWERED, Transport.TCP)
    assert len(answer_facts(outcome).values) == 40
    assert asked(server) == ["udp", "tcp"]


def test_ask_is_unreachable_when_the_answer_is_truncated_and_tcp_refused() -> None:
    outcome, _ = ask(lambda query, _over: reply(query, tc=True), tcp=False)
    assert (outcome.status, outcome.transport) == (Status.UNREACHABLE, Transport.TCP)


def test_ask_works_over_tcp_when_the_server_has_no_udp() -> None:
    outcome, _ = ask(answer, udp=False, over=Transport.TCP)
    assert outcome.status is Status.ANSWERED


@pytest.mark.parametrize(("lost", "status"), [(1, Status.ANSWERED), (2, Status.ANSWERED), (3, Status.TIMEOUT)])
def test_ask_repeats_the_question_when_packets_are_lost(lost: int, status: Status) -> None:
    seen: list[int] = []

    def behave(query: dns.message.Message, transport: str) -> dns.message.Message | None:
        seen.append(query.id)
        return reply(query, answer=NS) if len(seen) > lost else None

    outcome, server = ask(behave, timeout=0.4)
    assert outcome.status is status
    assert asked(server) == ["udp"] * min(3, lost + 1)


@pytest.mark.parametrize("over", list(Transport))
def test_ask_is_unreachable_when_the_port_is_refused(over: Transport) -> None:
    async def work() -> tuple[Outcome, float]:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as free:
            free.bind(("127.0.0.1", 0))
            server = NameServer(answer)
            server.port = free.getsockname()[1]
        start = time.monotonic()
        return (await ask_server(server, over=over, timeout=3))[0], time.monotonic() - start

    outcome, seconds = run(work)
    assert (outcome.status, outcome.reason) == (Status.UNREACHABLE, "Connection refused")
    assert seconds < 2


def test_ask_answers_others_when_one_server_refuses() -> None:
    async def work() -> list[Outcome]:
        async with NameServer(answer) as server:
            with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as free:
                free.bind(("127.0.0.1", 0))
                dead = free.getsockname()[1]
            ports = {"192.0.2.1": server.port, "192.0.2.2": dead}
            async with DnsTransport(clock, route=lambda address: ("127.0.0.1", ports[address])) as transport:
                questions = [Question(f"192.0.2.{1 + i % 2}", f"d{i}.example.com", "NS") for i in range(40)]
                return await transport.ask(questions, deadline=asyncio.get_running_loop().time() + 5)

    statuses = [outcome.status for outcome in run(work)]
    assert statuses == [Status.ANSWERED, Status.UNREACHABLE] * 20


def test_ask_is_unreachable_when_there_is_no_route() -> None:
    async def work() -> Outcome:
        async with DnsTransport(clock, route=lambda address: (address, 53), timeout=0.2) as transport:
            question = Question("2001:db8::1", "example.com", "NS")
            return (await transport.ask([question], deadline=asyncio.get_running_loop().time() + 2))[0]

    assert run(work).status in (Status.UNREACHABLE, Status.TIMEOUT)


def test_ask_is_unreachable_at_once_when_the_kernel_can_not_send_there() -> None:
    async def work() -> tuple[list[Outcome], float]:
        loop = asyncio.get_running_loop()
        # Without SO_BROADCAST the kernel refuses this destination (socket(7)).
        async with DnsTransport(clock, route=lambda _: ("255.255.255.255", 53), window=3, per_server=2) as transport:
            start = loop.time()
            questions = [Question("192.0.2.1", f"d{i}.example.com", "NS") for i in range(20)]
            return await transport.ask(questions, deadline=start + 9), loop.time() - start

    outcomes, seconds = run(work)
    assert {(outcome.status, outcome.reason) for outcome in outcomes} == {(Status.UNREACHABLE, "Permission denied")}
    assert seconds < 0.2


def test_ask_answers_when_the_answer_comes_after_an_icmp_error() -> None:
    async def work() -> Outcome:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        async with DnsTransport(clock, route=lambda _: ("127.0.0.1", port), timeout=2) as transport:
            question = Question("192.0.2.1", "example.com", "NS")
            asking = asyncio.create_task(transport.ask([question], deadline=asyncio.get_running_loop().time() + 5))
            await asyncio.sleep(0.05)
            async with NameServer(answer, port=port, tcp=False):
                return (await asking)[0]

    assert run(work).status is Status.ANSWERED


@pytest.mark.parametrize("over", list(Transport))
def test_ask_ends_at_the_deadline_when_the_server_is_silent(over: Transport) -> None:
    start = time.monotonic()
    outcome, _ = ask(lambda _query, _transport: None, over=over, timeout=5, seconds=0.4)
    assert outcome.status is Status.TIMEOUT
    assert outcome.received is None
    assert time.monotonic() - start < 1.5


@pytest.mark.parametrize("over", list(Transport))
def test_ask_is_not_asked_when_the_deadline_has_passed(over: Transport) -> None:
    outcome, server = ask(answer, over=over, seconds=-1)
    assert outcome.status is Status.NOT_ASKED
    assert server.queries == []


def test_ask_is_malformed_when_tcp_is_closed_in_the_middle() -> None:
    outcome, _ = ask(lambda query, over: reply(query, tc=True) if over == "udp" else Raw(b"\xff\xff" + b"x" * 100))
    assert (outcome.status, outcome.transport) == (Status.MALFORMED, Transport.TCP)


@pytest.mark.parametrize(("size", "status"), [(1, Status.TIMEOUT), (8000, Status.OVER_CAP)])
def test_ask_ends_at_the_deadline_when_tcp_dribbles(size: int, status: Status) -> None:
    async def work() -> tuple[Outcome, float]:
        async def dribble(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            try:
                writer.write(b"\xff\xff")
                for _i in range(6):
                    writer.write(b"x" * size)
                    await writer.drain()
                    await asyncio.sleep(0.1)
                await asyncio.sleep(0.5)
            except ConnectionError:
                pass
            finally:
                writer.transport.abort()
                closed.set()

        closed = asyncio.Event()
        server = await asyncio.start_server(dribble, "127.0.0.1", 0)
        port = server.sockets[0].getsockname()[1]
        loop = asyncio.get_running_loop()
        start = loop.time()
        async with DnsTransport(clock, route=lambda _: ("127.0.0.1", port)) as transport:
            question = Question("192.0.2.1", "example.com", "NS")
            outcome = (await transport.ask([question], deadline=start + 0.8, over=Transport.TCP))[0]
        seconds = loop.time() - start
        await closed.wait()
        server.close()
        return outcome, seconds

    outcome, seconds = run(work)
    assert outcome.status is status
    assert seconds < 1.5


def big(query: dns.message.Message, size: int) -> bytes:
    wire = reply(query, answer=NS).to_wire()
    return wire + bytes(size - len(wire))


@pytest.mark.parametrize(
    ("size", "status"), [(16384, Status.ANSWERED), (16385, Status.OVER_CAP), (65535, Status.OVER_CAP)]
)
def test_ask_is_over_cap_when_the_answer_is_larger_than_16_kib(size: int, status: Status) -> None:
    outcome, _ = ask(lambda query, _over: big(query, size), over=Transport.TCP)
    assert outcome.status is status
    assert outcome.wire is not None
    assert len(outcome.wire) == 16384
    assert outcome.reason.startswith("sha256:") == (status is Status.OVER_CAP)


def test_ask_gives_one_digest_when_the_same_large_answer_comes_again() -> None:
    first, _ = ask(lambda query, _over: big(query, 20000), over=Transport.TCP)
    again, _ = ask(lambda query, _over: big(query, 20000), over=Transport.TCP)
    other, _ = ask(lambda query, _over: big(query, 20001), over=Transport.TCP)
    assert first.reason == again.reason != other.reason


@pytest.mark.parametrize("data", [Raw(b""), Raw(b"\0")], ids=["nothing", "half a length"])
def test_ask_is_unreachable_when_tcp_is_closed_without_an_answer(data: Raw) -> None:
    outcome, server = ask(lambda _query, _over: data, over=Transport.TCP)
    assert outcome.status is Status.UNREACHABLE
    assert asked(server) == ["tcp", "tcp"]


def test_ask_answers_over_tcp_when_the_letter_case_is_changed() -> None:
    outcome, _ = ask(lambda query, _over: other_case(query), over=Transport.TCP)
    assert outcome.status is Status.ANSWERED


def bare(query: dns.message.Message, rcode: dns.rcode.Rcode) -> dns.message.Message:
    made = dns.message.make_response(query)
    made.use_edns(0 if rcode == dns.rcode.BADVERS else False)
    made.set_rcode(rcode)
    return made


@pytest.mark.parametrize("over", list(Transport))
@pytest.mark.parametrize("rcode", [dns.rcode.FORMERR, dns.rcode.NOTIMP, dns.rcode.BADVERS], ids=dns.rcode.to_text)
def test_ask_asks_without_edns_once_when_the_server_dislikes_it(rcode: dns.rcode.Rcode, over: Transport) -> None:
    def behave(query: dns.message.Message, transport: str) -> dns.message.Message:
        return reply(query, answer=NS) if query.edns < 0 else bare(query, rcode)

    outcome, server = ask(behave, over=over)
    assert outcome.status is Status.ANSWERED
    assert answer_facts(outcome).values == ("ns1.example.net",)
    assert [query.edns for query in server.messages] == [0, -1]


def test_ask_gives_the_error_when_the_server_dislikes_plain_questions_too() -> None:
    outcome, server = ask(lambda query, _over: bare(query, dns.rcode.FORMERR))
    assert outcome.status is Status.ANSWERED
    assert len(server.queries) == 2


def test_ask_limits_what_is_in_flight_when_many_questions_go_to_one_server() -> None:
    async def work() -> int:
        flying, most = 0, 0

        def behave(query: dns.message.Message, transport: str) -> None:
            nonlocal flying, most
            flying += 1
            most = max(most, flying)

        async with NameServer(behave) as server:
            questions = [Question("192.0.2.1", f"d{i}.example", "NS") for i in range(30)]
            outcomes = await ask_server(
                server, questions=questions, timeout=0.2, attempts=1, seconds=0.09, per_server=4
            )
            assert {outcome.status for outcome in outcomes} == {Status.TIMEOUT, Status.NOT_ASKED}
        return most

    assert run(work) == 4


def test_ask_never_uses_wall_time_when_it_waits() -> None:
    class Skipping(asyncio.SelectorEventLoop):
        """Time stands still but for a jump to the next timer when no socket is ready."""

        now = 0.0

        def time(self) -> float:
            return self.now

        def _run_once(self) -> None:
            if not self._ready and self._scheduled and not self._selector.select(0.005):  # type: ignore[attr-defined]
                self.now = max(self.now, self._scheduled[0].when())  # type: ignore[attr-defined]
            super()._run_once()  # type: ignore[misc]

    async def work() -> tuple[Outcome, float]:
        async with NameServer(lambda _query, _transport: None) as server:
            outcome = (await ask_server(server, timeout=1000, seconds=1e6))[0]
            return outcome, asyncio.get_running_loop().time()

    start = time.monotonic()
    with asyncio.Runner(loop_factory=Skipping) as runner:
        outcome, now = runner.run(work())
    assert outcome.status is Status.TIMEOUT
    assert now == pytest.approx(3000)
    assert time.monotonic() - start < 5


class Crowd:
    """A server that answers after a while and counts how many questions it holds, and by how many connections."""

    def __init__(self, *, one_a_connection: bool = False) -> None:
        self.now = self.most = self.connections = 0
        self._one = one_a_connection

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        answers = []
        try:
            while True:
                data = await reader.readexactly(int.from_bytes(await reader.readexactly(2), "big"))
                answers.append(asyncio.create_task(self.answer(data, writer)))
                if self._one:
                    await answers[0]
                    break
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            for task in answers:
                task.cancel()
            writer.close()

    async def answer(self, data: bytes, writer: asyncio.StreamWriter) -> None:
        self.now += 1
        self.most = max(self.most, self.now)
        await asyncio.sleep(0.03)
        self.now -= 1
        wire = reply(dns.message.from_wire(data), answer=NS).to_wire()
        writer.write(len(wire).to_bytes(2, "big") + wire)


def ask_crowd(crowd: Crowd, count: int, per_server: int) -> list[Outcome]:
    async def work() -> list[Outcome]:
        server = await asyncio.start_server(crowd.serve, "127.0.0.1", 0)
        port = server.sockets[0].getsockname()[1]
        loop = asyncio.get_running_loop()
        async with DnsTransport(clock, route=lambda _: ("127.0.0.1", port), per_server=per_server) as transport:
            questions = [Question("192.0.2.1", "example.com", "NS")] * count
            outcomes = await transport.ask(questions, deadline=loop.time() + 5, over=Transport.TCP)
        server.close()
        await asyncio.sleep(0.05)
        return outcomes

    return run(work)


def test_ask_shares_connections_and_keeps_the_limit_when_many_go_over_tcp() -> None:
    crowd = Crowd()
    outcomes = ask_crowd(crowd, 20, 5)
    assert [outcome.status for outcome in outcomes] == [Status.ANSWERED] * 20
    assert crowd.most == 5
    assert crowd.connections == 4


def test_ask_gets_every_answer_when_a_server_closes_after_the_first() -> None:
    crowd = Crowd(one_a_connection=True)
    outcomes = ask_crowd(crowd, 6, 3)
    assert [outcome.status for outcome in outcomes] == [Status.ANSWERED] * 6
    assert crowd.most <= 3


def test_ask_keeps_the_limit_of_a_server_when_many_questions_go_over_udp() -> None:
    async def work() -> tuple[list[Outcome], int]:
        loop = asyncio.get_running_loop()
        held, most = set[int](), 0

        class Server(asyncio.DatagramProtocol):
            def connection_made(self, transport: asyncio.BaseTransport) -> None:
                self.transport = cast("asyncio.DatagramTransport", transport)

            def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
                nonlocal most
                query = dns.message.from_wire(data)
                held.add(query.id)
                most = max(most, len(held))
                loop.call_later(0.02, self.answer, query, addr)

            def answer(self, query: dns.message.Message, addr: tuple[str, int]) -> None:
                held.discard(query.id)
                self.transport.sendto(reply(query, answer=NS).to_wire(), addr)

        listening, _ = await loop.create_datagram_endpoint(Server, local_addr=("127.0.0.1", 0))
        port = listening.get_extra_info("sockname")[1]
        async with DnsTransport(clock, route=lambda _: ("127.0.0.1", port), per_server=4) as transport:
            asks = [
                transport.ask([Question("192.0.2.1", "example.com", "NS")] * 5, deadline=loop.time() + 5)
                for _ in range(6)
            ]
            outcomes = [outcome for each in await asyncio.gather(*asks) for outcome in each]
        listening.abort()
        return outcomes, most

    outcomes, most = run(work)
    assert {outcome.status for outcome in outcomes} == {Status.ANSWERED}
    assert most == 4


def test_ask_leaves_its_places_to_others_when_it_is_cancelled() -> None:
    async def work() -> list[Outcome]:
        answering = False

        def behave(query: dns.message.Message, _over: str) -> dns.message.Message | None:
            return reply(query, answer=NS) if answering else None

        async with (
            NameServer(behave) as server,
            DnsTransport(clock, route=lambda _: (server.host, server.port), per_server=2, window=2) as transport,
        ):
            loop = asyncio.get_running_loop()
            questions = [Question("192.0.2.1", "example.com", "NS")] * 9
            for over in Transport:
                lost = asyncio.create_task(transport.ask(questions, deadline=loop.time() + 9, over=over))
                await asyncio.sleep(0.05)
                lost.cancel()
                await asyncio.gather(lost, return_exceptions=True)
            answering = True
            return await transport.ask(questions, deadline=loop.time() + 0.5)

    assert {outcome.status for outcome in run(work)} == {Status.ANSWERED}


def test_ask_harms_no_other_when_its_name_can_not_be_asked() -> None:
    async def work() -> tuple[list[Outcome], object]:
        async with (
            NameServer(answer) as server,
            DnsTransport(clock, route=lambda _: (server.host, server.port), per_server=1) as transport,
        ):
            until = asyncio.get_running_loop().time() + 3
            good = Question("192.0.2.1", "example.com", "NS")
            bad = Question("192.0.2.1", "a" * 64 + ".example", "NS")
            first, failed, last = await asyncio.gather(
                transport.ask([good] * 3, deadline=until),
                transport.ask([good, bad], deadline=until),
                transport.ask([good] * 3, deadline=until),
                return_exceptions=True,
            )
            assert isinstance(first, list)
            assert isinstance(last, list)
            return first + last, failed

    outcomes, failed = run(work)
    assert [outcome.status for outcome in outcomes] == [Status.ANSWERED] * 6
    assert isinstance(failed, Exception)
