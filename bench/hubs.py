"""The hubs of the load test: ministack in a process of its own, counting what DynamoDB would charge for.

Run it as a program: it prints its port, answers a line on stdin with a JSON object of what was counted so far, and ends
when stdin does. A line ``{"region": …, "copies": {domain: [others]}}`` first copies what it holds of a domain.
"""

import asyncio
import json
import logging
import socket
import sys
from collections.abc import Awaitable, Callable, MutableMapping
from importlib import import_module
from typing import Any

from hypercorn.asyncio import serve
from hypercorn.config import Config

from bench.units import Units
from nswatch.record.keys import probe_pk

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]


class Counted:
    """ministack's application, with every call to DynamoDB counted."""

    def __init__(self, app: Callable[[Any, Receive, Send], Awaitable[None]]) -> None:
        self.units = Units()
        self._app = app

    async def __call__(self, scope: Any, receive: Receive, send: Send) -> None:
        """Serve one request (ASGI)."""
        headers = dict(scope.get("headers", ()))
        target = headers.get(b"x-amz-target", b"").decode()
        if scope["type"] != "http" or not target.startswith("DynamoDB_"):
            await self._app(scope, receive, send)
            return
        asked = json.loads(await _whole(receive))
        body, answer = json.dumps(_kept(asked)).encode(), b""

        async def received() -> Message:
            return {"type": "http.request", "body": body, "more_body": False}

        async def sent(message: Message) -> None:
            nonlocal answer
            answer += message.get("body", b"")
            await send(message)

        await self._app(scope, received, sent)
        region = headers[b"authorization"].decode().split("Credential=")[1].split("/")[2]
        self.units.count(target.partition(".")[2], region, asked, json.loads(answer or b"{}"))


def _kept(request: dict[str, Any]) -> dict[str, Any]:
    """Return a request without what nobody reads again: the appended observations, and the token of a transaction.

    Millions of them would cost this process more than all else, and its memory. One put is left of a batch of them.
    """
    request = {name: value for name, value in request.items() if name != "ClientRequestToken"}
    for table, operations in request.get("RequestItems", {}).items():
        if isinstance(operations, list):
            kept = [each for each in operations if not _is_appended(each)]
            request["RequestItems"] = {table: kept or operations[:1]}
    return request


def _is_appended(operation: dict[str, Any]) -> bool:
    sort_key: str = operation.get("PutRequest", {}).get("Item", {}).get("sk", {}).get("S", "")
    return sort_key.startswith("obs#")


async def _whole(receive: Receive) -> bytes:
    body, more = b"", True
    while more:
        message = await receive()
        body += message.get("body", b"")
        more = message.get("more_body", False)
    return body


async def _serve() -> None:
    app = Counted(import_module("ministack.app").app)
    logging.disable(logging.CRITICAL)
    config = Config()
    config.accesslog = config.errorlog = None
    config.keep_alive_max_requests = 10_000_000
    sock = _listening()
    config.bind = [f"fd://{sock.fileno()}"]
    print(sock.getsockname()[1], flush=True)
    over = asyncio.Event()

    async def control() -> None:
        while line := await asyncio.to_thread(sys.stdin.readline):
            if line.strip():
                _copy(json.loads(line))
            units = app.units
            counted = {"read_units": units.read, "write_units": units.written, "calls": units.calls}
            print(json.dumps(counted), flush=True)
        over.set()

    async with asyncio.TaskGroup() as group:
        group.create_task(control())
        group.create_task(serve(app, config, shutdown_trigger=over.wait))  # type: ignore[arg-type]


def _copy(wanted: dict[str, Any]) -> None:
    """Have the record of some domains be that of others but for the name, in every hub."""
    for _, table in import_module("ministack.services.dynamodb")._tables.all_items():
        for model, others in wanted["copies"].items():
            held = table["items"][probe_pk(wanted["region"], model)]
            text = json.dumps(held)
            for other in others:
                table["items"][probe_pk(wanted["region"], other)] = json.loads(text.replace(model, other))


def _listening() -> socket.socket:
    sock = socket.socket()
    sock.bind(("127.0.0.1", 0))
    sock.listen(16)  # a request may come before the server is up
    return sock


if __name__ == "__main__":
    asyncio.run(_serve())
