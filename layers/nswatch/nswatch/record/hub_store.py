"""What the comparator, `apply` and the command line read and write in one hub."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from nswatch.errors import Conflict
from nswatch.model import Severity, View
from nswatch.moments import iso, parse_iso
from nswatch.record import keys
from nswatch.record.codec import canonical_json, view_from_item
from nswatch.record.dynamodb import Item, delete_in, put_in, update_in
from nswatch.record.log import Event
from nswatch.record.port import (
    Commit,
    Due,
    DueKind,
    Expectation,
    Head,
    OpenFinding,
    OpenIncident,
    OutboxItem,
    OutboxStatus,
    RoundBriefing,
    Seen,
)
from nswatch.record.probe_store import DynamoProbeStore, fingerprint_from_item, watchlist_head_from_item

LATE_VIEWS_COUNT_FOR = timedelta(minutes=10)
"""How long a view that came too late to stand is still evidence."""

_DUE_KINDS = {"head": DueKind.GROUP, "expectation": DueKind.EXPECTATION}


class DynamoHubStore(DynamoProbeStore):
    """One hub's record with everything in it."""

    def expectation(self, domain: str) -> Expectation | None:
        """Return one domain's entry, or None when it is not watched (any more)."""
        item = self.table.get(keys.group_pk(domain), "expectation")
        if item is None:
            return None
        return Expectation(
            domain=domain,
            version=int(item["version"]),
            shard=int(item["shard"]),
            entry=json.loads(item["entry"]),
            due_at=parse_iso(item["due_at"]) if "due_at" in item else None,
        )

    def seen(self, domain: str, shard: int, regions: Sequence[str], now: datetime) -> Seen:
        """Return every region's views of a domain; each is known to stand until the region's newest pass over it."""
        views: list[View] = []
        current = ("watchlist", "current")
        beats = {region: (keys.probe_pk(region), keys.shard_sk(shard)) for region in regions}
        newest = self.table.get_many([current, *beats.values()])
        heartbeats = {
            region: fingerprint_from_item(region, newest[key]).heartbeat
            for region, key in beats.items()
            if key in newest
        }
        versions = [heartbeat.watchlist_version for heartbeat in heartbeats.values()]
        for region in regions:
            heartbeat = heartbeats.get(region)
            alive = heartbeat is not None and domain not in heartbeat.incomplete
            for item in self.table.query(keys.probe_pk(region, domain), "latest#"):
                view = view_from_item(region, item)
                if "#late#" in item["sk"]:
                    if now - view.last_seen < LATE_VIEWS_COUNT_FOR:
                        views.append(view)
                elif heartbeat is not None and alive:
                    views.append(replace(view, last_seen=max(view.last_seen, heartbeat.pass_time)))
                else:
                    views.append(view)
        held = int(newest[current]["version"]) if current in newest else 0
        return Seen(tuple(views), held, max(versions, default=0))

    def head(self, group: str) -> Head:
        """Return the state that the group's decisions are serialised on; a new one where there is none."""
        item = self.table.get(keys.group_pk(group), "head")
        return Head() if item is None else _head_from_item(item)

    def events(self, group: str, since_episode: int = 0) -> list[Event]:
        """Return the events of a group's episodes from ``since_episode`` on."""
        items = self.table.query(keys.group_pk(group), keys.event_sk(since_episode, ""), onwards=True)
        return [_event_from_item(group, item) for item in items]

    def heartbeats(self, regions: Sequence[str], shards: int) -> dict[str, dict[int, datetime]]:
        """Return each region's newest pass over each shard that it has reported."""
        wanted = _heartbeat_keys(regions, shards)
        found: dict[tuple[str, str], Item] = {}
        for start in range(0, len(wanted), 100):
            found |= self.table.get_many(wanted[start : start + 100])
        return _heartbeats(regions, found)

    def outbox(self, group: str, status: OutboxStatus | None = None) -> list[OutboxItem]:
        """Return a group's messages, sent or not."""
        items = self.table.query(keys.group_pk(group), "outbox#")
        messages = [_message_from_item(group, item) for item in items if "body" in item]
        return [message for message in messages if status is None or message.status is status]

    def commit(self, group: str, before: Head, commit: Commit) -> None:
        """Write a decision at once, or raise Conflict when ``before`` is no longer the group's head."""
        head = commit.head
        operations = [
            put_in(
                _head_to_item(group, replace(head, counter=before.counter + 1)),
                "attribute_not_exists(pk)" if before.counter == 0 else "#counter = :counter",
                {":counter": before.counter} if before.counter else None,
                {"#counter": "counter"} if before.counter else None,
            )
        ]
        operations += [put_in(_event_to_item(event), "attribute_not_exists(pk)") for event in commit.events]
        operations += [_enqueue(message) for message in commit.messages]
        operations += [put_in(_open_to_item(finding)) for finding in commit.opened]
        operations += [delete_in(keys.group_pk(group), f"finding#{code}#{subject}") for code, subject in commit.closed]
        if commit.follow is not None:
            shard, servers = commit.follow
            operations.append(_follow(group, shard, servers))
        self.table.transact(operations)

    def receive(self, event: Event, now: datetime) -> None:
        """Take an event from elsewhere (another hub, or a person) into the log, and have the comparator look.

        Of one event with two moments the earlier one stays, so that the hubs' logs agree.
        """
        item = _event_to_item(event) | {
            "foreign": True,
            "due_bucket": keys.due_bucket(event.group),
            "due_at": iso(now),
        }
        try:
            self.table.put(item, "attribute_not_exists(pk) OR #at > :moment", {":moment": iso(event.at)}, {"#at": "at"})
        except Conflict:
            return  # the log holds it already

    def due_event(self, group: str, sort_key: str) -> tuple[Event, bool] | None:
        """Return the event of a timer, and whether it came from elsewhere."""
        item = self.table.get(keys.group_pk(group), sort_key)
        return None if item is None else (_event_from_item(group, item), bool(item.get("foreign")))

    def copy_later(self, event: Event, at: datetime) -> None:
        """Remember that the other hub does not hold ``event`` yet: it is due again at ``at``."""
        self._set_due(event.group, keys.event_sk(event.episode, event.id), at)

    def tell_later(self, message: OutboxItem, at: datetime) -> None:
        """Remember that the other hub does not know yet that ``message`` was sent: it is due again at ``at``."""
        self._set_due(message.group, keys.outbox_sk(message.episode, message.id), at)

    def touch(self, group: str, at: datetime) -> None:
        """Have the comparator look at a group at ``at``, whatever its next timer was."""
        self._set_due(group, "head", at)

    def message(self, group: str, sort_key: str) -> OutboxItem | None:
        """Return one message by its sort key, or None where only its sending is known here."""
        item = self.table.get(keys.group_pk(group), sort_key)
        return _message_from_item(group, item) if item is not None and "body" in item else None

    def claim(self, message: OutboxItem, until: datetime) -> bool:
        """Take a pending message for sending until ``until``; False when another invocation has it, or it is sent."""
        try:
            self.table.update(
                keys.group_pk(message.group),
                keys.outbox_sk(message.episode, message.id),
                "SET due_at = :until",
                {":until": iso(until), ":was": iso(message.send_at), ":pending": OutboxStatus.PENDING},
                "due_at = :was AND #status = :pending",
                {"#status": "status"},
            )
        except Conflict:
            return False
        return True

    def mark_sent(self, message: OutboxItem, sns_id: str, by: str, at: datetime) -> None:
        """Record that a message was sent, by whichever hub: known here before the message itself, if need be."""
        self.table.update(
            keys.group_pk(message.group),
            keys.outbox_sk(message.episode, message.id),
            "SET #status = :sent, sns_id = :id, sent_by = :by, sent_at = :at REMOVE due_bucket, due_at",
            {":sent": OutboxStatus.SENT, ":id": sns_id, ":by": by, ":at": iso(at)},
            names={"#status": "status"},
        )

    def forget_due(self, group: str, sort_key: str) -> None:
        """Take an item out of the index of timers."""
        self._clear_due(group, sort_key)

    def schedule_expectation(self, domain: str, at: datetime | None) -> None:
        """Set (or clear) when a domain's planned changes next begin, end or are about to end."""
        if at is None:
            self._clear_due(domain, "expectation")
        else:
            self._set_due(domain, "expectation", at)

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

    def open_findings(self, severity: Severity, limit: int = 1000) -> list[OpenFinding]:
        """Return the open findings of one severity, the oldest first."""
        return [
            OpenFinding(
                group=item["pk"].removeprefix("group#"),
                code=item["code"],
                subject=item["subject"],
                severity=Severity(item["open_severity"]),
                since=parse_iso(item["since"]),
                summary=item["summary"],
            )
            for item in self._open(severity, limit)
            if item["sk"].startswith("finding#")
        ]

    def open_incidents(self, urgency: Severity, limit: int = 1000) -> list[OpenIncident]:
        """Return the incidents of one urgency that are not resolved, the oldest first."""
        heads = [item for item in self._open(urgency, limit) if item["sk"] == "head"]
        return [
            OpenIncident(
                group=item["pk"].removeprefix("group#"),
                episode=head.episode,
                state=head.state,
                urgency=Severity(item["open_severity"]),
                opened_at=parse_iso(item["since"]),
            )
            for item, head in zip(heads, map(_head_from_item, heads), strict=True)
        ]

    def _open(self, severity: Severity, limit: int) -> Iterator[Item]:
        return self.table.query_index("open", "open_severity = :severity", {":severity": severity}, limit)

    def comparator_ran(self, now: datetime, waiting_since: datetime) -> None:
        """Record that the comparator looked at ``now``, and since when it has been looking without a gap."""
        item = {"pk": "hub", "sk": "comparator", "last_run": iso(now), "waiting_since": iso(waiting_since)}
        self.table.put(item)

    def round_briefing(self, group: str, regions: Sequence[str], shards: int) -> RoundBriefing:
        """Return what a comparator's scheduled round begins with, in one call while the shards are few.

        ``group`` is that of the vantage; ``shards`` is a guess at how many there are.
        """
        wanted = [("hub", "comparator"), ("watchlist", "current"), (keys.group_pk(group), "head")]
        beats = _heartbeat_keys(regions, shards)[: 100 - len(wanted)]
        found = self.table.get_many(wanted + beats)
        ran, watchlist, head = (found.get(key) for key in wanted)
        complete = len(beats) == len(regions) * shards and watchlist is not None and int(watchlist["shards"]) == shards
        return RoundBriefing(
            last_run=None if ran is None else parse_iso(ran["last_run"]),
            waiting_since=None if ran is None else parse_iso(ran["waiting_since"]),
            watchlist=None if watchlist is None else watchlist_head_from_item(watchlist),
            head=Head() if head is None else _head_from_item(head),
            heartbeats=_heartbeats(regions, found) if complete else None,
            newest_version=max(
                (fingerprint_from_item("", found[key]).heartbeat.watchlist_version for key in beats if key in found),
                default=0,
            ),
        )

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


def _heartbeat_keys(regions: Sequence[str], shards: int) -> list[tuple[str, str]]:
    return [(keys.probe_pk(region), keys.shard_sk(shard)) for region in regions for shard in range(shards)]


def _heartbeats(regions: Sequence[str], found: Mapping[tuple[str, str], Item]) -> dict[str, dict[int, datetime]]:
    beats: dict[str, dict[int, datetime]] = {region: {} for region in regions}
    for (partition, sort_key), item in found.items():
        if partition.startswith("probe#"):
            shard = int(sort_key.removeprefix("shard#"))
            beats[partition.removeprefix("probe#")][shard] = parse_iso(item["pass_time"])
    return beats


def _head_from_item(item: Item) -> Head:
    state = json.loads(item["head"])
    return Head(
        counter=int(item["counter"]),
        episode=state["episode"],
        state=state["state"],
        urgency=state["urgency"],
        enqueued=frozenset(state["enqueued"]),
        doubts=state["doubts"],
        open_codes=frozenset(state["open_codes"]),
        followed=state["followed"],
        told_windows=frozenset(state["told_windows"]),
        folded=state["folded"],
        opened_at=parse_iso(item["since"]) if "since" in item else None,
        due_at=parse_iso(item["due_at"]) if "due_at" in item else None,
    )


def _head_to_item(group: str, head: Head) -> Item:
    """Return the item of a head: what conditions and indexes need by itself, the rest as one JSON text."""
    state = {
        "episode": head.episode,
        "state": head.state,
        "urgency": head.urgency,
        "enqueued": sorted(head.enqueued),
        "doubts": head.doubts,
        "open_codes": sorted(head.open_codes),
        "followed": head.followed,
        "told_windows": sorted(head.told_windows),
        "folded": head.folded,
    }
    return {
        "pk": keys.group_pk(group),
        "sk": "head",
        "counter": head.counter,
        "head": canonical_json(state),
        "open_severity": head.urgency if head.opened_at is not None else None,
        "since": iso(head.opened_at) if head.opened_at is not None else None,
        "due_bucket": keys.due_bucket(group) if head.due_at is not None else None,
        "due_at": iso(head.due_at) if head.due_at is not None else None,
    }


def _event_to_item(event: Event) -> Item:
    return {
        "pk": keys.group_pk(event.group),
        "sk": keys.event_sk(event.episode, event.id),
        "type": event.type,
        "at": iso(event.at),
        "data": canonical_json(event.data),
    }


def _event_from_item(group: str, item: Item) -> Event:
    _, episode, event_id = item["sk"].split("#", 2)
    data: Mapping[str, Any] = json.loads(item["data"])
    return Event(group, int(episode), event_id, item["type"], parse_iso(item["at"]), data)


def _enqueue(message: OutboxItem) -> dict[str, Any]:
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
    )


def _open_to_item(finding: OpenFinding) -> Item:
    return {
        "pk": keys.group_pk(finding.group),
        "sk": f"finding#{finding.code}#{finding.subject}",
        "code": finding.code,
        "subject": finding.subject,
        "open_severity": finding.severity,
        "since": iso(finding.since),
        "summary": finding.summary,
    }


def _follow(domain: str, shard: int, servers: Sequence[Sequence[str]]) -> dict[str, Any]:
    names = {"#domain": domain}
    if not servers:
        return update_in("followed", keys.shard_sk(shard), "REMOVE #domain", {}, names)
    values = {":servers": [list(server) for server in servers]}
    return update_in("followed", keys.shard_sk(shard), "SET #domain = :servers", values, names)


def _due_from_item(item: Item) -> Due:
    kind = _DUE_KINDS.get(item["sk"]) or DueKind(item["sk"].partition("#")[0])
    return Due(kind, item["pk"].removeprefix("group#"), parse_iso(item["due_at"]), item["sk"])
