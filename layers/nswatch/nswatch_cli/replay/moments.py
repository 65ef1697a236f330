"""Moments as scenarios write them."""

from datetime import UTC, datetime


def read_moment(value: object) -> datetime:
    """Return an aware datetime from a YAML timestamp or ISO 8601 text; without an offset it is UTC."""
    moment = value if isinstance(value, datetime) else datetime.fromisoformat(str(value))
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
