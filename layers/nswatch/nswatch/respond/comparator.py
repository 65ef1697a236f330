"""The comparator of one hub: what stands against a group, its incident, and what has to be told.

A look is a read, a pure decision and one conditional write; whoever loses the race looks again. Looking twice at the
same record writes nothing the second time.
"""

import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import partial
from typing import Any

from nswatch.errors import DEFECTS, Conflict, NswatchError, RoundIncomplete, StoreUnavailable
from nswatch.expect.networks import AwsRanges
from nswatch.expect.watchlist import DomainEntry, PlannedChange
from nswatch.judge.vantage import SILENT_AFTER
from nswatch.model import Clock, Severity
from nswatch.moments import iso
from nswatch.record.hub_store import DynamoHubStore
from nswatch.record.keys import domain_of_probe, outbox_sk
from nswatch.record.log import Event
from nswatch.record.port import Due, DueKind, Head, OutboxItem
from nswatch.respond.commit import commit_of
from nswatch.respond.decide import decide
from nswatch.respond.events import EventType, said
from nswatch.respond.incident import Incident, Message, State, fold, still_matters
from nswatch.respond.look import Log, Look, LookAt, Looker
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


class Comparator:
    """One hub's comparator.

    ``aws`` gives what ``within`` means by AWS's services now. ``codes`` limits what is judged (replay's ``--codes``);
    None judges every code.
    """

    def __init__(
        self,
        home: DynamoHubStore,
        others: Sequence[DynamoHubStore],
        outbox: Outbox,
        texts: Texts,
        regions: Sequence[str],
        clock: Clock,
        aws: Callable[[], AwsRanges],
        codes: frozenset[str] | None = None,
    ) -> None:
        self._home = home
        self._others = others
        self._outbox = outbox
        self._texts = texts
        self._regions = regions
        self._clock = clock
        self._looker = Looker(home, others, regions, aws, codes)

    def look_at_domain(self, domain: str) -> None:
        """Judge one domain from this hub's record, and record and send what follows. Raises NswatchError."""
        self._settle(domain, self._looker.judge)

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
            except (NswatchError, *DEFECTS):
                logger.exception("%s could not be judged; the stream brings it again", domain)
                failed.append(sequence_number)
        return failed

    def on_schedule(self) -> None:
        """Do what time alone brings: silence, confirmation, reminders, clocks, windows, owed messages and copies.

        What fails stops nothing else; RoundIncomplete at the end says so.
        """
        now = self._clock()
        briefing = self._home.round_briefing(VANTAGE, self._regions, self._looker.shards)
        waiting_since = now
        if briefing.last_run is not None and briefing.waiting_since is not None:
            waiting_since = briefing.waiting_since if now - briefing.last_run < SILENT_AFTER else now
        self._home.comparator_ran(now, waiting_since)
        if briefing.newest_version > (0 if briefing.watchlist is None else briefing.watchlist.version):
            self._looker.catch_up()
        listen = partial(self._looker.listen, briefing, waiting_since)
        work = [(VANTAGE, partial(self._settle, VANTAGE, listen, briefing.head))]
        failed = self._each(work)
        if self._came_back(briefing.head):
            open_ones = (*self._home.open_incidents(Severity.PAGE), *self._home.open_incidents(Severity.NOTICE))
            groups = [incident.group for incident in open_ones if incident.group != VANTAGE]
            failed += self._each([(group, partial(self.look_at_domain, group)) for group in groups])
        failed += self._each([(due.group, partial(self._on_due, due, listen)) for due in self._home.due(now)])
        if failed:
            raise RoundIncomplete(f"not done: {', '.join(dict.fromkeys(failed))}")

    def _each(self, work: Sequence[tuple[str, Callable[[], None]]]) -> list[str]:
        """Do the work of each group, and return the groups whose work failed."""
        failed = []
        for group, do in work:
            try:
                do()
            except (NswatchError, *DEFECTS):
                logger.exception("%s: its part of the round failed; the next one tries again", group)
                failed.append(group)
        return failed

    def _on_due(self, due: Due, listen: LookAt) -> None:
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

    def _on_due_event(self, due: Due, listen: LookAt) -> None:
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
            self._settle(due.group, listen if due.group == VANTAGE else self._looker.judge, head, log_moved=True)

    def _settle(self, group: str, look: LookAt, head: Head | None = None, *, log_moved: bool = False) -> None:
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

    def _settle_once(self, group: str, look: LookAt, head: Head, *, log_moved: bool) -> None:
        now = self._clock()
        newest = Log(self._home, group, head.episode)
        found = look(group, head, newest, now)
        quiet = not found.findings and not log_moved and head.state in ("", State.RESOLVED)
        episode, log = (head.episode, []) if quiet else newest.read()
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
        commit = commit_of(group, known, after, found, new, messages)
        if commit.head == head and not (new or messages):
            return
        self._home.commit(group, head, commit)
        for event in new:
            logger.info("%s-%d: %s at %s", group, episode, event.id, iso(event.at))
            self._copy(event)
        for message in messages:
            self._outbox.deliver(group, outbox_sk(message.episode, message.id))

    def _owed(
        self, incident: Incident | None, enqueued: frozenset[str], found: Look, now: datetime
    ) -> list[OutboxItem]:
        if incident is None:
            return []
        owed = []
        for message in incident.messages:
            if message.id not in enqueued and still_matters(message, incident):
                text = self._texts.of_message(message, incident, found.entry, now)
                owed.append(self._item(incident.group, incident.episode, message.id, message.channel, text, now))
        return owed

    def _windows(self, head: Head, found: Look, now: datetime) -> list[OutboxItem]:
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


def domain_of_record(partition: str, sort_key: str) -> str | None:
    """Return the domain that a changed item asks to be judged, or None: most items are the comparator's own."""
    if sort_key.startswith("latest#"):
        found = domain_of_probe(partition)
        return None if found is None else found[1]
    return partition.removeprefix("group#") if sort_key == "expectation" else None


def window_id(change: PlannedChange) -> str:
    """Return the id of the notice that a planned change's window is about to end."""
    return f"window/{change.id}/{iso(change.ends)}"
