"""The stories that faults are laid over, and what must hold of each, whatever goes wrong.

What is guaranteed, in the words of `Outcome`'s checks:

- **The page comes.** While one hub and its topic work, within 3 minutes of the moment at which it comes when nothing
  goes wrong; otherwise within 3 minutes of the first recovery (`page_by`).
- **It comes once, or twice.** No fault makes more than one page too many.
- **Nothing is told falsely.** While the hijack stands, nobody is told that it is recovering or resolved.
- **No incident is lost.** Once both hubs are back, their logs of the episode are equal as sets, both fold to the same
  incident, and both have it as recovering after the repair.
- **No history is lost.** What was seen of the hijack in the run without faults (by region, source and value) is in the
  union of the hubs' observations.

A story is minute by minute: the hijack comes at `HIJACK`, the repair at `repair`, and the run ends some minutes after
the last fault, so that copies and timers of a minute have had their time.
"""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from functools import cache
from typing import Any

from tests.faults.replaying import MINUTE, Faults, FaultyReplay

from nswatch.record import keys
from nswatch.record.log import Event
from nswatch.respond.fold import fold
from nswatch.respond.incident import Incident
from nswatch_cli.replay.onlooker import Arrival
from nswatch_cli.replay.schema import Scenario, load_scenario
from nswatch_cli.replaying import INCIDENTS

HIJACK = 2
"""The minute of the hijack: the first passes have been recorded by then."""

SOON = 3 * MINUTE

COLLECTED = 10
"""The minute in which the collectors' next turn comes: they see a hijack that stands by then."""

Sighting = tuple[str, str, str, str]
"""Region, kind of source, type asked for, and values, of an observation."""


@dataclass(frozen=True, slots=True, eq=False)
class Story:
    """A scenario of one domain: in order, then hijacked at minute `HIJACK`, then repaired at minute ``repair``."""

    scenario: Scenario
    domain: str
    repair: int
    end: int

    def at(self, minute: float) -> datetime:
        """Return a moment of the story."""
        return self.scenario.start + minute * MINUTE

    @property
    def hubs(self) -> tuple[str, ...]:
        """The hubs, the primary first."""
        return self.scenario.hubs


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of a run: what the topics delivered, and what each hub holds in the end."""

    story: Story
    arrivals: tuple[Arrival, ...]
    logs: dict[str, frozenset[tuple[int, str, datetime]]]
    incidents: dict[str, Incident | None]
    states: dict[str, str]
    seen: dict[str, dict[Sighting, datetime]]
    taken: int
    requests: int

    @property
    def pages(self) -> list[datetime]:
        """The moments at which a page about the domain came."""
        told = [each for each in self.arrivals if each.delivery.about == self.story.domain]
        return [each.at for each in told if each.delivery.kind == "page"]

    @property
    def forged(self) -> set[Sighting]:
        """What was seen first while the hijack stood, and right clocks told the time."""
        first = [pair for seen in self.seen.values() for pair in seen.items()]
        return {sighting for sighting, at in first if self.story.at(HIJACK) <= at < self.story.at(self.story.repair)}

    def kinds(self, about: str) -> list[str]:
        """Return why messages about a group came, in their order."""
        return [each.delivery.kind for each in self.arrivals if each.delivery.about == about]

    def check(self, page_by: datetime | None = None) -> None:
        """Assert what must hold; ``page_by`` where no hub worked at first is the first recovery and 3 minutes."""
        whole = without_faults(self.story)
        self.check_page(page_by)
        self.check_told()
        self.check_kept()
        lost = whole.forged - {sighting for seen in self.seen.values() for sighting in seen}
        assert not lost, f"no hub holds what was seen of the hijack: {sorted(lost)}"

    def check_page(self, page_by: datetime | None = None) -> None:
        """Assert that the page came in time, and at most once too often."""
        (usual,) = without_faults(self.story).pages
        assert self.pages, "no page came"
        assert self.pages[0] <= (page_by or usual + SOON), f"the page came at {self.pages[0]}"
        assert len(self.pages) <= 2, f"pages came at {self.pages}"

    def check_told(self) -> None:
        """Assert that no end was told before the repair."""
        early = [each for each in self.arrivals if each.at < self.story.at(self.story.repair)]
        about = [each.delivery.kind for each in early if each.delivery.about == self.story.domain]
        assert not {"recovering", "resolved"} & set(about), f"told while it stands: {about}"

    def check_kept(self) -> None:
        """Assert that both hubs hold the same incident in the end."""
        first, second = self.story.hubs
        assert self.logs[first] == self.logs[second]
        assert self.incidents[first] == self.incidents[second]
        assert set(self.states.values()) == {"recovering"}


def run(story: Story, faults: Faults, end: float | None = None) -> Outcome:
    """Play a story with faults laid over it."""
    with FaultyReplay(story.scenario, faults) as replay:
        replay.play(story.at(story.end if end is None else end))
        return outcome(story, replay)


def outcome(story: Story, replay: FaultyReplay) -> Outcome:
    """Return what has come of a replay; what a lost hub holds is read all the same."""
    replay.cloud.down = set()
    logs = {hub: replay.store(hub).events(story.domain) for hub in story.hubs}
    return Outcome(
        story=story,
        arrivals=tuple(replay.arrivals),
        logs={hub: frozenset((event.episode, event.id, event.at) for event in log) for hub, log in logs.items()},
        incidents={hub: _newest(log) for hub, log in logs.items()},
        states={hub: replay.store(hub).head(story.domain).state for hub in story.hubs},
        seen={hub: dict(reversed([*_sightings(story, replay, hub)])) for hub in story.hubs},
        taken=sum(fault.taken for fault in replay.plan.faults),
        requests=replay.plan.number,
    )


@cache
def without_faults(story: Story) -> Outcome:
    """Return what comes of a story when nothing goes wrong."""
    return run(story, Faults())


def _newest(log: list[Event]) -> Incident | None:
    newest = max((event.episode for event in log), default=0)
    return fold(event for event in log if event.episode == newest)


def _sightings(story: Story, replay: FaultyReplay, hub: str) -> Iterable[tuple[Sighting, datetime]]:
    """Yield the NS and MX of a hub's history, with the passes that saw them.

    Which server was asked does not count: they take turns. Nor does a resolver's word.
    """
    for region in story.scenario.regions:
        for item in replay.store(hub).table.query(keys.probe_pk(region, story.domain), "obs#"):
            _, moment, source, *_, qtype = item["sk"].split("#")
            values = json.loads(item["facts"])["values"]
            if values and qtype in ("NS", "MX") and source != "recursive":
                yield (region, source, qtype, " ".join(values)), datetime.fromisoformat(moment)


def _shortened(name: str, domain: str, hijack: int, repair: int, end: int) -> Story:
    """Return a case that comes with nswatch, with one of its steps as the hijack, and its beginning as the repair."""
    whole = load_scenario(INCIDENTS / f"{name}.yaml")
    forged, genuine = whole.steps[hijack].world, whole.world
    if repair >= COLLECTED:
        forged, genuine = _all_registered(forged), _all_registered(genuine)
    steps = (
        replace(whole.steps[hijack], at=HIJACK, moment=whole.start + HIJACK * MINUTE, world=forged),
        replace(whole.steps[hijack], at=repair, moment=whole.start + repair * MINUTE, world=genuine),
    )
    return Story(replace(whole, world=genuine, steps=steps), domain, repair, end)


def _all_registered(world: Mapping[str, Any]) -> dict[str, Any]:
    """Return a world in which every domain has long been registered: that one is free to take pages by itself."""
    return {**world, "registered_domains": {}}


@cache
def coincheck(repair: int = 7, end: int = 11) -> Story:
    """Return Coincheck's case in a few minutes: the registry publishes look-alikes, and is repaired."""
    return _shortened("coincheck-2020", "coincheck.com", 1, repair, end)


@cache
def mx_only(repair: int = 7, end: int = 11) -> Story:
    """Return a perfect clone on the genuine servers, of which only MX differs."""
    return _shortened("adv-mx-only", "victim.example", 0, repair, end)
