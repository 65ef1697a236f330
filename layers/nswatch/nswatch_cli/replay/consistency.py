"""What must fit together in a scenario: references, regions, records. Salvaged models may hold None anywhere."""

import re
from collections.abc import Iterator, Sequence
from functools import lru_cache

import dns.exception
import dns.zone
from pydantic_core import PydanticCustomError

from nswatch.names import is_registry_suffix, registrable
from nswatch_cli.conform import nearest
from nswatch_cli.document import KeyPath
from nswatch_cli.replay.shape import RESOLVER_STATES, SERVER_STATES, DomainWorld, Expect, Outline, World
from nswatch_cli.watchlist.consistency import Trouble
from nswatch_cli.watchlist.fields import check_host

HUBS = 2
_DIRECTIVE = re.compile(r"^\$(?!TTL\b|ORIGIN\b)\S*", re.MULTILINE | re.IGNORECASE)
_ABSOLUTE = re.compile(r"^(?:\$ORIGIN[ \t]+)?([^\s;$]+\.)(?=\s)", re.MULTILINE | re.IGNORECASE)
"""Owners and origins written absolutely: dnspython drops those outside the zone without a word."""


def outline_troubles(outline: Outline) -> Iterator[Trouble]:
    """Yield what does not fit together outside world and watchlist."""
    if outline.regions is not None and not outline.regions:
        yield ("regions",), "is an empty list", "list the regions that probe"
    yield from _repeated(("regions",), outline.regions)
    yield from _repeated(("hubs",), outline.hubs)
    if outline.hubs is not None and len(outline.hubs) != HUBS:
        yield ("hubs",), f"lists {len(outline.hubs)}", "list two regions, the primary first"
    if outline.steps is not None and not outline.steps:
        yield ("steps",), "is an empty list", "write at least one step, with what it expects"
    last = -1
    for index, step in enumerate(outline.steps or ()):
        if step is None:
            continue
        if step.at is not None:
            if step.at <= last:
                yield ("steps", index, "at"), f"is {step.at}m, not after {last}m", "write the steps in order of time"
            last = max(last, step.at)
        if step.expect is not None:
            yield from _expectation(("steps", index, "expect"), step.expect)


def _expectation(path: KeyPath, expect: Expect) -> Iterator[Trouble]:
    yield from _repeated((*path, "findings"), expect.findings)
    yield from _repeated((*path, "quiet"), expect.quiet)
    for index, code in enumerate(expect.quiet or ()):
        if code is not None and code in (expect.findings or ()):
            yield (*path, "quiet", index), f"is {code}, which is expected in findings", "keep one of them"
    if expect.page and expect.pages_at_most == 0:
        yield (*path, "pages_at_most"), "is 0, and a page is expected", "write 1 or more"


def world_troubles(world: World, regions: Sequence[str | None], hubs: Sequence[str | None]) -> Iterator[Trouble]:
    """Yield what does not fit together in a state of the world."""
    places = {region for region in (*regions, *hubs) if region is not None}
    for name in world.registered_domains or {}:
        yield from _registrable(("registered_domains", name), name)
    for index, free in enumerate(world.free_domains or ()):
        if free is not None:
            yield from _registrable(("free_domains", index), free)
    if world.faults is not None:
        for index, region in enumerate(world.faults.silent_regions or ()):
            yield from _region(("faults", "silent_regions", index), region, places)
        if world.faults.hub_down is not None and world.faults.hub_down not in hubs:
            yield ("faults", "hub_down"), f"is {world.faults.hub_down}, which is no hub", _one_of(hubs)
    for name, domain in (world.domains or {}).items():
        path = ("domains", name)
        try:
            origin = check_host(name)
        except PydanticCustomError as error:
            context = error.context or {}
            yield path, context["what"], context["hint"]
            continue
        if domain is not None:
            yield from _zones((*path, "zones"), origin, domain)
            yield from _references(path, domain, places)


def _zones(path: KeyPath, origin: str, domain: DomainWorld) -> Iterator[Trouble]:
    for name, zone in (domain.zones or {}).items():
        if name in {*SERVER_STATES, *RESOLVER_STATES}:
            yield (*path, name), f"is named {name}, which says what a server does", "give the version another name"
        if zone is not None and zone.records is not None and (wrong := _records_trouble(zone.records, origin)):
            yield (*path, name, "records"), wrong, "write master-file text (RFC 1035 section 5.1)"


@lru_cache(maxsize=256)
def _records_trouble(records: str, origin: str) -> str:
    """Return what is wrong with a zone's text, or nothing."""
    if (directive := _DIRECTIVE.search(records)) is not None:
        return f"uses {directive[0]}, which a scenario may not"
    outside = next((name for name in _ABSOLUTE.findall(records) if not _in_zone(name, origin)), None)
    if outside is not None:
        return f"holds {outside}, outside {origin}"
    try:
        zone = dns.zone.from_text(records, origin=f"{origin}.", relativize=False, check_origin=False)
    except dns.exception.DNSException as error:
        # dnspython has often read the end of the line when it gives up, and names the next one.
        told = re.sub(r"^<string>:(\d+): ", r"in or before its line \1: ", str(error))
        return f"cannot be parsed: {told.removesuffix('.')}"
    except ValueError as error:  # a second SOA, a CNAME beside other data
        return f"cannot be parsed: {error}"
    return "" if zone.nodes else "holds no record"


def _in_zone(name: str, origin: str) -> bool:
    return f".{name.lower()}".endswith(f".{origin}.")


def _references(path: KeyPath, domain: DomainWorld, places: set[str]) -> Iterator[Trouble]:
    versions = list(domain.zones or {})
    for host, serves in (domain.nameservers or {}).items():
        yield from _version((*path, "nameservers", host), serves, [*versions, *SERVER_STATES])
    for region, hosts in (domain.nameservers_from or {}).items():
        yield from _region((*path, "nameservers_from", region), region, places)
        for host, serves in (hosts or {}).items():
            yield from _version((*path, "nameservers_from", region, host), serves, [*versions, *SERVER_STATES])
    for region, resolvers in (domain.resolvers or {}).items():
        yield from _region((*path, "resolvers", region), region, places)
        for address, holds in (resolvers or {}).items():
            yield from _version((*path, "resolvers", region, address), holds, [*versions, *RESOLVER_STATES])
    for region in domain.web or {}:
        yield from _region((*path, "web", region), region, places)


def _version(path: KeyPath, version: str | None, known: list[str]) -> Iterator[Trouble]:
    if version is not None and version not in known:
        yield path, f"is {version!r}, which is no version of the zone", nearest(version, known)


def _region(path: KeyPath, region: str | None, places: set[str]) -> Iterator[Trouble]:
    if region is not None and places and region not in places:
        yield path, f"is {region}, where nothing probes", _one_of(sorted(places))


def _registrable(path: KeyPath, name: str) -> Iterator[Trouble]:
    if is_registry_suffix(name):
        yield path, f"is {name}, a suffix that a registry registers under", "write a domain below it"
    elif registrable(name) != name:
        yield path, f"is {name}, which is not what is registered", f"write {registrable(name)}"


def _one_of(names: Sequence[str | None]) -> str:
    return "write " + " or ".join(name for name in names if name is not None)


def _repeated(path: KeyPath, items: Sequence[str | None] | None) -> Iterator[Trouble]:
    for index, item in enumerate(items or ()):
        if item is not None and item in (items or ())[:index]:
            yield (*path, index), f"is {item} again", "keep one of them"
