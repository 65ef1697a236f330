"""`nswatch watchlist apply` takes a baseline from real servers on loopback, and keeps it in the lock file."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import dns.message
import pytest
from click.testing import CliRunner, Result
from tests.functional.cli.internet import (
    DNS,
    DOMAIN,
    HOSTS,
    MAIL,
    NS1,
    NS2,
    REGISTRY,
    ROOT,
    Internet,
    hosts,
    registry,
    zone,
)
from tests.support.nameserver import reply

from nswatch import wiring
from nswatch.record.apply import entries_in_force
from nswatch_cli.main import cli
from nswatch_cli.replay.cloud import NAME, Cloud

HUBS = ("ap-northeast-1", "eu-west-1")
WATCHLIST = f"""\
version: 1
domains:
  {DOMAIN}:
    delegation:
      ns: [{HOSTS[0]}, {HOSTS[1]}]
    answers:
    - {{name: "@", type: MX, values: ["10 {MAIL}."]}}
"""
BASELINE = {
    "addresses": {MAIL: ["192.0.2.25"], HOSTS[0]: [NS1], HOSTS[1]: [NS2]},
    "ttls": {f"{DOMAIN} NS": 172800, f"{DOMAIN} SOA": 900, f"{DOMAIN} MX": 300, f"{MAIL} A": 60},
}


@pytest.fixture
def cloud() -> Iterator[Cloud]:
    with Cloud(HUBS) as cloud:
        yield cloud


@pytest.fixture
def internet(tmp_path: Path) -> Iterator[Internet]:
    with Internet(tmp_path) as internet:
        yield internet


@pytest.fixture
def watchlist(tmp_path: Path) -> Path:
    file = tmp_path / "watchlist.yaml"
    file.write_text(WATCHLIST, "utf-8")
    return file


def apply(file: Path, internet: Internet, *more: str, answer: str | None = None) -> Result:
    arguments = ["watchlist", "apply", str(file), "--hubs", ",".join(HUBS), *internet.options, *more]
    return CliRunner().invoke(cli, arguments, input=answer)


def lock_of(file: Path) -> dict[str, Any]:
    domains: dict[str, Any] = json.loads(file.with_suffix(".lock.json").read_text("utf-8"))["domains"]
    return domains


def in_force(hub: str) -> Any:
    store = wiring.build_hub(NAME, hub)
    return entries_in_force(store, store.watchlist_head())[DOMAIN].get("baseline")


def test_apply_shows_the_baseline_and_keeps_it_in_the_lock_file(
    cloud: Cloud, internet: Internet, watchlist: Path
) -> None:
    result = apply(watchlist, internet, answer="y\n")
    assert result.exit_code == 0, result.output
    assert f"    baseline.addresses: {HOSTS[0]} + {NS1}\n" in result.output
    assert f"baseline.ttls: + {MAIL} A 60 + {DOMAIN} MX 300" in result.output
    assert f"{watchlist.with_suffix('.lock.json')}: written; commit it with the watchlist" in result.output
    assert lock_of(watchlist)[DOMAIN]["baseline"] == BASELINE
    assert [in_force(hub) for hub in HUBS] == [BASELINE, BASELINE]


def test_apply_asks_no_resolver_and_only_once(cloud: Cloud, internet: Internet, watchlist: Path) -> None:
    apply(watchlist, internet, "--yes")
    asked = internet.asked()
    assert asked > 0
    result = apply(watchlist, internet, "--yes")
    assert result.output == "The watchlist in force says the same.\n"
    assert internet.asked() == asked


@pytest.mark.parametrize(
    ("more", "answer"),
    [pytest.param(["--dry-run"], None, id="dry-run"), pytest.param([], "n\n", id="not-approved")],
)
def test_apply_writes_no_lock_when_nothing_is_put_into_force(
    cloud: Cloud, internet: Internet, watchlist: Path, more: list[str], answer: str | None
) -> None:
    result = apply(watchlist, internet, *more, answer=answer)
    assert "baseline.addresses" in result.output
    assert not watchlist.with_suffix(".lock.json").exists()


def test_apply_writes_the_lock_when_one_hub_took_it(
    cloud: Cloud, internet: Internet, watchlist: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("nswatch_cli.hubs.build_hub", lambda name, hub: wiring.build_hub(name, hub, cloud.clients))
    cloud.down = {HUBS[1]}
    assert apply(watchlist, internet, "--yes").exit_code == 1
    assert lock_of(watchlist)[DOMAIN]["baseline"] == BASELINE


def test_apply_takes_only_what_is_new(cloud: Cloud, internet: Internet, watchlist: Path) -> None:
    apply(watchlist, internet, "--yes")
    internet.set({DNS: hosts((NS2, NS2)), NS1: zone("20 mx.other.example.", 77), NS2: zone("20 mx.other.example.", 77)})
    watchlist.write_text(WATCHLIST.replace(f"10 {MAIL}", "20 mx.other.example"), "utf-8")
    result = apply(watchlist, internet, "--yes")
    assert f"baseline.addresses: {MAIL} - 192.0.2.25" in result.output
    assert f"baseline.ttls: {DOMAIN} MX 300 -> 77" in result.output
    assert in_force(HUBS[0])["addresses"] == {HOSTS[0]: [NS1], HOSTS[1]: [NS2]}


def test_apply_takes_a_baseline_anew_when_it_is_told_to(cloud: Cloud, internet: Internet, watchlist: Path) -> None:
    apply(watchlist, internet, "--yes")
    internet.set({DNS: hosts((NS2, NS2))})
    assert apply(watchlist, internet, "--yes").output == "The watchlist in force says the same.\n"
    result = apply(watchlist, internet, "--yes", "--baseline-again", DOMAIN.upper())
    assert f"baseline.addresses: {HOSTS[0]} - {NS1} + {NS2}" in result.output
    assert in_force(HUBS[1])["addresses"][HOSTS[0]] == [NS2]


def test_apply_makes_no_baseline_of_a_hijack(cloud: Cloud, internet: Internet, watchlist: Path) -> None:
    internet.set({REGISTRY: registry(("ns1.evil.example",)), NS2: zone("10 mx.evil.example.", 5)})
    result = apply(watchlist, internet, "--yes")
    assert result.exit_code == 0
    assert (
        f"{DOMAIN}: no baseline for glue, DS: a.nic.example ({REGISTRY}) gives a delegation that is not"
        in result.output
    )
    assert f"no baseline for TTL of {DOMAIN} MX: {HOSTS[1]} ({NS2}) answers 10 mx.evil.example" in result.output
    assert f"{DOMAIN} MX" not in in_force(HUBS[0])["ttls"]
    assert "delegation" not in lock_of(watchlist)[DOMAIN]["taken_for"]


def test_apply_goes_on_when_nobody_answers(cloud: Cloud, internet: Internet, watchlist: Path) -> None:
    internet.set(dict.fromkeys((ROOT, REGISTRY, DNS, NS1, NS2), lambda _query, _transport: None))
    result = apply(watchlist, internet, "--yes")
    assert result.exit_code == 0
    assert f"{DOMAIN}: no server answered from here, so nothing new of it has a baseline" in result.output
    assert in_force(HUBS[0]) is None
    assert not watchlist.with_suffix(".lock.json").exists()


def test_apply_goes_on_when_the_network_intercepts_dns(cloud: Cloud, internet: Internet, watchlist: Path) -> None:
    def resolver(query: dns.message.Message, _transport: str) -> dns.message.Message:
        return reply(query, answer=["example. 60 IN NS ns1.evil.example."], aa=False, ra=True)

    internet.set(dict.fromkeys((ROOT, REGISTRY, DNS, NS1, NS2), resolver))
    result = apply(watchlist, internet, "--yes")
    assert result.exit_code == 0
    assert "this network intercepts DNS (the root offers recursion" in result.output
    assert in_force(HUBS[0]) is None


def test_apply_leaves_dns_alone_when_it_is_told_to(cloud: Cloud, internet: Internet, watchlist: Path) -> None:
    result = apply(watchlist, internet, "--yes", "--no-baseline")
    assert result.exit_code == 0
    assert f"DNS was not asked; what is new of {DOMAIN} has no baseline, by which glue_changed" in result.output
    assert internet.asked() == 0
    assert in_force(HUBS[0]) is None


def test_apply_writes_the_lock_anew_from_what_is_in_force(cloud: Cloud, internet: Internet, watchlist: Path) -> None:
    apply(watchlist, internet, "--yes")
    lock = watchlist.with_suffix(".lock.json")
    before = json.loads(lock.read_text("utf-8"))["domains"][DOMAIN]
    lock.unlink()
    asked = internet.asked()
    result = apply(watchlist, internet, "--yes", "--no-baseline")
    assert result.exit_code == 0
    assert f"{DOMAIN}: the lock does not hold its baseline; the one in force is kept" in result.output
    assert "The watchlist in force says the same." in result.output
    assert internet.asked() == asked
    assert lock_of(watchlist)[DOMAIN]["baseline"] == before["baseline"]
    assert lock_of(watchlist)[DOMAIN]["taken_for"]["answers"] == before["taken_for"]["answers"]
    # Glue and DS that are not in force were either not there or not seen: they are looked for once more.
    assert apply(watchlist, internet, "--yes").exit_code == 0
    assert lock_of(watchlist)[DOMAIN]["taken_for"] == before["taken_for"]


def test_apply_shows_a_lock_that_disagrees_with_the_hubs_and_goes_by_it(
    cloud: Cloud, internet: Internet, watchlist: Path
) -> None:
    apply(watchlist, internet, "--yes")
    lock = watchlist.with_suffix(".lock.json")
    lock.write_text(lock.read_text("utf-8").replace("192.0.2.25", "192.0.2.26"), "utf-8")
    result = apply(watchlist, internet, "--yes")
    assert f"baseline.addresses: {MAIL} - 192.0.2.25 + 192.0.2.26" in result.output
    assert in_force(HUBS[0])["addresses"][MAIL] == ["192.0.2.26"]


@pytest.mark.parametrize("command", ["validate", "apply"])
def test_bad_lock_is_refused(cloud: Cloud, internet: Internet, watchlist: Path, command: str) -> None:
    apply(watchlist, internet, "--yes")
    lock = watchlist.with_suffix(".lock.json")
    lock.write_text(lock.read_text("utf-8").replace("192.0.2.25", "192.0.2.256"), "utf-8")
    arguments = ["watchlist", command, str(watchlist), *(internet.options if command == "apply" else [])]
    result = CliRunner().invoke(cli, arguments, env={"NSWATCH_HUBS": ",".join(HUBS)})
    assert result.exit_code == 2
    assert f'{lock}: domains["{DOMAIN}"].baseline.addresses["{MAIL}"][0]: is \'192.0.2.256\'' in result.output


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        pytest.param(["--baseline-again", "other.example"], "other.example is not in the watchlist", id="unknown"),
        pytest.param(["--baseline-again", "a..b"], "empty label", id="no-name"),
        pytest.param(["--baseline-again", DOMAIN, "--no-baseline"], "give one of them", id="both"),
        pytest.param(["--root-hints", "missing.hints"], "named.root", id="no-hints"),
    ],
)
def test_apply_says_how_it_is_used(
    cloud: Cloud, internet: Internet, watchlist: Path, arguments: list[str], words: str
) -> None:
    result = apply(watchlist, internet, "--yes", *arguments)
    assert result.exit_code == 2
    assert words in result.output
