"""All rules over one domain: views and expectations in, findings out."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from nswatch.expect.approved import Approved, approved
from nswatch.expect.watchlist import DomainEntry
from nswatch.judge.delegation import Departure, answers_detail, delegated, departure, sightings
from nswatch.judge.lookalike import closest
from nswatch.judge.policy import severity_of
from nswatch.judge.route53 import mismatches
from nswatch.model import Finding, Key, Result, Source, View

JUDGED = frozenset({"delegation_changed", "nameserver_lookalike", "route53_mismatch", "vantage_silent"})
"""The codes that this version raises: of the others the policy and the texts are there, the rules are not."""


@dataclass(frozen=True, slots=True)
class ForgedData:
    """One server that gives data which the watchlist does not explain; ``ttl`` is the longest it gave, in seconds.

    For the parent's servers ``host`` is ``"(parent)"`` and ``address`` is empty: they are one witness together.
    ``standing`` is false once it no longer answers; ``last_seen`` is then when it had stopped.
    """

    host: str
    address: str
    ttl: int
    first_seen: datetime
    last_seen: datetime
    standing: bool


@dataclass(frozen=True, slots=True)
class Judgement:
    """What one look at a domain's record says.

    ``doubts`` goes into the next judgement. ``look_again`` is when time alone may change it (something departs from
    what is approved and is not believed yet, or can't be confirmed any more), None when only new evidence can.
    """

    findings: tuple[Finding, ...]
    forged: tuple[ForgedData, ...]
    doubts: Mapping[Key, datetime]
    look_again: datetime | None


def judge_domain(
    entry: DomainEntry,
    views: Sequence[View],
    doubts: Mapping[Key, datetime],
    now: datetime,
    followed: Collection[str] = (),
) -> Judgement:
    """Return what stands against one domain at ``now``, from every region's views in one hub's record.

    ``followed`` are the hosts that an unapproved delegation once named, and that are still asked.
    """
    allowed = approved(entry, now)
    parent = departure(views, entry, allowed, doubts, now)
    findings = _delegation_findings(entry, allowed, parent) if parent.views and parent.confirmed else []
    return Judgement(
        findings=tuple(findings),
        forged=_forged(entry, allowed, parent if parent.confirmed else None, views, followed),
        doubts=parent.doubts,
        look_again=parent.look_again,
    )


def _delegation_findings(entry: DomainEntry, allowed: Approved, parent: Departure) -> list[Finding]:
    """`delegation_changed`, and what explains it: look-alikes and names that Route 53 cannot have given."""
    seen_by = sightings(parent.views)
    since = parent.since

    def finding(code: str, expected: tuple[str, ...], seen: tuple[str, ...], detail: dict[str, object]) -> Finding:
        severity = severity_of(code, entry.severity)
        return Finding(code, entry.domain, severity, expected, seen, since, seen_by, detail)

    answers = answers_detail(parent.views)
    expected = tuple(sorted(allowed.current))
    findings = [
        finding(
            "delegation_changed",
            expected,
            tuple(sorted(parent.hosts)),
            {"parent": _parent_zone(parent), "answers": answers},
        )
    ]
    strangers = sorted(host for host in parent.hosts - allowed.hosts if not host.startswith("("))
    pairs = [pair for pair in (closest(host, sorted(allowed.hosts)) for host in strangers) if pair is not None]
    if pairs:
        findings.append(
            finding(
                "nameserver_lookalike",
                tuple(pair.genuine for pair in pairs),
                tuple(pair.candidate for pair in pairs),
                {"pairs": [pair.as_detail() for pair in pairs]},
            )
        )
    if entry.delegation.provider == "route53":
        wrong = mismatches(frozenset(strangers), allowed.current, allowed.hosts)
        if wrong:
            hosts = [{"host": row.host, "kind": row.kind, "explanation": row.explanation} for row in wrong]
            seen = tuple(row.host for row in wrong)
            findings.append(finding("route53_mismatch", expected, seen, {"hosts": hosts}))
    return findings


def _parent_zone(parent: Departure) -> str:
    """Return the parent zone, as the walk found it."""
    return next((view.facts.zone for view in parent.views if view.facts is not None and view.facts.zone), "")


def _forged(
    entry: DomainEntry,
    allowed: Approved,
    parent: Departure | None,
    views: Sequence[View],
    followed: Collection[str],
) -> tuple[ForgedData, ...]:
    """Return who gives forged data: the parent, and the hosts that it names or once named without approval."""
    found = []
    suspects = (set(followed) | (parent.hosts if parent is not None else set())) - allowed.hosts - _once_approved(entry)
    if parent is not None and parent.views:
        found.append(_forged_by("(parent)", "", parent.views, standing=True))
    servers: dict[tuple[str, str], list[View]] = {}
    for view in views:
        asked = view.key.source is Source.AUTHORITATIVE and view.key.qname == entry.domain
        if asked and view.server_name in suspects and _is_forged(view, allowed):
            servers.setdefault((view.server_name, view.key.server), []).append(view)
    for (host, address), group in sorted(servers.items()):
        found.append(_forged_by(host, address, group, standing=any(view.result.definite for view in group)))
    return tuple(found)


def _once_approved(entry: DomainEntry) -> frozenset[str]:
    """Return the hosts of sets that an `apply` replaced: they are an old provider's, not an attacker's."""
    return frozenset(host for past in entry.superseded if past.delegation is not None for host in past.delegation.ns)


def _forged_by(host: str, address: str, views: Sequence[View], *, standing: bool) -> ForgedData:
    ttl = max((view.facts.ttl or 0) for view in views if view.facts is not None)
    first = min(view.first_seen for view in views)
    last = max(view.last_seen if view.result.definite else view.result_since for view in views)
    return ForgedData(host, address, ttl, first, last, standing)


def _is_forged(view: View, allowed: Approved) -> bool:
    """Whether a server gives, or last gave, answers of its own making for the zone."""
    if view.facts is None:
        return False
    if view.key.qtype == "NS":
        return view.facts.result is Result.ANSWER and delegated_by_child(view) not in allowed.ns_sets
    if view.key.qtype == "SOA":
        mname = view.facts.values[0].split()[0].rstrip(".") if view.facts.values else ""
        return view.facts.result is Result.ANSWER and bool(allowed.soa_mnames) and mname not in allowed.soa_mnames
    return False


def delegated_by_child(view: View) -> frozenset[str] | None:
    """Return the apex NS set that an authoritative server gave."""
    return frozenset(view.facts.values) if view.facts is not None else delegated(None)
