"""What the deployed story showed, as it travels from inside the private Internet to the tests (JSON)."""

from dataclasses import dataclass, field
from typing import Any

REGIONS = ["ap-northeast-1", "eu-west-1", "us-west-2", "us-east-1"]
HUBS = REGIONS[:2]
TRAIL = REGIONS[3]
"""Where CloudTrail tells of calls to Route 53."""
NAME = "nswatch"

TURN = 60 / len(REGIONS)
"""Seconds between the turns of two regions."""


@dataclass
class Message:
    """A message as it arrived in a queue that is subscribed to a topic; ``at`` is in seconds since the epoch."""

    hub: str
    topic: str
    kind: str
    at: float
    subject: str
    text: str


@dataclass
class Seen:
    """All of it. ``moments`` are seconds since the epoch, by what happened then."""

    moments: dict[str, float] = field(default_factory=dict)
    messages: list[Message] = field(default_factory=list)
    passes: dict[str, dict[str, dict[str, str]]] = field(default_factory=dict)
    """Which passes each hub recorded: hub -> region -> time of the pass -> release of the probe."""
    rules: dict[str, list[str]] = field(default_factory=dict)
    """Which rules brought the calls that CloudTrail was made to tell of."""
    not_upgraded: str = ""
    """Why the story began with this commit; empty when it began with the earlier one."""
    lost_by_upgrade: list[str] = field(default_factory=list)
    """Items of watchlists, history and incidents that were there before the upgrade and differ or are gone after it."""
    kept_by_upgrade: dict[str, int] = field(default_factory=dict)
    """How many items there were to lose, by kind."""
    logs: dict[str, list[str]] = field(default_factory=dict)
    """The events of all incidents at the end, by hub."""
    status: dict[str, Any] = field(default_factory=dict)
    """What `nswatch status --json` printed, by when."""
    reports: dict[str, list[str]] = field(default_factory=dict)
    """Which regions and hubs reported of themselves, and whose canary was found, by the hub that was told."""
    pings: list[float] = field(default_factory=list)
    """When the dead-man service was asked, in seconds since the epoch."""
    chains: dict[str, list[str]] = field(default_factory=dict)
    """What the collectors found each domain's DNSSEC chain to be, by "hub collector domain" """
    dead_letters: dict[str, list[str]] = field(default_factory=dict)
    """The messages that functions gave up, but for those that were laid there: by "function in region"."""
    written: dict[str, dict[str, str]] = field(default_factory=dict)
    """The errors that writing to partitions met, by whose rights were used; empty where it was allowed."""
    denied: list[str] = field(default_factory=list)
    """Lines of the functions' logs that tell of a missing permission."""
    left: list[str] = field(default_factory=list)
    """Stacks that are there after `nswatch destroy`."""
    tables: dict[str, int] = field(default_factory=dict)
    """Tables that are there after it, by region, and how many items they hold."""
    errors: list[str] = field(default_factory=list)
