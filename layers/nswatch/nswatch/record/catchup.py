"""Taking over the watchlist of another hub that an `apply` has reached, a shard at a time.

A shard is taken over when its entries and then its domains' expectations are here, which a mark says. When all are, the
domains that are watched no longer go, as many shards of the old version at a time; last the head moves. Everything may
be done twice, so that a crash, or two invocations at once, harm nothing.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from nswatch.record import keys
from nswatch.record.apply import expectation_item, put_head, unwatch
from nswatch.record.hub_store import DynamoHubStore
from nswatch.record.port import WatchlistHead
from nswatch.record.shards import shard_items

TAKEN, LEFT = "taken", "left"
"""The marks of a shard that was taken over, and of an old one whose former domains are gone."""

_AT_ONCE = 25


def take_shard(home: DynamoHubStore, other: DynamoHubStore, head: WatchlistHead, shard: int) -> None:
    """Take over one shard of the version ``head`` of another hub, unless that was done. Raises StoreUnavailable."""
    partition, mark = keys.watchlist_pk(head.version), keys.mark_sk(TAKEN, shard)
    if home.table.get(partition, mark) is not None:
        return
    entries = other.shard_entries(head.version, shard)
    home.table.put_many(shard_items(head.version, shard, entries))
    domains = sorted(entries)
    for start in range(0, len(domains), _AT_ONCE):
        some = domains[start : start + _AT_ONCE]
        held = home.table.get_many([(keys.group_pk(domain), "expectation") for domain in some])
        items = [expectation_item(domain, entries[domain], head.version, shard, head.applied_at) for domain in some]
        home.table.put_many([item for item in items if _differs(held.get((item["pk"], item["sk"])), item)])
    home.table.put({"pk": partition, "sk": mark})


def catch_up(home: DynamoHubStore, other: DynamoHubStore, head: WatchlistHead, now: datetime, shards: int) -> bool:
    """Go on taking over the version ``head`` of another hub, at most ``shards`` shards; return whether it is in force.

    Raises StoreUnavailable, and Conflict when this version or a newer one came into force here meanwhile.
    """
    marked = _marked(home, head.version, TAKEN)
    missing = [shard for shard in range(head.shards) if keys.mark_sk(TAKEN, shard) not in marked]
    for shard in missing[:shards]:
        take_shard(home, other, head, shard)
    if len(missing) >= shards:
        return False
    former = _former(home, head)
    for version, shard in former[: shards - len(missing)]:
        _leave(home, (version, shard), head, now)
    if len(missing) + len(former) > shards:
        return False
    put_head(home, head)
    return True


def _former(home: DynamoHubStore, head: WatchlistHead) -> list[tuple[int, int]]:
    """Return the (version, shard) whose domains may be none of the new version's, as far as they were not looked at.

    They are those of the version in force, and of versions after it that were taken over in part before a newer came.
    """
    before = home.watchlist_head()
    if before is None:
        return []
    former = [(before.version, shard) for shard in range(before.shards)]
    for version in range(before.version + 1, head.version):
        former += [(version, int(mark.partition("#")[2])) for mark in sorted(_marked(home, version, TAKEN))]
    seen = _marked(home, head.version, LEFT)
    return [each for each in former if _left_sk(*each) not in seen]


def _leave(home: DynamoHubStore, former: tuple[int, int], head: WatchlistHead, now: datetime) -> None:
    """Judge no more those domains of a former shard that the new version does not have."""
    new: dict[int, Mapping[str, Any]] = {}
    for domain in home.shard_entries(*former):
        shard = keys.shard_of(domain, head.shards)
        if shard not in new:
            new[shard] = home.shard_entries(head.version, shard)
        if domain not in new[shard]:
            unwatch(home, domain, now)
    home.table.put({"pk": keys.watchlist_pk(head.version), "sk": _left_sk(*former)})


def _differs(held: Mapping[str, Any] | None, item: Mapping[str, Any]) -> bool:
    return held is None or any(held[name] != item[name] for name in ("entry", "shard"))


def _marked(home: DynamoHubStore, version: int, mark: str) -> set[str]:
    return {item["sk"] for item in home.table.query(keys.watchlist_pk(version), f"{mark}#")}


def _left_sk(version: int, shard: int) -> str:
    return f"{keys.mark_sk(LEFT, version)}#{shard:04d}"
