"""The exposure clock: until when forged data may live in a cache that nobody can see into (decision 20)."""

from datetime import datetime, timedelta

from nswatch.respond.incident import HEALTHY_HOUR, SHORT_LIVED, Incident, State

LONGEST_CACHED = timedelta(days=7)
"""RFC 8767 caches (and many others) cap a TTL at seven days."""

RECOVERS_FOR = timedelta(hours=48)
"""A domain that was taken once is watched as recovering for at least this long: it is often taken again."""


def cached_until(incident: Incident, now: datetime) -> datetime | None:
    """Return until when a cache may hold data that the forged servers gave, or None where none gave any.

    The longest TTL counts from when any of them was last seen to give forged data, or a cache to hold it; while one
    still does that is ``now``. Who was led astray last may have been handed the whole of it.
    """
    served = list(incident.forged.values())
    if not served:
        return None
    longest = min(timedelta(seconds=max(each.ttl for each in served)), LONGEST_CACHED)
    return max(each.last_seen or now for each in served) + longest


def still_served(incident: Incident) -> bool:
    """Whether some forged server was still giving forged data when last asked."""
    return any(forged.last_seen is None for forged in incident.forged.values())


def resolves_at(incident: Incident) -> datetime | None:
    """Return when a recovering incident is over by itself; None while only a person can close it."""
    if incident.state is not State.RECOVERING or incident.recovering_since is None:
        return None
    over = [incident.recovering_since]
    over += [
        cleared_at + (HEALTHY_HOUR if state.cause in SHORT_LIVED else RECOVERS_FOR)
        for state in incident.causes.values()
        if (cleared_at := state.cleared_at or state.over_before) is not None
    ]
    if incident.forged:
        if still_served(incident):
            return None
        cached = cached_until(incident, incident.recovering_since)
        if cached is not None:
            over.append(cached)
    return max(over)
