"""Which findings of different domains are one cause's work: the key that they share (`Finding.common`).

A key names what was changed, or what fails, and nothing of the domain that was hit by it: the strangers that a
delegation leads to, the operators that do not answer, the values that somebody put in place of others.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from nswatch import names
from nswatch.expect.matching import canonical
from nswatch.judge.correlate import story_of
from nswatch.judge.policy import Cause
from nswatch.judge.route53 import parse
from nswatch.model import Finding, Severity

_DELEGATED = frozenset({"delegation_changed", "nameserver_lookalike", "route53_mismatch"})
_FAILURES = ("dnssec ", "nameserver_lame: ", "nameservers_unreachable: ")
_OF_REGISTRAR = frozenset({"registration_status_changed", "registration_touched"})


def with_common(findings: Iterable[Finding], registrars: frozenset[str]) -> list[Finding]:
    """Return the findings with their keys, where their rules gave none; ``registrars`` as of `registrars_of`."""
    found = list(findings)
    delegated = next((_delegated(finding) for finding in found if finding.code == "delegation_changed"), "")
    return [
        finding if finding.common else replace(finding, common=_key(finding, delegated, registrars))
        for finding in found
    ]


def keys_of(findings: Sequence[Finding]) -> tuple[str, ...]:
    """Return the keys of what pages in one cause: who shares all of them was hit by the same. None where a part is own.

    Where the delegation itself leads elsewhere, that is all there is to it: the rest is what strangers make of it.
    """
    urgent = [finding for finding in findings if finding.severity is Severity.PAGE]
    departed = [finding.common for finding in urgent if finding.code in _DELEGATED]
    keys = departed or [finding.common for finding in urgent]
    return tuple(sorted(set(keys))) if keys and all(keys) else ()


def is_failure(key: str) -> bool:
    """Whether a key names something that fails, and not what somebody changed."""
    return key.startswith(_FAILURES)


def _key(finding: Finding, delegated: str, registrars: frozenset[str]) -> str:
    if finding.code in _DELEGATED:
        return delegated
    if finding.code in _OF_REGISTRAR:
        return _joined("registration", registrars)
    rule = _RULES.get(finding.code)
    return rule(finding) if rule is not None else ""


def _delegated(finding: Finding) -> str:
    """Return the key of a departed delegation: the strangers' own domains, else what is missing, and from which parent.

    One registrar's account holds domains of many TLDs, so that strangers alone are one cause's work.
    """
    seen, expected = set(finding.seen), set(finding.expected)
    strangers = {host if host.startswith("(") else names.registrable(host) for host in seen - expected}
    if strangers:
        return _joined("delegation", strangers)
    parent = str(finding.detail.get("parent", ""))
    return _joined("delegation", (f"of {parent}", *(f"without {host}" for host in expected - seen)) if seen
                   else (f"of {parent}", "gone"))  # fmt: skip


def operator_of(host: str) -> str:
    """Return who runs a name server, as far as its name tells: Route 53, or its registrable domain."""
    return "Route 53" if parse(host) is not None else names.registrable(host)


def _operators(finding: Finding) -> str:
    hosts = (str(row["host"]) for row in _rows(finding.detail, "servers") if row.get("host"))
    return _joined(finding.code, map(operator_of, hosts))


def _places(finding: Finding) -> str:
    """Return the key of the addresses to which approved name servers have moved, whoever says so."""
    moved = _rows(finding.detail, "hosts")
    new = {str(address) for row in moved for address in row.get("seen", ()) if address not in row.get("expected", ())}
    return _joined("at", new)


def _keys_gone(finding: Finding) -> str:
    return _joined("ds", finding.seen or (f"of {finding.detail.get('parent', '')}", "gone"))


def _content(finding: Finding) -> str:
    """Return the key of changed data; what strangers serve is their delegation's, which has a key of its own."""
    return "" if story_of(finding) is Cause.DELEGATION else _foreign(finding)


def _foreign(finding: Finding) -> str:
    """Return the key of the values that are seen in place of the expected ones, each with its type."""
    found = set()
    for rrset in _rows(finding.detail, "rrsets"):
        expected = {canonical(str(value)) for value in rrset.get("expected", ())}
        seen = {str(value) for row in _rows(rrset, "answers") for value in row.get("seen", ())}
        foreign = {value for value in seen if canonical(value) not in expected}
        found |= {f"{rrset.get('type', '')} {value}" for value in foreign}
    return _joined("data", found)


def _missing(finding: Finding) -> str:
    """Return the key of what is gone: which types, at which operators."""
    rrsets = _rows(finding.detail, "rrsets")
    hosts = {str(host) for rrset in rrsets for row in _rows(rrset, "answers") for host in row.get("hosts", ())}
    types = {str(rrset.get("type", "")) for rrset in rrsets}
    return _joined("missing", (*types, *map(operator_of, hosts))) if hosts else ""


def _issuers(finding: Finding) -> str:
    """Return the key of the certificates that sites show: a CDN orders those of all customers from one authority."""
    return _joined("certificate", (str(row.get("issuer", "")) for row in _rows(finding.detail, "answers")))


def _rows(detail: Mapping[str, Any], name: str) -> list[Mapping[str, Any]]:
    rows = detail.get(name)
    return [row for row in rows if isinstance(row, Mapping)] if isinstance(rows, list | tuple) else []


def _joined(kind: str, parts: Iterable[str]) -> str:
    told = sorted({part for part in parts if part})
    return f"{kind}: {', '.join(told)}" if told else ""


_RULES: Mapping[str, Callable[[Finding], str]] = {
    "ds_changed": _keys_gone,
    "registrar_changed": lambda finding: _joined("registrar", finding.seen),
    "answer_missing": _missing,
    "certificate_changed": _issuers,
    "nameserver_domain_available": lambda finding: _joined("available", finding.seen),
    **dict.fromkeys(("glue_changed", "nameserver_address_changed"), _places),
    **dict.fromkeys(("nameserver_lame", "nameservers_unreachable"), _operators),
    **dict.fromkeys(("soa_changed", "mx_changed", "cname_changed", "address_changed"), _content),
    **dict.fromkeys(("resolvers_disagree", "regions_disagree", "route53_drift"), _foreign),
}
