"""What never raises anything, whatever it is combined with, and what always does."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta

from hypothesis import given, settings
from hypothesis import strategies as st
from tests.unit.judge.record import (
    DATA,
    ENTRY,
    HOSTS,
    LAST,
    MAIL_A,
    MX,
    NODATA,
    NOW,
    NS,
    NXDOMAIN,
    RESOLVERS,
    SERVERS,
    SOA,
    TXT,
    WWW,
    A,
    RRset,
    answer,
    in_order,
)

from nswatch.expect.watchlist import Answer
from nswatch.judge.judgement import JUDGED
from nswatch.judge.policy import POLICY
from nswatch.model import Facts, Result, Source, View

ROTATING = tuple(f"198.51.100.{n}" for n in range(1, 9))


@st.composite
def harmless(draw: st.DrawFn) -> list[View]:
    """Every view in order, but for what says nothing: order, duplicates, TTLs of caches, rotation, silence."""
    views = []
    for view in in_order().views.values():
        assert view.facts is not None
        facts = view.facts
        values: Sequence[str] = facts.values
        if (view.key.qname, view.key.qtype) == A:
            values = draw(st.lists(st.sampled_from(ROTATING), min_size=1, max_size=4))
        values = draw(st.permutations([*values, *values[:1]]))
        ttl = draw(st.integers(0, facts.ttl)) if view.key.source is Source.RECURSIVE and facts.ttl else facts.ttl
        glue = tuple(draw(st.permutations(facts.glue)))
        one = replace(view, facts=replace(facts, values=tuple(values), ttl=ttl, glue=glue))
        if view.key.source is Source.RECURSIVE and draw(st.integers(0, 9)) == 0:
            result = draw(st.sampled_from([Result.TIMEOUT, Result.SERVFAIL, Result.REFUSED]))
            one = replace(one, result=result, result_since=LAST - timedelta(minutes=5))
        views.append(one)
    return list(draw(st.permutations(views)))


def upper(answer_: Answer) -> Answer:
    """The same answer as people may write it."""
    if answer_.type == "TXT":
        return answer_
    return replace(answer_, values=tuple(value.upper() for value in answer_.values)[::-1])


@settings(max_examples=60, deadline=None)
@given(harmless(), st.booleans())
def test_nothing_is_found_whatever_the_order_case_ttl_and_rotation(views: list[View], shouted: bool) -> None:
    record = in_order(replace(ENTRY, answers=tuple(map(upper, ENTRY.answers))) if shouted else ENTRY)
    record.views = {view.key: view for view in views}
    judgement = record.judge()
    assert (judgement.findings, judgement.forged, judgement.doubts, judgement.look_again) == ((), (), {}, None)


label = st.text("abcdefghijklmnopqrstuvwxyz0123456789", min_size=1, max_size=8)
OTHER: dict[RRset, st.SearchStrategy[Facts]] = {
    NS: st.lists(label.map(lambda text: f"{text}.evil.example"), min_size=1, max_size=4, unique=True).map(
        lambda names: answer(*names, ttl=172800)
    ),
    SOA: label.map(lambda text: answer(f"{text}.evil.example x 1 2 3 4 5", ttl=900)),
    MX: st.tuples(st.integers(0, 65535), label).map(lambda mx: answer(f"{mx[0]} {mx[1]}.evil.example", ttl=3600)),
    A: st.integers(0, 255).map(lambda n: answer(f"203.0.113.{n}")),
    TXT: label.map(answer),
    WWW: label.map(lambda text: answer(f"{text}.evil.example")),
    MAIL_A: st.integers(0, 255).map(lambda n: answer(f"203.0.113.{n}")),
}
CODES = {
    NS: "parent_child_mismatch",
    SOA: "soa_changed",
    MX: "mx_changed",
    A: "address_changed",
    TXT: "txt_changed",
    WWW: "cname_changed",
    MAIL_A: "address_changed",
}


@settings(max_examples=200, deadline=None)
@given(st.data(), st.sampled_from(list(DATA)), st.sampled_from(HOSTS), st.sampled_from(["ap-1", "eu-1", "us-1"]))
def test_any_other_data_of_any_watched_rrset_at_any_server_is_found(
    data: st.DataObject, question: RRset, host: str, region: str
) -> None:
    facts = data.draw(OTHER[question])
    found = in_order().server(question, facts, hosts=[host], regions=[region]).codes()
    assert CODES[question] in found
    assert "answer_missing" not in found


@settings(max_examples=100, deadline=None)
@given(
    st.sampled_from(list(DATA)),
    st.sampled_from(HOSTS),
    st.sampled_from(["ap-1", "eu-1", "us-1"]),
    st.sampled_from([NODATA, NXDOMAIN]),
)
def test_any_watched_rrset_that_is_gone_from_any_server_is_missing(
    question: RRset, host: str, region: str, facts: Facts
) -> None:
    assert in_order().server(question, facts, hosts=[host], regions=[region]).codes() == {"answer_missing"}


@settings(max_examples=200, deadline=None)
@given(
    st.data(),
    st.sampled_from([question for question in DATA if question != SOA]),
    st.sampled_from(RESOLVERS),
    st.sampled_from(["ap-1", "eu-1", "us-1"]),
)
def test_any_other_data_at_any_resolver_is_found(
    data: st.DataObject, question: RRset, resolver: str, region: str
) -> None:
    facts = data.draw(OTHER[question])
    found = in_order().resolver(question, facts, at=[resolver], regions=[region]).findings()
    assert set(found) == {"resolvers_disagree", "regions_disagree"}
    assert {finding.cause for finding in found.values()} == {"caches"}


RESULTS = st.sampled_from(list(Result))


@st.composite
def anything(draw: st.DrawFn) -> list[View]:
    """Views in which any server may say anything, or nothing."""
    views = []
    for view in in_order().views.values():
        kind = draw(st.integers(0, 6))
        if kind == 0:
            result = draw(RESULTS)
            when = draw(st.sampled_from([LAST, LAST - timedelta(minutes=2), LAST - timedelta(hours=3)]))
            views.append(replace(view, result=result, result_since=when, last_seen=max(view.first_seen, when)))
        elif kind == 1:
            result = draw(RESULTS)
            values = tuple(draw(st.lists(st.sampled_from(["x.evil.example", "10 x.evil.example", *HOSTS]), max_size=3)))
            if view.key.qtype in ("A", "AAAA"):
                values = tuple(draw(st.lists(st.sampled_from([*SERVERS, "203.0.113.9", "2001:db8::9"]), max_size=3)))
            facts = Facts(result, values, draw(st.integers(0, 90000)), digest="00" * 32) if result.definite else None
            lately = replace(view, first_seen=LAST, first_pass=LAST, result_since=LAST)
            views.append(replace(lately, facts=facts, result=result))
        else:
            views.append(view)
    return views


@settings(max_examples=150, deadline=None)
@given(anything())
def test_judging_never_fails_and_is_the_same_in_any_order(views: list[View]) -> None:
    record = in_order()
    record.views = {view.key: view for view in views}
    judgement = record.judge()
    assert {finding.code for finding in judgement.findings} <= JUDGED <= set(POLICY)
    assert len({finding.code for finding in judgement.findings}) == len(judgement.findings)
    assert judgement.look_again is None or judgement.look_again > NOW
    record.views = {view.key: view for view in reversed(views)}
    assert record.judge() == judgement
