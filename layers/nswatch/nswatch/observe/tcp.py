"""Questions to one server over one TCP connection (RFC 7766), with a cap on what is read."""

import asyncio
from collections.abc import Sequence

from nswatch.observe import messages, wire

_MESSAGES = 4
"""How many messages a server may send beside those that answer."""


class Closed(ConnectionError):
    """The server closed the connection before it answered; never leaves this room."""


class NotAnAnswer(ValueError):
    """What came does not answer the question; ``data`` is the last message (or a part of one)."""

    def __init__(self, reason: str, data: bytes) -> None:
        super().__init__(reason)
        self.data = data


class OverCap(ValueError):
    """The answer is larger than what is parsed; ``data`` is all that was read of it."""

    def __init__(self, data: bytes) -> None:
        super().__init__(f"{len(data)} octets")
        self.data = data


End = bytes | Exception
"""How one ended: its answer, or an OSError (time-out, refused, reset, no route, Closed), NotAnAnswer, OverCap."""


async def converse(endpoint: tuple[str, int], asked: Sequence[tuple[bytes, bytes]], until: float) -> list[End]:
    """Send the queries in ``asked`` — (message, question section), the IDs distinct — and return how each ended.

    All are sent at once, and the answers may come in any order; their letter case may differ. Nothing lasts beyond loop
    time ``until``, and nothing that a server does raises.
    """
    try:
        async with asyncio.timeout_at(until):
            reader, writer = await asyncio.open_connection(*endpoint)
    except OSError as error:  # TimeoutError is one
        return [error for _ in asked]
    try:
        writer.write(b"".join(len(query).to_bytes(2, "big") + query for query, _ in asked))
        return await _answers(reader, asked, until)
    finally:
        writer.transport.abort()


async def _answers(reader: asyncio.StreamReader, asked: Sequence[tuple[bytes, bytes]], until: float) -> list[End]:
    ends: dict[bytes, End] = {}
    waiting = {query[:2]: question for query, question in asked}
    strays, last = 0, b""
    failure: Exception | None = None
    while waiting and failure is None:
        try:
            data = await _message(reader, until)
        except OverCap as error:
            data = error.data[:2]
            if waiting.pop(data, None) is not None:
                ends[data] = error
                continue
            failure = error
        except (OSError, NotAnAnswer) as error:
            failure = error
        else:
            if data[:2] in waiting and _answers_to(data, waiting[data[:2]]):
                del waiting[data[:2]]
                ends[data[:2]] = data
                continue
            strays, last = strays + 1, data
            if strays >= _MESSAGES:
                failure = NotAnAnswer("no message answers the question", last)
    for ident in waiting:
        ends[ident] = failure or Closed("closed without an answer")
    return [ends[query[:2]] for query, _ in asked]


def _answers_to(data: bytes, question: bytes) -> bool:
    # On a connection that we opened, an error without a question section can only be meant for us.
    return messages.is_reply(data, question, fold_case=True) or messages.is_bare_error(data)


async def _message(reader: asyncio.StreamReader, until: float) -> bytes:
    data = bytearray()
    announced = -1
    try:
        async with asyncio.timeout_at(until):
            announced = int.from_bytes(await reader.readexactly(2), "big")
            while len(data) < announced:
                part = await reader.read(announced - len(data))
                if not part:
                    break
                data += part
    except asyncio.IncompleteReadError as error:
        raise Closed("closed without an answer") from error
    except OSError:
        if len(data) <= wire.MAX_OCTETS:
            raise
    if len(data) > wire.MAX_OCTETS:
        raise OverCap(bytes(data))
    if len(data) < announced:
        raise NotAnAnswer("closed in the middle of a message", bytes(data))
    return bytes(data)
