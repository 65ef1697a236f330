"""What the comparator, `apply` and the command line read and write in one hub: entries, views, and incidents."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial
from itertools import islice
from typing import Any

from nswatch.model import Heartbeat, Observation, Severity, View
from nswatch.moments import iso, parse_iso
from nswatch.record import keys
from nswatch.record.codec import canonical_json, observation_from_item, readable, view_from_item
from nswatch.record.common_store import DynamoCommonStore
from nswatch.record.dynamodb import Item, delete_in, put_in, update_in
from nswatch.record.log import Event
from nswatch.record.port import Commit, Expectation, Head, OpenFinding, OpenIncident, RoundBriefing, Seen
from nswatch.record.probe_store import fingerprint_from_item, watchlist_head_from_item
from nswatch.record.timer_store import enqueue_in, event_from_item, event_to_item

FEW_HEARTBEATS = 20
"""So many are read one by one, in the call that brings the rest of a round's briefing."""

LATE_VIEWS_COUNT_FOR = timedelta(minutes=10)
"""How long a view that came too late to stand is still evidence."""


MOST_OBSERVED = 1000


class DynamoHubStore(DynamoCommonStore):
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

    def seen(
        self, domain: str, shard: int, regions: Sequence[str], now: datetime, collectors: Sequence[str] = ()
    ) -> Seen:
        """Return every region's views of a domain; each is known to stand until the region's newest pass over it.

        Behind them come those of the ``collectors`` (the hubs' regions), as they were last written.
        """
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
            items = self.table.query(keys.probe_pk(region, domain), "latest#")
            for late, view in readable(items, partial(_view_and_late, region)):
                if late:
                    if now - view.last_seen < LATE_VIEWS_COUNT_FOR:
                        views.append(view)
                elif heartbeat is not None and alive:
                    views.append(replace(view, last_seen=max(view.last_seen, heartbeat.pass_time)))
                else:
                    views.append(view)
        for region in collectors:
            items = self.table.query(keys.collect_pk(region, domain), "latest#")
            views += readable(items, partial(view_from_item, region))
        held = int(newest[current]["version"]) if current in newest else 0
        return Seen(tuple(views), held, max(versions, default=0))

    def observed(self, domain: str, regions: Sequence[str], since: datetime) -> list[Observation]:
        """Return what the regions' probes saw change about a domain in their passes since a moment.

        At most `MOST_OBSERVED` a region, the oldest: whoever gives another answer each time fills no memory.
        """
        found: list[Observation] = []
        for region in regions:
            first = keys.first_observation_sk(since)
            items = self.table.query(keys.probe_pk(region, domain), first, onwards=True)
            found += readable(islice(items, MOST_OBSERVED), partial(observation_from_item, region, domain))
        return found

    def head(self, group: str) -> Head:
        """Return the state that the group's decisions are serialised on; a new one where there is none."""
        item = self.table.get(keys.group_pk(group), "head")
        return Head() if item is None else _head_from_item(item)

    def events(self, group: str, since_episode: int = 0) -> list[Event]:
        """Return the events of a group's episodes from ``since_episode`` on."""
        items = self.table.query(keys.group_pk(group), keys.event_sk(since_episode, ""), onwards=True)
        return list(readable(items, partial(event_from_item, group)))

    def _heartbeats(self, regions: Sequence[str]) -> Iterator[Heartbeat]:
        """Yield all heartbeats by one query a region: reading items one by one costs many times as much."""
        for region in regions:
            for item in self.table.query(keys.probe_pk(region), "shard#"):
                yield fingerprint_from_item(region, item).heartbeat

    def commit(self, group: str, before: Head, commit: Commit, copy_at: datetime | None = None) -> None:
        """Write a decision at once, or raise Conflict when ``before`` is no longer the group's head.

        Where another hub is to hold the events too, ``copy_at`` is when they are copied if that is not done before.
        """
        timer = {} if copy_at is None else {"due_bucket": keys.due_bucket(group), "due_at": iso(copy_at)}
        head = commit.head
        operations = [
            put_in(
                _head_to_item(group, replace(head, counter=before.counter + 1)),
                "attribute_not_exists(pk)" if before.counter == 0 else "#counter = :counter",
                {":counter": before.counter} if before.counter else None,
                {"#counter": "counter"} if before.counter else None,
            )
        ]
        operations += [put_in(event_to_item(event) | timer, "attribute_not_exists(pk)") for event in commit.events]
        operations += [enqueue_in(message) for message in commit.messages]
        operations += [put_in(_open_to_item(finding)) for finding in commit.opened]
        operations += [delete_in(keys.group_pk(group), f"finding#{code}#{subject}") for code, subject in commit.closed]
        if commit.follow is not None:
            shard, servers = commit.follow
            operations.append(_follow(group, shard, servers))
        self.table.transact(operations)

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

    def comparator_ran(
        self, now: datetime, waiting_since: datetime, heard: Mapping[str, tuple[datetime, datetime]]
    ) -> None:
        """Record that the comparator looked at ``now``, since when without a gap, and whom it has ``heard``."""
        moments = {region: [iso(pass_time), iso(noticed)] for region, (pass_time, noticed) in heard.items()}
        item = {"pk": "hub", "sk": "comparator", "last_run": iso(now), "waiting_since": iso(waiting_since)}
        self.table.put(item | {"heard": canonical_json(moments)})

    def last_run(self) -> tuple[datetime, datetime] | None:
        """Return when the comparator last ran, and since when without a gap; None where it never did."""
        item = self.table.get("hub", "comparator")
        return None if item is None else (parse_iso(item["last_run"]), parse_iso(item["waiting_since"]))

    def round_briefing(self, group: str, regions: Sequence[str], shards: int) -> RoundBriefing:
        """Return what a comparator's scheduled round begins with, in one call while the shards are few.

        ``group`` is that of the vantage; ``shards`` is a guess at how many there are.
        """
        wanted = [("hub", "comparator"), ("watchlist", "current"), (keys.group_pk(group), "head")]
        few = len(regions) * shards <= FEW_HEARTBEATS
        of_shards = [(keys.probe_pk(region), keys.shard_sk(shard)) for region in regions for shard in range(shards)]
        found = self.table.get_many(wanted + of_shards if few else wanted)
        ran, watchlist, head = (found.get(key) for key in wanted)
        if few and watchlist is not None and int(watchlist["shards"]) == shards:
            items = [(pk.removeprefix("probe#"), found[pk, sk]) for pk, sk in of_shards if (pk, sk) in found]
            beats = [fingerprint_from_item(region, item).heartbeat for region, item in items]
        else:
            beats = list(self._heartbeats(regions))
        by_region: dict[str, dict[int, datetime]] = {region: {} for region in regions}
        changed: dict[str, dict[str, datetime]] = {region: {} for region in regions}
        for beat in beats:
            by_region[beat.region][beat.shard] = beat.pass_time
            changed[beat.region] |= beat.changed
        heard = json.loads(ran.get("heard", "{}")) if ran is not None else {}
        return RoundBriefing(
            last_run=None if ran is None else parse_iso(ran["last_run"]),
            waiting_since=None if ran is None else parse_iso(ran["waiting_since"]),
            watchlist=None if watchlist is None else watchlist_head_from_item(watchlist),
            head=Head() if head is None else _head_from_item(head),
            heartbeats=by_region,
            newest_version=max((beat.watchlist_version for beat in beats), default=0),
            heard={region: (parse_iso(at), parse_iso(noticed)) for region, (at, noticed) in heard.items()},
            changed=changed,
        )


def _view_and_late(region: str, item: Item) -> tuple[bool, View]:
    return keys.is_late(item["sk"]), view_from_item(region, item)


def _head_from_item(item: Item) -> Head:
    """Return the head that an item holds. One that cannot be read begins anew: the log and the outbox know the rest."""
    heads = list(readable([item], _written_head))
    return heads[0] if heads else Head(counter=int(item["counter"]))


def _written_head(item: Item) -> Head:
    state = json.loads(item["head"])
    return Head(
        counter=int(item["counter"]),
        episode=state["episode"],
        state=state["state"],
        urgency=state["urgency"],
        enqueued=frozenset(state["enqueued"]),
        doubts=state["doubts"],
        open_codes=frozenset(state["open_codes"]),
        severities=dict(rows) if isinstance(rows := state["open_codes"], dict) else {},
        followed=state["followed"],
        told_windows=frozenset(state["told_windows"]),
        folded=state["folded"],
        remembered_until=parse_iso(until) if (until := state.get("remembered_until")) else None,
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
        "open_codes": {row: head.severities.get(row, "") for row in sorted(head.open_codes)},
        "followed": head.followed,
        "told_windows": sorted(head.told_windows),
        "folded": head.folded,
        "remembered_until": None if head.remembered_until is None else iso(head.remembered_until),
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
