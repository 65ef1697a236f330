"""The outbox: a message is owed until some hub shows it as sent (decision 13).

The primary hub sends at once. The standby sends what its own outbox does not show as sent within `STANDBY_WAITS`, once
it has kept the primary from sending it at the same time: by one conditional write, which says no where the primary
shows it as sent or is about to. A primary that sends later than at once, or was lost until just now, writes to the
standby first, which says no where it has sent. Where the other hub takes no write, one sends all the same. Nobody reads
across regions; who sends tells the other hub's outbox so.

What is sent and cannot be noted (SNS's answer is lost, the worker dies) is sent again, for nobody can know: at least
once, never zero. The other hub gets its turn first, so that one topic whose answers are lost makes one page too many.
"""

import logging
import math
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Protocol

from nswatch.errors import DeliveryFailed, NswatchError, StoreUnavailable
from nswatch.judge.vantage import SILENT_AFTER
from nswatch.model import Clock, Severity
from nswatch.record.hub_store import DynamoHubStore
from nswatch.record.keys import outbox_sk
from nswatch.record.port import OutboxItem, OutboxStatus
from nswatch.respond import common, events
from nswatch.respond.groups import is_of_hub
from nswatch.respond.watch import Subscriptions

STANDBY_WAITS = timedelta(seconds=45)
TELL_AGAIN_AFTER, TELL_AGAIN_AT_LEAST = timedelta(minutes=1), timedelta(hours=1)
"""How soon, and at least how often, what another hub has not taken is offered to it again: at once when it is back."""
CLAIM = timedelta(seconds=30)
"""How long one invocation may take to send; then the message is owed again."""
STEP_BACK = STANDBY_WAITS + timedelta(seconds=65)
"""A hub that does not know whether it has sent waits for so long: the standby's next round comes before."""

logger = logging.getLogger(__name__)


def again_after(since: datetime, now: datetime) -> timedelta:
    """Return how long to wait before what another hub takes not, since when it should have, is offered to it again."""
    return min(max((now - since) / 4, TELL_AGAIN_AFTER), TELL_AGAIN_AT_LEAST)


class Topics(Protocol):
    """The page and the notice topic of this hub."""

    def publish(self, channel: Severity, subject: str, body: str, attributes: Mapping[str, str]) -> str:
        """Publish, and return the topic's message id. Raises DeliveryFailed."""
        ...

    def subscriptions(self, channel: Severity) -> Subscriptions | None:
        """Return who is subscribed to the topic of a channel; None where there is no such topic.

        Raises DeliveryFailed when it cannot be asked.
        """
        ...


class AlarmClock(Protocol):
    """Wakes this hub when a message that it owes falls due, which may be just after a round."""

    def wake(self, group: str, sort_key: str, delay: int) -> None:
        """Have `Outbox.deliver` called in ``delay`` seconds (at most 900). Raises NswatchError."""
        ...


class Outbox:
    """One hub's sender. ``rank`` is the hub's place in the list of hubs: 0 is the primary.

    Without an ``alarm`` what is not sent at once waits for the round after its time. ``as_part`` makes the notice of a
    page that tells of what another domain was paged for.
    """

    def __init__(
        self,
        home: DynamoHubStore,
        others: Sequence[DynamoHubStore],
        topics: Topics,
        rank: int,
        clock: Clock,
        alarm: AlarmClock | None = None,
        as_part: common.AsPart = common.as_part,
    ) -> None:
        self._home = home
        self._others = others
        self._topics = topics
        self._rank = rank
        self._clock = clock
        self._alarm = alarm
        self._as_part = as_part

    def send_at(self, group: str, now: datetime) -> datetime:
        """Return when this hub sends a message that it owes since ``now``: at once what the other does not hold."""
        return now if is_of_hub(group) else now + self._rank * STANDBY_WAITS

    def begin(self, message: OutboxItem) -> None:
        """Send a message that is owed from this moment on, or see to it that it is sent at its time."""
        if self._alarm is None or message.send_at <= self._clock():
            self.deliver(message.group, outbox_sk(message.episode, message.id), at_once=True)
        else:
            self._wake(message, message.send_at)

    def _wake(self, message: OutboxItem, at: datetime) -> None:
        """Have a message delivered at its time; without an alarm clock the round after that does."""
        if self._alarm is None:
            return
        sort_key = outbox_sk(message.episode, message.id)
        wait = max(1, math.ceil((at - self._clock()).total_seconds()))
        try:
            self._alarm.wake(message.group, sort_key, wait)
        except NswatchError as error:
            logger.warning("%s: %s waits for the round after its time: %s", message.group, message.id, error)

    def deliver(self, group: str, sort_key: str, *, at_once: bool = False) -> None:
        """Send one message of the outbox if it is still owed and its time has come.

        ``at_once`` says that it was owed this very moment, so that no other hub can have sent it in place of this one.
        """
        message = self._home.message(group, sort_key)
        now = self._clock()
        if message is None or message.status is OutboxStatus.SENT:
            if message is None or message.sent_by != self._home.hub or self._tell_others(message, now):
                self._home.forget_due(group, sort_key)
            return
        if message.send_at > now or not self._home.claim(message, now, now + CLAIM):
            return
        if not self._still_ours(message, now, at_once=at_once):
            return
        place = self._place_of(message, now)
        if place.until is not None:
            self._home.put_back(message, place.until)
            self._wake(message, place.until)
            return
        message = self._as_part(message, place.part_of) if place.part_of else message
        try:
            attributes = {"kind": message.kind, "about": group}
            sns_id = self._topics.publish(message.channel, message.subject, message.body, attributes)
        except DeliveryFailed as failure:
            logger.exception("%s: %s is not known to have gone out; it stays owed", group, message.id)
            if failure.perhaps_sent:
                self._home.put_back(message, self._clock() + STEP_BACK, now)
            else:
                self._home.put_back(message, now)
            return
        logger.info("%s: %s sent to the %s topic as %s", group, message.id, message.channel, sns_id)
        self._note_as_sent(message, sns_id, now)

    def _note_as_sent(self, message: OutboxItem, sns_id: str, now: datetime) -> None:
        """Have both hubs know that this one sent a message."""
        tells = self._others and not is_of_hub(message.group)
        self._home.mark_sent(message, sns_id, self._home.hub, now, now + TELL_AGAIN_AFTER if tells else None)
        self._note_as_told(message, now)
        self._record_part(message, now)
        if tells and self._tell_others(replace(message, sns_id=sns_id, sent_at=now), now):
            self._home.forget_due(message.group, outbox_sk(message.episode, message.id))

    def _came_through(self, message: OutboxItem) -> bool:
        """Whether people acknowledged an incident after this hub had perhaps sent a message of it: then it came."""
        if message.tried_at is None:
            return False
        return any(
            event.type == events.EventType.ACKNOWLEDGED and event.at >= message.tried_at
            for event in self._home.events(message.group, message.episode)
            if event.episode == message.episode
        )

    def _still_ours(self, message: OutboxItem, now: datetime, *, at_once: bool) -> bool:
        """Whether this hub, which has claimed a message, is the one to send it, and anybody still is."""
        group = message.group
        if self._came_through(message):
            logger.info("%s: %s is owed no more: somebody has acknowledged what it tells", group, message.id)
            self._note_as_sent(message, "", now)
            return False
        if self._reaches_nobody(message):
            logger.warning("%s: %s stays owed: nobody is subscribed to the page topic", group, message.id)
            self._home.put_back(message, now)
            return False
        if not self._may_send(message, now, at_once=at_once and not self._was_away(message, now)):
            logger.info("%s: %s is being sent by the other hub, or was", group, message.id)
            return False
        return True

    def _reaches_nobody(self, message: OutboxItem) -> bool:
        """Whether a page would wake nobody from here: then it is the other hub's to send, or waits for a subscriber.

        SNS takes it all the same, and it would count as sent. Only where the hub's report of some minutes ago says so
        SNS is asked again; where that is not answered, the page is sent.
        """
        if message.channel is not Severity.PAGE or is_of_hub(message.group):
            return False
        report = self._home.hub_reports((self._home.hub,)).get(self._home.hub)
        topic = None if report is None else report.topics.get(Severity.PAGE)
        if topic is None or topic.confirmed > 0:
            return False
        try:
            found = self._topics.subscriptions(Severity.PAGE)
        except DeliveryFailed as error:
            logger.warning("%s: %s", message.group, error)
            return False
        return found is not None and found.confirmed == 0

    def _may_send(self, message: OutboxItem, now: datetime, *, at_once: bool) -> bool:
        """Keep the hubs before this one from sending a message; False when one of them does, or any of them did."""
        if is_of_hub(message.group):
            return True
        may, sent = True, None
        for place, other in enumerate(self._others):
            before = place < self._rank
            if at_once and not before:
                break
            try:
                leave = other.claim_from(message, now, now + CLAIM) if before else other.announce(message, now)
                may, sent = may and leave.granted, leave.sent or sent
            except StoreUnavailable as error:
                logger.warning("%s does not say whether it sent %s: %s", other.hub, message.id, error)
        if sent is not None:
            # It said so before, once: that may have been lost with an earlier table of ours.
            self._home.mark_sent(message, sent.sns_id, sent.by, sent.at)
        return may

    def _was_away(self, message: OutboxItem, now: datetime) -> bool:
        """Whether this hub was lost until just now: what is new to it the other one may have sent meanwhile."""
        if is_of_hub(message.group) or (ran := self._home.last_run()) is None:
            return False
        last, without_gap_since = ran
        return now - last >= SILENT_AFTER or now - without_gap_since < SILENT_AFTER

    def _place_of(self, message: OutboxItem, now: datetime) -> common.Place:
        """Return what a page is beside those of other domains; where that cannot be told, a page of its own."""
        try:
            return common.place_of(self._home, message, now) if message.common else common.LEADS
        except StoreUnavailable as error:
            logger.warning("%s: %s goes out by itself: %s", message.group, message.id, error)
            return common.LEADS

    def _note_as_told(self, message: OutboxItem, now: datetime) -> None:
        try:
            common.told(message, [self._home], now)
        except StoreUnavailable as error:
            logger.warning("%s: others that this change hits will page by themselves: %s", message.group, error)

    def _record_part(self, message: OutboxItem, now: datetime) -> None:
        """Have both logs say that a page told that it is part of another incident: people are shown it, no more."""
        if not message.part_of or message.kind != "page":
            return
        event = events.part(message.group, message.episode, message.id, message.part_of, now)
        for store in (self._home, *self._others):
            try:
                store.receive(event, now)
            except StoreUnavailable as error:
                logger.warning("%s does not know that %s is part of another: %s", store.hub, message.id, error)

    def _tell_others(self, message: OutboxItem, now: datetime) -> bool:
        """Have the other hub know that this one sent a message, now or later; return whether it does."""
        told = True
        for other in () if is_of_hub(message.group) else self._others:
            try:
                other.mark_sent(message, message.sns_id, self._home.hub, message.sent_at or now)
                common.told(message, [other], message.sent_at or now)
            except StoreUnavailable as error:
                logger.warning("%s does not know yet that %s was sent: %s", other.hub, message.id, error)
                self._home.tell_later(message, now + again_after(message.sent_at or now, now))
                told = False
        return told
