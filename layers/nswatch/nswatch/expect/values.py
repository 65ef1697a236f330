"""The comparison of data with one approved answer: what is a difference, and what only looks like one.

Order, letter case of names, trailing dots and duplicates never are (decision 6).
"""

import ipaddress
from collections.abc import Iterable, Sequence
from functools import lru_cache

from nswatch.expect.networks import Networks
from nswatch.expect.watchlist import Answer

ADDRESSES = ("A", "AAAA")
_SPF = "v=spf1"


def texts(answer: Answer) -> tuple[str, ...]:
    """Return what an answer approves as text for people: values, networks or strings."""
    if answer.type == "TXT" or not answer.values:
        return answer.values or answer.within or answer.contains
    return tuple(map(canonical, answer.values))


def matches(answer: Answer, values: Sequence[str], networks: Networks) -> bool:
    """Whether data of the answer's type is what it approves."""
    if answer.type == "TXT" and second_spf(answer, values):
        return False
    if answer.contains:
        return all(any(holds(text, wanted) for text in values) for wanted in answer.contains)
    if answer.within:
        return all_known(networks.allows(value, answer.within) for value in values) is True
    form = canonical_address if answer.type in ADDRESSES else str if answer.type == "TXT" else canonical
    seen, approved = set(map(form, values)), set(map(form, answer.values))
    # Of addresses an answer may hold fewer; of several CNAMEs, between which a routing policy chooses, it holds one.
    return seen <= approved if answer.type in (*ADDRESSES, "CNAME") else seen == approved


def holds(text: str, wanted: str) -> bool:
    """Whether a TXT record has an approved string; an SPF record counts only from its beginning (RFC 7208 4.5)."""
    return text.startswith(wanted) if wanted.lower().startswith(_SPF) else wanted in text


def second_spf(answer: Answer, values: Iterable[str]) -> bool:
    """Whether there are more SPF records than one where no more are approved: then none counts (RFC 7208 4.5)."""
    return _spf_records(values) > max(1, _spf_records(answer.values))


def _spf_records(texts: Iterable[str]) -> int:
    return sum(text.lower() == _SPF or text.lower().startswith(f"{_SPF} ") for text in texts)


def canonical(value: str) -> str:
    """Return a value with names in it as `Facts.values` has it: lower-case, a name at its end without trailing dot."""
    bare = value.removesuffix(".").lower()
    return f"{bare}." if bare == "" or bare.endswith(" ") else bare


@lru_cache(maxsize=4096)  # a pass asks for the same few hundred over and over, and parsing one takes 10 µs
def canonical_address(value: str) -> str:
    """Return an address in its one text form; what is no address stays as it is."""
    try:
        return str(ipaddress.ip_address(value))
    except ValueError:
        return value


def of_family(addresses: Iterable[str], qtype: str) -> tuple[str, ...]:
    """Return those addresses that an RRset of type ``A`` or ``AAAA`` may hold."""
    return tuple(address for address in map(canonical_address, addresses) if (":" in address) == (qtype == "AAAA"))


def mname(soa: str) -> str:
    """Return the MNAME of an SOA's data as `Facts.values` holds it."""
    return soa.split(" ", 1)[0].rstrip(".") or "."


def all_known(allowed: Iterable[bool | None]) -> bool | None:
    """Return whether all are true; None when none is false but some are unknown."""
    found = list(allowed)
    if False in found:
        return False
    return None if None in found else True
