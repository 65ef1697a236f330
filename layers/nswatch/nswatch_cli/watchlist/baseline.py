"""What a first look at a domain finds where the watchlist names no value: glue, addresses, DS and TTLs.

Only what approved servers say counts, and only from answers that are themselves as approved: a hijack in progress must
not become the baseline. Whatever is left out is told, with the reason.
"""

from collections import Counter
from collections.abc import Collection, Hashable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, TypeVar

from nswatch.expect.approved import approved
from nswatch.expect.matching import Expectations, Verdict
from nswatch.expect.networks import NO_RANGES, AwsRanges, Networks, origin_in
from nswatch.expect.values import canonical_address, of_family
from nswatch.expect.watchlist import DomainEntry
from nswatch.model import Facts, Observation, Result, Source
from nswatch.names import is_within

Json = dict[str, Any]
T = TypeVar("T", bound=Hashable)

GLUE, DS = "glue", "DS"
"""Parts of a baseline; the others are `addresses_of` a host and `ttl_of` an RRset."""

_FAMILIES = ("A", "AAAA")


def addresses_of(host: str) -> str:
    """Return the name of the part that holds a host's addresses."""
    return f"addresses of {host}"


def ttl_of(qname: str, qtype: str) -> str:
    """Return the name of the part that holds an RRset's TTL."""
    return f"TTL of {qname} {qtype}"


@dataclass(frozen=True, slots=True)
class Taken:
    """What was taken: ``baseline`` in canonical JSON, and by part why it was ``left_out``.

    ``remarks`` are for a person who approves what was taken: it is there, and strange. ``delegated`` says that the
    parent was seen to give the approved delegation; then a host without glue has none.
    """

    baseline: Json
    left_out: Mapping[str, str] = field(default_factory=dict)
    remarks: tuple[str, ...] = ()
    delegated: bool = False


def as_looked_at(entry: DomainEntry, at: datetime) -> DomainEntry:
    """Return the entry to look by: the windows of coming changes count as open, so that their hosts are found too."""
    changes = tuple(
        replace(change, starts=min(change.starts, at)) for change in entry.planned_changes if change.ends > at
    )
    return replace(entry, planned_changes=changes)


def hosts_of(entry: DomainEntry, at: datetime) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return (the hosts whose addresses a baseline needs, those of coming changes, which may not exist yet)."""
    needed = {*entry.delegation.ns, *_current(entry, at, Networks(NO_RANGES)).mail_hosts()}
    coming = approved(as_looked_at(entry, at), at).hosts - needed
    return tuple(sorted(needed)), tuple(sorted(coming))


def departing(entry: DomainEntry, observations: Iterable[Observation], at: datetime) -> str:
    """Return what some server of the parent gives that is not approved, in words; empty when none does."""
    allowed = approved(as_looked_at(entry, at), at)
    known = {*allowed.ns_sets, *allowed.late_ns}
    for one in _definite(observations, Source.PARENT):
        if one.facts.result is not Result.REFERRAL or frozenset(one.facts.values) not in known:
            said = ", ".join(one.facts.values) or one.facts.result.value
            return f"{_server(one)} gives a delegation that is not approved: {said}"
    return ""


def baseline_of(
    entry: DomainEntry,
    observations: Sequence[Observation],
    at: datetime,
    aws: AwsRanges,
    hijacked: Collection[str] = (),
) -> Taken:
    """Return the baseline that a first pass's observations of a domain give.

    ``hijacked`` are domains whose delegation departs: what stands below one of them is not believed. The entry's own
    baseline, if it has one, is what implicitly watched addresses are compared with.
    """
    return _Taking(entry, observations, at, aws, hijacked).taken()


def _current(entry: DomainEntry, at: datetime, networks: Networks) -> Expectations:
    """Return what the entry itself expects: neither a planned change nor what was replaced makes a baseline."""
    return Expectations(replace(entry, planned_changes=(), superseded=()), at, networks)


@dataclass(slots=True)
class _Taking:
    entry: DomainEntry
    observations: Sequence[Observation]
    at: datetime
    aws: AwsRanges
    hijacked: Collection[str]
    left_out: dict[str, str] = field(default_factory=dict)
    remarks: list[str] = field(default_factory=list)
    wrong: str = field(init=False)
    strict: Expectations = field(init=False)
    lenient: Expectations = field(init=False)

    def __post_init__(self) -> None:
        self.wrong = departing(self.entry, self.observations, self.at)
        if self.wrong:
            self.hijacked = {*self.hijacked, self.entry.domain}
        origins = (origin_in(one.key, one.facts, one.transport) for one in self.observations)
        networks = Networks(self.aws, tuple(origin for origin in origins if origin is not None))
        self.strict = _current(self.entry, self.at, networks)
        self.lenient = Expectations(as_looked_at(self.entry, self.at), self.at, networks)

    def taken(self) -> Taken:
        domain = self.entry.domain
        glue, ds, delegated = self._delegation()
        addresses = dict(self._resolved())
        addresses |= dict(self._mail_hosts())
        ttls = {}
        for rrset in ((domain, "NS"), (domain, "SOA"), *self.strict.watched()):
            ttl = self._ttl(*rrset)
            if ttl is not None:
                ttls[" ".join(rrset)] = ttl
        self._compare(glue, addresses)
        parts: dict[str, Json] = {"glue": glue, "addresses": addresses, "ttls": ttls}
        baseline: Json = {key: dict(sorted(part.items())) for key, part in parts.items() if part}
        if ds is not None:
            baseline["ds"] = list(ds)
        return Taken(baseline, self.left_out, tuple(self.remarks), delegated)

    # The parent

    def _delegation(self) -> tuple[dict[str, list[str]], tuple[str, ...] | None, bool]:
        referrals = list(_definite(self.observations, Source.PARENT))
        good = [one.facts for one in referrals if frozenset(one.facts.values) == self.entry.delegation.ns]
        why = self.wrong
        if not why and not referrals:
            why = "no server of the parent said what the delegation is"
        elif not why and not good:
            why = f"the delegation is not that of the entry: {', '.join(referrals[0].facts.values)}"
        if why:
            self.left_out |= {GLUE: why, DS: why}
            return {}, None, False
        return self._glue(good), self._ds(good), True

    def _glue(self, referrals: Sequence[Facts]) -> dict[str, list[str]]:
        found = dict[str, list[str]]()
        for host in sorted(self.entry.delegation.ns):
            given = [dict(facts.glue).get(host, ()) for facts in referrals]
            for family in _FAMILIES:
                sets = [tuple(sorted(of_family(each, family))) for each in given]
                agreed = _most(each for each in sets if each)
                if len(agreed) > 1:
                    self.left_out[GLUE] = f"the parent's servers disagree about {host}: {_either(agreed)}"
                elif agreed:
                    found.setdefault(host, []).extend(agreed[0])
        return found

    def _ds(self, referrals: Sequence[Facts]) -> tuple[str, ...] | None:
        agreed = _most(facts.ds for facts in referrals if facts.ds is not None)
        wanted = self.entry.delegation.dnssec
        if not agreed:
            unproven = "the parent's servers neither give a DS nor prove that there is none"
            if wanted == "signed":
                self.left_out[DS] = unproven
            else:  # an unsigned parent never will
                self.remarks.append(f"{unproven}: a change of DS will not be noticed")
            return None
        if len(agreed) > 1:
            self.left_out[DS] = f"the parent's servers disagree: {_either(agreed)}"
            return None
        if wanted is not None and (wanted == "signed") is not bool(agreed[0]):
            there = ", ".join(agreed[0]) or "none"
            self.left_out[DS] = f"the watchlist says dnssec: {wanted}, and the parent gives {there}"
            return None
        return agreed[0]

    # Addresses

    def _resolved(self) -> Iterator[tuple[str, list[str]]]:
        seen = {
            one.key.qname: one.facts
            for one in self.observations
            if one.key.source is Source.ITERATIVE and one.key.qtype in _FAMILIES
        }
        hosts, coming = hosts_of(self.entry, self.at)
        for host in (*hosts, *coming):
            if host not in self.entry.delegation.ns and host not in coming:
                continue
            facts = seen.get(host)
            result = Result.TIMEOUT if facts is None else facts.result
            if self._below_a_hijack(host):
                self.left_out[addresses_of(host)] = self.wrong or "its domain's delegation is not as approved"
            elif facts is not None and result in (Result.ANSWER, Result.NODATA):
                yield host, sorted(map(canonical_address, facts.values))
            elif host not in coming:
                gone = result is Result.NXDOMAIN
                self.left_out[addresses_of(host)] = "its name does not exist" if gone else "nobody said what they are"

    def _mail_hosts(self) -> Iterator[tuple[str, list[str]]]:
        for host in self.strict.mail_hosts():
            found = list[str]()
            for family in _FAMILIES:
                said, why = self._agreed(host, family)
                agreed = _most(tuple(sorted(map(canonical_address, facts.values))) for facts in said)
                if len(agreed) > 1:
                    why = f"the servers disagree: {_either(agreed)}"
                if why or not agreed:
                    self.left_out[addresses_of(host)] = why
                    break
                found += agreed[0]
            else:
                yield host, sorted(found)

    def _below_a_hijack(self, host: str) -> bool:
        return any(is_within(host, domain) for domain in self.hijacked)

    def _compare(self, glue: Mapping[str, Sequence[str]], addresses: Mapping[str, Sequence[str]]) -> None:
        """Tell of glue that leads elsewhere than the host's own zone: a person approves either, or neither."""
        for host, given in glue.items():
            for family in _FAMILIES:
                ours, theirs = of_family(given, family), of_family(addresses.get(host, ()), family)
                if ours and theirs and set(ours) != set(theirs):
                    said = f"the parent's glue for {host} is {', '.join(ours)}, and its own zone gives"
                    self.remarks.append(f"{said} {', '.join(theirs)}: make sure that all of them are yours")

    # The zone's servers

    def _ttl(self, qname: str, qtype: str) -> int | None:
        said, why = self._agreed(qname, qtype)
        given = Counter(facts.ttl for facts in said if facts.result is Result.ANSWER and facts.ttl is not None)
        if why or not given:
            if why or qtype not in _FAMILIES:
                self.left_out[ttl_of(qname, qtype)] = why or "no server gave one"
            return None  # a host without such an address, or an alias that leads elsewhere, has none
        return max(given, key=lambda ttl: (given[ttl], ttl))

    def _agreed(self, qname: str, qtype: str) -> tuple[list[Facts], str]:
        """Return what the approved servers say, where all of it is as approved; else why it does not count.

        Servers that still give what was replaced, or give what a planned change will bring, are passed over.
        """
        asked = [
            one
            for one in _definite(self.observations, Source.AUTHORITATIVE)
            if (one.key.qname, one.key.qtype) == (qname, qtype)
            and one.server_name in self.entry.delegation.ns
            and not self._below_a_hijack(one.server_name)
        ]
        for one in asked:
            if not self._as_approved(one):
                said = ", ".join(one.facts.values) or one.facts.result.value
                verdict = self.lenient.verdict(one.key, one.facts, replaced=True)
                if verdict is Verdict.UNKNOWN:
                    return [], f"{_server(one)} answers {said}, and whether that is approved could not be found out"
                if verdict is not Verdict.EXPECTED:
                    return [], f"{_server(one)} answers {said}, which the watchlist does not approve"
        good = [one.facts for one in asked if self._as_approved(one)]
        return good, "" if good else "no approved server gave it"

    def _as_approved(self, one: Observation) -> bool:
        """Whether an answer is as expected.

        Of what is watched implicitly, and so has no baseline yet, any that exists is; an alias that leads out of the
        zone is no wrong address (whoever asks for addresses follows it).
        """
        if one.facts.result not in (Result.ANSWER, Result.NODATA):
            return False
        verdict = self.strict.verdict(one.key, one.facts)
        if verdict is Verdict.UNKNOWN:
            return _leads_away(one.facts)
        return verdict is Verdict.EXPECTED or (verdict is Verdict.NOTHING_ASKED and not _leads_away(one.facts))


def _leads_away(facts: Facts) -> bool:
    return facts.result is Result.NODATA and bool(facts.aliases)


def _definite(observations: Iterable[Observation], source: Source) -> Iterator[Observation]:
    return (one for one in observations if one.key.source is source and one.facts.result.definite)


def _most(values: Iterable[T]) -> list[T]:
    """Return the most common value; several where it is a tie."""
    counts = Counter(values)
    return [value for value, count in counts.items() if count == max(counts.values())]


def _either(values: Iterable[Iterable[str]]) -> str:
    return " or ".join(sorted(", ".join(each) or "none" for each in values))


def _server(one: Observation) -> str:
    return f"{one.server_name} ({one.key.server})" if one.server_name else one.key.server
