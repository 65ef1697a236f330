"""`vantage_silent`: a region's heartbeats have stopped, so what it would see is unknown (decision 3).

One silent region is a notice: the others still judge. When no more than half still report, the monitor is blind, and
that pages.
"""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime, timedelta

from nswatch.model import Finding, Severity
from nswatch.moments import iso

SILENT_AFTER = timedelta(seconds=150)
STARTS_WITHIN = timedelta(minutes=15)
"""A region that has never reported is given this long from the moment that the hub began to wait for it."""


CLOCKS_DIFFER = timedelta(seconds=75)
"""A pass is noticed within a minute of its turn; what is noticed so much later was timed by a clock that is behind."""


def heard_at(pass_time: datetime, noticed: datetime) -> datetime:
    """Return when a hub last heard a region, whose newest pass it first saw when its own clock said ``noticed``.

    A pass is timed by its region's clock. While that is right it counts; no clock is believed that is far behind the
    hub's, or ahead of it.
    """
    return noticed if noticed - pass_time > CLOCKS_DIFFER else min(pass_time, noticed)


def silent_since(
    regions: Sequence[str],
    last_passes: Mapping[str, datetime],
    waiting_since: datetime,
    now: datetime,
    already: Collection[str] = (),
) -> dict[str, datetime]:
    """Return the regions that a hub does not hear, each with its newest pass.

    ``last_passes`` holds each region's newest pass, the oldest over its shards. ``waiting_since`` is when this hub
    last began to listen: after its own outage nothing is called silent that has had no time to report. Regions that
    were silent ``already`` stay so until they report.
    """
    silent: dict[str, datetime] = {}
    for region in regions:
        last = last_passes.get(region)
        if last is None:
            if now - waiting_since > STARTS_WITHIN:
                silent[region] = waiting_since
        elif now - (last if region in already else max(last, waiting_since)) >= SILENT_AFTER:
            silent[region] = last
    return silent


def silent_regions(regions: Sequence[str], silent: Mapping[str, datetime]) -> list[Finding]:
    """Return one finding a silent region; ``silent`` is what `silent_since` says, of whichever hub."""
    reporting = len(regions) - len(silent)
    severity = Severity.PAGE if reporting * 2 <= len(regions) else Severity.NOTICE
    return [
        Finding(
            code="vantage_silent",
            subject=region,
            severity=severity,
            expected=("a pass every minute",),
            seen=(f"none since {iso(last)}",),
            since=last + SILENT_AFTER,
            detail={"last": iso(last), "reporting": reporting, "regions": len(regions)},
        )
        for region, last in sorted(silent.items())
    ]
