"""What visits to a web site write, by a real probe over real TLS in virtual time: nothing, while nothing changes."""

from collections import Counter
from collections.abc import Iterator, Mapping
from copy import deepcopy
from pathlib import Path

import pytest
from botocore.awsrequest import AWSResponse

from nswatch.expect.web import CERTIFICATE, LATENCY, served_in
from nswatch.model import Result, Source, View
from nswatch_cli.replay.runner import MINUTE, Replay
from nswatch_cli.replay.schema import Scenario, load_scenario
from nswatch_cli.replay.wire import Call, Forward

CASE = Path(__file__).parent / "cases" / "web-slower-beside-a-hijack.yaml"
REGION = "us-east-1"


class Passes(Replay):
    """Some passes of one region, and what they write."""

    def __init__(self, scenario: Scenario) -> None:
        super().__init__(scenario)
        self.written: Counter[str] = Counter()

    def passes(self, count: int) -> None:
        for _ in range(count):
            self._skip_to(self.now + MINUTE)
            self._pass(REGION, self.now)

    def set_web(self, **said: object) -> None:
        """Have the site show something else to the region."""
        self.set_world("web", said)

    def set_world(self, key: str, said: Mapping[str, object]) -> None:
        """Change what the world says of the domain to the region."""
        state = deepcopy(dict(self._world.state))
        state["domains"]["victim.example"].setdefault(key, {}).setdefault(REGION, {}).update(said)
        self._world.apply(state, self.now)

    def views(self, attribute: str) -> list[View]:
        """What stands in each hub."""
        return [
            view
            for hub in self.scenario.hubs
            for view in self._stores[hub].views(REGION, "victim.example")
            if view.key.source is Source.WEB and view.key.qtype == attribute
        ]

    def heard(self) -> list[tuple[int, ...]]:
        """The response times in each hub's heartbeat."""
        beats = [self._stores[hub].briefing(REGION, 0).fingerprint for hub in self.scenario.hubs]
        return [beat.heartbeat.latencies["victim.example"] for beat in beats if beat is not None]

    def restart(self) -> None:
        """Have another worker make the next passes."""
        self._probes[REGION] = self._probe(REGION)

    def count(self, call: Call, forward: Forward) -> AWSResponse:
        if b"#web#" in call.body and call.operation != "Query":
            self.written[call.operation] += 1
        return forward(call.body)


@pytest.fixture
def site() -> Iterator[Passes]:
    passes = Passes(load_scenario(CASE))
    with passes:
        passes.cloud.wire = passes.count
        yield passes


def test_site_is_recorded_once_in_both_hubs_when_nothing_changes(site: Passes) -> None:
    site.passes(1)
    found = [served_in(view.facts) for view in site.views(CERTIFICATE)]
    assert len(found) == 2
    assert found[0] == found[1]
    assert found[0] is not None
    assert (found[0].issuer, found[0].trusted, found[0].names) == ("CN=Amazon", True, ("www.victim.example",))
    assert found[0].fingerprint[:19] == "sha256:34ed9daf3bf3"  # as in every replay of it
    assert {view.server_name for view in site.views(CERTIFICATE)} == {"198.51.100.10"}
    assert site.written
    site.written.clear()
    site.passes(12)
    assert not site.written
    assert site.heard() == [(40,) * 10, (40,) * 10]


def test_certificate_is_written_at_once_when_it_is_not_trusted(site: Passes) -> None:
    site.passes(1)
    before = {view.facts.values for view in site.views(CERTIFICATE) if view.facts is not None}
    site.set_web(certificate={"issuer": "Amazon", "fingerprint": "b" * 8, "trusted": False})
    site.passes(2)
    after = site.views(CERTIFICATE)
    assert [served.trusted for view in after if (served := served_in(view.facts))] == [False, False]
    assert {view.was for view in after} == before


def test_certificate_of_a_fleet_is_written_once_an_hour_when_each_is_good(site: Passes) -> None:
    site.passes(1)
    site.written.clear()
    for each in range(6):
        site.set_web(certificate={"issuer": "Amazon RSA 2048 M02", "fingerprint": f"{each}"})
        site.passes(1)
    assert not site.written
    site._skip_to(site.now + 60 * MINUTE)
    site.passes(1)
    assert site.written


def test_shift_is_written_once_when_the_site_becomes_slower(site: Passes) -> None:
    site.passes(6)
    site.written.clear()
    site.set_web(latency_ms=260)
    site.passes(2)
    assert not site.written
    site.passes(8)
    assert {view.facts and view.facts.values for view in site.views(LATENCY)} == {
        ("shifted=yes", "former=40", "median=260")
    }
    assert site.written["BatchWriteItem"] == 2


def test_window_goes_on_when_another_worker_makes_the_next_pass(site: Passes) -> None:
    site.passes(6)
    site.set_web(latency_ms=260)
    for _ in range(3):
        site.restart()
        site.passes(1)
    assert {view.facts and view.facts.values[0] for view in site.views(LATENCY)} == {"shifted=yes"}


def test_certificate_is_seen_and_no_time_is_kept_when_the_site_hangs(site: Passes) -> None:
    site.passes(2)
    site.set_web(latency_ms=60_000, certificate={"issuer": "Other CA", "fingerprint": "y"})
    began = site.now
    site.passes(1)
    assert site.heard() == [(40, 40), (40, 40)]
    assert {served.issuer for view in site.views(CERTIFICATE) if (served := served_in(view.facts))} == {"CN=Other CA"}
    assert (site.now - began).total_seconds() < 66


def test_unknown_is_recorded_when_no_resolver_gives_an_address(site: Passes) -> None:
    site.passes(1)
    site.set_world("resolvers", dict.fromkeys(("1.1.1.1", "8.8.8.8", "9.9.9.9"), "servfail"))
    site.passes(1)
    assert {view.result for view in site.views(CERTIFICATE)} == {Result.SERVFAIL}
    assert all(view.facts is not None for view in site.views(CERTIFICATE))
