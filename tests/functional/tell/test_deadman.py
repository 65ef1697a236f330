"""The dead-man ping against real servers on loopback: one that answers, one that fails, one that hangs."""

import logging
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest

from nswatch.tell.deadman import DeadMan


@contextmanager
def service(status: int) -> Iterator[tuple[str, list[str]]]:
    asked: list[str] = []

    class Answers(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append(self.path)
            self.send_response(status)
            self.send_header("Content-Length", "2")
            self.end_headers()
            self.wfile.write(b"ok")

        def log_message(self, *_: object) -> None:
            """Print nothing."""

    server = HTTPServer(("127.0.0.1", 0), Answers)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/ping/secret", asked
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def test_ping_asks_for_the_url_once_a_call(caplog: pytest.LogCaptureFixture) -> None:
    with service(200) as (url, asked):
        dead_man = DeadMan(url)
        dead_man.ping()
        dead_man.ping()
    assert asked == ["/ping/secret"] * 2
    assert caplog.records == []


@pytest.mark.parametrize("status", [301, 404, 500])
def test_ping_logs_the_status_when_the_service_fails(status: int, caplog: pytest.LogCaptureFixture) -> None:
    with service(status) as (url, asked):
        DeadMan(url).ping()
    assert asked == ["/ping/secret"]
    assert [record.levelno for record in caplog.records] == [logging.WARNING]
    assert str(status) in caplog.text


def test_ping_gives_up_after_three_seconds_when_the_service_hangs(caplog: pytest.LogCaptureFixture) -> None:
    with socket.create_server(("127.0.0.1", 0)) as hanging:
        began = time.monotonic()
        DeadMan(f"http://127.0.0.1:{hanging.getsockname()[1]}/ping/secret").ping()
    assert 2.5 < time.monotonic() - began < 5
    assert "was not reached" in caplog.text
    assert "secret" not in caplog.text


def test_ping_logs_when_nobody_listens(caplog: pytest.LogCaptureFixture) -> None:
    with socket.create_server(("127.0.0.1", 0)) as closed:
        port = closed.getsockname()[1]
    DeadMan(f"http://127.0.0.1:{port}/").ping()
    assert "was not reached" in caplog.text


def test_ping_does_nothing_when_there_is_no_service(caplog: pytest.LogCaptureFixture) -> None:
    DeadMan("").ping()
    assert caplog.records == []


@pytest.mark.parametrize("url", ["file:///etc/passwd", "ftp://example.com/", "example.com/ping"])
def test_ping_asks_for_nothing_but_http(url: str, caplog: pytest.LogCaptureFixture) -> None:
    DeadMan(url).ping()
    assert "neither http nor https" in caplog.text
