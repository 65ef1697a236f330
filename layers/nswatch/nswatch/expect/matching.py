"""Whether an answer is what is approved: the one comparison that observing (what to ask again) and judging share.

Order, letter case, trailing dots, duplicates and TTLs are never differences (decision 6). NS, MX, SOA MNAME and CNAME
are compared by equality; addresses by ``within`` or, for names that are watched implicitly, by the baseline.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum

from nswatch.expect.approved import CACHED, LAGGING, OVERDUE, Approved, approved
from nswatch.expect.certificates import is_listed
from nswatch.expect.networks import Networks
from nswatch.expect.values import ADDRESSES, all_known, canonical, canonical_address, matches, mname, of_family, texts
from nswatch.expect.watchlist import Answer, DomainEntry, Superseded
from nswatch.expect.web import served_in
from nswatch.model import Facts, Key, Result, Source
from nswatch.names import is_within

__all__ = ["Expectations", "Verdict", "canonical", "canonical_address", "mname"]

_LONGEST = timedelta(days=7)
"""Caches keep nothing longer (RFC 8767 section 4). Many round short TTLs up, or serve stale data for a day or two: what
was approved so lately is no reason to wake anybody."""
_INSTANT = timedelta(milliseconds=1)


class Verdict(StrEnum):
    """How an answer compares with what is approved."""

    EXPECTED = "expected"
    UNEXPECTED = "unexpected"
    """A definite answer with other data."""
    MISSING = "missing"
    """A definite answer without data (NODATA, NXDOMAIN) where some is approved."""
    UNKNOWN = "unknown"
    """No definite answer, or one whose comparison needs what is not known (an AS number)."""
    NOTHING_ASKED = "nothing asked"
    """The watchlist says nothing of it."""


@dataclass(frozen=True, slots=True)
class Expectations:
    """Everything that is approved for one domain at ``at``, ready to be compared with answers."""

    entry: DomainEntry
    at: datetime
    networks: Networks
    allowed: Approved = field(init=False)
    _mail_hosts: tuple[str, ...] = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "allowed", approved(self.entry, self.at))
        object.__setattr__(self, "_mail_hosts", _mail_hosts(self.entry.domain, self.allowed))

    def watched(self) -> tuple[tuple[str, str], ...]:
        """Return (qname, qtype) of every watched RRset but the apex NS and SOA, the implicit ones last.

        Implicit are the addresses of names inside the domain that an approved MX points to: whoever changes them
        has the mail.
        """
        listed = dict.fromkeys((answer.name, answer.type) for answer in self.allowed.answers)
        implicit = dict.fromkeys((host, qtype) for host in self._mail_hosts for qtype in ADDRESSES)
        return tuple(listed | implicit)

    def asked(self) -> tuple[tuple[str, str], ...]:
        """Return (qname, qtype) of everything that an authoritative server is judged by: the apex first."""
        apex = self.entry.domain
        return ((apex, "NS"), (apex, "SOA"), *self.watched())

    def mail_hosts(self) -> tuple[str, ...]:
        """Return the names inside the domain that an approved MX points to, sorted."""
        return self._mail_hosts

    def verdict(self, key: Key, facts: Facts | None, *, replaced: bool = False) -> Verdict:
        """Compare what a server says for a question with what is approved; ``facts`` None: nothing definite.

        ``replaced``: what an `apply` replaced lately explains the answer too, as it does for caches. It is for the
        servers of a replaced delegation that a lagging server of the parent still gives.
        """
        if facts is None or not facts.result.definite:
            return Verdict.UNKNOWN
        if key.source is Source.ITERATIVE:
            return self._address_verdict(key, facts)
        if key.source is Source.PARENT:
            right = facts.result is Result.REFERRAL and frozenset(facts.values) in self.allowed.ns_sets
            return Verdict.EXPECTED if right else Verdict.UNEXPECTED
        return self._answer_verdict(key, facts, replaced or key.source is Source.RECURSIVE)

    def _answer_verdict(self, key: Key, facts: Facts, replaced: bool) -> Verdict:
        if not self._asks(key.qname, key.qtype):
            return Verdict.NOTHING_ASKED
        if facts.result is Result.OVER_CAP:
            return Verdict.UNEXPECTED
        if facts.result in (Result.NODATA, Result.NXDOMAIN):
            return self._missing(key, facts)
        if self._explains(key, facts, replaced):
            return Verdict.EXPECTED
        return Verdict.UNKNOWN if self._undecided(key, facts, replaced) else Verdict.UNEXPECTED

    def rotates(self, key: Key, facts: Facts) -> bool:
        """Whether an answer is nothing but addresses that the entry's own ``within`` allows: as good as any other.

        So is a certificate that is trusted and from an issuer that the entry lists: a fleet's servers have many.
        What only a planned change explains, or what was replaced, is not: there the addresses make a difference later.
        """
        if key.source is Source.WEB:
            served = served_in(facts)
            listed = () if self.entry.web is None else self.entry.web.issuers
            return served is not None and served.trusted and (not listed or is_listed([served.issuer], listed))
        if key.source not in (Source.AUTHORITATIVE, Source.RECURSIVE) or facts.result is not Result.ANSWER:
            return False
        asked = [answer for answer in self.allowed.answers if (answer.name, answer.type) == (key.qname, key.qtype)]
        return key.qtype in ADDRESSES and any(
            answer.within and all(self.networks.allows(address, answer.within) is True for address in facts.values)
            for answer in asked
        )

    def values_expected(self, qname: str, qtype: str) -> tuple[str, ...]:
        """Return what is approved for a name and type, as text for people: values, networks or strings."""
        if (qname, qtype) == (self.entry.domain, "NS"):
            return tuple(sorted(self.allowed.current))
        if (qname, qtype) == (self.entry.domain, "SOA"):
            return self.allowed.soa_mnames
        answers = self.allowed.answers_for(qname, qtype)
        found = [value for answer in answers for value in texts(answer)]
        return tuple(dict.fromkeys(found)) or self._baseline(qname, qtype) or ()

    def lapses(self) -> tuple[datetime, ...]:
        """Return the later moments at which something that was replaced ceases to be explained, the next first."""
        ends = [past.at + after for past in self.entry.superseded for after in (LAGGING, OVERDUE, CACHED)]
        ends += [
            ended + self._kept(*question)
            for ended in (
                *(self._replaced_at(past) for past in self.entry.superseded),
                *(change.ends for change in self.entry.planned_changes),
            )
            for question in self.asked()
        ]
        return tuple(sorted({end for end in ends if end > self.at}))

    def unexplained_since(self, key: Key, facts: Facts) -> datetime | None:
        """Return when what was an explanation of an unexpected answer ceased to be one; None when there was none.

        It is the end of a window, or an `apply`; for caches the end of the TTL after it.
        """
        replaced = {self._replaced_at(past) for past in self.entry.superseded}
        over = {change.ends for change in self.entry.planned_changes} | replaced
        if key.source is Source.RECURSIVE:
            over |= {ended + self._kept(key.qname, key.qtype) for ended in over}
        for moment in sorted((moment for moment in over if moment <= self.at), reverse=True):
            then = Expectations(self.entry, moment - _INSTANT, self.networks)
            if then.verdict(key, facts) is Verdict.EXPECTED:
                return moment
            if moment in replaced:
                just_then = Expectations(self.entry, moment, self.networks)
                if just_then.verdict(key, facts, replaced=True) is Verdict.EXPECTED:
                    return moment
        return None

    def _asks(self, qname: str, qtype: str) -> bool:
        if qname == self.entry.domain and qtype in ("NS", "SOA"):
            return qtype == "NS" or bool(self.allowed.soa_mnames)
        return bool(self.allowed.answers_for(qname, qtype)) or self._baseline(qname, qtype) is not None

    def _baseline(self, qname: str, qtype: str) -> tuple[str, ...] | None:
        """Return the approved addresses of an implicitly watched name, of the family that ``qtype`` is about."""
        if qtype not in ADDRESSES or qname not in self._mail_hosts:
            return None
        addresses = self.entry.baseline.addresses.get(qname)
        return None if addresses is None else of_family(addresses, qtype)

    def _missing(self, key: Key, facts: Facts) -> Verdict:
        """Judge an empty answer. An alias that leads out of the zone makes one: who asks for the data follows it.

        An apex is no alias (RFC 2181 section 10.1), and what has other data approved is none either.
        """
        if facts.aliases and key.qtype in (*ADDRESSES, "TXT") and key.qname != self.entry.domain:
            return Verdict.UNKNOWN
        if facts.aliases and key.qtype != "CNAME":
            return Verdict.UNEXPECTED
        if not self.allowed.answers_for(key.qname, key.qtype) and not self._baseline(key.qname, key.qtype):
            return Verdict.EXPECTED if key.qtype in ADDRESSES else Verdict.MISSING
        return Verdict.MISSING

    def _explains(self, key: Key, facts: Facts, replaced: bool) -> bool:
        if key.qname == self.entry.domain and key.qtype == "NS":
            return frozenset(facts.values) in self._ns_sets(replaced)
        if key.qname == self.entry.domain and key.qtype == "SOA":
            return {mname(value) for value in facts.values} <= self._mnames(replaced)
        if any(matches(answer, facts.values, self.networks) for answer in self._alternatives(key, replaced)):
            return True
        if key.qtype in ADDRESSES and self._jointly_within(key, facts.values, replaced) is True:
            return True
        baseline = self._baseline(key.qname, key.qtype)
        listed = bool(self.allowed.answers_for(key.qname, key.qtype))
        return not listed and baseline is not None and set(map(canonical_address, facts.values)) <= set(baseline)

    def _undecided(self, key: Key, facts: Facts, replaced: bool) -> bool:
        return key.qtype in ADDRESSES and self._jointly_within(key, facts.values, replaced) is None

    def _jointly_within(self, key: Key, values: Sequence[str], replaced: bool) -> bool | None:
        """Whether every address is allowed by some alternative: during a change old and new may stand side by side."""
        answers = [answer for answer in self._alternatives(key, replaced) if answer.within or answer.values]
        if not answers:
            return False
        networks = [item for answer in answers for item in (answer.within or answer.values)]
        return all_known(self.networks.allows(value, networks) for value in values)

    def _mnames(self, replaced: bool) -> set[str]:
        past = [known.delegation for known in self.entry.superseded if replaced and known.at <= self.at]
        once = {delegation.soa_mname for delegation in past if delegation is not None and delegation.soa_mname}
        return {*self.allowed.soa_mnames, *once}

    def _ns_sets(self, replaced: bool) -> list[frozenset[str]]:
        """Return the NS sets that explain an answer.

        A cache may give one that an `apply` replaced for 90 days: many renew a delegation from the servers that it
        names, which may go on for ever, and a set that was approved is no attack.
        """
        sets = list(self.allowed.ns_sets)
        if replaced:
            sets += self.allowed.once_ns
            sets += [
                change.delegation.ns
                for change in self.entry.planned_changes
                if change.delegation is not None
                and change.delegation.ns
                and self._cached(change.starts, change.ends, self.entry.domain, "NS")
            ]
        return sets

    def _alternatives(self, key: Key, replaced: bool) -> Iterator[Answer]:
        """Yield the answers any of which explains a question's; for caches also those whose TTL has not run out."""
        named = (key.qname, key.qtype)
        yield from self.allowed.answers_for(*named)
        if not replaced:
            for past in self.entry.superseded:
                if past.at <= self.at < self._replaced_at(past):
                    yield from (answer for answer in past.answers if (answer.name, answer.type) == named)
            return
        for past in self.entry.superseded:
            if self._cached(past.at, self._replaced_at(past), *named):
                yield from (answer for answer in past.answers if (answer.name, answer.type) == named)
        for change in self.entry.planned_changes:
            if self._cached(change.starts, change.ends, *named):
                yield from (answer for answer in change.answers if (answer.name, answer.type) == named)

    def _cached(self, began: datetime, ended: datetime, qname: str, qtype: str) -> bool:
        """Whether a value approved until ``ended`` may still be in caches."""
        return began <= self.at < ended + self._kept(qname, qtype)

    def _replaced_at(self, past: Superseded) -> datetime:
        """Return until when what an `apply` replaced was approved: within a window old and new both are, to its end."""
        windows = (change.ends for change in self.entry.planned_changes if change.starts <= past.at < change.ends)
        return max((past.at, *windows))

    def _kept(self, qname: str, qtype: str) -> timedelta:
        """Return how long a cache may keep what was replaced: for its TTL, and in no case less than a delegation's."""
        ttl = timedelta(seconds=self.entry.baseline.ttls.get((qname, qtype), 0))
        return max(LAGGING, min(_LONGEST, ttl))

    def _address_verdict(self, key: Key, facts: Facts) -> Verdict:
        approved_addresses = self.entry.baseline.addresses.get(key.qname)
        if approved_addresses is None or facts.result is not Result.ANSWER:
            return Verdict.NOTHING_ASKED
        inside = set(facts.values) <= set(map(canonical_address, approved_addresses))
        return Verdict.EXPECTED if inside else Verdict.UNEXPECTED

    def glue_departs(
        self, facts: Facts, resolved: Mapping[str, Sequence[str]]
    ) -> tuple[tuple[str, tuple[str, ...]], ...]:
        """Return (host, glue) for approved hosts whose glue is neither the baseline's nor what a walk finds.

        One that had no glue may get its approved addresses, and no others: glue can be forged where there was none.
        Families are compared apart: a server may leave one out for want of space, and then it says nothing of it.
        ``resolved`` are the addresses found by walking, by host.
        """
        if facts.result is not Result.REFERRAL:
            return ()
        return tuple(
            (host, addresses)
            for host, addresses in facts.glue
            if host in self.allowed.hosts and self._glue_differs(host, addresses, resolved.get(host, ()))
        )

    def ds_departs(self, facts: Facts) -> bool:
        """Whether a referral gives no DS of the baseline where the zone is signed, or one where it is not.

        What the judge accepts besides (a roll-over that the parent vouched for) departs here until it is approved.
        """
        states, known = self.allowed.dnssec, set(self.entry.baseline.ds or ())
        if facts.result is not Result.REFERRAL or facts.ds is None or not states:
            return False
        if not facts.ds:
            return "unsigned" not in states
        return "signed" not in states or bool(known and not known & set(facts.ds))

    def _glue_differs(self, host: str, addresses: Iterable[str], resolved: Iterable[str]) -> bool:
        known, own = self.entry.baseline.glue.get(host), self.entry.baseline.addresses.get(host, ())
        for qtype in ADDRESSES:
            seen, found = set(of_family(addresses, qtype)), set(of_family(resolved, qtype))
            approved = set(of_family(own if known is None else known, qtype))
            if known is None and (not approved or seen <= approved | found):
                continue  # of a family whose addresses nobody approved nothing can be said
            if seen and seen not in (approved, found):
                return True
        return False

    def glue_expected(self, host: str) -> tuple[str, ...]:
        """Return what a host's glue is held against: the baseline's or, where it had none, its own addresses."""
        baseline = self.entry.baseline
        return tuple(map(canonical_address, baseline.glue.get(host) or baseline.addresses.get(host, ())))


def _mail_hosts(domain: str, allowed: Approved) -> tuple[str, ...]:
    values = (
        value
        for answer in (*allowed.answers, *allowed.planned_answers)
        if answer.type == "MX"
        for value in answer.values
    )
    hosts = {canonical(value).rpartition(" ")[2] for value in values}
    return tuple(sorted(host for host in hosts if host != "." and is_within(host, domain)))
