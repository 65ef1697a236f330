"""What is approved for a domain at a moment: its entry, and the planned changes whose window is open.

Sets compare by equality alone (decision 2): a mixture of the old and the new hosts is neither. Windows include their
first moment and exclude their last.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TypeVar

from nswatch.expect.watchlist import Answer, DomainEntry, PlannedChange, Registration, Web

T = TypeVar("T")

LAGGING = timedelta(hours=48)
"""How long what an `apply` replaced may still come from caches, and from the zone itself: a delegation's usual TTL."""

OVERDUE = timedelta(days=7)
"""How long a server of the parent may lag, while another gives an approved set."""

CACHED = timedelta(days=90)
"""How long caches may give an NS set that was replaced: many renew it from the servers that it names."""

ENDING = timedelta(hours=1)
"""How long before its end a window is told to be ending."""


@dataclass(frozen=True, slots=True)
class Approved:
    """Everything that is approved at one moment.

    ``ns_sets`` holds the current set first, then each open planned change's; ``hosts`` is their union. Where
    ``soa_mnames`` or ``dnssec`` is empty, the entry asks nothing. ``superseded_ns`` are sets that were approved within
    the last 48 h and are not now: the zone may still name them. ``late_ns`` are those of seven days: they excuse a
    lagging server while another one gives an approved set. ``once_ns`` are those of 90 days, as far as they are
    remembered: they excuse a cache.
    ``open_changes`` are the planned changes behind it all.
    """

    current: frozenset[str]
    ns_sets: tuple[frozenset[str], ...]
    hosts: frozenset[str]
    superseded_ns: tuple[frozenset[str], ...]
    late_ns: tuple[frozenset[str], ...]
    once_ns: tuple[frozenset[str], ...]
    soa_mnames: tuple[str, ...]
    dnssec: tuple[str, ...]
    answers: tuple[Answer, ...]
    planned_answers: tuple[Answer, ...]
    registrations: tuple[Registration, ...]
    webs: tuple[Web, ...]
    open_changes: tuple[PlannedChange, ...]

    def answers_for(self, name: str, qtype: str) -> tuple[Answer, ...]:
        """Return the alternatives for one absolute name and type, any of which is right; empty asks nothing.

        A planned answer is an alternative to one that the entry lists. Where the entry lists none, anything is right
        before the window and so within it.
        """
        current = tuple(answer for answer in self.answers if (answer.name, answer.type) == (name, qtype))
        if not current:
            return ()
        planned = (answer for answer in self.planned_answers if (answer.name, answer.type) == (name, qtype))
        return tuple(dict.fromkeys((*current, *planned)))


def approved(entry: DomainEntry, at: datetime) -> Approved:
    """Return what is approved for a domain at a moment."""
    changes = tuple(change for change in entry.planned_changes if change.starts <= at < change.ends)
    current = entry.delegation.ns
    planned = (change.delegation.ns for change in changes if change.delegation is not None and change.delegation.ns)
    ns_sets = tuple(dict.fromkeys((current, *planned)))
    replaced = [
        (past.at, past.delegation.ns)
        for past in entry.superseded
        if past.delegation is not None and past.delegation.ns and past.at <= at
    ]

    def within(age: timedelta) -> tuple[frozenset[str], ...]:
        return tuple(dict.fromkeys(ns for moment, ns in replaced if at < moment + age and ns not in ns_sets))

    return Approved(
        current=current,
        ns_sets=ns_sets,
        hosts=frozenset().union(*ns_sets),
        superseded_ns=within(LAGGING),
        late_ns=within(OVERDUE),
        once_ns=within(CACHED),
        soa_mnames=_alternatives(
            entry.delegation.soa_mname, [change.delegation.soa_mname for change in changes if change.delegation]
        ),
        dnssec=_alternatives(
            entry.delegation.dnssec, [change.delegation.dnssec for change in changes if change.delegation]
        ),
        answers=entry.answers,
        planned_answers=tuple(answer for change in changes for answer in change.answers),
        registrations=_alternatives(entry.registration, [change.registration for change in changes]),
        webs=_alternatives(entry.web, [change.web for change in changes]),
        open_changes=changes,
    )


def _alternatives(current: T | None, planned: list[T | None]) -> tuple[T, ...]:
    """Return the current value and the planned ones; nothing where the entry asks nothing."""
    if current is None:
        return ()
    return tuple(dict.fromkeys((current, *(value for value in planned if value is not None))))


def window_edges(entry: DomainEntry) -> list[datetime]:
    """Return the moments at which what is approved changes or is about to: each window's start, last hour and end."""
    edges = set[datetime]()
    for change in entry.planned_changes:
        edges |= {change.starts, max(change.starts, change.ends - ENDING), change.ends}
    return sorted(edges)


def ending_unapplied(entry: DomainEntry, at: datetime) -> list[PlannedChange]:
    """Return the planned changes whose window ends within the hour while the entry does not hold their values."""
    return [
        change
        for change in entry.planned_changes
        if change.starts <= at < change.ends and change.ends - at <= ENDING and not is_applied(entry, change)
    ]


def is_applied(entry: DomainEntry, change: PlannedChange) -> bool:
    """Whether the entry itself holds every value of a planned change, so that the end of its window changes nothing."""
    return (
        _delegation_applied(entry, change)
        and set(change.answers) <= set(entry.answers)
        and _part_applied(entry.registration, change.registration)
        and _part_applied(entry.web, change.web)
    )


def _delegation_applied(entry: DomainEntry, change: PlannedChange) -> bool:
    planned, current = change.delegation, entry.delegation
    if planned is None:
        return True
    return (
        (not planned.ns or planned.ns == current.ns)
        and planned.soa_mname in {None, current.soa_mname}
        and planned.dnssec in {None, current.dnssec}
    )


def _part_applied(current: Registration | Web | None, planned: Registration | Web | None) -> bool:
    """Whether what a planned part says is said by the current one too; what it leaves out does not count."""
    if planned is None:
        return True
    return current is not None and all(
        getattr(planned, name) in {None, (), getattr(current, name)} for name in type(planned).__slots__
    )
