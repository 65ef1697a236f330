"""The simulated web services on loopback: RDAP, its bootstrap file, and CT search.

| path | what it stands for |
| --- | --- |
| ``/bootstrap/dns.json`` | https://data.iana.org/rdap/dns.json |
| ``/rdap/domain/NAME`` | the registry's RDAP service |
| ``/ct/v1/issuances?domain=NAME`` | https://api.certspotter.com/v1/issuances |
"""

import asyncio
import contextlib
import json
import socket
from asyncio import AbstractEventLoop
from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

from nswatch.errors import InvalidName
from nswatch.names import normalise
from nswatch_cli.replay.ctlog import Search
from nswatch_cli.replay.rdap import bootstrap, domain_document
from nswatch_cli.replay.world import World

_HEAD_LIMIT = 16384

Response = tuple[int, str, Any]
"""Status, content type, JSON body."""


class WebServices:
    """Answers GET requests from one world."""

    def __init__(self, world: World) -> None:
        self._world = world
        self.base_url = ""

    def get(self, target: str) -> Response:
        """Return the response for a request target (RFC 9112 section 3.2.1)."""
        parts = urlsplit(target)
        path = unquote(parts.path)
        if path == "/bootstrap/dns.json":
            return 200, "application/json", bootstrap(self._world, f"{self.base_url}/rdap/")
        if path.startswith("/rdap/"):
            status, document = self._rdap(path.removeprefix("/rdap/"))
            return status, "application/rdap+json", document
        if path == "/ct/v1/issuances":
            return self._issuances(parse_qs(parts.query))
        return 404, "application/json", {"message": "not found"}

    def _rdap(self, path: str) -> tuple[int, dict[str, Any]]:
        kind, _, name = path.partition("/")
        try:
            asked = normalise(name) if kind == "domain" else None
        except InvalidName as error:
            return 400, {"errorCode": 400, "title": "Bad Request", "description": [str(error)]}
        if asked is None:
            return 501, {"errorCode": 501, "title": "Not Implemented", "description": ["only domains are here"]}
        return domain_document(self._world, asked)

    def _issuances(self, query: dict[str, list[str]]) -> Response:
        after = query.get("after", ["0"])[0]
        domain = query.get("domain", [""])[0].lower().removesuffix(".")
        if not domain or not after.isdigit():
            return 400, "application/json", {"code": "invalid_parameter", "message": "domain (and after) are wrong"}
        search = Search(
            domain,
            subdomains=query.get("include_subdomains", ["false"])[0] == "true",
            wildcards=query.get("match_wildcards", ["false"])[0] == "true",
            after=int(after),
            expand=frozenset(query.get("expand", ())),
        )
        return 200, "application/json", self._world.ct_log.issuances(search)


class HttpPort:
    """A listener on loopback that serves ``services``; bound at once, so that `base_url` is known before it runs."""

    def __init__(self, loop: AbstractEventLoop, services: WebServices) -> None:
        self._services = services
        self._listening = socket.create_server(("127.0.0.1", 0))
        self._listening.setblocking(False)
        services.base_url = self.base_url = f"http://127.0.0.1:{self._listening.getsockname()[1]}"
        self._loop = loop
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
        """Read one request, answer it and close (RFC 9112 section 9.6)."""
        with connection, contextlib.suppress(ConnectionError):
            head = b""
            while b"\r\n\r\n" not in head and len(head) < _HEAD_LIMIT:
                data = await self._loop.sock_recv(connection, _HEAD_LIMIT)
                if not data:
                    return
                head += data
            await self._loop.sock_sendall(connection, respond(head, self._services.get))

    async def aclose(self) -> None:
        """Stop listening and drop what is still open."""
        self._loop.remove_reader(self._listening)
        self._listening.close()
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)


def respond(head: bytes, get: Callable[[str], Response]) -> bytes:
    """Return the response message for a request's head."""
    words = head.split(b"\r\n", 1)[0].decode("latin-1").split(" ")
    if len(words) != 3:
        status, kind, document = 400, "application/json", {"message": "not a request"}
    elif words[0] not in ("GET", "HEAD"):
        status, kind, document = 405, "application/json", {"message": "only GET is served"}
    else:
        status, kind, document = get(words[1])
    body = json.dumps(document, ensure_ascii=False).encode()
    # What a file says of one domain holds for no other: all registries are one server here, which is not to be rested.
    retry = "Retry-After: 0\r\n" if status == 429 else ""
    fields = f"Content-Type: {kind}\r\n{retry}Content-Length: {len(body)}\r\nConnection: close\r\n"
    return f"HTTP/1.1 {status} \r\n{fields}\r\n".encode() + (b"" if words[0] == "HEAD" else body)
