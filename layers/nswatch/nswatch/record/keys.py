"""The keys of the table: one hub's whole record, laid out so that no partition grows hot and no item without bound.

=====================================  =========================================  ==================================
partition                              sort key                                   item
=====================================  =========================================  ==================================
``probe#REGION``                       ``shard#K``                                fingerprint and heartbeat of a shard
``probe#REGION``                       ``region``                                 what a region says of itself
``probe#REGION#DOMAIN``                ``latest#SOURCE#SERVER#QNAME#QTYPE``       the standing view of one key
``probe#REGION#DOMAIN``                ``obs#PASS#SOURCE#SERVER#QNAME#QTYPE``     an observation that differed
``collect#REGION``                     ``collector``                              what a collector says of itself
``collect#REGION``                     ``shard#K``                                its last turn over a shard
``collect#REGION``                     ``ranges``                                 AWS's address ranges as it knows them
``collect#REGION#DOMAIN``              ``latest#…``, ``obs#…``                    as above, of what collectors ask
``watchlist``                          ``current``                                version, number of shards, alerts
``watchlist#VERSION``                  ``shard#K``, ``shard#K#1``, …              the entries that a probe worker reads
``watchlist#VERSION``                  ``taken#K``, ``left#VERSION#K``            how far its taking over has come
``group#GROUP``                        ``expectation``                            one domain's entry, for the comparator
``group#GROUP``                        ``head``                                   serialises decisions; next timer
``group#GROUP``                        ``event#EPISODE#ID``                       the append-only log
``group#GROUP``                        ``outbox#EPISODE#ID``                      a message that is owed or sent
``group#GROUP``                        ``finding#CODE#SUBJECT``                   an open finding (index ``open``)
``followed``                           ``shard#K``                                forged servers that probes keep asking
``common#DIGEST``                      ``page``                                   who tells of a change that hit many
``hub``                                ``comparator``                             when this hub last looked
``hub``                                ``hub#REGION``                             what a hub says of itself
``hub``                                ``canary#REGION``                          newest pass whose canary was found
``hub``                                ``collector#REGION``                       since when its first report is awaited
``trail``                              ``heard``                                  how CloudTrail is heard
``trail#DOMAIN``, ``trail#ZONE``       ``call#TIME#ID``                           a call that changed it, by CloudTrail
=====================================  =========================================  ==================================

An item may hold 400 KB. Those whose content could grow are bounded so:

* the entries of a shard go into as many items as they need, and an entry of 380,000 octets is refused (`shards`);
* ``group#GROUP``/``head`` names the messages of one episode, of which each cause makes at most 200 updates, the doubts
  about answers that were asked for (a pass asks at most 200 questions a domain), the followed servers, the open codes
  and the windows of the watchlist's planned changes that people were told of;
* ``followed``/``shard#K`` holds at most 26 servers of each of a hundred domains, less than 160 KB;
* a heartbeat names the domains that were not completed, at most the shard's: about 25 KB;
* an event keeps under half of what an item holds (`nswatch.respond.events`);
* AWS's ranges are compressed, to 35 KB in 2026, and one collector's item holds all services;
* a call's item lists a hundred of the records that it changed, less than 40 KB.

A probe may write only partitions that begin with ``probe#`` and its own region (``dynamodb:LeadingKeys``), and a
collector only those that begin with ``collect#`` and its own; what hears CloudTrail only ``trail`` and ``trail#…``.
Items with ``due_bucket`` and ``due_at`` stand in the sparse index ``due``: every timer is one of them.
"""

import zlib
from datetime import datetime
from sys import intern

from nswatch.model import Key, Source
from nswatch.moments import iso

DUE_BUCKETS = 2
"""Timers are spread over so many index partitions: each takes 1,000 writes a second."""

DOMAINS_PER_SHARD = 100

_GRAIN = 4
_ESCAPED = r"\035"
"""How a zone file may write ``#`` (RFC 1035 section 5.1)."""


REGION_SK = "region"
"""The sort key of a region's report."""

COLLECTOR_SK = "collector"
"""The sort key of a collector's report."""

RANGES_SK = "ranges"
"""The sort key of what a collector knows of AWS's address ranges."""

TRAIL = "trail"
"""The partition of how CloudTrail is heard."""

_OF_OBSERVATIONS = frozenset({"probe", "collect"})


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


def mark_sk(mark: str, number: int) -> str:
    """Return the sort key of a mark in a version's partition: how far a hub has come that takes it over."""
    return f"{mark}#{number:04d}"


def chunk_sk(shard: int, chunk: int) -> str:
    """Return the sort key of one of the items that hold a shard's entries: of the first, that of the shard."""
    return f"{shard_sk(shard)}#{chunk}" if chunk else shard_sk(shard)


def probe_pk(region: str, domain: str = "") -> str:
    """Return the partition that a region's probe writes: its heartbeats, or one domain's observations."""
    return f"probe#{region}#{domain}" if domain else f"probe#{region}"


def collect_pk(region: str, domain: str = "") -> str:
    """Return the partition that a hub region's collector writes: what it says of itself, or of one domain."""
    return f"collect#{region}#{domain}" if domain else f"collect#{region}"


def group_pk(group: str) -> str:
    """Return the partition of one watched domain, or of a group that is no domain (``vantage``, ``hub/REGION``)."""
    return f"group#{group}"


def trail_pk(subject: str) -> str:
    """Return the partition of the calls about a registered domain, or a hosted zone."""
    return f"{TRAIL}#{subject}"


def call_sk(at: datetime, id_: str = "") -> str:
    """Return the sort key of a call; without its id what lies before those of that moment, behind those before."""
    return f"call#{iso(at)}#{id_}"


def heard_sk(service: str = "") -> str:
    """Return the sort key of how a service's calls are heard; without one what all of them begin with."""
    return f"heard#{service}"


def owed_sk(hub: str, at: datetime | None = None, id_: str = "") -> str:
    """Return the sort key of a call that another hub did not take; without a moment what all of them begin with."""
    return f"owed#{hub}#" + ("" if at is None else call_sk(at, id_))


def watchlist_pk(version: int) -> str:
    """Return the partition of one version of the watchlist."""
    return f"watchlist#{version:08d}"


def latest_sk(key: Key) -> str:
    """Return the sort key of a standing view."""
    return f"latest#{_grain(key)}"


def late_sk(key: Key, pass_time: datetime) -> str:
    """Return the sort key of a view that came too late to be the standing one, and is judged all the same."""
    return f"{late_prefix(latest_sk(key))}{iso(pass_time)}"


def late_prefix(standing: str) -> str:
    """Return what the sort keys of the late views beside a standing one begin with."""
    return f"{standing}#late#"


def is_late(sort_key: str) -> bool:
    """Whether a ``latest#…`` sort key is one that `late_sk` made."""
    return sort_key.count("#") > _GRAIN


def observation_sk(key: Key, pass_time: datetime) -> str:
    """Return the sort key of an appended observation."""
    return f"obs#{iso(pass_time)}#{_grain(key)}"


def _grain(key: Key) -> str:
    # A name may have the separator in it: whoever is delegated to chooses it.
    return f"{key.source}#{key.server}#{key.qname.replace('#', _ESCAPED)}#{key.qtype}"


def key_of_latest(region: str, sort_key: str) -> Key:
    """Return the key that a ``latest#…`` sort key names."""
    _, source, server, qname, qtype = map(intern, sort_key.split("#")[:5])
    return Key(region, Source(source), server, qname.replace(_ESCAPED, "#"), qtype)


def key_of_observation(region: str, sort_key: str) -> Key:
    """Return the key that an ``obs#…`` sort key names."""
    return key_of_latest(region, f"latest#{sort_key.split('#', 2)[2]}")


def first_observation_sk(since: datetime) -> str:
    """Return the sort key that no observation of a pass at ``since``, or later, lies before."""
    return f"obs#{iso(since)}"


def domain_of_probe(partition: str) -> tuple[str, str] | None:
    """Return (region, domain) of an observation's partition key, be it a probe's or a collector's; None for others."""
    parts = partition.split("#")
    return (parts[1], parts[2]) if len(parts) == 3 and parts[0] in _OF_OBSERVATIONS else None


def event_sk(episode: int, event_id: str) -> str:
    """Return the sort key of an event."""
    return f"event#{episode:06d}#{event_id}"


def outbox_sk(episode: int, message_id: str) -> str:
    """Return the sort key of a message."""
    return f"outbox#{episode:06d}#{message_id}"
