"""`nswatch watchlist apply` and `nswatch incidents` against two emulated hubs, as a person types them."""

from collections.abc import Iterator
from pathlib import Path

import boto3
import pytest
from click.testing import CliRunner, Result

from nswatch import wiring
from nswatch.judge.hubs import dead_letters
from nswatch.judge.policy import Cause
from nswatch.model import Facts, Heartbeat, Key, Observation, Severity, Source, Transport
from nswatch.model import Result as Answer
from nswatch.record.port import Commit, Head
from nswatch.record.recorder import ShardRecorder
from nswatch.respond.events import raised
from nswatch.respond.groups import hub_group
from nswatch_cli.main import cli
from nswatch_cli.replay.cloud import NAME, Cloud

HUBS = ("ap-northeast-1", "eu-west-1")
OPTIONS = ["--hubs", ",".join(HUBS)]
WATCHLIST = """\
version: 1
domains:
  watched.example:
    delegation:
      ns: [ns1.dns.example, ns2.dns.example]
alerts:
  page: ["email:oncall@first.example", "email:oncall@second.example"]
  notice: ["email:team@first.example"]
"""


@pytest.fixture
def cloud() -> Iterator[Cloud]:
    with Cloud(HUBS) as cloud:
        yield cloud


@pytest.fixture
def watchlist(tmp_path: Path) -> Path:
    file = tmp_path / "watchlist.yaml"
    file.write_text(WATCHLIST, "utf-8")
    return file


def nswatch(*arguments: str, answer: str | None = None) -> Result:
    return CliRunner().invoke(cli, list(arguments), input=answer)


def apply(file: Path, *more: str) -> Result:
    """Apply, with DNS left alone: test_apply_baseline.py is about that."""
    return nswatch("watchlist", "apply", str(file), *OPTIONS, "--no-baseline", *more)


def subscribed(hub: str, channel: str) -> set[str]:
    sns = boto3.client("sns", region_name=hub)
    topic = f"arn:aws:sns:{hub}:123456789012:{NAME}-{channel}"
    rows = sns.list_subscriptions_by_topic(TopicArn=topic)["Subscriptions"]
    return {row["Endpoint"] for row in rows if row["Protocol"] == "email"}


def hijack(cloud: Cloud) -> None:
    """Have one region see a forged delegation at two servers, and the primary judge it."""
    now = wiring.now()
    store = wiring.build_hub(NAME, HUBS[0], cloud.clients)
    seen = [
        Observation(
            "watched.example",
            Key("us-east-1", Source.PARENT, server, "watched.example", "NS"),
            "a.tld",
            Facts(Answer.REFERRAL, ("ns1.evil.example",), 3600, zone="example"),
            Transport.TCP,
            now,
            now,
            now,
            1,
        )
        for server in ("192.0.2.1", "192.0.2.2")
    ]
    recorder = ShardRecorder(store, "us-east-1")
    recorder.load(["watched.example"], None)
    recorder.save(seen, Heartbeat("us-east-1", 0, now, 1))
    settings = cloud.settings(HUBS[0], ["us-east-1"])
    wiring.build_comparator(settings, clock=wiring.now, clients=cloud.clients).look_at_domain("watched.example")


def test_apply_puts_the_watchlist_into_force_in_both_hubs_and_subscribes_its_routes(
    cloud: Cloud, watchlist: Path
) -> None:
    result = apply(watchlist, "--yes")
    assert result.exit_code == 0, result.output
    assert "+ watched.example" in result.output
    for hub in HUBS:
        assert f"{hub}: version 1 is in force" in result.output
        head = wiring.build_hub(NAME, hub).watchlist_head()
        assert head is not None
        assert (head.version, head.applied_by[:12]) == (1, "arn:aws:iam:")
        assert subscribed(hub, "page") == {"oncall@first.example", "oncall@second.example"}
        assert subscribed(hub, "notice") == {"team@first.example"}


def test_apply_changes_nothing_when_the_same_is_in_force(cloud: Cloud, watchlist: Path) -> None:
    apply(watchlist, "--yes")
    result = apply(watchlist, "--yes")
    assert result.exit_code == 0
    assert result.stdout == "The watchlist in force says the same.\n"


def test_apply_shows_the_difference_and_asks(cloud: Cloud, watchlist: Path) -> None:
    apply(watchlist, "--yes")
    watchlist.write_text(WATCHLIST.replace("ns2.dns.example", "ns3.dns.example"), "utf-8")
    result = nswatch("watchlist", "apply", str(watchlist), *OPTIONS, "--no-baseline", answer="n\n")
    assert result.exit_code == 1
    assert "- ns2.dns.example" in result.output
    assert "+ ns3.dns.example" in result.output
    head = wiring.build_hub(NAME, HUBS[0]).watchlist_head()
    assert head is not None
    assert head.version == 1


def test_apply_ends_the_subscriptions_that_the_watchlist_no_longer_names(cloud: Cloud, watchlist: Path) -> None:
    apply(watchlist, "--yes")
    watchlist.write_text(WATCHLIST.replace("oncall@second", "oncall@third"), "utf-8")
    assert apply(watchlist, "--yes").exit_code == 0
    assert subscribed(HUBS[1], "page") == {"oncall@first.example", "oncall@third.example"}


def test_apply_says_which_hub_could_not_take_it_and_exits_with_1(
    cloud: Cloud, watchlist: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("nswatch_cli.hubs.build_hub", lambda name, hub: wiring.build_hub(name, hub, cloud.clients))
    cloud.down = {HUBS[1]}
    result = apply(watchlist, "--yes")
    assert result.exit_code == 1
    assert f"{HUBS[0]}: version 1 is in force" in result.output
    assert f"{HUBS[1]}: cannot be asked" in result.output
    cloud.down = set()
    again = apply(watchlist, "--yes")
    assert again.exit_code == 0
    assert f"{HUBS[1]}: holds an older version" in again.output


def test_apply_refuses_a_bad_file_before_it_asks_any_hub(tmp_path: Path) -> None:
    file = tmp_path / "bad.yaml"
    file.write_text(WATCHLIST.replace("version: 1", "version: one"), "utf-8")
    result = apply(file, "--yes")
    assert result.exit_code == 2
    assert "bad.yaml:1: version" in result.output


def test_incidents_are_listed_shown_acknowledged_and_noted(cloud: Cloud, watchlist: Path) -> None:
    apply(watchlist, "--yes")
    assert nswatch("incidents", *OPTIONS).output == "No incident is open or recovering.\n"
    hijack(cloud)
    listed = nswatch("incidents", *OPTIONS).output
    assert "watched.example-1" in listed
    assert "delegation_changed; nobody acknowledged it" in listed
    assert nswatch("incidents", *OPTIONS, "ack", "watched.example-1").exit_code == 0
    assert nswatch("incidents", *OPTIONS, "note", "watched.example-1", "called the registrar").exit_code == 0
    shown = nswatch("incidents", *OPTIONS, "show", "watched.example-1").output
    assert "acknowledged by arn:aws:iam:" in shown
    assert "called the registrar" in shown
    assert "seen      ns1.evil.example" in shown
    for hub in HUBS:
        assert {event.type for event in wiring.build_hub(NAME, hub).events("watched.example")} >= {
            "acknowledged",
            "noted",
        }


def test_incident_is_shown_when_the_hubs_are_named_behind_the_command(cloud: Cloud, watchlist: Path) -> None:
    apply(watchlist, "--yes")
    hijack(cloud)
    shown = nswatch("incidents", "show", "watched.example-1", *OPTIONS, "--name", NAME)
    assert shown.exit_code == 0, shown.output
    assert "seen      ns1.evil.example" in shown.output


def test_resolve_is_refused_while_something_stands(cloud: Cloud, watchlist: Path) -> None:
    apply(watchlist, "--yes")
    hijack(cloud)
    result = nswatch("incidents", *OPTIONS, "resolve", "watched.example-1", "all good")
    assert result.exit_code == 1
    assert "watched.example-1 still stands (delegation_changed)" in result.output


@pytest.mark.parametrize(
    ("arguments", "status", "words"),
    [
        pytest.param(["show", "watched.example"], 2, "not an incident's id", id="no-id"),
        pytest.param(["show", "watched.example-7"], 1, "there is no incident watched.example-7", id="unknown"),
        pytest.param(["note", "watched.example-1", "  "], 2, "an empty note says nothing", id="empty-note"),
    ],
)
def test_incidents_says_what_is_wrong(cloud: Cloud, arguments: list[str], status: int, words: str) -> None:
    result = nswatch("incidents", *OPTIONS, *arguments)
    assert result.exit_code == status
    assert words in result.output


def test_incidents_needs_hubs_to_ask() -> None:
    result = nswatch("incidents")
    assert result.exit_code == 2
    assert "--hubs ap-northeast-1,eu-west-1" in result.output


def test_incidents_says_what_to_do_when_there_are_no_credentials(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "AWS_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    for name in ("AWS_SHARED_CREDENTIALS_FILE", "AWS_CONFIG_FILE"):
        monkeypatch.setenv(name, str(tmp_path / "none"))
    result = nswatch("incidents", *OPTIONS)
    assert result.exit_code != 0
    assert "set AWS_PROFILE, or sign in: aws sso login" in str(result.exception)


def test_incident_of_a_hub_is_listed_and_what_people_say_of_it_goes_to_the_hub_that_keeps_it(
    cloud: Cloud, watchlist: Path
) -> None:
    apply(watchlist, "--yes")
    keeper, lost = (wiring.build_hub(NAME, hub, cloud.clients) for hub in HUBS)
    (finding,) = dead_letters(lost.hub, "comparator", 1, wiring.now(), was=False)
    keeper.receive(
        raised(hub_group(lost.hub), 1, (Cause.MONITOR, 1), Severity.NOTICE, [finding], wiring.now()), wiring.now()
    )
    head = Head(episode=1, state="open", urgency="notice", opened_at=wiring.now())
    keeper.commit(hub_group(lost.hub), Head(), Commit(head))
    id_ = f"hub/{lost.hub}-1"
    listed = nswatch("incidents", *OPTIONS)
    assert f"{id_}  open (notice)" in listed.output
    assert nswatch("incidents", *OPTIONS, "ack", id_).output == f"{id_}: acknowledged\n"
    assert [len(store.events(hub_group(lost.hub))) for store in (keeper, lost)] == [2, 0]
