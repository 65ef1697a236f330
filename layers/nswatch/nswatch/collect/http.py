"""One GET over HTTPS with every bound that a stranger's server may try: octets, redirects, and time as a whole.

It runs in a thread (`asyncio.to_thread`). What the network or the server does is a `Page`, never an exception.
"""

import re
import socket
import ssl
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from functools import cache
from urllib.parse import SplitResult, urljoin, urlsplit

import nswatch

LIMIT = 1_000_000
"""Octets of a body, unless the caller says otherwise."""

SECONDS = 15.0
"""For everything: resolving, connecting, TLS, redirects and the body."""

_REDIRECTS = 3
_MOVED = (301, 302, 303, 307, 308)
_HEAD_LIMIT = 65536
_CHUNK = 65536
_VISIBLE = re.compile(r"[!-~]+\Z")
_LONGEST_URL = 2048
_PORTS = {"https": 443, "http": 80}

Ticks = Callable[[], float]


@dataclass(frozen=True, slots=True)
class Page:
    """How one GET ended.

    ``status`` is None when no response came. ``headers`` have lower-case names; of those that are repeated the values
    are joined by commas (RFC 9110 section 5.3). ``body`` is what was received, at most the limit. ``url`` is where the
    redirects led. ``reason`` says what went wrong, for people; with it the body is not whole and says nothing.
    """

    status: int | None
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""
    url: str = ""
    reason: str = ""

    @property
    def whole(self) -> bool:
        """Whether a response came, all of it; its status may be any."""
        return self.status is not None and not self.reason

    def retry_after(self, now: datetime) -> float | None:
        """Return the seconds that Retry-After asks for (RFC 9110 section 10.2.3), None where it says nothing sane."""
        text = self.headers.get("retry-after", "").strip()
        if text.isascii() and text.isdigit():
            return float(text[:9])
        try:
            moment = parsedate_to_datetime(text)
        except (ValueError, OverflowError):
            return None
        aware = moment if moment.tzinfo is not None else moment.replace(tzinfo=UTC)
        return max(0.0, (aware - now).total_seconds())


class _Failed(Exception):
    """This request ends here; its text is the reason."""


def get(
    url: str,
    *,
    headers: Mapping[str, str] | None = None,
    limit: int = LIMIT,
    timeout: float = SECONDS,
    trust: ssl.SSLContext | None = None,
    ticks: Ticks = time.monotonic,
) -> Page:
    """Return what a server gives for ``url``, following at most three redirects, all within ``timeout`` seconds.

    From https nothing leads to http; an http URL is asked as it is (the simulated services of a replay have one). What
    ``headers`` authorise is told to the first host alone.
    ``trust`` is the TLS configuration, by default the certificate authorities that are shipped. Nothing is raised.
    """
    ends = ticks() + timeout
    secure = url.lower().startswith("https:")
    page, carried = Page(None, url=url), headers or {}
    for _ in range(_REDIRECTS + 1):
        page = _once(page.url, carried, limit, trust, lambda: ends - ticks())
        if page.status not in _MOVED or page.reason:
            return page
        try:
            target = urljoin(page.url, page.headers.get("location", ""))
            scheme = urlsplit(target).scheme
        except ValueError:
            return Page(page.status, page.headers, page.body, page.url, "a redirect to what is no URL")
        if not page.headers.get("location"):
            return page
        if scheme not in _PORTS or (secure and scheme != "https"):
            return Page(page.status, page.headers, page.body, page.url, f"a redirect to {scheme or 'nothing'}: refused")
        if urlsplit(target).netloc != urlsplit(page.url).netloc:
            carried = {name: value for name, value in carried.items() if name.lower() != "authorization"}
        page = Page(None, url=target)
    return Page(None, url=page.url, reason=f"more than {_REDIRECTS} redirects")


def _once(
    url: str, headers: Mapping[str, str], limit: int, trust: ssl.SSLContext | None, left: Callable[[], float]
) -> Page:
    try:
        parts = _parts(url)
        with _connected(parts, trust, left) as connection:
            return _exchange(connection, parts, headers, limit, left)
    except _Failed as error:
        return Page(None, url=url, reason=str(error))
    except TimeoutError:
        return Page(None, url=url, reason="no answer in time")
    except ssl.SSLError as error:
        return Page(None, url=url, reason=f"TLS: {getattr(error, 'verify_message', '') or error.reason or error}")
    except (OSError, UnicodeError) as error:
        return Page(None, url=url, reason=f"no connection: {getattr(error, 'strerror', None) or error}")


def _parts(url: str) -> SplitResult:
    try:
        parts = urlsplit(url)
        known = parts.scheme in _PORTS and bool(parts.hostname) and parts.port != 0
    except ValueError:
        known = False
    if not known or not _VISIBLE.match(url) or len(url) > _LONGEST_URL:
        raise _Failed("not an http(s) URL")
    return parts


def _connected(parts: SplitResult, trust: ssl.SSLContext | None, left: Callable[[], float]) -> socket.socket:
    host = parts.hostname or ""
    plain = socket.create_connection((host, parts.port or _PORTS[parts.scheme]), timeout=_positive(left()))
    if parts.scheme == "http":
        return plain
    try:
        plain.settimeout(_positive(left()))
        return (trust or _authorities()).wrap_socket(plain, server_hostname=host)
    except BaseException:
        plain.close()
        raise


def _positive(seconds: float) -> float:
    """Return ``seconds``; raise TimeoutError where none are left (a socket's timeout of 0 means not to block)."""
    if seconds <= 0:
        raise TimeoutError
    return seconds


@cache
def _authorities() -> ssl.SSLContext:
    import certifi  # noqa: PLC0415 - only the collectors ask over HTTPS

    context = ssl.create_default_context(cafile=certifi.where())
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    return context


def _exchange(
    connection: socket.socket, parts: SplitResult, headers: Mapping[str, str], limit: int, left: Callable[[], float]
) -> Page:
    import h11  # noqa: PLC0415 - only the collectors ask over HTTPS

    fields = {"Host": parts.netloc.rpartition("@")[2], "User-Agent": f"nswatch/{nswatch.__version__}"}
    fields |= {"Accept-Encoding": "identity", "Connection": "close", **headers}
    target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    state = h11.Connection(h11.CLIENT, max_incomplete_event_size=_HEAD_LIMIT)
    heard = _Heard(limit)
    try:
        connection.settimeout(_positive(left()))
        connection.sendall(state.send(h11.Request(method="GET", target=target, headers=list(fields.items()))) or b"")
        state.send(h11.EndOfMessage())
        while True:
            event = state.next_event()
            if event is h11.NEED_DATA:
                connection.settimeout(_positive(left()))
                state.receive_data(connection.recv(_CHUNK))
            elif heard.takes(event):
                break
    except h11.ProtocolError as error:
        heard.reason = f"not a whole HTTP response: {error}"
    except TimeoutError:
        heard.reason = "no answer in time" if heard.status is None else "the response took too long"
    except OSError as error:
        heard.reason = f"the connection broke: {error.strerror or error}"
    return Page(heard.status, heard.headers, bytes(heard.body[:limit]), parts.geturl(), heard.reason)


class _Heard:
    """What came of a response so far."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self.status: int | None = None
        self.headers: dict[str, str] = {}
        self.body = bytearray()
        self.reason = ""

    def takes(self, event: object) -> bool:
        """Take one event of the protocol; return whether it was the last that is wanted."""
        import h11  # noqa: PLC0415 - see _exchange

        if isinstance(event, h11.Response):
            self.status = event.status_code
            for name, value in event.headers:
                key, text = name.decode("latin-1"), value.decode("latin-1")
                self.headers[key] = f"{self.headers[key]}, {text}" if key in self.headers else text
            encoding = self.headers.get("content-encoding", "identity")
            self.reason = "" if encoding == "identity" else f"encoded as {encoding}, which was not asked for"
        elif isinstance(event, h11.Data):
            self.body += event.data
            self.reason = "" if len(self.body) <= self._limit else f"larger than {self._limit} octets"
        elif isinstance(event, h11.ConnectionClosed):
            self.reason = "the connection was closed without a response"
        return bool(self.reason) or isinstance(event, h11.EndOfMessage)
