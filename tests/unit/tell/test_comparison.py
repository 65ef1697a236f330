import pytest
from tests.unit.tell.stories import FORGED, GENUINE, finding

from nswatch.tell.comparison import Row, rows, shortest_pair


def test_rows_put_a_lookalike_beside_what_it_imitates() -> None:
    table = rows(finding(), {FORGED[0]: GENUINE[0]})
    assert table[0] == Row("!", "lookalike", GENUINE[0], FORGED[0])
    assert Row("-", "missing", "ns-405.awsdns-50.com", None) in table


@pytest.mark.parametrize(
    ("expected", "seen", "marks"),
    [
        pytest.param(("a", "b"), ("b", "c"), "-+=", id="replaced one"),
        pytest.param(("a", "b"), ("a",), "-=", id="one missing"),
        pytest.param(("a",), ("a", "b"), "+=", id="one extra"),
        pytest.param(("a", "b"), (), "--", id="gone"),
        pytest.param(("a",), ("b",), "!", id="one for one"),
        pytest.param(("a",), ("b", "b"), "!", id="said twice"),
        pytest.param((), ("b",), "+", id="nothing expected"),
        pytest.param(("a", "b"), ("a", "b"), "==", id="nothing differs"),
    ],
)
def test_rows_mark_every_value_once(expected: tuple[str, ...], seen: tuple[str, ...], marks: str) -> None:
    assert "".join(row.mark for row in rows(finding(expected=expected, seen=seen), {})) == marks


def test_rows_do_not_pair_a_lookalike_twice_when_two_imitate_one_host() -> None:
    table = rows(finding(expected=["good", "other"], seen=["go0d", "g0od"]), {"go0d": "good", "g0od": "good"})
    assert [row.label for row in table] == ["lookalike", "missing", "extra_lookalike"]


@pytest.mark.parametrize(
    ("expected", "seen", "pairs", "shortest"),
    [
        pytest.param(GENUINE, FORGED, dict(zip(FORGED, (GENUINE[0], GENUINE[1], GENUINE[3]), strict=True)),
                     ("ns-650.awsdns-17.net", "ns-650.awsdns-017.net"), id="look-alikes"),
        pytest.param(("aa", "b"), ("ccc", "dd"), {}, ("b", "dd"), id="shortest of each side"),
        pytest.param(("a", "b"), ("a",), {}, ("b", None), id="missing"),
        pytest.param(("a",), ("a", "x"), {}, (None, "x"), id="extra"),
        pytest.param(("a",), ("a",), {}, (None, None), id="nothing differs"),
    ],
)  # fmt: skip
def test_shortest_pair_is_what_differs(
    expected: tuple[str, ...], seen: tuple[str, ...], pairs: dict[str, str], shortest: tuple[str | None, str | None]
) -> None:
    assert shortest_pair(finding(expected=expected, seen=seen), pairs) == shortest
