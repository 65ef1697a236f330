"""A check as JSON: one object a domain. docs/check.md says what every key holds; keys are added, never changed."""

from collections.abc import Sequence
from typing import Any

from nswatch.model import Result
from nswatch.moments import iso
from nswatch_cli.check.values import Compared, Look, Remark, ServerAnswer, Verdict, gives

Json = dict[str, Any]
_NAMES = frozenset({Result.REFERRAL, Result.ANSWER})


def record(look: Look, verdict: Verdict) -> Json:
    """Return the JSON object of one check."""
    delegated = {host for hosts in gives(look.parents) for host in hosts}
    approved = frozenset[str]().union(*(verdict.approved or ()))
    seen_by = look.interception
    return {
        "domain": look.domain,
        "status": verdict.status.name.lower(),
        "code": int(verdict.status),
        "summary": verdict.summary,
        "at": iso(look.at),
        "seconds": round(look.seconds, 3),
        "interception": {"server": seen_by.server, "reason": seen_by.reason} if seen_by is not None else None,
        "approved": [sorted(hosts) for hosts in verdict.approved] if verdict.approved is not None else None,
        "parent": {"zone": look.zone, "servers": [_answer(each) | {"ds": _ds(each)} for each in look.parents]},
        "child": [
            _answer(each) | {"delegated": each.host in delegated, "approved": each.host in approved}
            for each in look.children
        ],
        "resolvers": [_answer(each) for each in look.resolvers],
        "records": [_record(each) for each in verdict.compared],
        "addresses": [
            {
                "host": each.host,
                "found": list(each.addresses),
                "result": each.result.value,
                "glue": list(look.glue.get(each.host, ())),
            }
            for each in look.hosts
        ],
        "ipv6": look.ipv6,
        "findings": [_finding(remark) for remark in verdict.remarks],
    }


def _answer(answer: ServerAnswer) -> Json:
    facts = answer.facts
    return {
        "host": answer.host or None,
        "address": answer.address or None,
        "transport": answer.transport.value if answer.transport is not None else None,
        "result": answer.result,
        "ns": list(facts.values) if facts is not None and facts.result in _NAMES else [],
        "values": list(facts.values) if facts is not None else [],
        "aliases": list(facts.aliases) if facts is not None else [],
        "ttl": facts.ttl if facts is not None else None,
        "ms": round(answer.ms, 3) if answer.ms is not None else None,
        "note": answer.note,
    }


def _record(each: Compared) -> Json:
    record = each.record
    marks = {answer: group.mark.name.lower() for group in each.groups for answer in (*group.servers, *group.resolvers)}

    def told(answers: Sequence[ServerAnswer]) -> list[Json]:
        plain = ({key: value for key, value in _answer(answer).items() if key != "ns"} for answer in answers)
        return [row | {"mark": marks.get(answer)} for row, answer in zip(plain, answers, strict=True)]

    return {
        "name": record.qname,
        "type": record.qtype,
        "watched": each.watched,
        "expected": list(each.expected),
        "servers": told(record.servers),
        "resolvers": told(record.resolvers),
    }


def _ds(answer: ServerAnswer) -> list[str] | None:
    return list(answer.facts.ds) if answer.facts is not None and answer.facts.ds is not None else None


def _finding(remark: Remark) -> Json:
    return {
        "code": remark.code,
        "status": remark.status.name.lower(),
        "severity": _severity(remark),
        "summary": remark.sentence,
        "explanation": remark.explanation,
        "expected": list(remark.expected),
        "seen": list(remark.seen),
        "servers": [{"host": each.host or None, "address": each.address or None} for each in remark.servers],
        "detail": dict(remark.detail),
    }


def _severity(remark: Remark) -> str | None:
    """Return how the product tells it; None for what only a check says."""
    return remark.finding.severity.value if remark.finding is not None else None
