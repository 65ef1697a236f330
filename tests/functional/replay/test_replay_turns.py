"""Which turns a replay's regions take, while its collectors take their time."""

from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from nswatch_cli.replay.runner import Replay
from nswatch_cli.replay.schema import load_scenario

CASE = Path(__file__).parent / "cases" / "cache-renews-what-was-replaced.yaml"
MINUTE = timedelta(minutes=1)


class SlowCollectors(Replay):
    """Notes the turns, and lets the collectors take ``seconds`` each time."""

    seconds = 0

    def __enter__(self) -> "SlowCollectors":
        """See `Replay`."""
        self.turns: list[tuple[str, datetime, datetime]] = []
        super().__enter__()
        return self

    def _pass(self, region: str, turn: datetime, only: str = "") -> None:
        self.turns.append((region, turn, self.now))
        super()._pass(region, turn, only)

    def _collect(self, **how: Any) -> None:
        super()._collect(**how)
        self._loop.jump_to(self.now + timedelta(seconds=self.seconds))


@pytest.mark.parametrize("seconds", [0, 25, 50])
def test_every_region_takes_each_minutes_turn_behind_a_step_however_slow_collectors_are(seconds: int) -> None:
    with SlowCollectors(load_scenario(CASE)) as replay:
        replay.seconds = seconds
        for report in replay.run():
            step = replay.scenario.start + int(report.at[:-1]) * MINUTE
            for place, region in enumerate(replay.scenario.regions):
                taken = {turn: at for who, turn, at in replay.turns if who == region and turn >= step}
                first = step + timedelta(seconds=20 * place)
                assert list(taken) == [first + minute * MINUTE for minute in range(4)]
                assert all(timedelta() <= at - turn < MINUTE for turn, at in taken.items())
