"""A region's probe: one pass over one shard, from the questions to both hubs' records."""

import logging
from collections.abc import Callable, Coroutine, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any, Protocol

from nswatch.errors import StoreUnavailable
from nswatch.expect.matching import Expectations
from nswatch.expect.networks import AwsRanges
from nswatch.expect.watchlist import DomainEntry, read_entry
from nswatch.expect.web import LATENCY, site_of
from nswatch.model import Clock, Facts, Heartbeat, Key, Observation, Source
from nswatch.moments import iso
from nswatch.observe.plan import ROUND
from nswatch.observe.recorded import read_record
from nswatch.observe.task import Record
from nswatch.observe.turns import TOO_LATE, is_short_turn
from nswatch.record.heads import newest_watchlist
from nswatch.record.port import Briefing, ProbeStore, WatchlistHead
from nswatch.record.recorder import Gone, Rotates, ShardRecorder, next_view
from nswatch.schedule import DELEGATION

REMEMBERED = 240
"""Of so many shards, hubs counted apart, a worker remembers what stands: of 100 in two hubs, and of the short passes
over 20. More would not fit into the function's memory; what it forgets it reads again."""

AWAY_AFTER = timedelta(minutes=ROUND)
"""After a pause so long a pass asks everything. The heartbeat of a pass vouches for all that stands in a hub, which in
regular passes was asked a few minutes ago; after a pause it may be days old, and wrong since."""

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Watched:
    """One domain in one pass: what is expected now, and what the hubs' record of it says.

    It is asked ``everything`` where no hub holds anything of it from here, or a hub heard nothing from here for long.
    Of its web site's slowness ``latencies`` are those of a heartbeat, ``latency`` the facts that stand.
    """

    expectations: Expectations
    record: Record
    followed: tuple[tuple[str, str], ...]
    everything: bool
    latencies: tuple[int, ...] = ()
    latency: Facts | None = None


@dataclass(frozen=True, slots=True)
class ShardPass:
    """What one pass over a shard saw; ``incomplete`` names the domains that it did not get through.

    ``canary`` is what it heard of the canary (`nswatch.expect.canary`), where it was to ask. ``gone`` tells, for
    domains that it got through, which standing views could not be asked for any more; ``rotates``, which answers are
    as good as others. ``latencies`` go into the heartbeat.
    """

    observations: tuple[Observation, ...]
    incomplete: tuple[str, ...]
    canary: tuple[Observation, ...] = ()
    gone: Gone = field(default_factory=dict)
    rotates: Rotates = field(default_factory=dict)
    latencies: Mapping[str, tuple[int, ...]] = field(default_factory=dict)


class Observe(Protocol):
    """Asks DNS about some domains: the only part of a pass that touches the network."""

    def __call__(
        self,
        watched: Sequence[Watched],
        pass_time: datetime,
        watchlist_version: int,
        *,
        canary: bool = False,
        short: bool = False,
    ) -> Coroutine[Any, Any, ShardPass]:
        """Return what one pass sees; ends within the pass's deadline and raises nothing for what the network does.

        With ``canary`` it asks for the canary as well. A ``short`` pass asks the parent alone.
        """
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
        clock: Clock,
        aws: Callable[[], AwsRanges],
        release: str = "",
    ) -> None:
        self._region = region
        self._place = regions.index(region), len(regions)
        self._hubs = hubs
        self._observe = observe
        self._run = run
        self._clock = clock
        self._aws = aws
        self._release = release
        self._entries: dict[tuple[int, int], dict[str, DomainEntry]] = {}
        self._recorders: dict[tuple[str, int, bool], ShardRecorder] = {}

    def work(self, shard: int, turn: datetime, only: str = "") -> bool:
        """Make one pass over one shard and record it in each hub; False when its turn was too long ago.

        ``only`` is that of a `ShardMessage`. A message may come twice, late or out of order: what it sees is recorded
        beside what stands by then. Raises StoreUnavailable when no hub took the pass; a hub that failed alone gets it
        with the next pass.
        """
        now = self._clock()
        if now - turn > TOO_LATE:
            logger.warning("a turn was dropped: %s is too long past (shard %d)", iso(turn), shard)
            return False
        briefings = self._briefings(shard)
        head, source = newest_watchlist([(hub, briefing.watchlist) for hub, briefing in briefings])
        entries = self._entries_of(source, head.version, shard)
        if only == DELEGATION:
            self._make_short_pass(shard, turn, head, entries, briefings)
            return True
        recorders = self._loaded(shard, entries, briefings)
        followed = [briefing.followed for _, briefing in briefings]
        watched = [
            self._with_latency(each, recorders, briefings)
            for each in _watched(entries, recorders, followed, self._aws(), now, again=_was_away(turn, briefings))
        ]
        seen = self._run(self._observe(watched, turn, head.version, canary=shard == 0))
        heartbeat = Heartbeat(
            self._region, shard, turn, head.version, seen.incomplete, self._release, latencies=seen.latencies
        )
        saved = [recorder for recorder in recorders if self._save(recorder, seen, heartbeat)]
        if not saved:
            raise StoreUnavailable(f"no hub took the pass of {iso(turn)} over shard {shard}")
        return True

    def _make_short_pass(
        self,
        shard: int,
        turn: datetime,
        head: WatchlistHead,
        entries: Mapping[str, DomainEntry],
        briefings: Sequence[tuple[ProbeStore, Briefing]],
    ) -> None:
        """Ask the parent of those domains that are due between full passes, and record what changed.

        A domain without any record waits for its full pass, which then is its first and asks everything.
        """
        due = {
            domain: entry
            for domain, entry in entries.items()
            if is_short_turn(turn, entry.delegation_every, *self._place)
        }
        recorders = self._loaded(shard, due, briefings, short=True)
        watched = [each for each in _watched(due, recorders, (), self._aws(), self._clock()) if not each.everything]
        seen = self._run(self._observe(watched, turn, head.version, short=True))
        saved = [recorder for recorder in recorders if self._save_some(recorder, seen, shard)]
        if not saved:
            raise StoreUnavailable(f"no hub took the short pass of {iso(turn)} over shard {shard}")

    def _with_latency(
        self, watched: Watched, recorders: Sequence[ShardRecorder], briefings: Iterable[tuple[ProbeStore, Briefing]]
    ) -> Watched:
        """Return a domain with what the hubs know of its web site's slowness: the newest heartbeat, the newest view."""
        domain = watched.expectations.entry.domain
        site = site_of(watched.expectations.entry.web)
        if site is None:
            return watched
        beats = [briefing.fingerprint.heartbeat for _, briefing in briefings if briefing.fingerprint is not None]
        newest = max(beats, key=lambda beat: beat.pass_time, default=None)
        key = Key(self._region, Source.WEB, site.host, site.host, LATENCY)
        held = [view for recorder in recorders if (view := recorder.views.get(domain, {}).get(key)) is not None]
        latest = max(held, key=lambda view: view.last_seen, default=None)
        return replace(
            watched,
            latencies=() if newest is None else newest.latencies.get(domain, ()),
            latency=None if latest is None else latest.facts,
        )

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
        self,
        shard: int,
        domains: Iterable[str],
        briefings: Sequence[tuple[ProbeStore, Briefing]],
        *,
        short: bool = False,
    ) -> list[ShardRecorder]:
        """Return the hubs' recorders with what stands for ``domains``; those of short passes hold few of a shard."""
        loaded: list[ShardRecorder] = []
        for hub, briefing in briefings:
            recorder = self._recorder(hub, shard, short=short)
            try:
                recorder.load(domains, briefing.fingerprint, loaded[0].views if loaded else None)
            except StoreUnavailable as error:
                logger.warning("%s cannot be read, so it gets this pass later: %s", hub.hub, error)
                continue
            loaded.append(recorder)
        if not loaded:
            raise StoreUnavailable("no hub's record can be read")
        return loaded

    def _recorder(self, hub: ProbeStore, shard: int, *, short: bool) -> ShardRecorder:
        """Return the recorder of a hub and a shard; which one was used longest ago is forgotten when there are many."""
        recorder = self._recorders.pop((hub.hub, shard, short), None) or ShardRecorder(hub, self._region)
        self._recorders[hub.hub, shard, short] = recorder
        if len(self._recorders) > REMEMBERED:
            del self._recorders[next(iter(self._recorders))]
        return recorder

    def _save(self, recorder: ShardRecorder, seen: ShardPass, heartbeat: Heartbeat) -> bool:
        try:
            changes = recorder.save(seen.observations, heartbeat, seen.gone, seen.rotates)
        except StoreUnavailable as error:
            logger.warning("%s: the pass was not taken; the next one repeats it: %s", recorder.store.hub, error)
            return False
        logger.debug("%s: shard %d recorded, %d changes", recorder.store.hub, heartbeat.shard, changes)
        if seen.canary:
            self._save_canary(recorder.store, seen)
        return True

    def _save_some(self, recorder: ShardRecorder, seen: ShardPass, shard: int) -> bool:
        try:
            recorder.save_some(seen.observations, shard)
        except StoreUnavailable as error:
            logger.warning("%s: the short pass was not taken: %s", recorder.store.hub, error)
            return False
        return True

    def _save_canary(self, hub: ProbeStore, seen: ShardPass) -> None:
        """Record the canary behind the heartbeat; where that fails the hub misses it, and says so."""
        try:
            hub.write_canary([next_view(None, observation) for observation in seen.canary])
        except StoreUnavailable as error:
            logger.warning("%s: the canary was not taken: %s", hub.hub, error)


def _watched(
    entries: Mapping[str, DomainEntry],
    recorders: Sequence[ShardRecorder],
    followed_in: Iterable[Mapping[str, Sequence[tuple[str, str]]]],
    aws: AwsRanges,
    now: datetime,
    *,
    again: bool = False,
) -> list[Watched]:
    followed: dict[str, set[tuple[str, str]]] = {}
    for in_hub in followed_in:
        for domain, servers in in_hub.items():
            followed.setdefault(domain, set()).update(servers)
    watched = []
    for domain, entry in entries.items():
        views = [recorder.views.get(domain, {}) for recorder in recorders]
        expectations, record = read_record(entry, views, aws, now)
        everything = again or not any(views)
        watched.append(Watched(expectations, record, tuple(sorted(followed.get(domain, ()))), everything))
    return watched


def _was_away(turn: datetime, briefings: Iterable[tuple[ProbeStore, Briefing]]) -> bool:
    """Whether a hub heard nothing of this shard from here for so long that each question may have missed its turn."""
    heard = [briefing.fingerprint for _, briefing in briefings]
    return any(each is None or turn - each.heartbeat.pass_time >= AWAY_AFTER for each in heard)
