"""The keys of the table: one hub's whole record, laid out so that no partition grows hot and no item without bound.

=====================================  =========================================  ==================================
partition                              sort key                                   item
=====================================  =========================================  ==================================
``probe#REGION``                       ``shard#K``                                fingerprint and heartbeat of a shard
``probe#REGION#DOMAIN``                ``latest#SOURCE#SERVER#QNAME#QTYPE``       the standing view of one key
``probe#REGION#DOMAIN``                ``obs#PASS#SOURCE#SERVER#QNAME#QTYPE``     an observation that differed
``watchlist``                          ``current``                                version, number of shards, alerts
``watchlist#VERSION``                  ``shard#K``                                the entries that a probe worker reads
``group#GROUP``                        ``expectation``                            one domain's entry, for the comparator
``group#GROUP``                        ``head``                                   serialises decisions; next timer
``group#GROUP``                        ``event#EPISODE#ID``                       the append-only log
``group#GROUP``                        ``outbox#EPISODE#ID``                      a message that is owed or sent
``group#GROUP``                        ``finding#CODE#SUBJECT``                   an open finding (index ``open``)
``followed``                           ``shard#K``                                forged servers that probes keep asking
``hub``                                ``comparator``                             when this hub last looked
=====================================  =========================================  ==================================

A probe may write only partitions that begin with ``probe#`` and its own region (``dynamodb:LeadingKeys``).
Items with ``due_bucket`` and ``due_at`` stand in the sparse index ``due``: every timer is one of them.
"""

import zlib
from datetime import datetime

from nswatch.model import Key, Source
from nswatch.moments import iso

DUE_BUCKETS = 2
"""Timers are spread over so many index partitions: each takes 1,000 writes a second."""

DOMAINS_PER_SHARD = 100


def shard_of(domain: str, shards: int) -> int:
    """Return which of ``shards`` shards a domain belongs to: stable across machines and Python versions."""
    return zlib.crc32(domain.encode()) % shards


def shard_count(domains: int) -> int:
    """Return how many shards a watchlist of so many domains has."""
    return max(1, -(-domains // DOMAINS_PER_SHARD))


def due_bucket(group: str) -> str:
    """Return the index partition that holds a group's timers."""
    return f"due#{shard_of(group, DUE_BUCKETS)}"


def shard_sk(shard: int) -> str:
    """Return the sort key of what is kept a shard."""
    return f"shard#{shard:04d}"


def probe_pk(region: str, domain: str = "") -> str:
    """Return the partition that a region's probe writes: its heartbeats, or one domain's observations."""
    return f"probe#{region}#{domain}" if domain else f"probe#{region}"


def group_pk(group: str) -> str:
    """Return the partition of one watched domain, or of the group ``vantage``."""
    return f"group#{group}"


def watchlist_pk(version: int) -> str:
    """Return the partition of one version of the watchlist."""
    return f"watchlist#{version:08d}"


def latest_sk(key: Key) -> str:
    """Return the sort key of a standing view."""
    return f"latest#{_grain(key)}"


def late_sk(key: Key, pass_time: datetime) -> str:
    """Return the sort key of a view that came too late to be the standing one, and is judged all the same."""
    return f"latest#{_grain(key)}#late#{iso(pass_time)}"


def observation_sk(key: Key, pass_time: datetime) -> str:
    """Return the sort key of an appended observation."""
    return f"obs#{iso(pass_time)}#{_grain(key)}"


def _grain(key: Key) -> str:
    return f"{key.source}#{key.server}#{key.qname}#{key.qtype}"


def key_of_latest(region: str, sort_key: str) -> Key:
    """Return the key that a ``latest#…`` sort key names."""
    _, source, server, qname, qtype = sort_key.split("#")[:5]
    return Key(region, Source(source), server, qname, qtype)


def domain_of_probe(partition: str) -> tuple[str, str] | None:
    """Return (region, domain) of an observation's partition key, or None for any other."""
    parts = partition.split("#")
    return (parts[1], parts[2]) if len(parts) == 3 and parts[0] == "probe" else None


def event_sk(episode: int, event_id: str) -> str:
    """Return the sort key of an event."""
    return f"event#{episode:06d}#{event_id}"


def outbox_sk(episode: int, message_id: str) -> str:
    """Return the sort key of a message."""
    return f"outbox#{episode:06d}#{message_id}"
