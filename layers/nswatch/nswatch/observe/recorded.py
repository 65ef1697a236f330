"""What a region's own record, in all hubs, means for the next pass: what to ask again, and what is confirmed."""

from collections.abc import Mapping, Sequence
from datetime import datetime

from nswatch.expect.matching import Expectations, Verdict
from nswatch.expect.networks import AwsRanges, Networks, Origin, origin_in
from nswatch.expect.watchlist import DomainEntry
from nswatch.model import OF_DNS, Facts, Key, Source, Transport, View
from nswatch.observe.answers_round import DEPARTING
from nswatch.observe.task import Record, is_silent, says_the_same

_FINE = frozenset({Verdict.EXPECTED, Verdict.NOTHING_ASKED})


def read_record(
    entry: DomainEntry, hubs: Sequence[Mapping[Key, View]], aws: AwsRanges, now: datetime
) -> tuple[Expectations, Record]:
    """Return what is expected of a domain at ``now``, and what the hubs' views of it from one region say.

    A question is asked again when any hub holds an answer to it that was not the expected one; it is confirmed when all
    of them hold the same answer as given over TCP, and silent when all hold that nothing was heard.
    """
    views = dict[Key, list[View]]()
    for standing in hubs:
        for key, view in standing.items():
            if key.source in OF_DNS:
                views.setdefault(key, []).append(view)
    origins = dict(_origins(views))
    expectations = Expectations(entry, now, Networks(aws, tuple(origins.values())))
    resolved = {
        key.qname: view.facts.values
        for key, held in views.items()
        for view in held
        if key.source is Source.ITERATIVE and key.qtype != "TXT" and view.facts is not None
    }
    record = Record(
        unexpected=frozenset(key for key, held in views.items() if _asked_again(held, expectations, resolved)),
        silent=frozenset(key for key, held in views.items() if all(is_silent(view.result) for view in held)),
        confirmed={
            key: facts
            for key, held in views.items()
            if len(held) == len(hubs) and (facts := _confirmed(held)) is not None
        },
        origins=origins,
    )
    return expectations, record


def _origins(views: Mapping[Key, Sequence[View]]) -> Mapping[str, Origin]:
    found = dict[str, Origin]()
    for key, held in views.items():
        for view in held:
            origin = origin_in(key, view.facts, view.transport)
            if origin is not None:
                found[key.qname] = origin
    return found


def _asked_again(held: Sequence[View], expectations: Expectations, resolved: Mapping[str, Sequence[str]]) -> bool:
    first = held[0]
    return _unexpected(first, expectations, resolved) or any(
        _unexpected(view, expectations, resolved)
        for view in held[1:]
        if (view.result, view.facts) != (first.result, first.facts)
    )


def _unexpected(view: View, expectations: Expectations, resolved: Mapping[str, Sequence[str]]) -> bool:
    key, facts = view.key, view.facts
    if not view.result.definite or facts is None:
        # A resolver that does not answer is asked again in its turn only: it is somebody else's.
        quiet = key.source is Source.RECURSIVE and is_silent(view.result)
        return not quiet or expectations.verdict(key, facts) in DEPARTING
    verdict = expectations.verdict(key, facts)
    if verdict is Verdict.UNKNOWN and facts.aliases:
        return False  # an alias that leads elsewhere: this server will never say more
    if key.source is Source.PARENT and verdict is Verdict.EXPECTED:
        return expectations.ds_departs(facts) or bool(expectations.glue_departs(facts, resolved))
    return verdict not in _FINE


def _confirmed(held: Sequence[View]) -> Facts | None:
    first = held[0]
    if any(view.transport is not Transport.TCP or not view.result.definite for view in held) or first.facts is None:
        return None
    same = all(view.facts is not None and says_the_same(first.facts, view.facts, first.key.source) for view in held[1:])
    return first.facts if same else None
