"""Which domain was paged for a change that hit several: one item for each key (`Finding.common`)."""

import hashlib
from dataclasses import dataclass
from datetime import datetime, timedelta

from nswatch.errors import Conflict
from nswatch.moments import iso, parse_iso
from nswatch.record.dynamodb import Item
from nswatch.record.watch_store import DynamoWatchStore

KEPT = timedelta(days=14)
_LONGEST = 500


@dataclass(frozen=True, slots=True)
class Shared:
    """The incident that tells of a change for all domains hit: claimed ``at``, told ``sent_at`` (None: not yet)."""

    group: str
    episode: int
    at: datetime
    sent_at: datetime | None = None

    @property
    def incident(self) -> str:
        """The incident's id."""
        return f"{self.group}-{self.episode}"


class DynamoCommonStore(DynamoWatchStore):
    """One hub's changes that hit several domains."""

    def shared(self, key: str) -> Shared | None:
        """Return who tells of a change, or None where nobody does yet."""
        item = self.table.get(_pk(key), "page")
        return None if item is None else _from_item(item)

    def claim_shared(self, key: str, before: Shared | None, after: Shared) -> None:
        """Have another incident tell of a change; Conflict when ``before`` does so no longer."""
        if before is None:
            self.table.put(_to_item(key, after), "attribute_not_exists(pk)")
            return
        condition = "#group = :group AND episode = :episode AND #at = :at"
        values = {":group": before.group, ":episode": before.episode, ":at": iso(before.at)}
        names = {"#group": "group", "#at": "at"}
        if before.sent_at is None:
            condition += " AND attribute_not_exists(sent_at)"
        else:
            condition += " AND sent_at = :sent"
            values[":sent"] = iso(before.sent_at)
        self.table.put(_to_item(key, after), condition, values, names)

    def told_shared(self, key: str, shared: Shared) -> None:
        """Record that an incident told of a change, in this hub or another one; what was told later stays."""
        assert shared.sent_at is not None  # noqa: S101 - only what was sent is told
        try:
            self.table.put(
                _to_item(key, shared),
                "attribute_not_exists(sent_at) OR sent_at <= :sent",
                {":sent": iso(shared.sent_at)},
            )
        except Conflict:
            return


def _pk(key: str) -> str:
    return f"common#{hashlib.sha256(key.encode()).hexdigest()[:32]}"


def _to_item(key: str, shared: Shared) -> Item:
    return {
        "pk": _pk(key),
        "sk": "page",
        "key": key[:_LONGEST],
        "group": shared.group,
        "episode": shared.episode,
        "at": iso(shared.at),
        "sent_at": None if shared.sent_at is None else iso(shared.sent_at),
        "expires": int((shared.at + KEPT).timestamp()),
    }


def _from_item(item: Item) -> Shared:
    sent_at = parse_iso(item["sent_at"]) if "sent_at" in item else None
    return Shared(item["group"], int(item["episode"]), parse_iso(item["at"]), sent_at)
