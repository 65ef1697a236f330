"""What the function does that hears CloudTrail: keep each call in both hubs, and make itself heard.

Its own call comes back as an event, as anybody's does. As long as it does, a change that does not come was not made.
"""

import logging
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from nswatch.errors import InvalidEvent, StoreUnavailable
from nswatch.model import Clock
from nswatch.record.trail_store import DynamoTrail, TrailReport
from nswatch.trail import Call, Unreadable, read_call

logger = logging.getLogger(__name__)


class Trailing:
    """``call`` asks Route 53 something harmless, of which CloudTrail then tells; it raises nothing.

    ``letters`` gives how many calls were given up, in the queue of this ``region``; None when that cannot be told.
    """

    def __init__(
        self,
        region: str,
        hubs: Sequence[DynamoTrail],
        call: Callable[[], None],
        letters: Callable[[], int | None],
        clock: Clock,
    ) -> None:
        self._region = region
        self._hubs = hubs
        self._call = call
        self._letters = letters
        self._clock = clock

    def schedule(self) -> None:
        """Make a call that CloudTrail tells of, and report to each hub; one that fails hears the next time."""
        self._call()
        report = TrailReport(self._region, self._clock(), self._letters())
        for hub in self._hubs:
            try:
                hub.write_report(report)
            except StoreUnavailable as error:
                logger.warning("%s takes no report: %s", hub.hub, error)

    def on_event(self, detail: Mapping[str, Any]) -> None:
        """Keep a call in each hub, and note that it came; the same one may come again.

        What a hub misses the other one keeps for it, and hands over with the next event: a hub that hears CloudTrail
        without it would deny that anybody made the change. Raises InvalidEvent for a document that is no call, and
        StoreUnavailable where no hub took it, or none keeps it for the one that did not: Lambda brings it again, twice.
        """
        call = read_call(detail)
        if isinstance(call, Unreadable):
            raise InvalidEvent(call.reason)
        failed: dict[str, StoreUnavailable] = {}
        for hub in self._hubs:
            try:
                if not call.reads:
                    hub.keep(call)
                hub.hear(call.service, call.at)
            except StoreUnavailable as error:
                failed[hub.hub] = error
        reached = [hub for hub in self._hubs if hub.hub not in failed]
        for name, reason in failed.items():
            logger.warning("%s did not take %s: %s", name, call.id, reason)
        kept = [hub for hub in reached if self._keep_for(hub, failed, call, reached)]
        if not call.reads:
            logger.info("%s (%s): about %s", call.name, call.id, ", ".join(call.subjects) or "no domain or zone")
        if failed and not kept:
            reasons = "; ".join(f"{name}: {error}" for name, error in failed.items())
            raise StoreUnavailable(f"{call.id} was not taken by every hub, and none keeps it for the other: {reasons}")

    def _keep_for(self, hub: DynamoTrail, missing: Iterable[str], call: Call, reached: Sequence[DynamoTrail]) -> bool:
        """Have a hub keep a call for those that miss it, and hand over what it kept before; False where it cannot."""
        try:
            for name in missing if not call.reads else ():
                hub.owe(name, call)
            _hand_over(hub, [other for other in reached if other is not hub])
        except StoreUnavailable as error:
            logger.warning("%s keeps nothing, or hands nothing over; the next event does it: %s", hub.hub, error)
            return False
        return True


def _hand_over(hub: DynamoTrail, others: Sequence[DynamoTrail]) -> None:
    for other in others:
        for call in hub.owed(other.hub):
            other.keep(call)
            hub.paid(other.hub, call)
