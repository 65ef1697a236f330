"""Expected and seen, side by side, with the difference marked."""

import textwrap
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from nswatch.model import Finding
from nswatch.tell import details, harmless, sentences
from nswatch.tell.case import Case
from nswatch.tell.variants import holder, missing_texts, spf

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
    rows = (row for finding in findings for row in details.rows(finding, "pairs"))
    return {str(row["candidate"]): str(row["genuine"]) for row in rows if "candidate" in row and "genuine" in row}


def rows(finding: Finding, pairs: Mapping[str, str]) -> list[Row]:
    """Return the comparison of a finding's first RRset, or of every host whose addresses differ.

    Addresses are compared with networks, texts with the strings that must occur in them; all else by equality.
    """
    moved = details.moved(finding) if finding.code in ADDRESS_CODES else ()
    if moved:
        return [row for host in moved for row in _named(host.host, _equal(host.expected, host.seen, {}))]
    if finding.code in _BY_TYPE:
        rrset = details.rrsets(finding)[0]
        if rrset.type in ("A", "AAAA") or finding.code == "address_changed":
            return _within(rrset)
        if rrset.type == "TXT":
            return _containing(rrset)
        return _equal(rrset.expected, rrset.seen, pairs)
    table = _equal(finding.expected, finding.seen, pairs)
    if finding.code == "parent_child_mismatch":
        return [replace(row, label=_SIDES.get(row.label, row.label)) for row in table]
    return table


_SIDES = {"missing": "only_parent", "extra": "only_child"}


ADDRESS_CODES = frozenset({"glue_changed", "nameserver_address_changed"})
"""Codes about the addresses of name servers."""
_BY_TYPE = frozenset({"mx_changed", "soa_changed", "cname_changed", "address_changed", "txt_changed", "answer_missing"})
_BY_TYPE |= {"resolvers_disagree", "regions_disagree"}


def _equal(expected: Sequence[str], seen: Sequence[str], pairs: Mapping[str, str]) -> list[Row]:
    """Look-alikes beside what they imitate, then what is missing, not approved, and last what is in order."""
    missing = dict.fromkeys(value for value in expected if value not in seen)
    extra = dict.fromkeys(value for value in seen if value not in expected)
    kept = [value for value in dict.fromkeys(expected) if value in seen]
    if len(missing) == 1 and len(extra) == 1 and not kept:
        one, other = next(iter(missing)), next(iter(extra))
        return [Row("!", "lookalike" if pairs.get(other) == one else "other", one, other)]
    table = []
    for candidate, genuine in pairs.items():
        if candidate in extra and genuine in missing:
            del extra[candidate], missing[genuine]
            table.append(Row("!", "lookalike", genuine, candidate))
    table += [Row("-", "missing", value, None) for value in missing]
    table += [Row("+", "extra_lookalike" if value in pairs else "extra", None, value) for value in extra]
    return table + [Row("=", "kept", value, value) for value in kept]


def _named(host: str, table: Sequence[Row]) -> list[Row]:
    def with_host(value: str | None) -> str | None:
        return None if value is None else f"{host} {value}"

    return [replace(row, expected=with_host(row.expected), seen=with_host(row.seen)) for row in table]


def _within(rrset: details.RRset) -> list[Row]:
    """Addresses against networks; whether an AS or a cloud service holds one is not known here."""
    if not rrset.seen:
        return [Row("-", "missing", value, None) for value in dict.fromkeys(rrset.expected)]
    holders = {value: holder(value, rrset.expected) for value in rrset.seen}
    outside = [value for value, network in holders.items() if network is None]
    allowed = list(dict.fromkeys(rrset.expected))
    table = [
        Row("!" if index < len(allowed) else "+", "outside", allowed[index] if index < len(allowed) else None, value)
        for index, value in enumerate(outside)
    ]
    rest = [Row(" ", "approved_too", value, None) for value in allowed[len(outside) :] if value not in holders.values()]
    return (
        table + rest + [Row("=", "kept", network, value) for value, network in holders.items() if network is not None]
    )


def _containing(rrset: details.RRset) -> list[Row]:
    """Texts against the strings that must occur in them."""
    missing = missing_texts(rrset)
    extra = [text for text in rrset.seen if not any(wanted in text for wanted in rrset.expected)]
    kept = [(wanted, text) for wanted in rrset.expected for text in rrset.seen if wanted in text]
    if len(missing) == 1 and len(extra) == 1 and not kept:
        return [Row("!", "other", missing[0], extra[0])]
    second = spf(rrset.seen) if len(spf(rrset.seen)) > 1 else ()
    table = [Row("-", "missing", wanted, None) for wanted in missing]
    table += [Row("+", "second_spf" if text in second else "beside", None, text) for text in extra]
    return table + [Row("=", "kept", wanted, text) for wanted, text in dict(kept).items()]


def shortest_pair(finding: Finding, pairs: Mapping[str, str]) -> tuple[str | None, str | None]:
    """Return (expected, seen) of the shortest line of a finding that differs."""
    return shortest_of(rows(finding, pairs))


def shortest_of(compared: Sequence[Row]) -> tuple[str | None, str | None]:
    """Return (expected, seen) of the shortest line that differs; a side is None where nothing stands against it.

    Look-alikes come before other pairs: they are what a reader must be shown.
    """
    differing = [row for row in compared if row.mark not in "= "]
    table = [row for row in differing if row.label != "beside"] or differing
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
    return _lines(case, finding, _ttl_rows(case, finding) or rows(finding, pairs))


def _ttl_rows(case: Case, finding: Finding) -> list[Row]:
    """Return the TTLs in words, where the finding is about TTLs."""
    found = details.ttls(finding) if finding.code == "ttl_changed" else ()
    said = ((sentences.record(case, ttl.type, harmless.name(ttl.name or finding.subject)), ttl) for ttl in found)
    return [
        Row("!", "fallen" if ttl.seen < ttl.expected else "risen", f"{what}: {sentences.seconds(case, ttl.expected)}",
            sentences.seconds(case, ttl.seen))
        for what, ttl in said
    ]  # fmt: skip


def _lines(case: Case, finding: Finding, table_rows: Sequence[Row]) -> list[str]:
    labels = case.language.labels
    shown = [
        (row.mark, _cell(case, row.expected), _cell(case, row.seen), labels[row.label]) if row else ("", more, "", "")
        for row, more in _bounded(case, table_rows)
    ]
    before, given = _heads(case, finding)
    wide = [line for line in shown if line[0]]
    left = max([len(before), *(len(line[1]) for line in wide)])
    right = max([len(given), *(len(line[2]) for line in wide)])
    last = max((len(line[3]) for line in wide), default=0)
    if 4 + left + right + last + 2 * len(_GAP) > _WIDTH:
        return _stacked(shown, before, given)
    lines = [f"    {before:{left}}{_GAP}{given}"]
    for mark, expected, seen, label in shown:
        lines.append(f"  {mark} {expected:{left}}{_GAP}{seen:{right}}{_GAP}{label}" if mark else f"    {expected}")
    return lines


def _heads(case: Case, finding: Finding) -> tuple[str, str]:
    """Return what stands over the two columns."""
    labels = case.language.labels
    given_by = case.say("given_by", where=case.where(finding))
    if finding.code == "parent_child_mismatch":
        return given_by, labels["by_child"]
    at_parent = finding.code in ("delegation_changed", "glue_changed", "ds_changed")
    return labels["expected"], given_by if at_parent else labels["seen"]


def _bounded(case: Case, table_rows: Sequence[Row]) -> Iterator[tuple[Row | None, str]]:
    for label in dict.fromkeys(row.label for row in table_rows):
        same = [row for row in table_rows if row.label == label]
        yield from ((row, "") for row in same[:MOST_ROWS])
        if len(same) > MOST_ROWS:
            yield None, f"{case.say('more', n=len(same) - MOST_ROWS)} ({case.language.labels[label]})"


def _cell(case: Case, value: str | None) -> str:
    return case.language.labels["none"] if value is None else harmless.shown(value)


def _stacked(shown: Sequence[tuple[str, str, str, str]], expected_label: str, seen_label: str) -> list[str]:
    lines = []
    for mark, expected, seen, label in shown:
        if not mark:
            lines.append(f"    {expected}")
        elif mark in "= ":
            lines.append(f"  {mark} {label}: {expected}")
        else:
            lines.append(f"  {mark} {label}")
            sides = [(expected_label, expected)] if mark != "+" else []
            sides += [(seen_label, seen)] if mark != "-" else []
            width = max(len(side) for side, _ in sides) + 1
            for side, value in sides:
                lines += _wrapped(f"      {side + ':':{width}} ", value)
    return lines


def _wrapped(head: str, value: str) -> list[str]:
    """Return a value behind its label; long data goes on below its beginning, a name stays whole for copying."""
    if len(head) + len(value) <= _WIDTH or " " not in value:
        return [head + value]
    parts = textwrap.wrap(value, max(_WIDTH - len(head), 20), break_on_hyphens=False) or [""]
    return [head + parts[0], *(" " * len(head) + part for part in parts[1:])]
