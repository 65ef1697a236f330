"""`nameserver_lookalike_registered` and `nameserver_domain_available`: what can be seen before the attack."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from nswatch.expect import near_misses, registrable
from nswatch.expect.near_misses import Newcomer, bases_of, own_names, read_register
from nswatch.expect.registrable import AGAIN, FREE, By
from nswatch.judge.belief import sightings
from nswatch.judge.collected import EVENT_ACTIVE, about, values_of
from nswatch.judge.evidence import Evidence, bounded
from nswatch.judge.judged import Judged, joined
from nswatch.judge.lookalike import near_miss
from nswatch.judge.policy import severity_of
from nswatch.model import Finding, Key, Source, View
from nswatch.moments import iso
from nswatch.names import registry_domain


def candidates(evidence: Evidence, views: Sequence[View], doubts: Mapping[Key, datetime]) -> Judged:  # noqa: ARG001
    """Judge what registries say of the names around a domain's delegation."""
    ours = [view for view in views if view.key.source is Source.REGISTRY and view.facts is not None]
    if not ours:
        return Judged()
    return joined((_registered(evidence, ours), _available(evidence, ours)))


# nameserver_lookalike_registered


def _registered(evidence: Evidence, views: Sequence[View]) -> Judged:
    """Return `nameserver_lookalike_registered`: near misses that came into existence within the last 48 hours.

    ``expected`` are the names that they imitate. Detail: ``{"pairs": [as of `Lookalike.as_detail`], "domains":
    [{"name", "imitates", "since", "registered", "registrar", "nameservers": [...], "note"}]}``, texts, empty where the
    registry did not say. A name that the watchlist itself uses, or is planned to, is nobody else's.
    """
    entry, now = evidence.expectations.entry, evidence.now
    own = own_names(entry, evidence.expectations.allowed)
    told: dict[str, tuple[str, Newcomer, View]] = {}
    for base in bases_of(entry, now):
        for view in about(views, Source.REGISTRY, base, near_misses.ATTRIBUTE):
            register = read_register(values_of(view))
            for newcomer in register.new.values() if register is not None else ():
                known = told.get(newcomer.name)
                first = known is None or newcomer.since < known[1].since
                if first and newcomer.name not in own and newcomer.since <= now:
                    told[newcomer.name] = (base, newcomer, view)
    names = _active(sorted(told, key=lambda name: (told[name][1].since, name)), told, now)
    if not names:
        return Judged()
    told = {name: told[name] for name in names}
    code = "nameserver_lookalike_registered"
    pairs = (near_miss(name, told[name][0]) for name in names)
    finding = Finding(
        code=code,
        subject=entry.domain,
        severity=severity_of(code, entry.severity),
        expected=tuple(dict.fromkeys(told[name][0] for name in names)),
        seen=bounded(tuple(names)),
        since=min(newcomer.since for _, newcomer, _ in told.values()),
        sightings=sightings(dict.fromkeys(view for _, _, view in told.values())),
        detail={
            "pairs": [pair.as_detail() for pair in pairs if pair is not None],
            "domains": [_row(*told[name][:2]) for name in names],
        },
    )
    return Judged((finding,), ends=(max(newcomer.since for _, newcomer, _ in told.values()) + EVENT_ACTIVE,))


def _active(names: Sequence[str], told: Mapping[str, tuple[str, Newcomer, View]], now: datetime) -> list[str]:
    """Return the names, sorted by their moments, that are still told.

    Those that came within 48 hours of one another are told until the last one is over: were they left out one by one,
    what remains would be another list, and told as news.
    """
    active: list[str] = []
    until = now
    for name in reversed(names):
        since = told[name][1].since
        if until >= since + EVENT_ACTIVE:
            break
        active.append(name)
        until = since
    return active[::-1]


def _row(base: str, newcomer: Newcomer) -> dict[str, Any]:
    return {
        "name": newcomer.name,
        "imitates": base,
        "since": iso(newcomer.since),
        "registered": newcomer.registered,
        "registrar": newcomer.registrar,
        "nameservers": list(newcomer.nameservers),
        "note": newcomer.note,
    }


# nameserver_domain_available


def _available(evidence: Evidence, views: Sequence[View]) -> Judged:
    """Return `nameserver_domain_available`: the domain of an approved or delegated host can be registered by anybody.

    Detail: ``{"domains": [{"name", "hosts": [...], "approved": whether one of them is, "by"}]}``.
    """
    entry, allowed = evidence.expectations.entry, evidence.expectations.allowed
    delegated = evidence.hosts.delegated
    hosts: dict[str, list[str]] = {}
    for host in sorted(allowed.hosts | delegated):
        name = registry_domain(host)
        if name is not None:
            hosts.setdefault(name, []).append(host)
    own = registry_domain(entry.domain)
    free: dict[str, list[View]] = {}
    for name in hosts:
        said = list(about(views, Source.REGISTRY, name, registrable.ATTRIBUTE))
        sayers = [view for view in said if FREE in values_of(view)]
        if sayers and _believed(said, own=name == own):
            free[name] = sayers
    if not free:
        return Judged()
    code = "nameserver_domain_available"
    rows = [
        {
            "name": name,
            "hosts": hosts[name],
            "approved": not allowed.hosts.isdisjoint(hosts[name]),
            "by": str(_by(free[name])),
        }
        for name in sorted(free)
    ]
    finding = Finding(
        code=code,
        subject=entry.domain,
        severity=severity_of(code, entry.severity),
        expected=(),
        seen=bounded(tuple(sorted(free))),
        since=min(view.first_seen for each in free.values() for view in each),
        sightings=sightings(dict.fromkeys(view for each in free.values() for view in each)),
        detail={"domains": rows},
    )
    return Judged((finding,))


def _believed(said: Collection[View], *, own: bool) -> bool:
    """Whether a name is free by what all collectors know of it.

    NXDOMAIN and RDAP's 404 together are the registry's word, whoever heard it. NXDOMAIN alone is also what a name on
    hold gives: it counts when nobody knows better, and one of them has heard it in two rounds; and of the watched
    domain itself, whose delegation that is gone is told anyway, never.
    """
    newest = max(said, key=lambda view: (view.first_seen, view.key))
    sayers = [view for view in said if FREE in values_of(view)]
    if any(By.BOTH in values_of(view) for view in sayers):
        return FREE in values_of(newest)
    return not own and len(sayers) == len(said) and any(AGAIN in values_of(view) for view in sayers)


def _by(views: Iterable[View]) -> By:
    return By.BOTH if any(By.BOTH in values_of(view) for view in views) else By.DNS
