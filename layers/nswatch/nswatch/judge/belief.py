"""When an answer is believed, how long it stands, and when it is refuted (decisions 3, 4 and 5).

Silence refutes nothing: what a server said last stands while it, or the region that asks it, says nothing. A minority
is evidence: no number of expected answers makes an unexpected one untrue. Only one thing is not believed at once: a
single answer over UDP, which somebody off the path may have forged.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta

from nswatch.judge.vantage import SILENT_AFTER
from nswatch.model import Key, Sighting, Transport, View

UNKNOWN_COUNTS_FOR = timedelta(hours=1)
"""The last answer of a server that no longer answers stands for so long against what other servers say since."""

CONFIRMED_WITHIN = timedelta(seconds=20)
"""What is not believed yet is looked at again after this."""

INSTANT = timedelta(milliseconds=1)

_MORE_THAN_A_PASS = timedelta(seconds=90)
"""What stood for longer, before its server fell silent, was seen in two passes: they are a minute apart."""


def reports(view: View, now: datetime) -> bool:
    """Whether the view's region still reports."""
    return now - view.last_seen < SILENT_AFTER


def answers(view: View, now: datetime) -> bool:
    """Whether the server still answers the region, and the region still reports."""
    return view.result.definite and reports(view, now)


def last_word(view: View) -> datetime:
    """Return when the view's facts were last known to be what the server says."""
    return view.last_seen if view.result.definite else min(view.result_since, view.last_seen)


def outlived(view: View, fresh: Iterable[View], now: datetime, *, anywhere: bool = False) -> bool:
    """Whether an answer that nobody can confirm any more is refuted by what others are told since.

    ``fresh`` are the approved answers to the same question that stand now: of the same server, or after an hour of any.
    A server has the same address in many places (anycast), so that only what the same region is told is the same
    server's word, unless ``anywhere``: the parent's servers are one zone's, and have no caches.
    """
    since = last_word(view)
    return any(
        last_word(other) > since and (_same_server(view, other, anywhere) or now - since > UNKNOWN_COUNTS_FOR)
        for other in fresh
    )


def _same_server(view: View, other: View, anywhere: bool) -> bool:
    return view.key.server == other.key.server and (anywhere or view.key.region == other.key.region)


def stands_until(view: View) -> datetime:
    """Return the moment from which any other server's approved answer refutes a view that is not confirmed any more."""
    return last_word(view) + UNKNOWN_COUNTS_FOR + INSTANT


def seen_twice(view: View, since: datetime) -> bool:
    """Whether a view whose answer departs since the pass ``since`` was seen to in a later pass too."""
    if view.result.definite:
        return view.last_seen > since
    return min(view.result_since, view.last_seen) - since > _MORE_THAN_A_PASS


def believed(views: Sequence[View], since: Mapping[Key, datetime]) -> bool:
    """Whether departing answers to one question are believed: over TCP, from two servers or regions, or in two passes.

    ``since`` says since which pass each departs.
    """
    return (
        any(view.transport is Transport.TCP for view in views)
        or len({view.key.server for view in views}) > 1
        or len({view.key.region for view in views}) > 1
        or any(seen_twice(view, since[view.key]) for view in views)
    )


def sightings_of_result(views: Iterable[View]) -> tuple[Sighting, ...]:
    """Return who sees a result that says nothing of data (an error, silence), since when: the earliest first."""
    seen = (
        Sighting(view.key.region, view.key.source, view.key.server, view.server_name, view.transport, view.result_since)
        for view in views
    )
    return tuple(sorted(seen, key=lambda sighting: (sighting.at, sighting)))


def sightings(views: Iterable[View]) -> tuple[Sighting, ...]:
    """Return who saw it: one sighting a view, the earliest first."""
    seen = (
        Sighting(view.key.region, view.key.source, view.key.server, view.server_name, view.transport, view.first_seen)
        for view in views
    )
    return tuple(sorted(seen, key=lambda sighting: (sighting.at, sighting)))
