"""When a replay asks the slow sources, and that no jump of its clock is a collector's silence."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from nswatch import wiring_collect
from nswatch.collect.candidates import Candidates
from nswatch.collect.port import Asked, Collected, Reading, Subject
from nswatch.model import Facts, Result, Source
from nswatch_cli.replay.runner import Replay
from nswatch_cli.replay.schema import load_scenario

MINUTE = timedelta(minutes=1)
CASE = Path(__file__).parent / "cases" / "win-mx.yaml"


class Noting:
    """A source that notes when it is asked, and reads that moment."""

    name = "rdap"
    every = timedelta(minutes=10)

    def __init__(self) -> None:
        self.asked: list[datetime] = []

    async def collect(self, subjects: Sequence[Subject], at: datetime) -> Collected:
        self.asked.append(at)
        facts = Facts(Result.ANSWER, (at.isoformat(),))
        keys = {subject.domain: Asked(Source.RDAP, "rdap.example", subject.domain, "x") for subject in subjects}
        return Collected(tuple(Reading(domain, key, facts, at, at) for domain, key in keys.items()))


def test_replay_asks_before_each_step_and_a_minute_behind_it(monkeypatch: pytest.MonkeyPatch) -> None:
    sources: list[Noting] = []

    def collect_sources(*_: object, **__: object) -> tuple[Noting, ...]:
        sources.append(Noting())
        return (sources[-1],)

    monkeypatch.setattr(wiring_collect, "collect_sources", collect_sources)
    scenario = load_scenario(CASE)
    with Replay(scenario, codes=frozenset({"collector_silent"})) as replay:
        reports = list(replay.run())
    steps = [step.moment for step in scenario.steps]
    for source in sources:
        assert source.asked[0] == scenario.start
        assert {moment + MINUTE for moment in steps} <= set(source.asked)
    before = {moment - MINUTE for moment in steps if moment > scenario.start}
    assert before <= set().union(*(source.asked for source in sources))
    assert all(before - set(source.asked) for source in sources), "they take turns at what is asked before a step"
    assert len(sources) == 2
    assert [(report.findings, report.tickets) for report in reports] == [((), 0)] * len(steps)


def test_replay_lets_both_hubs_look_for_lookalikes_when_a_watchlist_is_applied(monkeypatch: pytest.MonkeyPatch) -> None:
    sources: list[Noting] = []

    def collect_sources(*_: object, **__: object) -> tuple[Noting, ...]:
        sources.append(Noting())
        sources[-1].name = Candidates.name
        return (sources[-1],)

    monkeypatch.setattr(wiring_collect, "collect_sources", collect_sources)
    scenario = load_scenario(CASE)
    with Replay(scenario, codes=frozenset({"collector_silent"})) as replay:
        list(replay.run())
    applied = {step.moment + MINUTE for step in scenario.steps if step.watchlist_changed}
    others = {step.moment + MINUTE for step in scenario.steps} - applied
    first, second = (set(source.asked) for source in sources)
    assert applied
    assert others
    assert applied <= first & second
    assert others <= first ^ second
