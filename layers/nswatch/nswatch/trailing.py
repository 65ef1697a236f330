"""What the function does that hears CloudTrail: keep each call in both hubs, and make itself heard.

Its own call comes back as an event, as anybody's does. As long as it does, a change that does not come was not made.
"""

import logging
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from nswatch.errors import InvalidEvent, StoreUnavailable
from nswatch.record.trail_store import DynamoTrail
from nswatch.trail import Unreadable, read_call

logger = logging.getLogger(__name__)


class Trailing:
    """``call`` asks Route 53 something harmless, of which CloudTrail then tells; it raises nothing."""

    def __init__(self, hubs: Sequence[DynamoTrail], call: Callable[[], None]) -> None:
        self._hubs = hubs
        self._call = call

    def schedule(self) -> None:
        """Make a call that CloudTrail tells of."""
        self._call()

    def on_event(self, detail: Mapping[str, Any]) -> None:
        """Keep a call in each hub, and note that it came; the same one may come again.

        Raises InvalidEvent for a document that is no call, and StoreUnavailable behind the hubs that took it where one
        did not: Lambda brings it again.
        """
        call = read_call(detail)
        if isinstance(call, Unreadable):
            raise InvalidEvent(call.reason)
        failed = []
        for hub in self._hubs:
            try:
                if not call.reads:
                    hub.keep(call)
                hub.hear(call.at)
            except StoreUnavailable as error:
                failed.append(f"{hub.hub}: {error}")
        if not call.reads:
            logger.info("%s (%s): about %s", call.name, call.id, ", ".join(call.subjects) or "no domain or zone")
        if failed:
            raise StoreUnavailable(f"{call.id} was not taken by every hub: {'; '.join(failed)}")
