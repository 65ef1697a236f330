"""What each hub's record says of the installation. A hub that cannot be asked is a value, not an error."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from nswatch.errors import StoreUnavailable
from nswatch.model import Heartbeat, Severity
from nswatch.moments import parse_iso
from nswatch.record import keys
from nswatch.record.collected import CollectorReport
from nswatch.record.hub_store import DynamoHubStore
from nswatch.record.port import RegionReport, WatchlistHead
from nswatch.record.probe_store import fingerprint_from_item
from nswatch.record.trail_store import DynamoTrail, TrailReport
from nswatch.record.watch_store import CanaryMark, HubReport, Signs
from nswatch.trail import Heard

_REMEMBERED = timedelta(days=1)
"""A region that nobody names and that has said nothing for so long was taken out of the installation."""


@dataclass(frozen=True, slots=True)
class HubView:
    """What one hub says. ``error`` is why it cannot be asked; then there is nothing else.

    ``beats`` are the newest passes by region, one a shard; ``reports`` are the hubs' own, and ``collectors`` those of
    their collectors, as they stand in this one. ``trail`` is how CloudTrail is heard, by service,
    and ``trail_report`` what the function says of itself that hears it.
    """

    hub: str
    error: str = ""
    last_round: datetime | None = None
    watchlist: WatchlistHead | None = None
    beats: Mapping[str, Sequence[Heartbeat]] = field(default_factory=dict)
    regions: Mapping[str, RegionReport] = field(default_factory=dict)
    reports: Mapping[str, HubReport] = field(default_factory=dict)
    canaries: Mapping[str, CanaryMark] = field(default_factory=dict)
    collectors: Mapping[str, CollectorReport] = field(default_factory=dict)
    incidents: Mapping[str, int] = field(default_factory=dict)
    trail: Mapping[str, Heard] = field(default_factory=dict)
    trail_report: TrailReport | None = None

    def beat(self, region: str) -> Heartbeat | None:
        """Return a region's newest pass, that of the shard which is the furthest behind."""
        shards = self.watchlist.shards if self.watchlist is not None else 1
        beats = [beat for beat in self.beats.get(region, ()) if beat.shard < shards]
        return min(beats, key=lambda beat: beat.pass_time, default=None)


def read_hubs(stores: Sequence[DynamoHubStore], regions: Sequence[str], now: datetime) -> list[HubView]:
    """Return what each hub says of the ``regions``; of those that it knows itself where none are named."""
    hubs = [store.hub for store in stores]
    return [_read(store, hubs, regions, now) for store in stores]


def _read(store: DynamoHubStore, hubs: Sequence[str], regions: Sequence[str], now: datetime) -> HubView:
    try:
        named = tuple(regions) or _known(store)
        signs = store.signs(hubs, named)
        ran = store.table.get("hub", "comparator")
        beats = {region: _beats(store, region) for region in named}
        view = HubView(
            hub=store.hub,
            last_round=None if ran is None else parse_iso(ran["last_run"]),
            watchlist=store.watchlist_head(),
            beats=beats,
            regions=signs.regions,
            reports=signs.hubs,
            canaries=signs.canaries,
            collectors=signs.collectors,
            incidents={
                str(severity): len(store.open_incidents(severity)) for severity in (Severity.PAGE, Severity.NOTICE)
            },
            trail=DynamoTrail(store.table).heard(),
            trail_report=signs.trail,
        )
    except StoreUnavailable as error:
        return HubView(store.hub, error=str(error))
    return view if regions else _without_the_departed(view, signs, now)


def _known(store: DynamoHubStore) -> tuple[str, ...]:
    """Return every region that this hub ever waited for."""
    return tuple(item["sk"].removeprefix("canary#") for item in store.table.query("hub", "canary#"))


def _beats(store: DynamoHubStore, region: str) -> tuple[Heartbeat, ...]:
    items = store.table.query(keys.probe_pk(region), "shard#")
    return tuple(fingerprint_from_item(region, item).heartbeat for item in items)


def _without_the_departed(view: HubView, signs: Signs, now: datetime) -> HubView:
    """Leave out regions of long ago that the hub does not miss: they are no longer part of the installation."""
    missed = {region for report in signs.hubs.values() for region in (*report.silent, *report.blind)}
    stay = {
        region
        for region, beats in view.beats.items()
        if region in missed or any(now - beat.pass_time < _REMEMBERED for beat in beats)
    }
    return replace(
        view,
        beats={region: beats for region, beats in view.beats.items() if region in stay},
        regions={region: report for region, report in view.regions.items() if region in stay},
        canaries={region: mark for region, mark in view.canaries.items() if region in stay},
    )
