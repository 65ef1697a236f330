"""`collector_silent`: a hub's collector does not report, does no turns, or a source of it fails wholly.

The other hub tells it, as it tells of a comparator. What a service refuses, or does not answer, is no failure of the
collector: that is a reading, and unknown. Only AWS's ranges that cannot be refreshed for long count as one.
"""

from collections.abc import Mapping
from datetime import datetime, timedelta

from nswatch.expect.published import SOURCE
from nswatch.model import Finding, Severity
from nswatch.moments import iso

SILENT_AFTER = timedelta(minutes=15)
STARTS_WITHIN = timedelta(minutes=30)
"""A collector that has never reported, or not been through all shards, is given this long."""
STUCK_AFTER = timedelta(minutes=30)
"""Each shard has its turn once in ten minutes: so many rounds were missed that it is no chance."""
FAILS_AFTER = timedelta(hours=1)
RANGES_FAIL_AFTER = timedelta(days=1)
"""Ranges a day old are as good as new; of a file that cannot be had, or is refused, nobody need hear at night."""


def collector_silent(
    hub: str,
    last: datetime | None,
    done: datetime | None,
    failing: Mapping[str, datetime],
    waiting_since: datetime,
    now: datetime,
    *,
    was: bool,
) -> list[Finding]:
    """Return whether the collector of a hub does not do its work.

    ``last`` is its newest report (None: never one), ``done`` the oldest last turn over the shards (None: one had none
    yet), ``failing`` since when a source brings nothing. ``waiting_since`` is when this hub last began to listen, or
    learnt that there is a collector; what ``was`` silent stays so until it reports.
    """
    said = _said(last, done, failing, waiting_since, now, was=was)
    if said is None:
        return []
    since, seen = said
    return [
        Finding(
            code="collector_silent",
            subject=hub,
            severity=Severity.NOTICE,
            expected=("a report every minute, and each source asked",),
            seen=(seen,),
            since=since,
            detail={"last": None if last is None else iso(last), "failing": sorted(failing)},
        )
    ]


def _said(
    last: datetime | None,
    done: datetime | None,
    failing: Mapping[str, datetime],
    waiting_since: datetime,
    now: datetime,
    *,
    was: bool,
) -> tuple[datetime, str] | None:
    if last is None:
        started = now - waiting_since < STARTS_WITHIN
        return None if started else (waiting_since + STARTS_WITHIN, "never reported")
    if now - (last if was else max(last, waiting_since)) >= SILENT_AFTER:
        return last + SILENT_AFTER, f"no report since {iso(last)}"
    turn = waiting_since if done is None else max(done, waiting_since)
    if now - turn >= STUCK_AFTER:
        return turn + STUCK_AFTER, f"no turn over all domains since {iso(turn)}"
    lasting = {since: name for name, since in failing.items() if now - since >= _patience(name)}
    if lasting:
        since = min(lasting)
        return since + _patience(lasting[since]), f"{lasting[since]} brings nothing since {iso(since)}"
    return None


def _patience(source: str) -> timedelta:
    return RANGES_FAIL_AFTER if source == SOURCE else FAILS_AFTER
