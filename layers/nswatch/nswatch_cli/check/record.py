"""A check as JSON: one object a domain.

::

    {"domain": "example.com",            canonical name
     "status": "critical",               ok, warning, critical or unknown
     "code": 2,                          the same as an exit status: 0, 1, 2, 3
     "summary": "com gives …",           the first line's sentence
     "at": "2026-11-22T22:00:00.000Z",   when the pass began (UTC)
     "seconds": 0.213,                   how long it took
     "interception": null,               or {"server": address, "reason": text}: then nothing here can be trusted
     "approved": [["ns1…", …], …],       the watchlist's sets at that moment, the current one first; null without one
     "parent": {"zone": "com", "servers": [ANSWER + "ds", …]},
     "child": [ANSWER + "delegated" + "approved", …],
     "findings": [{"code": "delegation_changed", "status": "critical", "summary": text,
                   "expected": [text, …], "seen": [text, …],
                   "servers": [{"host": name, "address": text}, …], "detail": {…}}, …]}

ANSWER is ``{"host", "address", "transport", "result", "ns", "ttl", "ms", "note"}``: ``address`` is null where the host
has none, ``transport`` is ``udp``, ``tcp`` or null, ``result`` one of `nswatch.model.Result` or ``no_address`` or
``not_asked``, ``ns`` the sorted names of a referral or an answer (else empty), ``ttl`` in seconds or null, ``ms`` in
milliseconds or null. ``ds`` is null when it is unknown, empty when the parent proves that there is none, else
``"tag algorithm digest-type digest"``. ``delegated`` and ``approved`` say whether the host is. Keys may be added later,
none is removed or changes its meaning.
"""

from typing import Any

from nswatch.model import Result
from nswatch.moments import iso
from nswatch_cli.check.values import Look, Remark, ServerAnswer, Verdict, gives

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
        "findings": [_finding(remark) for remark in verdict.remarks],
    }


def _answer(answer: ServerAnswer) -> Json:
    facts = answer.facts
    return {
        "host": answer.host,
        "address": answer.address or None,
        "transport": answer.transport.value if answer.transport is not None else None,
        "result": answer.result,
        "ns": list(facts.values) if facts is not None and facts.result in _NAMES else [],
        "ttl": facts.ttl if facts is not None else None,
        "ms": round(answer.ms, 1) if answer.ms is not None else None,
        "note": answer.note,
    }


def _ds(answer: ServerAnswer) -> list[str] | None:
    return list(answer.facts.ds) if answer.facts is not None and answer.facts.ds is not None else None


def _finding(remark: Remark) -> Json:
    return {
        "code": remark.code,
        "status": remark.status.name.lower(),
        "summary": remark.sentence,
        "expected": list(remark.expected),
        "seen": list(remark.seen),
        "servers": [{"host": each.host, "address": each.address or None} for each in remark.servers],
        "detail": dict(remark.detail),
    }
