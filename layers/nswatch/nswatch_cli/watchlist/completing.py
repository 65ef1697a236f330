"""The entries of a watchlist with their approved baselines: what the lock holds, and a look at what is new.

A part is taken once, and kept until what it was taken for is changed: another NS set takes everything anew but the
addresses of hosts that stay, another answer its TTL. What could not be taken is tried again by the next `apply`.
"""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from nswatch.collect.bootstrap import shipped
from nswatch.errors import NswatchError
from nswatch.expect.data import aws_ranges
from nswatch.expect.matching import Expectations
from nswatch.expect.networks import NO_RANGES, AwsRanges, Networks
from nswatch.expect.values import of_family
from nswatch.expect.watchlist import DomainEntry, read_baseline, read_entry
from nswatch.model import Observation
from nswatch.names import absolute, display
from nswatch_cli.watchlist.baseline import (
    DS,
    GLUE,
    Taken,
    addresses_of,
    as_looked_at,
    baseline_of,
    departing,
    hosts_of,
    ttl_of,
)
from nswatch_cli.watchlist.canonical import Json, moment
from nswatch_cli.watchlist.lock import Lock, Locked
from nswatch_cli.watchlist.strangers import beside_route53, unlike_route53
from nswatch_cli.watchlist.unjudged import not_heeded, without_rdap

Look = Callable[[Sequence[DomainEntry]], Mapping[str, Sequence[Observation]]]
"""Makes a first pass over some domains and returns the observations of each; may raise CannotLook."""

_CODES = "glue_changed, nameserver_address_changed and ttl_changed"
_SHOWN = 6
"""How many domains, or parts of one, are named before the others are only counted."""


class CannotLook(NswatchError):
    """DNS can't be asked from here: somebody answers in place of the root."""


@dataclass(frozen=True, slots=True)
class Completed:
    """``entries`` in canonical JSON with ``baseline``, the ``lock`` to write, and ``notes`` for a person."""

    entries: dict[str, Json]
    lock: dict[str, Locked]
    notes: tuple[str, ...]


Completing = Callable[[Mapping[str, Json], Mapping[str, Json]], Completed]
"""Completes entries (the first argument), knowing those that are in force (the second)."""


def completing(
    locked: Lock, look: Look | None, now: datetime, aws: AwsRanges | None = None, again: Collection[str] = ()
) -> Completing:
    """Return `complete` for `plan_apply`, which knows the other two arguments."""

    def completed(entries: Mapping[str, Json], in_force: Mapping[str, Json]) -> Completed:
        return complete(entries, locked, look, now, in_force=in_force, aws=aws, again=again)

    return completed


def complete(
    entries: Mapping[str, Json],
    locked: Lock,
    look: Look | None,
    now: datetime,
    *,
    in_force: Mapping[str, Json] | None = None,
    aws: AwsRanges | None = None,
    again: Collection[str] = (),
) -> Completed:
    """Return the entries with their baselines.

    What the lock holds and still holds good is kept; a domain that it does not hold has what is in force. ``look`` is
    called once, with the domains of which something is new; None leaves DNS alone. ``aws`` None are the shipped ranges.
    ``again`` are domains whose baseline
    is taken anew: what cannot be taken stays as it was.
    """
    work, notes = list[_Work](), list[str]()
    for domain, entry in entries.items():
        known = locked.get(domain)
        if known is None:
            known = _in_force((in_force or {}).get(domain), now)
            if known is not None:
                notes.append(f"{display(domain)}: the lock does not hold its baseline; the one in force is kept")
        work.append(_Work(domain, entry, known, now, anew=domain in again))
    new = [each for each in work if each.wanted]
    ranges = aws_ranges() if aws is None else aws
    notes += _take(new, look, now, ranges)
    notes += unlike_route53(entries)
    notes += beside_route53({each.domain: each.baseline for each in work}, ranges)
    added = {domain: entry for domain, entry in entries.items() if domain not in (in_force or {})}
    notes += (*without_rdap(added, shipped()), *not_heeded(added))
    lock = {each.domain: each.result for each in work if each.result is not None}
    return Completed({each.domain: each.completed() for each in work}, lock, tuple(notes))


class _Work:
    """One domain: what is known, what is wanted, and what comes of it."""

    def __init__(self, domain: str, entry: Json, known: Locked | None, now: datetime, *, anew: bool) -> None:
        self.domain = domain
        self.anew = anew
        self.json = {key: value for key, value in entry.items() if key != "baseline"}
        bare = read_entry(domain, self.json)
        needed, coming = hosts_of(bare, now)
        self.hosts = (*needed, *coming)
        self.watched = Expectations(replace(bare, planned_changes=()), now, Networks(NO_RANGES)).watched()
        delegation = entry["delegation"]
        self.delegation = {key: delegation[key] for key in ("ns", "dnssec") if key in delegation}
        self.known = self._holding_good(known)
        self.wanted = frozenset(self._missing(Locked("", {}) if anew else self.known))
        self.entry = bare if anew else replace(bare, baseline=read_baseline(self.known.baseline))
        self.result: Locked | None = self.known if self.known.baseline or self.known.delegation else None

    def _answers(self, answers: Iterable[Json]) -> tuple[Json, ...]:
        return tuple(answer for answer in self.json.get("answers", []) if answer in answers)

    def _holding_good(self, known: Locked | None) -> Locked:
        """Return what is known without what is of something else than the watchlist now has."""
        if known is None:
            return Locked("", {})
        kept = dict(known.baseline)
        delegation, answers = known.delegation, self._answers(known.answers)
        if delegation is not None and delegation != self.delegation:
            delegation, answers = None, ()
            kept = {part: kept[part] for part in ("addresses", "records") if part in kept}
        addresses = {host: each for host, each in kept.get("addresses", {}).items() if host in self.hosts}
        ttls = {rrset: ttl for rrset, ttl in kept.get("ttls", {}).items() if self._stands(rrset, answers)}
        return replace(
            known,
            baseline=_baseline(kept | {"addresses": addresses, "ttls": ttls}),
            delegation=delegation,
            answers=answers,
        )

    def _stands(self, rrset: str, answers: Iterable[Json]) -> bool:
        """Whether a TTL is of what the watchlist still says: the apex, an answer that is the same, a mail host."""
        if rrset in (f"{self.domain} NS", f"{self.domain} SOA") or rrset in map(self._rrset, answers):
            return True
        listed = rrset in map(self._rrset, self.json.get("answers", []))
        return not listed and rrset in (" ".join(each) for each in self.watched)

    def _rrset(self, answer: Json) -> str:
        return f"{absolute(answer['name'], self.domain)} {answer['type']}"

    def _missing(self, known: Locked) -> Iterator[str]:
        addresses, ttls = known.baseline.get("addresses", {}), known.baseline.get("ttls", {})
        if known.delegation is None:
            yield from (GLUE, DS)
        yield from (addresses_of(host) for host in self.hosts if host not in addresses)
        yield from (ttl_of(self.domain, qtype) for qtype in ("NS", "SOA") if f"{self.domain} {qtype}" not in ttls)
        listed = {self._rrset(answer): answer for answer in self.json.get("answers", [])}
        for qname, qtype in self.watched:
            rrset = f"{qname} {qtype}"
            if rrset in listed:
                missing = listed[rrset] not in known.answers
            else:
                held = addresses.get(qname)
                missing = rrset not in ttls and (held is None or bool(of_family(held, qtype)))
            if missing:
                yield ttl_of(qname, qtype)

    def take(self, taken: Taken, now: datetime) -> None:
        """Put what was taken, as far as it is wanted, in the place of what was known."""
        baseline = {
            key: dict(value) if isinstance(value, dict) else value for key, value in self.known.baseline.items()
        }
        delegation, answers = self.known.delegation, list(self.known.answers)
        if {GLUE, DS} & self.wanted and taken.delegated:
            for part, key in ((GLUE, "glue"), (DS, "ds")):
                if part not in taken.left_out:
                    baseline.pop(key, None)
                    baseline |= {key: taken.baseline[key]} if key in taken.baseline else {}
            if not {GLUE, DS} & taken.left_out.keys():
                delegation = self.delegation
        if self.anew and "hosted_zone" in self.json["delegation"]:
            baseline["records"] = moment(now.replace(microsecond=0))
        seen, new = baseline.setdefault("addresses", {}), taken.baseline.get("addresses", {})
        seen |= {host: new[host] for host in new if addresses_of(host) in self.wanted}
        ttls, given = baseline.setdefault("ttls", {}), taken.baseline.get("ttls", {})
        ttls |= {rrset: given[rrset] for rrset in given if ttl_of(*rrset.split(" ")) in self.wanted}
        answers += [
            answer
            for answer in self.json.get("answers", [])
            if (part := ttl_of(*self._rrset(answer).split(" "))) in self.wanted and part not in taken.left_out
        ]
        result = replace(
            self.known, baseline=_baseline(baseline), delegation=delegation, answers=self._answers(answers)
        )
        if result != self.known:
            self.result = replace(result, taken_at=moment(now.replace(microsecond=0)))

    @property
    def baseline(self) -> Json:
        """The baseline that comes of it; empty where there is none."""
        return self.result.baseline if self.result is not None else {}

    def completed(self) -> Json:
        """Return the entry with its baseline."""
        return self.json | ({"baseline": self.baseline} if self.baseline else {})


def _baseline(parts: Mapping[str, Any]) -> Json:
    """Return a baseline in canonical JSON: in order, and without what is empty (no DS is something)."""
    return {
        key: dict(sorted(value.items())) if isinstance(value, dict) else value
        for key, value in sorted(parts.items())
        if value or key == "ds"
    }


def _in_force(entry: Json | None, now: datetime) -> Locked | None:
    """Return the baseline of an entry that is in force, as one taken for what that entry says."""
    baseline = (entry or {}).get("baseline")
    if entry is None or not baseline:
        return None
    delegation = {key: entry["delegation"][key] for key in ("ns", "dnssec") if key in entry["delegation"]}
    seen = "glue" in baseline or "ds" in baseline
    return Locked(
        moment(now.replace(microsecond=0)), baseline, delegation if seen else None, tuple(entry.get("answers", []))
    )


def _take(new: Sequence[_Work], look: Look | None, now: datetime, aws: AwsRanges) -> Iterator[str]:
    """Look at the domains of which something is wanted, take it, and yield what is to be said of that."""
    if not new:
        return
    names = _listed([display(each.domain) for each in new])
    if look is None:
        yield f"DNS was not asked; what is new of {names} has no baseline, by which {_CODES} judge"
        return
    try:
        seen = look([as_looked_at(each.entry, now) for each in new])
    except CannotLook as error:
        yield f"{error}; what is new of {names} has no baseline, by which {_CODES} judge"
        return
    hijacked = {each.domain for each in new if departing(each.entry, seen.get(each.domain, ()), now)}
    for each in new:
        observations = seen.get(each.domain, ())
        if not any(one.facts.result.definite for one in observations):
            yield f"{display(each.domain)}: no server answered from here, so nothing new of it has a baseline"
            continue
        taken = baseline_of(each.entry, observations, now, aws, hijacked)
        each.take(taken, now)
        yield from (f"{display(each.domain)}: {line}" for line in _told(taken, each.wanted))


def _told(taken: Taken, wanted: Collection[str]) -> Iterator[str]:
    if any(part in (GLUE, DS) or part.startswith(addresses_of("")) for part in wanted):
        yield from taken.remarks
    reasons = dict[str, list[str]]()
    for part, why in taken.left_out.items():
        if part in wanted:
            reasons.setdefault(why, []).append(part)
    for why, parts in reasons.items():
        yield f"no baseline for {_listed(parts)}: {why}"


def _listed(items: Sequence[str]) -> str:
    more = f" and {len(items) - _SHOWN} more" if len(items) > _SHOWN else ""
    return ", ".join(items[:_SHOWN]) + more
