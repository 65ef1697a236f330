"""What a collector reads and writes in one hub: its own views of the domains, on change, and what it says of itself."""

import json
from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from typing import Any

from nswatch.model import Key, Observation, View
from nswatch.moments import iso, parse_iso
from nswatch.record import keys
from nswatch.record.codec import (
    canonical_json,
    fingerprint_of,
    observation_to_item,
    readable,
    view_from_item,
    view_to_item,
)
from nswatch.record.dynamodb import Item, Table
from nswatch.record.port import Change, WatchlistHead
from nswatch.record.probe_store import READS_AT_ONCE, watchlist_head_from_item
from nswatch.record.recorder import is_repeated, next_view
from nswatch.record.shards import entries_in

DomainViews = Mapping[str, Mapping[Key, View]]
"""Domain -> key -> what stands."""


@dataclass(frozen=True, slots=True)
class ShardReport:
    """A collector's last turn over a shard. ``failing`` says of each source asked since when it fails (None: it works).

    A source fails when it brings nothing at all, by a mistake of our own or because its time was up. What the network
    answers, or does not, is a reading.
    """

    turn: datetime
    failing: Mapping[str, datetime | None] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class CollectorReport:
    """What a collector says of itself every minute.

    ``queued`` is the last minute whose shards were sent to the queue, ``done`` the oldest last turn over the shards
    (None: one is still to come). ``failing`` are the sources that fail in every shard, with the moment since when.
    ``dead_letters`` is the depth of its dead-letter queue, None when it cannot be read.
    """

    at: datetime
    release: str = ""
    queued: datetime | None = None
    done: datetime | None = None
    failing: Mapping[str, datetime] = field(default_factory=dict)
    dead_letters: int | None = None


class DynamoCollectStore:
    """One hub's record for the collectors. Every method raises StoreUnavailable when the hub takes no call."""

    def __init__(self, table: Table) -> None:
        self.table = table
        self.hub = table.region

    def watchlist_head(self) -> WatchlistHead | None:
        """Return which watchlist is in force, or None before the first `apply`."""
        item = self.table.get("watchlist", "current")
        return None if item is None else watchlist_head_from_item(item)

    def shard_entries(self, version: int, shard: int) -> Mapping[str, Mapping[str, Any]]:
        """Return the canonical entries of one shard of one version, by domain."""
        return entries_in(self.table.query(keys.watchlist_pk(version), keys.shard_sk(shard)), shard)

    def views_of(self, region: str, domains: Sequence[str]) -> dict[str, dict[Key, View]]:
        """Return what a region's collector has standing for some domains; several are read at a time."""
        if not domains:
            return {}
        with ThreadPoolExecutor(min(READS_AT_ONCE, len(domains))) as pool:
            return dict(zip(domains, pool.map(partial(self._views, region), domains), strict=True))

    def _views(self, region: str, domain: str) -> dict[Key, View]:
        items = self.table.query(keys.collect_pk(region, domain), "latest#")
        return {view.key: view for view in readable(items, partial(view_from_item, region))}

    def write(self, region: str, changes: Sequence[Change], beside: Sequence[tuple[str, View]]) -> None:
        """Append what changed and have it stand, and have stand what stands in another hub: (domain, view).

        The observations go first: evidence is kept even if the turn ends in the middle. No condition is laid on what
        stands: a turn is dropped before the next one of its shard is due.
        """
        standing = [(change.observation.domain, change.view) for change in changes]
        self.table.put_many([_observation_item(region, change) for change in changes])
        self.table.put_many(
            [
                {"pk": keys.collect_pk(region, domain), "sk": keys.latest_sk(view.key), **view_to_item(view)}
                for domain, view in (*beside, *standing)
            ]
        )

    def forget(self, region: str, gone: Iterable[tuple[str, Key]]) -> None:
        """Let views stand no longer; what was appended stays."""
        self.table.delete_many([(keys.collect_pk(region, domain), keys.latest_sk(key)) for domain, key in gone])

    def report(self, region: str) -> CollectorReport | None:
        """Return what a region's collector last said of itself."""
        item = self.table.get(keys.collect_pk(region), keys.COLLECTOR_SK)
        return None if item is None else collector_report_from_item(item)

    def write_report(self, region: str, report: CollectorReport) -> None:
        """Record what a collector says of itself, in place of what it said before."""
        document = {
            "at": iso(report.at),
            "release": report.release,
            "queued": None if report.queued is None else iso(report.queued),
            "done": None if report.done is None else iso(report.done),
            "failing": {name: iso(since) for name, since in report.failing.items()},
            "dead_letters": report.dead_letters,
        }
        item = {"pk": keys.collect_pk(region), "sk": keys.COLLECTOR_SK, "report": canonical_json(document)}
        self.table.put(item)

    def shard_reports(self, region: str) -> dict[int, ShardReport]:
        """Return the last turn of each shard that ever had one."""
        items = self.table.query(keys.collect_pk(region), "shard#")
        return {int(item["sk"].removeprefix("shard#")): _shard_report(item) for item in items}

    def shard_report(self, region: str, shard: int) -> ShardReport | None:
        """Return the last turn of one shard."""
        item = self.table.get(keys.collect_pk(region), keys.shard_sk(shard))
        return None if item is None else _shard_report(item)

    def write_shard_report(self, region: str, shard: int, report: ShardReport) -> None:
        """Record a turn over a shard, in place of the one before."""
        document = {
            "turn": iso(report.turn),
            "failing": {name: None if since is None else iso(since) for name, since in report.failing.items()},
        }
        item = {"pk": keys.collect_pk(region), "sk": keys.shard_sk(shard), "report": canonical_json(document)}
        self.table.put(item)


def changes_in(observations: Iterable[Observation], standing: DomainViews) -> list[Change]:
    """Return the observations that differ from what stands, with the views that they make."""
    changes = []
    for observation in observations:
        before = standing.get(observation.domain, {}).get(observation.key)
        if before is not None and is_repeated(before, observation):
            continue
        after = next_view(before, observation)
        if before is None or fingerprint_of(before) != fingerprint_of(after):
            changes.append(Change(observation, after, before))
    return changes


def newest_of(held: Iterable[DomainViews]) -> dict[str, dict[Key, View]]:
    """Return what stands by whichever hub knows best: of two views of one key the one of the later turn."""
    best: dict[str, dict[Key, View]] = {}
    for in_hub in held:
        for domain, views in in_hub.items():
            known = best.setdefault(domain, {})
            for key, view in views.items():
                if key not in known or view.last_seen > known[key].last_seen:
                    known[key] = view
    return best


def missed(best: DomainViews, standing: DomainViews) -> list[tuple[str, View]]:
    """Return the views that one hub lacks, or has an older one of: it took no call when they came."""
    return [
        (domain, view)
        for domain, views in best.items()
        for key, view in views.items()
        if (held := standing.get(domain, {}).get(key)) is None
        or (held.last_seen < view.last_seen and fingerprint_of(held) != fingerprint_of(view))
    ]


def collector_report_from_item(item: Item) -> CollectorReport:
    """Return the report that an item holds, read tolerantly: another release may have written it."""
    document: Mapping[str, Any] = json.loads(item["report"])
    queued, done = document.get("queued"), document.get("done")
    return CollectorReport(
        at=parse_iso(document["at"]),
        release=document.get("release", ""),
        queued=None if queued is None else parse_iso(queued),
        done=None if done is None else parse_iso(done),
        failing={name: parse_iso(since) for name, since in document.get("failing", {}).items()},
        dead_letters=document.get("dead_letters"),
    )


def _shard_report(item: Item) -> ShardReport:
    document: Mapping[str, Any] = json.loads(item["report"])
    failing = document.get("failing", {})
    return ShardReport(
        turn=parse_iso(document["turn"]),
        failing={name: None if since is None else parse_iso(since) for name, since in failing.items()},
    )


def _observation_item(region: str, change: Change) -> Item:
    observation, before = change.observation, change.before
    interval = {} if before is None else {"before": before.result, "before_since": iso(before.result_since)}
    return {
        "pk": keys.collect_pk(region, observation.domain),
        "sk": keys.observation_sk(observation.key, observation.pass_time),
        **observation_to_item(observation),
        **interval,
    }
