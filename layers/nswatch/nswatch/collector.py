"""A hub region's collector: which shards are due, and one turn over one, from the sources to both hubs' records."""

import logging
from collections.abc import Callable, Coroutine, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, TypeVar

from nswatch.collect.asking import Brought, ask_all
from nswatch.collect.port import Asked, Collecting, Reading, Subject
from nswatch.collect.turns import is_due, minutes_due, shards_due
from nswatch.errors import StoreUnavailable
from nswatch.expect.matching import Expectations
from nswatch.expect.networks import AwsRanges, Networks
from nswatch.expect.published import SOURCE
from nswatch.expect.watchlist import DomainEntry, read_entry
from nswatch.model import Clock, Key, Observation, Transport, View
from nswatch.moments import iso
from nswatch.record.collected import (
    CollectorReport,
    DomainViews,
    DynamoCollectStore,
    ShardReport,
    changes_in,
    missed,
    newest_of,
)
from nswatch.record.heads import newest_watchlist
from nswatch.record.port import Change
from nswatch.refresh import RangesRefresh
from nswatch.schedule import Queue, ShardMessage

TOO_LATE = timedelta(minutes=4)
"""A turn that is so long past is dropped; with the function's timeout it ends before the shard is due again."""

_WIRE, _VALUES = 16_384, 200_000
"""How many octets of evidence, and how many characters of values, a reading may have: an item holds 400 KB."""

Run = Callable[[Coroutine[Any, Any, Brought]], Brought]
IsAsked = Callable[[Collecting, Subject, datetime], bool]
T = TypeVar("T")

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Place:
    """Where a collector stands: its region, and its index among the collectors, which are as many as the hubs.

    ``release`` is of the code that runs there.
    """

    region: str
    index: int
    collectors: int
    release: str = ""


class Collector:
    """The collector of one hub region."""

    def __init__(
        self,
        place: Place,
        hubs: Sequence[DynamoCollectStore],
        sources: Sequence[Collecting],
        queue: Queue,
        run: Run,
        clock: Clock,
        aws: Callable[[], AwsRanges],
        ranges: RangesRefresh | None = None,
    ) -> None:
        self._place = place
        self._region = place.region
        self._hubs = hubs
        self._sources = sources
        self._queue = queue
        self._run = run
        self._clock = clock
        self._aws = aws
        self._release = place.release
        self._ranges = ranges
        self._asked: dict[tuple[str, str], datetime] = {}

    def schedule(self) -> int:
        """Queue the shards that are due, report to the hubs, and return how many were queued.

        A minute is queued once, however the schedule drifts: the report remembers the last one. The very first queues
        every shard, so that nobody waits for a baseline. Behind the report AWS's ranges are refreshed, once an hour.
        Raises StoreUnavailable when no hub can be read, and what the queue raises.
        """
        now = self._clock()
        held = self._each_hub(lambda hub: (hub.watchlist_head(), hub.report(self._region)))
        heads = [head for _, (head, _) in held if head is not None]
        if not heads:
            return 0
        reports = [report for _, (_, report) in held if report is not None]
        queued = max((report.queued for report in reports if report.queued is not None), default=None)
        shards = max(heads, key=lambda head: head.version).shards
        minutes = minutes_due(now, queued)
        messages = [message for minute in minutes for message in self._messages(minute, shards, every=queued is None)]
        self._queue.send(messages)
        last = minutes[-1] if minutes else queued
        said = max(reports, key=lambda report: report.at, default=None)
        stale = None if said is None or self._ranges is None else said.failing.get(SOURCE)
        self._report(now, last, shards, stale)
        if self._ranges is not None and (queued is None or self._ranges.is_due(minutes)):
            found = None if self._ranges.refresh() else stale or now
            if found != stale:
                self._report(now, last, shards, found)
        return len(messages)

    def _messages(self, minute: datetime, shards: int, *, every: bool) -> list[ShardMessage]:
        """Return a minute's messages, spread over it; with ``every`` one of each shard."""
        due = shards_due(minute, shards, self._place.index, self._place.collectors)
        due = list(range(shards)) if every else due
        return [ShardMessage(shard, minute, 60 * place // len(due)) for place, shard in enumerate(due)]

    def _report(self, now: datetime, queued: datetime | None, shards: int, stale: datetime | None = None) -> None:
        """Say in each hub how it goes, by the last turns over ``shards`` shards; ``queued`` is the last minute sent.

        ``stale`` is since when AWS's ranges cannot be refreshed.
        """
        _, known = self._each_hub(lambda hub: hub.shard_reports(self._region))[0]
        turns = [turn for shard, turn in known.items() if shard < shards]
        failing = _failing_everywhere(turns, [source.name for source in self._sources])
        report = CollectorReport(
            at=now,
            release=self._release,
            queued=queued,
            done=min((turn.turn for turn in turns), default=None) if len(turns) == shards else None,
            failing=failing if stale is None else {**failing, SOURCE: stale},
            dead_letters=self._queue.dead_letters(),
        )
        for hub in self._hubs:
            try:
                hub.write_report(self._region, report)
            except StoreUnavailable as error:
                logger.warning("%s did not take the report of %s: %s", hub.hub, iso(now), error)

    def work(self, shard: int, turn: datetime) -> bool:
        """Ask what is due about a shard's domains and record it in each hub; False when the turn was too long ago.

        A message may come twice. Raises StoreUnavailable when no hub took what was found; a hub that failed alone gets
        it with a later turn.
        """
        if self._clock() - turn > TOO_LATE:
            logger.warning("a turn was dropped: %s is too long past (shard %d)", iso(turn), shard)
            return False
        self._collect(shard, turn, self._is_due)
        return True

    def collect_now(self, at: datetime, asks: Callable[[str], bool] = lambda _: True) -> None:
        """Ask every source about every domain, and report: what a replay does where it skips time.

        Of the sources only those are asked whose name ``asks`` takes. Raises StoreUnavailable.
        """
        if self._sources:
            head, _ = newest_watchlist(self._each_hub(lambda hub: hub.watchlist_head()))
            for shard in range(head.shards):
                self._collect(shard, at, lambda source, _subject, _turn: asks(source.name))
            self._report(at, at, head.shards)

    def _collect(self, shard: int, turn: datetime, is_asked: IsAsked) -> None:
        head, home = newest_watchlist(self._each_hub(lambda hub: hub.watchlist_head()))
        documents = home.shard_entries(head.version, shard)
        entries = {domain: read_entry(domain, document) for domain, document in documents.items()}
        held = self._each_hub(lambda hub: hub.views_of(self._region, sorted(entries)))
        best = newest_of(standing for _, standing in held)
        subjects = self._subjects(entries, best, turn)
        asked = [(source, [each for each in subjects if is_asked(source, each, turn)]) for source in self._sources]
        asked = [(source, due) for source, due in asked if due]
        brought = self._run(ask_all(asked, turn)) if asked else {}
        self._asked |= {(source.name, subject.domain): turn for source, due in asked for subject in due}
        came = [collected for collected in brought.values() if collected is not None]
        readings = {
            (reading.domain, reading.asked): reading
            for collected in came
            for reading in collected.readings
            if reading.domain in entries and _fits(reading)
        }
        changes = changes_in((self._observation(reading, turn, head.version) for reading in readings.values()), best)
        gone = {each for collected in came for each in collected.forgotten if each not in readings}
        failed = {name: collected is None for name, collected in brought.items()}
        unwanted = {(domain, self._key(asked)) for domain, asked in gone}
        taken = [
            hub
            for hub, standing in held
            if self._save(hub, shard, turn, changes, unwanted, missed(best, standing), failed)
        ]
        if not taken:
            raise StoreUnavailable(f"no hub took what was collected at {iso(turn)} about shard {shard}")

    def _subjects(self, entries: Mapping[str, DomainEntry], best: DomainViews, turn: datetime) -> list[Subject]:
        networks = Networks(self._aws(), ())
        return [
            Subject(
                Expectations(entry, turn, networks),
                {Asked(key.source, key.server, key.qname, key.qtype): view for key, view in best[domain].items()},
            )
            for domain, entry in entries.items()
        ]

    def _is_due(self, source: Collecting, subject: Subject, turn: datetime) -> bool:
        """Whether a source asks about a domain in this turn: it is the domain's, or nothing of the source is known."""
        if is_due(subject.domain, turn, source.every, self._place.index, self._place.collectors):
            return True
        kind = source.name.partition("/")[0]
        if any(asked.source == kind for asked in subject.standing):
            return False
        before = self._asked.get((source.name, subject.domain))
        return before is None or turn - before >= source.every

    def _save(
        self,
        hub: DynamoCollectStore,
        shard: int,
        turn: datetime,
        changes: Sequence[Change],
        gone: set[tuple[str, Key]],
        lacking: Iterable[tuple[str, View]],
        failed: Mapping[str, bool],
    ) -> bool:
        """Write what changed into one hub, and what it lacks of what came before; return whether it took it."""
        moved = gone | {(change.observation.domain, change.view.key) for change in changes}
        beside = [(domain, view) for domain, view in lacking if (domain, view.key) not in moved]
        try:
            before = hub.shard_report(self._region, shard)
            hub.write(self._region, changes, beside)
            hub.forget(self._region, sorted(gone))
            hub.write_shard_report(self._region, shard, _shard_report(before, turn, failed))
        except StoreUnavailable as error:
            logger.warning("%s: what was collected was not taken; a later turn repeats it: %s", hub.hub, error)
            return False
        logger.debug("%s: shard %d collected, %d changes", hub.hub, shard, len(changes))
        return True

    def _observation(self, reading: Reading, turn: datetime, version: int) -> Observation:
        return Observation(
            domain=reading.domain,
            key=self._key(reading.asked),
            server_name=reading.asked.server,
            facts=reading.facts,
            transport=Transport.TCP,
            sent=reading.sent,
            received=reading.received,
            pass_time=turn,
            watchlist_version=version,
            wire=None if reading.wire is None else reading.wire[:_WIRE],
        )

    def _key(self, asked: Asked) -> Key:
        return Key(self._region, asked.source, asked.server, asked.qname, asked.qtype)

    def _each_hub(self, read: Callable[[DynamoCollectStore], T]) -> list[tuple[DynamoCollectStore, T]]:
        """Return what each hub gives that can be read; raises StoreUnavailable when none can."""
        found, errors = [], []
        for hub in self._hubs:
            try:
                found.append((hub, read(hub)))
            except StoreUnavailable as error:
                logger.warning("%s cannot be read, so it gets this turn later: %s", hub.hub, error)
                errors.append(str(error))
        if not found:
            raise StoreUnavailable(f"no hub can be read: {'; '.join(errors)}")
        return found


def _fits(reading: Reading) -> bool:
    """Whether a reading fits into the record; one that does not would keep all others of its turn out."""
    size = sum(map(len, reading.facts.values))
    if size > _VALUES:
        logger.error("%s: %s is too large to be kept: %d characters", reading.domain, reading.asked, size)
    return size <= _VALUES


def _shard_report(before: ShardReport | None, turn: datetime, failed: Mapping[str, bool]) -> ShardReport:
    """Return what is to be said of a turn; of a source that was not asked in it, what was said before."""
    known = {} if before is None else dict(before.failing)
    return ShardReport(
        turn, known | {name: known.get(name) or turn if fails else None for name, fails in failed.items()}
    )


def _failing_everywhere(turns: Iterable[ShardReport], sources: Iterable[str]) -> dict[str, datetime]:
    """Return the sources that fail in every shard which they were asked about, with the moment since when."""
    given = list(turns)
    found: dict[str, datetime] = {}
    for name in sources:
        said = [turn.failing[name] for turn in given if name in turn.failing]
        since = [moment for moment in said if moment is not None]
        if since and len(since) == len(said):
            found[name] = max(since)
    return found
