"""Who sees a replay as it happens, and what is kept of what it sent."""

from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from nswatch_cli.replay.cloud import Delivery
from nswatch_cli.replay.schema import Step
from nswatch_cli.replay.verdict import StepReport


class Observer(Protocol):
    """Sees a replay as it happens: the live view of the demo."""

    def step(self, step: Step, at: datetime) -> None:
        """See that a step's changes are in place."""

    def passed(self, region: str, at: datetime) -> None:
        """See that a region made a pass."""

    def delivered(self, delivery: Delivery, at: datetime) -> None:
        """See that a topic delivered a message."""

    def looked(self, report: StepReport, at: datetime) -> None:
        """See how a step was judged."""


@dataclass(frozen=True, slots=True)
class Arrival:
    """A delivery and its virtual moment."""

    at: datetime
    delivery: Delivery


class Silent:
    """An `Observer` that shows nothing."""

    def step(self, step: Step, at: datetime) -> None:
        """See `Observer`."""

    def passed(self, region: str, at: datetime) -> None:
        """See `Observer`."""

    def delivered(self, delivery: Delivery, at: datetime) -> None:
        """See `Observer`."""

    def looked(self, report: StepReport, at: datetime) -> None:
        """See `Observer`."""
