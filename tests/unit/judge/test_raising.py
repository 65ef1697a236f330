"""What raises a finding: another one beside it, or a sibling's incident; and what never does."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from nswatch.judge.policy import POLICY, RAISED, Cause
from nswatch.judge.raising import Sibling, open_to_siblings, raised, raised_by_siblings
from nswatch.model import Finding, Severity

T0 = datetime(2026, 1, 1, tzinfo=UTC)
HOUR = timedelta(hours=1)
NONE: Mapping[str, Severity] = {}


def found(code: str, *, since: datetime = T0, severity: Severity | None = None, residual: bool = False) -> Finding:
    return Finding(code, "a.example", severity or POLICY[code].severity, (), ("x",), since, residual=residual)


@pytest.mark.parametrize(
    ("code", "by", "story"),
    [
        pytest.param("registration_touched", "delegation_changed", Cause.DELEGATION, id="touched, hijacked"),
        pytest.param("registration_touched", "txt_changed", Cause.ZONE_CONTENT, id="touched, a notice in the zone"),
        pytest.param("registration_status_changed", "parent_child_mismatch", Cause.DELEGATION, id="a lock is gone"),
        pytest.param("certificate_unordered", "address_changed", Cause.ZONE_CONTENT, id="certificate, addresses"),
        pytest.param("certificate_unordered", "glue_changed", Cause.DELEGATION, id="certificate, glue"),
        pytest.param("certificate_changed", "address_changed", Cause.ZONE_CONTENT, id="served certificate"),
    ],
)
def test_finding_pages_and_joins_the_story_when_a_signal_stands_beside_it(code: str, by: str, story: Cause) -> None:
    raised_, signal = raised([found(code, severity=Severity.NOTICE), found(by, since=T0 + HOUR)], NONE)
    assert (raised_.severity, raised_.cause, raised_.since) == (Severity.PAGE, story, T0 + HOUR)
    assert raised_.detail["raised_by"] == {"code": by, "subject": "a.example"}
    assert signal == found(by, since=T0 + HOUR)


@pytest.mark.parametrize("apart", [timedelta(hours=48), -timedelta(hours=48)], ids=["signal later", "signal before"])
def test_touch_is_raised_only_when_the_signal_is_within_48_hours(apart: timedelta) -> None:
    for more, severity in ((timedelta(), Severity.PAGE), (apart / 48, Severity.NOTICE)):
        first, _ = raised([found("registration_touched"), found("txt_changed", since=T0 + apart + more)], NONE)
        assert first.severity is severity


@pytest.mark.parametrize(
    ("severity", "apart", "cause"),
    [
        pytest.param(Severity.PAGE, timedelta(minutes=20), Cause.DELEGATION, id="a hold, with it"),
        pytest.param(Severity.PAGE, timedelta(minutes=21), "", id="a hold, later"),
        pytest.param(Severity.NOTICE, timedelta(hours=48), Cause.DELEGATION, id="a lock is gone, later"),
    ],
)
def test_state_that_pages_by_itself_joins_a_signal_only_when_both_begin_together(
    severity: Severity, apart: timedelta, cause: str
) -> None:
    for sooner in (apart, -apart):
        state = found("registration_status_changed", since=T0 + sooner, severity=severity)
        joined, _ = raised([state, found("delegation_changed")], NONE)
        assert (joined.severity, joined.cause) == (Severity.PAGE, cause)


@pytest.mark.parametrize(
    "signal",
    [
        pytest.param(found("delegation_changed", residual=True), id="only caches hold it"),
        pytest.param(found("txt_changed", severity=Severity.LOG), id="only logged"),
        pytest.param(found("route53_drift"), id="no DNS signal"),
        pytest.param(found("latency_shifted"), id="latency"),
        pytest.param(replace(found("address_changed"), cause="caches"), id="of caches alone"),
        pytest.param(found("nameserver_lame"), id="a failure"),
    ],
)
def test_touch_stays_a_notice_when_what_stands_beside_it_is_no_signal(signal: Finding) -> None:
    touch = found("registration_touched")
    assert raised([touch, signal], NONE) == [touch, signal]


def test_severity_of_the_watchlist_stands_when_a_signal_would_raise_it() -> None:
    overrides = {"registration_touched": Severity.NOTICE}
    first, _ = raised([found("registration_touched"), found("delegation_changed")], overrides)
    assert (first.severity, first.cause) == (Severity.NOTICE, Cause.DELEGATION)


def test_latency_is_never_raised_nor_raises_when_anything_stands_beside_it() -> None:
    assert "latency_shifted" not in RAISED
    assert all("latency_shifted" not in rule.by for rule in RAISED.values())
    every = [found(code) for code in POLICY if code not in RAISED]
    assert raised(every, NONE) == every


def test_touch_pages_when_a_sibling_at_the_same_registrar_is_hijacked() -> None:
    touch = found("registration_touched")
    sibling = Sibling("b.example", "delegation_changed", frozenset({"registrar a"}))
    (first,) = raised_by_siblings([touch], NONE, frozenset({"registrar a", "a registrar, inc."}), [sibling])
    assert (first.severity, first.cause) == (Severity.PAGE, Cause.REGISTRAR)
    assert first.detail["raised_by"] == {"code": "delegation_changed", "subject": "b.example"}
    assert raised_by_siblings([touch], NONE, frozenset({"registrar b"}), [sibling]) == [touch]


@pytest.mark.parametrize(
    ("finding", "overrides", "asked"),
    [
        pytest.param(found("registration_touched"), NONE, True, id="touched"),
        pytest.param(found("registration_touched", severity=Severity.PAGE), NONE, False, id="pages already"),
        pytest.param(found("registration_touched"), {"registration_touched": Severity.LOG}, False, id="overridden"),
        pytest.param(found("delegation_changed"), NONE, False, id="no registration's"),
    ],
)
def test_siblings_are_looked_for_only_when_they_may_raise(
    finding: Finding, overrides: Mapping[str, Severity], asked: bool
) -> None:
    assert open_to_siblings([finding], overrides) is asked
