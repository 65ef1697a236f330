"""`hub_silent`, `dead_letters`, `topic_unconfirmed`: what one hub says of the other, and of what was given up.

A hub cannot tell of its own loss, nor of topics that nobody listens to. The other one judges it by the reports that it
writes into both tables every minute. What a report says stands until the next one says otherwise: unknown is not well.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta

from nswatch.judge.vantage import SILENT_AFTER, STARTS_WITHIN
from nswatch.model import Finding, Severity
from nswatch.moments import iso

STANDS_FOR = timedelta(minutes=4)
"""A topic's subscriptions must look the same for so long, at two looks, before anything is said of them."""
CONFIRMS_WITHIN = timedelta(minutes=15)
"""After an `apply` people are given this long to confirm their subscriptions."""


def hub_silent(
    hub: str, last: datetime | None, unreachable: datetime | None, waiting_since: datetime, now: datetime, *, was: bool
) -> list[Finding]:
    """Return whether a hub is silent: no report for 150 s, or none of ours could be written there for as long.

    ``last`` is its newest report (None: never one), ``unreachable`` since when writing to it fails. ``waiting_since``
    is when this hub last began to listen; one that ``was`` silent stays so until it reports.
    """
    since: list[datetime] = []
    if last is None:
        if now - waiting_since > STARTS_WITHIN:
            since.append(waiting_since)
    elif now - (last if was else max(last, waiting_since)) >= SILENT_AFTER:
        since.append(last)
    if unreachable is not None and now - (unreachable if was else max(unreachable, waiting_since)) >= SILENT_AFTER:
        since.append(unreachable)
    if not since:
        return []
    earliest = min(since)
    heard = last is not None and last not in since
    return [
        Finding(
            code="hub_silent",
            subject=hub,
            severity=Severity.NOTICE,
            expected=("a report every minute",),
            seen=(f"takes no writes since {iso(earliest)}" if heard else f"none since {iso(earliest)}",),
            since=earliest + SILENT_AFTER,
            detail={"last": iso(earliest)},
        )
    ]


def dead_letters(region: str, of: str, depth: int | None, at: datetime, *, was: bool) -> list[Finding]:
    """Return whether work was given up in a region: its dead-letter queue held messages ``at`` its last report.

    ``of`` names the function. ``depth`` None says that nobody could ask: then it is as it ``was``. How many there are
    is told, but more of them are no other finding: they stay until a person has looked.
    """
    if depth == 0 or (depth is None and not was):
        return []
    return [
        Finding(
            code="dead_letters",
            subject=region,
            severity=Severity.NOTICE,
            expected=(f"no dead letters of the {of}",),
            seen=(f"dead letters of the {of}",),
            since=at,
            detail={"function": of, "depth": depth},
        )
    ]


def topic_unconfirmed(
    hub: str,
    channel: Severity,
    confirmed: int,
    unconfirmed: Sequence[str],
    since: datetime,
    applied_at: datetime,
    *,
    alone: bool = False,
) -> list[Finding]:
    """Return whether a hub's topic reaches nobody, or not all whom the watchlist names (``unconfirmed``, its routes).

    ``confirmed`` counts subscriptions of whatever kind; ``since`` is when they were first seen to be so. A page topic
    without any wakes nobody, and pages. So does a notice topic where that of the hub that tells reaches nobody either
    (``alone``): a notice of it would go where no notice arrives.
    """
    nobody = confirmed == 0 and (channel is Severity.PAGE or (alone and bool(unconfirmed)))
    if not nobody and not unconfirmed:
        return []
    routes = tuple(f"{channel}: {route}" for route in unconfirmed)
    return [
        Finding(
            code="topic_unconfirmed",
            subject=hub,
            severity=Severity.PAGE if nobody else Severity.NOTICE,
            expected=routes or (f"{channel}: a confirmed subscription",),
            seen=(f"{channel}: nobody",) if nobody else tuple(f"{route} not confirmed" for route in routes),
            since=max(since, applied_at),
            detail={
                "channel": str(channel),
                "confirmed": confirmed,
                "routes": list(unconfirmed),
                "alone": nobody and channel is Severity.NOTICE,
            },
        )
    ]


def topics_settled(since: datetime, applied_at: datetime, now: datetime) -> bool:
    """Whether a topic's subscriptions have stood long enough to be judged: people had time to confirm."""
    return now - since >= STANDS_FOR and now - applied_at >= CONFIRMS_WITHIN
