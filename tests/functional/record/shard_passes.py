"""Passes of one region over a shard of one domain, in which one question is asked."""

from datetime import UTC, datetime, timedelta

from nswatch.model import Facts, Heartbeat, Key, Observation, Result, Source, Transport
from nswatch.record.hub_store import DynamoHubStore
from nswatch.record.recorder import ShardRecorder

START = datetime(2026, 1, 1, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
KEY = Key("us-east-1", Source.PARENT, "192.5.6.30", "watched.example", "NS")
GENUINE = Facts(Result.REFERRAL, ("ns1.dns.example", "ns2.dns.example"), 172800)
FORGED = Facts(Result.REFERRAL, ("ns1.dn5.example",), 172800)
TIMED_OUT = Facts(Result.TIMEOUT)


def observation(facts: Facts, minute: int, transport: Transport = Transport.UDP, key: Key = KEY) -> Observation:
    at = START + minute * MINUTE
    return Observation("watched.example", key, "a.servers.example", facts, transport, at, at, at, 1, b"wire")


def one_pass(store: DynamoHubStore, recorder: ShardRecorder, *seen: Observation, minute: int) -> int:
    recorder.load(["watched.example"], store.briefing("us-east-1", 0).fingerprint)
    return recorder.save(seen, Heartbeat("us-east-1", 0, START + minute * MINUTE, 1))
