"""Route 53's own rule for its name servers' names: it tells which names cannot be Route 53's, and why.

``ns-X.awsdns-YY.TLD`` with X from 0 to 2047 without leading zeros and YY of exactly two digits. X decides the rest:
``X // 512`` is 0 for com, 1 for net, 2 for org and 3 for co.uk, and ``YY = (X mod 512) // 8``. AWS does not document
it; it held for 819 of 819 names that real delegations gave (decision 2). The names in AWS's documentation
(``ns-2048.awsdns-64.com`` to ``ns-2051.awsdns-67.co.uk``) break it, and so did the look-alikes of May 2020
(``ns-1515.awsdns-061.org``).

The rule explains and raises; it never excuses: anybody can own a Route 53 zone, so a valid name is not *your* name.
"""

import re
from collections.abc import Collection
from dataclasses import dataclass
from typing import Literal

_SUFFIXES = ("com", "net", "org", "co.uk")
_LIMIT = 2048
_STRICT = re.compile(r"ns-(0|[1-9][0-9]{0,3})\.awsdns-([0-9]{2})\.(com|net|org|co\.uk)\Z")
_DOMAIN = re.compile(r"awsdns-([0-9]{2})\.(com|net|org|co\.uk)\Z", re.ASCII)
_STRIPES = 64
_LOOSE = re.compile(r"ns-([0-9]+)\.awsdns-([0-9]+)\.([a-z0-9_.-]+)\Z")
_IN_WORDS = {1: "one", 3: "three", 4: "four", 5: "five"}


@dataclass(frozen=True, slots=True)
class Route53Name:
    """A name that Route 53 can have given: ``number`` is X (0 to 2047), ``stripe`` is YY (0 to 63)."""

    number: int
    stripe: int
    suffix: str


MismatchKind = Literal["impossible", "other_set", "not_route53"]


@dataclass(frozen=True, slots=True)
class Mismatch:
    """A delegated host that the hosted zone's delegation set does not explain.

    ``impossible``: written like Route 53's, but Route 53 has no such name. ``other_set``: Route 53's, but of another
    delegation set, so somebody else's zone answers. ``not_route53``: not written like Route 53's at all.
    """

    host: str
    kind: MismatchKind
    explanation: str


def parse(name: str) -> Route53Name | None:
    """Return the parts of a Route 53 name server's ``name`` (canonical), or None where it cannot be Route 53's."""
    match = _STRICT.match(name)
    if match is None:
        return None
    number, stripe, suffix = int(match[1]), int(match[2]), match[3]
    if number >= _LIMIT or (stripe, suffix) != _belongs(number):
        return None
    return Route53Name(number, stripe, suffix)


def is_own_domain(name: str) -> bool:
    """Whether Route 53's name servers are in a registrable domain: awsdns-00 to awsdns-63 under four suffixes."""
    match = _DOMAIN.match(name)
    return match is not None and int(match[1]) < _STRIPES


def explain(name: str) -> str:
    """Say why ``name`` (canonical), which looks like Route 53's, cannot be; empty when it can, or looks like no such.

    All reasons, joined by "; ", each a clause that a text can use as it is.
    """
    if "awsdns" not in name or parse(name) is not None:
        return ""
    match = _LOOSE.match(name)
    if match is None:
        return "Route 53's names are of the form ns-X.awsdns-YY.TLD, and this one is not"
    return "; ".join(_reasons(match[1], match[2], match[3]))


def mismatches(
    delegated: Collection[str], expected: Collection[str], approved_hosts: Collection[str] = ()
) -> list[Mismatch]:
    """Judge the ``delegated`` hosts of a domain with ``provider: route53``; all names canonical, sorted by host.

    ``expected`` is the delegation set (of the hosted zone or, without one, the watchlist); ``approved_hosts`` are
    whatever else is approved now, planned changes for one.
    """
    return [_mismatch(host) for host in sorted(set(delegated) - set(expected) - set(approved_hosts))]


def _mismatch(host: str) -> Mismatch:
    if parse(host) is not None:
        return Mismatch(host, "other_set", "a Route 53 name, but of another delegation set than this zone's")
    impossible = explain(host)
    if impossible:
        return Mismatch(host, "impossible", impossible)
    return Mismatch(host, "not_route53", "not a Route 53 name (ns-X.awsdns-YY.TLD), while the zone is at Route 53")


def _belongs(number: int) -> tuple[int, str]:
    return number % 512 // 8, _SUFFIXES[number // 512]


def _reasons(number: str, stripe: str, suffix: str) -> list[str]:
    reasons = []
    if number != "0" and number.startswith("0"):
        reasons.append(f"ns-{number} has a leading zero, which Route 53's numbers never have")
    if len(stripe) != 2:
        # Of a label of up to 63 octets: too long a number to be turned into an int for nothing.
        bare = stripe.lstrip("0")[:8].rjust(2, "0")
        count = _IN_WORDS.get(len(stripe), str(len(stripe)))
        reasons.append(f"{bare} would be two digits: awsdns-{stripe} has {count}" if len(bare) == 2
                       else f"awsdns-{stripe} has {count} digits, not two")  # fmt: skip
    if len(number.lstrip("0")) > 4 or int(number) >= _LIMIT:
        reasons.append(f"numbers end at ns-{_LIMIT - 1}, there is no ns-{number}")
        return reasons
    right_stripe, right_suffix = _belongs(int(number))
    if stripe.lstrip("0") != str(right_stripe).lstrip("0"):
        reasons.append(f"ns-{int(number)} belongs to awsdns-{right_stripe:02}, not awsdns-{stripe}")
    if suffix != right_suffix:
        reasons.append(f"ns-{int(number)} lives in .{right_suffix}, not .{suffix}")
    return reasons
