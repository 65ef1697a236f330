"""What `nswatch ranges --refresh` downloads, from a web server on loopback."""

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from nswatch.errors import InvalidDocument
from nswatch_cli import ranges


class Pages(BaseHTTPRequestHandler):
    """``/good`` and ``/moved``; ``/endless`` sends zeros until nobody takes them."""

    def do_GET(self) -> None:
        status = {"/good": 200, "/endless": 200, "/moved": 302}.get(self.path, 404)
        self.send_response(status)
        if status == 302:
            self.send_header("Location", "/good")
        self.end_headers()
        try:
            self.wfile.write(b"{}")
            while self.path == "/endless":
                self.wfile.write(bytes(1 << 16))
        except OSError:
            return

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the parent's name
        """Say nothing."""


@pytest.fixture
def site() -> Iterator[str]:
    with ThreadingHTTPServer(("127.0.0.1", 0), Pages) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


def test_download_returns_what_is_there(site: str) -> None:
    assert ranges.download(f"{site}/good") == b"{}"


@pytest.mark.parametrize("page", ["missing", "moved"])
def test_download_fails_when_the_page_is_elsewhere(site: str, page: str) -> None:
    with pytest.raises(ranges.DownloadFailed, match=r"/\w+ (answers|cannot be had)"):
        ranges.download(f"{site}/{page}")


def test_download_ends_when_more_comes_than_is_read(site: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ranges, "MAX_OCTETS", 1 << 20)
    with pytest.raises(InvalidDocument, match="is larger than 1 MiB"):
        ranges.download(f"{site}/endless")


def test_download_ends_when_it_takes_too_long(site: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ranges, "_WHOLE", 0.0)
    with pytest.raises(ranges.DownloadFailed, match="takes longer than 0 s"):
        ranges.download(f"{site}/endless")


def test_download_fails_when_nobody_is_there() -> None:
    with pytest.raises(ranges.DownloadFailed, match="cannot be had"):
        ranges.download("http://127.0.0.1:1/good")
