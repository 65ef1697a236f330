"""Observations and views as items of the table, and back."""

import hashlib
import json
import logging
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import datetime
from functools import lru_cache
from sys import intern  # a worker holds tens of thousands of views, in which few texts differ
from typing import Any, TypeVar

from nswatch.errors import DEFECTS
from nswatch.model import Facts, Observation, Result, Source, Transport, View
from nswatch.moments import iso, parse_iso
from nswatch.record.dynamodb import Item
from nswatch.record.keys import key_of_latest, key_of_observation

T = TypeVar("T")
logger = logging.getLogger(__name__)


def canonical_json(document: Any) -> str:
    """Return the one text of a JSON document: sorted keys, no spaces, UTF-8 as it is."""
    return json.dumps(document, sort_keys=True, separators=(",", ":"), ensure_ascii=False)


def facts_to_json(facts: Facts) -> dict[str, Any]:
    """Return facts as JSON; what is absent is left out."""
    document: dict[str, Any] = {"result": facts.result, "values": list(facts.values)}
    if facts.ttl is not None:
        document["ttl"] = facts.ttl
    if facts.ds is not None:
        document["ds"] = list(facts.ds)
    if facts.glue:
        document["glue"] = {host: list(addresses) for host, addresses in facts.glue}
    if facts.digest:
        document["digest"] = facts.digest
    if facts.note:
        document["note"] = facts.note
    if facts.zone:
        document["zone"] = facts.zone
    if facts.aliases:
        document["aliases"] = list(facts.aliases)
    return document


def facts_from_json(document: Mapping[str, Any]) -> Facts:
    """Return the facts that `facts_to_json` wrote."""
    ds = document.get("ds")
    return Facts(
        result=Result(document["result"]),
        values=tuple(map(intern, document["values"])),
        ttl=document.get("ttl"),
        ds=None if ds is None else tuple(ds),
        glue=tuple((host, tuple(addresses)) for host, addresses in sorted(document.get("glue", {}).items())),
        digest=document.get("digest", ""),
        note=document.get("note", ""),
        zone=document.get("zone", ""),
        aliases=tuple(document.get("aliases", ())),
    )


def comparable(facts: Facts | None, source: Source) -> str:
    """Return the text in which two facts are compared: a resolver's TTL counts down and says nothing (decision 6)."""
    if facts is None:
        return ""
    document = facts_to_json(facts)
    document.pop("note", None)
    document.pop("zone", None)
    if source is Source.RECURSIVE:
        document.pop("ttl", None)
    return canonical_json(document)


def fingerprint_of(view: View) -> str:
    """Return 16 hexadecimal digits that change when what stands for a key, or its latest result, does."""
    text = f"{comparable(view.facts, view.key.source)}|{view.transport}|{view.result}"
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def view_to_item(view: View) -> Item:
    """Return the attributes of a view beside its key: ``pass_time`` for conditions, the rest as one JSON text."""
    document: dict[str, Any] = {
        "server_name": view.server_name,
        "facts": None if view.facts is None else facts_to_json(view.facts),
        "transport": view.transport,
        "first_seen": iso(view.first_seen),
        "first_pass": iso(view.first_pass),
        "result": view.result,
        "result_since": iso(view.result_since),
    }
    if view.was is not None:
        document["was"] = list(view.was)
    return {"pass_time": iso(view.last_seen), "view": canonical_json(document)}


def readable(items: Iterable[Item], read: Callable[[Item], T]) -> Iterator[T]:
    """Yield what ``read`` makes of each item; what it cannot read is logged and left out: the others still count."""
    for item in items:
        try:
            yield read(item)
        except DEFECTS:
            logger.exception("%s %s cannot be read, and is left out", item.get("pk"), item.get("sk"))


@lru_cache(maxsize=256)  # all domains of a shard share them
def _pass_time(text: str) -> datetime:
    return parse_iso(text)


def view_from_item(region: str, item: Item) -> View:
    """Return the view that an item of a ``latest#…`` key holds."""
    document = json.loads(item["view"])
    return View(
        key=key_of_latest(region, item["sk"]),
        server_name=intern(document["server_name"]),
        facts=None if document["facts"] is None else facts_from_json(document["facts"]),
        transport=Transport(document["transport"]),
        first_seen=parse_iso(document["first_seen"]),
        first_pass=_pass_time(document["first_pass"]),
        last_seen=_pass_time(item["pass_time"]),
        result=Result(document["result"]),
        result_since=parse_iso(document["result_since"]),
        was=tuple(document["was"]) if "was" in document else None,
    )


def observation_to_item(observation: Observation) -> Item:
    """Return the attributes of an observation beside its key, the wire message included."""
    return {
        "server_name": observation.server_name,
        "facts": canonical_json(facts_to_json(observation.facts)),
        "transport": observation.transport,
        "sent": iso(observation.sent),
        "received": None if observation.received is None else iso(observation.received),
        "pass_time": iso(observation.pass_time),
        "watchlist_version": observation.watchlist_version,
        "wire": observation.wire,
    }


def observation_from_item(region: str, domain: str, item: Item) -> Observation:
    """Return the observation that an item of an ``obs#…`` key holds, without the wire message."""
    return Observation(
        domain=domain,
        key=key_of_observation(region, item["sk"]),
        server_name=item["server_name"],
        facts=facts_from_json(json.loads(item["facts"])),
        transport=Transport(item["transport"]),
        sent=parse_iso(item["sent"]),
        received=None if item["received"] is None else parse_iso(item["received"]),
        pass_time=_pass_time(item["pass_time"]),
        watchlist_version=int(item["watchlist_version"]),
    )
