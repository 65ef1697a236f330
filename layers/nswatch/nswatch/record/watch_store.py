"""What the hubs know of one another, of the regions' queues and of the canary: the record of watching the watcher."""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from nswatch.errors import Conflict
from nswatch.moments import iso, parse_iso
from nswatch.record import keys
from nswatch.record.codec import canonical_json
from nswatch.record.collected import CollectorReport, collector_report_from_item
from nswatch.record.dynamodb import Item
from nswatch.record.port import RegionReport
from nswatch.record.probe_store import region_report_from_item
from nswatch.record.timer_store import DynamoTimerStore
from nswatch.record.trail_store import REPORT, TrailReport, heard_from_item, trail_report_from_item
from nswatch.trail import REGISTRATIONS, ZONES

_TRAIL_REPORT = (keys.TRAIL, REPORT)
_TRAIL_HEARD = {service: (keys.TRAIL, keys.heard_sk(service)) for service in (ZONES, REGISTRATIONS)}


@dataclass(frozen=True, slots=True)
class TopicReport:
    """How many subscriptions of a topic are confirmed and pending, since when it looks like this (``since``).

    ``unconfirmed`` are routes that the watchlist names and that are not among the confirmed ones.
    """

    confirmed: int
    pending: int
    unconfirmed: tuple[str, ...]
    since: datetime


@dataclass(frozen=True, slots=True)
class HubReport:
    """What a hub says of itself every minute, in both hubs' tables.

    ``watchlist_version`` is what it judges by, ``dead_letters`` the depth of its comparator's queue (None: unknown).
    ``topics`` are by channel, as looked at ``topics_at``; ``unreachable`` since when writing to another hub fails.
    ``silent`` and ``blind`` are the regions that this hub itself does not hear, or whose canary it misses: each with
    the newest pass that it knows.
    """

    hub: str
    at: datetime
    release: str
    watchlist_version: int
    dead_letters: int | None = None
    topics: Mapping[str, TopicReport] = field(default_factory=dict)
    topics_at: datetime | None = None
    unreachable: Mapping[str, datetime] = field(default_factory=dict)
    silent: Mapping[str, datetime] = field(default_factory=dict)
    blind: Mapping[str, datetime] = field(default_factory=dict)
    trail: Mapping[str, datetime] = field(default_factory=dict)
    """Of what hears CloudTrail, as this hub holds it: when it last ``reported``, and of which call to each service it
    heard last; absent what never was."""


@dataclass(frozen=True, slots=True)
class CanaryMark:
    """One region's canary: since when a hub waits for the first, and the newest pass that came out as a finding."""

    waiting_since: datetime | None
    proven: datetime | None


@dataclass(frozen=True, slots=True)
class Signs:
    """What a round judges the monitor itself by; what was never written is absent."""

    hubs: Mapping[str, HubReport]
    regions: Mapping[str, RegionReport]
    canaries: Mapping[str, CanaryMark]
    collectors: Mapping[str, CollectorReport] = field(default_factory=dict)
    awaited: Mapping[str, datetime] = field(default_factory=dict)
    """Since when a hub waits for the first report of another one's collector."""
    trail: TrailReport | None = None
    heard: Mapping[str, datetime] = field(default_factory=dict)
    """By service: the newest call of which CloudTrail told."""


class DynamoWatchStore(DynamoTimerStore):
    """One hub's record of the monitor itself."""

    def signs(self, hubs: Sequence[str], regions: Sequence[str]) -> Signs:
        """Return the newest reports of hubs, collectors and regions, and the canaries: one call up to 45 regions."""
        wanted = [_TRAIL_REPORT, *_TRAIL_HEARD.values()]
        wanted += [("hub", _hub_sk(hub)) for hub in hubs]
        wanted += [("hub", _collector_sk(hub)) for hub in hubs]
        wanted += [(keys.collect_pk(hub), keys.COLLECTOR_SK) for hub in hubs]
        for region in regions:
            wanted += [("hub", _canary_sk(region)), (keys.probe_pk(region), keys.REGION_SK)]
        found: dict[tuple[str, str], Item] = {}
        for start in range(0, len(wanted), 100):
            found |= self.table.get_many(wanted[start : start + 100])
        return Signs(
            hubs={hub: _hub_report(hub, found["hub", _hub_sk(hub)]) for hub in hubs if ("hub", _hub_sk(hub)) in found},
            regions=_region_reports(regions, found),
            canaries={
                region: _canary_mark(found["hub", _canary_sk(region)])
                for region in regions
                if ("hub", _canary_sk(region)) in found
            },
            trail=trail_report_from_item(found[_TRAIL_REPORT]) if _TRAIL_REPORT in found else None,
            heard={service: heard_from_item(found[key])[1].at for service, key in _TRAIL_HEARD.items() if key in found},
            collectors={
                hub: collector_report_from_item(found[key])
                for hub in hubs
                if (key := (keys.collect_pk(hub), keys.COLLECTOR_SK)) in found
            },
            awaited={
                hub: parse_iso(found[key]["waiting_since"])
                for hub in hubs
                if (key := ("hub", _collector_sk(hub))) in found
            },
        )

    def region_reports(self, regions: Sequence[str]) -> dict[str, RegionReport]:
        """Return the newest report of each region that ever wrote one."""
        wanted = [(keys.probe_pk(region), keys.REGION_SK) for region in regions]
        found: dict[tuple[str, str], Item] = {}
        for start in range(0, len(wanted), 100):
            found |= self.table.get_many(wanted[start : start + 100])
        return _region_reports(regions, found)

    def hub_reports(self, hubs: Sequence[str]) -> dict[str, HubReport]:
        """Return the newest report of each hub that ever wrote one here."""
        return dict(self.signs(hubs, ()).hubs)

    def write_hub_report(self, report: HubReport) -> None:
        """Record what a hub (this one, or another) says of itself."""
        document = {
            "at": iso(report.at),
            "release": report.release,
            "watchlist_version": report.watchlist_version,
            "dead_letters": report.dead_letters,
            "topics": {
                channel: [topic.confirmed, topic.pending, list(topic.unconfirmed), iso(topic.since)]
                for channel, topic in report.topics.items()
            },
            "topics_at": None if report.topics_at is None else iso(report.topics_at),
            "unreachable": _moments_to_json(report.unreachable),
            "silent": _moments_to_json(report.silent),
            "blind": _moments_to_json(report.blind),
            "trail": _moments_to_json(report.trail),
        }
        self.table.put({"pk": "hub", "sk": _hub_sk(report.hub), "report": canonical_json(document)})

    def await_canaries(self, regions: Iterable[str], now: datetime) -> None:
        """Note since when the first canary of these regions is waited for; an earlier note stays."""
        for region in regions:
            expression = "SET waiting_since = if_not_exists(waiting_since, :now)"
            self.table.update("hub", _canary_sk(region), expression, {":now": iso(now)})

    def await_collector(self, hub: str, now: datetime) -> None:
        """Note since when the first report of a hub's collector is waited for; an earlier note stays."""
        expression = "SET waiting_since = if_not_exists(waiting_since, :now)"
        self.table.update("hub", _collector_sk(hub), expression, {":now": iso(now)})

    def prove_canary(self, region: str, pass_time: datetime) -> None:
        """Note that a region's canary of one pass came out as a finding; a newer note stays."""
        newer = "attribute_not_exists(proven) OR proven < :pass"
        try:
            self.table.update("hub", _canary_sk(region), "SET proven = :pass", {":pass": iso(pass_time)}, newer)
        except Conflict:
            return


def _hub_sk(hub: str) -> str:
    return f"hub#{hub}"


def _collector_sk(hub: str) -> str:
    return f"collector#{hub}"


def _canary_sk(region: str) -> str:
    return f"canary#{region}"


def _moments_to_json(moments: Mapping[str, datetime]) -> dict[str, str]:
    return {name: iso(moment) for name, moment in moments.items()}


def _moments(document: Mapping[str, str]) -> dict[str, datetime]:
    return {name: parse_iso(moment) for name, moment in document.items()}


def _hub_report(hub: str, item: Item) -> HubReport:
    """Read a report tolerantly: the hub that wrote it may run an earlier release, or a later one."""
    document: Mapping[str, Any] = json.loads(item["report"])
    topics_at = document.get("topics_at")
    return HubReport(
        hub=hub,
        at=parse_iso(document["at"]),
        release=document.get("release", ""),
        watchlist_version=document.get("watchlist_version", 0),
        dead_letters=document.get("dead_letters"),
        topics={
            channel: TopicReport(confirmed, pending, tuple(unconfirmed), parse_iso(since))
            for channel, (confirmed, pending, unconfirmed, since) in document.get("topics", {}).items()
        },
        topics_at=None if topics_at is None else parse_iso(topics_at),
        unreachable=_moments(document.get("unreachable", {})),
        silent=_moments(document.get("silent", {})),
        blind=_moments(document.get("blind", {})),
        trail=_moments(document.get("trail", {})),
    )


def _region_reports(regions: Sequence[str], found: Mapping[tuple[str, str], Item]) -> dict[str, RegionReport]:
    items = {region: found.get((keys.probe_pk(region), keys.REGION_SK)) for region in regions}
    return {region: region_report_from_item(item) for region, item in items.items() if item is not None}


def _canary_mark(item: Item) -> CanaryMark:
    waiting, proven = item.get("waiting_since"), item.get("proven")
    return CanaryMark(
        None if waiting is None else parse_iso(waiting),
        None if proven is None else parse_iso(proven),
    )
