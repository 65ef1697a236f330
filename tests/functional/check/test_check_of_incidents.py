"""Checks in the worlds of recorded incidents: what the README shows, and that every one can be told on a screen."""

import json
import re
from pathlib import Path

import pytest
from tests.functional.check.incidents import INCIDENTS, checked_at, scenario, screen

from nswatch_cli.check.record import record
from nswatch_cli.check.values import Status

README = Path(__file__).parents[3] / "README.md"
NAMES = sorted(path.stem for path in INCIDENTS.glob("*.yaml"))


def as_shown(lines: list[str]) -> list[str]:
    """Return lines as they compare: without the time that it took."""
    return [re.sub(r"time=\d+\.\d{3}s", "time=…", line).rstrip() for line in lines]


def test_readme_shows_what_check_prints_of_a_hijacked_zone() -> None:
    text = README.read_text(encoding="utf-8")
    found = re.search(r"^    \$ nswatch check coincheck\.com\n((?:    .*\n|\n)+)", text, re.MULTILINE)
    assert found is not None
    shown = [line.removeprefix("    ") for line in found[1].rstrip().splitlines()]
    hijacked = scenario("coincheck-2020")
    printed = screen(checked_at(hijacked, 3, "ap-northeast-1", watched=False))
    # The README breaks the first line, which the program never does.
    blank = shown.index("")
    first = " ".join(line.strip() for line in shown[:blank])
    assert as_shown([first, *shown[blank:]]) == as_shown(printed)


def test_screen_of_a_hijacked_zone_fits_when_the_terminal_has_100_columns() -> None:
    lines = screen(checked_at(scenario("coincheck-2020"), 3, "ap-northeast-1", watched=False))
    assert len(lines) <= 42
    assert max(map(len, lines[1:])) <= 100


def test_screen_of_a_zone_in_order_fits_when_it_is_watched() -> None:
    hijacked = scenario("coincheck-2020")
    (found,) = checked = checked_at(hijacked, None, hijacked.regions[0], watched=True)
    assert found[1].status is Status.OK
    assert len(screen(checked)) <= 24


@pytest.mark.parametrize("watched", [True, False], ids=["watched", "alone"])
@pytest.mark.parametrize("name", NAMES)
def test_check_can_tell_every_minute_of_an_incident(name: str, watched: bool) -> None:
    told = scenario(name)
    for step in (None, *range(len(told.steps))):
        checked = checked_at(told, step, told.regions[-1], watched=watched)
        for line in screen(checked, verbose=True):
            assert line.isprintable()
        for look, verdict in checked:
            assert json.loads(json.dumps(record(look, verdict)))["code"] == verdict.status


@pytest.mark.parametrize("name", [name for name in NAMES if name.startswith("b")])
def test_check_by_the_watchlist_is_never_critical_when_nothing_is_wrong(name: str) -> None:
    told = scenario(name)
    for step in (None, *range(len(told.steps))):
        for look, verdict in checked_at(told, step, told.regions[0], watched=True):
            assert verdict.status is not Status.CRITICAL, (look.domain, step, verdict.summary)
