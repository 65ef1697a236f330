"""One entry of the append-only log of an incident."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any


@dataclass(frozen=True, slots=True)
class Event:
    """Something that happened to an incident, once: the same ``id`` in the same episode is the same event.

    ``group`` is the watched domain, or the name of a group that is no domain. ``at`` is when it happened in the world
    (first sighting, due time of a timer), not when it was written, so that two hubs that write it agree. ``data`` holds
    plain JSON values whose shape depends on ``type`` (see `nswatch.respond.events`).
    """

    group: str
    episode: int
    id: str
    type: str
    at: datetime
    data: Mapping[str, Any] = field(default_factory=dict)
