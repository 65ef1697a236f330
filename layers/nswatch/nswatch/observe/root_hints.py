"""Where a walk starts: the root servers, or those of a hints file (the format of IANA's named.root)."""

import ipaddress

from nswatch.errors import InvalidDocument, InvalidName
from nswatch.names import normalise
from nswatch.observe.servers import Server

ROOT_SERVERS: tuple[Server, ...] = tuple(
    Server(f"{letter}.root-servers.net", addresses)
    for letter, addresses in {
        "a": ("198.41.0.4", "2001:503:ba3e::2:30"),
        "b": ("170.247.170.2", "2801:1b8:10::b"),
        "c": ("192.33.4.12", "2001:500:2::c"),
        "d": ("199.7.91.13", "2001:500:2d::d"),
        "e": ("192.203.230.10", "2001:500:a8::e"),
        "f": ("192.5.5.241", "2001:500:2f::f"),
        "g": ("192.112.36.4", "2001:500:12::d0d"),
        "h": ("198.97.190.53", "2001:500:1::53"),
        "i": ("192.36.148.17", "2001:7fe::53"),
        "j": ("192.58.128.30", "2001:503:c27::2:30"),
        "k": ("193.0.14.129", "2001:7fd::1"),
        "l": ("199.7.83.42", "2001:500:9f::42"),
        "m": ("202.12.27.33", "2001:dc3::35"),
    }.items()
)
"""https://www.internic.net/domain/named.root, as of 2024 (b.root was renumbered in November 2023)."""

_EXAMPLE = "like '. 3600000 NS a.root-servers.net.' or 'a.root-servers.net. 3600000 A 198.41.0.4'"


def parse_hints(text: str, source: str = "root hints") -> tuple[Server, ...]:
    """Return the servers of a hints file: NS records of the root, and A and AAAA records of their hosts.

    Raises InvalidDocument with every reason, each as ``source:line: what is wrong and what would be right``.
    """
    names: dict[str, None] = {}
    addresses: dict[str, list[str]] = {}
    problems: list[str] = []
    owner = ""
    for number, line in enumerate(text.splitlines(), 1):
        bare = line.split(";", 1)[0]
        fields = bare.split()
        if not fields:
            continue
        if not bare[0].isspace():
            owner = fields.pop(0)
        try:
            _record(owner, fields, names, addresses)
        except (InvalidName, _BadLineError) as error:
            problems.append(f"{source}:{number}: {error}")
    if not problems and not names:
        problems.append(f"{source}: names no root server; write lines {_EXAMPLE}")
    problems += [f"{source}: {name} has no address; add an A or AAAA line" for name in names if name not in addresses]
    if problems:
        raise InvalidDocument("\n".join(problems))
    return tuple(Server(name, tuple(addresses[name])) for name in names)


class _BadLineError(ValueError):
    """One line is not a hint."""


def _record(owner: str, fields: list[str], names: dict[str, None], addresses: dict[str, list[str]]) -> None:
    """Read one record (its owner taken off) into ``names`` or ``addresses``."""
    while fields and (fields[0].isdigit() or fields[0].upper() == "IN"):
        del fields[0]
    if len(fields) != 2 or not owner:
        raise _BadLineError(f"not a record; write it {_EXAMPLE}")
    kind, value = fields[0].upper(), fields[1]
    if kind == "NS":
        if owner != ".":
            raise _BadLineError(f"an NS record of {owner!r}; hints hold those of the root, '.'")
        names[normalise(value)] = None
    elif kind in ("A", "AAAA"):
        known = addresses.setdefault(normalise(owner), [])
        address = _address(kind, value)
        if address not in known:
            known.append(address)
    else:
        raise _BadLineError(f"a record of type {fields[0]!r}; hints hold NS, A and AAAA")


def _address(kind: str, value: str) -> str:
    try:
        address = ipaddress.ip_address(value)
    except ValueError:
        raise _BadLineError(f"{value!r} is not an IP address") from None
    if (address.version == 4) != (kind == "A"):
        raise _BadLineError(f"{value!r} is an IPv{address.version} address in a record of type {kind}")
    return str(address)
