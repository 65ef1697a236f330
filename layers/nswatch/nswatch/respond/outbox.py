"""The outbox: a message is owed until some hub shows it as sent (decision 13).

The primary hub sends at once. The standby sends what its own outbox does not show as sent within `STANDBY_WAITS`.
Nobody reads across regions; who sends tells the other hub's outbox so, and where that fails the worst is one message
twice: at least once, never zero.
"""

import logging
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Protocol

from nswatch.errors import DeliveryFailed, StoreUnavailable
from nswatch.model import Clock, Severity
from nswatch.record.hub_store import DynamoHubStore
from nswatch.record.port import OutboxItem, OutboxStatus

STANDBY_WAITS = timedelta(seconds=45)
TELL_AGAIN_AFTER = timedelta(minutes=1)
CLAIM = timedelta(seconds=30)
"""How long one invocation may take to send; then the message is owed again."""

logger = logging.getLogger(__name__)


class Topics(Protocol):
    """The page and the notice topic of this hub."""

    def publish(self, channel: Severity, subject: str, body: str, attributes: Mapping[str, str]) -> str:
        """Publish, and return the topic's message id. Raises DeliveryFailed."""
        ...


class Outbox:
    """One hub's sender. ``rank`` is the hub's place in the list of hubs: 0 is the primary."""

    def __init__(
        self, home: DynamoHubStore, others: Sequence[DynamoHubStore], topics: Topics, rank: int, clock: Clock
    ) -> None:
        self._home = home
        self._others = others
        self._topics = topics
        self._rank = rank
        self._clock = clock

    def send_at(self, now: datetime) -> datetime:
        """Return when this hub sends a message that it owes since ``now``."""
        return now + self._rank * STANDBY_WAITS

    def deliver(self, group: str, sort_key: str) -> None:
        """Send one message of the outbox if it is still owed and its time has come."""
        message = self._home.message(group, sort_key)
        now = self._clock()
        if message is None or message.status is OutboxStatus.SENT:
            if message is None or message.sent_by != self._home.hub or self._tell_others(message, now):
                self._home.forget_due(group, sort_key)
            return
        if message.send_at > now or not self._home.claim(message, now + CLAIM):
            return
        try:
            attributes = {"kind": message.kind, "about": group}
            sns_id = self._topics.publish(message.channel, message.subject, message.body, attributes)
        except DeliveryFailed:
            logger.exception("%s: %s did not go out; it stays owed", group, message.id)
            return
        logger.info("%s: %s sent to the %s topic as %s", group, message.id, message.channel, sns_id)
        self._home.mark_sent(message, sns_id, self._home.hub, now)
        self._tell_others(replace(message, sns_id=sns_id, sent_at=now), now)

    def _tell_others(self, message: OutboxItem, now: datetime) -> bool:
        """Have the other hub know that this one sent a message, now or later; return whether it does."""
        told = True
        for other in self._others:
            try:
                other.mark_sent(message, message.sns_id, self._home.hub, message.sent_at or now)
            except StoreUnavailable as error:
                logger.warning("%s does not know yet that %s was sent: %s", other.hub, message.id, error)
                self._home.tell_later(message, now + TELL_AGAIN_AFTER)
                told = False
        return told
