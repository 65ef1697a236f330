"""What everybody says of one domain at one moment: every rule's material, read once out of the views.

A server's words count only where it is one of those that are asked now: a resolver of the watchlist, or an address of
a delegated or expected host. Views of what is not asked any more stay in the record and say nothing.
"""

import hashlib
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from itertools import chain

from nswatch.expect.matching import Expectations, Verdict
from nswatch.expect.values import mname
from nswatch.judge.addresses import Whereabouts
from nswatch.judge.belief import CONFIRMED_WITHIN, answers, believed, outlived, stands_until
from nswatch.judge.delegation import Departure, delegated
from nswatch.model import Key, Result, Source, Transport, Value, View

LONG, MANY = 512, 64
"""How long a value, and how many values of one answer, are shown as they are; the wire message is kept anyway."""

QuestionOf = tuple[str, str]
"""A (qname, qtype)."""


class Witness(StrEnum):
    """Who says something."""

    GENUINE = "genuine"
    """A server at an approved address of an approved host."""
    LAGGING = "lagging"
    """A server of a delegation that an `apply` replaced, which a lagging server of the parent still gives."""
    STRANGER = "stranger"
    """A server that nobody approved: a host or an address that only somebody else's delegation leads to."""
    RESOLVER = "resolver"


@dataclass(frozen=True, slots=True)
class Statement:
    """What one server told one region. ``fresh``: it still does; ``believed`` says so of what is not expected.

    Facts of a server that fell silent stand until they are refuted; what is refuted is no statement.
    """

    view: View
    hosts: tuple[str, ...]
    witness: Witness
    verdict: Verdict
    fresh: bool
    believed: bool

    @property
    def question(self) -> QuestionOf:
        """The (qname, qtype)."""
        return self.view.key.qname, self.view.key.qtype

    @property
    def authoritative(self) -> bool:
        """Whether it is a name server's, and no cache's."""
        return self.witness is not Witness.RESOLVER

    @property
    def odd(self) -> bool:
        """Whether it is other data than what is expected, and believed."""
        return self.verdict is Verdict.UNEXPECTED and self.believed

    @property
    def value(self) -> Value:
        """The RRset's data, see `shown`."""
        return (*self.question, shown(self.view))


@dataclass(frozen=True, slots=True)
class Hosts:
    """Which hosts count. ``delegated`` by the parent's standing answers; ``judged`` those whose answers are judged.

    ``unapproved`` are those of ``delegated`` that nobody approves; ``lagging`` of ``delegated`` those lately replaced.
    """

    delegated: frozenset[str]
    judged: frozenset[str]
    unapproved: frozenset[str]
    lagging: frozenset[str]


@dataclass(frozen=True, slots=True)
class Evidence:
    """All that the rules over answers look at.

    ``apex`` are the views of judged servers' apex NS and SOA, with the hosts that are at the address. ``doubts`` and
    ``ends`` (when time alone may change something) are the statements' part of the judgement's.
    """

    expectations: Expectations
    parent: Departure
    hosts: Hosts
    places: Whereabouts
    by_question: Mapping[QuestionOf, Sequence[Statement]]
    apex: tuple[tuple[View, tuple[str, ...]], ...]
    walks: tuple[View, ...]
    doubts: Mapping[Key, datetime]
    ends: tuple[datetime, ...]

    @property
    def now(self) -> datetime:
        """The moment of the judgement."""
        return self.expectations.at

    @property
    def statements(self) -> Iterator[Statement]:
        """Every statement, question by question."""
        return chain.from_iterable(self.by_question.values())

    def about(self, question: QuestionOf) -> Sequence[Statement]:
        """Return the statements about one question."""
        return self.by_question.get(question, ())


def shown(view: View) -> tuple[str, ...]:
    """Return the data of an answer as values: those that are judged, so that nothing else makes them differ.

    Of an SOA it is the MNAME; the aliases where they are all there is; a digest for what is too large to be read.
    """
    facts = view.facts
    if facts is None:
        return ()
    if facts.result is Result.OVER_CAP:
        return (f"(an answer over the size limit, SHA-256 {facts.digest[:16]})",)
    if view.key.qtype == "SOA":
        return tuple(sorted({mname(value) for value in facts.values}))
    return bounded(facts.values or facts.aliases)


def bounded(values: Sequence[str]) -> tuple[str, ...]:
    """Return values for people and the log: where a hijacker makes them long or many, with digests for the rest."""
    told = [value if len(value) <= LONG else f"{value[:200]}... ({_digest(value)})" for value in values[:MANY]]
    rest = "\n".join(values[MANY:])
    return (*told, f"(and {len(values) - MANY} more, {_digest(rest)})") if rest else tuple(told)


def _digest(text: str) -> str:
    return f"{len(text)} characters, SHA-256 {hashlib.sha256(text.encode()).hexdigest()[:16]}"


def hosts_of(parent: Departure, expectations: Expectations) -> Hosts:
    """Return which hosts count, by what the parent's servers say."""
    allowed, entry = expectations.allowed, expectations.entry
    departed = parent.hosts if parent.confirmed else frozenset()
    published = frozenset(host for view in parent.published for host in delegated(view.facts) or ())
    named = frozenset(host for host in departed | published if not host.startswith("("))
    if not parent.published and not (parent.views and parent.confirmed):
        named = allowed.current
    lagging = published - allowed.hosts - departed
    moving = any(
        change.delegation is not None and change.delegation.ns and change.delegation.ns != entry.delegation.ns
        for change in allowed.open_changes
    )
    # While a change is carried out the new provider may not serve yet, and the old one may be off already.
    judged = named if moving else named | allowed.current
    return Hosts(named, judged, named - allowed.hosts - lagging, lagging)


def evidence_of(
    views: Sequence[View],
    expectations: Expectations,
    parent: Departure,
    places: Whereabouts,
    doubts: Mapping[Key, datetime],
) -> Evidence:
    """Return what stands at ``expectations.at``, from every region's views; ``doubts`` are the last judgement's."""
    hosts = hosts_of(parent, expectations)
    asked = frozenset(expectations.asked())
    apex = {(expectations.entry.domain, "NS"), (expectations.entry.domain, "SOA")}
    heard = list[Statement]()
    servers = list[tuple[View, tuple[str, ...]]]()
    for view in views:
        question = view.key.qname, view.key.qtype
        if question not in asked:
            continue
        if view.key.source is Source.RECURSIVE and view.key.server in expectations.entry.resolvers:
            heard.append(_statement(view, (), Witness.RESOLVER, expectations))
        elif view.key.source is Source.AUTHORITATIVE:
            at = at_address(view, hosts.judged, places)
            if at:
                heard.append(_statement(view, at, witness_of(view, at, hosts, places), expectations))
                if question in apex:
                    servers.append((view, at))
    walks = tuple(view for view in views if view.key.source is Source.ITERATIVE and view.key.qtype in ("A", "AAAA"))
    statements, since, ends = _weighed([each for each in heard if each.view.facts is not None], doubts, expectations)
    return Evidence(expectations, parent, hosts, places, statements, tuple(servers), walks, since, ends)


def at_address(view: View, hosts: Collection[str], places: Whereabouts) -> tuple[str, ...]:
    """Return those of ``hosts`` that are at the address that was asked; by name where no address of one is known."""
    return tuple(
        sorted(
            host
            for host in hosts
            if (view.key.server in places.of[host] if places.of.get(host) else host == view.server_name)
        )
    )


def witness_of(view: View, at: Iterable[str], hosts: Hosts, places: Whereabouts) -> Witness:
    """Return what a server is by the hosts at its address: genuine if it is so by any of them."""
    kinds = {
        Witness.STRANGER if host in hosts.unapproved or (host, view.key.server) in places.forged
        else Witness.LAGGING if host in hosts.lagging else Witness.GENUINE
        for host in at
    }  # fmt: skip
    return next(kind for kind in Witness if kind in kinds)


def _statement(view: View, at: tuple[str, ...], witness: Witness, expectations: Expectations) -> Statement:
    verdict = expectations.verdict(view.key, view.facts, replaced=witness is Witness.LAGGING)
    return Statement(view, at, witness, verdict, answers(view, expectations.at), believed=True)


_ALL_ASKED = timedelta(minutes=2)
"""In passes over more time than this each server of a zone had its turn."""
_ODD = (Verdict.UNEXPECTED, Verdict.MISSING)


def _weighed(
    heard: Iterable[Statement], doubts: Mapping[Key, datetime], expectations: Expectations
) -> tuple[dict[QuestionOf, list[Statement]], dict[Key, datetime], tuple[datetime, ...]]:
    """Leave out what is refuted, and mark what is not believed yet; return also the doubts, and when to look again."""
    now = expectations.at
    by_question: dict[QuestionOf, list[Statement]] = {}
    for statement in heard:
        by_question.setdefault(statement.question, []).append(statement)
    since, ends = dict[Key, datetime](), list[datetime]()
    for question, asked in by_question.items():
        if all(statement.verdict not in _ODD for statement in asked):
            continue
        standing = [each for each in asked if not _refuted(each, asked, now)]
        ends += [stands_until(each.view) for each in standing if each.verdict in _ODD and not each.fresh]
        old = _out_of_date(standing, expectations)
        if old:
            ends.append(now + CONFIRMED_WITHIN)
            standing = [_doubtful(each) if each.view.key in old else each for each in standing]
        for verdict in _ODD:
            odd = [each.view for each in standing if each.verdict is verdict and each.view.key not in old]
            started = {view.key: doubts.get(view.key, view.first_pass) for view in odd}
            since |= {
                view.key: started[view.key]
                for view in odd
                if verdict is Verdict.MISSING or view.transport is not Transport.TCP
            }
            if odd and not believed(odd, started):
                ends.append(now + CONFIRMED_WITHIN)
                standing = [_doubtful(each) if each.verdict is verdict else each for each in standing]
        by_question[question] = standing
    return by_question, since, tuple(ends)


def _out_of_date(asked: Sequence[Statement], expectations: Expectations) -> set[Key]:
    """Return whose words nobody has heard since they ceased to be right, where other servers say what is right now."""
    if not any(each.authoritative and each.verdict is Verdict.EXPECTED for each in asked):
        return set()
    return {each.view.key for each in asked if each.verdict in _ODD and _not_asked_since(each.view, expectations)}


def _not_asked_since(view: View, expectations: Expectations) -> bool:
    """Whether an answer was right until an `apply` or the end of a window, and its server was not asked again since.

    A server has its turn in every third pass. One that does not answer a region any more leaves there what it said
    last, which is no word on what came to be approved since.
    """
    if view.key.source is not Source.AUTHORITATIVE or view.facts is None:
        return False
    moment = expectations.unexplained_since(view.key, view.facts)
    if moment is None or view.first_seen >= moment:
        return False
    return not view.result.definite or view.last_seen <= moment + _ALL_ASKED


def _doubtful(each: Statement) -> Statement:
    return Statement(each.view, each.hosts, each.witness, each.verdict, each.fresh, believed=False)


def _refuted(statement: Statement, asked: Iterable[Statement], now: datetime) -> bool:
    """Whether what nobody confirms any more is refuted; a cache says nothing of a server, nor a server of a cache."""
    if statement.fresh or statement.verdict not in _ODD:
        return False
    source = statement.view.key.source
    fresh = (
        other.view
        for other in asked
        if other.verdict is Verdict.EXPECTED and other.fresh and other.view.key.source is source
    )
    return outlived(statement.view, fresh, now)
