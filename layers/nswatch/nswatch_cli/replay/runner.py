"""Replaying a scenario: the product's own probes, record, comparators and topics, driven through skipped time.

Simulated are the far end of the network (`SimulatedInternet`), the clock (`VirtualTimeLoop`) and the AWS endpoint
(`Cloud`). Time moves minute by minute only where something is to be seen: for the minute before a step or a timer (so
that a jump is no silence), and for `LOOK_AFTER` behind a step. Everything between is skipped to what is next due.
"""

from asyncio import AbstractEventLoop
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, ExitStack
from datetime import datetime, timedelta
from typing import Any

from nswatch.collect.candidates import Candidates
from nswatch.collector import Collector
from nswatch.errors import StoreUnavailable
from nswatch.model import Clock
from nswatch.observe.plan import share
from nswatch.observe.turns import short_turns
from nswatch.probe import Probe
from nswatch.record.keys import shard_count
from nswatch.respond.comparator import Comparator
from nswatch.respond.groups import VANTAGE
from nswatch.schedule import DELEGATION
from nswatch.wiring import DnsObserver, build_comparator, build_hub, build_probe
from nswatch_cli.replay.cloud import NAME, Cloud, Delivery
from nswatch_cli.replay.collecting import collector_of
from nswatch_cli.replay.looks import look_at
from nswatch_cli.replay.onlooker import Arrival, Observer, Silent
from nswatch_cli.replay.schema import Scenario, State, Step, with_newcomers
from nswatch_cli.replay.servers import SimulatedInternet
from nswatch_cli.replay.verdict import StepReport
from nswatch_cli.replay.virtualtime import VirtualTimeLoop
from nswatch_cli.replay.world import World
from nswatch_cli.watchlist.applying import carry_out, plan_apply
from nswatch_cli.watchlist.completing import completing
from nswatch_cli.watchlist.load import read_watchlist
from nswatch_cli.watchlist.lock import Lock
from nswatch_cli.watchlist.looking import look_from_here
from nswatch_cli.watchlist.subscriptions import subscribe

MINUTE = timedelta(minutes=1)
LOOK_AFTER = timedelta(minutes=4)
"""Passes run for so long behind a step before it is looked at."""
COLLECT_EVERY = timedelta(minutes=10)
"""So long passes run on before the collectors are asked again that nobody skipped time for."""


class Replay(AbstractContextManager["Replay"]):
    """One scenario, ready to run while entered. ``codes`` limits what is judged; None judges every code."""

    def __init__(
        self, scenario: Scenario, *, codes: frozenset[str] | None = None, observer: Observer | None = None
    ) -> None:
        self.scenario = scenario
        self.codes = codes
        self.cloud = Cloud(scenario.hubs)
        self.arrivals: list[Arrival] = []
        self._observer: Observer = observer or Silent()
        self._stack = ExitStack()
        self._loop = VirtualTimeLoop(scenario.start)
        self._loop.set_exception_handler(self._remember)
        self._broken: list[BaseException] = []
        self._rounds = 0
        self._turned = scenario.start
        """Turns before this have been taken, or were skipped."""

    def __enter__(self) -> "Replay":
        """Start the simulated network and clouds, and apply the watchlist of minute 0."""
        scenario = self.scenario
        with ExitStack() as stack:
            stack.callback(self._loop.close)
            stack.enter_context(self.cloud)
            self._world = World(
                scenario.world,
                regions=scenario.regions,
                start=scenario.start,
                clock=self._loop.now,
                foreseen=[step.world for step in scenario.steps],
                watchlists=[scenario.watchlist, *(step.watchlist for step in scenario.steps)],
            )
            self._internet = SimulatedInternet(self._world, self._loop)
            stack.callback(lambda: self._loop.run_until_complete(self._internet.aclose()))
            self._probes = {region: self._probe(region) for region in scenario.regions}
            self._stores = {hub: build_hub(NAME, hub, self.cloud.clients) for hub in scenario.hubs}
            self._comparators = {hub: self._comparator(hub) for hub in scenario.hubs}
            self._collectors = {hub: self._collector(hub) for hub in scenario.hubs}
            self._shards = 1
            self._lock: Lock = {}
            self._apply(scenario.watchlist)
            self._collect()
            self._stack = stack.pop_all()
        return self

    def __exit__(self, *exc: object) -> None:
        """Stop it all."""
        self._stack.close()

    @property
    def now(self) -> datetime:
        """The virtual moment."""
        return self._loop.now()

    def clock_of(self, region: str) -> Clock:  # noqa: ARG002 - a region with a wrong clock overrides this
        """Return the clock of what runs in a region."""
        return self._loop.now

    def run(self) -> Iterator[StepReport]:
        """Run to the end, yielding each step's report as its look comes."""
        early: list[Arrival] = []
        for position, step in enumerate(self.scenario.steps):
            at = step.moment
            self._go_to(at)
            if position == 0:
                early = list(self.arrivals)
            following = self.scenario.steps[position + 1 : position + 2]
            yield self._step(step, at, following[0].moment if following else None, early if position == 0 else [])

    def _step(self, step: Step, at: datetime, following: datetime | None, early: Sequence[Arrival]) -> StepReport:
        if step.watchlist_changed:
            self._world.apply(with_newcomers(self._world.state, step.world, self._domains), at)
            self._apply(step.watchlist)
        went, announced = self._world.goes(step.world), self._world.networks
        self._world.apply(step.world, at)
        if self._world.networks != announced:
            # New workers, as Lambda starts them now and then: these remember who announces an address for an hour.
            self._probes = {region: self._probe(region) for region in self.scenario.regions}
        self.cloud.down = set(self._world.hubs_down)
        self._observer.step(step, at)
        until = at + LOOK_AFTER
        if following is not None:
            until = min(until, following)
        if until - at > MINUTE:
            self._pass_until(at + MINUTE)
            self._collect(all_hubs=step.watchlist_changed or went)
        self._pass_until(until)
        up = self._up()
        hub = self._stores[up[0]] if up else None
        report = look_at(step, at, self.arrivals, early, hub, (*self._domains, VANTAGE), self.codes)
        self._observer.looked(report, self.now)
        return report

    def _probe(self, region: str) -> Probe:
        settings = self.cloud.settings(region, self.scenario.regions)
        clock = self.clock_of(region)
        route, web = self._internet.route(region), self._internet.web(region)
        observe = DnsObserver(region, self.scenario.regions, clock, route=route, web=web)
        run: Callable[..., Any] = self._loop.run_until_complete
        return build_probe(
            settings,
            clock=clock,
            observe=observe,
            run=run,
            aws=lambda: self._world.aws,
            clients=self.cloud.clients,
        )

    def _comparator(self, hub: str) -> Comparator:
        settings = self.cloud.settings(hub, self.scenario.regions)
        return build_comparator(
            settings,
            clock=self.clock_of(hub),
            aws=lambda: self._world.aws,
            codes=self.codes,
            clients=self.cloud.clients,
        )

    def _collector(self, hub: str) -> Collector:
        return collector_of(
            self.cloud.settings(hub, self.scenario.regions),
            self.clock_of(hub),
            self._internet,
            run=self._loop.run_until_complete,
            clients=self.cloud.clients,
            aws=lambda: self._world.aws,
        )

    def _apply(self, watchlist: State) -> None:
        """Apply a watchlist as the command line does, baselining what is new: the hubs that are down miss it."""
        here = self.scenario.regions[0]
        self._world.begin_pass(here)
        run: Callable[..., Any] = self._loop.run_until_complete
        route = self._internet.route(here)
        look = look_from_here(self._loop.now, self._world.aws, route=route, run=run)
        baselines = completing(self._lock, look, self.now, self._world.aws)
        plan = plan_apply(list(self._stores.values()), read_watchlist(watchlist), self.now, baselines)
        carry_out(plan, "replay", self.now)
        for hub in self._up() if plan.alerts else ():
            subscribe(self.cloud.clients.sns(hub), self.cloud.topics(hub), plan.alerts)
        self._lock = plan.lock
        self._shards = shard_count(len(plan.entries))
        self._intervals = {entry.get("delegation_every", 60) for entry in plan.entries.values()}
        self._domains = tuple(plan.entries)

    def _up(self) -> list[str]:
        return [hub for hub in self.scenario.hubs if hub not in self.cloud.down]

    def body_of(self, delivery: Delivery) -> str:
        """Return a delivered message's texts by protocol, as the hub gave them to its topic."""
        messages = self._stores[delivery.hub].outbox(delivery.about)
        return next(message.body for message in messages if message.sns_id == delivery.sns_id)

    # Time

    def _go_to(self, moment: datetime) -> None:
        """Skip to ``moment``, doing what falls due on the way, with a pass just before each."""
        while True:
            due = self._next_due()
            stop = moment if due is None or due >= moment else max(due, self.now)
            self._skip_to(stop - MINUTE)
            if stop >= moment:
                self._collect(seldom=False)
            self._pass_until(stop)
            if stop >= moment:
                return

    def _next_due(self) -> datetime | None:
        dues = [self._stores[hub].next_due(self.now) for hub in self._up()]
        return min((due for due in dues if due is not None), default=None)

    def _skip_to(self, moment: datetime) -> None:
        if moment > self.now:
            if moment - self.now > MINUTE:
                self._collected = moment  # a jump is no silence
                self._turned = max(self._turned, self._minute(moment))
            self._loop.jump_to(moment)

    def _pass_until(self, end: datetime) -> None:
        """Let regions take turns, and comparators run, minute by minute until ``end``.

        What came due while the collectors asked is late, as a message in a queue is, and not lost: a region asks each
        server once in so many minutes.
        """
        while self._turned < end:
            minute = self._minute(self._turned)
            for turn, _, region, only in self._turns(minute):
                if not self._turned <= turn < end:
                    continue
                self._skip_to(turn)
                self._pass(region, turn, only)
            self._turned = min(end, minute + MINUTE)
            self._skip_to(self._turned)
            if self.now - self._collected >= COLLECT_EVERY:
                self._collect(seldom=False)
            self._compare()

    def _minute(self, moment: datetime) -> datetime:
        """Return when the minute began that ``moment`` is in."""
        return moment - (moment - self.scenario.start) % MINUTE

    def _turns(self, minute: datetime) -> list[tuple[datetime, int, str, str]]:
        """Return the turns of a minute in their order: moment, the region's place, region, and what is asked only."""
        regions = self.scenario.regions
        turns = []
        for position, region in enumerate(regions):
            full = minute + share(position, len(regions))
            turns.append((full, position, region, ""))
            turns += [
                (minute + (short - minute) % MINUTE, position, region, DELEGATION)
                for short in short_turns(full, self._intervals, position, len(regions))
            ]
        return sorted(turns)

    def _pass(self, region: str, turn: datetime, only: str = "") -> None:
        if region in self._world.silent_regions:
            return
        self._world.begin_pass(region)
        try:
            for shard in range(self._shards):
                self._probes[region].work(shard, turn, only)
        except StoreUnavailable:
            return  # both hubs are down: the pass is lost, as it is in Lambda
        if self._broken:
            raise self._broken[0]
        self._observer.passed(region, self.now)
        self._stream()

    def _stream(self, *, canaries: bool = False) -> None:
        """Hand the tables' changes to the comparators, as the streams do; ``canaries`` that alone came too."""
        for hub in self._up():
            records = self.cloud.records(hub, canaries=canaries)
            if records:
                self._comparators[hub].on_records(records)
        self._receive()

    def _collect(self, *, seldom: bool = True, all_hubs: bool = False) -> None:
        """Let the collectors ask about everything; they run where their hub does.

        With ``seldom`` also about the hundreds of look-alikes. After the first time they take turns at those, as
        collectors do; without it they take turns at everything. With ``all_hubs`` nobody waits for its turn: what a
        watchlist has come to name, or what is free now, must be known in each hub before the next step changes it.
        """
        self._collected = self.now
        up = self._up()
        for place, hub in enumerate(up):
            its_turn = all_hubs or not self._rounds or self._rounds % len(up) == place
            asked = _every if its_turn and seldom else _quick if its_turn or seldom else _none
            try:
                self._collectors[hub].collect_now(self.now, asked)
            except StoreUnavailable:
                continue  # the turn is lost, as it is in Lambda
        self._rounds += seldom
        if self._broken:
            raise self._broken[0]
        self._stream()

    def _compare(self) -> None:
        self._stream(canaries=True)
        for hub in self._up():
            self._comparators[hub].on_schedule()
        self._stream()

    def _receive(self) -> None:
        for hub in self.scenario.hubs:
            for delivery in self.cloud.deliveries(hub):
                self.arrivals.append(Arrival(self.now, delivery))
                self._observer.delivered(delivery, self.now)

    def _remember(self, _loop: AbstractEventLoop, context: dict[str, Any]) -> None:
        """Keep an error inside a simulated server: it must not pass for a server that does not answer."""
        self._broken.append(context.get("exception") or RuntimeError(context["message"]))


def _every(_source: str) -> bool:
    return True


def _quick(source: str) -> bool:
    return source != Candidates.name


def _none(_source: str) -> bool:
    return False  # it is nothing's turn: the collector only reports that it runs
