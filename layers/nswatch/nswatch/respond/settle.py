"""From a look at a group to what is recorded and told of it.

A look is a read, a pure decision and one conditional write; whoever loses the race looks again. Looking twice at the
same record writes nothing the second time.
"""

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from nswatch.errors import Conflict, StoreUnavailable
from nswatch.expect.watchlist import DomainEntry, PlannedChange
from nswatch.judge.common import keys_of
from nswatch.model import Clock, Severity
from nswatch.moments import iso
from nswatch.record.hub_store import DynamoHubStore
from nswatch.record.keys import event_sk
from nswatch.record.log import Event
from nswatch.record.port import Head, OutboxItem
from nswatch.respond.commit import commit_of
from nswatch.respond.decide import decide, withheld
from nswatch.respond.events import EventType, said
from nswatch.respond.fold import fold
from nswatch.respond.groups import is_domain, is_of_hub
from nswatch.respond.incident import Incident, Message, MessageKind, State, incident_id, still_matters
from nswatch.respond.look import Log, Look, LookAt
from nswatch.respond.outbox import Outbox, again_after
from nswatch.respond.past import unknown_to
from nswatch.respond.siblings import stirred

ATTEMPTS = 5
COPY_AGAIN_AFTER = timedelta(minutes=1)
PUT_OFF = timedelta(seconds=20)
"""So long a hub that did not take an event is sent no other one."""
CLEARS_AFTER = timedelta(seconds=30)
"""What only a newer pass can clear is looked at again after this: a pass that changes nothing brings no record."""
_ENDS = frozenset({MessageKind.RECOVERING, MessageKind.RESOLVED})

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


class Settler:
    """Brings one hub's groups up to what stands against them."""

    def __init__(
        self,
        home: DynamoHubStore,
        others: Sequence[DynamoHubStore],
        outbox: Outbox,
        texts: Texts,
        clock: Clock,
    ) -> None:
        self._home = home
        self._others = others
        self._outbox = outbox
        self._texts = texts
        self._clock = clock
        self._put_off: dict[str, datetime] = {}

    def settle(self, group: str, look: LookAt, head: Head | None = None, *, log_moved: bool = False) -> None:
        """Look at a group until a decision is written; record and send what follows. Raises NswatchError.

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
        quiet = not (found.findings or found.missed or log_moved) and head.state in ("", State.RESOLVED)
        episode, log = (head.episode, []) if quiet else newest.read()
        incident = fold(log)
        past = unknown_to(incident, group, episode, found.missed, now)
        if past:
            log = [*(log if past[0].episode == episode else []), *past]
            episode, incident = past[0].episode, fold(log)
        if is_domain(group) and found.entry is None and incident is not None and incident.state is not State.RESOLVED:
            text = "The domain is no longer in the watchlist."
            new = [said(EventType.RESOLVED, group, episode, "nswatch apply", text, now)]
        else:
            new = decide(group, episode, incident, found.findings, found.forged, now, found.passes)
            if withheld(incident, found.findings, found.passes):
                found = replace(found, look_again=min(found.look_again or now + CLEARS_AFTER, now + CLEARS_AFTER))
        if new and new[0].episode != episode:
            episode, log = new[0].episode, []
        after = fold([*log, *new])
        new = [*past, *new]
        enqueued = head.enqueued if episode == head.episode else frozenset()
        messages = self._owed(after, enqueued, found, now) + self._windows(head, found, now)
        folded = head.folded if quiet else len({event.id for event in (*log, *new)})
        known = replace(
            head, episode=episode, enqueued=enqueued, folded=folded, told_windows=_still_planned(head, found)
        )
        commit = commit_of(group, known, after, found, new, messages)
        if commit.head == head and not (new or messages):
            return
        copied = self._others and not is_of_hub(group)
        if is_domain(group):
            others = [other for other in stirred(self._home, commit) if other != group]
            self._home.touch_many(others, now)
        self._home.commit(group, head, commit, now + COPY_AGAIN_AFTER if copied else None)
        for event in new:
            logger.info("%s-%d: %s at %s", group, episode, event.id, iso(event.at))
            self.copy(event)
        for message in messages:
            self._outbox.begin(message)

    def _owed(
        self, incident: Incident | None, enqueued: frozenset[str], found: Look, now: datetime
    ) -> list[OutboxItem]:
        if incident is None:
            return []
        # A hub that is back says so by its reports (`nswatch status`): who was told by notice needs no all-clear.
        ends_quietly = is_of_hub(incident.group) and incident.pages == 0
        owed = []
        for message in incident.messages:
            if ends_quietly and message.kind in _ENDS:
                continue
            if message.kind is MessageKind.REMINDER and self._told_elsewhere(incident):
                continue
            if message.id not in enqueued and still_matters(message, incident):
                text = self._texts.of_message(message, incident, found.entry, now)
                item = self._item(incident.group, incident.episode, message.id, message.channel, text, now)
                owed.append(replace(item, common=_common(message, incident)))
        return owed

    def _told_elsewhere(self, incident: Incident) -> bool:
        """Whether the incidents that this one is part of are open: their reminders are for all that the change hit."""
        heads = {of: self._home.head(incident_id(of)[0]) for of in incident.part_of}
        return bool(heads) and all(
            head.state == State.OPEN and head.episode == incident_id(of)[1] for of, head in heads.items()
        )

    def _windows(self, head: Head, found: Look, now: datetime) -> list[OutboxItem]:
        items = []
        for change in found.ending:
            if found.entry is not None and window_id(change) not in head.told_windows:
                text = self._texts.of_window(change, found.entry, now)
                items.append(self._item(found.entry.domain, 0, window_id(change), Severity.NOTICE, text, now))
        return items

    def _item(self, group: str, episode: int, id_: str, channel: Severity, text: Rendered, now: datetime) -> OutboxItem:
        send_at = self._outbox.send_at(group, now)
        return OutboxItem(group, episode, id_, channel, text.subject, text.body, send_at)

    def copy(self, event: Event) -> None:
        """Bring an event into the other hub's log, now or later; what is about a hub stays with the one that judges.

        The event's timer stands until every hub has it, so that nobody who dies in the middle takes it along.
        """
        if is_of_hub(event.group) or not self._others:
            return
        received = [self._received(other, event) for other in self._others]
        if all(received):
            self._home.forget_due(event.group, event_sk(event.episode, event.id))
        else:
            now = self._clock()
            self._home.copy_later(event, now + again_after(event.at, now))

    def _received(self, other: DynamoHubStore, event: Event) -> bool:
        """Copy an event to another hub; one that has just failed is left alone: each call may hang for seconds."""
        now = self._clock()
        if now < self._put_off.get(other.hub, now):
            return False
        try:
            other.receive(event, now)
        except StoreUnavailable as error:
            logger.warning("%s lacks an event; it is copied later: %s", other.hub, error)
            self._put_off[other.hub] = self._clock() + PUT_OFF
            return False
        return True


def _common(message: Message, incident: Incident) -> tuple[str, ...]:
    """Return the keys that a page shares with those of other domains; what comes back to a domain is its own news."""
    if message.channel is not Severity.PAGE or is_of_hub(incident.group):
        return ()
    if message.kind is MessageKind.PAGE and message.cause is not None:
        state = incident.causes[message.cause]
        return keys_of(state.findings) if state.round == 1 else ()
    keys = [keys_of(state.findings) for state in incident.active if state.urgency is Severity.PAGE]
    return tuple(sorted({key for each in keys for key in each})) if all(keys) else ()


def _still_planned(head: Head, found: Look) -> frozenset[str]:
    """Return of what windows people were told, without those that the watchlist no longer has."""
    if found.entry is None:
        return head.told_windows
    return head.told_windows & {window_id(change) for change in found.entry.planned_changes}


def window_id(change: PlannedChange) -> str:
    """Return the id of the notice that a planned change's window is about to end."""
    return f"window/{change.id}/{iso(change.ends)}"
