"""Domain names as text: one canonical form for comparing, one readable form for people.

Canonical: lower-case A-labels without the trailing dot; the root is ``"."``. Underscores are allowed (``_dmarc``).
"""

import re
from functools import cache, lru_cache

from publicsuffixlist import PublicSuffixList

from nswatch.errors import InvalidName

_LABEL = re.compile(r"[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?\Z", re.ASCII)
_MAX_LABEL_OCTETS = 63
_MAX_OCTETS = 253
"""RFC 1035 section 2.3.4 allows 255 on the wire: two fewer in text, without the first length and the root."""


@lru_cache(maxsize=4096)
def normalise(text: str) -> str:
    """Return the canonical form of a host or domain name; raise InvalidName with what is wrong and what would be right.

    U-labels become A-labels (IDNA 2008, with the mapping of UTS #46 for letter case and full width). ASCII labels are
    not held to IDNA's rules, so that ``_dmarc`` and whatever an attacker registers can be written.
    """
    if text == ".":
        return "."
    mapped = (text.lower() if text.isascii() else _mapped(text)).removesuffix(".")
    if not mapped:
        raise InvalidName("an empty name; write it like 'example.com'")
    name = ".".join(label if label.isascii() else _to_a_label(text, label) for label in mapped.split("."))
    for label in name.split("."):
        if not label:
            raise InvalidName(f"{text!r} has an empty label; write it like 'example.com', with one dot between labels")
        if len(label) > _MAX_LABEL_OCTETS:
            raise InvalidName(f"{text!r} has a label of {len(label)} octets; {_MAX_LABEL_OCTETS} is the limit")
        if not _LABEL.match(label):
            raise InvalidName(f"{text!r}: label {label!r} may hold only letters, digits, '-' inside, and '_'")
    if len(name) > _MAX_OCTETS:
        raise InvalidName(f"{text!r} is {len(name)} octets long; {_MAX_OCTETS} is the limit")
    return name


def _mapped(text: str) -> str:
    """Fold letter case, width and the ideographic full stops (UTS #46 section 4)."""
    import idna  # noqa: PLC0415 - 30 ms of tables that a watchlist of plain ASCII names never needs

    try:
        return idna.uts46_remap(text, std3_rules=False, transitional=False)
    except idna.IDNAError as error:
        raise InvalidName(f"{text!r} is not an internationalised domain name (UTS #46): {error}") from error


def _to_a_label(text: str, label: str) -> str:
    import idna  # noqa: PLC0415 - see _mapped

    try:
        return idna.alabel(label).decode("ascii")
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
def _public_suffixes(*, only_icann: bool = False) -> PublicSuffixList:
    return PublicSuffixList(accept_unknown=True, only_icann=only_icann)


@lru_cache(maxsize=4096)
def registrable(name: str) -> str:
    """Return the registrable domain of ``name`` (public suffix and one label), or ``name`` where there is none.

    By the Public Suffix List, its ICANN and its private part; a top-level domain that it does not know counts as one
    public suffix.
    """
    found = _public_suffixes().privatesuffix(name)
    return found if found is not None else name


@lru_cache(maxsize=4096)
def registry_domain(name: str) -> str | None:
    """Return the domain that is registered at a registry for ``name``, None where ``name`` is a registry's own suffix.

    Only the list's ICANN part counts: what ends with ``github.io`` is registered as ``github.io`` and nothing longer.
    """
    return _public_suffixes(only_icann=True).privatesuffix(name)


def public_suffix(name: str) -> str:
    """Return the public suffix of ``name`` (``co.uk`` for ``www.example.co.uk``)."""
    found = _public_suffixes().publicsuffix(name)
    return found if found is not None else name


def is_registry_suffix(name: str) -> bool:
    """Whether ``name`` is one that a registry registers under (``com``, ``co.uk``), so that it is nobody's domain.

    Only the list's ICANN part counts: ``github.io`` has an owner, who may watch it.
    """
    return registry_domain(name) is None


def display(name: str) -> str:
    """Return ``name`` for a person: a name with ``xn--…`` labels is followed by what it looks like."""
    if "xn--" not in name:
        return name
    looks_like = ".".join(_to_u_label(label) for label in name.split("."))
    return name if looks_like == name else f"{name} ({looks_like})"


def _to_u_label(label: str) -> str:
    import idna  # noqa: PLC0415 - see _mapped

    try:
        return idna.ulabel(label) if label.startswith("xn--") else label
    except idna.IDNAError:
        return label  # not a valid A-label: an attacker can register what no browser shows
