"""A dead-man service: takes down when it is asked, and never calls anybody."""

import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Self

PORT = 4580
URL = f"http://127.0.0.1:{PORT}/ping/nswatch"


class Service:
    """Listens once it is entered; ``pings`` are the moments of all requests for `URL`, in seconds since the epoch."""

    def __init__(self) -> None:
        self.pings: list[float] = []
        pings = self.pings

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                if URL.endswith(self.path):
                    pings.append(time.time())
                self.send_response(200)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *args: object) -> None:
                """Say nothing."""

        self._server = ThreadingHTTPServer(("127.0.0.1", PORT), Handler)

    def __enter__(self) -> Self:
        threading.Thread(target=self._server.serve_forever, name="dead-man service", daemon=True).start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.shutdown()
        self._server.server_close()
