"""`parent_child_mismatch`: the NS RRset at the apex, by the delegated servers, is not one that the parent gives.

RFC 1034 section 4.2.2 wants both the same; resolvers take the child's. Sets that are approved, or were until lately,
may differ while a change is carried out.
"""

from dataclasses import replace

from nswatch.judge.delegation import delegated
from nswatch.judge.drafts import draft
from nswatch.judge.evidence import Evidence, Statement, Witness
from nswatch.judge.lookalike import imitations
from nswatch.model import Finding, Result, Value

CODE = "parent_child_mismatch"


def parent_child_mismatch(evidence: Evidence) -> list[Finding]:
    """Return the finding, a delegation's story whoever serves it: ``expected`` is what the parent gives.

    Detail as of `draft`; also ``"parent"``, the parent zone, and ``"parent_gives"``: its sets, each a list of hosts.
    """
    sets, found = _differing(evidence)
    if not found:
        return []
    apex = (evidence.expectations.entry.domain, "NS")
    views = [*evidence.parent.published, *evidence.parent.views]
    zone = next((view.facts.zone for view in views if view.facts is not None and view.facts.zone), "")
    gives = [sorted(hosts) for hosts in sorted(sets, key=sorted)]
    detail = {"parent": zone, "parent_gives": gives}
    written = draft(CODE, evidence, {apex: found}, detail=detail)
    parents = tuple(sorted(frozenset[str]().union(*sets)))
    return [replace(written.finding, expected=parents)]


def served_apart(evidence: Evidence) -> frozenset[Value]:
    """Return the NS sets of the zone itself, by its approved servers, where the parent gives the approved one.

    Whoever sees such a set has it from the zone, and to hear of it is no worse than the mismatch. Not one that holds an
    imitation: that is no oversight of the zone's owner.
    """
    if evidence.parent.views and evidence.parent.confirmed:
        return frozenset()
    allowed, route53 = evidence.expectations.allowed, evidence.expectations.entry.delegation.provider == "route53"
    _, found = _differing(evidence)
    return frozenset(
        each.value
        for each in found
        if each.witness is Witness.GENUINE and not imitations(each.value[2], allowed.hosts, route53=route53)
    )


def _differing(evidence: Evidence) -> tuple[frozenset[frozenset[str]], list[Statement]]:
    """Return the sets that the parent gives, and what delegated servers say that is none of them."""
    views = [*evidence.parent.published, *evidence.parent.views]
    sets = frozenset(hosts for view in views if (hosts := delegated(view.facts)))
    allowed, apex = evidence.expectations.allowed, (evidence.expectations.entry.domain, "NS")
    fine = {*allowed.ns_sets, *allowed.superseded_ns}

    def differs(each: Statement) -> bool:
        facts = each.view.facts
        if facts is None or facts.result is not Result.ANSWER or not (evidence.hosts.delegated & set(each.hosts)):
            return False
        hosts = frozenset(facts.values)
        return hosts not in sets and each.believed and not (hosts in fine and sets <= fine)

    found = [each for each in evidence.about(apex) if each.authoritative and differs(each)]
    return (sets, found) if sets else (sets, [])
