"""What rules read out of the views of two collectors that look independently."""

from datetime import UTC, datetime, timedelta

import pytest

from nswatch.judge.collected import changed_within, ends_of, newest, values_of
from nswatch.model import Facts, Key, Result, Source, Transport, View

NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)


def view(region: str, value: str | None, hours: int, was: str | None = None) -> View:
    """Return what a collector holds: ``value`` since ``hours`` ago, and what stood before."""
    at = NOON - hours * HOUR
    facts = None if value is None else Facts(Result.ANSWER, (value,))
    result = Result.TIMEOUT if facts is None else Result.ANSWER
    key = Key(region, Source.RDAP, "rdap.example", "a.example", "registrar")
    return View(key, "", facts, Transport.TCP, at, at, at, result, at, None if was is None else (was,))


def registrar(*views: View) -> View | None:
    return newest(views, Source.RDAP, "a.example", "registrar")


@pytest.mark.parametrize(
    ("views", "value", "was"),
    [
        pytest.param([], None, None, id="nobody"),
        pytest.param([view("here", None, 1)], None, None, id="unknown"),
        pytest.param([view("here", "new", 1, "old"), view("there", "old", 90)], "new", "old", id="one-saw-it-first"),
        pytest.param([view("here", "new", 2, "old"), view("there", "new", 1)], "new", "old", id="one-looked-late"),
        pytest.param([view("here", None, 0), view("there", "old", 90)], "old", None, id="unknown-is-no-news"),
        pytest.param([view("here", "a", 2, "b"), view("there", "b", 1, "a")], "b", "a", id="changed-back"),
    ],
)
def test_newest_is_the_view_that_changed_last(views: list[View], value: str | None, was: str | None) -> None:
    found = registrar(*views)
    assert values_of(found) == (() if value is None else (value,))
    assert (found.was if found else None) == (None if was is None else (was,))


def test_newest_looks_at_the_attribute_that_was_asked_for() -> None:
    assert newest([view("here", "x", 1)], Source.RDAP, "a.example", "status") is None
    assert newest([view("here", "x", 1)], Source.CT, "a.example", "registrar") is None
    assert newest([view("here", "x", 1)], Source.RDAP, "b.example", "registrar") is None


@pytest.mark.parametrize(
    ("seen", "told"),
    [
        pytest.param(view("here", "new", 47, "old"), True, id="47-hours"),
        pytest.param(view("here", "new", 48, "old"), False, id="48-hours"),
        pytest.param(view("here", "new", 1), False, id="first-look"),
    ],
)
def test_change_is_told_for_48_hours(seen: View, told: bool) -> None:
    assert changed_within(seen, NOON) is told
    assert ends_of([seen], NOON) == ((seen.first_seen + 48 * HOUR,) if told else ())
