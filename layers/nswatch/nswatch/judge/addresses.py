"""`glue_changed` and `nameserver_address_changed`: where the approved name servers are, against the baseline.

Glue is the parent's word and believed as a delegation is. What a walk from the root finds is believed when two regions
find it, or one does in two passes. An address that is not believed yet is nobody's: nothing that is said there counts.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from nswatch.expect.matching import Expectations, Verdict
from nswatch.expect.values import canonical_address, of_family
from nswatch.judge.belief import CONFIRMED_WITHIN, answers, outlived, seen_twice, sightings, stands_until
from nswatch.judge.delegation import Departure
from nswatch.judge.policy import severity_of
from nswatch.judge.route53_servers import placed
from nswatch.model import Finding, Key, Result, Source, Transport, Value, View

GLUE = "glue"
"""Stands for the type in the key of a doubt about a server's glue."""


@dataclass(frozen=True, slots=True)
class Moved:
    """What departs from the baselines of addresses: one rule's evidence. ``rows`` are (view, host, addresses)."""

    rows: tuple[tuple[View, str, tuple[str, ...]], ...]
    confirmed: bool
    doubts: Mapping[Key, datetime]

    @property
    def views(self) -> tuple[View, ...]:
        """The answers behind it, each once."""
        return tuple(dict.fromkeys(view for view, _, _ in self.rows))

    def ends(self, now: datetime) -> list[datetime]:
        """Return when others may refute what nobody confirms any more."""
        return [stands_until(view) for view in self.views if not answers(view, now)]


@dataclass(frozen=True, slots=True)
class Whereabouts:
    """Where name servers are. ``of`` are all addresses of a host by which it is judged now.

    ``forged`` are (host, address) of approved hosts that are believed to be outside their baseline: whoever answers
    there is a stranger.
    """

    of: Mapping[str, frozenset[str]]
    forged: frozenset[tuple[str, str]]
    glue: Moved
    resolved: Moved

    @property
    def doubts(self) -> dict[Key, datetime]:
        """Since when glue or addresses depart: for the next judgement."""
        return {**self.glue.doubts, **self.resolved.doubts}

    def look_again(self, now: datetime) -> list[datetime]:
        """Return when time alone may change what is believed."""
        waiting = [moved for moved in (self.glue, self.resolved) if moved.rows and not moved.confirmed]
        ends = [end for moved in (self.glue, self.resolved) for end in moved.ends(now)]
        return [*ends, now + CONFIRMED_WITHIN] if waiting else ends


def whereabouts(
    views: Sequence[View],
    expectations: Expectations,
    parent: Departure,
    doubts: Mapping[Key, datetime],
) -> Whereabouts:
    """Return where every host is, by the parent's glue, our own walks and the baseline."""
    now = expectations.at
    walks = [view for view in views if view.key.source is Source.ITERATIVE and view.key.qtype in ("A", "AAAA")]
    found = _found(walks)
    referrals = [*parent.published, *(parent.views if parent.confirmed else ())]
    glue = _glue_departures(referrals, expectations, found, doubts)
    resolved = _walk_departures(walks, expectations, doubts, now)
    unbelieved = set() if glue.confirmed else {(view, host) for view, host, _ in glue.rows}
    lost = set() if resolved.confirmed else set(resolved.views)
    places: dict[str, set[str]] = {}
    for view in referrals:
        for host, addresses in view.facts.glue if view.facts is not None else ():
            if (view, host) not in unbelieved:
                places.setdefault(host, set()).update(map(canonical_address, addresses))
    for host, addresses in _found(view for view in walks if view not in lost).items():
        places.setdefault(host, set()).update(addresses)
    known = _known(expectations)
    forged = frozenset(
        (host, address)
        for moved in (glue, resolved)
        if moved.confirmed
        for _, host, addresses in moved.rows
        for address in addresses
        if address not in known.get(host, frozenset())
    )
    for host, baseline in known.items():
        places.setdefault(host, set()).update(baseline)
    return Whereabouts({host: frozenset(addresses) for host, addresses in places.items()}, forged, glue, resolved)


def _known(expectations: Expectations) -> dict[str, frozenset[str]]:
    baseline = expectations.entry.baseline
    known: dict[str, set[str]] = {}
    for by_host in (baseline.addresses, baseline.glue):
        for host, addresses in by_host.items():
            known.setdefault(host, set()).update(map(canonical_address, addresses))
    return {host: frozenset(addresses) for host, addresses in known.items()}


def _found(walks: Iterable[View]) -> dict[str, tuple[str, ...]]:
    """Return the addresses that walks found, by host."""
    found: dict[str, set[str]] = {}
    for view in walks:
        if view.facts is not None and view.facts.result is Result.ANSWER:
            found.setdefault(view.key.qname, set()).update(map(canonical_address, view.facts.values))
    return {host: tuple(sorted(addresses)) for host, addresses in found.items()}


def _glue_departures(
    referrals: Sequence[View],
    expectations: Expectations,
    found: Mapping[str, Sequence[str]],
    doubts: Mapping[Key, datetime],
) -> Moved:
    now = expectations.at
    told = [(view, expectations.glue_departs(view.facts, found)) for view in referrals if view.facts is not None]
    fresh = [view for view, departing in told if not departing and answers(view, now)]
    standing = [
        (view, departing)
        for view, departing in told
        if departing and (answers(view, now) or not outlived(view, fresh, now, anywhere=True))
    ]
    since = {_about_glue(view.key): doubts.get(_about_glue(view.key), view.first_pass) for view, _ in standing}
    over_tcp = [view for view, _ in standing if view.transport is Transport.TCP]
    confirmed = (
        len({view.key.server for view, _ in standing}) > 1
        or len({view.key.region for view in over_tcp}) > 1
        or any(view.last_seen > since[_about_glue(view.key)] for view in over_tcp)
    )
    rows = tuple(
        (view, host, tuple(map(canonical_address, addresses)))
        for view, departing in standing
        for host, addresses in departing
    )
    return Moved(rows, confirmed, since)


def _about_glue(key: Key) -> Key:
    return replace(key, qtype=GLUE)


def _walk_departures(
    walks: Sequence[View], expectations: Expectations, doubts: Mapping[Key, datetime], now: datetime
) -> Moved:
    ours = [view for view in walks if view.key.qname in expectations.allowed.hosts]
    verdicts = [(view, expectations.verdict(view.key, view.facts)) for view in ours]
    rows = []
    for view, verdict in verdicts:
        same = [other for other, right in verdicts if right is Verdict.EXPECTED and other.key.qname == view.key.qname]
        fresh = [other for other in same if answers(other, now)]
        if verdict is Verdict.UNEXPECTED and (answers(view, now) or not outlived(view, fresh, now)):
            addresses = view.facts.values if view.facts is not None else ()
            rows.append((view, view.key.qname, tuple(sorted(map(canonical_address, addresses)))))
    since = {view.key: doubts.get(view.key, view.first_pass) for view, _, _ in rows}
    confirmed = any(
        seen_twice(view, since[view.key])
        or any(other.key.region != view.key.region for other, name, _ in rows if name == host)
        for view, host, _ in rows
    )
    return Moved(tuple(rows), confirmed, since)


def address_findings(places: Whereabouts, expectations: Expectations) -> list[Finding]:
    """Return `glue_changed` and `nameserver_address_changed`.

    Detail: ``{"hosts": [{"host", "expected": [addresses], "seen": [addresses], "regions": [who saw it]}]}``; for glue
    also ``"parent"``, the parent zone. A host that is named as Route 53's servers are has ``"inside"`` and
    ``"outside"`` besides: those of the unapproved addresses that lie in the networks which AWS publishes for them, and
    those that do not. ``seen`` are addresses; with several hosts each is ``"HOST ADDRESS"``.
    """
    findings = []
    baseline = expectations.entry.baseline
    if places.glue.rows and places.glue.confirmed:
        zone = next((view.facts.zone for view in places.glue.views if view.facts is not None and view.facts.zone), "")
        known = {host: expectations.glue_expected(host) for _, host, _ in places.glue.rows}
        findings.append(_finding("glue_changed", places.glue, known, expectations, {"parent": zone}))
    if places.resolved.rows and places.resolved.confirmed:
        findings.append(_finding("nameserver_address_changed", places.resolved, baseline.addresses, expectations, {}))
    return findings


def _finding(
    code: str,
    moved: Moved,
    baseline: Mapping[str, tuple[str, ...]],
    expectations: Expectations,
    detail: dict[str, object],
) -> Finding:
    entry = expectations.entry
    seen: dict[str, set[str]] = {}
    regions: dict[str, set[str]] = {}
    for view, host, addresses in moved.rows:
        seen.setdefault(host, set()).update(addresses)
        regions.setdefault(host, set()).add(view.key.region)
    hosts = [
        {
            "host": host,
            "expected": sorted(map(canonical_address, baseline.get(host, ()))),
            "seen": sorted(seen[host]),
            "regions": sorted(regions[host]),
            **_placed(host, seen[host] - set(map(canonical_address, baseline.get(host, ()))), expectations),
        }
        for host in sorted(seen)
    ]
    values: list[Value] = [
        (host, qtype, found) for host in sorted(seen) for qtype in ("A", "AAAA")
        if (found := of_family(sorted(seen[host]), qtype))
    ]  # fmt: skip
    return Finding(
        code=code,
        subject=entry.domain,
        severity=severity_of(code, entry.severity),
        expected=_flat(seen, {host: map(canonical_address, baseline.get(host, ())) for host in seen}),
        seen=_flat(seen, seen),
        since=min(view.first_seen for view in moved.views),
        sightings=sightings(moved.views),
        detail=detail | {"hosts": hosts},
        values=tuple(values),
    )


def _placed(host: str, strange: set[str], expectations: Expectations) -> dict[str, list[str]]:
    lie = placed(host, sorted(strange), expectations.networks.aws)
    return {} if lie is None else {"inside": list(lie.inside), "outside": list(lie.outside)}


def _flat(hosts: Iterable[str], addresses: Mapping[str, Iterable[str]]) -> tuple[str, ...]:
    """Return the addresses as texts, with their hosts where there is more than one."""
    named = sorted(hosts)
    if len(named) == 1:
        return tuple(sorted(addresses[named[0]]))
    return tuple(f"{host} {address}" for host in named for address in sorted(addresses[host]))
