"""What the parent's servers must say, how sure we are, and what is judged from it."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nswatch.expect.watchlist import Delegation, DomainEntry, PlannedChange, Superseded
from nswatch.judge.judgement import Judgement, judge_domain
from nswatch.model import Facts, Key, Result, Severity, Source, Transport, View

T0 = datetime(2026, 1, 1, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
EXPECTED = ("ns1.dnshost.example", "ns2.dnshost.example")
FORGED = ("ns1.dnsh0st.example", "ns2.dnsh0st.example")
SERVERS = ("192.0.2.1", "192.0.2.2", "192.0.2.3", "192.0.2.4")
ENTRY = DomainEntry("watched.example", Delegation(ns=frozenset(EXPECTED), soa_mname="ns1.dnshost.example"))


def parent_view(
    ns: Sequence[str] = EXPECTED,
    *,
    server: int = 0,
    region: str = "us-east-1",
    transport: Transport = Transport.UDP,
    result: Result = Result.REFERRAL,
    first: datetime = T0,
    last: datetime | None = None,
    now: Result | None = None,
    since: datetime | None = None,
) -> View:
    key = Key(region, Source.PARENT, SERVERS[server], "watched.example", "NS")
    facts = Facts(result, tuple(sorted(ns)), 172800, digest="ab" * 32 if result is Result.OVER_CAP else "")
    return View(
        key, f"{server}.servers.example", facts, transport, first, first, last or first, now or result, since or first
    )


def judge(views: Sequence[View], entry: DomainEntry = ENTRY, doubts: Mapping[Key, datetime] | None = None,
          now: datetime = T0) -> Judgement:  # fmt: skip
    return judge_domain(entry, views, doubts or {}, now)


def codes(judgement: Judgement) -> set[str]:
    return {finding.code for finding in judgement.findings}


def test_nothing_is_found_when_every_server_gives_the_approved_set() -> None:
    judgement = judge([parent_view(server=server) for server in range(4)])
    assert (judgement.findings, judgement.look_again, judgement.forged) == ((), None, ())


@pytest.mark.parametrize(
    ("ns", "result"),
    [
        pytest.param(FORGED, Result.REFERRAL, id="replaced"),
        pytest.param(EXPECTED[:1], Result.REFERRAL, id="one-missing"),
        pytest.param((*EXPECTED, "ns3.dnshost.example"), Result.REFERRAL, id="one-more"),
        pytest.param((), Result.NXDOMAIN, id="gone"),
        pytest.param((), Result.NODATA, id="empty"),
        pytest.param((), Result.OVER_CAP, id="over-the-cap"),
    ],
)
def test_delegation_changed_is_found_when_two_servers_give_another_set(ns: Sequence[str], result: Result) -> None:
    judgement = judge([parent_view(ns, server=server, result=result) for server in (0, 1)])
    assert "delegation_changed" in codes(judgement)
    assert judgement.findings[0].severity is Severity.PAGE
    assert judgement.findings[0].expected == EXPECTED


@pytest.mark.parametrize(
    ("views", "believed"),
    [
        pytest.param([parent_view(FORGED)], False, id="one-server-over-udp"),
        pytest.param([parent_view(FORGED, last=T0 + MINUTE)], False, id="one-server-over-udp-in-two-passes"),
        pytest.param([parent_view(FORGED, transport=Transport.TCP)], False, id="one-server-over-tcp-once"),
        pytest.param(
            [parent_view(FORGED, transport=Transport.TCP, last=T0 + MINUTE)], True, id="one-server-over-tcp-twice"
        ),
        pytest.param(
            [parent_view(FORGED, transport=Transport.TCP, region=region) for region in ("a-1", "b-1")],
            True,
            id="one-server-over-tcp-from-two-regions",
        ),
        pytest.param(
            [parent_view(FORGED, region=region) for region in ("a-1", "b-1")], False, id="one-over-udp-from-two-regions"
        ),
        pytest.param(
            [parent_view(FORGED, server=0), parent_view(EXPECTED[:1], server=1)], True, id="two-different-lies"
        ),
    ],
)
def test_another_set_is_believed_only_from_two_servers_or_over_tcp_twice(views: list[View], believed: bool) -> None:
    others = [parent_view(server=server, last=T0 + MINUTE) for server in (2, 3)]
    judgement = judge([*views, *others], now=T0 + MINUTE)
    assert bool(judgement.findings) is believed
    assert (judgement.look_again is not None) is not believed


def test_server_that_gives_another_lie_in_each_pass_is_believed_in_the_second() -> None:
    first = judge([parent_view(FORGED, transport=Transport.TCP)])
    assert first.look_again is not None
    second = parent_view(("ns9.evil.example",), transport=Transport.TCP, first=T0 + MINUTE)
    assert codes(judge([second], doubts=first.doubts, now=T0 + MINUTE)) >= {"delegation_changed"}


def test_doubt_ends_when_the_server_gives_the_approved_set_again() -> None:
    first = judge([parent_view(FORGED, transport=Transport.TCP)])
    assert judge([parent_view(first=T0 + MINUTE)], doubts=first.doubts).doubts == {}


@pytest.mark.parametrize(
    "result", [Result.TIMEOUT, Result.SERVFAIL, Result.REFUSED, Result.NOT_VISIBLE, Result.MALFORMED]
)
def test_unknown_is_not_changed(result: Result) -> None:
    never_answered = replace(parent_view(), facts=None, result=result)
    assert judge([never_answered, parent_view(server=1, now=result)]).findings == ()


HOUR = timedelta(hours=1)


def fell_silent(server: int, *, until: datetime) -> View:
    """Return a forged answer of a server that stopped answering a minute after it."""
    view = parent_view(FORGED, server=server, transport=Transport.TCP, now=Result.TIMEOUT, since=T0 + MINUTE)
    return replace(view, last_seen=until)


@pytest.mark.parametrize("after", [2 * MINUTE, 59 * MINUTE, 30 * 24 * HOUR], ids=str)
def test_forged_answer_stands_however_long_everybody_is_silent(after: timedelta) -> None:
    now = T0 + after
    judgement = judge([fell_silent(server, until=now) for server in (0, 1)], now=now)
    assert judgement.findings
    hour_after = T0 + MINUTE + HOUR
    assert (judgement.look_again is not None) is (now < hour_after), "then only new evidence can change it"
    blind = [parent_view(FORGED, server=server, region="gone-1") for server in (0, 1)]
    assert judge(blind, now=now).findings


@pytest.mark.parametrize(
    ("server", "after", "stands"),
    [
        pytest.param(2, 59 * MINUTE, True, id="another-server-within-the-hour"),
        pytest.param(2, 62 * MINUTE, False, id="another-server-after-an-hour"),
        pytest.param(0, 5 * MINUTE, False, id="the-same-server-elsewhere"),
    ],
)
def test_forged_answer_of_a_silent_server_is_refuted_by_approved_answers_since(
    server: int, after: timedelta, stands: bool
) -> None:
    now = T0 + after
    approved = parent_view(server=server, region="b-1", first=now - MINUTE, last=now)
    silent = fell_silent(0, until=now)
    doubts = {silent.key: T0 - MINUTE}
    assert bool(judge([silent, approved], doubts=doubts, now=now).findings) is stands


def test_forged_answer_of_a_silent_region_is_refuted_by_the_same_server_seen_from_another_since() -> None:
    views = [parent_view(FORGED, server=server, region="gone-1", transport=Transport.TCP) for server in (0, 1)]
    now = T0 + 10 * MINUTE
    before = [parent_view(server=server, first=T0 - HOUR, last=T0 - MINUTE) for server in (0, 1)]
    assert judge([*views, *before], now=now).findings
    since = [parent_view(server=server, first=T0 + 9 * MINUTE, last=now) for server in (0, 1)]
    assert not judge([*views, *since], now=now).findings


CHANGE = PlannedChange(
    "CHG-1", T0, T0 + 60 * MINUTE, ("alice", "bob"), Delegation(ns=frozenset({"ns1.new.example", "ns2.new.example"}))
)


@pytest.mark.parametrize(
    ("ns", "at", "found"),
    [
        pytest.param(("ns1.new.example", "ns2.new.example"), T0 + MINUTE, False, id="the-approved-set-in-the-window"),
        pytest.param(EXPECTED, T0 + MINUTE, False, id="the-old-set-in-the-window"),
        pytest.param(("ns1.new.example", EXPECTED[0]), T0 + MINUTE, True, id="a-mixture-in-the-window"),
        pytest.param(("ns1.new.example",), T0 + MINUTE, True, id="a-part-in-the-window"),
        pytest.param(("ns1.new.example", "ns2.new.example"), T0 - MINUTE, True, id="before-the-window"),
        pytest.param(("ns1.new.example", "ns2.new.example"), T0 + 60 * MINUTE, True, id="at-its-end"),
    ],
)
def test_planned_change_approves_its_exact_set_in_its_window(ns: Sequence[str], at: datetime, found: bool) -> None:
    entry = replace(ENTRY, planned_changes=(CHANGE,))
    views = [parent_view(ns, server=server, first=at) for server in (0, 1)]
    assert bool(judge(views, entry, now=at).findings) is found


def test_finding_is_as_old_as_the_end_of_the_window_when_its_values_stay() -> None:
    entry = replace(ENTRY, planned_changes=(CHANGE,))
    views = [parent_view(CHANGE.delegation.ns, server=server, last=CHANGE.ends) for server in (0, 1)]  # type: ignore[union-attr, arg-type]
    (finding, *_) = judge(views, entry, now=CHANGE.ends + MINUTE).findings
    assert finding.since == CHANGE.ends


def test_replaced_set_is_a_lagging_servers_only_while_another_gives_the_approved_one() -> None:
    old = ("ns1.old.example", "ns2.old.example")
    entry = replace(ENTRY, superseded=(Superseded(T0 - MINUTE, Delegation(ns=frozenset(old))),))
    lagging = [parent_view(old, server=server) for server in (0, 1)]
    assert not judge([*lagging, parent_view(server=2)], entry).findings
    assert judge(lagging, entry).findings


def test_replaced_set_is_a_lagging_servers_for_seven_days() -> None:
    old = ("ns1.old.example", "ns2.old.example")
    views = [*(parent_view(old, server=server) for server in (0, 1)), parent_view(server=2)]
    for age, found in ((timedelta(days=7) - MINUTE, []), (timedelta(days=7), ["delegation_changed"])):
        entry = replace(ENTRY, superseded=(Superseded(T0 - age, Delegation(ns=frozenset(old))),))
        judgement = judge(views, entry)
        assert [code for code in codes(judgement) if code == "delegation_changed"] == found
        assert judgement.look_again == T0 - age + timedelta(days=90 if found else 7)


def test_lookalikes_are_lined_up_with_the_host_that_they_imitate() -> None:
    judgement = judge([parent_view(FORGED, server=server) for server in (0, 1)])
    (finding,) = [finding for finding in judgement.findings if finding.code == "nameserver_lookalike"]
    assert finding.seen == FORGED
    assert finding.expected == EXPECTED
    assert finding.detail["pairs"][0]["kinds"] == ["homoglyph"]


def test_route53_names_of_another_zone_are_a_mismatch_and_no_lookalikes() -> None:
    mine, other = "ns-1515.awsdns-61.org", "ns-1507.awsdns-60.org"
    entry = DomainEntry("watched.example", Delegation(ns=frozenset({mine}), provider="route53"))
    judgement = judge([parent_view((other,), server=server) for server in (0, 1)], entry)
    assert codes(judgement) == {"delegation_changed", "route53_mismatch"}


def test_route53_is_not_compared_when_the_provider_is_not_named() -> None:
    judgement = judge([parent_view(("ns-1515.awsdns-061.org",), server=server) for server in (0, 1)])
    assert codes(judgement) == {"delegation_changed"}


def test_severity_is_the_domains_own_when_the_watchlist_overrides_it() -> None:
    entry = replace(ENTRY, severity={"delegation_changed": Severity.NOTICE})
    findings = judge([parent_view(FORGED, server=server) for server in (0, 1)], entry).findings
    assert {finding.code: finding.severity for finding in findings} == {
        "delegation_changed": Severity.NOTICE,
        "nameserver_lookalike": Severity.PAGE,
    }


def apex_view(host: str, qtype: str, value: str, ttl: int, result: Result = Result.ANSWER) -> View:
    key = Key("us-east-1", Source.AUTHORITATIVE, "203.0.113.9", "watched.example", qtype)
    facts = Facts(Result.ANSWER, (value,), ttl)
    return View(key, host, facts, Transport.TCP, T0, T0, T0 + 9 * MINUTE, result, T0 + 5 * MINUTE)


def test_forged_servers_longest_ttl_is_reported_with_when_it_was_last_seen() -> None:
    views = [
        apex_view("ns1.dnsh0st.example", "NS", "ns1.dnsh0st.example", 360_000),
        apex_view("ns1.dnsh0st.example", "SOA", "ns1.dnsh0st.example. x. 1 2 3 4 5", 900),
    ]
    assert judge(views).forged == (), "nobody ever delegated to it"
    followed = ["ns1.dnsh0st.example"]
    (forged,) = judge_domain(ENTRY, views, {}, T0, followed).forged
    assert (forged.host, forged.ttl, forged.standing) == ("ns1.dnsh0st.example", 360_000, True)
    silent = [replace(view, result=Result.TIMEOUT) for view in views]
    (forged,) = judge_domain(ENTRY, silent, {}, T0, followed).forged
    assert (forged.standing, forged.last_seen) == (False, T0 + 5 * MINUTE)


def test_server_that_nobody_approved_forges_nothing_when_it_gives_the_approved_answers() -> None:
    view = apex_view("ns9.mirror.example", "NS", "", 60)
    assert view.facts is not None
    genuine = replace(view, facts=replace(view.facts, values=EXPECTED))
    soa = apex_view("ns9.mirror.example", "SOA", "ns1.dnshost.example. x. 1 2 3 4 5", 900)
    assert judge_domain(ENTRY, [genuine, soa], {}, T0, ["ns9.mirror.example"]).forged == ()


def test_old_providers_servers_forge_nothing_when_an_apply_replaced_them() -> None:
    view = apex_view("ns1.old.example", "NS", "ns1.old.example", 172_800)
    entry = replace(ENTRY, superseded=(Superseded(T0 - MINUTE, Delegation(ns=frozenset({"ns1.old.example"}))),))
    assert judge_domain(ENTRY, [view], {}, T0, ["ns1.old.example"]).forged
    assert judge_domain(entry, [view], {}, T0, ["ns1.old.example"]).forged == ()
    assert judge_domain(entry, [view], {}, T0 + timedelta(days=7), ["ns1.old.example"]).forged


@given(
    hosts=st.sets(st.sampled_from([*EXPECTED, *FORGED, "ns3.dnshost.example", "a.other.example"])),
    order=st.permutations(range(4)),
)
def test_any_other_set_is_found_and_the_approved_one_never(hosts: set[str], order: list[int]) -> None:
    judgement = judge([parent_view(sorted(hosts), server=server) for server in order])
    assert ("delegation_changed" in codes(judgement)) is (hosts != set(EXPECTED))
