"""`route53_drift`: what Route 53's interface says that the zone holds, against the approved snapshot.

The snapshot is the watchlist: its name servers, SOA and answers, planned changes included. For records that it does
not mention it is what the zone held at the collector's first look, or when `apply --baseline-again` approved it anew.
What Route 53 holds now never becomes the truth by itself: whoever has stolen credentials writes there (decision 2).
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from nswatch.expect.hosted_zone import (
    APPROVED,
    DELEGATION_SET,
    RECORDS,
    ZONE,
    Form,
    Named,
    Snapshot,
    aliased,
    read_snapshot,
    within,
)
from nswatch.expect.matching import Expectations, Verdict
from nswatch.expect.values import ADDRESSES, matches, mname
from nswatch.judge.belief import sightings
from nswatch.judge.collected import about, newest
from nswatch.judge.evidence import Evidence, bounded
from nswatch.judge.judged import Judged
from nswatch.judge.policy import severity_of
from nswatch.judge.route53 import parse
from nswatch.model import Facts, Finding, Key, Result, Severity, Source, Value, View

CODE = "route53_drift"

LATE = timedelta(minutes=25)
"""So long after an `apply` or the end of a window a collector may not have looked again: what was right then is."""

_URGENT = frozenset({"NS", "MX"})
_INSTANT = timedelta(milliseconds=1)
_ALL = "records"


@dataclass(frozen=True, slots=True)
class _Row:
    """One RRset (or attribute) that differs, and the view that says so."""

    name: str
    type: str
    expected: tuple[str, ...]
    seen: tuple[str, ...]
    view: View
    urgent: bool = False
    value: Value | None = None


def drift(evidence: Evidence, views: Sequence[View], doubts: Mapping[Key, datetime]) -> Judged:  # noqa: ARG001
    """Judge the hosted zone of an entry that names one.

    The finding's ``expected`` and ``seen`` are the values, and of several RRsets lines of name, type and value. Its
    detail is ``{"hosted_zone": id,
    "rrsets": [{"name", "type", "expected", "answers": [{"seen"}]}]}``, what wakes people first; a ``type`` may be
    ``zone``, ``delegation-set`` or ``records`` as well.
    """
    entry = evidence.expectations.entry
    zone_id = entry.delegation.hosted_zone
    ours = [view for view in views if view.key.source is Source.ROUTE53 and view.key.server == zone_id]
    if zone_id is None or not ours:
        return Judged()
    zone = _Compared(evidence.expectations, ours)
    rows = sorted(zone.rows(), key=lambda row: (not row.urgent, row.name != entry.domain, row.name, row.type))
    ends = tuple(end for end in zone.ends() if end > evidence.now)
    if not rows:
        return Judged(ends=ends)
    graded = Severity.PAGE if any(row.urgent for row in rows) else Severity.NOTICE
    finding = Finding(
        code=CODE,
        subject=entry.domain,
        severity=severity_of(CODE, entry.severity, graded),
        expected=bounded(_side(rows, [row.expected for row in rows])),
        seen=bounded(_side(rows, [row.seen for row in rows])),
        since=min(row.view.first_seen for row in rows),
        sightings=sightings(dict.fromkeys(row.view for row in rows)),
        detail={"hosted_zone": zone_id, "rrsets": [_told(row) for row in rows[:_MOST_ROWS]]},
        values=tuple(row.value for row in rows if row.value is not None),
    )
    return Judged((finding,), ends=ends)


_MOST_ROWS = 64


def _side(rows: Sequence[_Row], values: Sequence[tuple[str, ...]]) -> tuple[str, ...]:
    if len(rows) == 1:
        return values[0]
    return tuple(f"{row.name} {row.type} {value}" for row, each in zip(rows, values, strict=True) for value in each)


def _told(row: _Row) -> dict[str, object]:
    return {
        "name": row.name,
        "type": row.type,
        "expected": list(bounded(row.expected)),
        "answers": [{"seen": list(bounded(row.seen))}],
    }


@dataclass(frozen=True, slots=True)
class _Compared:
    """A hosted zone as collectors saw it, beside what is approved."""

    expectations: Expectations
    views: Sequence[View]

    @property
    def domain(self) -> str:
        return self.expectations.entry.domain

    def rows(self) -> Iterator[_Row]:
        """Yield what differs. Where it is not the right zone, nothing else counts."""
        wrong = self._wrong_zone()
        if wrong is not None:
            yield wrong
            return
        yield from self._delegation_set()
        for qname, qtype in self.expectations.asked():
            yield from self._listed(qname, qtype)
        yield from self._unlisted()

    def ends(self) -> tuple[datetime, ...]:
        """Return when what was approved until lately ceases to excuse what was read then."""
        return tuple(moment + LATE for moment in self._turned())

    def _newest(self, name: str, qtype: str) -> View | None:
        return newest(self.views, Source.ROUTE53, name, qtype)

    def _turned(self) -> list[datetime]:
        """Return the moments of late at which something ceased to be approved."""
        entry, now = self.expectations.entry, self.expectations.at
        moments = [past.at for past in entry.superseded] + [change.ends for change in entry.planned_changes]
        return [moment for moment in moments if moment <= now < moment + LATE]

    def _wrong_zone(self) -> _Row | None:
        view = self._newest(self.domain, ZONE)
        if view is None or view.facts is None:
            return None
        zone_id = self.expectations.entry.delegation.hosted_zone or ""
        expected = (f"the public hosted zone of {self.domain}",)
        if view.facts.result is Result.NXDOMAIN:
            return _Row(self.domain, ZONE, expected, (f"no hosted zone {zone_id}",), view)
        values = view.facts.values
        if "private" in values:
            return _Row(self.domain, ZONE, expected, ("a private hosted zone",), view)
        if values and self.domain not in values:
            return _Row(self.domain, ZONE, expected, (f"the hosted zone of {values[0]}",), view)
        return None

    def _delegation_set(self) -> Iterator[_Row]:
        """Compare the set that Route 53 assigned with the approved one, as far as that is Route 53's.

        Names of one's own for Route 53's servers are approved by themselves, and another provider's beside it.
        """
        view = self._newest(self.domain, DELEGATION_SET)
        if view is None or view.facts is None or view.facts.result is not Result.ANSWER:
            return
        assigned, sets = frozenset(view.facts.values), self.expectations.allowed.ns_sets
        if any(assigned <= ns for ns in sets):
            return
        known = [frozenset(host for host in ns if parse(host) is not None) for ns in sets]
        if any(known) and assigned not in known:
            expected = tuple(sorted(self.expectations.allowed.current))
            yield _Row(self.domain, DELEGATION_SET, expected, tuple(sorted(assigned)), view, urgent=True)

    # What the watchlist mentions

    def _listed(self, qname: str, qtype: str) -> Iterator[_Row]:
        view = self._newest(qname, qtype)
        if view is None or view.facts is None:
            return
        if self._verdict(view, view.facts) not in (Verdict.UNEXPECTED, Verdict.MISSING):
            return
        told = view.facts.values or view.facts.aliases
        seen = tuple(sorted(map(mname, told))) if qtype == "SOA" else told
        data = not any(aliased(value) for value in told) and view.facts.result is Result.ANSWER
        value = (qname, qtype, bounded(seen)) if data else None
        expected = self.expectations.values_expected(qname, qtype)
        yield _Row(qname, qtype, expected, seen, view, urgent=qtype in _URGENT, value=value)

    def _verdict(self, view: View, facts: Facts) -> Verdict:
        """Compare with what is approved now; data that stood before are compared with what was approved lately too."""
        verdict = self._judged(self.expectations, view.key, facts)
        if verdict in (Verdict.UNEXPECTED, Verdict.MISSING):
            for moment in self._turned():
                if view.first_seen >= moment:
                    continue
                before = replace(self.expectations, at=moment - _INSTANT)
                excused = (
                    self._judged(before, view.key, facts),
                    self.expectations.verdict(view.key, facts, replaced=True),
                )
                if Verdict.EXPECTED in excused:
                    return Verdict.EXPECTED
        return verdict

    def _judged(self, expectations: Expectations, key: Key, facts: Facts) -> Verdict:
        targets = [service for value in facts.values if (service := aliased(value)) is not None]
        if not targets:
            return expectations.verdict(key, facts)
        answers = expectations.allowed.answers_for(key.qname, key.qtype)
        if key.qtype not in ADDRESSES or any(answer.values for answer in answers):
            return Verdict.UNKNOWN  # where an alias leads to is DNS's to say
        allowed = [item for answer in answers for item in answer.within]
        fits = [within(service, allowed) for service in targets]
        if allowed and False in fits:
            return Verdict.UNEXPECTED
        rest = tuple(value for value in facts.values if aliased(value) is None)
        if rest:
            return expectations.verdict(key, replace(facts, values=rest))
        return Verdict.EXPECTED if allowed and None not in fits else Verdict.UNKNOWN

    # What it does not mention

    def _unlisted(self) -> Iterator[_Row]:
        """Compare with the earliest snapshot of the present approval: whoever looked first has the oldest truth."""
        found = self._snapshots()
        if found is None:
            return
        view, before, now = found
        if before.form is not now.form or (before.form is Form.ONE and before.lines != now.lines):
            yield _Row(self.domain, _ALL, tuple(before.lines)[:1], tuple(now.lines)[:1], view)
            return
        if before.form is Form.ONE:
            return
        old, new = _by_name(before.lines), _by_name(now.lines)
        mentioned = set(self.expectations.asked())
        for named in sorted(old.keys() | new.keys()):
            was, here = old.get(named, ()), new.get(named, ())
            if was == here or named in mentioned or (before.form is Form.FULL and self._planned(named, here)):
                continue
            name, qtype = named
            urgent = qtype in _URGENT and (name == self.domain or bool(was))
            data = before.form is Form.FULL and here and not any(map(aliased, here))
            value = (name, qtype, bounded(here)) if data else None
            yield _Row(name, qtype, was, here, view, urgent, value)

    def _snapshots(self) -> tuple[View, Snapshot, Snapshot] | None:
        approval = self.expectations.entry.baseline.records
        approved = [(view, held) for view, held in self._held(APPROVED) if approval in ("", held.approval)]
        first = min(approved, key=lambda each: (each[0].first_seen, each[0].key), default=None)
        if first is None:
            return None
        _, before = first
        present = sorted(self._held(RECORDS), key=lambda each: (each[0].first_seen, each[0].key))
        same = [each for each in present if each[1].form is before.form]
        if not present:
            return None
        view, now = (same or present)[-1]
        return view, before, now

    def _held(self, attribute: str) -> Iterator[tuple[View, Snapshot]]:
        for view in about(self.views, Source.ROUTE53, self.domain, attribute):
            held = read_snapshot(view.facts.values) if view.facts is not None else None
            if held is not None:
                yield view, held

    def _planned(self, named: Named, values: Sequence[str]) -> bool:
        return any(
            (answer.name, answer.type) == named and matches(answer, values, self.expectations.networks)
            for answer in self.expectations.allowed.planned_answers
        )


def _by_name(lines: Iterable[str]) -> dict[Named, tuple[str, ...]]:
    """Return the values of each name and type of a snapshot."""
    found: dict[Named, list[str]] = {}
    for line in sorted(lines):
        name, _, rest = line.partition(" ")
        qtype, _, value = rest.partition(" ")
        found.setdefault((name, qtype), []).append(value)
    return {named: tuple(values) for named, values in found.items()}
