"""The findings about a departed delegation: `delegation_changed`, `nameserver_lookalike`, `route53_mismatch`."""

from dataclasses import replace

from nswatch.expect.approved import Approved
from nswatch.expect.watchlist import DomainEntry
from nswatch.judge.belief import sightings
from nswatch.judge.delegation import Departure, answers_detail
from nswatch.judge.lookalike import closest
from nswatch.judge.policy import severity_of
from nswatch.judge.route53 import mismatches
from nswatch.model import Finding


def delegation_findings(entry: DomainEntry, allowed: Approved, parent: Departure) -> list[Finding]:
    """Return `delegation_changed`, and what explains it: look-alikes and names that Route 53 cannot have given.

    Detail: ``{"parent": zone, "answers": as of `answers_detail`}``; ``{"pairs": [as of `Lookalike.as_detail`]}``;
    ``{"hosts": [{"host", "kind", "explanation"}]}``. Nothing while the departure is not believed.
    """
    if not parent.views or not parent.confirmed:
        return []
    seen_by = sightings(parent.views)
    since = parent.since

    def finding(code: str, expected: tuple[str, ...], seen: tuple[str, ...], detail: dict[str, object]) -> Finding:
        severity = severity_of(code, entry.severity)
        return Finding(code, entry.domain, severity, expected, seen, since, seen_by, detail)

    answers = answers_detail(parent.views)
    expected = tuple(sorted(allowed.current))
    changed = finding(
        "delegation_changed",
        expected,
        tuple(sorted(parent.hosts)),
        {"parent": _parent_zone(parent), "answers": answers},
    )
    findings = [replace(changed, values=parent.values)]
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
