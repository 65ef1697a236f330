"""The entries of a watchlist's shard, in as many items as they need: DynamoDB takes 400 KB an item.

The first item has the name and shape that it has had since the first release, whose functions read it alone.
"""

import json
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from nswatch.errors import InvalidDocument
from nswatch.record import keys
from nswatch.record.codec import canonical_json
from nswatch.record.dynamodb import Item

Entries = Mapping[str, Mapping[str, Any]]
"""Domain -> its entry in canonical JSON."""

LARGEST_ENTRY = 380_000
"""How many octets of JSON one domain's entry may have: it is an item of its own too, for the comparator."""

_FULL = 390_000


def refuse_too_large(entries: Entries) -> None:
    """Raise InvalidDocument with every domain whose entry does not fit into an item."""
    sizes = {domain: len(_member(domain, entry)) for domain, entry in entries.items()}
    problems = [
        f"{domain}: its entry has {size:,} octets with its baseline, and {LARGEST_ENTRY:,} fit into the record; "
        "watch fewer names or list fewer values"
        for domain, size in sorted(sizes.items())
        if size > LARGEST_ENTRY
    ]
    if problems:
        raise InvalidDocument(*problems)


def shard_items(version: int, shard: int, entries: Entries) -> list[Item]:
    """Return the items of one shard, the first one last: it says that the others are there."""
    chunks: list[dict[str, Mapping[str, Any]]] = [{}]
    size = 0
    for domain, entry in sorted(entries.items()):
        more = len(_member(domain, entry))
        if size and size + more > _FULL:
            chunks.append({})
            size = 0
        chunks[-1][domain] = entry
        size += more
    items = [
        {
            "pk": keys.watchlist_pk(version),
            "sk": keys.chunk_sk(shard, chunk),
            "entries": canonical_json(members),
        }
        for chunk, members in enumerate(chunks)
    ]
    return items[::-1]


def entries_in(items: Iterable[Item], shard: int) -> dict[str, Mapping[str, Any]]:
    """Return the entries of a shard out of the items whose sort keys begin like its own."""
    entries: dict[str, Mapping[str, Any]] = {}
    for item in _of_shard(items, shard):
        entries.update(json.loads(item["entries"]))
    return entries


def _of_shard(items: Iterable[Item], shard: int) -> Iterator[Item]:
    first = keys.shard_sk(shard)
    return (item for item in items if item["sk"] == first or item["sk"].startswith(f"{first}#"))


def _member(domain: str, entry: Mapping[str, Any]) -> bytes:
    return f"{canonical_json({domain: entry})},".encode()
