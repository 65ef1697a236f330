"""Visits to real HTTPS servers on loopback that behave as badly as a stranger's may."""

import asyncio
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest
from tests.support import https

from nswatch.expect.web import Site
from nswatch.model import Result
from nswatch.observe.web_visit import Visit, visit

HERE = "127.0.0.1"


def ask(port: int, *, host: str = "localhost", seconds: float = 3, trust: ssl.SSLContext | None = None) -> Visit:
    """Visit ``https://host/`` at a port of loopback."""

    async def once() -> Visit:
        deadline = asyncio.get_running_loop().time() + seconds
        return await visit(
            Site(host, 443, "/"),
            "192.0.2.80",
            deadline,
            route=lambda _, __: (HERE, port),
            trust=trust or https.trusting(),
        )

    return asyncio.run(once())


def port_of(server: https.Server) -> int:
    return int(server.url.rpartition(":")[2])


@contextmanager
def plain(serve: Callable[[socket.socket], object]) -> Iterator[int]:
    """Run a TCP server that does with its connections what a test wants; yield its port."""
    with socket.create_server((HERE, 0)) as listening:

        def accept() -> None:
            while True:
                try:
                    connection, _ = listening.accept()
                except OSError:
                    return
                with connection:
                    serve(connection)

        thread = threading.Thread(target=accept, daemon=True)
        thread.start()
        yield int(listening.getsockname()[1])
        listening.shutdown(socket.SHUT_RDWR)


def test_visit_says_what_is_served_when_all_is_well() -> None:
    with https.server() as server:
        server.answers["/"] = https.answer(200, b"hello")
        seen = ask(port_of(server))
    assert (seen.result, seen.status, seen.reason, seen.address) == (Result.ANSWER, 200, "", "192.0.2.80")
    assert seen.served is not None
    assert (seen.served.trusted, seen.served.issuer) == (True, "CN=nswatch test authority")
    assert seen.served.names == ("localhost",)
    assert seen.served.fingerprint.startswith("sha256:")
    assert seen.served.not_after.endswith("Z")
    assert seen.head.startswith(b"HTTP/1.1 200")
    assert b"hello" not in seen.head
    assert seen.connected is not None
    assert seen.secured is not None
    assert seen.first_byte is not None
    assert 0 <= seen.connected <= seen.secured <= seen.first_byte


def test_request_is_a_get_of_the_url_when_it_is_sent() -> None:
    with https.server() as server:
        server.answers["/"] = https.answer(204)
        ask(port_of(server))
        head = server.heads[0]
    assert head.startswith("GET / HTTP/1.1\r\n")
    assert "\r\nHost: localhost\r\n" in head


@pytest.mark.parametrize(
    ("certificate_of", "days", "trust", "why"),
    [
        pytest.param("other.example", 7, https.trusting, "Hostname mismatch", id="wrong name"),
        pytest.param("localhost", -2, https.trusting, "certificate has expired", id="expired"),
        pytest.param("localhost", 7, ssl.create_default_context, "unable to get local issuer", id="unknown issuer"),
    ],
)
def test_certificate_is_seen_and_not_trusted_when_it_does_not_verify(
    certificate_of: str, days: int, trust: Callable[[], ssl.SSLContext], why: str
) -> None:
    with https.server(certificate_of=certificate_of, days=days) as server:
        server.answers["/"] = https.answer(200)
        seen = ask(port_of(server), trust=trust())
    assert seen.served is not None
    assert seen.served.trusted is False
    assert why in seen.served.why
    assert seen.served.issuer == "CN=nswatch test authority"
    assert seen.served.names == (certificate_of,)
    assert (seen.status, seen.result) == (200, Result.ANSWER)


def test_certificate_is_not_trusted_when_the_server_hides_from_the_second_look() -> None:
    with https.server(certificate_of="other.example") as server:
        port = port_of(server)
        passed = 0

        def relay(connection: socket.socket) -> None:
            """Pass one connection through to the server, and drop those after it."""
            nonlocal passed
            passed += 1
            if passed > 1:
                return
            connection.settimeout(2)
            with socket.create_connection((HERE, port)) as behind:
                behind.sendall(connection.recv(65536))
                connection.sendall(behind.recv(65536))
                connection.recv(65536)

        with plain(relay) as between:
            seen = ask(between)
    assert seen.served is not None
    assert seen.served.trusted is False
    assert "Hostname mismatch" in seen.served.why
    assert seen.status is None


@pytest.mark.parametrize(
    ("answer", "status"),
    [
        pytest.param(https.raw(b"HTTP/1.0 200 OK\r\n\r\nold"), 200, id="HTTP/1.0"),
        pytest.param(https.answer(301, location="/"), 301, id="redirect loop"),
        pytest.param(https.answer(302, location="https://elsewhere.example/"), 302, id="redirect elsewhere"),
        pytest.param(https.answer(503), 503, id="503"),
        pytest.param(https.answer(200, b"x" * 3_000_000), 200, id="huge body"),
        pytest.param(https.raw(b"HTTP/1.1 103 Early\r\n\r\nHTTP/1.1 200 OK\r\n\r\n"), 200, id="interim response"),
        pytest.param(https.raw(b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\n\r\n\x1f"), 200, id="encoded"),
    ],
)
def test_visit_has_a_status_after_one_request_when_a_response_came(answer: https.Answer, status: int) -> None:
    with https.server() as server:
        server.answers["/"] = answer
        seen = ask(port_of(server))
        asked = list(server.asked)
    assert (seen.status, seen.result) == (status, Result.ANSWER)
    assert asked == ["/"]


@pytest.mark.parametrize(
    ("octets", "reason"),
    [
        pytest.param(b"", "closed", id="closed at once"),
        pytest.param(b"HTTP/1.1 200 OK\r\nA: " + b"x" * 100_000, "", id="huge head"),
        pytest.param(b"220 mail.example ESMTP\r\n", "", id="another protocol"),
        pytest.param(b"HTTP/1.1 100 Continue\r\n\r\n" * 4000, "interim", id="interim responses without end"),
    ],
)
def test_certificate_is_known_and_the_answer_is_not_when_no_response_came(octets: bytes, reason: str) -> None:
    with https.server() as server:
        server.answers["/"] = https.raw(octets)
        seen = ask(port_of(server))
    assert seen.served is not None
    assert seen.served.trusted is True
    assert (seen.status, seen.result) == (None, Result.MALFORMED)
    assert reason in seen.reason


def test_visit_ends_in_time_when_the_server_drips() -> None:
    def drip(connection: socket.socket, head: str) -> None:
        for octet in b"HTTP/1.1 200 OK":
            connection.sendall(bytes([octet]))
            time.sleep(0.1)

    with https.server() as server:
        server.answers["/"] = drip
        began = time.monotonic()
        seen = ask(port_of(server), seconds=0.4)
        took = time.monotonic() - began
    assert (seen.status, seen.result) == (None, Result.TIMEOUT)
    assert seen.served is not None
    assert took < 1.2


def hang(connection: socket.socket) -> None:
    connection.recv(1)
    time.sleep(0.5)


@pytest.mark.parametrize(
    ("serve", "result"),
    [
        pytest.param(hang, Result.TIMEOUT, id="hangs in handshake"),
        pytest.param(lambda connection: connection.recv(65536), Result.MALFORMED, id="closes in handshake"),
        pytest.param(lambda connection: connection.sendall(b"SSH-2.0-x\r\n"), Result.MALFORMED, id="no TLS"),
    ],
)
def test_visit_is_unknown_when_there_is_no_tls(serve: Callable[[socket.socket], object], result: Result) -> None:
    with plain(serve) as port:
        seen = ask(port, seconds=0.3)
    assert seen.served is None
    assert seen.status is None
    assert seen.result in (result, Result.UNREACHABLE)
    assert seen.reason


def test_visit_is_unknown_when_the_connection_is_reset() -> None:
    def reset(connection: socket.socket) -> None:
        connection.recv(1)
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")

    with plain(reset) as port:
        seen = ask(port)
    assert (seen.served, seen.result) == (None, Result.UNREACHABLE)


def test_visit_is_unknown_when_nobody_listens() -> None:
    with socket.socket() as bound:
        bound.bind((HERE, 0))
        seen = ask(bound.getsockname()[1])
    assert (seen.served, seen.result, seen.connected) == (None, Result.UNREACHABLE, None)
    assert seen.reason.startswith("no connection: ")
