"""Moments and durations for people: UTC and JST side by side, always with the date and the zone's name."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta, timezone
from string import Template

JST = timezone(timedelta(hours=9), "JST")
"""Japan has no daylight saving time."""


def utc(moment: datetime) -> str:
    """Return ``2020-05-30 15:05:20 UTC``."""
    return f"{moment.astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC"


def jst(moment: datetime) -> str:
    """Return ``2020-05-31 00:05:20 JST``."""
    return f"{moment.astimezone(JST):%Y-%m-%d %H:%M:%S} JST"


def both(moment: datetime) -> str:
    """Return a moment in UTC and JST."""
    return f"{utc(moment)} = {jst(moment)}"


def brief_utc(moment: datetime, months: tuple[str, ...]) -> str:
    """Return ``30 May 15:05`` (UTC)."""
    return _brief(moment.astimezone(UTC), months)


def brief_jst(moment: datetime, months: tuple[str, ...]) -> str:
    """Return ``31 May 00:05`` (JST)."""
    return _brief(moment.astimezone(JST), months)


def brief_jst_clock(moment: datetime) -> str:
    """Return ``00:05`` (JST), for use beside a date in UTC."""
    return f"{moment.astimezone(JST):%H:%M}"


def _brief(moment: datetime, months: tuple[str, ...]) -> str:
    return f"{moment.day} {months[moment.month - 1]} {moment:%H:%M}"


def duration(length: timedelta, phrases: Mapping[str, str]) -> str:
    """Return a length of time in its one or two largest units: ``12 s``, ``43 h 5 min``, ``5 d 2 h``; 0 if negative."""
    seconds = max(0, int(length.total_seconds()))
    units = (("days", 86400), ("hours", 3600), ("minutes", 60), ("seconds", 1))
    parts: list[str] = []
    for unit, size in units[seconds < 2 * 86400 :]:
        count, seconds = divmod(seconds, size)
        if count or (unit == "seconds" and not parts):
            parts.append(Template(phrases[unit]).substitute(n=count))
        elif parts:
            break
    return " ".join(parts[:2])
