"""AWS's ranges as the hubs hold them: one item of each collector, and who judges by it.

Every collector writes its item into both hubs, as all that it finds (`nswatch.refresh`). Who judges looks every ten
minutes, and goes by the ranges that are shipped where nothing newer is there or can be read.
"""

import json
import logging
import zlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from nswatch.errors import StoreUnavailable
from nswatch.expect.data import aws_ranges
from nswatch.expect.networks import AwsRanges
from nswatch.expect.published import Known, Published, read_known
from nswatch.model import Clock
from nswatch.record.codec import canonical_json, readable
from nswatch.record.dynamodb import Item, Table
from nswatch.record.keys import RANGES_SK, collect_pk

LOOKED_AT = timedelta(minutes=10)
"""How often the hubs are asked for newer ranges: an item of some 35 KB."""

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Stored:
    """What a collector keeps: what is known, and the entity tag (RFC 9110 section 8.8.3) of the file that said it."""

    known: Known
    etag: str = ""


def read_stored(table: Table, collector: str) -> Stored | None:
    """Return what a region's collector keeps in a hub; None where there is nothing that can be read.

    Raises StoreUnavailable.
    """
    item = table.get(collect_pk(collector), RANGES_SK)
    return next(readable([] if item is None else [item], _from_item), None)


def write_stored(table: Table, collector: str, stored: Stored) -> None:
    """Keep it in a hub. Raises StoreUnavailable."""
    text = canonical_json(stored.known.document())
    document = zlib.compress(text.encode(), 9)
    table.put({"pk": collect_pk(collector), "sk": RANGES_SK, "etag": stored.etag, "document": document})


def _from_item(item: Item) -> Stored:
    try:
        text = zlib.decompress(item["document"])
    except zlib.error as error:
        raise ValueError(str(error)) from error
    return Stored(read_known(json.loads(text)), item["etag"])


def beside_shipped(known: Known | None, now: datetime, shipped: AwsRanges) -> Known:
    """Return what is known with the shipped ranges: an upgrade may bring newer ones than a hub holds."""
    own = Published.of(shipped)
    if known is None:
        return Known(own)
    return known if known.published.token >= own.token else known.followed_by(own, now)


class CurrentRanges:
    """The ranges to judge by, from the first of some hubs that answers: by the newest file of any of ``collectors``."""

    def __init__(
        self,
        hubs: Sequence[Table],
        collectors: Sequence[str],
        clock: Clock,
        shipped: Callable[[], AwsRanges] = aws_ranges,
    ) -> None:
        self._hubs = list(hubs)
        self._collectors = collectors
        self._clock = clock
        self._shipped = shipped
        self._known: Known | None = None
        self._ranges: AwsRanges | None = None
        self._looked: datetime | None = None

    def __call__(self) -> AwsRanges:
        """Return them; what a hub does is never an error."""
        now = self._clock()
        if self._looked is None or now - self._looked >= LOOKED_AT:
            self._looked = now
            self._look(now)
        return self._shipped() if self._ranges is None else self._ranges

    def _look(self, now: datetime) -> None:
        newest = self._newest()
        if newest is not None and newest != self._known:  # else networks that were looked up in would be parsed again
            self._known = newest
            self._ranges = beside_shipped(newest, now, self._shipped()).ranges()

    def _newest(self) -> Known | None:
        for hub in list(self._hubs):
            try:
                held = [read_stored(hub, collector) for collector in self._collectors]
            except StoreUnavailable as error:
                logger.warning("%s cannot be asked for AWS's ranges: %s", hub.region, error)
                self._hubs = [*self._hubs[1:], hub]  # one that is down is asked last from now on
                continue
            known = [stored.known for stored in held if stored is not None]
            return max(known, key=lambda each: each.published.token, default=None)
        return None
