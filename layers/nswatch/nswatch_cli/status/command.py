"""`nswatch status`: the table that people read, and the JSON that programs do."""

import json
import sys
from collections.abc import Sequence
from datetime import datetime
from typing import Any

import click

from nswatch import wiring
from nswatch.model import Severity
from nswatch.moments import iso
from nswatch.record.collected import CollectorReport
from nswatch_cli.deploy.progress import columns
from nswatch_cli.hubs import hub_options, hub_stores, regions_of
from nswatch_cli.status.judging import RegionState, Status, collector_report, judge, own_report
from nswatch_cli.status.reading import HubView, read_hubs


@click.command(short_help="Say whether nswatch works, in every region and hub.")
@hub_options
@click.option("--json", "as_json", is_flag=True, help="Print JSON, for programs.")
def status_command(hubs: Sequence[str], name: str, as_json: bool) -> None:
    """Say whether nswatch works: each region's release, last pass and watchlist, and what the hubs say.

    Exit status and first line are those of a monitoring plugin: 0 OK; 1 WARNING, something failed and it still pages;
    2 CRITICAL, it may not page; 3 UNKNOWN, no hub can be asked. Open incidents are shown and do not count: see
    `nswatch incidents`.
    """
    now = wiring.now()
    regions = regions_of(hubs, name)
    status = judge(read_hubs(hub_stores(name, hubs), regions, now), regions, now)
    click.echo(json.dumps(as_document(status), indent=2) if as_json else as_text(status, name))
    sys.exit(status.level)


def as_text(status: Status, name: str) -> str:
    """Return the lines for people, the first one for a monitoring system."""
    said = "; ".join(status.problems) or (
        f"{len(status.regions)} regions, {len(status.hubs)} hubs, watchlist version {status.version}"
    )
    hubs = [view.hub for view in status.hubs if not view.error]
    lines = [f"{status.level.name} {name}: {said}"]
    if status.regions:
        rows = [["region", "release", "last pass (UTC)", *(f"lag in {hub}" for hub in hubs)]]
        rows[0] += ["watchlist", "dead letters", "canary"]
        rows += [_region_row(state, hubs, status.at) for state in status.regions]
        lines += ["", *columns(rows, "")]
    if hubs:
        rows = [["hub", "release", "last round", "watchlist", "open incidents", "dead letters", "not confirmed"]]
        rows += [_hub_row(view, status) for view in status.hubs]
        lines += ["", *columns(rows, "")]
    return "\n".join(lines)


def _region_row(state: RegionState, hubs: Sequence[str], now: datetime) -> list[str]:
    last = state.last_pass
    return [
        state.region,
        state.release or "?",
        f"{last:%m-%d %H:%M:%S}" if last is not None else "never",
        *(_lag(state.passes.get(hub), now) for hub in hubs),
        str(state.version or "none"),
        _count(state.dead_letters),
        _lag(state.canary, now),
    ]


def _hub_row(view: HubView, status: Status) -> list[str]:
    report = own_report(view, status.hubs)
    if view.error:
        return [view.hub, report.release if report is not None else "?", "cannot be asked", "?", "?", "?", "?"]
    topics = report.topics if report is not None else {}
    unconfirmed = [f"{channel} {route}" for channel, topic in topics.items() for route in topic.unconfirmed]
    return [
        view.hub,
        report.release if report is not None else "?",
        _lag(view.last_round, status.at),
        str(view.watchlist.version) if view.watchlist is not None else "none",
        f"{view.incidents[Severity.PAGE]} page, {view.incidents[Severity.NOTICE]} notice",
        _count(report.dead_letters if report is not None else None),
        ", ".join(unconfirmed) or ("none" if topics else "?"),
    ]


def _lag(at: datetime | None, now: datetime) -> str:
    return "never" if at is None else f"{(now - at).total_seconds():.0f} s"


def _count(number: int | None) -> str:
    return "?" if number is None else str(number)


def as_document(status: Status) -> dict[str, Any]:
    """Return the whole as JSON: moments in ISO 8601, lags in seconds, null where nobody knows."""
    return {
        "status": status.level.name,
        "problems": list(status.problems),
        "at": iso(status.at),
        "watchlist_version": status.version,
        "regions": {state.region: _region_document(state, status.at) for state in status.regions},
        "hubs": {view.hub: _hub_document(view, status) for view in status.hubs},
    }


def _moment(at: datetime | None, now: datetime, key: str) -> dict[str, Any]:
    return {
        key: None if at is None else iso(at),
        "lag": None if at is None else round((now - at).total_seconds(), 3),
    }


def _region_document(state: RegionState, now: datetime) -> dict[str, Any]:
    return {
        "release": state.release,
        **_moment(state.last_pass, now, "last_pass"),
        "watchlist_version": state.version,
        "dead_letters": state.dead_letters,
        "canary": _moment(state.canary, now, "last_found"),
        "hubs": {hub: _moment(at, now, "last_pass") for hub, at in state.passes.items()},
    }


def _hub_document(view: HubView, status: Status) -> dict[str, Any]:
    report = own_report(view, status.hubs)
    topics = report.topics if report is not None else {}
    return {
        "error": view.error,
        "release": report.release if report is not None else "",
        **_moment(view.last_round, status.at, "last_round"),
        "watchlist_version": view.watchlist.version if view.watchlist is not None else None,
        "open_incidents": dict(view.incidents),
        "dead_letters": report.dead_letters if report is not None else None,
        "routes": {
            channel: {"confirmed": topic.confirmed, "pending": topic.pending, "unconfirmed": list(topic.unconfirmed)}
            for channel, topic in topics.items()
        },
        "last_report": None if report is None else iso(report.at),
        "collector": _collector_document(collector_report(view, status.hubs), status.at),
        "trail": _trail_document(view),
    }


def _trail_document(view: HubView) -> dict[str, Any] | None:
    """Return what this hub holds of what hears CloudTrail, null where nothing does."""
    if view.trail_report is None:
        return None
    return {
        "region": view.trail_report.region,
        "last_report": iso(view.trail_report.at),
        "last_call": {service: iso(heard.at) for service, heard in view.trail.items()},
        "dead_letters": view.trail_report.dead_letters,
    }


def _collector_document(report: CollectorReport | None, now: datetime) -> dict[str, Any] | None:
    if report is None:
        return None
    return {
        **_moment(report.at, now, "last_report"),
        "done": None if report.done is None else iso(report.done),
        "failing": {source: iso(since) for source, since in report.failing.items()},
        "dead_letters": report.dead_letters,
    }
