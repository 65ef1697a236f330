"""One HTTPS request to one address of a web site, with every bound that a stranger's server may try.

Redirects are answers and are not followed, and of a body nothing is read: what is wanted is the certificate, the
status, and how long it took. What the network or the server does is a `Visit`, never an exception.
"""

import asyncio
import socket
import ssl
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache

import certifi
import h11

import nswatch
from nswatch.expect.web import Served, Site
from nswatch.model import Result
from nswatch.observe.web_certificate import served_trusted, served_untrusted, unseen
from nswatch.observe.web_tls import CHUNK, TlsConnection

SECONDS = 5.0
"""For one visit: both connections of an untrusted site too."""

HEAD_LIMIT = 16384
"""Octets of a response's head."""

WebRoute = Callable[[str, int], tuple[str, int]]
"""Maps an address and port to the socket address that is really used."""


@dataclass(slots=True)
class Visit:
    """How a visit ended. Times are seconds from its beginning; None: it did not come so far.

    ``served`` is the certificate with ``der``. ``result`` is ANSWER where an HTTP response came, else why none did,
    with a ``reason`` for people. ``head`` is the response's head as received.
    """

    address: str
    result: Result = Result.TIMEOUT
    reason: str = ""
    connected: float | None = None
    secured: float | None = None
    first_byte: float | None = None
    status: int | None = None
    served: Served | None = None
    der: bytes = b""
    head: bytes = b""


async def visit(
    site: Site,
    address: str,
    deadline: float,
    *,
    route: WebRoute = lambda address, port: (address, port),
    trust: ssl.SSLContext | None = None,
) -> Visit:
    """Ask ``site`` at ``address`` by loop time ``deadline``.

    ``trust`` verifies the certificate, by default with the authorities that are shipped. One that fails is looked at
    over a second connection, which trusts anybody; the request goes over that one, and the times are that one's.
    """
    made = Visit(address)
    try:
        async with asyncio.timeout_at(deadline):
            try:
                await _attempt(made, site, route, trust or authorities(), "")
            except ssl.SSLCertVerificationError as error:
                why = error.verify_message or str(error.reason)
                made = Visit(address, served=unseen(why))
                await _attempt(made, site, route, _anybody(), why)
    except TimeoutError:
        made.result, made.reason = Result.TIMEOUT, "no answer in time"
    except ssl.SSLError as error:
        made.result, made.reason = Result.MALFORMED, f"TLS: {error.reason or error}"
    except (EOFError, h11.ProtocolError) as error:
        made.result, made.reason = Result.MALFORMED, f"not a whole HTTP response: {error}"
    except OSError as error:
        made.result, made.reason = Result.UNREACHABLE, f"no connection: {error.strerror or error}"
    return made


async def _attempt(made: Visit, site: Site, route: WebRoute, trust: ssl.SSLContext, why: str) -> None:
    loop = asyncio.get_running_loop()
    began = loop.time()
    target = route(made.address, site.port)
    family = socket.AF_INET6 if ":" in target[0] else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as connection:
        connection.setblocking(False)
        await loop.sock_connect(connection, target)
        made.connected = loop.time() - began
        secured = TlsConnection(connection, trust, host=site.host)
        await secured.handshake()
        made.secured = loop.time() - began
        made.der = secured.tls.getpeercert(binary_form=True) or b""
        made.served = served_untrusted(made.der, why) if why else served_trusted(made.der, secured.tls.getpeercert())
        await _exchange(made, site, secured, began)


async def _exchange(made: Visit, site: Site, connection: TlsConnection, began: float) -> None:
    loop = asyncio.get_running_loop()
    host = site.host if site.port == 443 else f"{site.host}:{site.port}"
    fields = {"Host": host, "User-Agent": f"nswatch/{nswatch.__version__}", "Accept": "*/*", "Connection": "close"}
    state = h11.Connection(h11.CLIENT, max_incomplete_event_size=HEAD_LIMIT)
    request = h11.Request(method="GET", target=site.target, headers=list(fields.items()))
    await connection.send(state.send(request) or b"")
    state.send(h11.EndOfMessage())
    while made.status is None:
        event = state.next_event()
        if event is h11.NEED_DATA:
            data = await connection.receive()
            if not data:
                raise EOFError("the connection was closed")
            if made.first_byte is None:
                made.first_byte = loop.time() - began
            made.head += data
            if len(made.head) > HEAD_LIMIT + CHUNK:
                raise EOFError("no end of interim responses")
            state.receive_data(data)
        elif isinstance(event, h11.Response):
            made.status, made.result = event.status_code, Result.ANSWER
            made.head = made.head.partition(b"\r\n\r\n")[0][:HEAD_LIMIT]


@cache
def authorities() -> ssl.SSLContext:
    """Return what trusts the certificate authorities that are shipped."""
    return ssl.create_default_context(cafile=certifi.where())


@cache
def _anybody() -> ssl.SSLContext:
    """Return what trusts everybody: to look at a certificate, and to ask nothing that is a secret."""
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context
