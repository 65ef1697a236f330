"""`registration_*`, `registrar_changed`: what the registry says, against the watchlist and before.

Two sources may speak: the registry's RDAP service, and the registrar's own interface. Where they differ neither is
right: a finding stands when the newest word of either says so, and its detail shows both. What a source refuses to say
changes nothing.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from typing import Any

from nswatch.expect.registration import is_alarming, missing_locks, same_registrar
from nswatch.expect.watchlist import PlannedChange
from nswatch.judge.belief import sightings
from nswatch.judge.collected import EVENT_ACTIVE, about, newest, values_of
from nswatch.judge.evidence import Evidence, bounded
from nswatch.judge.judged import Judged, joined
from nswatch.judge.policy import severity_of
from nswatch.model import Finding, Key, Result, Severity, Source, View
from nswatch.moments import parse_iso
from nswatch.names import registry_domain

SOON, VERY_SOON = timedelta(days=30), timedelta(days=3)
"""How long before its end a registration is told to be expiring, and when that wakes people."""

_SOURCES = (Source.RDAP, Source.REGISTRAR)
_MOMENTS = {"last-changed": "last changed", "registration": "registered", "transfer": "transferred"}
OPERATIONS = "operations"
"""What was asked of the registrar: ``TYPE submitted MOMENT`` each."""
_HARMLESS = frozenset({"RENEW_DOMAIN", "ENABLE_AUTORENEW"})
_ONE_ACT, _MIDNIGHT = timedelta(hours=1), time(0)
_RECENT = timedelta(days=7)
"""A transfer that a source tells of for the first time counts if it is no older; else the source is what changed."""
_BEFORE_APPLY = timedelta(hours=48)
_IN_PROGRESS = ("pendingtransfer", "pendingupdate", "pendingrenew")
"""States that a planned change of the registration passes through."""


def registration(evidence: Evidence, views: Sequence[View], doubts: Mapping[Key, datetime]) -> Judged:  # noqa: ARG001
    """Judge the registration of the domain, and of the domains that its name servers are in.

    Every finding's detail is ``{"registrar", "iana_id", "last_changed", "source"}`` of the domain's own registration
    (texts, the time in the source's own words), ``"sources"`` (what each source says of it, rows of attributes),
    ``"operations"`` (what was asked of the registrar lately) and ``"names"`` (which registered domains it is about;
    others than the domain's own are its name servers').
    """
    ours = [view for view in views if view.key.source in _SOURCES and view.facts is not None]
    if not ours:
        return Judged()
    said = _Said(evidence, ours)
    return joined((_touched(said), _status_changed(said), _registrar_changed(said), _expiring(said)))


@dataclass(frozen=True, slots=True)
class _Said:
    """What the sources say, and about which names."""

    evidence: Evidence
    views: Sequence[View]

    @property
    def now(self) -> datetime:
        return self.evidence.now

    @property
    def own(self) -> str:
        """What is registered for the watched domain."""
        domain = self.evidence.expectations.entry.domain
        return registry_domain(domain) or domain

    def names(self) -> tuple[str, ...]:
        """Return the registered domains that matter: the domain's own first, then those of its approved hosts."""
        hosts = sorted(self.evidence.expectations.allowed.hosts)
        found = [registry_domain(host) for host in hosts]
        return tuple(dict.fromkeys((self.own, *(name for name in found if name is not None))))

    def newest(self, name: str, attribute: str) -> Iterator[View]:
        """Yield each source's newest definite word on one attribute of a name."""
        for source in _SOURCES:
            view = newest(self.views, source, name, attribute)
            if view is not None and view.facts is not None and view.facts.result is Result.ANSWER:
                yield view

    def finding(
        self,
        code: str,
        told: Sequence[tuple[View, str]],
        *,
        expected: Iterable[str] = (),
        since: datetime | None = None,
        graded: Severity | None = None,
    ) -> Finding:
        """Return a finding of what ``told`` views say, each with its text."""
        entry = self.evidence.expectations.entry
        return Finding(
            code=code,
            subject=entry.domain,
            severity=severity_of(code, entry.severity, graded),
            expected=bounded(tuple(dict.fromkeys(expected))),
            seen=bounded(tuple(dict.fromkeys(text for _, text in told))),
            since=since or min(view.first_seen for view, _ in told),
            sightings=sightings(dict.fromkeys(view for view, _ in told)),
            detail=self._detail(dict.fromkeys(view.key.qname for view, _ in told)),
        )

    def _detail(self, names: Iterable[str]) -> dict[str, Any]:
        sources = [row for source in _SOURCES if len(row := self._row(source)) > 2]
        first = sources[0] if sources else {}
        return {
            "registrar": first.get("registrar", ""),
            "iana_id": first.get("registrar-id", ""),
            "last_changed": first.get("last-changed", ""),
            "source": first.get("server", ""),
            "sources": sources,
            "operations": list(values_of(newest(self.views, Source.REGISTRAR, self.own, OPERATIONS))),
            "names": list(names),
        }

    def _row(self, source: Source) -> dict[str, str]:
        row = {"source": str(source), "server": ""}
        for attribute in ("registrar", "registrar-id", "last-changed", "expiration", "status", "nameservers"):
            view = newest(self.views, source, self.own, attribute)
            if view is None or view.facts is None or view.facts.result is not Result.ANSWER:
                continue
            # Of a moment the note is the source's own text.
            row[attribute] = view.facts.note or ", ".join(bounded(view.facts.values))
            row["server"] = row["server"] or view.key.server
        return row

    def of(self, name: str, text: str) -> str:
        """Return a text that says of which name it is, where that is not the domain's own."""
        return text if name == self.own else f"{name}: {text}"


# registration_touched


def _touched(said: _Said) -> Judged:
    """Return `registration_touched`: what a registry says of a registration moved, within the last 48 hours.

    Its ``expected`` is what stood before. A planned change of the delegation or of the registration explains what
    happens in its window, and an `apply` that replaced either what was seen in the two days before.
    """
    found = _once_each([(view, since) for name in said.names() for view, since in _moved(said, name)])
    told = [(view, _touch(said, view, _new_in(view))) for view, _ in found]
    if not told:
        return Judged()
    before = [_touch(said, view, view.was) for view, _ in found if view.was and view.key.qtype != OPERATIONS]
    first = min(since for _, since in found)
    ends = tuple(since + EVENT_ACTIVE for _, since in found)
    return Judged((said.finding("registration_touched", told, expected=before, since=first),), ends=ends)


def _once_each(found: Iterable[tuple[View, datetime]]) -> list[tuple[View, datetime]]:
    """Return what moved, without what tells again of an act that was seen before: another source, or a later word.

    The registrar knows of it when it is submitted, the registry when it is done, and WHOIS dates may have no time.
    """
    kept: list[tuple[View, datetime]] = []
    for view, since in sorted(found, key=lambda each: each[1]):
        again = any(
            view.key.qname == one.key.qname
            and (view.key.source is not one.key.source or since != first)
            and _one_act(_acts(view, since), _acts(one, first))
            for one, first in kept
        )
        if not again:
            kept.append((view, since))
    return kept


def _acts(view: View, since: datetime) -> list[datetime]:
    """Return when what a view tells of happened, by its source; where that does not say, when it was seen."""
    if view.key.qtype == OPERATIONS:
        return [parse_iso(value.rpartition(" ")[2]) for value in _new_in(view)]
    return [parse_iso(value) for value in values_of(view)] if view.key.qtype in _MOMENTS else [since]


def _one_act(ones: Iterable[datetime], others: Sequence[datetime]) -> bool:
    """Whether two sources' moments can be of one act: within the hour, or the same day where one tells the day only."""
    return any(
        abs(one - other) < _ONE_ACT or (one.date() == other.date() and _MIDNIGHT in (one.time(), other.time()))
        for one in ones
        for other in others
    )


def _new_in(view: View) -> tuple[str, ...]:
    """Return a view's values; of operations those that are new."""
    values = values_of(view)
    return tuple(each for each in values if each not in (view.was or ())) if view.key.qtype == OPERATIONS else values


def _moved(said: _Said, name: str) -> Iterator[tuple[View, datetime]]:
    """Yield the views that moved, with when that was first seen by any collector."""
    attributes = (*_MOMENTS, "nameservers", OPERATIONS) if name == said.own else tuple(_MOMENTS)
    dated = {view.key.source for view in said.newest(name, "last-changed")}
    for attribute in attributes:
        for view in said.newest(name, attribute):
            if view.was is None or not _is_move(said, view, attribute):
                continue
            if attribute == "nameservers" and view.key.source in dated:
                continue  # it says itself when something was changed; what is delegated, the parent says
            same = about(said.views, view.key.source, name, attribute)
            since = min(each.first_seen for each in same if each.was is not None and values_of(each) == values_of(view))
            if since <= said.now < since + EVENT_ACTIVE and not _explained(said, view, since):
                yield view, since


def _is_move(said: _Said, view: View, attribute: str) -> bool:
    """Whether a change of values is something that happened, and not a source that tells more or less than before."""
    if attribute == "nameservers":
        allowed = said.evidence.expectations.allowed
        approved = {frozenset(ns) for ns in (*allowed.ns_sets, *allowed.late_ns)}
        return bool(view.was) and not {frozenset(view.was or ()), frozenset(values_of(view))} <= approved
    if attribute == OPERATIONS:
        return any(value.partition(" ")[0] not in _HARMLESS for value in _new_in(view))
    if attribute == "transfer" and not view.was:
        return all(view.first_seen - parse_iso(text) < _RECENT for text in values_of(view))
    return bool(view.was)


def _explained(said: _Said, view: View, since: datetime) -> bool:
    entry = said.evidence.expectations.entry
    moments = [since, *_acts(view, since)]
    planned = (change for change in entry.planned_changes if _is_of_registry(change))
    if any(change.starts <= moment < change.ends for change in planned for moment in moments):
        return True
    of_registry = (past for past in entry.superseded if (past.delegation, past.ds, past.registration) != (None,) * 3)
    applied = (past.at for past in of_registry)
    return any(at - _BEFORE_APPLY <= since <= at <= said.now for at in applied)


def _is_of_registry(change: PlannedChange) -> bool:
    """Whether carrying a change out is done at the registry."""
    return change.delegation is not None or change.registration is not None


def _touch(said: _Said, view: View, values: Sequence[str]) -> str:
    if view.key.qtype == OPERATIONS:
        return said.of(view.key.qname, ", ".join(map(_short, values)))
    what = _MOMENTS.get(view.key.qtype, "name servers")
    return said.of(view.key.qname, f"{what} {', '.join(map(_short, values))}")


def _short(text: str) -> str:
    """Return a moment without the milliseconds that no registry gives."""
    return text.replace(".000Z", "Z")


# registration_status_changed


def _status_changed(said: _Said) -> Judged:
    """Return `registration_status_changed`: a lock of the watchlist is gone, or a state has come that takes the domain.

    Its ``expected`` are the locks. client* locks are compared like any other, and lower nothing where they stand.
    """
    locks = _locks(said)
    told = list[tuple[View, str]]()
    came = False
    for name in said.names():
        for view in said.newest(name, "status"):
            new = sorted(state for state in values_of(view) if _has_come(said, view, state))
            came = came or bool(new)
            told += [(view, said.of(name, f"{state} has come")) for state in new]
            gone = missing_locks(locks, values_of(view)) if name == said.own else ()
            told += [(view, f"{lock} is gone") for lock in gone]
    if not told:
        return Judged()
    graded = Severity.PAGE if came else Severity.NOTICE
    return Judged((said.finding("registration_status_changed", told, expected=locks, graded=graded),))


def _locks(said: _Said) -> tuple[str, ...]:
    """Return the locks that must be set: of several approved registrations those that all of them have."""
    sets = [frozenset(each.locks) for each in said.evidence.expectations.allowed.registrations]
    return tuple(sorted(frozenset.intersection(*sets))) if sets else ()


def _has_come(said: _Said, view: View, state: str) -> bool:
    """Whether a state is alarming and was not there when the domain was first looked at."""
    if not is_alarming(state):
        return False
    changes = said.evidence.expectations.allowed.open_changes
    if state.lower() in _IN_PROGRESS and any(_is_of_registry(change) for change in changes):
        return False
    before = list(about(said.views, view.key.source, view.key.qname, "status-before"))
    return not before or any(state not in values_of(each) for each in before)


# registrar_changed


def _registrar_changed(said: _Said) -> Judged:
    """Return `registrar_changed`: a source names a registrar that is not approved.

    The registrar itself may have spelt its name otherwise than the registry ever since. That is no change, as long as
    the registry names the approved one.
    """
    expectations = said.evidence.expectations
    if expectations.entry.registration is None or not expectations.entry.registration.registrar:
        return Judged()
    approved = [each.registrar for each in expectations.allowed.registrations if each.registrar]
    given = [(view, name) for view in said.newest(said.own, "registrar") for name in values_of(view)]
    told = [(view, name) for view, name in given if not any(same_registrar(name, each) for each in approved)]
    if any(each not in told and each[0].key.source is Source.RDAP for each in given):
        told = [(view, name) for view, name in told if view.key.source is Source.RDAP or view.was]
    return Judged((said.finding("registrar_changed", told, expected=approved),)) if told else Judged()


# registration_expiring


def _expiring(said: _Said) -> Judged:
    """Return `registration_expiring`: the domain's own from 30 days before, and what wakes people from 3 days before.

    A name server's domain is somebody else's to renew, which is often done on its last day: it is told from 3 days
    before, and wakes people when it is over.
    """
    told, ends, urgent = list[tuple[View, str]](), list[datetime](), False
    for name in said.names():
        first, second = (SOON, VERY_SOON) if name == said.own else (VERY_SOON, timedelta(0))
        said_before = list[datetime]()
        for view in said.newest(name, "expiration"):
            at = min(map(parse_iso, values_of(view)))
            if any(abs(at - other) < timedelta(days=1) for other in said_before):
                continue
            said_before.append(at)
            ends += [at - first, at - second]
            if at - first <= said.now:
                told.append((view, said.of(name, _short(values_of(view)[0]))))
                urgent = urgent or at - second <= said.now
    ends = [end for end in ends if end > said.now]
    if not told:
        return Judged(ends=tuple(ends))
    graded = Severity.PAGE if urgent else Severity.NOTICE
    first_seen = min(view.first_seen for view, _ in told)
    finding = said.finding("registration_expiring", told, since=max(first_seen, _began(said, told)), graded=graded)
    return Judged((finding,), ends=tuple(ends))


def _began(said: _Said, told: Iterable[tuple[View, str]]) -> datetime:
    """Return when the first of what is expiring came to be told by time alone."""
    return min(
        min(map(parse_iso, values_of(view))) - (SOON if view.key.qname == said.own else VERY_SOON) for view, _ in told
    )
