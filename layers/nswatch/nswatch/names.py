"""Domain names as text: one canonical form for comparing, one readable form for people.

Canonical: lower-case A-labels without the trailing dot; the root is ``"."``. Underscores are allowed (``_dmarc``).
"""

import re
from functools import cache, lru_cache

from publicsuffixlist import PublicSuffixList

from nswatch.errors import InvalidName

_LABEL = re.compile(r"[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?\Z", re.ASCII)
_MAX_OCTETS = 253


@lru_cache(maxsize=4096)
def normalise(text: str) -> str:
    """Return the canonical form of a host or domain name; raise InvalidName with what is wrong and what would be right.

    U-labels become A-labels (IDNA 2008, with the mapping of UTS #46 for letter case and full width).
    """
    bare = text.removesuffix(".")
    if text == ".":
        return "."
    if not bare:
        raise InvalidName("an empty name; write it like 'example.com'")
    name = bare.lower() if bare.isascii() else _to_a_labels(bare)
    for label in name.split("."):
        if not label:
            raise InvalidName(f"{text!r} has an empty label (two dots in a row); write it like 'example.com'")
        if len(label) > 63:
            raise InvalidName(f"{text!r} has a label of {len(label)} octets; 63 is the limit")
        if not _LABEL.match(label):
            raise InvalidName(f"{text!r}: label {label!r} may hold only letters, digits, '-' inside, and '_'")
    if len(name) > _MAX_OCTETS:
        raise InvalidName(f"{text!r} is {len(name)} octets long; {_MAX_OCTETS} is the limit")
    return name


def _to_a_labels(text: str) -> str:
    import idna  # noqa: PLC0415 - 30 ms of tables that a watchlist of plain ASCII names never needs

    try:
        return idna.encode(text, uts46=True).decode("ascii")
    except idna.IDNAError as error:
        raise InvalidName(f"{text!r} is not an internationalised domain name (IDNA 2008): {error}") from error


def is_within(name: str, zone: str) -> bool:
    """Whether ``name`` is ``zone`` or below it; both canonical."""
    return zone == "." or name == zone or name.endswith("." + zone)


def absolute(name: str, origin: str) -> str:
    """Return the canonical absolute name of a watchlist's relative ``name`` (``@`` is the origin itself)."""
    if name == "@":
        return origin
    if name.endswith("."):
        return normalise(name)
    relative = normalise(name)
    return relative if is_within(relative, origin) else f"{relative}.{origin}"


@cache
def _public_suffixes() -> PublicSuffixList:
    return PublicSuffixList(accept_unknown=True)


def registrable(name: str) -> str:
    """Return the registrable domain of ``name`` (public suffix and one label), or ``name`` where there is none.

    By the Public Suffix List, its ICANN and its private part; a top-level domain that it does not know counts as one
    public suffix.
    """
    found = _public_suffixes().privatesuffix(name)
    return found if found is not None else name


def public_suffix(name: str) -> str:
    """Return the public suffix of ``name`` (``co.uk`` for ``www.example.co.uk``)."""
    found = _public_suffixes().publicsuffix(name)
    return found if found is not None else name


def display(name: str) -> str:
    """Return ``name`` for a person: ``xn--…`` labels are followed by what they look like."""
    if "xn--" not in name:
        return name
    import idna  # noqa: PLC0415 - see _to_a_labels

    try:
        return f"{name} ({idna.decode(name)})"
    except idna.IDNAError:
        return name
