"""One question over one TCP connection (RFC 7766), with a cap on what is read."""

import asyncio

from nswatch.observe import messages, wire

_MESSAGES = 4
"""How many messages a server may send before the one that answers."""


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


async def exchange(endpoint: tuple[str, int], query: bytes, question: bytes, until: float) -> bytes:
    """Send ``query`` and return the message that answers ``question`` (its letter case may differ).

    Raises OSError (refused, reset, no route, Closed), TimeoutError at loop time ``until``, NotAnAnswer, OverCap.
    """
    async with asyncio.timeout_at(until):
        reader, writer = await asyncio.open_connection(*endpoint)
    try:
        writer.write(len(query).to_bytes(2, "big") + query)
        data = b""
        for _ in range(_MESSAGES):
            data = await _message(reader, until)
            if data[:2] == query[:2] and _answers(data, question):
                return data
        raise NotAnAnswer("no message answers the question", data)
    finally:
        writer.transport.abort()


def _answers(data: bytes, question: bytes) -> bool:
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
    except (TimeoutError, OSError):
        if len(data) <= wire.MAX_OCTETS:
            raise
    if len(data) > wire.MAX_OCTETS:
        raise OverCap(bytes(data))
    if len(data) < announced:
        raise NotAnAnswer("closed in the middle of a message", bytes(data))
    return bytes(data)
