"""What a look comes to: every remark, the exit status, and the one line that says it. Pure: values in, values out."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import datetime

from nswatch.expect.matching import Expectations
from nswatch.expect.networks import NO_RANGES, AwsRanges
from nswatch.expect.watchlist import DomainEntry
from nswatch.model import Result
from nswatch.tell.comparison import ADDRESS_CODES
from nswatch_cli.check import differences, expected, words
from nswatch_cli.check.compare import compared, networks
from nswatch_cli.check.meaning import DANGLING, MEANING, WATCHED
from nswatch_cli.check.servers import untestable
from nswatch_cli.check.unwatched import deceiving, remarks_without_watchlist
from nswatch_cli.check.values import Compared, Look, Remark, ServerAnswer, Status, Verdict, gives, worst

LAME = frozenset({
    Result.NOT_AUTHORITATIVE, Result.REFUSED, Result.SERVFAIL, Result.OTHER_ERROR, Result.NODATA, Result.NXDOMAIN,
})  # fmt: skip
"""A server that answers, and not for the zone that is delegated to it."""
_GONE = ("its name does not exist", "its name has no address")


def verdict_on(look: Look, entry: DomainEntry | None, now: datetime, aws: AwsRanges = NO_RANGES) -> Verdict:
    """Judge a look by a watchlist's ``entry``, or by itself when there is none.

    Behind a network that intercepts DNS the remarks stand, but nothing is known: the status is unknown.
    """
    groups = gives(look.parents)
    expectations = Expectations(entry, now, networks(aws, look.origins)) if entry is not None else None
    names = deceiving(look) if expectations is None and groups else []
    found = compared(look, expectations, strict=not names)
    failing = list(_servers_that_fail(look))
    remarks = [] if groups else [_nobody_says(look)]
    if expectations is not None:
        remarks += expected.remarks_by_watchlist(look, expectations, found, failing)
    else:
        remarks += [*(remarks_without_watchlist(look, found, names) if groups else ()), *failing]
    remarks += differences.beside_route53(look, aws, _moved(remarks))
    meaning = MEANING if expectations is None else {**MEANING, **WATCHED}
    remarks = [replace(remark, explanation=remark.explanation or meaning.get(remark.code, "")) for remark in remarks]
    remarks.sort(key=lambda remark: -worst_rank(remark.status))
    reference = (
        _reference(look, groups, names) if expectations is None else _nearest(expectations.allowed.ns_sets, groups)
    )
    status = worst(remark.status for remark in remarks)
    summary = remarks[0].sentence if remarks else _in_order(look, reference, found, watched=entry is not None)
    more = sum(remark.status is not Status.OK for remark in remarks[1:])
    summary += f" (and {words.number(more, 'other finding')})" if more else ""
    if look.interception is not None:
        status = Status.UNKNOWN
        summary = (
            "this network intercepts DNS, so nothing seen from here can be trusted: "
            f"{look.interception.reason}, asked at {look.interception.server}"
        )
    sets = None if expectations is None else expectations.allowed.ns_sets
    # What stands behind a bar is performance data.
    return Verdict(status, summary.replace("|", "!"), tuple(remarks), reference, sets, found)


def _moved(remarks: Iterable[Remark]) -> set[str]:
    """Return the hosts of which a finding tells that they are at other addresses than approved."""
    rows = [row for remark in remarks if remark.code in ADDRESS_CODES for row in remark.detail.get("hosts", ())]
    return {row["host"] for row in rows}


def worst_rank(status: Status) -> int:
    """Return a number that is greater the worse a status is."""
    return (Status.OK, Status.UNKNOWN, Status.WARNING, Status.CRITICAL).index(status)


def _nobody_says(look: Look) -> Remark:
    zone = words.zone(look.zone)
    hidden = [answer for answer in look.parents if answer.result == Result.NOT_VISIBLE.value]
    if hidden:
        why = f"the servers of {zone} answer for {words.host(look.domain)} itself, so its delegation can't be seen"
    elif look.parents:
        why = f"no server of {zone} says what the delegation is: {words.reasons(look.parents)}"
    else:
        why = f"no server of {zone} has an address that could be found out"
    return Remark("delegation_unknown", Status.UNKNOWN, why, servers=look.parents)


def _servers_that_fail(look: Look) -> Iterable[Remark]:
    """Tell of delegated servers that answer for something else, and of a zone none of whose servers answers."""
    delegated = {host for hosts in gives(look.parents) for host in hosts}
    asked = [answer for answer in look.children if answer.host in delegated and not untestable(answer)]
    lame = [answer for answer in asked if is_lame(answer)]
    if lame:
        said = "; ".join(f"{words.host(answer.host)}: {_why(answer)}" for answer in lame[:3])
        count = len({answer.host for answer in lame})
        more = f" and {len(lame) - 3} more" if len(lame) > 3 else ""
        does = "does not serve" if count == 1 else "do not serve"
        sentence = f"{words.number(count, 'delegated name server')} {does} the zone ({said}{more})"
        why = DANGLING if any(answer.facts is None for answer in lame) else ""
        yield Remark("nameserver_lame", Status.WARNING, sentence, servers=tuple(lame), explanation=why)
    elif asked and not any(answer.apex is not None for answer in asked):
        count = len(delegated)
        which = f"none of the zone's {count} delegated name servers" if count > 1 else "not even its one name server"
        sentence = f"{which} answers from here"
        yield Remark("nameservers_unreachable", Status.WARNING, sentence, servers=tuple(asked))


def is_lame(answer: ServerAnswer) -> bool:
    """Whether a server answers but not for the zone, or its host certainly has no address."""
    if answer.facts is None:
        return not answer.address and answer.note in _GONE
    return answer.facts.result in LAME


def _why(answer: ServerAnswer) -> str:
    return answer.note if answer.facts is None else words.result(answer)


def _reference(look: Look, groups: Iterable[frozenset[str]], names: Iterable[Remark]) -> frozenset[str]:
    """Return what most of the parent's servers give or, where names in it imitate others, the set of those others."""
    hosts = next(iter(groups), frozenset[str]())
    imitating = frozenset(host for remark in names for host in remark.seen)
    imitated = frozenset(host for remark in names for host in remark.expected)
    if not imitated:
        return hosts
    genuine = [answer.apex for answer in (*look.children, *look.resolvers) if answer.apex]
    known = (apex for apex in genuine if apex & imitated and not apex & imitating)
    return frozenset().union(hosts - imitating, imitated, *known)


def _nearest(sets: Sequence[frozenset[str]], given: Iterable[frozenset[str]]) -> frozenset[str]:
    """Return the approved set that is given, or else the one that is most like what is given."""
    first = next(iter(given), frozenset[str]())
    return max(sets, key=lambda each: (each == first, len(each & first)))


def _in_order(look: Look, reference: frozenset[str], found: Sequence[Compared], *, watched: bool) -> str:
    hosts = {answer.host for answer in look.parents}
    heard = {answer.host for answer in look.parents if answer.delegated is not None}
    silent = [answer for answer in look.parents if answer.host not in heard]
    zone, where = words.zone(look.zone), words.count_of(len(heard), len(hosts))
    missing = f" ({words.reasons(silent)})" if silent else ""
    heard_resolvers = sum(answer.apex is not None for answer in look.resolvers)
    cached = f" and {words.number(heard_resolvers, 'resolver')}" if heard_resolvers else ""
    if watched:
        rest = ", and its servers give what is approved" if any(each.watched for each in found) else ""
        rest = rest.replace("its servers", f"its servers{cached}")
        return f"{zone} gives the {words.number(len(reference), 'approved name server')} {where}{missing}{rest}"
    agree = any(answer.apex == reference for answer in look.children)
    what = words.number(len(reference), "name server")
    agrees = f"the zone{cached} {'agree' if cached else 'agrees'}" if agree else "the zone was not heard"
    return f"{zone} gives the same {what} {where}{missing}, and {agrees}"
