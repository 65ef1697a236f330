"""Many domains that one change hit are paged once: who tells of the change, and who is only told to belong to it.

A page whose keys (`Finding.common`) nobody has told of claims them, by one conditional write in this hub's own table.
One of another domain that comes after a page *was sent* goes out as a notice that names the other incident. A claim
whose page is not sent counts for nothing after `CLAIM_COUNTS`, and neither does an incident that is over, or a page
that is older than `WINDOW` (for a failure `OF_FAILURES`): whatever fails, the worst is a page too many.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from nswatch.errors import Conflict
from nswatch.judge.common import is_failure
from nswatch.model import Severity
from nswatch.record.common_store import Shared
from nswatch.record.hub_store import DynamoHubStore
from nswatch.record.port import OutboxItem
from nswatch.respond.incident import State

WINDOW = timedelta(minutes=30)
"""So long after a page further domains that the same change hits are told by notice. Later it is another act of his."""
OF_FAILURES = timedelta(hours=6)
"""The same where something fails for many domains: it shows one by one, as caches expire."""
CLAIM_COUNTS = timedelta(seconds=45)
_ATTEMPTS = 3

AsPart = Callable[[OutboxItem, str], OutboxItem]
"""Turns a page into the notice that its domain was hit by the same change as an incident, given by its id."""


@dataclass(frozen=True, slots=True)
class Place:
    """What a page is: what tells of a change, or ``part_of`` another incident, or it waits ``until`` that is known."""

    part_of: str = ""
    until: datetime | None = None


LEADS = Place()


def place_of(home: DynamoHubStore, message: OutboxItem, now: datetime) -> Place:
    """Return what a page is, and claim its keys where nobody tells of them. Raises StoreUnavailable."""
    for _ in range(_ATTEMPTS):
        held = {key: home.shared(key) for key in message.common}
        others = [
            shared
            for key, shared in held.items()
            if shared is not None and not _over(home, shared, message, now, OF_FAILURES if is_failure(key) else WINDOW)
        ]
        told = [shared for shared in others if shared.sent_at is not None]
        if told:
            return Place(part_of=min(told, key=lambda shared: (shared.sent_at or now, shared.group)).incident)
        if others:
            return Place(until=min(shared.at for shared in others) + CLAIM_COUNTS)
        try:
            for key, shared in held.items():
                if shared is None or not _own(shared, message) or shared.sent_at is None:
                    home.claim_shared(key, shared, Shared(message.group, message.episode, now))
        except Conflict:
            continue
        return LEADS
    return LEADS


def told(message: OutboxItem, stores: Sequence[DynamoHubStore], now: datetime) -> None:
    """Note in hubs that a page told of its change. Raises StoreUnavailable."""
    if message.part_of or message.channel is not Severity.PAGE:
        return
    for store in stores:
        for key in message.common:
            store.told_shared(key, Shared(message.group, message.episode, now, now))


def as_part(message: OutboxItem, part_of: str) -> OutboxItem:
    """Return a page as the notice that it is part of another incident; its texts as they are."""
    return replace(message, channel=Severity.NOTICE, part_of=part_of)


def _own(shared: Shared, message: OutboxItem) -> bool:
    return (shared.group, shared.episode) == (message.group, message.episode)


def _over(home: DynamoHubStore, shared: Shared, message: OutboxItem, now: datetime, window: timedelta) -> bool:
    """Whether who told of a change, or was about to, keeps nobody else from it any more."""
    if _own(shared, message):
        return True
    if shared.sent_at is None:
        return now - shared.at >= CLAIM_COUNTS
    if now - shared.sent_at >= window:
        return True
    head = home.head(shared.group)
    return head.episode != shared.episode or head.state != State.OPEN
