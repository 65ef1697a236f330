"""`route53_drift`: what the hosted zone holds, beside the watchlist and the approved snapshot."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest
from tests.unit.judge.record import CHANGED, DATA, DOMAIN, ENTRY, HOUR, NOW, T0, Record, in_order

from nswatch.expect.hosted_zone import APPROVED, DELEGATION_SET, RECORDS, ZONE, Named, Snapshot, snapshot_of
from nswatch.expect.networks import AwsRanges
from nswatch.expect.watchlist import Answer, DomainEntry, PlannedChange, Superseded
from nswatch.judge.common import keys_of
from nswatch.model import Facts, Finding, Key, Result, Severity, Source, Transport, View

CODE = "route53_drift"
ID = "Z0123456789ABCDEFGHIJ"
WITH_ZONE = replace(ENTRY.delegation, provider="route53", hosted_zone=ID)
ZONED = replace(ENTRY, delegation=WITH_ZONE)
SET = ("ns-10.awsdns-01.com", "ns-1100.awsdns-09.org", "ns-1800.awsdns-33.co.uk", "ns-600.awsdns-11.net")
OTHER_SET = ("ns-11.awsdns-01.com", "ns-1101.awsdns-09.org", "ns-1801.awsdns-33.co.uk", "ns-601.awsdns-11.net")
EVIL = "10 mx.evil.example"
AWS = AwsRanges({"CLOUDFRONT": ("198.51.100.0/24",)})
MX_OF_APEX = (DOMAIN, "MX")
REST: Mapping[Named, Sequence[str]] = {
    (f"_sip._tcp.{DOMAIN}", "SRV"): ("0 5 5060 sip.watched.example",),
    (f"dev.{DOMAIN}", "NS"): ("ns1.dev.example",),
    (f"shop.{DOMAIN}", "A"): ("alias CLOUDFRONT d1.cloudfront.net",),
    (f"api.{DOMAIN}", "A"): ("alias ELB a-1.eu-west-1.elb.amazonaws.com",),
}


def say(
    record: Record,
    qname: str,
    qtype: str,
    *values: str,
    first: datetime = T0,
    region: str = "ap-1",
    result: Result = Result.ANSWER,
) -> Record:
    key = Key(region, Source.ROUTE53, ID, qname, qtype)
    facts = Facts(result, tuple(values))
    record.views[key] = View(key, ID, facts, Transport.TCP, first, first, NOW, result, first)
    return record


def hold(record: Record, records: Mapping[Named, Sequence[str]], *, like: Snapshot | None = None, **how: Any) -> Record:
    return say(record, DOMAIN, RECORDS, *snapshot_of(records, DOMAIN, like).as_values(), **how)


def approve(record: Record, records: Mapping[Named, Sequence[str]], approval: str = "", **how: Any) -> Record:
    held = snapshot_of(records, DOMAIN)
    return say(record, DOMAIN, APPROVED, *Snapshot(held.form, held.lines, approval).as_values(), **how)


def zoned(entry: DomainEntry = ZONED) -> Record:
    """A record in which the hosted zone holds what is approved, and some more."""
    record = in_order(entry)
    say(record, DOMAIN, ZONE, DOMAIN)
    say(record, DOMAIN, DELEGATION_SET, *SET)
    for (qname, qtype), (values, _) in DATA.items():
        say(record, qname, qtype, *values)
    approve(record, {**REST})
    return hold(record, {**REST})


def drifted(record: Record, now: datetime = NOW) -> Finding | None:
    found = [finding for finding in record.judge(now, aws=AWS).findings if finding.code == CODE]
    assert len(found) <= 1
    return found[0] if found else None


def told(record: Record) -> tuple[Severity, tuple[str, ...], tuple[str, ...]] | None:
    finding = drifted(record)
    return None if finding is None else (finding.severity, finding.expected, finding.seen)


def test_drift_is_nothing_when_the_zone_holds_what_is_approved() -> None:
    assert drifted(zoned()) is None


def test_drift_is_nothing_when_nothing_of_the_zone_was_read() -> None:
    assert drifted(in_order(ZONED)) is None


def test_drift_is_nothing_when_the_entry_names_no_hosted_zone() -> None:
    assert drifted(say(zoned(ENTRY), *MX_OF_APEX, EVIL)) is None


PAGE, NOTICE = Severity.PAGE, Severity.NOTICE
CASES = [
    pytest.param(lambda r: say(r, *MX_OF_APEX, EVIL), PAGE, EVIL, id="MX"),
    pytest.param(lambda r: say(r, *MX_OF_APEX, "10 mail.watched.example", EVIL), PAGE, EVIL, id="a second MX"),
    pytest.param(lambda r: say(r, *MX_OF_APEX, result=Result.NODATA), PAGE, "", id="no MX"),
    pytest.param(lambda r: say(r, DOMAIN, "NS", "ns1.evil.example"), PAGE, "ns1.evil.example", id="NS"),
    pytest.param(lambda r: say(r, DOMAIN, "A", "203.0.113.7"), NOTICE, "203.0.113.7", id="an address outside"),
    pytest.param(lambda r: say(r, DOMAIN, "TXT", "another"), NOTICE, "another", id="SPF is gone"),
    pytest.param(lambda r: say(r, DOMAIN, "SOA", "x.evil h.evil 1 2 3 4 5"), NOTICE, "x.evil", id="SOA MNAME"),
    pytest.param(lambda r: say(r, DOMAIN, ZONE, result=Result.NXDOMAIN), NOTICE, f"no hosted zone {ID}", id="no zone"),
    pytest.param(lambda r: say(r, DOMAIN, ZONE, "other.example"), NOTICE, "of other.example", id="another's zone"),
    pytest.param(lambda r: say(r, DOMAIN, ZONE, "private", DOMAIN), NOTICE, "a private hosted zone", id="private"),
]


@pytest.mark.parametrize(("change", "severity", "seen"), CASES)
def test_drift_is_found_when_what_the_watchlist_expects_differs(change: Any, severity: Severity, seen: str) -> None:
    finding = drifted(change(zoned()))
    assert finding is not None
    assert (finding.severity, finding.cause or "zone content") == (severity, "zone content")
    assert seen in "\n".join(finding.seen)


def test_drift_tells_both_sides_and_what_caches_may_repeat() -> None:
    finding = drifted(say(zoned(), *MX_OF_APEX, EVIL, first=CHANGED))
    assert finding is not None
    assert finding.expected == ("10 mail.watched.example",)
    assert finding.values == ((DOMAIN, "MX", (EVIL,)),)
    assert finding.since == CHANGED
    assert finding.detail["rrsets"] == [
        {"name": DOMAIN, "type": "MX", "expected": ["10 mail.watched.example"], "answers": [{"seen": [EVIL]}]}
    ]
    assert keys_of([finding]) == (f"data: MX {EVIL}",)


def test_drift_is_the_newest_word_when_two_collectors_look() -> None:
    record = say(zoned(), *MX_OF_APEX, EVIL, first=CHANGED, region="us-1")
    assert drifted(record) is not None
    assert drifted(say(record, *MX_OF_APEX, "10 mail.watched.example", first=NOW, region="us-1")) is None


# The delegation set


@pytest.mark.parametrize(
    ("ns", "expected"),
    [
        pytest.param(SET, None, id="the same"),
        pytest.param(OTHER_SET, PAGE, id="another set of Route 53's"),
        pytest.param((*SET, "ns1.other.example"), None, id="another provider beside"),
        pytest.param((*OTHER_SET, "ns1.other.example"), PAGE, id="another provider beside another set"),
        pytest.param(("ns1.watched.example", "ns2.watched.example"), None, id="names of one's own"),
    ],
)
def test_delegation_set_is_compared_with_the_approved_names_of_route53(
    ns: tuple[str, ...], expected: Severity | None
) -> None:
    record = zoned(replace(ZONED, delegation=replace(WITH_ZONE, ns=frozenset(ns))))
    say(record, DOMAIN, "NS", *ns)
    finding = drifted(record)
    assert (None if finding is None else finding.severity) is expected
    assert finding is None or SET[0] in finding.seen


# Aliases


def of_apex(entry_within: tuple[str, ...], *values: str, planned: tuple[str, ...] = ()) -> Record:
    answers = tuple(
        Answer(DOMAIN, "A", within=entry_within) if (each.name, each.type) == (DOMAIN, "A") else each
        for each in ENTRY.answers
    )
    change = PlannedChange("C", NOW - HOUR, NOW + HOUR, ("a", "b"), answers=(Answer(DOMAIN, "A", within=planned),))
    entry = replace(ZONED, answers=answers, planned_changes=(change,) if planned else ())
    return say(zoned(entry), DOMAIN, "A", *values)


CLOUDFRONT, ELB = "alias CLOUDFRONT d1.cloudfront.net", "alias ELB a.eu-west-1.elb.amazonaws.com"
SOMEWHERE = "alias OTHER something.aws"


@pytest.mark.parametrize(
    ("record", "drifts"),
    [
        pytest.param(of_apex(("aws:CLOUDFRONT",), CLOUDFRONT), False, id="the service"),
        pytest.param(of_apex(("AS16509",), CLOUDFRONT), False, id="the service, by its AS number"),
        pytest.param(of_apex(("aws:CLOUDFRONT",), ELB), True, id="another service"),
        pytest.param(of_apex(("aws:CLOUDFRONT",), CLOUDFRONT, ELB), True, id="another service beside"),
        pytest.param(of_apex(("aws:CLOUDFRONT", "aws:EC2"), CLOUDFRONT, ELB), False, id="two services"),
        pytest.param(of_apex(("198.51.100.0/24",), ELB), False, id="a network: only DNS can tell"),
        pytest.param(of_apex(("aws:CLOUDFRONT",), SOMEWHERE), False, id="a service of which nothing is known"),
        pytest.param(of_apex(("aws:CLOUDFRONT",), CLOUDFRONT, "203.0.113.7"), True, id="a plain address beside"),
        pytest.param(of_apex(("aws:CLOUDFRONT",), ELB, planned=("aws:EC2",)), False, id="a planned service"),
    ],
)
def test_alias_is_compared_by_its_service(record: Record, drifts: bool) -> None:
    finding = drifted(record)
    assert (finding is not None) is drifts
    assert finding is None or finding.severity is NOTICE


# Windows and applies


def moving(
    starts: datetime,
    ends: datetime,
    *,
    planned: Sequence[Answer] = (Answer(DOMAIN, "MX", values=("10 new.example.",)),),
) -> DomainEntry:
    change = PlannedChange("CHG-1", starts, ends, ("a", "b"), answers=tuple(planned))
    return replace(ZONED, planned_changes=(change,))


@pytest.mark.parametrize(
    ("entry", "value", "first", "drifts"),
    [
        pytest.param(moving(NOW - HOUR, NOW + HOUR), "10 new.example", CHANGED, False, id="planned"),
        pytest.param(moving(NOW - HOUR, NOW + HOUR), EVIL, CHANGED, True, id="a third value in a window"),
        pytest.param(moving(NOW - 2 * HOUR, NOW - HOUR), "10 new.example", T0, True, id="after the window"),
        pytest.param(
            moving(NOW - HOUR, NOW - timedelta(minutes=5)),
            "10 new.example",
            NOW - timedelta(minutes=8),
            False,
            id="not read since the window ended",
        ),
        pytest.param(
            moving(NOW - HOUR, NOW - timedelta(minutes=5)), "10 new.example", CHANGED, True, id="read after the window"
        ),
    ],
)
def test_planned_change_explains_what_the_zone_holds_in_its_window(
    entry: DomainEntry, value: str, first: datetime, drifts: bool
) -> None:
    assert (drifted(say(zoned(entry), *MX_OF_APEX, value, first=first)) is not None) is drifts


@pytest.mark.parametrize(
    ("ago", "first", "drifts"),
    [
        pytest.param(5, NOW - HOUR, False, id="not read since the apply"),
        pytest.param(5, CHANGED, True, id="read since"),
        pytest.param(30, NOW - HOUR, True, id="long ago"),
    ],
)
def test_replaced_value_is_excused_until_the_zone_was_read_again(ago: int, first: datetime, drifts: bool) -> None:
    past = Superseded(NOW - timedelta(minutes=ago), answers=(Answer(DOMAIN, "MX", values=("10 old.example.",)),))
    record = say(zoned(replace(ZONED, superseded=(past,))), *MX_OF_APEX, "10 old.example", first=first)
    assert (drifted(record) is not None) is drifts
    if not drifts:
        again = record.judge().look_again
        assert again is not None
        assert again <= past.at + timedelta(minutes=25)


# What the watchlist does not mention


def changed(records: Mapping[Named, Sequence[str]] | None = None, *, without: Named | None = None) -> Record:
    held = {named: values for named, values in {**REST, **(records or {})}.items() if named != without}
    return hold(zoned(), held, first=CHANGED)


@pytest.mark.parametrize(
    ("record", "severity", "line"),
    [
        pytest.param(changed({(f"x.{DOMAIN}", "A"): ("203.0.113.7",)}), NOTICE, "203.0.113.7", id="another record"),
        pytest.param(changed(without=(f"_sip._tcp.{DOMAIN}", "SRV")), NOTICE, "0 5 5060", id="a record is gone"),
        pytest.param(changed({(f"dev.{DOMAIN}", "NS"): ("ns1.evil.example",)}), PAGE, "ns1.evil", id="a delegation"),
        pytest.param(changed({(f"new.{DOMAIN}", "NS"): ("ns1.x.example",)}), NOTICE, "ns1.x", id="a new delegation"),
        pytest.param(changed({(f"new.{DOMAIN}", "MX"): (EVIL,)}), NOTICE, EVIL, id="a new name's MX"),
        pytest.param(
            changed({(f"api.{DOMAIN}", "A"): ("alias ELB b-2.eu-west-1.elb.amazonaws.com",)}),
            NOTICE,
            "b-2.eu-west-1",
            id="another load balancer",
        ),
    ],
)
def test_drift_is_found_when_a_record_differs_from_the_first_look(
    record: Record, severity: Severity, line: str
) -> None:
    finding = drifted(record)
    assert finding is not None
    assert finding.severity is severity
    assert any(line in text for text in (*finding.expected, *finding.seen))
    assert finding.since == CHANGED


def test_drift_ends_when_the_record_returns() -> None:
    record = changed({(f"x.{DOMAIN}", "A"): ("203.0.113.7",)})
    assert drifted(hold(record, REST, first=NOW)) is None


def test_another_distribution_is_no_drift_because_cloudfront_looks_to_whose_a_name_is() -> None:
    assert drifted(changed({(f"shop.{DOMAIN}", "A"): ("alias CLOUDFRONT d2.cloudfront.net",)})) is None


def test_mentioned_record_is_judged_by_the_watchlist_alone() -> None:
    assert drifted(changed({(f"www.{DOMAIN}", "CNAME"): ("moved.cdn.example",)})) is None


def test_planned_answer_explains_a_record_that_the_entry_does_not_mention() -> None:
    answers = (Answer(f"x.{DOMAIN}", "A", values=("203.0.113.7",)),)
    held = {**REST, (f"x.{DOMAIN}", "A"): ("203.0.113.7",)}
    assert drifted(hold(zoned(moving(NOW - HOUR, NOW + HOUR, planned=answers)), held, first=CHANGED)) is None
    assert drifted(hold(zoned(moving(NOW - 3 * HOUR, NOW - HOUR, planned=answers)), held, first=CHANGED)) is not None


def test_first_look_of_the_earlier_collector_counts_when_the_other_one_came_after_the_change() -> None:
    forged = {**REST, (f"x.{DOMAIN}", "A"): ("203.0.113.7",)}
    record = hold(zoned(), forged, first=CHANGED)
    approve(hold(record, forged, first=NOW, region="us-1"), forged, first=NOW, region="us-1")
    assert drifted(record) is not None


def test_snapshot_is_approved_anew_by_an_apply_that_says_so() -> None:
    moved = {**REST, (f"x.{DOMAIN}", "A"): ("203.0.113.7",)}
    again = replace(ZONED, baseline=replace(ENTRY.baseline, records="2026-01-01T00:50:00Z"))
    record = hold(zoned(again), moved, first=CHANGED)
    assert drifted(record) is None  # no collector has looked again yet
    approve(record, moved, "2026-01-01T00:50:00Z", first=NOW)
    assert drifted(record) is None
    assert drifted(hold(record, REST, first=NOW)) is not None


def test_drift_of_a_large_zone_names_the_record_without_its_data() -> None:
    large = {(f"n{number}.{DOMAIN}", "TXT"): (f"{number:05}" * 20,) for number in range(1000)}
    record = hold(approve(zoned(), large), large)
    assert drifted(record) is None
    finding = drifted(hold(record, {**large, (f"n7.{DOMAIN}", "TXT"): ("x",)}, first=CHANGED))
    assert finding is not None
    assert (finding.detail["rrsets"][0]["name"], finding.detail["rrsets"][0]["type"]) == (f"n7.{DOMAIN}", "TXT")
    assert [value[0] for value in (*finding.expected, *finding.seen)] == ["#", "#"]
    assert finding.values == ()


def test_drift_of_a_huge_zone_tells_only_that_it_differs() -> None:
    huge = {(f"n{number:05}.{DOMAIN}", "A"): ("192.0.2.1",) for number in range(9000)}
    record = hold(approve(zoned(), huge), huge)
    assert drifted(record) is None
    finding = drifted(hold(record, {**huge, (f"n00007.{DOMAIN}", "A"): ("192.0.2.2",)}, first=CHANGED))
    assert finding is not None
    assert finding.severity is NOTICE


def test_severity_of_the_entry_stands() -> None:
    record = zoned(replace(ZONED, severity={CODE: Severity.LOG}))
    finding = drifted(say(record, *MX_OF_APEX, EVIL))
    assert finding is not None
    assert finding.severity is Severity.LOG


def test_views_of_another_hosted_zone_do_not_count() -> None:
    other = replace(ZONED, delegation=replace(WITH_ZONE, hosted_zone="ZOTHER"))
    assert drifted(say(zoned(other), *MX_OF_APEX, EVIL)) is None
