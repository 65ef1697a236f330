"""`monitor_blind`: a region reports, but its canary raises no finding, so a hijack might raise none either.

In every pass each region asks for a domain whose expectation is wrong on purpose (`nswatch.expect.canary`). What it
hears goes the way of every observation: probe, table, stream, comparator, rules. A hub that does not see
`delegation_changed` come out at the end says that it is blind.
"""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime, timedelta

from nswatch.expect.canary import canary_entry
from nswatch.judge.judgement import judge_domain
from nswatch.judge.vantage import SILENT_AFTER
from nswatch.model import Finding, Severity, View
from nswatch.moments import iso

BLIND_AFTER = SILENT_AFTER
"""So old may the newest finding about a region's canary be: two passes in a row may be lost."""
FIRST_WITHIN = timedelta(minutes=5)
"""A region whose canary has never come is given this long from the moment that the hub began to wait for it."""


def proven(views: Sequence[View], now: datetime) -> datetime | None:
    """Return the newest pass of a region over the canary, where the rules judge it as they should; else None.

    ``views`` are the region's of the canary. It must be `delegation_changed`, and one of those who are named as having
    seen it must have been asked in that very pass: what stood before proves nothing of the path now.
    """
    newest = max((view.last_seen for view in views), default=None)
    asked = {(view.key.server, view.first_seen) for view in views if view.last_seen == newest}
    findings = judge_domain(canary_entry(), views, {}, now).findings
    seen = {
        (sighting.server, sighting.at)
        for finding in findings
        if finding.code == "delegation_changed"
        for sighting in finding.sightings
    }
    return newest if asked & seen else None


def blind_since(
    reporting: Collection[str],
    proofs: Mapping[str, datetime],
    waiting: Mapping[str, datetime],
    waiting_since: datetime,
    now: datetime,
) -> dict[str, datetime]:
    """Return the regions that a hub hears but whose canary it does not, each with the newest pass that was proven.

    ``reporting`` are the regions that are not silent, ``proofs`` the newest passes that `proven` gave, ``waiting``
    since when the hub waits for the first of a region. After the hub's own outage it waits since ``waiting_since``.
    """
    blind: dict[str, datetime] = {}
    for region in reporting:
        proof = proofs.get(region)
        if proof is not None:
            if now - max(proof, waiting_since) >= BLIND_AFTER:
                blind[region] = proof
        elif region in waiting and now - max(waiting[region], waiting_since) >= FIRST_WITHIN:
            blind[region] = waiting[region]
    return blind


def monitor_blind(blind: Mapping[str, tuple[datetime, str]], reporting: Collection[str]) -> list[Finding]:
    """Return one finding a region whose canary is missed: a page when half of those that report are, else a notice.

    ``blind`` has since when, and the hub that misses it. Detail: ``{"last": moment, "hub": region, "blind": how many,
    "reporting": how many}``.
    """
    severity = Severity.PAGE if len(blind) * 2 >= len(reporting) else Severity.NOTICE
    return [
        Finding(
            code="monitor_blind",
            subject=region,
            severity=severity,
            expected=("a finding about the canary every minute",),
            seen=(f"none since {iso(last)}",),
            since=last + BLIND_AFTER,
            detail={"last": iso(last), "hub": hub, "blind": len(blind), "reporting": len(reporting)},
        )
        for region, (last, hub) in sorted(blind.items())
    ]
