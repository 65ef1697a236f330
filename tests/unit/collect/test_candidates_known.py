"""What a round makes of what was known of near misses: only what was free once can come into existence."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

import pytest

from nswatch.collect.candidates import next_register
from nswatch.collect.registry import State
from nswatch.expect.near_misses import Newcomer, Register, digest_of

T0 = datetime(2026, 3, 1, tzinfo=UTC)
NOW = T0 + timedelta(days=2)
A, B, C = "a.net", "b.net", "c.net"
THERE, FREE, UNKNOWN = State.THERE, State.FREE, State.UNKNOWN
LIST = digest_of([A, B, C])


def came(name: str = A, registered: str = "2026-03-02T20:00:00Z") -> Newcomer:
    return Newcomer(name, NOW, registered)


def after(
    before: Register | None, states: Mapping[str, State], *newcomers: Newcomer, now: datetime = NOW
) -> tuple[set[str], set[str], set[str]]:
    """Return what is there, not asked about, and new."""
    found = next_register(before, {A: FREE, B: FREE, C: FREE, **states}, {each.name: each for each in newcomers}, now)
    return set(found.there), set(found.unasked), set(found.new)


def known(**parts: object) -> Register:
    return Register(T0, LIST, **parts)  # type: ignore[arg-type]


def test_first_round_is_the_baseline() -> None:
    assert after(None, {A: THERE, C: UNKNOWN}, came()) == ({A}, {C}, set())
    assert next_register(None, {A: THERE}, {}, NOW).since == NOW


def test_name_is_new_when_it_was_free_and_is_there() -> None:
    assert after(known(), {A: THERE}, came()) == (set(), set(), {A})
    assert next_register(known(), {A: THERE, B: FREE, C: FREE}, {A: came()}, NOW).new[A] == came()


@pytest.mark.parametrize(
    ("before", "states", "expected"),
    [
        pytest.param(known(unasked=frozenset({A})), {A: THERE}, ({A}, set(), set()), id="not asked about before"),
        pytest.param(known(unasked=frozenset({A})), {A: UNKNOWN}, (set(), {A}, set()), id="still not known"),
        pytest.param(known(unasked=frozenset({A})), {A: FREE}, (set(), set(), set()), id="free at last"),
        pytest.param(known(there=frozenset({A})), {A: THERE}, ({A}, set(), set()), id="always there"),
        pytest.param(known(there=frozenset({A})), {A: UNKNOWN}, ({A}, set(), set()), id="no answer about an old one"),
        pytest.param(known(there=frozenset({A})), {A: FREE}, (set(), set(), set()), id="gone"),
        pytest.param(known(new={A: came()}), {A: UNKNOWN}, (set(), set(), {A}), id="no answer about a new one"),
        pytest.param(known(new={A: came()}), {A: FREE}, (set(), set(), set()), id="gone again"),
        pytest.param(known(), {A: UNKNOWN}, (set(), set(), set()), id="no answer about a free one"),
        pytest.param(Register(T0, "other"), {A: THERE}, ({A}, set(), set()), id="another list, never asked about"),
        pytest.param(
            Register(T0, "other", new={A: came()}), {A: THERE}, (set(), set(), {A}), id="another list, new already"
        ),
    ],
)
def test_what_is_known_stays(before: Register, states: dict[str, State], expected: object) -> None:
    assert after(before, states, came()) == expected


def test_new_name_keeps_the_moment_when_it_was_first_seen() -> None:
    first = Newcomer(A, T0 + timedelta(hours=1), note="HTTP status 403")
    found = next_register(known(new={A: first}), {A: THERE, B: FREE, C: FREE}, {A: came()}, NOW)
    assert found.new[A] == first


@pytest.mark.parametrize(
    ("registered", "new"),
    [
        pytest.param("", True, id="nobody says when"),
        pytest.param("some day", True, id="no moment"),
        pytest.param("2026-02-20T00:00:00Z", True, id="shortly before the baseline"),
        pytest.param("2019-01-01T00:00:00Z", False, id="years before"),
    ],
)
def test_name_that_surely_was_registered_long_before_is_not_new(registered: str, new: bool) -> None:
    there, _, came_now = after(known(), {A: THERE}, came(registered=registered))
    assert (there, came_now) == ((set(), {A}) if new else ({A}, set()))
