"""What happens to other watched domains at the same registrar, by this hub's index of open findings.

It is read only where a finding stands that would page for it, and whoever might be raised by a domain's incident is
looked at again when that begins and when it ends.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime

from nswatch.expect.watchlist import DomainEntry, read_entry
from nswatch.judge.policy import POLICY, RAISED, SIBLING_SIGNALS
from nswatch.judge.raising import Sibling, open_to_siblings, raised_by_siblings, registrars_of
from nswatch.model import Finding, Severity, View
from nswatch.record.hub_store import DynamoHubStore
from nswatch.record.port import Commit, OpenFinding
from nswatch.respond.groups import is_domain

MOST = 20
"""So many domains with an incident are asked who their registrar is: an account that was taken shows in few."""
_ORDER = tuple(POLICY)
_BY_SIBLINGS = frozenset(code for code, rule in RAISED.items() if rule.by_siblings)


def beside_siblings(
    home: DynamoHubStore,
    collectors: Sequence[str],
    entry: DomainEntry,
    findings: tuple[Finding, ...],
    views: Iterable[View],
    now: datetime,
) -> tuple[Finding, ...]:
    """Return a domain's findings, those raised that an incident of a sibling makes urgent. Raises StoreUnavailable."""
    registrars = registrars_of(entry, views) if open_to_siblings(findings, entry.severity) else frozenset()
    if not registrars:
        return findings
    others = []
    for domain, code in list(paging_at(home.open_findings(Severity.PAGE), entry.domain).items())[:MOST]:
        expectation = home.expectation(domain)
        if expectation is not None:
            theirs = home.seen(domain, expectation.shard, (), now, collectors).views
            others.append(Sibling(domain, code, registrars_of(read_entry(domain, expectation.entry), theirs)))
    return tuple(raised_by_siblings(findings, entry.severity, registrars, others))


def paging_at(rows: Iterable[OpenFinding], domain: str) -> dict[str, str]:
    """Return the other domains of which something pages that makes one doubt its siblings, each with what tells most.

    That is the first code in the policy's order: name servers that changed go before what they serve.
    """
    paging: dict[str, str] = {}
    for row in rows:
        if row.code in SIBLING_SIGNALS and row.group != domain and is_domain(row.group):
            paging[row.group] = min(row.code, paging.get(row.group, row.code), key=_ORDER.index)
    return paging


def stirred(home: DynamoHubStore, commit: Commit) -> list[str]:
    """Return the domains to look at again, as a decision begins or ends what raises others. Raises StoreUnavailable."""
    opened = {row.code for row in commit.opened if row.severity is Severity.PAGE}
    if not SIBLING_SIGNALS & (opened | {code for code, _ in commit.closed}):
        return []
    rows = [row for severity in (Severity.NOTICE, Severity.PAGE) for row in home.open_findings(severity)]
    return list(dict.fromkeys(row.group for row in rows if row.code in _BY_SIBLINGS))
