"""The cheapest way from one name to another, edit by edit: a weighted, bounded optimal string alignment."""

from dataclasses import dataclass
from functools import lru_cache
from math import inf

from nswatch.judge import confusables

BAND = 5
"""How far two names may drift apart while they are compared under a budget; keeps the work linear in the length."""

_COMBINING = "diacritic"
_TWIN, _VAGUE_TWIN = 0.5, 0.6
TWINS = {
    frozenset(pair.split("/")): cost
    for cost, pairs in (
        (_TWIN, "0/o 1/l 1/i i/l rn/m vv/w cl/d"),
        (_VAGUE_TWIN, "5/s 2/z 8/b 6/b 9/g 9/q g/q u/v 3/e 4/a 7/t nn/m uu/w c1/d"),
    )
    for pair in pairs.split()
}
"""ASCII texts that look alike, and what it costs to take one for the other."""
_WIDE_TWINS = frozenset(text for pair in TWINS for text in pair if len(text) == 2)
_LIKENESS_COST = {"homoglyph": 0.05, _COMBINING: 0.2}
_SWAPPED = 0.7
_ROUNDING = 1e-9
_SAME = (1, 1, 0.0, "")
_DROPPED = {"": "dropped", "doubled": "dropped"}
"""What a gap is called in the genuine name's place; other names are the same both ways."""


@dataclass(frozen=True, slots=True)
class Edit:
    """One difference: ``there`` (from ``at`` in the candidate) stands where ``here`` (from ``of``) is genuine.

    ``kind`` is one of the kinds of `Lookalike`; either text may be empty.
    """

    kind: str
    at: int
    there: str
    of: int
    here: str
    cost: float


@dataclass(frozen=True, slots=True)
class Gap:
    """What it costs, and is called, when a character has no counterpart. ``name`` is "" for a plain one."""

    cost: float
    name: str


def align(candidate: str, genuine: str, budget: float = inf) -> tuple[Edit, ...] | None:
    """Return the cheapest edits that turn ``genuine`` into ``candidate``, left to right; None over the ``budget``.

    Without a budget it always succeeds, in time proportional to the product of the lengths.
    """
    band = BAND if budget < inf else max(len(candidate), len(genuine))
    if abs(len(candidate) - len(genuine)) > band:
        return None
    start = _common_prefix(candidate, genuine)
    end = _common_suffix(candidate[start:], genuine[start:])
    table = _Table(candidate, genuine, start, end, band)
    return table.edits() if table.fill(budget) else None


def _common_prefix(one: str, other: str) -> int:
    for index, (left, right) in enumerate(zip(one, other, strict=False)):
        if left != right:
            return index
    return min(len(one), len(other))


def _common_suffix(one: str, other: str) -> int:
    return _common_prefix(one[::-1], other[::-1])


def _gaps(text: str) -> list[Gap]:
    """Price leaving out each character of ``text``, by what stands around it."""
    gaps = []
    zeros = _leading_zeros(text)
    for index, char in enumerate(text):
        if char in "-.":
            gaps.append(Gap(0.5, "hyphen" if char == "-" else "dot"))
        elif char == confusables.UNSEEN:
            gaps.append(Gap(0.05, "invisible character"))
        elif not char.isascii() and confusables.is_mark(char):
            gaps.append(Gap(_LIKENESS_COST[_COMBINING], _COMBINING))
        elif index in zeros:
            gaps.append(Gap(0.4, "leading zero"))
        elif index and text[index - 1] == char:
            gaps.append(Gap(0.6, "doubled"))
        else:
            gaps.append(Gap(1.0, ""))
    return gaps


def _leading_zeros(text: str) -> set[int]:
    """Where the zeros stand that change no number's value."""
    zeros = set()
    leading = True
    for index, char in enumerate(text):
        if not ("0" <= char <= "9"):
            leading = True
        elif leading and char == "0" and "0" <= text[index + 1 : index + 2] <= "9":
            zeros.add(index)
        else:
            leading = False
    return zeros


@lru_cache(maxsize=8192)
def _replaced(there: str, here: str) -> tuple[float, str]:
    """Price and name ``there`` standing for ``here`` (two different texts)."""
    if there.isascii() and here.isascii():
        cost = TWINS.get(frozenset((there, here)))
        if cost is not None:
            return cost, "homoglyph"
        if {there, here} == {"-", "."}:
            return 0.5, "hyphen"
    else:
        kind = confusables.likeness(there, here)
        if kind is not None:
            return _LIKENESS_COST[kind], kind
        if len(there) == len(here) == 1:
            cost = TWINS.get(frozenset((confusables.skeleton(there), confusables.skeleton(here))))
            if cost is not None:
                return cost, "homoglyph"
    return (1.0, "substituted") if len(there) == len(here) == 1 else (inf, "")


_Step = tuple[int, int, float, str]
"""Characters taken from the candidate and from the genuine name, cost and kind."""


class _Table:
    """The dynamic programme: cell (i, j) is the cheapest way to have made the first i characters of the first j."""

    def __init__(self, candidate: str, genuine: str, start: int, end: int, band: int) -> None:
        self._there, self._here = candidate[start : len(candidate) - end], genuine[start : len(genuine) - end]
        self._start, self._band = start, band
        self._inserted = [(gap.cost, (1, 0, gap.cost, gap.name or "inserted")) for gap in _gaps(candidate)[start:]]
        self._dropped = [
            (gap.cost, (0, 1, gap.cost, _DROPPED.get(gap.name, gap.name))) for gap in _gaps(genuine)[start:]
        ]
        self._ascii = candidate.isascii() and genuine.isascii()
        self._steps: list[list[_Step | None]] = []

    def fill(self, budget: float) -> bool:
        """Compute the table; False as soon as every way is over the budget."""
        height, width, band = len(self._there) + 1, len(self._here) + 1, self._band
        limit = budget + _ROUNDING
        rows: list[list[float]] = []
        # The columns that are still within the budget, in the two rows that a step can come from.
        alive, alive_before = (0, 0), (width, 0)
        for i in range(height):
            rows.append([inf] * width)
            self._steps.append([None] * width)
            first, reach = min(alive[0], alive_before[0]), max(alive[1], alive_before[1]) + 2
            self._fill_row(rows, i, range(max(first, i - band), min(width, i + band + 1)), reach, limit)
            within = [j for j, cost in enumerate(rows[i]) if cost <= limit]
            alive, alive_before = (within[0], within[-1]) if within else (width, -2), alive
            if not within and alive_before[0] == width:
                return False
        return rows[-1][-1] <= limit

    def _fill_row(self, rows: list[list[float]], i: int, columns: range, reach: int, limit: float) -> None:
        row, steps, here = rows[i], self._steps[i], self._here
        above, char = (rows[i - 1], self._there[i - 1]) if i else (row, "")
        for j in columns:
            if j > reach and row[j - 1] > limit:
                break
            best, step = inf if i or j else 0.0, None
            if i and j:
                if char == here[j - 1]:
                    best, step = above[j - 1], _SAME
                else:
                    best, step = self._replace(rows, i, j)
            if i:
                cost, gap = self._inserted[i - 1]
                if above[j] + cost < best:
                    best, step = above[j] + cost, gap
            if j:
                cost, gap = self._dropped[j - 1]
                if row[j - 1] + cost < best:
                    best, step = row[j - 1] + cost, gap
            row[j], steps[j] = best, step

    def _replace(self, rows: list[list[float]], i: int, j: int) -> tuple[float, _Step]:
        """Find the cheapest way into a cell whose characters differ: a substitution, a twin or a swap."""
        there, here = self._there, self._here
        char, other = there[i - 1], here[j - 1]
        cost, kind = _replaced(char, other)
        best, step = rows[i - 1][j - 1] + cost, (1, 1, cost, kind)
        if i > 1:
            if j > 1 and char == here[j - 2] and other == there[i - 2] and rows[i - 2][j - 2] + _SWAPPED < best:
                best = rows[i - 2][j - 2] + _SWAPPED
                step = (2, 2, _SWAPPED, "hyphen" if "-" in (char, other) else "swapped")
            if not self._ascii or there[i - 2 : i] in _WIDE_TWINS:
                cost, kind = _replaced(there[i - 2 : i], other)
                if rows[i - 2][j - 1] + cost < best:
                    best, step = rows[i - 2][j - 1] + cost, (2, 1, cost, kind)
        if j > 1 and (not self._ascii or here[j - 2 : j] in _WIDE_TWINS):
            cost, kind = _replaced(char, here[j - 2 : j])
            if rows[i - 1][j - 2] + cost < best:
                best, step = rows[i - 1][j - 2] + cost, (1, 2, cost, kind)
        return best, step

    def edits(self) -> tuple[Edit, ...]:
        """Walk back along the cheapest way; only after a successful `fill`."""
        i, j = len(self._there), len(self._here)
        found = []
        while i or j:
            step = self._steps[i][j]
            assert step is not None  # noqa: S101 - every cell on a finite way has one
            rise, run, cost, kind = step
            i, j = i - rise, j - run
            if cost:
                there, here = self._there[i : i + rise], self._here[j : j + run]
                found.append(Edit(kind, self._start + i, there, self._start + j, here, cost))
        return tuple(reversed(found))
