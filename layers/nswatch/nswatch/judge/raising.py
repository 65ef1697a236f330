"""What makes a finding more urgent than it is alone: another one beside it, or an incident of a sibling.

Pure steps over the findings of all rules; `nswatch.judge.policy.RAISED` is the table. Who is raised joins the story of
what raises it, so that one story pages once.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from nswatch.expect.watchlist import DomainEntry
from nswatch.judge.collected import newest, values_of
from nswatch.judge.correlate import story_of
from nswatch.judge.policy import POLICY, RAISED, Cause, Raising
from nswatch.model import Finding, Severity, Source, View
from nswatch.moments import iso

_STORIES = (Cause.DELEGATION, Cause.ZONE_CONTENT)
"""The stories that something joins; the first one goes before."""
_ACCOUNT = Cause.REGISTRAR
_ORDER = {code: place for place, code in enumerate(POLICY)}


@dataclass(frozen=True, slots=True)
class Sibling:
    """Another watched domain, the code that pages there, and the names by which its registrar is known."""

    domain: str
    code: str
    registrars: frozenset[str]


def raised(findings: Sequence[Finding], overrides: Mapping[str, Severity]) -> list[Finding]:
    """Return the findings, those raised that the others make more urgent.

    A raised finding's detail has ``"raised_by": {"code", "subject"}`` and ``"alone": its severity by itself``; it
    counts from when both stood, and ``"first_seen"`` keeps since when it stands itself.
    """
    return [_raised(finding, findings, overrides) for finding in findings]


def _raised(finding: Finding, findings: Sequence[Finding], overrides: Mapping[str, Severity]) -> Finding:
    rule = RAISED.get(finding.code)
    signals = [] if rule is None or finding.residual else [one for one in findings if _signals(one, finding, rule)]
    signal = min(signals, key=lambda one: (_STORIES.index(story_of(one)), _ORDER[one.code]), default=None)
    if signal is None:
        return finding
    urgent = finding.severity if finding.code in overrides else Severity.PAGE
    joined = replace(finding, cause=story_of(signal), since=max(finding.since, signal.since), severity=urgent)
    return _with_reason(joined, finding, signal.code, signal.subject)


def _signals(one: Finding, finding: Finding, rule: Raising) -> bool:
    """Whether one finding raises another; what only caches still hold of an old story raises nothing."""
    within = rule.together if finding.severity is Severity.PAGE and rule.together is not None else rule.within
    return (
        one.code in rule.by
        and not one.residual
        and one.severity is not Severity.LOG
        and story_of(one) in _STORIES
        and (within is None or abs(one.since - finding.since) <= within)
    )


def _with_reason(raised_: Finding, alone: Finding, code: str, subject: str) -> Finding:
    why = {
        "raised_by": {"code": code, "subject": subject},
        "alone": str(alone.severity),
        "first_seen": iso(alone.since),
    }
    return replace(raised_, detail={**alone.detail, **why})


def open_to_siblings(findings: Iterable[Finding], overrides: Mapping[str, Severity]) -> bool:
    """Whether some finding does not page, and would if a sibling had an incident: only then are they looked for."""
    return any(_by_siblings(finding, overrides) for finding in findings)


def raised_by_siblings(
    findings: Iterable[Finding],
    overrides: Mapping[str, Severity],
    registrars: frozenset[str],
    others: Iterable[Sibling],
) -> list[Finding]:
    """Return the findings, those raised that the incident of another domain at the same registrar makes urgent.

    ``registrars`` are the names of the domain's own registrar, see `registrars_of`. The story is one of the account
    there, so that it is over when the sibling's is. Detail as of `raised`.
    """
    shared = [other for other in others if other.registrars & registrars]
    sibling = min(shared, key=lambda other: (_ORDER[other.code], other.domain), default=None)
    return [
        _with_reason(replace(finding, severity=Severity.PAGE, cause=_ACCOUNT), finding, sibling.code, sibling.domain)
        if sibling is not None and _by_siblings(finding, overrides)
        else finding
        for finding in findings
    ]


def _by_siblings(finding: Finding, overrides: Mapping[str, Severity]) -> bool:
    rule = RAISED.get(finding.code)
    open_ = rule is not None and rule.by_siblings and not finding.residual
    return open_ and finding.severity is not Severity.PAGE and finding.code not in overrides


def registrars_of(entry: DomainEntry, views: Iterable[View]) -> frozenset[str]:
    """Return the names of a domain's registrar, comparable: by the watchlist, and by what RDAP says now."""
    named = {entry.registration.registrar} if entry.registration is not None and entry.registration.registrar else set()
    told = values_of(newest(views, Source.RDAP, entry.domain, "registrar"))
    return frozenset(" ".join(name.split()).casefold() for name in {*named, *told} if name.strip())
