"""The HTTPS client against real servers on loopback that do what servers do."""

import gzip
import socket
import time
from collections.abc import Iterator
from datetime import UTC, datetime

import pytest
from tests.support.https import Answer, Server, answer, raw, server, trusting

from nswatch.collect.http import Page, get

NOW = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)


@pytest.fixture(scope="module")
def site() -> Iterator[Server]:
    with server() as running:
        yield running


def asked(site: Server, target: str = "/", *, limit: int = 1000, timeout: float = 5.0) -> Page:
    return get(site.url + target, limit=limit, timeout=timeout, trust=trusting())


def trickling(head: bytes, drop: bytes) -> Answer:
    """Send the head at once, then one drop after another until the client has had enough."""

    def write(connection: socket.socket, request: str) -> None:
        connection.sendall(head)
        for _ in range(400):
            connection.sendall(drop)
            time.sleep(0.02)

    return write


def test_get_returns_the_body_and_headers_when_all_is_well(site: Server) -> None:
    site.answers["/fine?x=1"] = answer(200, b"body", X_Own="yes")
    page = get(f"{site.url}/fine?x=1", headers={"Accept": "application/rdap+json"}, trust=trusting())
    assert (page.status, page.body, page.headers["x-own"], page.reason) == (200, b"body", "yes", "")
    assert page.whole
    assert page.url == f"{site.url}/fine?x=1"
    head = site.heads[-1].lower()
    assert "accept: application/rdap+json" in head
    assert "host: localhost:" in head
    assert "user-agent: nswatch/" in head


def test_get_reads_a_chunked_body_when_there_is_no_length(site: Server) -> None:
    site.answers["/chunked"] = raw(
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nab\r\n1\r\nc\r\n0\r\n\r\n"
    )
    assert asked(site, "/chunked").body == b"abc"


@pytest.mark.parametrize("status", [403, 404, 422, 429, 500, 503])
def test_get_returns_the_status_when_the_server_refuses(site: Server, status: int) -> None:
    site.answers["/no"] = answer(status, b"<html>no</html>", content_type="text/html")
    page = asked(site, "/no")
    assert (page.status, page.body, page.whole) == (status, b"<html>no</html>", True)


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("120", 120.0),
        ("0", 0.0),
        ("Mon, 23 Nov 2026 12:01:00 GMT", 60.0),
        ("Mon, 23 Nov 2026 11:00:00 GMT", 0.0),
        ("Mon, 23 Nov 2026 12:01:00 -0000", 60.0),
        ("soon", None),
        ("-5", None),
        ("١٢", None),
        ("", None),
    ],
    ids=["seconds", "zero", "date", "past", "no-zone", "words", "negative", "other-digits", "empty"],
)
def test_page_says_when_to_ask_again_when_retry_after_is_sane(text: str, seconds: float | None) -> None:
    assert Page(429, {"retry-after": text}).retry_after(NOW) == seconds


def test_page_has_no_retry_after_when_the_server_gives_none() -> None:
    assert Page(429).retry_after(NOW) is None


def test_get_follows_a_redirect_when_it_stays_on_https(site: Server) -> None:
    site.answers["/old"] = answer(301, location="/new")
    site.answers["/new"] = answer(200, b"here")
    page = asked(site, "/old")
    assert (page.status, page.body, page.url) == (200, b"here", f"{site.url}/new")


def test_get_gives_up_when_redirects_go_in_a_circle(site: Server) -> None:
    site.answers["/circle"] = answer(302, location="/circle")
    before = len(site.asked)
    assert asked(site, "/circle").reason == "more than 3 redirects"
    assert len(site.asked) - before == 4


def test_get_refuses_a_redirect_when_it_leads_from_https_to_http(site: Server) -> None:
    with server(tls=False) as plain:
        site.answers["/down"] = answer(302, location=f"{plain.url}/stolen")
        page = asked(site, "/down")
        assert (page.reason, page.whole) == ("a redirect to http: refused", False)
        assert plain.asked == []


@pytest.mark.parametrize(
    ("location", "reason"),
    [
        ("ftp://localhost/x", "a redirect to ftp: refused"),
        ("https://[::1/x", "a redirect to what is no URL"),
        ("/a b", "not an http(s) URL"),
    ],
    ids=["ftp", "broken", "space"],
)
def test_get_refuses_a_redirect_when_it_leads_to_no_page(site: Server, location: str, reason: str) -> None:
    site.answers["/odd"] = answer(302, location=location)
    assert asked(site, "/odd").reason == reason


def test_get_asks_over_http_when_its_own_url_says_so() -> None:
    with server(tls=False) as plain:
        plain.answers["/a"] = answer(307, location="/b")
        plain.answers["/b"] = answer(200, b"x")
        assert get(f"{plain.url}/a").body == b"x"


def test_get_stops_when_the_body_is_over_the_limit(site: Server) -> None:
    site.answers["/huge"] = trickling(b"HTTP/1.1 200 OK\r\nContent-Length: 100000000\r\n\r\n", b"x" * 700)
    page = asked(site, "/huge", limit=1000)
    assert (page.status, page.reason, len(page.body)) == (200, "larger than 1000 octets", 1000)


@pytest.mark.parametrize(
    ("head", "drop", "reason"),
    [
        (b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n", b"x", "the response took too long"),
        (b"HTTP/1.1 200 OK\r\nX-Long: ", b"x", "no answer in time"),
        (b"HTTP/1.1 100 Continue\r\n\r\n", b"", "no answer in time"),
    ],
    ids=["body", "head", "silence"],
)
def test_get_ends_in_time_when_the_server_is_slow(site: Server, head: bytes, drop: bytes, reason: str) -> None:
    site.answers["/slow"] = trickling(head, drop)
    began = time.monotonic()
    assert asked(site, "/slow", timeout=0.3).reason == reason
    assert time.monotonic() - began < 1.5


def test_get_ends_in_time_when_nobody_shakes_hands() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        page = get(f"https://localhost:{silent.getsockname()[1]}/", timeout=0.3, trust=trusting())
    assert page == Page(None, url=page.url, reason="no answer in time")


@pytest.mark.parametrize(
    ("octets", "reason"),
    [
        (b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc", "not a whole HTTP response"),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nab", "not a whole HTTP response"),
        (b"HTTP/1.1 20", "not a whole HTTP response"),
        (b"SSH-2.0-OpenSSH_9.2\r\n\r\n", "not a whole HTTP response"),
        (b"HTTP/1.1 200 OK\r\nX: " + b"x" * 200_000, "not a whole HTTP response"),
        (b"", "not a whole HTTP response"),
    ],
    ids=["truncated", "truncated-chunk", "truncated-head", "other-protocol", "huge-head", "nothing"],
)
def test_get_says_why_when_the_response_is_broken(site: Server, octets: bytes, reason: str) -> None:
    site.answers["/broken"] = raw(octets)
    page = asked(site, "/broken")
    assert page.reason.startswith(reason)
    assert not page.whole


def test_get_refuses_a_body_when_it_is_compressed_unasked(site: Server) -> None:
    site.answers["/gz"] = answer(200, gzip.compress(b"x" * 10), content_encoding="gzip")
    assert asked(site, "/gz").reason == "encoded as gzip, which was not asked for"


def test_get_refuses_the_server_when_its_certificate_is_anothers() -> None:
    with server(certificate_of="other.example") as other:
        other.answers["/"] = answer(200, b"secret")
        page = get(f"{other.url}/", trust=trusting())
        assert page.status is None
        assert page.reason.startswith("TLS: ")
        assert other.asked == []


def test_get_refuses_the_server_when_nobody_known_vouches_for_it(site: Server) -> None:
    page = get(f"{site.url}/")
    assert page.status is None
    assert page.reason.startswith("TLS: ")


def test_get_says_so_when_nobody_listens() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    assert get(f"https://localhost:{port}/").reason.startswith("no connection: ")


@pytest.mark.parametrize(
    "url", ["", "ftp://a/", "https://", "https://a:x/", "https://a/ b", "https://a/\r\nX: y", f"https://a/{'x' * 3000}"]
)
def test_get_refuses_what_is_no_url(url: str) -> None:
    assert get(url).reason == "not an http(s) URL"
