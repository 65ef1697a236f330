"""Expected and seen, side by side, with the difference marked."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from nswatch.model import Finding
from nswatch.tell import harmless
from nswatch.tell.case import Case, detail_rows

MOST_ROWS = 10
"""Rows of one kind; a forged answer may hold any number of hosts."""
_WIDTH = 78
_GAP = "  "


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the comparison: ``label`` names the kind, a side that has nothing is None."""

    mark: str
    label: str
    expected: str | None
    seen: str | None


def lookalikes(findings: Sequence[Finding]) -> dict[str, str]:
    """Return candidate -> genuine of all look-alikes among the findings, as far as their detail tells."""
    rows = (row for finding in findings for row in detail_rows(finding, "pairs"))
    return {str(row["candidate"]): str(row["genuine"]) for row in rows if "candidate" in row and "genuine" in row}


def rows(finding: Finding, pairs: Mapping[str, str]) -> list[Row]:
    """Return the comparison: look-alikes beside what they imitate, missing, not approved, and last what is in order."""
    missing = dict.fromkeys(value for value in finding.expected if value not in finding.seen)
    extra = dict.fromkeys(value for value in finding.seen if value not in finding.expected)
    kept = [value for value in dict.fromkeys(finding.expected) if value in finding.seen]
    if len(missing) == 1 and len(extra) == 1 and not kept:
        expected, seen = next(iter(missing)), next(iter(extra))
        return [Row("!", "lookalike" if pairs.get(seen) == expected else "other", expected, seen)]
    table = []
    for candidate, genuine in pairs.items():
        if candidate in extra and genuine in missing:
            del extra[candidate], missing[genuine]
            table.append(Row("!", "lookalike", genuine, candidate))
    table += [Row("-", "missing", value, None) for value in missing]
    table += [Row("+", "extra_lookalike" if value in pairs else "extra", None, value) for value in extra]
    return table + [Row("=", "kept", value, value) for value in kept]


def shortest_pair(finding: Finding, pairs: Mapping[str, str]) -> tuple[str | None, str | None]:
    """Return (expected, seen) of the shortest line that differs; a side is None where nothing stands against it.

    Look-alikes come before other pairs: they are what a reader must be shown.
    """
    table = [row for row in rows(finding, pairs) if row.mark != "="]
    both = [row for row in table if row.expected is not None and row.seen is not None]
    if both:
        best = min(both, key=lambda row: (len(row.expected or "") + len(row.seen or ""), row.seen))
        return best.expected, best.seen
    missing = min((row.expected for row in table if row.expected is not None), key=_length, default=None)
    extra = min((row.seen for row in table if row.seen is not None), key=_length, default=None)
    return missing, extra


def _length(text: str) -> tuple[int, str]:
    return len(text), text


def table(case: Case, finding: Finding, pairs: Mapping[str, str]) -> list[str]:
    """Return the comparison as lines: two columns where they fit, else one value a line."""
    labels = case.language.labels
    shown = [
        (row.mark, _cell(case, row.expected), _cell(case, row.seen), labels[row.label]) if row else ("", more, "", "")
        for row, more in _bounded(case, rows(finding, pairs))
    ]
    given = case.say("given_by", where=case.where(finding)) if finding.code.startswith("delegation") else labels["seen"]
    wide = [line for line in shown if line[0]]
    left = max([len(labels["expected"]), *(len(line[1]) for line in wide)])
    right = max([len(given), *(len(line[2]) for line in wide)])
    last = max((len(line[3]) for line in wide), default=0)
    if 4 + left + right + last + 2 * len(_GAP) > _WIDTH:
        return _stacked(shown, labels["expected"], given)
    lines = [f"    {labels['expected']:{left}}{_GAP}{given}"]
    for mark, expected, seen, label in shown:
        lines.append(f"  {mark} {expected:{left}}{_GAP}{seen:{right}}{_GAP}{label}" if mark else f"    {expected}")
    return lines


def _bounded(case: Case, table_rows: Sequence[Row]) -> Iterator[tuple[Row | None, str]]:
    for label in dict.fromkeys(row.label for row in table_rows):
        same = [row for row in table_rows if row.label == label]
        yield from ((row, "") for row in same[:MOST_ROWS])
        if len(same) > MOST_ROWS:
            yield None, f"{case.say('more', n=len(same) - MOST_ROWS)} ({case.language.labels[label]})"


def _cell(case: Case, value: str | None) -> str:
    return case.language.labels["none"] if value is None else harmless.shown(value)


def _stacked(shown: Sequence[tuple[str, str, str, str]], expected_label: str, seen_label: str) -> list[str]:
    width = max(len(expected_label), len(seen_label)) + 1
    lines = []
    for mark, expected, seen, label in shown:
        if not mark:
            lines.append(f"    {expected}")
        elif mark == "=":
            lines.append(f"  = {label}: {expected}")
        else:
            lines.append(f"  {mark} {label}")
            lines.append(f"      {expected_label + ':':{width}} {expected}")
            lines.append(f"      {seen_label + ':':{width}} {seen}")
    return lines
