"""Whether an installation works, judged by what its hubs say."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from nswatch.model import Heartbeat
from nswatch.record.collected import CollectorReport
from nswatch.record.port import RegionReport, WatchlistHead
from nswatch.record.trail_store import TrailReport
from nswatch.record.watch_store import CanaryMark, HubReport, TopicReport
from nswatch.trail import Heard
from nswatch_cli.status.command import as_document, as_text
from nswatch_cli.status.judging import Level, judge
from nswatch_cli.status.reading import HubView

NOW = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
HUBS = ("ap-northeast-1", "eu-west-1")
REGIONS = (*HUBS, "us-west-2")
LONG_AGO = NOW - timedelta(hours=1)


def ago(seconds: float) -> datetime:
    return NOW - timedelta(seconds=seconds)


def report(hub: str) -> HubReport:
    heard = TopicReport(confirmed=1, pending=0, unconfirmed=(), since=LONG_AGO)
    return HubReport(hub, ago(20), "0.2.0", 4, dead_letters=0, topics={"page": heard, "notice": heard})


def view(hub: str) -> HubView:
    """One hub of an installation in which all is well."""
    return HubView(
        hub,
        last_round=ago(20),
        watchlist=WatchlistHead(4, 1, LONG_AGO, "arn:x", "d"),
        beats={region: (Heartbeat(region, 0, ago(30), 4, release="0.2.0"),) for region in REGIONS},
        regions={region: RegionReport(ago(15), None, "0.2.0", 0) for region in REGIONS},
        reports={each: report(each) for each in HUBS},
        canaries={region: CanaryMark(LONG_AGO, ago(30)) for region in REGIONS},
        incidents={"page": 0, "notice": 1},
    )


PRIMARY, STANDBY = map(view, HUBS)
NO_NOTICES = {"page": TopicReport(1, 0, (), LONG_AGO), "notice": TopicReport(0, 0, (), LONG_AGO)}


def collecting(view: HubView, **of_standby: Any) -> HubView:
    """The hub, which holds a report of the standby's collector."""
    report = replace(CollectorReport(ago(20), "0.2.0", ago(60), ago(300), {}, 0), **of_standby)
    return replace(view, collectors={HUBS[1]: report})


@pytest.mark.parametrize(
    ("minutes", "is_told"),
    [
        pytest.param((10, 10), False, id="heard"),
        pytest.param((10, 300), False, id="heard by one hub"),
        pytest.param((60, 300), True, id="silent"),
        pytest.param((20_000, 20_000), False, id="silent for weeks"),
    ],
)
def test_status_warns_when_cloudtrail_went_silent(minutes: tuple[int, int], is_told: bool) -> None:
    heard = [Heard(ago(60 * each), LONG_AGO) for each in minutes]
    views = [replace(each, trail={"route53": at}) for each, at in zip((PRIMARY, STANDBY), heard, strict=True)]
    status = judge(views, REGIONS, NOW)
    told = ("CloudTrail told last of a call to route53 3600 s ago: did somebody stop the trail?",)
    assert (status.level, status.problems) == ((Level.WARNING, told) if is_told else (Level.OK, ()))


def without(view: HubView, *regions: str) -> HubView:
    """The hub, which has not heard of some regions for five minutes."""
    late = {region: (Heartbeat(region, 0, ago(300), 4),) for region in regions}
    return replace(view, beats={**view.beats, **late})


def test_status_is_ok_when_all_report() -> None:
    status = judge([PRIMARY, STANDBY], REGIONS, NOW)
    assert (status.level, status.problems) == (Level.OK, ())
    lines = as_text(status, "nswatch").splitlines()
    assert lines[0] == "OK nswatch: 3 regions, 2 hubs, watchlist version 4"
    assert " ".join(lines[3].split()) == "ap-northeast-1 0.2.0 11-23 11:59:30 30 s 30 s 4 0 30 s"
    assert " ".join(lines[-1].split()) == "eu-west-1 0.2.0 20 s 4 0 page, 1 notice 0 none"


def hearing(view: HubView, reported: float, letters: int = 0, region: str = "us-west-2") -> HubView:
    """The hub, to which what hears CloudTrail reported so many seconds ago."""
    return replace(view, trail_report=TrailReport(region, ago(reported), letters))


def test_status_is_ok_when_what_hears_cloudtrail_reports_to_one_hub_or_was_taken_out() -> None:
    assert judge([hearing(PRIMARY, 9000), hearing(STANDBY, 600)], REGIONS, NOW).level is Level.OK
    assert judge([hearing(PRIMARY, 9000, 1, region="us-east-1"), STANDBY], REGIONS, NOW).level is Level.OK


@pytest.mark.parametrize(
    ("views", "level", "words"),
    [
        pytest.param(
            [hearing(PRIMARY, 3600), STANDBY],
            Level.WARNING,
            "region us-west-2: what hears CloudTrail reported last 3600 s ago",
            id="what-hears-cloudtrail-stopped",
        ),
        pytest.param(
            [hearing(PRIMARY, 300, 2), STANDBY],
            Level.WARNING,
            "region us-west-2: 2 dead letters of the trail",
            id="dead-letters-of-the-trail",
        ),
        pytest.param(
            [
                replace(PRIMARY, reports={each: replace(report(each), topics=NO_NOTICES) for each in HUBS}),
                STANDBY,
            ],
            Level.WARNING,
            "hub eu-west-1: nobody has confirmed a route for notices",
            id="nobody-hears-notices",
        ),
        pytest.param(
            [HubView(HUBS[0], error="ap-northeast-1: cannot connect"), STANDBY],
            Level.WARNING,
            "hub ap-northeast-1 cannot be asked: ap-northeast-1: cannot connect",
            id="a-hub-is-down",
        ),
        pytest.param(
            [HubView(hub, error="gone") for hub in HUBS],
            Level.UNKNOWN,
            "no hub can be asked: gone; gone",
            id="both-hubs-are-down",
        ),
        pytest.param(
            [PRIMARY, replace(STANDBY, watchlist=WatchlistHead(3, 1, LONG_AGO, "arn:x", "d"))],
            Level.WARNING,
            "hub eu-west-1: holds watchlist version 3, not 4: it missed an apply",
            id="a-hub-missed-an-apply",
        ),
        pytest.param(
            [without(PRIMARY, "us-west-2"), without(STANDBY, "us-west-2")],
            Level.WARNING,
            "region us-west-2: its last pass was 300 s ago",
            id="a-region-is-silent",
        ),
        pytest.param(
            [collecting(PRIMARY, at=ago(900)), collecting(STANDBY, at=ago(901))],
            Level.WARNING,
            "hub eu-west-1: its collector: no report since 2026-11-23T11:45:00.000Z",
            id="a-collector-is-silent",
        ),
        pytest.param(
            [collecting(PRIMARY, failing={"rdap": ago(3600)}), STANDBY],
            Level.WARNING,
            "hub eu-west-1: its collector: rdap brings nothing since 2026-11-23T11:00:00.000Z",
            id="a-source-fails",
        ),
        pytest.param(
            [collecting(PRIMARY, dead_letters=2), STANDBY],
            Level.WARNING,
            "hub eu-west-1: 2 dead letters of the collector",
            id="a-collector-gave-up",
        ),
        pytest.param(
            [without(PRIMARY, "us-west-2"), STANDBY],
            Level.WARNING,
            "region us-west-2: hub ap-northeast-1 heard of it last 300 s ago",
            id="a-hub-does-not-hear-a-region",
        ),
        pytest.param(
            [without(PRIMARY, *HUBS), without(STANDBY, *HUBS)],
            Level.CRITICAL,
            "only 1 of 3 regions report",
            id="most-regions-are-silent",
        ),
        pytest.param(
            [replace(PRIMARY, last_round=ago(200)), STANDBY],
            Level.WARNING,
            "hub ap-northeast-1: its comparator looked last 200 s ago",
            id="a-comparator-is-stuck",
        ),
        pytest.param(
            [replace(each, last_round=ago(200)) for each in (PRIMARY, STANDBY)],
            Level.CRITICAL,
            "no hub that can be asked judges: nobody would be paged",
            id="both-comparators-are-stuck",
        ),
        pytest.param(
            [replace(each, watchlist=None, beats={}) for each in (PRIMARY, STANDBY)],
            Level.WARNING,
            "no watchlist is in force: nothing is watched (nswatch watchlist apply)",
            id="no-watchlist",
        ),
        pytest.param(
            [
                replace(each, reports={hub: replace(report(hub), dead_letters=2) for hub in HUBS[:1]})
                for each in (PRIMARY, STANDBY)
            ],
            Level.WARNING,
            "hub ap-northeast-1: 2 dead letters of the comparator",
            id="dead-letters-of-a-hub",
        ),
        pytest.param(
            [
                replace(each, regions={"us-west-2": RegionReport(ago(15), None, "0.2.0", 3)})
                for each in (PRIMARY, STANDBY)
            ],
            Level.WARNING,
            "region us-west-2: 3 dead letters of the probe",
            id="dead-letters-of-a-region",
        ),
        pytest.param(
            [
                replace(
                    each,
                    canaries={"us-west-2": CanaryMark(LONG_AGO, ago(400))},
                    reports={HUBS[0]: replace(report(HUBS[0]), blind={"us-west-2": ago(400)})},
                )
                for each in (PRIMARY, STANDBY)
            ],
            Level.WARNING,
            "region us-west-2: its canary was found last 400 s ago",
            id="a-canary-is-missed",
        ),
        pytest.param(
            [
                replace(
                    each,
                    canaries={region: CanaryMark(LONG_AGO, None) for region in HUBS},
                    reports={HUBS[1]: replace(report(HUBS[1]), blind=dict.fromkeys(HUBS, LONG_AGO))},
                )
                for each in (PRIMARY, STANDBY)
            ],
            Level.CRITICAL,
            "the canary is not found in ap-northeast-1, eu-west-1: what is seen is not judged",
            id="most-canaries-are-missed",
        ),
        pytest.param(
            [
                replace(
                    each,
                    reports={
                        HUBS[0]: replace(
                            report(HUBS[0]), topics={"page": TopicReport(1, 1, ("email:a@b.example",), LONG_AGO)}
                        )
                    },
                )
                for each in (PRIMARY, STANDBY)
            ],
            Level.WARNING,
            "hub ap-northeast-1: not confirmed for page: email:a@b.example",
            id="a-route-is-not-confirmed",
        ),
        pytest.param(
            [
                replace(
                    each,
                    reports={
                        hub: replace(report(hub), topics={"page": TopicReport(0, 1, (), LONG_AGO)}) for hub in HUBS
                    },
                )
                for each in (PRIMARY, STANDBY)
            ],
            Level.CRITICAL,
            "nobody has confirmed a route for pages: nobody would be woken",
            id="nobody-is-woken",
        ),
        pytest.param(
            [
                replace(each, reports={HUBS[0]: replace(report(HUBS[0]), unreachable={"eu-west-1": ago(90)})})
                for each in (PRIMARY, STANDBY)
            ],
            Level.WARNING,
            "hub ap-northeast-1: cannot write to eu-west-1, the first time 90 s ago",
            id="a-hub-cannot-write-to-the-other",
        ),
        pytest.param(
            [
                replace(each, watchlist=WatchlistHead(4, 1, ago(60), "arn:x", "d"), beats={})
                for each in (PRIMARY, STANDBY)
            ],
            Level.WARNING,
            "region us-west-2: it has made no pass",
            id="regions-are-starting",
        ),
    ],
)
def test_status_says_what_is_wrong(views: list[HubView], level: Level, words: str) -> None:
    status = judge(views, REGIONS, NOW)
    assert status.level is level
    assert words in status.problems
    assert as_text(status, "nswatch").startswith(f"{level.name} nswatch: ")


def test_region_that_goes_by_an_older_watchlist_is_visible() -> None:
    old = {**PRIMARY.beats, "us-west-2": (Heartbeat("us-west-2", 0, ago(30), 3, release="0.1.0"),)}
    status = judge([replace(each, beats=old) for each in (PRIMARY, STANDBY)], REGIONS, NOW)
    assert status.problems == ("region us-west-2: goes by watchlist version 3, not 4",)
    (region,) = [state for state in status.regions if state.region == "us-west-2"]
    assert (region.version, region.release) == (3, "0.1.0")


def test_region_is_as_late_as_its_latest_shard() -> None:
    two = {**PRIMARY.beats, "us-west-2": tuple(Heartbeat("us-west-2", k, ago(10 + 300 * k), 4) for k in range(2))}
    head = WatchlistHead(4, 2, LONG_AGO, "arn:x", "d")
    status = judge([replace(each, beats=two, watchlist=head) for each in (PRIMARY, STANDBY)], REGIONS, NOW)
    assert status.problems == ("region us-west-2: its last pass was 310 s ago",)


def test_document_has_what_programs_ask_for() -> None:
    document = as_document(judge([HubView(HUBS[0], error="gone"), STANDBY], (), NOW))
    assert document["status"] == "WARNING"
    assert list(document["regions"]) == sorted(REGIONS)
    region = document["regions"]["us-west-2"]
    assert (region["lag"], region["watchlist_version"], region["release"]) == (30.0, 4, "0.2.0")
    assert region["hubs"] == {"eu-west-1": {"last_pass": "2026-11-23T11:59:30.000Z", "lag": 30.0}}
    hub = document["hubs"]["eu-west-1"]
    assert (hub["error"], hub["watchlist_version"], hub["open_incidents"]) == ("", 4, {"page": 0, "notice": 1})
    assert document["hubs"]["ap-northeast-1"]["error"] == "gone"
    assert document["hubs"]["ap-northeast-1"]["release"] == "0.2.0"
