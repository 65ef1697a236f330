"""What a finding's detail says, read so that nothing it lacks, or holds in another shape, ever hinders a text.

The shapes are those that the rules of `nswatch.judge` document. Whatever is not as expected is left out.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from nswatch.model import Finding, Source
from nswatch.moments import parse_iso

_TYPES = {
    "mx_changed": "MX",
    "soa_changed": "SOA",
    "cname_changed": "CNAME",
    "txt_changed": "TXT",
    "parent_child_mismatch": "NS",
}
OF_MONITOR = frozenset(
    {"vantage_silent", "monitor_blind", "hub_silent", "topic_unconfirmed", "dead_letters", "collector_silent"}
    | {"trail_silent"}
)
"""Codes about nswatch itself: their subject is a region, and there are no values to compare."""
_MOST = 200
_LONGEST_TTL = 2**32


@dataclass(frozen=True, slots=True)
class Given:
    """One answer, and who gives it: name servers by host, resolvers by address; ``regions`` saw it."""

    seen: tuple[str, ...]
    hosts: tuple[str, ...] = ()
    resolvers: tuple[str, ...] = ()
    regions: tuple[str, ...] = ()
    result: str = ""


@dataclass(frozen=True, slots=True)
class RRset:
    """One RRset that is not as expected. ``name`` and ``type`` are empty where nothing says them."""

    name: str
    type: str
    expected: tuple[str, ...]
    answers: tuple[Given, ...]

    @property
    def seen(self) -> tuple[str, ...]:
        """Every value of its answers."""
        return tuple(dict.fromkeys(value for answer in self.answers for value in answer.seen))


@dataclass(frozen=True, slots=True)
class Server:
    """One name server that does not answer as it should; ``result`` is that of `nswatch.model.Result`."""

    host: str
    address: str
    result: str
    regions: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Moved:
    """The addresses of one name server's host; ``inside`` and ``outside`` are those by Route 53's networks, if told."""

    host: str
    expected: tuple[str, ...]
    seen: tuple[str, ...]
    inside: tuple[str, ...] = ()
    outside: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Registration:
    """What a registry's record says, as texts; empty where it does not."""

    last_changed: str
    registrar: str
    server: str


@dataclass(frozen=True, slots=True)
class Slower:
    """A region that waits longer for the web site: medians in milliseconds, and since when."""

    region: str
    former: int
    median: int
    since: datetime


@dataclass(frozen=True, slots=True)
class Ttl:
    """The TTL of one RRset, in seconds."""

    name: str
    type: str
    expected: int
    seen: int


def rows(finding: Finding, key: str) -> list[Mapping[str, Any]]:
    """Return the rows of a list in a finding's detail; what is no row is left out."""
    return _rows(finding.detail.get(key))


def count(finding: Finding, key: str) -> int | None:
    """Return a whole number of a finding's detail."""
    return _number(finding.detail.get(key))


def registration(finding: Finding) -> Registration | None:
    """Return what is known of the domain's registration; None where nothing is."""
    told = finding.detail.get("registration")
    if not isinstance(told, Mapping):
        return None
    found = Registration(*(str(told.get(name, "")) for name in ("last_changed", "registrar", "server")))
    return found if found.last_changed or found.registrar else None


def slower(finding: Finding) -> tuple[Slower, ...]:
    """Return the regions that wait longer for the web site than before; a row that lacks anything is left out."""
    found = []
    for row in rows(finding, "latency")[:_MOST]:
        former, median = _number(row.get("former_ms")), _number(row.get("median_ms"))
        since = _moment(row.get("since"))
        if former is not None and median is not None and since is not None:
            found.append(Slower(_text(row.get("region")), former, median, since))
    return tuple(found)


def chain_reason(finding: Finding) -> str:
    """Return why our own validation of a domain fails, "" where it does not, or where nothing says why."""
    chain = finding.detail.get("chain")
    return str(chain.get("reason", "")) if isinstance(chain, Mapping) else ""


def raised_by(finding: Finding) -> tuple[str, str] | None:
    """Return the code and the domain that make a finding a page which alone is none; None where that is not so."""
    reason = finding.detail.get("raised_by")
    alone = finding.detail.get("alone") == finding.severity
    if alone or not isinstance(reason, Mapping):
        return None
    return str(reason.get("code", "")), str(reason.get("subject", ""))


def texts(values: object) -> tuple[str, ...]:
    """Return a list's items as text; nothing for what is no list."""
    return tuple(map(str, values[:_MOST])) if isinstance(values, list | tuple) else ()


def rrsets(finding: Finding) -> tuple[RRset, ...]:
    """Return the RRsets that the finding is about, at least one: what the detail lacks comes from the finding."""
    listed = [_rrset(finding, row, alone=False) for row in rows(finding, "rrsets")[:_MOST]]
    if len(listed) == 1:
        listed = [_rrset(finding, rows(finding, "rrsets")[0], alone=True)]
    return tuple(listed) or (_rrset(finding, finding.detail, alone=True),)


def _rrset(finding: Finding, row: Mapping[str, Any], *, alone: bool) -> RRset:
    answers = tuple(map(_given, _rows(row.get("answers"))))
    answers = tuple(sorted(answers, key=lambda answer: -len(answer.hosts) - len(answer.resolvers)))
    if alone and finding.seen and not any(answer.seen for answer in answers):
        answers = (*answers, Given(finding.seen))
    expected = texts(row.get("expected")) or (finding.expected if alone else ())
    return RRset(_text(row.get("name")), _text(row.get("type")) or _TYPES.get(finding.code, ""), expected, answers)


def _given(row: Mapping[str, Any]) -> Given:
    return Given(
        seen=texts(row.get("seen")),
        hosts=texts(row.get("hosts")),
        resolvers=texts(row.get("resolvers")),
        regions=texts(row.get("regions")),
        result=_text(row.get("result")),
    )


def witnesses(finding: Finding) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return (hosts of name servers, addresses of resolvers) that give it: of the detail, else of the sightings."""
    answers = [answer for rrset in rrsets(finding) for answer in rrset.answers]
    hosts = dict.fromkeys(host for answer in answers for host in answer.hosts)
    resolvers = dict.fromkeys(address for answer in answers for address in answer.resolvers)
    if not hosts and not resolvers:
        seen = finding.sightings
        hosts = dict.fromkeys(s.server_name or s.server for s in seen if s.source is Source.AUTHORITATIVE)
        resolvers = dict.fromkeys(s.server for s in seen if s.source is Source.RECURSIVE)
    return tuple(hosts), tuple(resolvers)


def regions(finding: Finding) -> tuple[str, ...]:
    """Return the regions that saw it, sorted."""
    named = {region for rrset in rrsets(finding) for answer in rrset.answers for region in answer.regions}
    named |= {region for server in servers(finding) for region in server.regions} | set(
        texts(finding.detail.get("regions"))
    )
    return tuple(sorted(named or {sighting.region for sighting in finding.sightings}))


def servers(finding: Finding) -> tuple[Server, ...]:
    """Return the name servers that do not answer as they should."""
    found = (
        Server(
            host=_text(row.get("host")),
            address=_text(row.get("address")),
            result=_text(row.get("result")),
            regions=texts(row.get("regions")),
        )
        for row in rows(finding, "servers")[:_MOST]
    )
    return tuple(server for server in found if server.host or server.address)


def moved(finding: Finding) -> tuple[Moved, ...]:
    """Return the hosts whose addresses differ."""
    found = (
        Moved(
            _text(row.get("host")),
            texts(row.get("expected")),
            texts(row.get("seen")),
            texts(row.get("inside")),
            texts(row.get("outside")),
        )
        for row in rows(finding, "hosts")[:_MOST]
    )
    return tuple(row for row in found if row.host and (row.expected or row.seen))


def ttls(finding: Finding) -> tuple[Ttl, ...]:
    """Return the TTLs that moved; a row without both numbers is left out."""
    found = []
    for row in rows(finding, "rrsets")[:_MOST]:
        expected, seen = _number(row.get("expected")), _number(row.get("seen"))
        if (
            expected is not None
            and seen is not None
            and min(expected, seen) >= 0
            and max(expected, seen) < _LONGEST_TTL
        ):
            found.append(Ttl(_text(row.get("name")), _text(row.get("type")), expected, seen))
    return tuple(found)


def is_forged(finding: Finding) -> bool:
    """Whether it is what forged servers serve: a part of the story of a delegation, by whatever code."""
    return finding.detail.get("forged") is True or (
        finding.cause == "delegation" and finding.code in (*_TYPES, "address_changed", "answer_missing", "ttl_changed")
    )


def _rows(value: object) -> list[Mapping[str, Any]]:
    return [row for row in value if isinstance(row, Mapping)] if isinstance(value, list | tuple) else []


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""


def _moment(value: object) -> datetime | None:
    try:
        return parse_iso(value) if isinstance(value, str) else None
    except ValueError:
        return None


def _number(value: object) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) else None
