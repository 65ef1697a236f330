"""Which watchlist is in force, where the hubs may differ."""

from collections.abc import Iterable
from typing import TypeVar

from nswatch.errors import StoreUnavailable
from nswatch.record.port import WatchlistHead

Hub = TypeVar("Hub")


def newest_watchlist(held: Iterable[tuple[Hub, WatchlistHead | None]]) -> tuple[WatchlistHead, Hub]:
    """Return the newest watchlist that a hub holds, and that hub: an `apply` may have missed one of them.

    Raises StoreUnavailable when none holds any.
    """
    heads = [(head, hub) for hub, head in held if head is not None]
    if not heads:
        raise StoreUnavailable("no hub holds a watchlist; apply one with: nswatch watchlist apply FILE")
    return max(heads, key=lambda pair: pair[0].version)
