"""TLS over a socket of the event loop, driven by hand: each wait is one on the loop, and nothing is left behind.

asyncio's own TLS transport closes in the background and hides when the handshake ended. Either side of a connection
may be driven; what a stranger's server does is an OSError (`ssl.SSLError` is one) or EOFError.
"""

import asyncio
import socket
import ssl

CHUNK = 16384
"""So many octets are received at a time."""


class TlsConnection:
    """One TLS connection over a connected, non-blocking socket. Whoever made the socket closes it."""

    def __init__(
        self, connected: socket.socket, context: ssl.SSLContext, *, host: str | None = None, server: bool = False
    ) -> None:
        self._loop = asyncio.get_running_loop()
        self._socket = connected
        self._received, self._to_send = ssl.MemoryBIO(), ssl.MemoryBIO()
        self.tls = context.wrap_bio(self._received, self._to_send, server_side=server, server_hostname=host)

    async def handshake(self) -> None:
        """Shake hands. Raises SSLCertVerificationError where the peer's certificate is not trusted."""
        while True:
            try:
                self.tls.do_handshake()
            except ssl.SSLWantReadError:
                await self._flush()
                await self._receive()
            else:
                break
        await self._flush()

    async def send(self, data: bytes) -> None:
        """Send all of ``data``."""
        self.tls.write(data)
        await self._flush()

    async def receive(self) -> bytes:
        """Return what comes next, at most 16 KiB; empty when the peer is done."""
        while True:
            try:
                return self.tls.read(CHUNK)
            except ssl.SSLWantReadError:
                await self._flush()
            except ssl.SSLZeroReturnError:
                return b""
            try:
                await self._receive()
            except EOFError:
                return b""

    async def _flush(self) -> None:
        if self._to_send.pending:
            await self._loop.sock_sendall(self._socket, self._to_send.read())

    async def _receive(self) -> None:
        data = await self._loop.sock_recv(self._socket, CHUNK)
        if not data:
            raise EOFError("the server closed the connection")
        self._received.write(data)
