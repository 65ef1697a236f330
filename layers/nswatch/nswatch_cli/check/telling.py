"""The product's findings in a sentence, where a check has no words of its own for them."""

from collections.abc import Mapping, Sequence
from typing import Any

from nswatch.model import Finding
from nswatch.tell import harmless
from nswatch_cli.check import words

_MOST = 3
_LIMIT = 480


def sentence_of(finding: Finding, domain: str) -> str:
    """Say what a finding holds: what, where, and the two sides."""
    match finding.code:
        case "glue_changed":
            told = _moved(finding, f"{words.zone(finding.detail.get('parent') or '.')}'s glue for {{host}} is {{seen}}")
        case "nameserver_address_changed":
            told = _moved(finding, "{host} leads to {seen}")
        case "parent_child_mismatch":
            told = _two_sides(finding)
        case "ttl_changed":
            rows = finding.detail["rrsets"]
            told = [f"{words.record(row['name'], row['type'], domain)} has a TTL of {row['seen']} s at "
                    f"{words.listed(row['hosts'])} (approved is {row['expected']} s)" for row in rows]  # fmt: skip
        case _:
            told = [_in_general(finding, domain)]
    return harmless.words(words.some(told, _MOST), _LIMIT)


def _moved(finding: Finding, form: str) -> list[str]:
    rows = finding.detail["hosts"]
    return [f"{form.format(host=words.host(row['host']), seen=', '.join(row['seen'][:_MOST]))} "
            f"(approved is {', '.join(row['expected'][:_MOST]) or 'none'}{_beside_route53(row)})"
            for row in rows]  # fmt: skip


def _beside_route53(row: Mapping[str, Any]) -> str:
    """Say of a Route 53 name server's address whether Route 53 has it, where the rule could tell."""
    if row.get("outside"):
        return "; it is outside of AWS's networks for Route 53"
    return "; it is in AWS's networks for Route 53" if row.get("inside") else ""


def _two_sides(finding: Finding) -> list[str]:
    zone = words.zone(finding.detail.get("parent") or ".")
    parent = frozenset(host for hosts in finding.detail["parent_gives"] for host in hosts)
    child = frozenset(finding.seen)
    names = words.listed({host for row in _answers(finding) for host in row["hosts"]})
    parts = [
        *([f"only {zone} names {words.hosts(parent - child)}"] if parent - child else []),
        *([f"only the zone (at {names}) names {words.hosts(child - parent)}"] if child - parent else []),
    ]
    return [f"{zone} and the zone itself differ: {'; '.join(parts) or f'at {names}'}"]


def _answers(finding: Finding) -> Sequence[dict[str, Any]]:
    return [answer for row in finding.detail["rrsets"] for answer in row["answers"]]


def _in_general(finding: Finding, domain: str) -> str:
    what = [words.record(qname, qtype, domain) for qname, qtype, _ in finding.values]
    subject = ", ".join(dict.fromkeys(what)) or finding.code.replace("_", " ")
    seen = words.some([harmless.shown(value) for value in finding.seen], _MOST, ", ")
    expected = words.some([harmless.shown(value) for value in finding.expected], _MOST, ", ")
    names = words.listed(name for each in finding.sightings if (name := each.server_name or each.server))
    where = f"{subject} at {names}" if names else subject
    sides = f"{seen or 'nothing'} (approved is {expected})" if expected else seen
    return f"{where}: {sides}" if sides else where
