"""What a probe reads and writes in one hub (`ProbeStore` on DynamoDB)."""

import json
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from functools import partial
from typing import Any

from nswatch.errors import Conflict
from nswatch.model import Heartbeat, Key, View
from nswatch.moments import iso, parse_iso
from nswatch.record import keys
from nswatch.record.codec import canonical_json, observation_to_item, readable, view_from_item, view_to_item
from nswatch.record.dynamodb import Item, Table, put_in
from nswatch.record.port import Briefing, Change, Fingerprint, RegionReport, ScheduleBriefing, WatchlistHead
from nswatch.record.shards import entries_in

READS_AT_ONCE = 10
"""As many connections as a client keeps open."""

LATE_VIEWS_KEPT = timedelta(hours=1)
"""A view that came too late to stand is judged once; the table forgets it after this."""

_FEW, _AT_ONCE = 20, 100
"""From how many views on they are moved on together, and how many one transaction takes."""


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

    def schedule_briefing(self, region: str) -> ScheduleBriefing:
        """See `ProbeStore`."""
        wanted = [("watchlist", "current"), (keys.probe_pk(region), keys.REGION_SK)]
        found = self.table.get_many(wanted)
        watchlist, report = (found.get(key) for key in wanted)
        return ScheduleBriefing(
            watchlist=None if watchlist is None else watchlist_head_from_item(watchlist),
            report=None if report is None else region_report_from_item(report),
        )

    def write_region_report(self, region: str, report: RegionReport) -> None:
        """See `ProbeStore`."""
        self.table.put(region_report_to_item(region, report))

    def watchlist_head(self) -> WatchlistHead | None:
        """See `ProbeStore`."""
        item = self.table.get("watchlist", "current")
        return None if item is None else watchlist_head_from_item(item)

    def shard_entries(self, version: int, shard: int) -> Mapping[str, Mapping[str, Any]]:
        """See `ProbeStore`."""
        return entries_in(self.table.query(keys.watchlist_pk(version), keys.shard_sk(shard)), shard)

    def views(self, region: str, domain: str) -> list[View]:
        """See `ProbeStore`."""
        items = self.table.query(keys.probe_pk(region, domain), "latest#")
        standing = (item for item in items if not keys.is_late(item["sk"]))
        return list(readable(standing, partial(view_from_item, region)))

    def views_of(self, region: str, domains: Sequence[str]) -> dict[str, list[View]]:
        """See `ProbeStore`. Some are read at a time: one after the other, a distant hub takes a quarter of a second."""
        if len(domains) < 2:
            return {domain: self.views(region, domain) for domain in domains}
        with ThreadPoolExecutor(min(READS_AT_ONCE, len(domains))) as pool:
            return dict(zip(domains, pool.map(partial(self.views, region), domains), strict=True))

    def write_canary(self, views: Sequence[View]) -> None:
        """See `ProbeStore`."""
        self.table.put_many(
            [
                {
                    "pk": keys.probe_pk(view.key.region, view.key.qname),
                    "sk": keys.latest_sk(view.key),
                    **view_to_item(view),
                }
                for view in views
            ]
        )

    def write_changes(self, changes: Sequence[Change]) -> bool:
        """See `ProbeStore`. The observations go first: evidence is kept even if the pass ends in the middle."""
        self.table.put_many([_observation_item(change) for change in changes])
        all_stand = True
        for start in range(0, len(changes), _AT_ONCE):
            some = changes[start : start + _AT_ONCE]
            if len(some) < _FEW or not self._stand_together(some):
                stand = [self._stand(change) for change in some]
                all_stand = all_stand and all(stand)
        return all_stand

    def _stand_together(self, changes: Sequence[Change]) -> bool:
        """Move many views on in one call, or none of them where one is late.

        It costs twice the write units; one call each would take minutes for the first pass over a shard.
        """
        try:
            self.table.transact([put_in(_standing_item(change), *_not_older(change)) for change in changes])
        except Conflict:
            return False
        return True

    def _stand(self, change: Change) -> bool:
        """Move one view on, or keep it beside a newer one."""
        standing, view = _standing_item(change), change.view
        try:
            self.table.put(standing, *_not_older(change))
        except Conflict:
            expires = int((view.last_seen + LATE_VIEWS_KEPT).timestamp())
            self.table.put({**standing, "sk": keys.late_sk(view.key, view.last_seen), "expires": expires})
            return False
        return True

    def forget(self, region: str, domain: str, keys_: Sequence[Key]) -> None:
        """See `ProbeStore`. Views that came too late go too."""
        partition = keys.probe_pk(region, domain)
        standing = [keys.latest_sk(key) for key in keys_]
        late = [item["sk"] for sort_key in standing for item in self.table.query(partition, keys.late_prefix(sort_key))]
        self.table.delete_many([(partition, sort_key) for sort_key in (*standing, *late)])

    def restamp(self, region: str, shard: int, stamp: str) -> str | None:
        """See `ProbeStore`."""
        partition, sort_key = keys.probe_pk(region), keys.shard_sk(shard)
        values = {":stamp": stamp}
        try:
            before = self.table.update(partition, sort_key, "SET stamp = :stamp", values, "attribute_exists(pk)")
        except Conflict:
            return None
        return str(before.get("stamp", ""))

    def write_fingerprint(self, fingerprint: Fingerprint, over: str | None = None) -> None:
        """See `ProbeStore`."""
        heartbeat = fingerprint.heartbeat
        condition, values = "pass_time < :pass", {":pass": iso(heartbeat.pass_time)}
        visits = {"latencies": {domain: list(kept) for domain, kept in heartbeat.latencies.items()}}
        if over is not None:
            # A function of the previous release leaves no stamp: what it did shows by its pass's time alone.
            condition += " AND (stamp = :over OR attribute_not_exists(stamp))"
            values[":over"] = over
        self.table.put(
            {
                "pk": keys.probe_pk(heartbeat.region),
                "sk": keys.shard_sk(heartbeat.shard),
                "pass_time": iso(heartbeat.pass_time),
                "fingerprint": canonical_json(
                    {
                        "watchlist_version": heartbeat.watchlist_version,
                        "incomplete": list(heartbeat.incomplete),
                        "release": heartbeat.release,
                        "changed": {domain: iso(at) for domain, at in heartbeat.changed.items()},
                        "digest": "",  # by which functions of the previous release would believe their memory
                        **(visits if heartbeat.latencies else {}),
                    }
                ),
                "stamp": fingerprint.stamp,
            },
            f"attribute_not_exists(pk) OR ({condition})",
            values,
        )


def _standing_item(change: Change) -> Item:
    partition = keys.probe_pk(change.view.key.region, change.observation.domain)
    return {"pk": partition, "sk": keys.latest_sk(change.view.key), **view_to_item(change.view)}


def _not_older(change: Change) -> tuple[str, dict[str, str]]:
    """Return the condition under which a view may stand, and its values."""
    return "attribute_not_exists(pk) OR pass_time <= :pass", {":pass": iso(change.view.last_seen)}


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
        short={int(shard): tuple(intervals) for shard, intervals in head.get("short", {}).items()},
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
        release=document.get("release", ""),
        changed={domain: parse_iso(at) for domain, at in document.get("changed", {}).items()},
        latencies={domain: tuple(kept) for domain, kept in document.get("latencies", {}).items()},
    )
    return Fingerprint(heartbeat, item.get("stamp", ""))


def region_report_to_item(region: str, report: RegionReport) -> Item:
    """Return the item of a region's report."""
    document = {
        "at": iso(report.at),
        "queued": None if report.queued is None else iso(report.queued),
        "release": report.release,
        "dead_letters": report.dead_letters,
    }
    return {"pk": keys.probe_pk(region), "sk": keys.REGION_SK, "report": canonical_json(document)}


def region_report_from_item(item: Item) -> RegionReport:
    """Return the report that an item holds, read tolerantly: another release may have written it."""
    document: Mapping[str, Any] = json.loads(item["report"])
    queued = document.get("queued")
    return RegionReport(
        at=parse_iso(document["at"]),
        queued=None if queued is None else parse_iso(queued),
        release=document.get("release", ""),
        dead_letters=document.get("dead_letters"),
    )
