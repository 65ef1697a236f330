"""`ttl_changed`: a name server gives a TTL at least four times, or at most a fourth, of the baseline's.

Servers that stand behind caches count down, so that one look says little: a TTL counts when two servers or regions are
given the same one, or one is for as long as it takes to ask every question again.
"""

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime, timedelta

from nswatch.judge.belief import CONFIRMED_WITHIN, UNKNOWN_COUNTS_FOR, last_word
from nswatch.judge.drafts import Draft, draft, flat
from nswatch.judge.evidence import Evidence, QuestionOf, Statement, Witness
from nswatch.model import Result

FOURFOLD = 4
ROUND = timedelta(minutes=3)
"""Every question is asked again within so long; a view whose TTL is older was seen twice."""


def ttl_changed(evidence: Evidence) -> tuple[list[Draft], list[datetime]]:
    """Return the draft, and when to look again where a TTL has not been seen often enough.

    Detail: ``{"rrsets": [{"name", "type", "expected": seconds, "seen": seconds, "hosts": […], "regions": […]}],
    "forged": whether only strangers show it}``.
    """
    baseline = evidence.expectations.entry.baseline.ttls
    rows: dict[tuple[QuestionOf, int], list[Statement]] = {}
    for each in evidence.statements:
        ttl = _ttl(evidence, each)
        if ttl is not None and each.question in baseline and _apart(ttl, baseline[each.question]):
            rows.setdefault((each.question, ttl), []).append(each)
    sure = {row: group for row, group in rows.items() if len(_keys(group)) > 1 or any(map(_lasted, group))}
    later = [
        max(each.view.first_pass + ROUND, evidence.now + CONFIRMED_WITHIN)
        for row, group in rows.items()
        if row not in sure
        for each in group
    ]
    if not sure:
        return [], later
    asked: dict[QuestionOf, list[Statement]] = {}
    for (question, _), group in sure.items():
        asked.setdefault(question, []).extend(group)
    written = draft("ttl_changed", evidence, asked)
    finding = replace(
        written.finding,
        expected=flat({question: [str(baseline[question])] for question in asked}),
        seen=flat({question: sorted({str(ttl) for other, ttl in sure if other == question}) for question in asked}),
        since=min(each.view.first_seen for group in asked.values() for each in group),
        detail={
            "forged": written.finding.detail["forged"],
            "rrsets": [
                {
                    "name": question[0],
                    "type": question[1],
                    "expected": baseline[question],
                    "seen": ttl,
                    "hosts": sorted({host for each in group for host in each.hosts}),
                    "regions": sorted({each.view.key.region for each in group}),
                }
                for (question, ttl), group in sorted(sure.items())
            ],
        },
        values=(),
    )
    own = frozenset(row for row, group in sure.items() if any(each.witness is Witness.GENUINE for each in group))
    strange = frozenset(row for row, group in sure.items() if any(each.witness is Witness.STRANGER for each in group))
    return [Draft(finding, own, strange)], later


def _ttl(evidence: Evidence, each: Statement) -> int | None:
    """Return the TTL that a statement shows, where it is one to be judged."""
    facts, allowed = each.view.facts, evidence.expectations.allowed
    if facts is None or facts.result is not Result.ANSWER or facts.aliases or not each.believed:
        return None
    if each.witness not in (Witness.GENUINE, Witness.STRANGER):
        return None
    planned_only = set(each.hosts) <= allowed.hosts - allowed.current
    if planned_only or not _stands(each, evidence.now) or _may_change(evidence, each.question):
        return None
    return facts.ttl


def _may_change(evidence: Evidence, question: QuestionOf) -> bool:
    """Whether a planned change is being carried out that brings the RRset anew."""
    allowed = evidence.expectations.allowed
    if question[0] == evidence.expectations.entry.domain and question[1] in ("NS", "SOA"):
        return any(change.delegation is not None for change in allowed.open_changes)
    return any((answer.name, answer.type) == question for answer in allowed.planned_answers)


def _stands(each: Statement, now: datetime) -> bool:
    return each.fresh or now - last_word(each.view) < UNKNOWN_COUNTS_FOR


def _apart(seen: int, baseline: int) -> bool:
    low, high = sorted((max(1, seen), max(1, baseline)))
    return high >= FOURFOLD * low


def _keys(group: Iterable[Statement]) -> set[tuple[str, str]]:
    return {(each.view.key.region, each.view.key.server) for each in group}


def _lasted(each: Statement) -> bool:
    return last_word(each.view) - each.view.first_pass >= ROUND
