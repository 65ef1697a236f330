"""What a rule writes: a finding, and who is behind it, from which follows the story that it belongs to."""

from collections.abc import Callable, Collection, Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from nswatch.expect.matching import Expectations
from nswatch.judge.belief import sightings
from nswatch.judge.delegation import delegated
from nswatch.judge.evidence import Evidence, QuestionOf, Statement, Witness
from nswatch.judge.policy import severity_of
from nswatch.model import Finding, Severity, Value


@dataclass(frozen=True, slots=True)
class Draft:
    """A finding whose story is not known yet.

    ``genuine`` is what approved servers show of it, ``forged`` what strangers do (things to compare: mostly values);
    ``cached`` are the values that only resolvers hold. A draft without any of them is its code's own story.
    """

    finding: Finding
    genuine: frozenset[Hashable] = frozenset()
    forged: frozenset[Hashable] = frozenset()
    cached: frozenset[Value] = frozenset()


Shows = Callable[[Statement], Hashable]


def draft(
    code: str,
    evidence: Evidence,
    asked: Mapping[QuestionOf, Sequence[Statement]],
    graded: Severity | None = None,
    detail: Mapping[str, object] | None = None,
) -> Draft:
    """Return the draft of a finding about RRsets: each question with the statements behind it, at least one.

    Detail: ``{"forged": whether only strangers show it, "rrsets": [{"name", "type", "expected": [...], "answers":
    [{"seen": [...], "hosts": [...], "resolvers": [...], "regions": [...], "result": …}]}]}``, hosts of name servers,
    resolvers by address; with one RRset its name, type and answers stand in the detail itself as well.
    ``expected`` and ``seen`` are values; with several RRsets each is ``"NAME TYPE VALUE"``.
    """
    expectations = evidence.expectations
    statements = [statement for question in sorted(asked) for statement in asked[question]]
    rrsets = [_rrset(expectations, question, asked[question]) for question in sorted(asked)]
    own = [each for each in statements if each.witness in (Witness.GENUINE, Witness.LAGGING)]
    strange = [each for each in statements if each.witness is Witness.STRANGER]
    told: dict[str, object] = {"forged": bool(strange) and not own, "rrsets": rrsets, **(detail or {})}
    if len(rrsets) == 1:
        told |= {key: rrsets[0][key] for key in ("name", "type", "answers")}
    expected = {question: expectations.values_expected(*question) for question in asked}
    seen = {question: sorted({value for each in asked[question] for value in each.value[2]}) for question in asked}
    finding = Finding(
        code=code,
        subject=expectations.entry.domain,
        severity=severity_of(code, expectations.entry.severity, graded),
        expected=flat(expected),
        seen=flat(seen),
        since=min(since_of(each, evidence) for each in statements),
        sightings=sightings(each.view for each in statements),
        detail=told,
        values=tuple(sorted({each.value for each in statements if each.value[2]})),
    )
    return Draft(
        finding,
        frozenset(each.value for each in own),
        frozenset(each.value for each in strange),
        frozenset(each.value for each in statements if not each.authoritative),
    )


def since_of(statement: Statement, evidence: Evidence) -> datetime:
    """Return since when a statement counts: first made, or no longer explained (a window that ended, an `apply`).

    A stranger's counts since the parent names it; what it said when it was named some other time is of no interest.
    """
    view, parent = statement.view, evidence.parent
    lapsed = None if view.facts is None else evidence.expectations.unexplained_since(view.key, view.facts)
    named = [
        parent.unapproved_since[each.key]
        for each in parent.views
        if set(statement.hosts) & (delegated(each.facts) or set())
    ]
    begun = [min(named)] if named and statement.witness is Witness.STRANGER else []
    return max([view.first_seen, *begun, *([] if lapsed is None else [lapsed])])


def flat(by_question: Mapping[QuestionOf, Iterable[str]]) -> tuple[str, ...]:
    """Return values as texts, with their names and types where there is more than one RRset."""
    if len(by_question) == 1:
        return tuple(next(iter(by_question.values())))
    return tuple(f"{qname} {qtype} {value}" for (qname, qtype) in sorted(by_question)
                 for value in by_question[qname, qtype])  # fmt: skip


def _rrset(expectations: Expectations, question: QuestionOf, statements: Collection[Statement]) -> dict[str, object]:
    qname, qtype = question
    answers: dict[tuple[str, ...], list[Statement]] = {}
    for each in statements:
        answers.setdefault(each.value[2], []).append(each)
    rows = [_answer(seen, given) for seen, given in sorted(answers.items())]
    return {
        "name": qname,
        "type": qtype,
        "expected": list(expectations.values_expected(qname, qtype)),
        "answers": sorted(rows, key=lambda row: -len(row["hosts"]) - len(row["resolvers"])),
    }


def _answer(seen: tuple[str, ...], given: Sequence[Statement]) -> dict[str, Any]:
    results = {str(each.view.facts.result) for each in given if each.view.facts is not None}
    return {
        "seen": list(seen),
        "hosts": sorted({host for each in given if each.authoritative for host in each.hosts}),
        "resolvers": sorted({each.view.key.server for each in given if not each.authoritative}),
        "regions": sorted({each.view.key.region for each in given}),
        "result": min(results, default=""),
    }
