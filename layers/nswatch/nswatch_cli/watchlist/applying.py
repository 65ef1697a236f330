"""`apply`: a checked watchlist into force in every hub, with the difference before and each hub's result after."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from nswatch.errors import NswatchError, StoreUnavailable
from nswatch.record.apply import entries_in_force, put_in_force
from nswatch.record.codec import canonical_json
from nswatch.record.hub_store import DynamoHubStore
from nswatch.record.port import WatchlistHead
from nswatch.record.shards import refuse_too_large
from nswatch_cli.watchlist.canonical import canonical, canonical_alerts
from nswatch_cli.watchlist.completing import Completing, completing
from nswatch_cli.watchlist.diff import diff, supersede, supersede_ds
from nswatch_cli.watchlist.lock import Lock
from nswatch_cli.watchlist.schema import Watchlist

Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class HubState:
    """What one hub says of its watchlist: its head (None before the first), or why it cannot be asked."""

    store: DynamoHubStore
    head: WatchlistHead | None
    error: StoreUnavailable | None = None


@dataclass(frozen=True, slots=True)
class Plan:
    """What an `apply` would do. ``lines`` is the difference for a person; no line: nothing would change.

    ``behind`` are the reachable hubs that do not hold the newest version. ``lock`` is the approved baseline as the lock
    file will have it; ``notes`` are what a person should know of how it came to be.
    """

    hubs: tuple[HubState, ...]
    entries: Mapping[str, Json]
    alerts: Json
    lines: tuple[str, ...]
    version: int
    behind: tuple[str, ...]
    lock: Lock = field(default_factory=dict)
    notes: tuple[str, ...] = ()

    @property
    def changes_nothing(self) -> bool:
        """Whether every hub that can be asked holds this watchlist already."""
        return not self.lines and not self.behind


@dataclass(frozen=True, slots=True)
class HubResult:
    """How it went in one hub: the version now in force, or the error."""

    hub: str
    version: int | None
    error: str = ""


def plan_apply(
    stores: Sequence[DynamoHubStore], watchlist: Watchlist, now: datetime, baselines: Completing | None = None
) -> Plan:
    """Compare a watchlist with what the hubs hold.

    Raises StoreUnavailable when none can be asked, and InvalidDocument for an entry that is too large for the record.

    ``baselines`` gives the entries their approved baselines; without it they keep what is in force and still holds.
    """
    hubs = tuple(_state(store) for store in stores)
    if all(hub.error is not None for hub in hubs):
        raise StoreUnavailable("; ".join(str(hub.error) for hub in hubs))
    newest = max(hubs, key=lambda hub: hub.head.version if hub.head is not None else -1)
    old = {domain: dict(entry) for domain, entry in entries_in_force(newest.store, newest.head).items()}
    alerts = canonical_alerts(watchlist)
    superseding = {
        domain: supersede(old[domain], entry, now) if domain in old else entry
        for domain, entry in canonical(watchlist).items()
    }
    completed = (baselines or completing({}, None, now))(superseding, old)
    entries = {domain: supersede_ds(old.get(domain, {}), entry, now) for domain, entry in completed.entries.items()}
    refuse_too_large(entries)
    lines = diff(old, entries)
    told = newest.head.alerts if newest.head is not None else {}
    if newest.head is None or canonical_json(told) != canonical_json(alerts):
        lines += [f"alerts.{channel}: {', '.join(routes) or 'nobody'}" for channel, routes in sorted(alerts.items())]
    version = 0 if newest.head is None else newest.head.version
    behind = tuple(
        hub.store.hub
        for hub in hubs
        if hub.error is None and version and (hub.head is None or hub.head.version < version)
    )
    return Plan(hubs, entries, alerts, tuple(lines), version + 1, behind, completed.lock, completed.notes)


def _state(store: DynamoHubStore) -> HubState:
    try:
        return HubState(store, store.watchlist_head())
    except StoreUnavailable as error:
        return HubState(store, None, error)


def carry_out(plan: Plan, by: str, now: datetime) -> list[HubResult]:
    """Put the plan into force in every hub that can be asked, and return each hub's result."""
    results = []
    for hub in plan.hubs:
        try:
            if hub.error is not None:
                raise hub.error
            put_in_force(hub.store, plan.entries, plan.alerts, by, now, plan.version)
        except NswatchError as error:
            results.append(HubResult(hub.store.hub, None, str(error)))
        else:
            results.append(HubResult(hub.store.hub, plan.version))
    return results
