"""`delegation_changed`: the NS RRset that the parent gives is not an approved set (decisions 1 and 5).

The parent's servers are the only witnesses that no cache stands before. A value that is not approved is believed when
two of them give it, or when one gives it over TCP in two passes or to two regions; one spoofed datagram is neither.
What counts is *that* a server departs from what is approved, not that it keeps to one lie: a server that gives another
unapproved set in each pass is in doubt since its first.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from nswatch.expect.approved import Approved
from nswatch.expect.watchlist import DomainEntry
from nswatch.judge.belief import CONFIRMED_WITHIN, answers, outlived, stands_until
from nswatch.model import Facts, Key, Result, Source, Transport, Value, View


@dataclass(frozen=True, slots=True)
class Departure:
    """The parent's answers that are not approved, and whether they are believed.

    ``published`` are its other answers that stand: approved ones, and a replaced one from a lagging server.
    ``doubts`` says since which pass each question's answer has not been approved: to be given to the next judgement.
    ``unapproved_since`` gives the moment for people: of the answer itself, or of the end of its approval.
    ``look_again`` is when time alone may change the verdict, None when only new evidence can.
    """

    views: tuple[View, ...]
    confirmed: bool
    doubts: Mapping[Key, datetime]
    unapproved_since: Mapping[Key, datetime]
    look_again: datetime | None
    published: tuple[View, ...] = ()

    @property
    def since(self) -> datetime:
        """When the first of these answers was seen, or ceased to be approved."""
        return min(self.unapproved_since[view.key] for view in self.views)

    @property
    def hosts(self) -> frozenset[str]:
        """Every host that an unapproved answer delegates to."""
        return frozenset(host for view in self.views for host in delegated(view.facts) or ())

    @property
    def values(self) -> tuple[Value, ...]:
        """The NS RRsets that are not approved."""
        sets = {(view.key.qname, "NS", tuple(sorted(delegated(view.facts) or ()))) for view in self.views}
        return tuple(sorted(sets))


def delegated(facts: Facts | None) -> frozenset[str] | None:
    """Return the delegated hosts of a parent's definite answer (none when the delegation is gone), or None."""
    if facts is None:
        return None
    if facts.result is Result.REFERRAL:
        return frozenset(facts.values)
    if facts.result in (Result.NXDOMAIN, Result.NODATA):
        return frozenset()
    if facts.result is Result.OVER_CAP:
        return frozenset({f"(an answer over the size limit, SHA-256 {facts.digest[:16]})"})
    return None


def _views_of_parent(views: Iterable[View], domain: str) -> list[View]:
    asked = (view for view in views if view.key.source is Source.PARENT and view.key.qname == domain)
    return [view for view in asked if delegated(view.facts) is not None]


def departure(
    views: Sequence[View], entry: DomainEntry, allowed: Approved, doubts: Mapping[Key, datetime], now: datetime
) -> Departure:
    """Return which of the parent's servers depart from the approved sets, and whether that is believed.

    ``views`` are all regions'; ``doubts`` those of the last judgement. A set that an `apply` replaced within seven days
    is a lagging server's as long as some other server gives an approved one.
    """
    counted = _views_of_parent(views, entry.domain)
    fresh = [view for view in counted if delegated(view.facts) in allowed.ns_sets and answers(view, now)]
    published = any(delegated(view.facts) in allowed.ns_sets for view in counted)
    fine = set(allowed.ns_sets) | (set(allowed.late_ns) if published else set())
    departing = [
        view
        for view in counted
        if delegated(view.facts) not in fine and (answers(view, now) or not outlived(view, fresh, now, anywhere=True))
    ]
    heard = [view for view in counted if answers(view, now)]
    standing = [
        view
        for view in counted
        if delegated(view.facts) in fine and (answers(view, now) or not outlived(view, heard, now, anywhere=True))
    ]
    since = {view.key: doubts.get(view.key, view.first_pass) for view in departing}
    unapproved = {view.key: _unapproved_since(entry, view, now) for view in departing}
    ordered = tuple(sorted(departing, key=lambda view: view.key))
    believed = believed_of_registry(departing, since)
    ends = [stands_until(view) for view in departing if not answers(view, now)]
    if departing and not believed:
        ends.append(now + CONFIRMED_WITHIN)
    look_again = min((end for end in ends if end > now), default=None)
    return Departure(ordered, believed, since, unapproved, look_again, tuple(standing))


def _unapproved_since(entry: DomainEntry, view: View, now: datetime) -> datetime:
    """Return when an answer that is not approved now came, or lost its approval: a window that ended, an `apply`."""
    hosts = delegated(view.facts)
    ended = [
        change.ends
        for change in entry.planned_changes
        if change.ends <= now and change.delegation is not None and change.delegation.ns == hosts
    ]
    replaced = [past.at for past in entry.superseded if past.delegation is not None and past.delegation.ns == hosts]
    return max([view.first_seen, *ended, *replaced])


def believed_of_registry(views: Sequence[View], since: Mapping[Key, datetime]) -> bool:
    """Whether what the parent's servers give is believed: from two of them, or over TCP in two passes or regions.

    ``since`` says since which pass each departs.
    """
    if len({view.key.server for view in views}) >= 2:
        return True
    over_tcp = [view for view in views if view.transport is Transport.TCP]
    regions = {view.key.region for view in over_tcp}
    return len(regions) >= 2 or any(view.last_seen > since[view.key] for view in over_tcp)


def answers_detail(views: Iterable[View]) -> list[dict[str, object]]:
    """Return the distinct unapproved answers, the most widely given first.

    Each is ``{"seen": [hosts], "result": …, "servers": how many servers give it, "regions": [who saw it]}``.
    """
    groups: dict[tuple[Result, frozenset[str]], list[View]] = defaultdict(list)
    for view in views:
        assert view.facts is not None  # noqa: S101 - `departure` keeps only views with facts
        groups[view.facts.result, delegated(view.facts) or frozenset()].append(view)
    rows = [
        {
            "seen": sorted(hosts),
            "result": str(result),
            "servers": len({view.key.server for view in group}),
            "regions": sorted({view.key.region for view in group}),
        }
        for (result, hosts), group in groups.items()
    ]
    return sorted(rows, key=lambda row: (-int(str(row["servers"])), str(row["seen"])))
