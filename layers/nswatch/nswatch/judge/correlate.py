"""Which story each finding belongs to: whatever strangers serve is the delegation's, and caches repeat what they heard.

A forged value seen elsewhere is no other story (scenario format, "Causes"). A cache's value is recognised by what the
parent, strangers or genuine servers show now, and by what the incident has ever shown.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from nswatch.expect.matching import Expectations, Verdict
from nswatch.judge.answers import CHANGED
from nswatch.judge.drafts import Draft
from nswatch.judge.mismatch import CODE as MISMATCH
from nswatch.judge.policy import POLICY, Cause, severity_of
from nswatch.model import Facts, Finding, Key, Result, Severity, Source, Value

_STORIES = (Cause.DELEGATION, Cause.ZONE_CONTENT)
"""Whose values caches repeat; the first that has a value is told."""

_ADDRESSES = ("A", "AAAA")


@dataclass(frozen=True, slots=True)
class Stories:
    """The unexplained values of every story: ``shown`` now by the parent and name servers, ``ever`` by anybody.

    ``urgent`` are the stories of which something that pages stands beside what caches hold. ``apart`` are the NS sets
    that the zone itself gives beside the approved one.
    """

    expectations: Expectations
    apart: Collection[Value]
    shown: Mapping[Cause, frozenset[Value]]
    ever: Mapping[Cause, frozenset[Value]]
    urgent: frozenset[Cause]

    def owners(self, value: Value) -> set[Cause]:
        """Return the stories that a value belongs to; none where it is the caches' own."""
        return {cause for cause in _STORIES if self._among(value, self.ever[cause])}

    def standing(self, values: Iterable[Value]) -> set[Cause]:
        """Return the stories that are not over: urgent ones, and those of which a server still shows a value."""
        given = list(values)
        shown = {cause for cause in _STORIES if any(self._among(value, self.shown[cause]) for value in given)}
        return shown | self.urgent

    def _among(self, value: Value, values: frozenset[Value]) -> bool:
        """Whether a story has a value; addresses come in turn, so that each is looked for by itself."""
        if value in values:
            return True
        qname, qtype, data = value
        if qtype not in _ADDRESSES:
            return False
        theirs = {address for name, type_, found in values if (name, type_) == (qname, qtype) for address in found}
        key = Key("", Source.RECURSIVE, "", qname, qtype)
        return bool(theirs & set(data)) and all(
            address in theirs or self.expectations.verdict(key, Facts(Result.ANSWER, (address,))) is Verdict.EXPECTED
            for address in data
        )


def with_stories(
    drafts: Sequence[Draft],
    told: Sequence[Finding],
    served: frozenset[Value],
    expectations: Expectations,
    known: Mapping[str, frozenset[Value]],
    apart: Collection[Value],
) -> list[Finding]:
    """Return the drafts as findings, each with its story.

    ``told`` are the findings whose story their rule knows. ``served`` is what strangers serve, also those that nobody
    is sent to any more; ``known`` what the newest incident has ever shown, by cause; ``apart`` as of `served_apart`.
    """
    primary = [replace(each.finding, cause=_cause(each, apart)) for each in drafts if not _cached_only(each)]
    primary = [_repeating(each, expectations, apart) for each in primary]
    now = [*told, *primary]
    shown = {cause: _values(now, cause) for cause in _STORIES}
    ever = {cause: shown[cause] | known.get(cause.value, frozenset()) for cause in _STORIES}
    ever[Cause.DELEGATION] |= served
    urgent = {story_of(finding) for finding in now if finding.severity is Severity.PAGE}
    stories = Stories(expectations, apart, shown, ever, frozenset(urgent))
    return [*primary, *(_of_caches(each, stories) for each in drafts if _cached_only(each))]


def story_of(finding: Finding) -> Cause:
    """Return a finding's story: its own, else its code's."""
    return Cause(finding.cause) if finding.cause else POLICY[finding.code].cause


def _values(findings: Iterable[Finding], cause: Cause) -> frozenset[Value]:
    return frozenset(value for finding in findings if story_of(finding) is cause for value in finding.values)


def _cached_only(each: Draft) -> bool:
    return bool(each.cached) and not each.genuine and not each.forged


def _cause(each: Draft, apart: Collection[Value]) -> str:
    """Return the story of what name servers show: genuine ones tell their own where strangers do not show the same."""
    of_caches = POLICY[each.finding.code].cause is Cause.CACHES
    if each.forged and (of_caches or not each.genuine - each.forged):
        return Cause.DELEGATION
    if of_caches and each.genuine and each.genuine <= frozenset(apart):
        return Cause.DELEGATION
    return Cause.ZONE_CONTENT if of_caches else ""


def _of_caches(each: Draft, stories: Stories) -> Finding:
    """Return a finding that rests on caches alone: part of a story when that has all its values, and else their own.

    It is residual when the story is over: nothing of it stands but what caches hold.
    """
    values = sorted(each.cached)
    owners = [stories.owners(value) for value in values]
    if not all(owners):
        return replace(each.finding, cause=Cause.CACHES)
    possible, standing = set[Cause]().union(*owners), stories.standing(values)
    story = min(possible, key=lambda cause: (cause not in standing, _STORIES.index(cause)))
    finding = replace(each.finding, cause=story, residual=not possible & standing)
    return _repeating(finding, stories.expectations, stories.apart)


def _repeating(finding: Finding, expectations: Expectations, apart: Collection[Value]) -> Finding:
    """Return a finding that only says who sees something as no more urgent than that is by itself.

    That is the zone's content, and the NS sets that the zone gives beside the parent's. What else belongs to the
    delegation's story is forged, and as urgent as its rule says.
    """
    if POLICY[finding.code].cause is not Cause.CACHES:
        return finding
    overrides, of_zone = expectations.entry.severity, story_of(finding) is Cause.ZONE_CONTENT
    own = [
        severity_of(MISMATCH, overrides) if value in apart
        else severity_of(CHANGED.get(value[1], finding.code), overrides) if of_zone
        else finding.severity
        for value in finding.values
    ]  # fmt: skip
    urgency = min((finding.severity, max(own, key=_rank, default=finding.severity)), key=_rank)
    return replace(finding, severity=urgency)


def _rank(severity: Severity) -> int:
    return severity.rank
