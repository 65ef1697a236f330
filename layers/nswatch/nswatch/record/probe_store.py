"""What a probe reads and writes in one hub (`ProbeStore` on DynamoDB)."""

import json
from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any

from nswatch.errors import Conflict
from nswatch.model import Heartbeat, View
from nswatch.moments import iso, parse_iso
from nswatch.record import keys
from nswatch.record.codec import canonical_json, observation_to_item, view_from_item, view_to_item
from nswatch.record.dynamodb import Item, Table
from nswatch.record.port import Briefing, Change, Fingerprint, WatchlistHead

LATE_VIEWS_KEPT = timedelta(hours=1)
"""A view that came too late to stand is judged once; the table forgets it after this."""


class DynamoProbeStore:
    """`ProbeStore` of one hub."""

    def __init__(self, table: Table) -> None:
        self.table = table
        self.hub = table.region

    def briefing(self, region: str, shard: int) -> Briefing:
        """See `ProbeStore`."""
        wanted = [
            ("watchlist", "current"),
            (keys.probe_pk(region), keys.shard_sk(shard)),
            ("followed", keys.shard_sk(shard)),
        ]
        found = self.table.get_many(wanted)
        watchlist, fingerprint, followed = (found.get(key) for key in wanted)
        return Briefing(
            watchlist=None if watchlist is None else watchlist_head_from_item(watchlist),
            fingerprint=None if fingerprint is None else fingerprint_from_item(region, fingerprint),
            followed={
                domain: [(host, address) for host, address in servers]
                for domain, servers in (followed or {}).items()
                if domain not in ("pk", "sk")
            },
        )

    def watchlist_head(self) -> WatchlistHead | None:
        """See `ProbeStore`."""
        item = self.table.get("watchlist", "current")
        return None if item is None else watchlist_head_from_item(item)

    def shard_entries(self, version: int, shard: int) -> Mapping[str, Mapping[str, Any]]:
        """See `ProbeStore`."""
        item = self.table.get(keys.watchlist_pk(version), keys.shard_sk(shard))
        entries: Mapping[str, Mapping[str, Any]] = json.loads(item["entries"]) if item is not None else {}
        return entries

    def views(self, region: str, domain: str) -> list[View]:
        """See `ProbeStore`."""
        items = self.table.query(keys.probe_pk(region, domain), "latest#")
        return [view_from_item(region, item) for item in items]

    def write_changes(self, changes: Sequence[Change]) -> None:
        """See `ProbeStore`. The observations go first: evidence is kept even if the pass ends in the middle."""
        self.table.put_many([_observation_item(change) for change in changes])
        for change in changes:
            view = change.view
            partition = keys.probe_pk(view.key.region, change.observation.domain)
            standing = {"pk": partition, "sk": keys.latest_sk(view.key), **view_to_item(view)}
            try:
                self.table.put(
                    standing, "attribute_not_exists(pk) OR pass_time <= :pass", {":pass": iso(view.last_seen)}
                )
            except Conflict:
                expires = int((view.last_seen + LATE_VIEWS_KEPT).timestamp())
                self.table.put({**standing, "sk": keys.late_sk(view.key, view.last_seen), "expires": expires})

    def write_fingerprint(self, fingerprint: Fingerprint) -> None:
        """See `ProbeStore`."""
        heartbeat = fingerprint.heartbeat
        self.table.put(
            {
                "pk": keys.probe_pk(heartbeat.region),
                "sk": keys.shard_sk(heartbeat.shard),
                "pass_time": iso(heartbeat.pass_time),
                "fingerprint": canonical_json(
                    {
                        "watchlist_version": heartbeat.watchlist_version,
                        "incomplete": list(heartbeat.incomplete),
                        "digest": fingerprint.digest,
                    }
                ),
            },
            "attribute_not_exists(pk) OR pass_time < :pass",
            {":pass": iso(heartbeat.pass_time)},
        )


def _observation_item(change: Change) -> Item:
    observation, before = change.observation, change.before
    interval = {} if before is None else {"before": before.result, "before_since": iso(before.result_since)}
    return {
        "pk": keys.probe_pk(observation.key.region, observation.domain),
        "sk": keys.observation_sk(observation.key, observation.pass_time),
        **observation_to_item(observation),
        **interval,
    }


def watchlist_head_from_item(item: Item) -> WatchlistHead:
    """Return the head of the watchlist in force that the item ``watchlist``/``current`` holds."""
    head = json.loads(item["head"])
    return WatchlistHead(
        version=int(item["version"]),
        shards=int(item["shards"]),
        applied_at=parse_iso(head["applied_at"]),
        applied_by=head["applied_by"],
        digest=head["digest"],
        alerts=head["alerts"],
    )


def fingerprint_from_item(region: str, item: Item) -> Fingerprint:
    """Return the fingerprint that an item of ``probe#REGION`` holds."""
    document = json.loads(item["fingerprint"])
    heartbeat = Heartbeat(
        region=region,
        shard=int(item["sk"].removeprefix("shard#")),
        pass_time=parse_iso(item["pass_time"]),
        watchlist_version=document["watchlist_version"],
        incomplete=tuple(document["incomplete"]),
    )
    return Fingerprint(heartbeat, document["digest"])
