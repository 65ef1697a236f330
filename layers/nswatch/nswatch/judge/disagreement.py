"""`resolvers_disagree` and `regions_disagree`: some see what nobody approved while others see what is expected.

Only an answer that the watchlist does not explain makes a disagreement: expected answers may differ as they like (a
CDN's do by region), and silence, an error or an empty answer says nothing about other data.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from nswatch.expect.matching import Verdict
from nswatch.judge.belief import CONFIRMED_WITHIN, answers
from nswatch.judge.drafts import Draft, draft
from nswatch.judge.evidence import Evidence, QuestionOf, Statement, Witness
from nswatch.model import Source, View


def resolvers_disagree(evidence: Evidence) -> list[Draft]:
    """Return the draft: a resolver, wherever, gives other data, and another server or cache the expected answer.

    Detail as of `draft`; also ``"regions"``, those that see it.
    """
    found: dict[QuestionOf, list[Statement]] = {}
    for question in _asked_of_resolvers(evidence):
        said = evidence.about(question)
        odd = [each for each in said if each.odd and not each.authoritative]
        if odd and any(each.verdict is Verdict.EXPECTED for each in said):
            found[question] = odd
    if not found:
        return []
    regions = sorted({each.view.key.region for group in found.values() for each in group})
    return [draft("resolvers_disagree", evidence, found, detail={"regions": regions})]


def _asked_of_resolvers(evidence: Evidence) -> list[QuestionOf]:
    apex = evidence.expectations.entry.domain
    return [(apex, "NS"), *evidence.expectations.watched()]


@dataclass(frozen=True, slots=True)
class _Side:
    """What one kind of source says for one question: other data, and who has something definite to say."""

    source: Source
    odd: tuple[Statement, ...]
    definite: tuple[View, ...]


def regions_disagree(evidence: Evidence) -> tuple[list[Draft], list[datetime]]:
    """Return the draft, and when to look again where a region has not made a pass since the first sighting.

    Detail as of `draft`; also ``"regions"``, those that see it, ``"others"``, those that do not, and ``"sources"``,
    the kinds of source.
    """
    found: dict[QuestionOf, list[Statement]] = {}
    without, sources, waiting = set[str](), set[Source](), False
    for side in (*_parent(evidence), *_answers(evidence)):
        if not side.odd:
            continue
        seen_in = {each.view.key.region for each in side.odd}
        first = min(each.view.first_seen for each in side.odd)
        last = max(each.view.last_seen for each in side.odd)
        others = [view for view in side.definite if view.key.region not in seen_in]
        # A region that has only just come to see the expected answer is ahead, and the others have yet to follow.
        ahead = {view.key.region for view in others if view.first_seen > last}
        after = {view.key.region for view in others if view.last_seen > first} - ahead
        waiting |= bool({view.key.region for view in others} - after)
        if after:
            found.setdefault(side.odd[0].question, []).extend(side.odd)
            without |= after
            sources.add(side.source)
    later = [evidence.now + CONFIRMED_WITHIN] if waiting else []
    if not found:
        return [], later
    regions = sorted({each.view.key.region for group in found.values() for each in group})
    detail = {"regions": regions, "others": sorted(without), "sources": sorted(map(str, sources))}
    return [draft("regions_disagree", evidence, found, detail=detail)], later


def _parent(evidence: Evidence) -> Iterable[_Side]:
    """Yield the parent's side; its servers are no hosts of the domain, and what they give is a stranger's."""
    parent = evidence.parent
    if parent.views and parent.confirmed:
        odd = tuple(
            Statement(view, (), Witness.STRANGER, Verdict.UNEXPECTED, answers(view, evidence.now), believed=True)
            for view in parent.views
        )
        yield _Side(Source.PARENT, odd, tuple(view for view in parent.published if answers(view, evidence.now)))


def _answers(evidence: Evidence) -> Iterable[_Side]:
    for question in evidence.expectations.asked():
        for source in (Source.AUTHORITATIVE, Source.RECURSIVE):
            said = [each for each in evidence.about(question) if each.view.key.source is source]
            odd = tuple(each for each in said if each.odd)
            definite = tuple(
                each.view for each in said if each.fresh and each.verdict in (Verdict.EXPECTED, Verdict.MISSING)
            )
            yield _Side(source, odd, definite)
