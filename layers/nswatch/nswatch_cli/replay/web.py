"""What a watched domain's web site shows to one region, and the simulated web servers on loopback."""

import asyncio
import contextlib
import socket
import ssl
from asyncio import AbstractEventLoop
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

from nswatch.observe.web_tls import TlsConnection
from nswatch.observe.web_visit import HEAD_LIMIT
from nswatch_cli.replay.issuing import context_of
from nswatch_cli.replay.mentions import mapping

_BACKLOG = 100

_FINGERPRINT = "a" * 64


@dataclass(frozen=True, slots=True)
class ServedCertificate:
    """The certificate that the site serves: its issuer's text, SHA-256 fingerprint, and whether it validates."""

    issuer: str
    fingerprint: str
    trusted: bool


@dataclass(frozen=True, slots=True)
class WebFacts:
    """One visit: HTTP status, latency in milliseconds and the certificate."""

    status: int
    latency_ms: float
    certificate: ServedCertificate


def read_web(said: Mapping[str, Any], entry: Mapping[str, Any]) -> WebFacts:
    """Return what ``said`` (one region's part of ``web``) says; the rest is as the watchlist's ``entry`` expects."""
    issuers = mapping(entry.get("web")).get("issuers") or ["Amazon"]
    certificate = mapping(said.get("certificate"))
    return WebFacts(
        status=int(said.get("status") or 200),
        latency_ms=float(said["latency_ms"]) if said.get("latency_ms") is not None else 50.0,
        certificate=ServedCertificate(
            issuer=str(certificate.get("issuer") or issuers[0]),
            fingerprint=str(certificate.get("fingerprint") or _FINGERPRINT),
            trusted=certificate.get("trusted") is not False,
        ),
    )


class WebPort:
    """The web servers of one region: whatever address is asked, the site that TLS names (RFC 6066 section 3) answers.

    ``show`` gives what a host's site shows to the region, None where it has none: then the handshake fails.
    """

    def __init__(self, loop: AbstractEventLoop, show: Callable[[str], WebFacts | None]) -> None:
        self._show = show
        self._loop = loop
        self._listening = socket.create_server(("127.0.0.1", 0), backlog=_BACKLOG)
        self._listening.setblocking(False)
        self.number: int = self._listening.getsockname()[1]
        self._tasks: set[asyncio.Task[None]] = set()
        loop.add_reader(self._listening, self._accept)

    def _accept(self) -> None:
        try:
            connection, _ = self._listening.accept()
        except (BlockingIOError, ConnectionAbortedError):
            return
        connection.setblocking(False)
        task = self._loop.create_task(self._serve(connection))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _serve(self, connection: socket.socket) -> None:
        """Answer one request after the site's latency, and close (RFC 9112 section 9.6)."""
        sites: list[WebFacts] = []
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.sni_callback = partial(self._choose, sites)
        with connection, contextlib.suppress(OSError, EOFError):
            secured = TlsConnection(connection, context, server=True)
            await secured.handshake()
            head = b""
            while b"\r\n\r\n" not in head and len(head) < HEAD_LIMIT:
                data = await secured.receive()
                if not data:
                    return
                head += data
            await asyncio.sleep(sites[0].latency_ms / 1000)
            fields = "Content-Length: 0\r\nConnection: close"
            await secured.send(f"HTTP/1.1 {sites[0].status} \r\n{fields}\r\n\r\n".encode())

    def _choose(self, sites: list[WebFacts], tls: ssl.SSLObject, host: str | None, _: ssl.SSLContext) -> int | None:
        site = self._show(host or "")
        if site is None:
            return ssl.ALERT_DESCRIPTION_UNRECOGNIZED_NAME
        sites.append(site)
        shown = site.certificate
        tls.context = context_of(host or "", shown.issuer, shown.fingerprint, trusted=shown.trusted)
        return None

    async def aclose(self) -> None:
        """Stop listening and drop what is still open."""
        self._loop.remove_reader(self._listening)
        self._listening.close()
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
