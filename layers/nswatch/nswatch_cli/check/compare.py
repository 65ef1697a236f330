"""Who says the same of an RRset, and who something else. Pure: values in, values out.

With a watchlist what it approves is right. Without one, what most of the zone's own servers give is the yardstick.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from nswatch.expect.matching import Expectations, Verdict, mname
from nswatch.expect.networks import AwsRanges, Networks, read_origin
from nswatch.model import Facts, Key, Result, Source
from nswatch_cli.check.values import Compared, Group, Look, Mark, Record, ServerAnswer, key_of

ADDRESSES = ("A", "AAAA")
_SPF = "v=spf1"
_MARKS = {
    Verdict.EXPECTED: Mark.RIGHT,
    Verdict.UNEXPECTED: Mark.WRONG,
    Verdict.MISSING: Mark.MISSING,
    Verdict.UNKNOWN: Mark.VARIES,
    Verdict.NOTHING_ASKED: Mark.VARIES,
}
_ORDER = (Mark.RIGHT, Mark.VARIES, Mark.MISSING, Mark.WRONG)

Content = tuple[str, tuple[str, ...]]
_Sourced = tuple[Source, ServerAnswer]


def compared(look: Look, expectations: Expectations | None, *, strict: bool = True) -> tuple[Compared, ...]:
    """Return every RRset of a look but the NS, compared with what is approved or with one another.

    Not ``strict``: without a watchlist what differs is only shown, because those who are most may be the forgers.
    """
    return tuple(compare(record, expectations, strict=strict) for record in look.records)


def networks(aws: AwsRanges, origins: Mapping[str, Sequence[str]]) -> Networks:
    """Return what is known of networks; ``origins`` are the texts that say who announces an address, by name."""
    read = (read_origin(name, texts) for name, texts in origins.items())
    return Networks(aws, tuple(origin for origin in read if origin is not None))


def compare(record: Record, expectations: Expectations | None, *, strict: bool = True) -> Compared:
    """Compare the answers for one RRset."""
    if expectations is not None and _is_watched(record, expectations):
        approved = expectations.values_expected(record.qname, record.qtype)
        return Compared(record, _by_watchlist(record, expectations), watched=True, expected=approved)
    return Compared(record, _by_majority(record, strict=strict and expectations is None))


def _is_watched(record: Record, expectations: Expectations) -> bool:
    """Whether the watchlist (or a baseline beside it) says anything of an RRset."""
    facts = Facts(Result.NODATA)
    verdicts = (
        expectations.verdict(Key("", source, "", record.qname, record.qtype), facts)
        for source in (Source.AUTHORITATIVE, Source.RECURSIVE)
    )
    return any(verdict is not Verdict.NOTHING_ASKED for verdict in verdicts)


def content(qtype: str, facts: Facts | None, *, spf_only: bool = True) -> Content | None:
    """Return what an answer comes to, for comparing: of SOA the MNAME, of TXT the SPF records; None when unknown."""
    if facts is None or not facts.result.definite:
        return None
    if facts.result is Result.ANSWER:
        values = values_of(qtype, facts) if spf_only or qtype != "TXT" else facts.values
        return ("answer", values) if values else ("nodata", ())
    if facts.aliases:
        return "alias", facts.aliases
    return facts.result.value, (facts.digest,) if facts.digest else ()


def values_of(qtype: str, facts: Facts) -> tuple[str, ...]:
    """Return the values that count: of SOA the MNAME, of TXT the SPF records."""
    if qtype == "SOA":
        return tuple(sorted({mname(value) for value in facts.values}))
    if qtype == "TXT":
        return tuple(value for value in facts.values if value.lower().startswith(_SPF))
    return facts.values


def serials(answers: Iterable[ServerAnswer]) -> dict[int, list[ServerAnswer]]:
    """Return who gives which SOA serial, the highest first."""
    found: dict[int, list[ServerAnswer]] = {}
    for answer in answers:
        if answer.facts is not None and answer.facts.result is Result.ANSWER:
            number = answer.facts.values[0].split(" ")[2]
            found.setdefault(int(number), []).append(answer)
    return dict(sorted(found.items(), reverse=True))


# By the watchlist


def _by_watchlist(record: Record, expectations: Expectations) -> tuple[Group, ...]:
    groups: dict[tuple[Mark, Content], list[_Sourced]] = {}
    for source, answer in record.answers:
        said = content(record.qtype, answer.facts, spf_only=False)
        if said is None or answer.facts is None:
            continue
        verdict = expectations.verdict(key_of(source, answer, record.qname, record.qtype), answer.facts)
        mark = Mark.RIGHT if said[0] == "alias" and verdict is Verdict.UNKNOWN else _MARKS[verdict]
        # Of addresses that are all allowed, it does not matter who gives which.
        key = (mark, ("answer", ())) if mark is Mark.RIGHT and record.qtype in ADDRESSES else (mark, said)
        groups.setdefault(key, []).append((source, answer))
    found = [_group(mark, answers) for (mark, _), answers in groups.items()]
    return tuple(sorted(found, key=_place))


# By one another


def _by_majority(record: Record, *, strict: bool) -> tuple[Group, ...]:
    """``strict``: what differs is wrong; else (a watchlist says nothing of it) it is only shown."""
    groups: dict[Content, list[_Sourced]] = {}
    for source, answer in record.answers:
        said = content(record.qtype, answer.facts)
        if said is not None:
            groups.setdefault(said, []).append((source, answer))
    usual = yardstick(groups)
    if usual is None:
        return ()
    _follow(groups, usual)
    longest = max(_ttls(groups[usual], Source.AUTHORITATIVE), default=None)
    settled = strict or len(groups) == 1
    found = [_group(Mark.RIGHT if settled else Mark.VARIES, groups.pop(usual))]
    for said, answers in groups.items():
        mark = Mark.VARIES if not strict else _unlike(record.qtype, usual, said, answers, longest)
        found.append(_group(mark, answers))
    return (found[0], *sorted(found[1:], key=_place))


def yardstick(groups: dict[Content, list[_Sourced]]) -> Content | None:
    """Return what most of the zone's servers give or, where none was heard, most resolvers."""

    def rank(said: Content) -> tuple[int, int, int]:
        sources = [source for source, _ in groups[said]]
        return sources.count(Source.AUTHORITATIVE), len(sources), len(said[1])

    return max(sorted(groups), key=rank, default=None)


def _follow(groups: dict[Content, list[_Sourced]], usual: Content) -> None:
    """Count those that followed an alias with the servers that only name it: the zone says no more than that."""
    if usual[0] != "alias":
        return
    for said in [each for each in groups if each != usual]:
        facts = groups[said][0][1].facts
        if facts is not None and facts.aliases[: len(usual[1])] == usual[1]:
            groups[usual] = [*groups[usual], *groups.pop(said)]


def _unlike(qtype: str, usual: Content, said: Content, answers: Sequence[_Sourced], longest: int | None) -> Mark:
    """Return how an answer that is not the usual one is marked.

    Addresses may depend on who asks. One that a cache keeps for longer than the zone's servers say is none of theirs.
    """
    if said[0] in ("nodata", "nxdomain"):
        return Mark.MISSING
    cached = _ttls(answers, Source.RECURSIVE)
    foreign = longest is not None and any(ttl > longest for ttl in cached)
    return Mark.VARIES if qtype in ADDRESSES and usual[0] != "nxdomain" and not foreign else Mark.WRONG


def _ttls(answers: Iterable[_Sourced], kind: Source) -> list[int]:
    return [
        answer.facts.ttl
        for source, answer in answers
        if source is kind and answer.facts is not None and answer.facts.ttl is not None
    ]


def _group(mark: Mark, answers: Sequence[_Sourced]) -> Group:
    facts = next((a.facts for _, a in answers if a.facts is not None and a.facts.values), answers[0][1].facts)
    if facts is None:
        raise ValueError("a group of answers that nobody gave")
    if mark is Mark.RIGHT:
        everything = {value for _, answer in answers if answer.facts is not None for value in answer.facts.values}
        facts = replace(facts, values=tuple(sorted(everything))) if facts.result is Result.ANSWER else facts
    return Group(
        facts,
        mark,
        tuple(answer for source, answer in answers if source is Source.AUTHORITATIVE),
        tuple(answer for source, answer in answers if source is Source.RECURSIVE),
    )


def _place(group: Group) -> tuple[int, int, tuple[str, ...]]:
    """Order: the better first, then the more widely given."""
    return _ORDER.index(group.mark), -len(group.servers) - len(group.resolvers), group.facts.values
