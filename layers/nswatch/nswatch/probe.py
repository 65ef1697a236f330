"""A region's probe: one pass over one shard, from the questions to both hubs' records."""

import logging
import math
from collections.abc import Callable, Coroutine, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Protocol, TypeVar

from nswatch.errors import StoreUnavailable
from nswatch.expect.matching import Expectations
from nswatch.expect.networks import AwsRanges
from nswatch.expect.watchlist import DomainEntry, read_entry
from nswatch.model import Clock, Heartbeat, Observation
from nswatch.moments import iso
from nswatch.observe.plan import turn_start
from nswatch.observe.recorded import read_record
from nswatch.observe.task import Record
from nswatch.record.port import Briefing, ProbeStore, WatchlistHead
from nswatch.record.recorder import ShardRecorder

TOO_LATE = timedelta(seconds=60)
"""A shard message is dropped when its turn is so long past: the next one is due."""

T = TypeVar("T")
logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Watched:
    """One domain in one pass: what is expected now, and what the hubs' record of it says.

    ``first`` says that no hub holds anything of it from here.
    """

    expectations: Expectations
    record: Record
    followed: tuple[tuple[str, str], ...]
    first: bool


@dataclass(frozen=True, slots=True)
class ShardPass:
    """What one pass over a shard saw; ``incomplete`` names the domains that it did not get through."""

    observations: tuple[Observation, ...]
    incomplete: tuple[str, ...]


class Observe(Protocol):
    """Asks DNS about some domains: the only part of a pass that touches the network."""

    def __call__(
        self, watched: Sequence[Watched], pass_time: datetime, watchlist_version: int
    ) -> Coroutine[Any, Any, ShardPass]:
        """Return what one pass sees; ends within the pass's deadline and raises nothing for what the network does."""
        ...


class Queue(Protocol):
    """The shard queue of this region."""

    def send(self, shard: int, turn: datetime, delay: int) -> None:
        """Have ``shard`` worked on at ``turn``, in ``delay`` seconds."""
        ...


class Probe:
    """The probe of one region, whose place among ``regions`` says when its turn comes.

    ``aws`` gives what ``within`` means by AWS's services.
    """

    def __init__(
        self,
        region: str,
        regions: Sequence[str],
        hubs: Sequence[ProbeStore],
        observe: Observe,
        run: Callable[[Coroutine[Any, Any, ShardPass]], ShardPass],
        queue: Queue,
        clock: Clock,
        aws: Callable[[], AwsRanges],
    ) -> None:
        self._region = region
        self._regions = regions
        self._hubs = hubs
        self._observe = observe
        self._run = run
        self._queue = queue
        self._clock = clock
        self._aws = aws
        self._entries: dict[tuple[int, int], dict[str, DomainEntry]] = {}
        self._recorders: dict[tuple[str, int], ShardRecorder] = {}

    def next_turn(self) -> datetime:
        """Return when this region's next pass is due."""
        return turn_start(self._clock(), self._regions.index(self._region), len(self._regions))

    def schedule(self) -> int:
        """Queue every shard for this region's next turn; return how many: none before the first `apply`.

        Raises StoreUnavailable when no hub can be read.
        """
        held = self._heads()
        if all(head is None for _, head in held):
            logger.warning("nothing is watched yet: no hub holds a watchlist (nswatch watchlist apply FILE)")
            return 0
        head, _ = newest_watchlist(held)
        turn = self.next_turn()
        delay = max(0, math.ceil((turn - self._clock()).total_seconds()))
        for shard in range(head.shards):
            self._queue.send(shard, turn, delay)
        return head.shards

    def work(self, shard: int, turn: datetime) -> bool:
        """Make one pass over one shard and record it in each hub; False when its turn was too long ago.

        Raises StoreUnavailable when no hub took the pass; a hub that failed alone gets it with the next pass.
        """
        now = self._clock()
        if now - turn > TOO_LATE:
            logger.warning("a turn was dropped: %s is too long past (shard %d)", iso(turn), shard)
            return False
        briefings = self._briefings(shard)
        head, source = newest_watchlist([(hub, briefing.watchlist) for hub, briefing in briefings])
        entries = self._entries_of(source, head.version, shard)
        recorders = self._loaded(shard, entries, briefings)
        followed = [briefing.followed for _, briefing in briefings]
        watched = _watched(entries, recorders, followed, self._aws(), now)
        seen = self._run(self._observe(watched, turn, head.version))
        heartbeat = Heartbeat(self._region, shard, turn, head.version, seen.incomplete)
        saved = [recorder for recorder in recorders if self._save(recorder, seen, heartbeat)]
        if not saved:
            raise StoreUnavailable(f"no hub took the pass of {iso(turn)} over shard {shard}")
        return True

    def _heads(self) -> list[tuple[ProbeStore, WatchlistHead | None]]:
        heads, errors = [], []
        for hub in self._hubs:
            try:
                heads.append((hub, hub.watchlist_head()))
            except StoreUnavailable as error:
                errors.append(str(error))
        if not heads:
            raise StoreUnavailable(f"no hub can be read: {'; '.join(errors)}")
        return heads

    def _briefings(self, shard: int) -> list[tuple[ProbeStore, Briefing]]:
        briefings, errors = [], []
        for hub in self._hubs:
            try:
                briefings.append((hub, hub.briefing(self._region, shard)))
            except StoreUnavailable as error:
                logger.warning("%s cannot be read, so it gets this pass later: %s", hub.hub, error)
                errors.append(str(error))
        if not briefings:
            raise StoreUnavailable(f"no hub can be read: {'; '.join(errors)}")
        return briefings

    def _entries_of(self, hub: ProbeStore, version: int, shard: int) -> dict[str, DomainEntry]:
        """Return the entries of a shard; a version never changes, so that it is read once."""
        known = self._entries.get((version, shard))
        if known is None:
            documents = hub.shard_entries(version, shard)
            known = {domain: read_entry(domain, document) for domain, document in documents.items()}
            self._entries = {key: value for key, value in self._entries.items() if key[0] == version}
            self._entries[version, shard] = known
        return known

    def _loaded(
        self, shard: int, domains: Iterable[str], briefings: Sequence[tuple[ProbeStore, Briefing]]
    ) -> list[ShardRecorder]:
        loaded = []
        for hub, briefing in briefings:
            recorder = self._recorders.setdefault((hub.hub, shard), ShardRecorder(hub, self._region))
            try:
                recorder.load(domains, briefing.fingerprint)
            except StoreUnavailable as error:
                logger.warning("%s cannot be read, so it gets this pass later: %s", hub.hub, error)
                continue
            loaded.append(recorder)
        if not loaded:
            raise StoreUnavailable("no hub's record can be read")
        return loaded

    def _save(self, recorder: ShardRecorder, seen: ShardPass, heartbeat: Heartbeat) -> bool:
        try:
            changes = recorder.save(seen.observations, heartbeat)
        except StoreUnavailable as error:
            logger.warning("%s: the pass was not taken; the next one repeats it: %s", recorder.store.hub, error)
            return False
        logger.debug("%s: shard %d recorded, %d changes", recorder.store.hub, heartbeat.shard, changes)
        return True


def newest_watchlist(
    held: Iterable[tuple[ProbeStore, WatchlistHead | None]],
) -> tuple[WatchlistHead, ProbeStore]:
    """Return the newest watchlist that a hub holds, and that hub: an `apply` may have missed one of them.

    Raises StoreUnavailable when none holds any.
    """
    heads = [(head, hub) for hub, head in held if head is not None]
    if not heads:
        raise StoreUnavailable("no hub holds a watchlist; apply one with: nswatch watchlist apply FILE")
    return max(heads, key=lambda pair: pair[0].version)


def _watched(
    entries: Mapping[str, DomainEntry],
    recorders: Sequence[ShardRecorder],
    followed_in: Iterable[Mapping[str, Sequence[tuple[str, str]]]],
    aws: AwsRanges,
    now: datetime,
) -> list[Watched]:
    followed: dict[str, set[tuple[str, str]]] = {}
    for in_hub in followed_in:
        for domain, servers in in_hub.items():
            followed.setdefault(domain, set()).update(servers)
    watched = []
    for domain, entry in entries.items():
        views = [recorder.views.get(domain, {}) for recorder in recorders]
        expectations, record = read_record(entry, views, aws, now)
        watched.append(Watched(expectations, record, tuple(sorted(followed.get(domain, ()))), not any(views)))
    return watched
