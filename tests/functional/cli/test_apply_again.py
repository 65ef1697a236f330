"""A domain that leaves the watchlist and comes back: what was seen of it before is not what stands now."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from click.testing import CliRunner

from nswatch import wiring
from nswatch.model import Facts, Heartbeat, Key, Observation, Result, Source, Transport
from nswatch.record import keys
from nswatch.record.hub_store import DynamoHubStore
from nswatch.record.recorder import ShardRecorder
from nswatch.respond.comparator import Comparator
from nswatch_cli.main import cli
from nswatch_cli.replay.cloud import NAME, Cloud

HUBS = ("ap-northeast-1", "eu-west-1")
REGION, DOMAIN = "us-east-1", "watched.example"
STAYS = """\
version: 1
domains:
  other.example:
    delegation:
      ns: [ns1.dns.example, ns2.dns.example]
"""
BOTH = f"""\
{STAYS}\
  {DOMAIN}:
    delegation:
      ns: [ns1.dns.example, ns2.dns.example]
"""
ALERTS = """\
alerts:
  page: ["email:oncall@first.example", "email:oncall@second.example"]
  notice: ["email:team@first.example"]
"""


@pytest.fixture
def cloud() -> Iterator[Cloud]:
    with Cloud(HUBS) as cloud:
        yield cloud


class Watched:
    """A probe's worker with a memory, and the primary's comparator, at moments that go on by a minute."""

    def __init__(self, cloud: Cloud, folder: Path) -> None:
        self.now = wiring.now()
        self.store: DynamoHubStore = wiring.build_hub(NAME, HUBS[0], cloud.clients)
        self.recorder = ShardRecorder(self.store, REGION)
        settings = cloud.settings(HUBS[0], [REGION])
        self.comparator: Comparator = wiring.build_comparator(settings, clock=lambda: self.now, clients=cloud.clients)
        self._file = folder / "watchlist.yaml"

    def apply(self, domains: str) -> None:
        self._file.write_text(domains + ALERTS, "utf-8")
        arguments = ["watchlist", "apply", str(self._file), "--hubs", ",".join(HUBS), "--no-baseline", "--yes"]
        result = CliRunner().invoke(cli, arguments)
        assert result.exit_code == 0, result.output

    def see(self, *ns: str) -> int:
        """Have a pass see a delegation at two of the parent's servers; return how many of them the hub did not hold."""
        self.now += timedelta(minutes=1)
        head = self.store.watchlist_head()
        assert head is not None
        self.recorder.load([DOMAIN], self.store.briefing(REGION, 0).fingerprint)
        facts = Facts(Result.REFERRAL, ns, 3600, zone="example")
        seen = [
            Observation(DOMAIN, key, "a.tld", facts, Transport.TCP, self.now, self.now, self.now, head.version)
            for key in (Key(REGION, Source.PARENT, server, DOMAIN, "NS") for server in ("192.0.2.1", "192.0.2.2"))
        ]
        return self.recorder.save(seen, Heartbeat(REGION, 0, self.now, head.version))

    def open(self) -> list[str]:
        """Look at the domain, and return the codes that are open then."""
        self.comparator.look_at_domain(DOMAIN)
        return sorted(self.store.head(DOMAIN).open_codes)


@pytest.fixture
def watched(cloud: Cloud, tmp_path: Path) -> Watched:
    """A domain that was hijacked, and left the watchlist in that state."""
    watched = Watched(cloud, tmp_path)
    watched.apply(BOTH)
    watched.see("ns1.evil.example")
    watched.comparator.on_schedule()
    assert watched.open() != []
    collected = {"pk": keys.collect_pk(HUBS[0], DOMAIN), "sk": "latest#rdap#server#watched.example#NS"}
    watched.store.table.put(collected | {"view": "an old one"})
    watched.comparator.on_schedule()
    return watched


def standing(store: DynamoHubStore) -> list[str]:
    partitions = [keys.probe_pk(REGION, DOMAIN), keys.collect_pk(HUBS[0], DOMAIN)]
    return [item["sk"] for partition in partitions for item in store.table.query(partition, "latest#")]


def test_nothing_stands_of_a_domain_when_it_left_the_watchlist_and_its_history_is_kept(watched: Watched) -> None:
    assert len(standing(watched.store)) == 3
    watched.apply(STAYS)
    assert standing(watched.store) == []
    assert len(list(watched.store.table.query(keys.probe_pk(REGION, DOMAIN), "obs#"))) == 2


def test_domain_is_judged_by_what_is_seen_now_when_it_comes_back(watched: Watched) -> None:
    watched.apply(STAYS)
    assert watched.open() == []
    watched.apply(BOTH)
    assert watched.open() == []
    watched.see("ns1.dns.example", "ns2.dns.example")
    assert watched.open() == []


def test_worker_that_remembers_what_stood_writes_it_again_when_the_domain_comes_back(watched: Watched) -> None:
    """It made no pass while the domain was away: what it takes for unchanged stands nowhere any more."""
    assert watched.see("ns1.evil.example") == 0
    watched.apply(STAYS)
    watched.apply(BOTH)
    assert watched.see("ns1.evil.example") == 2
    assert watched.open() != []


def test_what_a_pass_wrote_late_is_dropped_when_the_domain_comes_back(watched: Watched) -> None:
    """A pass was under way when the domain left, and its views came after they were dropped."""
    watched.apply(STAYS)
    watched.see("ns1.evil.example")
    assert len(standing(watched.store)) == 2
    watched.apply(BOTH)
    assert standing(watched.store) == []
    assert watched.open() == []
