"""Moments as text that sorts like time: UTC, milliseconds, ``2020-05-30T15:05:00.000Z``."""

from datetime import UTC, datetime


def iso(moment: datetime) -> str:
    """Return a moment with milliseconds; texts of this form sort as the moments do."""
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def parse_iso(text: str) -> datetime:
    """Return the moment that an ISO 8601 text with an offset names, in UTC; ValueError where there is no offset."""
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is None:
        raise ValueError(f"{text!r} has no UTC offset; write it like 2026-12-01T00:00:00Z")
    return moment.astimezone(UTC)
