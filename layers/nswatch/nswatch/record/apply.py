"""Putting a watchlist into force in one hub.

The shards of the new version go first and are read by nobody yet; then each changed domain's entry, which the
comparator judges by from then on; last the head, which turns the probes to the new version. A crash in between leaves
the old version in force, and the next `apply` does it all again.
"""

import hashlib
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from nswatch.errors import Conflict
from nswatch.moments import iso
from nswatch.record import keys
from nswatch.record.codec import canonical_json
from nswatch.record.dynamodb import delete_in
from nswatch.record.hub_store import DynamoHubStore
from nswatch.record.port import WatchlistHead

Entries = Mapping[str, Mapping[str, Any]]
"""Domain -> its entry in canonical JSON."""


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

    Raises Conflict when the hub meanwhile holds ``version`` or a newer one, and StoreUnavailable.
    """
    before = store.watchlist_head()
    if before is not None and before.version >= version:
        raise Conflict(f"{store.hub} holds watchlist version {before.version} already; look at the diff again")
    old = entries_in_force(store, before)
    shards = keys.shard_count(len(entries))
    by_shard: dict[int, dict[str, Mapping[str, Any]]] = {shard: {} for shard in range(shards)}
    for domain, entry in entries.items():
        by_shard[keys.shard_of(domain, shards)][domain] = entry
    store.table.put_many(
        [
            {"pk": keys.watchlist_pk(version), "sk": keys.shard_sk(shard), "entries": canonical_json(members)}
            for shard, members in by_shard.items()
        ]
    )
    moved = before is None or before.shards != shards
    store.table.put_many(
        [
            {
                "pk": keys.group_pk(domain),
                "sk": "expectation",
                "version": version,
                "shard": keys.shard_of(domain, shards),
                "entry": canonical_json(entry),
                "due_bucket": keys.due_bucket(domain),
                "due_at": iso(now),
            }
            for domain, entry in entries.items()
            if moved or old.get(domain) != entry
        ]
    )
    for domain in old.keys() - entries.keys():
        store.table.transact([delete_in(keys.group_pk(domain), "expectation")])
        store.touch(domain, now)
    digest = hashlib.sha256(canonical_json([entries, alerts]).encode()).hexdigest()
    head = WatchlistHead(version, shards, now, by, digest, alerts)
    store.table.put(
        {
            "pk": "watchlist",
            "sk": "current",
            "version": version,
            "shards": shards,
            "head": canonical_json({"applied_at": iso(now), "applied_by": by, "digest": digest, "alerts": alerts}),
        },
        "attribute_not_exists(pk) OR version < :version",
        {":version": version},
    )
    return head
