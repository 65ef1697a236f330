"""Putting a watchlist into force in one hub.

The shards of the new version go first and are read by nobody yet; then each changed domain's entry, which the
comparator judges by from then on; last the head, which turns the probes to the new version. A crash in between leaves
the old version in force, and the next `apply` does it all again.
"""

import hashlib
import json
import secrets
from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from functools import partial
from typing import Any

from nswatch.errors import Conflict
from nswatch.moments import iso
from nswatch.record import keys
from nswatch.record.codec import canonical_json
from nswatch.record.dynamodb import Item, delete_in
from nswatch.record.hub_store import DynamoHubStore
from nswatch.record.port import WatchlistHead
from nswatch.record.shards import Entries, refuse_too_large, shard_items

_AT_ONCE = 16


def entries_in_force(store: DynamoHubStore, head: WatchlistHead | None) -> dict[str, Mapping[str, Any]]:
    """Return every entry of the watchlist in force (an `apply` reads them all; nothing in Lambda does)."""
    entries: dict[str, Mapping[str, Any]] = {}
    if head is not None:
        for shard in range(head.shards):
            entries.update(store.shard_entries(head.version, shard))
    return entries


def put_in_force(
    store: DynamoHubStore,
    entries: Entries,
    alerts: Mapping[str, Sequence[str]],
    by: str,
    now: datetime,
    version: int,
) -> WatchlistHead:
    """Put a watchlist into force as ``version`` and return its head.

    Raises Conflict when the hub meanwhile holds ``version`` or a newer one, StoreUnavailable, and InvalidDocument for
    an entry that is too large.
    """
    refuse_too_large(entries)
    before = store.watchlist_head()
    if before is not None and before.version >= version:
        raise Conflict(f"{store.hub} holds watchlist version {before.version} already; look at the diff again")
    old = entries_in_force(store, before)
    shards = keys.shard_count(len(entries))
    by_shard: dict[int, dict[str, Mapping[str, Any]]] = {shard: {} for shard in range(shards)}
    for domain, entry in entries.items():
        by_shard[keys.shard_of(domain, shards)][domain] = entry
    store.table.put_many([item for shard, members in by_shard.items() for item in shard_items(version, shard, members)])
    if before is not None:
        # Before anybody judges by them: what was seen before a domain was removed is not what stands now.
        _drop_views(store, entries.keys() - old.keys(), {before.shards, shards})
    moved = before is None or before.shards != shards
    store.table.put_many(
        [
            expectation_item(domain, entry, version, keys.shard_of(domain, shards), now)
            for domain, entry in entries.items()
            if moved or old.get(domain) != entry
        ]
    )
    for domain in old.keys() - entries.keys():
        unwatch(store, domain, now)
    if before is not None:
        _drop_views(store, old.keys() - entries.keys(), {before.shards})
    digest = hashlib.sha256(canonical_json([entries, alerts]).encode()).hexdigest()
    head = WatchlistHead(version, shards, now, by, digest, alerts, _short(by_shard))
    put_head(store, head)
    return head


def put_head(store: DynamoHubStore, head: WatchlistHead) -> None:
    """Turn probes and comparator to a version whose entries are all there; Conflict when a newer one is in force."""
    store.table.put(
        {
            "pk": "watchlist",
            "sk": "current",
            "version": head.version,
            "shards": head.shards,
            "head": canonical_json(
                {
                    "applied_at": iso(head.applied_at),
                    "applied_by": head.applied_by,
                    "digest": head.digest,
                    "alerts": head.alerts,
                    "short": head.short,
                }
            ),
        },
        "attribute_not_exists(pk) OR version < :version",
        {":version": head.version},
    )


def expectation_item(domain: str, entry: Mapping[str, Any], version: int, shard: int, due_at: datetime) -> Item:
    """Return the item by which the comparator judges a domain, to be looked at from ``due_at`` on."""
    return {
        "pk": keys.group_pk(domain),
        "sk": "expectation",
        "version": version,
        "shard": shard,
        "entry": canonical_json(entry),
        "due_bucket": keys.due_bucket(domain),
        "due_at": iso(due_at),
    }


def unwatch(store: DynamoHubStore, domain: str, now: datetime) -> None:
    """Judge a domain no more; a look at ``now`` ends what is open."""
    store.table.transact([delete_in(keys.group_pk(domain), "expectation")])
    store.touch(domain, now)


def _drop_views(store: DynamoHubStore, domains: Iterable[str], shard_counts: Iterable[int]) -> None:
    """Have nothing stand of domains that are watched no more, or not yet; what was appended to their history stays.

    Whoever remembers these views of the shards that the domains were or will be in, forgets them.
    """
    ran = store.table.get("hub", "comparator")
    regions = sorted({store.hub, *json.loads(ran.get("heard", "{}") if ran is not None else "{}")})
    places = [(region, domain) for region in regions for domain in sorted(domains)]
    if not places:
        return
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        dropped = [place for place in pool.map(partial(_drop, store), places) if place is not None]
    for region, shard in {
        (region, keys.shard_of(domain, shards)) for region, domain in dropped for shards in shard_counts
    }:
        store.restamp(region, shard, secrets.token_hex(8))


def _drop(store: DynamoHubStore, place: tuple[str, str]) -> tuple[str, str] | None:
    """Drop a region's views of a domain, its collector's too; return the place where there were any."""
    unwanted = [
        (partition, item["sk"])
        for partition in (keys.probe_pk(*place), keys.collect_pk(*place))
        for item in store.table.query(partition, "latest#")
    ]
    if not unwanted:
        return None
    store.table.delete_many(unwanted)
    return place


def _short(by_shard: Mapping[int, Entries]) -> dict[int, list[int]]:
    """Return the shards with domains whose parent is asked more often than once a minute, and their intervals."""
    found = {
        shard: sorted({entry.get("delegation_every", 60) for entry in members.values()} - {60})
        for shard, members in by_shard.items()
    }
    return {shard: intervals for shard, intervals in found.items() if intervals}
