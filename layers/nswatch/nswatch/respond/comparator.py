"""The comparator of one hub: what stands against a group, its incident, and what has to be told.

A look is a read, a pure decision and one conditional write; whoever loses the race looks again. Looking twice at the
same record writes nothing the second time.
"""

import logging
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import partial
from typing import Any

from nswatch.errors import Conflict, NswatchError, StoreUnavailable
from nswatch.expect.approved import ending_unapplied, window_edges
from nswatch.expect.watchlist import DomainEntry, PlannedChange, read_entry
from nswatch.judge.judgement import ForgedData, judge_domain
from nswatch.judge.vantage import SILENT_AFTER, silent_regions
from nswatch.model import Clock, Finding, Key, Severity, Source
from nswatch.moments import iso, parse_iso
from nswatch.record.apply import entries_in_force, put_in_force
from nswatch.record.hub_store import DynamoHubStore
from nswatch.record.keys import domain_of_probe, outbox_sk
from nswatch.record.log import Event
from nswatch.record.port import Commit, Due, DueKind, Head, OpenFinding, OutboxItem, RoundBriefing
from nswatch.respond.decide import decide, next_timer
from nswatch.respond.events import EventType, said
from nswatch.respond.incident import Incident, Message, State, fold, still_matters
from nswatch.respond.outbox import Outbox

VANTAGE = "vantage"
"""The group of the incidents that are about the monitor's own regions."""

ATTEMPTS = 5
COPY_AGAIN_AFTER = timedelta(minutes=1)

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Rendered:
    """A message's text: an ASCII subject, and the body that the topic takes."""

    subject: str
    body: str


@dataclass(frozen=True, slots=True)
class Texts:
    """How messages become texts: of an incident, and of a planned change whose window is about to end."""

    of_message: Callable[[Message, Incident, DomainEntry | None, datetime], Rendered]
    of_window: Callable[[PlannedChange, DomainEntry, datetime], Rendered]


@dataclass(frozen=True, slots=True)
class _Look:
    """What one look at a group found, before anything is decided."""

    entry: DomainEntry | None
    shard: int
    findings: tuple[Finding, ...]
    forged: tuple[ForgedData, ...] = ()
    doubts: tuple[Any, ...] = ()
    look_again: datetime | None = None
    ending: tuple[PlannedChange, ...] = ()


class Comparator:
    """One hub's comparator. ``codes`` limits what is judged (replay's ``--codes``); None judges every code."""

    def __init__(
        self,
        home: DynamoHubStore,
        others: Sequence[DynamoHubStore],
        outbox: Outbox,
        texts: Texts,
        regions: Sequence[str],
        clock: Clock,
        codes: frozenset[str] | None = None,
    ) -> None:
        self._home = home
        self._others = others
        self._outbox = outbox
        self._texts = texts
        self._regions = regions
        self._clock = clock
        self._codes = codes
        self._shards = 1

    def look_at_domain(self, domain: str) -> None:
        """Judge one domain from this hub's record, and record and send what follows. Raises NswatchError."""
        self._settle(domain, self._judge)

    def on_records(self, records: Sequence[Mapping[str, Any]]) -> list[str]:
        """Judge the domains that a batch of stream records is about; return the sequence numbers that failed.

        ``records`` are Lambda's, oldest first. A domain is judged once a batch, from what the record holds by then.
        """
        first: dict[str, str] = {}
        for record in records:
            stream = record["dynamodb"]
            domain = domain_of_record(stream["Keys"]["pk"]["S"], stream["Keys"]["sk"]["S"])
            if domain is not None:
                first.setdefault(domain, stream["SequenceNumber"])
        failed = []
        for domain, sequence_number in first.items():
            try:
                self.look_at_domain(domain)
            except NswatchError:
                logger.exception("%s could not be judged; the stream brings it again", domain)
                failed.append(sequence_number)
        return failed

    def on_schedule(self) -> None:
        """Do what time alone brings: silence, confirmation, reminders, clocks, windows, owed messages and copies."""
        now = self._clock()
        briefing = self._home.round_briefing(VANTAGE, self._regions, self._shards)
        waiting_since = now
        if briefing.last_run is not None and briefing.waiting_since is not None:
            waiting_since = briefing.waiting_since if now - briefing.last_run < SILENT_AFTER else now
        self._home.comparator_ran(now, waiting_since)
        if briefing.newest_version > (0 if briefing.watchlist is None else briefing.watchlist.version):
            self._catch_up()
        listen = partial(self._listen, briefing, waiting_since)
        self._settle(VANTAGE, listen, briefing.head)
        if self._came_back(briefing.head):
            for incident in (*self._home.open_incidents(Severity.PAGE), *self._home.open_incidents(Severity.NOTICE)):
                if incident.group != VANTAGE:
                    self.look_at_domain(incident.group)
        for due in list(self._home.due(now)):
            match due.kind:
                case DueKind.OUTBOX:
                    self._outbox.deliver(due.group, due.sort_key)
                case DueKind.EVENT:
                    self._on_due_event(due, listen)
                case DueKind.GROUP | DueKind.EXPECTATION if due.group != VANTAGE:
                    self.look_at_domain(due.group)

    def _came_back(self, before: Head) -> bool:
        """Whether a region that was silent reports again: what it sees unchanged brings no stream record."""
        silent = {row for row in before.open_codes if row.startswith("vantage_silent#")}
        return bool(silent) and bool(silent - self._home.head(VANTAGE).open_codes)

    def _on_due_event(self, due: Due, listen: "LookAt") -> None:
        """Fold an event that came from elsewhere, or copy one of ours that the other hub has not taken yet."""
        found = self._home.due_event(due.group, due.sort_key)
        self._home.forget_due(due.group, due.sort_key)
        if found is None:
            return
        event, foreign = found
        if not foreign:
            self._copy(event)
            return
        head = self._home.head(due.group)
        if event.episode != head.episode or len(self._home.events(due.group, head.episode)) != head.folded:
            self._settle(due.group, listen if due.group == VANTAGE else self._judge, head, log_moved=True)

    def _judge(self, domain: str, head: Head, now: datetime) -> _Look:
        expectation = self._home.expectation(domain)
        if expectation is None:
            return _Look(None, 0, ())
        seen = self._home.seen(domain, expectation.shard, self._regions, now)
        if seen.newest_version > seen.held_version and self._catch_up():
            expectation = self._home.expectation(domain)
            if expectation is None:
                return _Look(None, 0, ())
        entry = read_entry(domain, expectation.entry)
        followed = {host for host, _ in head.followed}
        judgement = judge_domain(entry, seen.views, _doubts_from_json(head.doubts), now, followed)
        ending = tuple(ending_unapplied(entry, now))
        following = next((edge for edge in window_edges(entry) if edge > now), None)
        if following != expectation.due_at:
            self._home.schedule_expectation(domain, following)
        doubts = tuple(_doubts_to_json(judgement.doubts.items()))
        findings = self._judged(judgement.findings)
        return _Look(entry, expectation.shard, findings, judgement.forged, doubts, judgement.look_again, ending)

    def _catch_up(self) -> bool:
        """Put a newer watchlist of another hub into force here; return whether this hub holds the newest now.

        An `apply` may have missed this hub while it was down, and judging by what was approved before pages falsely.
        """
        for other in self._others:
            try:
                newer = other.watchlist_head()
                if newer is None:
                    continue
                entries = entries_in_force(other, newer)
                put_in_force(self._home, entries, newer.alerts, newer.applied_by, newer.applied_at, newer.version)
            except StoreUnavailable as error:
                logger.warning("%s holds a newer watchlist that cannot be read: %s", other.hub, error)
            except Conflict:
                return True
            else:
                logger.info("caught up with watchlist version %d of %s", newer.version, other.hub)
                return True
        return False

    def _listen(
        self, briefing: RoundBriefing, waiting_since: datetime, _group: str, head: Head, now: datetime
    ) -> _Look:
        watchlist = briefing.watchlist
        if watchlist is None:
            return _Look(None, 0, ())
        self._shards = watchlist.shards
        heartbeats = briefing.heartbeats or self._home.heartbeats(self._regions, watchlist.shards)
        passes = {
            region: min(beats.get(shard, watchlist.applied_at) for shard in range(watchlist.shards))
            for region, beats in heartbeats.items()
            if beats
        }
        already = {subject for code, subject in map(_code_and_subject, head.open_codes) if code == "vantage_silent"}
        began = max(waiting_since, watchlist.applied_at)
        return _Look(None, 0, self._judged(silent_regions(self._regions, passes, began, now, already)))

    def _judged(self, findings: Iterable[Finding]) -> tuple[Finding, ...]:
        return tuple(finding for finding in findings if self._codes is None or finding.code in self._codes)

    def _settle(self, group: str, look: "LookAt", head: Head | None = None, *, log_moved: bool = False) -> None:
        """Look at a group until a decision is written.

        ``head`` saves the first look a read; ``log_moved`` says that the log holds what the head does not know of.
        """
        for _ in range(ATTEMPTS):
            try:
                self._settle_once(group, look, head or self._home.head(group), log_moved=log_moved)
            except Conflict:
                head = None
                continue
            return
        raise Conflict(f"{group}: {ATTEMPTS} decisions in a row lost against concurrent writers")

    def _settle_once(self, group: str, look: "LookAt", head: Head, *, log_moved: bool) -> None:
        now = self._clock()
        found = look(group, head, now)
        quiet = not found.findings and not log_moved and head.state in ("", State.RESOLVED)
        episode, log = (head.episode, []) if quiet else self._newest_episode(group, head.episode)
        incident = fold(log)
        if group != VANTAGE and found.entry is None and incident is not None and incident.state is not State.RESOLVED:
            text = "The domain is no longer in the watchlist."
            new = [said(EventType.RESOLVED, group, episode, "nswatch apply", text, now)]
        else:
            new = decide(group, episode, incident, found.findings, found.forged, now)
        if new and new[0].episode != episode:
            episode, log = new[0].episode, []
        after = fold([*log, *new])
        enqueued = head.enqueued if episode == head.episode else frozenset()
        messages = self._owed(after, enqueued, found, now) + self._windows(head, found, now)
        folded = head.folded if quiet else len({event.id for event in (*log, *new)})
        known = replace(head, episode=episode, enqueued=enqueued, folded=folded)
        commit = _commit(group, known, after, found, new, messages)
        if commit.head == head and not (new or messages):
            return
        self._home.commit(group, head, commit)
        for event in new:
            logger.info("%s-%d: %s at %s", group, episode, event.id, iso(event.at))
            self._copy(event)
        for message in messages:
            self._outbox.deliver(group, outbox_sk(message.episode, message.id))

    def _newest_episode(self, group: str, known: int) -> tuple[int, list[Event]]:
        """Return the newest episode and its log: the other hub may have begun one that this head has not seen."""
        events = self._home.events(group, known)
        episode = max((event.episode for event in events), default=known)
        return episode, [event for event in events if event.episode == episode]

    def _owed(
        self, incident: Incident | None, enqueued: frozenset[str], found: _Look, now: datetime
    ) -> list[OutboxItem]:
        if incident is None:
            return []
        owed = []
        for message in incident.messages:
            if message.id not in enqueued and still_matters(message, incident):
                text = self._texts.of_message(message, incident, found.entry, now)
                owed.append(self._item(incident.group, incident.episode, message.id, message.channel, text, now))
        return owed

    def _windows(self, head: Head, found: _Look, now: datetime) -> list[OutboxItem]:
        items = []
        for change in found.ending:
            if found.entry is not None and window_id(change) not in head.told_windows:
                text = self._texts.of_window(change, found.entry, now)
                items.append(self._item(found.entry.domain, 0, window_id(change), Severity.NOTICE, text, now))
        return items

    def _item(self, group: str, episode: int, id_: str, channel: Severity, text: Rendered, now: datetime) -> OutboxItem:
        return OutboxItem(group, episode, id_, channel, text.subject, text.body, self._outbox.send_at(now))

    def _copy(self, event: Event) -> None:
        for other in self._others:
            try:
                other.receive(event, self._clock())
            except StoreUnavailable as error:
                logger.warning("%s lacks an event; it is copied later: %s", other.hub, error)
                self._home.copy_later(event, self._clock() + COPY_AGAIN_AFTER)


LookAt = Callable[[str, Head, datetime], _Look]
"""Looks at a group, given its head, at a moment."""


def domain_of_record(partition: str, sort_key: str) -> str | None:
    """Return the domain that a changed item asks to be judged, or None: most items are the comparator's own."""
    if sort_key.startswith("latest#"):
        found = domain_of_probe(partition)
        return None if found is None else found[1]
    return partition.removeprefix("group#") if sort_key == "expectation" else None


def window_id(change: PlannedChange) -> str:
    """Return the id of the notice that a planned change's window is about to end."""
    return f"window/{change.id}/{iso(change.ends)}"


def _commit(
    group: str,
    head: Head,
    incident: Incident | None,
    found: _Look,
    new: Sequence[Event],
    messages: Sequence[OutboxItem],
) -> Commit:
    rows = {_row(finding): finding for finding in found.findings}
    told = {message.id for message in messages if message.episode == 0}
    follow = _followed(incident)
    due = next_timer(incident)
    if found.look_again is not None:
        due = min(due or found.look_again, found.look_again)
    after = replace(
        head,
        state=head.state if incident is None else incident.state,
        urgency=head.urgency if incident is None else incident.urgency,
        enqueued=head.enqueued | {message.id for message in messages if message.episode},
        doubts=list(found.doubts),
        open_codes=frozenset(rows),
        followed=follow,
        told_windows=head.told_windows | told,
        opened_at=None if incident is None or incident.state is State.RESOLVED else incident.opened_at,
        due_at=due,
    )
    return Commit(
        head=after,
        events=new,
        messages=messages,
        opened=[_open_row(group, rows[row]) for row in sorted(rows.keys() - head.open_codes)],
        closed=[_code_and_subject(row) for row in sorted(head.open_codes - rows.keys())],
        follow=(found.shard, follow) if follow != head.followed and found.entry is not None else None,
    )


def _row(finding: Finding) -> str:
    return f"{finding.code}#{finding.subject}"


def _code_and_subject(row: str) -> tuple[str, str]:
    code, _, subject = row.partition("#")
    return code, subject


def _open_row(group: str, finding: Finding) -> OpenFinding:
    summary = f"expected {', '.join(finding.expected) or 'none'}; seen {', '.join(finding.seen) or 'none'}"
    return OpenFinding(group, finding.code, finding.subject, finding.severity, finding.since, summary[:1000])


def _followed(incident: Incident | None) -> list[list[str]]:
    """Return the forged servers that probes keep asking until the incident is over."""
    if incident is None or incident.state is State.RESOLVED:
        return []
    servers = {(server.host, server.address) for server in incident.forged.values() if server.address}
    return [list(server) for server in sorted(servers)]


def _doubts_to_json(doubts: Iterable[tuple[Key, datetime]]) -> list[Any]:
    return [
        [[key.region, str(key.source), key.server, key.qname, key.qtype], iso(since)] for key, since in sorted(doubts)
    ]


def _doubts_from_json(document: Iterable[Any]) -> dict[Key, datetime]:
    return {
        Key(region, Source(source), server, qname, qtype): parse_iso(since)
        for (region, source, server, qname, qtype), since in document
    }
