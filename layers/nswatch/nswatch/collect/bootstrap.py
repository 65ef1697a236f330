"""Which RDAP service knows a name: IANA's bootstrap registry (RFC 9224), shipped, and refreshed when it can be."""

import asyncio
import json
import logging
import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from functools import cache
from importlib.resources import files
from threading import Lock
from typing import Any
from urllib.parse import urlsplit

from nswatch.collect import data
from nswatch.collect.http import Page, get
from nswatch.errors import InvalidName
from nswatch.model import Clock
from nswatch.names import normalise

logger = logging.getLogger(__name__)

PUBLISHED = "https://data.iana.org/rdap/dns.json"
SHIPPED = "rdap-dns.json"

REFRESHED = timedelta(days=1)
TRIED_AGAIN = timedelta(hours=1)

_LIMIT = 2_000_000
_LEAST = 0.5
"""The share of the shipped entries that a published file has at least; one with fewer is not whole."""
_SCHEME = re.compile(r"(https?)://[!-~]+\Z", re.ASCII)

Get = Callable[[str], Page]
Services = Mapping[str, str]
"""Entry (a TLD, or more labels) -> the base URL of its service, which ends with a slash."""


def read_bootstrap(octets: bytes, *, plain: bool = False) -> tuple[Services, str]:
    """Return the services of a bootstrap file (RFC 9224 section 3), and why there are none.

    Of an entry's URLs the first over https counts; with ``plain`` one over http counts too. Entries that cannot be read
    are left out; a file that is no such file at all gives none, and the reason.
    """
    try:
        document = json.loads(octets)
    except (ValueError, RecursionError) as error:
        return {}, f"not JSON: {type(error).__name__}"
    if not isinstance(document, Mapping):
        return {}, "no JSON object"
    rows = document.get("services")
    if str(document.get("version")) != "1.0" or not isinstance(rows, list):
        return {}, "not a bootstrap file of version 1.0"
    found: dict[str, str] = {}
    for row in rows:
        entries, urls = row if isinstance(row, list) and len(row) == 2 else ((), ())
        service = _service(urls, plain)
        for entry in entries if service and isinstance(entries, list) else ():
            name = _name(entry)
            if name is not None:
                found[name] = service
    return found, "" if found else "no services in it"


def _service(urls: Any, plain: bool) -> str:
    allowed = ("https", "http") if plain else ("https",)
    for scheme in allowed:
        for url in urls if isinstance(urls, list) else ():
            match = _SCHEME.match(url) if isinstance(url, str) else None
            if match is not None and match[1] == scheme:
                return str(url) if url.endswith("/") else f"{url}/"
    return ""


def _name(entry: Any) -> str | None:
    try:
        return normalise(entry) if isinstance(entry, str) else None
    except InvalidName:
        return None


def service_of(name: str, services: Services) -> str | None:
    """Return the base URL of the service for a canonical name, by the longest match of labels (RFC 9224 section 4)."""
    labels = name.split(".")
    return next((services[end] for i in range(len(labels)) if (end := ".".join(labels[i:])) in services), None)


class Bootstrap:
    """The bootstrap registry at ``url``: fetched once a day, an hour after a failure, and else as it was last.

    The shipped copy stands in until it could be fetched, but not for a URL over plain http: that is a replay's, and
    nothing simulated may lead to the real services.
    """

    def __init__(self, clock: Clock, url: str = PUBLISHED, fetch: Get = lambda url: get(url, limit=_LIMIT)) -> None:
        self._clock = clock
        self._url = url
        self._fetch = fetch
        self._plain = urlsplit(url).scheme == "http"
        self._services: Services = {} if self._plain else shipped()
        self._due = datetime.min.replace(tzinfo=UTC)
        self._refreshing = Lock()

    @property
    def server(self) -> str:
        """The host that publishes the registry."""
        return urlsplit(self._url).hostname or ""

    async def service(self, name: str) -> str | None:
        """Return the base URL of the RDAP service for a canonical name, None where its registry publishes none."""
        if self._clock() >= self._due:
            await asyncio.to_thread(self._refresh)
        return service_of(name, self._services)

    @property
    def known(self) -> bool:
        """Whether there is anything by which a name has no service; a replay's registry may not have come yet."""
        return bool(self._services)

    def _refresh(self) -> None:
        with self._refreshing:
            now = self._clock()
            if now < self._due:
                return
            page = self._fetch(self._url)
            found, reason = self._read(page)
            self._due = now + (REFRESHED if found else TRIED_AGAIN)
            if found:
                self._services = found
            else:
                logger.warning("the RDAP bootstrap registry %s cannot be used: %s", self._url, reason)

    def _read(self, page: Page) -> tuple[Services, str]:
        if not page.whole or page.status != 200:
            return {}, page.reason or f"HTTP status {page.status}"
        found, reason = read_bootstrap(page.body, plain=self._plain)
        if found and not self._plain and len(found) < _LEAST * len(shipped()):
            return {}, f"only {len(found)} entries, so it is not whole"
        return found, reason


@cache
def shipped() -> Services:
    """Return the services of the shipped copy."""
    return read_bootstrap(files(data).joinpath(SHIPPED).read_bytes())[0]
