"""Who gives, or gave, data that the watchlist does not explain: what the exposure clock counts from (decision 20)."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from nswatch.expect.matching import Verdict
from nswatch.judge.answers import CHANGED
from nswatch.judge.evidence import Evidence, Statement, Witness, shown
from nswatch.judge.policy import POLICY
from nswatch.model import Result, Severity, Source, Value, View

PARENT, CACHES = "(parent)", "(caches)"


@dataclass(frozen=True, slots=True)
class ForgedData:
    """One server that gives data which the watchlist does not explain; ``ttl`` is the longest it gave, in seconds.

    For the parent's servers ``host`` is ``"(parent)"``, for resolvers ``"(caches)"``, and ``address`` is empty: they
    are one witness together. ``standing`` is false once it no longer answers; ``last_seen`` is then when it stopped.
    """

    host: str
    address: str
    ttl: int
    first_seen: datetime
    last_seen: datetime
    standing: bool


def forged_data(
    evidence: Evidence, views: Sequence[View], followed: Collection[str], apart: Collection[Value] = ()
) -> tuple[ForgedData, ...]:
    """Return who gives forged data now, or did until it fell silent.

    The parent; a host without approval that it names, for as long as that answers at all: its NS RRset keeps resolvers
    captive; a ``followed`` host that it once named, while any answer of it is not explained; a genuine server with
    content that would page; and caches, while they hold any of it. ``apart``, see `served_apart`, is no forgery.
    """
    parent = evidence.parent
    found = []
    if parent.views and parent.confirmed:
        found.append(_one(PARENT, "", parent.views, standing=True))
    suspects = strange_hosts(evidence, followed)
    servers: dict[tuple[str, str], list[View]] = {}
    for view in views:
        if view.key.source is Source.AUTHORITATIVE and view.server_name in suspects and _forged(view, evidence):
            servers.setdefault((view.server_name, view.key.server), []).append(view)
    for each in evidence.statements:
        if each.authoritative and not suspects & {each.view.server_name} and _grave(each):
            servers.setdefault((each.view.server_name, each.view.key.server), []).append(each.view)
    for (host, address), group in sorted(servers.items()):
        found.append(_one(host, address, group, standing=any(view.result.definite for view in group)))
    cached = [
        each.view
        for each in evidence.statements
        if not each.authoritative and _grave(each) and each.value not in apart and not _replaced(evidence, each.view)
    ]
    if cached:
        found.append(_one(CACHES, "", cached, standing=any(view.result.definite for view in cached)))
    return tuple(found)


def strange_hosts(evidence: Evidence, followed: Collection[str]) -> frozenset[str]:
    """Return the hosts that nobody approves, nor did of late, that the parent names or once named.

    Those of a set that an `apply` replaced are an old provider's, not an attacker's, for as long as the parent may lag.
    """
    allowed = evidence.expectations.allowed
    return (evidence.hosts.unapproved | frozenset(followed)) - allowed.hosts - frozenset().union(*allowed.late_ns)


def served_by_strangers(evidence: Evidence, views: Iterable[View], followed: Collection[str]) -> frozenset[Value]:
    """Return what strangers serve now that is not explained, delegated ones and those that are only followed."""
    suspects = strange_hosts(evidence, followed)
    return frozenset(
        (view.key.qname, view.key.qtype, shown(view))
        for view in views
        if view.key.source is Source.AUTHORITATIVE
        and view.server_name in suspects
        and evidence.expectations.verdict(view.key, view.facts) is Verdict.UNEXPECTED
    ) | frozenset(each.value for each in evidence.statements if each.witness is Witness.STRANGER and each.odd)


def _replaced(evidence: Evidence, view: View) -> bool:
    """Whether a cache merely keeps an NS set that was approved once, for longer than it should."""
    expectations = evidence.expectations
    planned = [each.delegation.ns for each in expectations.entry.planned_changes if each.delegation is not None]
    given = frozenset(view.facts.values) if view.facts is not None and view.key.qtype == "NS" else None
    return given in (*expectations.allowed.once_ns, *planned)


def _forged(view: View, evidence: Evidence) -> bool:
    """Whether a stranger gives, or last gave, answers of its own making, or is where everybody is sent."""
    if view.facts is None or view.facts.result not in (Result.ANSWER, Result.OVER_CAP):
        return False
    if view.server_name in evidence.hosts.unapproved:
        return True
    return evidence.expectations.verdict(view.key, view.facts) is Verdict.UNEXPECTED


def _grave(each: Statement) -> bool:
    """Whether an answer is forged data by itself: other data, by which somebody could be led astray."""
    code = CHANGED.get(each.view.key.qtype)
    pages = POLICY[code].severity is Severity.PAGE if code is not None else not each.authoritative
    return each.odd and pages


def _one(host: str, address: str, views: Sequence[View], *, standing: bool) -> ForgedData:
    ttl = max((view.facts.ttl or 0) for view in views if view.facts is not None)
    first = min(view.first_seen for view in views)
    last = max(view.last_seen if view.result.definite else view.result_since for view in views)
    return ForgedData(host, address, ttl, first, last, standing)
