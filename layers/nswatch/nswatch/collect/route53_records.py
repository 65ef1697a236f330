r"""What ListResourceRecordSets gives, in canonical form.

Route 53 writes names and texts in a master file's form with octal escapes (``\052.example.com.``), and one RRset in as
many records as its routing policy has. Here an RRset is one: the union of its records' values in the form of
`nswatch.model.Facts`, an alias as its target's service (`nswatch.expect.hosted_zone.alias_to`), an alias to a record of
the zone itself as that record's data.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from nswatch.expect.hosted_zone import Named, alias_to
from nswatch.expect.values import ADDRESSES, canonical, canonical_address
from nswatch.model import Facts, Result
from nswatch.names import is_within

_OCTAL = re.compile(r"\\([0-3][0-7]{2})")
_STRINGS = re.compile(r'"((?:[^"\\]|\\.)*)"|(\S+)', re.DOTALL)
_OF_HOSTS = frozenset({"CNAME", "NS", "PTR"})
_MOST_ALIASES = 8


@dataclass(frozen=True, slots=True)
class ZoneRecords:
    """A zone's RRsets. ``existing`` are the names that are there, those with nothing but names below them too.

    ``alternating`` are the RRsets of which DNS gives a part only: a routing policy chooses between different data.
    """

    apex: str
    rrsets: Mapping[Named, tuple[str, ...]]
    existing: frozenset[str]
    alternating: frozenset[Named] = frozenset()

    def answer(self, qname: str, qtype: str) -> Facts:
        """Return what an authoritative server would say of a name and type (RFC 1034 section 4.3.2, RFC 4592)."""
        aliases = list[str]()
        name = qname
        while len(aliases) <= _MOST_ALIASES:
            owner = self._owner(name)
            if owner is None:
                break
            values = self.rrsets.get((owner, qtype), ())
            targets = () if qtype == "CNAME" or values else self.rrsets.get((owner, "CNAME"), ())
            if not targets:
                return Facts(Result.ANSWER if values else Result.NODATA, values, aliases=tuple(aliases))
            aliases += targets
            if len(targets) > 1 or not is_within(targets[0], self.apex):
                break  # nobody but the other zone knows
            name = targets[0]
        return Facts(Result.NODATA if aliases else Result.NXDOMAIN, aliases=tuple(aliases))

    def _owner(self, name: str) -> str | None:
        """Return the name whose records answer for a name: its own, or the closest encloser's wildcard."""
        if name in self.existing:
            return name
        while name != self.apex and "." in name:
            name = name.partition(".")[2]
            if name in self.existing:
                wildcard = f"*.{name}"
                return wildcard if wildcard in self.existing else None
        return None


def read_records(documents: Iterable[Mapping[str, Any]], apex: str, zone_id: str) -> tuple[ZoneRecords | None, str]:
    """Return what the elements of ``ResourceRecordSets`` hold; None and the reason where they cannot be read."""
    data: dict[Named, set[str]] = {}
    inside: dict[Named, set[str]] = {}
    chosen: dict[Named, set[frozenset[str]]] = {}
    for document in documents:
        name, qtype = document.get("Name"), document.get("Type")
        if not isinstance(name, str) or not isinstance(qtype, str) or not name or not qtype:
            return None, "a record without a name or a type"
        named = owner_name(name), qtype
        if not is_within(named[0], apex):
            return None, f"a record of {named[0][:100]}, outside {apex}"
        held = data.setdefault(named, set())
        target = document.get("AliasTarget")
        if isinstance(target, Mapping):
            to = owner_name(str(target.get("DNSName", "")))
            if str(target.get("HostedZoneId", "")).rpartition("/")[2] == zone_id:
                inside.setdefault(named, set()).add(to)
            else:
                held.add(alias_to(to))
        given = document.get("ResourceRecords")
        records = given if isinstance(given, list) else ()
        values = frozenset(rdata(qtype, str(each.get("Value", ""))) for each in records if isinstance(each, Mapping))
        held.update(values)
        if document.get("SetIdentifier"):
            chosen.setdefault(named, set()).add(values)
        if not records and not isinstance(target, Mapping):
            held.add(f"policy {document.get('TrafficPolicyInstanceId', 'unknown')}")
    rrsets = {named: tuple(sorted(_followed(named, data, inside))) for named in data}
    alternating = frozenset(named for named, sets in chosen.items() if len(sets) > 1)
    return ZoneRecords(apex, rrsets, _existing(apex, rrsets), alternating), ""


def owner_name(text: str) -> str:
    r"""Return a name in canonical form. What can stand in a label unescaped does, ``\052`` is ``*``; the rest stays."""
    unescaped = _OCTAL.sub(lambda found: _character(int(found[1], 8)) or found[0], text).lower()
    bare = unescaped.removesuffix(".")
    return bare or "."


def _character(code: int) -> str:
    return chr(code) if 0x21 <= code <= 0x7E and chr(code) not in ".\\" else ""


def rdata(qtype: str, text: str) -> str:
    """Return one record's data in the form of `nswatch.model.Facts`; of other types as it is, but for spaces."""
    if qtype in ADDRESSES:
        return canonical_address(text.strip())
    if qtype in _OF_HOSTS:
        return owner_name(text.strip())
    if qtype in ("TXT", "SPF"):
        return joined_strings(text)
    parts = text.split()
    if qtype == "SOA":
        return " ".join([*map(owner_name, parts[:2]), *parts[2:]])
    if qtype in ("MX", "SRV"):
        return canonical(" ".join([*parts[:-1], *map(owner_name, parts[-1:])]))
    return " ".join(parts)


def joined_strings(text: str) -> str:
    r"""Return the text of a TXT record: its strings joined and unquoted, octets that are not UTF-8 as ``\xff``."""
    strings = [quoted if bare == "" else bare for quoted, bare in _STRINGS.findall(text)]
    return b"".join(map(_octets, strings)).decode("utf-8", "backslashreplace")


def _octets(text: str) -> bytes:
    found, place = bytearray(), 0
    while place < len(text):
        octal = _OCTAL.match(text, place)
        if octal is not None:
            found.append(int(octal[1], 8))
            place = octal.end()
        elif text[place] == "\\" and place + 1 < len(text):
            found += text[place + 1].encode("utf-8", "surrogatepass")
            place += 2
        else:
            found += text[place].encode("utf-8", "surrogatepass")
            place += 1
    return bytes(found)


def _followed(named: Named, data: Mapping[Named, set[str]], inside: Mapping[Named, set[str]]) -> set[str]:
    """Return an RRset's own values and those of the records of the zone that its aliases point to."""
    values, seen, left = set[str](), {named}, [named]
    while left:
        here = left.pop()
        values |= data.get(here, set())
        for target in inside.get(here, ()):
            there = target, named[1]
            if there not in data:
                values.add(alias_to(target, in_zone=True))
            elif there not in seen:
                seen.add(there)
                left.append(there)
    return values


def _existing(apex: str, names: Iterable[Named]) -> frozenset[str]:
    found = {apex}
    for name, _ in names:
        above = name
        while above not in found and is_within(above, apex):
            found.add(above)
            above = above.partition(".")[2]
    return frozenset(found)


def raw_of(documents: Sequence[Mapping[str, Any]], qname: str, qtype: str) -> list[Mapping[str, Any]]:
    """Return the records of one name and type as they came: evidence."""
    return [each for each in documents if each.get("Type") == qtype and owner_name(str(each.get("Name", ""))) == qname]
