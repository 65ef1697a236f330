"""What a recorder takes for a mere repetition without comparing it word for word is one."""

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from nswatch.model import Facts, Key, Observation, Result, Source, Transport, View
from nswatch.record.codec import fingerprint_of
from nswatch.record.recorder import is_repeated, next_view

START = datetime(2026, 11, 23, tzinfo=UTC)
DEFINITE = st.builds(
    Facts,
    result=st.sampled_from((Result.ANSWER, Result.NODATA)),
    values=st.sampled_from(((), ("a",), ("b",))),
    ttl=st.sampled_from((None, 60, 300)),
    note=st.sampled_from(("", "over TCP: timeout")),
)
UNKNOWN = st.builds(Facts, result=st.sampled_from((Result.TIMEOUT, Result.REFUSED)))
TRANSPORTS = st.sampled_from(Transport)


def observation(source: Source, facts: Facts, transport: Transport, minute: int) -> Observation:
    key = Key("us-east-1", source, "192.0.2.1", "watched.example", "A")
    at = START + minute * timedelta(minutes=1)
    return Observation("watched.example", key, "ns.example", facts, transport, at, at, at, 1)


@given(
    st.sampled_from((Source.PARENT, Source.RECURSIVE)),
    st.lists(st.tuples(st.one_of(DEFINITE, UNKNOWN), TRANSPORTS), min_size=2, max_size=5),
)
def test_nothing_that_changes_what_stands_is_taken_for_a_repetition(
    source: Source, answers: list[tuple[Facts, Transport]]
) -> None:
    view: View | None = None
    for minute, (facts, transport) in enumerate(answers):
        seen = observation(source, facts, transport, minute)
        after = next_view(view, seen)
        if view is not None and is_repeated(view, seen):
            assert fingerprint_of(after) == fingerprint_of(view)
        view = after


@given(st.sampled_from(Source), st.one_of(DEFINITE), TRANSPORTS)
def test_same_answer_again_is_taken_for_a_repetition(source: Source, facts: Facts, transport: Transport) -> None:
    view = next_view(None, observation(source, facts, transport, 0))
    assert is_repeated(view, observation(source, facts, transport, 1))


def test_resolvers_ttl_that_counts_down_is_a_repetition() -> None:
    view = next_view(None, observation(Source.RECURSIVE, Facts(Result.ANSWER, ("a",), 300), Transport.UDP, 0))
    later = observation(Source.RECURSIVE, Facts(Result.ANSWER, ("a",), 240), Transport.UDP, 1)
    assert is_repeated(view, later)
    authoritative = observation(Source.AUTHORITATIVE, Facts(Result.ANSWER, ("a",), 240), Transport.UDP, 1)
    assert not is_repeated(view, authoritative)
