"""What a hub owes and when: the index of timers, the outbox, and events that come from elsewhere."""

import json
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from functools import partial
from typing import Any

from nswatch.errors import Conflict
from nswatch.model import Severity
from nswatch.moments import iso, parse_iso
from nswatch.record import keys
from nswatch.record.codec import canonical_json, readable
from nswatch.record.dynamodb import Item, update_in
from nswatch.record.log import Event
from nswatch.record.port import Due, DueKind, Leave, OutboxItem, OutboxStatus, Sending
from nswatch.record.probe_store import DynamoProbeStore

_NOT_CLAIMED = "(attribute_not_exists(claimed_until) OR claimed_until <= :now)"
_DUE_KINDS = {"head": DueKind.GROUP, "expectation": DueKind.EXPECTATION}


class DynamoTimerStore(DynamoProbeStore):
    """One hub's timers, messages and events from elsewhere, beside what its probes write."""

    # Timers

    def due(self, now: datetime, limit: int = 200) -> Iterator[Due]:
        """Yield the timers that have run out by ``now``, at most ``limit`` of each index partition."""
        for bucket in range(keys.DUE_BUCKETS):
            values = {":bucket": f"due#{bucket}", ":now": iso(now)}
            condition = "due_bucket = :bucket AND due_at <= :now"
            for item in self.table.query_index("due", condition, values, limit):
                yield _due_from_item(item)

    def next_due(self, after: datetime) -> datetime | None:
        """Return the first timer later than ``after``."""
        found = []
        for bucket in range(keys.DUE_BUCKETS):
            values = {":bucket": f"due#{bucket}", ":after": iso(after)}
            condition = "due_bucket = :bucket AND due_at > :after"
            found += [_due_from_item(item).at for item in self.table.query_index("due", condition, values, 1)]
        return min(found, default=None)

    def touch(self, group: str, at: datetime) -> None:
        """Have the comparator look at a group at ``at``, whatever its next timer was."""
        self._set_due(group, "head", at)

    def touch_many(self, groups: Sequence[str], at: datetime) -> None:
        """Have the comparator look at many groups at ``at``: a hundred a call, singly where one of them moves."""
        for start in range(0, len(groups), 100):
            some = groups[start : start + 100]
            try:
                self.table.transact([_touch_in(group, at) for group in some])
            except Conflict:
                for group in some:
                    self.touch(group, at)

    def schedule_expectation(self, domain: str, at: datetime | None) -> None:
        """Set (or clear) when a domain's planned changes next begin, end or are about to end."""
        if at is None:
            self._clear_due(domain, "expectation")
        else:
            self._set_due(domain, "expectation", at)

    def forget_due(self, group: str, sort_key: str) -> None:
        """Take an item out of the index of timers."""
        self._clear_due(group, sort_key)

    # Messages

    def outbox(self, group: str, status: OutboxStatus | None = None) -> list[OutboxItem]:
        """Return a group's messages, sent or not."""
        items = self.table.query(keys.group_pk(group), "outbox#")
        messages = readable((item for item in items if "body" in item), partial(_message_from_item, group))
        return [message for message in messages if status is None or message.status is status]

    def message(self, group: str, sort_key: str) -> OutboxItem | None:
        """Return one message by its sort key, or None where only its sending is known here."""
        item = self.table.get(keys.group_pk(group), sort_key)
        return _message_from_item(group, item) if item is not None and "body" in item else None

    def claim(self, message: OutboxItem, now: datetime, until: datetime) -> bool:
        """Take a pending message for sending until ``until``; False when somebody else has it, or it is sent."""
        values = {
            ":until": iso(until),
            ":was": iso(message.send_at),
            ":pending": OutboxStatus.PENDING,
            ":now": iso(now),
        }
        condition = f"due_at = :was AND #status = :pending AND {_NOT_CLAIMED}"
        return self._take(message, "SET due_at = :until, claimed_until = :until", values, condition)

    def claim_from(self, message: OutboxItem, now: datetime, until: datetime) -> Leave:
        """Keep this hub from sending a message until ``until``, for another one that is about to: whether it may.

        The message need not be here yet. Refused when this hub is sending it, or knows it as sent.
        """
        values = {":until": iso(until), ":pending": OutboxStatus.PENDING, ":now": iso(now)}
        condition = f"(attribute_not_exists(#status) OR #status = :pending) AND {_NOT_CLAIMED}"
        return self._asked(message, "SET claimed_until = :until", values, condition)

    def announce(self, message: OutboxItem, now: datetime) -> Leave:
        """Note that another hub sends a message late; refused when this hub knows it as sent.

        It is no claim: of two hubs that both waited for the other's claim to end, none might ever send.
        """
        values = {":now": iso(now), ":pending": OutboxStatus.PENDING}
        condition = "attribute_not_exists(#status) OR #status = :pending"
        return self._asked(message, "SET announced_at = :now", values, condition)

    def put_back(self, message: OutboxItem, due_at: datetime, tried_at: datetime | None = None) -> None:
        """Let go of a message that was not sent, as far as is known: any hub may send it, this one from ``due_at``.

        ``tried_at`` is when it may have been sent all the same; the first such moment is kept.
        """
        values = {":at": iso(due_at), ":pending": OutboxStatus.PENDING}
        tried = ""
        if tried_at is not None:
            tried = ", tried_at = if_not_exists(tried_at, :tried)"
            values[":tried"] = iso(tried_at)
        self._take(message, f"SET due_at = :at{tried} REMOVE claimed_until", values, "#status = :pending")

    def _take(self, message: OutboxItem, expression: str, values: Mapping[str, Any], condition: str) -> bool:
        return self._asked(message, expression, values, condition).granted

    def _asked(self, message: OutboxItem, expression: str, values: Mapping[str, Any], condition: str) -> Leave:
        sort_key = keys.outbox_sk(message.episode, message.id)
        try:
            self.table.update(
                keys.group_pk(message.group), sort_key, expression, values, condition, {"#status": "status"}
            )
        except Conflict as conflict:
            return Leave(False, _sending_of(conflict.stands or {}))
        return Leave(True)

    def mark_sent(
        self, message: OutboxItem, sns_id: str, by: str, at: datetime, tell_at: datetime | None = None
    ) -> None:
        """Record that a message was sent, by whichever hub: known here before the message itself, if need be.

        Where the other hub is still to be told, ``tell_at`` is when that is done if it is not done before.
        """
        expression = "SET #status = :sent, sns_id = :id, sent_by = :by, sent_at = :at"
        values: dict[str, Any] = {":sent": OutboxStatus.SENT, ":id": sns_id, ":by": by, ":at": iso(at)}
        if message.part_of:
            expression += ", part_of = :part"
            values[":part"] = message.part_of
        if tell_at is None:
            expression += " REMOVE due_bucket, due_at, claimed_until"
        else:
            expression += ", due_bucket = :bucket, due_at = :tell REMOVE claimed_until"
            values |= {":bucket": keys.due_bucket(message.group), ":tell": iso(tell_at)}
        sort_key = keys.outbox_sk(message.episode, message.id)
        self.table.update(keys.group_pk(message.group), sort_key, expression, values, names={"#status": "status"})

    def tell_later(self, message: OutboxItem, at: datetime) -> None:
        """Remember that the other hub does not know yet that ``message`` was sent: it is due again at ``at``."""
        self._set_due(message.group, keys.outbox_sk(message.episode, message.id), at)

    # Events from elsewhere

    def receive(self, event: Event, now: datetime) -> None:
        """Take an event from elsewhere (another hub, or a person) into the log, and have the comparator look.

        Of one event with two moments the earlier one stays, of two with one moment the same one in each hub: so that
        the hubs' logs agree.
        """
        item = event_to_item(event) | {
            "foreign": True,
            "due_bucket": keys.due_bucket(event.group),
            "due_at": iso(now),
        }
        try:
            self.table.put(
                item,
                "attribute_not_exists(pk) OR #at > :moment OR (#at = :moment AND #data > :data)",
                {":moment": item["at"], ":data": item["data"]},
                {"#at": "at", "#data": "data"},
            )
        except Conflict:
            return  # the log holds it already

    def due_event(self, group: str, sort_key: str) -> tuple[Event, bool] | None:
        """Return the event of a timer, and whether it came from elsewhere."""
        item = self.table.get(keys.group_pk(group), sort_key)
        return None if item is None else (event_from_item(group, item), bool(item.get("foreign")))

    def copy_later(self, event: Event, at: datetime) -> None:
        """Remember that the other hub does not hold ``event`` yet: it is due again at ``at``."""
        self._set_due(event.group, keys.event_sk(event.episode, event.id), at)

    def _set_due(self, group: str, sort_key: str, at: datetime) -> None:
        try:
            self.table.update(
                keys.group_pk(group),
                sort_key,
                "SET due_bucket = :bucket, due_at = :at",
                {":bucket": keys.due_bucket(group), ":at": iso(at)},
                "attribute_exists(pk)",
            )
        except Conflict:
            return  # the item is gone, and its timer with it

    def _clear_due(self, group: str, sort_key: str) -> None:
        try:
            self.table.update(keys.group_pk(group), sort_key, "REMOVE due_bucket, due_at", {}, "attribute_exists(pk)")
        except Conflict:
            return


def _sending_of(item: Mapping[str, Any]) -> Sending | None:
    """Return how a message was sent, where an item shows it as sent."""
    if item.get("status") != OutboxStatus.SENT:
        return None
    return Sending(item["sns_id"], item["sent_by"], parse_iso(item["sent_at"]))


def _touch_in(group: str, at: datetime) -> dict[str, Any]:
    values = {":bucket": keys.due_bucket(group), ":at": iso(at)}
    expression = "SET due_bucket = :bucket, due_at = :at"
    return update_in(keys.group_pk(group), "head", expression, values, condition="attribute_exists(pk)")


def event_to_item(event: Event) -> Item:
    """Return the item of an event of a group's log."""
    return {
        "pk": keys.group_pk(event.group),
        "sk": keys.event_sk(event.episode, event.id),
        "type": event.type,
        "at": iso(event.at),
        "data": canonical_json(event.data),
    }


def event_from_item(group: str, item: Item) -> Event:
    """Return the event of a group that an item of its log holds."""
    _, episode, event_id = item["sk"].split("#", 2)
    data: Mapping[str, Any] = json.loads(item["data"])
    return Event(group, int(episode), event_id, item["type"], parse_iso(item["at"]), data)


def enqueue_in(message: OutboxItem) -> dict[str, Any]:
    """Put a message unless it is there; where another hub's sending was recorded first, that stands."""
    values = {
        ":pending": OutboxStatus.PENDING,
        ":channel": message.channel,
        ":subject": message.subject,
        ":body": message.body,
        ":bucket": keys.due_bucket(message.group),
        ":at": iso(message.send_at),
    }
    expression = (
        "SET #status = if_not_exists(#status, :pending), channel = :channel, subject = :subject, "
        "body = if_not_exists(body, :body), due_bucket = :bucket, due_at = if_not_exists(due_at, :at)"
    )
    if message.common:
        expression += ", common = :common"
        values[":common"] = canonical_json(message.common)
    sort_key = keys.outbox_sk(message.episode, message.id)
    return update_in(keys.group_pk(message.group), sort_key, expression, values, {"#status": "status"})


def _message_from_item(group: str, item: Item) -> OutboxItem:
    _, episode, message_id = item["sk"].split("#", 2)
    return OutboxItem(
        group=group,
        episode=int(episode),
        id=message_id,
        channel=Severity(item["channel"]),
        subject=item["subject"],
        body=item["body"],
        send_at=parse_iso(item["due_at"]) if "due_at" in item else parse_iso(item["sent_at"]),
        status=OutboxStatus(item["status"]),
        sns_id=item.get("sns_id", ""),
        sent_by=item.get("sent_by", ""),
        sent_at=parse_iso(item["sent_at"]) if "sent_at" in item else None,
        common=tuple(json.loads(item.get("common", "[]"))),
        part_of=item.get("part_of", ""),
        tried_at=parse_iso(item["tried_at"]) if "tried_at" in item else None,
    )


def _due_from_item(item: Item) -> Due:
    kind = _DUE_KINDS.get(item["sk"]) or DueKind(item["sk"].partition("#")[0])
    return Due(kind, item["pk"].removeprefix("group#"), parse_iso(item["due_at"]), item["sk"])
