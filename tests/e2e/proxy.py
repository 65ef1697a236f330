"""A network between regions that can fail: every call to the emulator of AWS goes through it.

Each region's functions, and everybody outside, have a port of their own, so that it is known who calls. Which region is
called is in the credential scope of a request (``Credential=KEY/DATE/REGION/SERVICE/aws4_request``, AWS Signature
Version 4). An SDK's client speaks to one region only, so that what a connection's first request says holds for all of
it, and bytes are carried without being looked at again.
"""

import asyncio
import contextlib
import functools
import re
import threading
from collections.abc import Mapping
from concurrent.futures import Future
from enum import StrEnum
from types import TracebackType
from typing import Self

_SCOPE = re.compile(rb"Credential=[^/%,\s]+(?:/|%2F)\d{8}(?:/|%2F)([a-z0-9-]+)(?:/|%2F)", re.IGNORECASE)
_HEAD = 64 * 1024
_PATIENCE = 10.0

OUTSIDE = ""
"""Who calls from no region: operators, and the test."""


class Loss(StrEnum):
    """How a lost region looks to who calls it, and to its own functions when they call."""

    HANGS = "hangs"
    """Packets vanish: a connection is made, and nothing ever comes."""
    CLOSES = "closes"
    """Connections are reset."""


class _Link:
    """One connection to the proxy, and from it to the emulator; ``ends`` are who calls and who is called."""

    def __init__(self, caller: str, writer: asyncio.StreamWriter) -> None:
        self.ends = {caller}
        self.flows = asyncio.Event()
        self.flows.set()
        self._writers = [writer]

    def add(self, writer: asyncio.StreamWriter) -> None:
        self._writers.append(writer)

    def abort(self) -> None:
        """Reset both connections."""
        self.flows.set()
        for writer in self._writers:
            writer.transport.abort()


class Proxy:
    """Listens on 127.0.0.1 once it is entered; ``ports`` holds who calls, by port. Any thread may call its methods."""

    def __init__(self, upstream: int, ports: Mapping[int, str]) -> None:
        self._upstream = upstream
        self._ports = ports
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="proxy", daemon=True)
        self._links: set[_Link] = set()
        self._lost: dict[str, Loss] = {}
        self._dropped: dict[str, int] = {}
        self._servers: list[asyncio.Server] = []

    def __enter__(self) -> Self:
        self._thread.start()
        asyncio.run_coroutine_threadsafe(self._listen(), self._loop).result(_PATIENCE)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        asyncio.run_coroutine_threadsafe(self._end(), self._loop).result(_PATIENCE)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(_PATIENCE)
        self._loop.close()

    def lose(self, region: str, loss: Loss) -> None:
        """Cut a region off, in both directions; what is under way is lost too."""
        self._do(region, loss)

    def recover(self, region: str) -> None:
        """Let a region be reached again. What hung is reset: the senders have given up long ago."""
        self._do(region, None)

    def dropped(self, caller: str) -> int:
        """Return how many connections of one caller were lost so far."""
        return self._dropped.get(caller, 0)

    def _do(self, region: str, loss: Loss | None) -> None:
        done: Future[None] = Future()

        def change() -> None:
            self._change(region, loss)
            done.set_result(None)

        self._loop.call_soon_threadsafe(change)
        done.result(_PATIENCE)

    def _change(self, region: str, loss: Loss | None) -> None:
        if loss is None:
            self._lost.pop(region, None)
        else:
            self._lost[region] = loss
        for link in self._links:
            if region in link.ends:
                if loss is Loss.HANGS:
                    link.flows.clear()
                else:
                    link.abort()

    async def _listen(self) -> None:
        for port, caller in self._ports.items():
            accept = functools.partial(self._accept, caller)
            self._servers.append(await asyncio.start_server(accept, "127.0.0.1", port, limit=_HEAD))

    async def _end(self) -> None:
        for server in self._servers:
            server.close()
        tasks = asyncio.all_tasks() - {asyncio.current_task()}
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _accept(self, caller: str, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        link = _Link(caller, writer)
        self._links.add(link)
        # An end that goes away in the middle, and a head that is none, leave nothing to carry; so does our own end.
        ends = (OSError, asyncio.IncompleteReadError, asyncio.LimitOverrunError, asyncio.CancelledError)
        with contextlib.suppress(*ends):
            await self._carry(link, caller, reader, writer)
        self._links.discard(link)
        link.abort()

    async def _carry(
        self, link: _Link, caller: str, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        scope = _SCOPE.search(head)
        if scope:
            link.ends.add(scope[1].decode())
        losses = [self._lost[end] for end in link.ends if end in self._lost]
        if losses:
            self._dropped[caller] = self._dropped.get(caller, 0) + 1
            if Loss.CLOSES in losses:
                return
            link.flows.clear()
            await link.flows.wait()
            return
        answers, questions = await asyncio.open_connection("127.0.0.1", self._upstream)
        link.add(questions)
        questions.write(head)
        await asyncio.gather(_pump(reader, questions, link.flows), _pump(answers, writer, link.flows))


async def _pump(source: asyncio.StreamReader, target: asyncio.StreamWriter, flows: asyncio.Event) -> None:
    while data := await source.read(_HEAD):
        await flows.wait()
        target.write(data)
        await target.drain()
    # One end closed: so does the other.
    target.close()
