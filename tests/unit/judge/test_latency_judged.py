"""A slower web site: one finding for all regions, which is only logged, and told beside what pages."""

from dataclasses import replace

from tests.unit.judge.record import CHANGED, DOMAIN, ENTRY, MINUTE, NOW, hijacked, in_order

from nswatch.expect.web import LATENCY
from nswatch.judge.judgement import judge_domain
from nswatch.judge.latency import with_latency
from nswatch.judge.policy import POLICY
from nswatch.model import Facts, Finding, Key, Result, Severity, Source, Transport, View
from nswatch.moments import iso

SLOW = ("shifted=yes", "former=40", "median=210")


def site(region: str, *values: str, since_minutes: int = 0) -> View:
    key = Key(region, Source.WEB, DOMAIN, DOMAIN, LATENCY)
    first = CHANGED + since_minutes * MINUTE
    facts = Facts(Result.ANSWER, values)
    return View(key, "198.51.100.10", facts, Transport.TCP, first, first, NOW, Result.ANSWER, first)


def found_with(views: list[View], *others: View) -> dict[str, Finding]:
    return {each.code: each for each in judge_domain(ENTRY, [*views, *others], {}, NOW).findings}


def test_slower_site_is_a_log_line_of_each_region_when_nothing_else_is_wrong() -> None:
    record = list(in_order().views.values())
    views = (site("eu-1", *SLOW, since_minutes=1), site("us-1", *SLOW), site("ap-1", "shifted=no"))
    found = found_with(record, *views)
    assert set(found) == {"latency_shifted"}
    finding = found["latency_shifted"]
    assert finding.severity is Severity.LOG
    assert finding.seen == ("210 ms in us-1", "210 ms in eu-1")
    assert finding.expected == ("about 40 ms in us-1", "about 40 ms in eu-1")
    assert finding.since == CHANGED
    assert finding.detail["regions"][0] == {
        "region": "us-1",
        "former_ms": 40,
        "median_ms": 210,
        "since": iso(CHANGED),
        "address": "198.51.100.10",
    }


def test_nothing_is_found_when_no_region_waits_longer() -> None:
    record = list(in_order().views.values())
    odd = (site("us-1", "shifted=no"), site("eu-1", "shifted=yes"), site("ap-1", "shifted=yes", "former=x", "median=9"))
    assert not found_with(record, *odd)


def test_slower_site_joins_the_story_and_is_told_by_it_when_a_hijack_pages() -> None:
    found = found_with(list(hijacked().views.values()), site("us-1", *SLOW))
    assert found["latency_shifted"].cause == "delegation"
    assert found["latency_shifted"].severity is Severity.LOG
    assert found["delegation_changed"].detail["latency"] == found["latency_shifted"].detail["regions"]


def test_slower_site_makes_nothing_more_urgent_when_it_stands_beside_a_notice() -> None:
    alone = Finding("ttl_changed", DOMAIN, POLICY["ttl_changed"].severity, (), ("60",), CHANGED)
    slower = Finding("latency_shifted", DOMAIN, Severity.LOG, (), (), CHANGED, detail={"regions": []})
    assert with_latency([replace(alone, severity=Severity.NOTICE), slower]) == [
        replace(alone, severity=Severity.NOTICE),
        slower,
    ]
