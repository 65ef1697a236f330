"""Reading a scenario: its outline, and the world and watchlist as they are after each step."""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from nswatch.errors import InvalidDocument, InvalidName
from nswatch.names import normalise
from nswatch_cli.conform import UNKNOWN_KEY, conform, has_free_keys, known_keys, nearest_key
from nswatch_cli.document import Document, KeyPath, Problem, in_memory, load, render
from nswatch_cli.replay.consistency import outline_troubles, world_troubles
from nswatch_cli.replay.shape import Expect, Outline, World
from nswatch_cli.watchlist.fields import check_address, check_network
from nswatch_cli.watchlist.load import check_watchlist
from nswatch_cli.watchlist.schema import Watchlist

State = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Step:
    """One step: ``at`` in minutes from the start, and the whole state from then on (see `Scenario`)."""

    at: int
    moment: datetime
    note: str
    expect: Expect
    watchlist: State
    world: State
    watchlist_changed: bool


@dataclass(frozen=True, slots=True)
class Scenario:
    """A scenario that is valid at every step.

    ``watchlist`` is plain data for `read_watchlist`. ``world`` is plain data in the shape of the format's World:
    names that are keys are canonical, times are text, and what was removed by null is gone. What the file does not
    mention is not there: the simulated Internet has it in order.
    """

    name: str
    title: str
    about: str
    sources: tuple[str, ...]
    start: datetime
    regions: tuple[str, ...]
    hubs: tuple[str, ...]
    watchlist: State
    world: State
    steps: tuple[Step, ...]


def load_scenario(path: Path | str) -> Scenario:
    """Return the scenario in a file; raise InvalidDocument with every problem."""
    return read_scenario(load(path))


def deep_merge(state: Mapping[str, Any], patch: Mapping[str, Any]) -> State:
    """Return the state with a patch laid over it: mappings merge, a list or scalar replaces, None removes.

    Neither argument is changed, and the result holds no None under a mapping's key.
    """
    merged = dict(state)
    for key, value in patch.items():
        if value is None:
            merged.pop(key, None)
        elif isinstance(value, Mapping):
            below = merged.get(key)
            merged[key] = deep_merge(below if isinstance(below, Mapping) else {}, value)
        else:
            merged[key] = value
    return merged


def with_newcomers(before: Mapping[str, Any], after: State, watched: Collection[str]) -> State:
    """Return the world ``before`` a step, with the domains in it that the step is the first to mention or to watch.

    Their baseline is what the step says of them: nobody approved what a runner makes up for a domain before it exists.
    """
    known, described = before.get("domains") or {}, after.get("domains") or {}
    new = {name: domain for name, domain in described.items() if name not in known and name not in watched}
    return {**before, "domains": {**known, **new}}


def read_scenario(document: Document) -> Scenario:
    """Return the scenario that a document holds; raise InvalidDocument with every problem."""
    outline, problems = conform(document, Outline, nulls=True)
    problems += [document.problem(*trouble) for trouble in outline_troubles(outline)]
    film = _Film(document, outline)
    frames = list(film.frames())
    problems = _first_of_each(problems + film.problems)
    if problems:
        raise InvalidDocument(*sorted(problems, key=lambda problem: problem.line or 0))
    (first_watchlist, first_world), *others = frames
    steps = tuple(
        Step(
            at=step.at,
            moment=outline.start + timedelta(minutes=step.at),
            note=step.note,
            expect=step.expect,
            watchlist=watchlist,
            world=world,
            watchlist_changed="watchlist" in step.set,
        )
        for step, (watchlist, world) in zip(outline.steps, others, strict=True)
    )
    return Scenario(
        name=outline.name,
        title=outline.title,
        about=outline.about,
        sources=tuple(outline.sources),
        start=outline.start,
        regions=tuple(outline.regions),
        hubs=tuple(outline.hubs),
        watchlist=first_watchlist,
        world=first_world,
        steps=steps,
    )


def _first_of_each(problems: list[Problem]) -> list[Problem]:
    """Return each problem once; a key that was told to be empty is not missing as well."""
    places = {problem.path for problem in problems if problem.what == "is empty"}
    return [
        problem for problem in dict.fromkeys(problems) if not (problem.what == "is missing" and problem.path in places)
    ]


class _Film:
    """Runs through the states of a scenario, and says of each problem where in the file it came from."""

    def __init__(self, document: Document, outline: Outline) -> None:
        self.problems: list[Problem] = []
        self._document = document
        self._outline = outline
        self._state: State = {}
        self._origin: dict[KeyPath, KeyPath] = {(): ("world",), ("watchlist",): ("watchlist",)}
        self._told: set[tuple[KeyPath, str]] = set()

    def frames(self) -> Iterator[tuple[State, State]]:
        """Yield watchlist and world at the start and after each step."""
        raw = self._document.data
        self._lay(raw.get("world"), ("world",), ())
        self._refuse_empty(raw.get("watchlist"), ("watchlist",))
        self._lay(raw.get("watchlist"), ("watchlist",), ("watchlist",))
        yield self._checked(None)
        steps = raw.get("steps")
        for index, step in enumerate(steps if isinstance(steps, list) else ()):
            patch = step.get("set") if isinstance(step, Mapping) else None
            self._lay(patch, ("steps", index, "set"), ())
            yield self._checked(index)

    def _lay(self, raw: object, place: KeyPath, path: KeyPath) -> None:
        """Merge a part of the file into the state at ``path``."""
        if not isinstance(raw, Mapping):
            return
        patch = self._canonical(raw, place, path)
        for key in reversed(path):
            patch = {str(key): patch}
        self._state = deep_merge(self._state, patch)

    def _canonical(self, raw: Mapping[str, Any], place: KeyPath, path: KeyPath) -> State:
        """Return a part with its keys in canonical form; note where each came from."""
        found: State = {}
        for key, value in raw.items():
            name = _canonical_key(path, key)
            here, there = (*path, name), (*place, key)
            if name in found:
                self._tell(there, f"is {name} again", "keep one of them")
            self._origin[here] = there
            if value is None:
                self._refuse_unknown(here, there)
            found[name] = self._canonical(value, there, here) if isinstance(value, Mapping) else value
        return found

    def _refuse_unknown(self, path: KeyPath, place: KeyPath) -> None:
        """Refuse a null under a key that there cannot be: it would remove nothing, silently."""
        model, inner = (Watchlist, path[1:]) if path[0] == "watchlist" else (World, path)
        if not inner or has_free_keys(model, inner[:-1]):
            return
        known = known_keys(model, inner[:-1])
        if known and inner[-1] not in known:
            self._tell(place, UNKNOWN_KEY, nearest_key(str(inner[-1]), known))

    def _refuse_empty(self, raw: object, place: KeyPath) -> None:
        if isinstance(raw, Mapping):
            for key, value in raw.items():
                if value is None:
                    self._tell((*place, key), "is empty", "give it a value or leave the key out")
                self._refuse_empty(value, (*place, key))

    def _checked(self, step: int | None) -> tuple[State, State]:
        """Check the state as it is now; return its watchlist and its world, complete."""
        watchlist = self._state.get("watchlist", {})
        world_part = {key: value for key, value in self._state.items() if key != "watchlist"}
        if isinstance(self._document.data.get("watchlist"), Mapping):  # else the outline has told of it
            _, problems = check_watchlist(in_memory(watchlist), nulls=True)
            for problem in problems:
                self._place(("watchlist", *problem.path), problem.what, problem.hint, step)
        world, problems = conform(in_memory(world_part), World, nulls=True)
        for problem in problems:
            hint = problem.hint
            if step is not None and problem.what == UNKNOWN_KEY and len(problem.path) == 1:
                hint = nearest_key(str(problem.path[0]), [*known_keys(World, ()), "watchlist"])
            self._place(problem.path, problem.what, hint, step)
        for path, what, hint in world_troubles(world, self._outline.regions or (), self._outline.hubs or ()):
            self._place(path, what, hint, step)
        return watchlist, world.model_dump(mode="json", exclude_none=True, warnings=False, exclude_unset=True)

    def _place(self, path: KeyPath, what: str, hint: str, step: int | None) -> None:
        """Tell of a problem once, where the value was written or at the step that broke it."""
        if (path, what) in self._told:
            return
        self._told.add((path, what))
        known = next(path[:end] for end in range(len(path), -1, -1) if path[:end] in self._origin)
        place = (*self._origin[known], *path[len(known) :])
        if step is not None and place[:2] != ("steps", step):
            self._tell(("steps", step, "set"), f"leaves {render(place)} wrong, which {what}", hint)
        else:
            self._tell(place, what, hint)

    def _tell(self, place: KeyPath, what: str, hint: str) -> None:
        self.problems.append(self._document.problem(place, what, hint))


def _canonical_key(path: KeyPath, key: str) -> str:
    """Return a key in canonical form where it is a name, an address or a network; as it is where that is not valid."""
    try:
        match (*path, key):
            case (
                ("domains", _)
                | ("registered_domains", _)
                | ("watchlist", "domains", _)
                | ("domains", _, "nameservers" | "addresses", _)
                | ("domains", _, "nameservers_from", _, _)
                | ("domains", _, "registry", "glue", _)
            ):
                return normalise(key)
            case ("domains", _, "resolvers", _, _):
                return check_address(key)
            case ("networks", _):
                return check_network(key)
    except (InvalidName, ValueError):
        return key
    return key
