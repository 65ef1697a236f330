"""A replay with faults: Lambda's ways with functions and streams, lost hubs, wrong clocks, late passes.

`Replay` drives the product through a story as if nothing of it could fail. `FaultyReplay` adds what happens around a
failure: an invocation that raises is over; a worker that was killed begins anew without its memory; the stream brings
a batch again from the first record that failed, gives up after Lambda's retries, and can be late, double, out of order
or lose records; a hub that is lost takes no call and runs nothing.
"""

import heapq
import random
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial
from typing import Any

from tests.faults.plan import FaultPlan, Killed

from nswatch.errors import NswatchError
from nswatch.model import Clock
from nswatch.probe import Probe
from nswatch.record.hub_store import DynamoHubStore
from nswatch_cli.replay.runner import Replay
from nswatch_cli.replay.schema import Scenario

SECOND, MINUTE = timedelta(seconds=1), timedelta(minutes=1)
NEVER = timedelta(days=1)

STREAM_RETRIES = 3
STREAM_AGE = 300 * SECOND
"""How often, and for how long, Lambda brings a record again (template.yaml)."""

Record = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Lost:
    """A hub takes no call and runs nothing from ``since`` until ``until``."""

    hub: str
    since: datetime
    until: datetime


@dataclass(frozen=True, slots=True)
class Streams:
    """How one hub's stream misbehaves between ``since`` and ``until``: by the moment at which a record is written.

    ``delay`` postpones it, ``times`` is how often it comes, ``shuffled`` (a seed) mixes each batch, ``lost`` drops it.
    """

    hub: str
    since: datetime
    until: datetime
    delay: timedelta = timedelta()
    times: int = 1
    shuffled: int | None = None
    lost: bool = False


@dataclass(slots=True)
class Faults:
    """All that goes wrong in one run.

    ``idle`` is from when until when no hub's comparator runs; passes go on and are recorded.

    ``passes`` says after which delays a region's turn is worked on: once and at once where nothing goes wrong.
    """

    plan: FaultPlan = field(default_factory=lambda: FaultPlan([]))
    lost: tuple[Lost, ...] = ()
    streams: tuple[Streams, ...] = ()
    idle: tuple[datetime, datetime] | None = None
    skew: Mapping[str, timedelta] = field(default_factory=dict)
    passes: Callable[[str, datetime], Iterable[timedelta]] = lambda _region, _turn: (timedelta(),)


class FaultyReplay(Replay):
    """A replay over which faults are laid while entered."""

    def __init__(self, scenario: Scenario, faults: Faults) -> None:
        self.faults = faults
        super().__init__(scenario)
        self.plan = faults.plan
        self.plan.clock, self.plan.wait = self._loop.now, lambda time: self._loop.jump_to(self.now + time)
        self._pending: list[tuple[datetime, int, str, datetime, str]] = []
        self._records: dict[str, list[tuple[datetime, datetime, int, Record]]] = {hub: [] for hub in scenario.hubs}
        self._steps = list(scenario.steps)
        self._count = 0
        self.given_up: list[Record] = []

    def __enter__(self) -> "FaultyReplay":
        """Begin as a replay does, without faults; they come with the first pass."""
        super().__enter__()
        self.cloud.wire = self.plan
        return self

    def play(self, until: datetime) -> None:
        """Run the steps that come until ``until``, and passes every minute."""
        while self._steps and self._steps[0].moment <= until:
            step = self._steps.pop(0)
            self._pass_until(step.moment)
            if step.watchlist_changed:
                self._apply(step.watchlist)
            self._world.apply(step.world, step.moment)
        self._pass_until(until)

    def wait_until(self, moment: datetime) -> None:
        """Let time pass, in which nothing else happens."""
        self._skip_to(moment)

    def store(self, hub: str) -> DynamoHubStore:
        """Return a hub's record, to be read past all faults."""
        return self._stores[hub]

    def clock_of(self, region: str) -> Clock:
        """See `Replay`."""
        skew = self.faults.skew.get(region, timedelta())
        return lambda: self._loop.now() + skew

    # The functions

    def work(self, region: str, turn: datetime, only: str = "") -> None:
        """Have a region's probe work on a turn, or make a short pass."""
        for shard in range(self._shards):
            self._invoke(f"probe/{region}", partial(self._probes[region].work, shard, turn, only))
        if self._broken:
            raise self._broken[0]

    def another_probe(self, region: str) -> Probe:
        """Return another worker of a region's probe, which knows nothing of the first one's memory."""
        return self._probe(region)

    def look(self, hub: str, domain: str) -> None:
        """Have another worker of a hub's comparator judge a domain."""
        self._invoke(f"comparator/{hub}", partial(self._comparator(hub).look_at_domain, domain))

    def _invoke(self, caller: str, work: Callable[[], object]) -> bool:
        kind, _, region = caller.partition("/")
        with self.plan.calling(caller):
            try:
                work()
            except NswatchError:
                return False
            except Killed:
                if kind == "probe":
                    self._probes[region] = self._probe(region)
                else:
                    self._comparators[region] = self._comparator(region)
                return False
        return True

    def _go_down(self) -> None:
        self.cloud.down = {one.hub for one in self.faults.lost if one.since <= self.now < one.until}

    # What the replay's clock calls

    def _pass(self, region: str, turn: datetime, only: str = "") -> None:
        for delay in self.faults.passes(region, turn):
            self._count += 1
            heapq.heappush(self._pending, (turn + delay, self._count, region, turn, only))
        while self._pending and self._pending[0][0] <= self.now:
            _, _, region, turn, only = heapq.heappop(self._pending)
            if region in self._world.silent_regions:
                continue
            self._go_down()
            self._world.begin_pass(region)
            self.work(region, turn + self.faults.skew.get(region, timedelta()), only)
            self._stream()

    def _compare(self) -> None:
        self._go_down()
        self._stream(canaries=True)
        for hub in () if self._idle else self._up():
            self._invoke(f"comparator/{hub}", self._comparators[hub].on_schedule)
        self._stream()

    def _stream(self, *, canaries: bool = False) -> None:
        for hub in self.scenario.hubs:
            for record in self.cloud.records(hub, canaries=canaries):
                self._file(hub, record)
            if hub not in self.cloud.down and not self._idle:
                self._bring(hub)
        self._receive()

    @property
    def _idle(self) -> bool:
        return self.faults.idle is not None and self.faults.idle[0] <= self.now < self.faults.idle[1]

    def _file(self, hub: str, record: Record) -> None:
        """Put a record where its stream has it wait, as the function's filter lets it through."""
        keys = record["dynamodb"]["Keys"]
        partition, sort_key = keys["pk"]["S"], keys["sk"]["S"]
        record = {**record, "dynamodb": {**record["dynamodb"], "ApproximateCreationDateTime": self.now.timestamp()}}
        view = partition.startswith("probe#") and sort_key.startswith("latest#")
        if not view and (sort_key != "expectation" or record["eventName"] == "REMOVE"):
            return
        for how in self.faults.streams:
            if how.hub == hub and how.since <= self.now < how.until:
                due, times = self.now + how.delay, 0 if how.lost else how.times
                self._records[hub] += [(due, self.now, 0, record)] * times
                if how.shuffled is not None:
                    random.Random(how.shuffled + len(self._records[hub])).shuffle(self._records[hub])
                return
        self._records[hub].append((self.now, self.now, 0, record))

    def _bring(self, hub: str) -> None:
        """Bring what is due in batches of a hundred, a batch that failed again at once, and then a second later."""
        waiting = [each for each in self._records[hub] if each[0] > self.now]
        due = [each for each in self._records[hub] if each[0] <= self.now]
        self._records[hub] = waiting
        if self.faults.idle is not None:  # what nobody took in time never comes
            self.given_up += [record for _, since, _, record in due if self.now - since > STREAM_AGE]
            due = [each for each in due if self.now - each[1] <= STREAM_AGE]
        while due:
            batch, due = due[:100], due[100:]
            failed = self._batch(hub, batch)
            for at, since, tries, record in failed:
                if tries == STREAM_RETRIES or self.now - since > STREAM_AGE:
                    self.given_up.append(record)
                else:
                    due.insert(0, (at, since, tries + 1, record))

    def _batch(self, hub: str, batch: list[tuple[datetime, datetime, int, Record]]) -> list[Any]:
        failed: list[str] = []
        records = [record for _, _, _, record in batch]
        if not self._invoke(f"comparator/{hub}", lambda: failed.extend(self._comparators[hub].on_records(records))):
            return batch
        if not failed:
            return []
        numbers = [record["dynamodb"]["SequenceNumber"] for record in records]
        return batch[min(numbers.index(number) for number in failed) :]
