"""How a hub region's collector keeps AWS's ranges up to date: one conditional request an hour.

What is refused, or cannot be had, changes nothing: the ranges stay as they were, and the collector's report says so.
"""

import logging
import re
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime

from nswatch.collect.http import Page, get
from nswatch.errors import InvalidDocument, StoreUnavailable
from nswatch.expect.data import aws_ranges
from nswatch.expect.networks import AwsRanges
from nswatch.expect.published import read_published, refusal
from nswatch.model import Clock
from nswatch.ranges import Stored, beside_shipped, read_stored, write_stored
from nswatch.record.dynamodb import Table

_LIMIT = 16 << 20
"""Some five times what AWS publishes in 2026."""
_SECONDS = 30.0
_HOUR = 60
_ETAG = re.compile(r'(W/)?"[!#-~]{0,200}"\Z', re.ASCII)
"""What is sent back to the server as it is (RFC 9110 section 8.8.3)."""

Get = Callable[[str, Mapping[str, str]], Page]

logger = logging.getLogger(__name__)


def fetch(url: str, headers: Mapping[str, str]) -> Page:
    """Return the file at ``url``, or how that failed."""
    return get(url, headers=headers, limit=_LIMIT, timeout=_SECONDS)


class RangesRefresh:
    """Refreshes what the collector of ``region``, which has ``place`` among so many, keeps in each hub."""

    def __init__(
        self,
        url: str,
        region: str,
        place: tuple[int, int],
        hubs: Sequence[Table],
        clock: Clock,
        fetch: Get = fetch,
        shipped: Callable[[], AwsRanges] = aws_ranges,
    ) -> None:
        self._url = url
        self._region = region
        self._minute = _HOUR * place[0] // place[1]
        self._hubs = hubs
        self._clock = clock
        self._fetch = fetch
        self._shipped = shipped

    def is_due(self, minutes: Sequence[datetime]) -> bool:
        """Whether one of some whole minutes is this collector's in the hour; the collectors take turns."""
        return any(minute.minute == self._minute for minute in minutes)

    def refresh(self) -> bool:
        """Ask for the file, and keep in each hub what is known now; return whether the file was good."""
        now = self._clock()
        held = [(hub, stored) for hub in self._hubs for stored in self._read(hub)]
        kept = [stored for _, stored in held if stored is not None]
        newest = max(kept, key=lambda stored: stored.known.published.token, default=None)
        known = beside_shipped(None if newest is None else newest.known, now, self._shipped())
        before = Stored(known, "" if newest is None else newest.etag)
        after, reason = self._asked(before, now)
        if reason:
            logger.warning("AWS's ranges stay as they were: %s", reason)
        if kept or after != before:
            for hub, stored in held:
                if stored != after:
                    self._write(hub, after)
        return not reason

    def _asked(self, before: Stored, now: datetime) -> tuple[Stored, str]:
        """Return what is known after asking, and why that is only what was known before; "" where it is up to date."""
        unchanged = Stored(before.known.at(now), before.etag)
        page = self._fetch(self._url, {"If-None-Match": before.etag} if before.etag else {})
        if page.whole and page.status == 304 and before.etag:
            return unchanged, ""
        if not page.whole or page.status != 200:
            return unchanged, f"{self._url}: {page.reason or f'HTTP status {page.status}'}"
        try:
            found = read_published(page.body, self._url)
        except InvalidDocument as error:
            return unchanged, str(error)
        known = before.known.published
        why = refusal(found, known, now)
        if why:
            return unchanged, f"{self._url}: {why}"
        if found.token > known.token:
            logger.info("AWS's ranges of %s are known, after those of %s", found.ranges.created, known.ranges.created)
        etag = page.headers.get("etag", "")
        return Stored(before.known.followed_by(found, now).at(now), etag if _ETAG.match(etag) else ""), ""

    def _read(self, hub: Table) -> list[Stored | None]:
        """Return what a hub holds, in a list that is empty where it cannot be asked."""
        try:
            return [read_stored(hub, self._region)]
        except StoreUnavailable as error:
            logger.warning("%s cannot be asked for AWS's ranges: %s", hub.region, error)
            return []

    def _write(self, hub: Table, stored: Stored) -> None:
        try:
            write_stored(hub, self._region, stored)
        except StoreUnavailable as error:
            logger.warning("%s did not take AWS's ranges: %s", hub.region, error)
