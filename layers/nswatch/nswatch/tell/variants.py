"""Which variant of a code's words fits a finding: the same code is told apart by how the answer differs."""

import ipaddress
from collections.abc import Callable, Mapping

from nswatch.judge.policy import Cause
from nswatch.model import Finding, Severity
from nswatch.tell import details

_SPF = "v=spf1"


def variant(finding: Finding) -> str:
    """Return the variant's name, empty for the code's plain words."""
    rule = _RULES.get(finding.code)
    return rule(finding) if rule is not None else ""


def _of_vantage(finding: Finding) -> str:
    reporting, regions = details.count(finding, "reporting"), details.count(finding, "regions")
    known = reporting is not None and regions is not None
    return "blind" if known and (reporting or 0) * 2 <= (regions or 0) else "some"


def _of_canary(finding: Finding) -> str:
    missed, reporting = details.count(finding, "blind"), details.count(finding, "reporting")
    return "blind" if missed is not None and reporting is not None and missed * 2 >= reporting else ""


def _of_topic(finding: Finding) -> str:
    if finding.detail.get("alone") is True:
        return "unheard"
    return "nobody" if finding.detail.get("channel") == "page" and details.count(finding, "confirmed") == 0 else ""


def _of_lame(finding: Finding) -> str:
    if finding.detail.get("all") is True:
        return "all"
    return "one" if len({server.host or server.address for server in details.servers(finding)}) == 1 else ""


def _of_silent(finding: Finding) -> str:
    return "from" if details.regions(finding) else ""


def _of_addresses(finding: Finding) -> str:
    return "host" if details.moved(finding) else ""


def _of_ttl(finding: Finding) -> str:
    return "" if details.ttls(finding) else "unknown"


def _of_caches(finding: Finding) -> str:
    return "part" if finding.cause not in ("", "caches") else ""


def _of_delegation(finding: Finding) -> str:
    given = [row["seen"] for row in details.rows(finding, "answers") if isinstance(row.get("seen"), list | tuple)]
    kinds = {_kind_of_set(frozenset(map(str, seen)), frozenset(finding.expected)) for seen in given}
    kinds = kinds or {_kind_of_set(frozenset(finding.seen), frozenset(finding.expected))}
    return kinds.pop() if len(kinds) == 1 else "several"


def _kind_of_set(seen: frozenset[str], expected: frozenset[str]) -> str:
    if not seen:
        return "gone"
    if seen < expected:
        return "missing"
    return "extra" if seen > expected else "other"


def _of_content(finding: Finding) -> str:
    if details.is_forged(finding):
        return "forged"
    if finding.code == "answer_missing":
        return ""
    rrset = details.rrsets(finding)[0]
    if finding.code == "txt_changed":
        if missing_texts(rrset):
            return "missing"
        return "spf" if len(spf(rrset.seen)) > 1 and len(spf(rrset.expected)) <= 1 else ""
    return _compared(frozenset(rrset.seen), frozenset(rrset.expected))


def _of_ds(finding: Finding) -> str:
    if not finding.expected:
        return "extra" if finding.seen else ""
    return "" if finding.seen else "gone"


def _of_bogus(finding: Finding) -> str:
    if finding.detail.get("upstream"):
        return "upstream"
    return "" if details.rows(finding, "resolvers") or "chain" not in finding.detail else "ours"


def _of_served(finding: Finding) -> str:
    return "untrusted" if any(row.get("trusted") is False for row in details.rows(finding, "answers")) else ""


def _of_logged(finding: Finding) -> str:
    return "several" if len(details.rows(finding, "certificates")) > 1 else ""


def _of_registration(finding: Finding) -> str:
    return "sibling" if finding.cause == Cause.REGISTRAR else ""


def _of_drift(finding: Finding) -> str:
    first = details.rrsets(finding)[0].type
    if first == "zone":
        return "zone"
    return "urgent" if first in ("NS", "MX", "delegation-set") and finding.severity is Severity.PAGE else ""


def _of_parent_child(finding: Finding) -> str:
    return _compared(frozenset(finding.seen), frozenset(finding.expected))


def _compared(seen: frozenset[str], expected: frozenset[str]) -> str:
    kind = _kind_of_set(seen, expected)
    return kind if expected and kind in ("missing", "extra") else ""


def spf(values: tuple[str, ...]) -> tuple[str, ...]:
    """Return the SPF records among texts (RFC 7208 section 4.5)."""
    return tuple(text for text in values if text.lower().startswith(_SPF))


def missing_texts(rrset: details.RRset) -> tuple[str, ...]:
    """Return the approved strings that occur in no text that is seen."""
    return tuple(wanted for wanted in rrset.expected if not any(wanted in text for text in rrset.seen))


def departing(rrset: details.RRset) -> tuple[str, ...]:
    """Return the values that are seen and not approved, or where all are approved, all that are seen."""
    if rrset.type == "TXT":
        odd = [text for text in rrset.seen if not any(wanted in text for wanted in rrset.expected)]
    else:
        odd = [value for value in rrset.seen if value not in rrset.expected and holder(value, rrset.expected) is None]
    return tuple(odd) or rrset.seen


def holder(value: str, allowed: tuple[str, ...]) -> str | None:
    """Return the network (or address) of ``allowed`` that holds an address; AS numbers and services are not known."""
    try:
        address = ipaddress.ip_address(value)
    except ValueError:
        return None
    for item in allowed:
        try:
            if address in ipaddress.ip_network(item, strict=False):
                return item
        except ValueError:
            continue
    return None


_RULES: Mapping[str, Callable[[Finding], str]] = {
    "delegation_changed": _of_delegation,
    "vantage_silent": _of_vantage,
    "monitor_blind": _of_canary,
    "topic_unconfirmed": _of_topic,
    "nameserver_lame": _of_lame,
    "nameservers_unreachable": _of_silent,
    "ttl_changed": _of_ttl,
    "ds_changed": _of_ds,
    "dnssec_bogus": _of_bogus,
    "parent_child_mismatch": _of_parent_child,
    "route53_drift": _of_drift,
    **dict.fromkeys(("registration_touched", "registration_status_changed"), _of_registration),
    "certificate_changed": _of_served,
    "certificate_unordered": _of_logged,
    **dict.fromkeys(("glue_changed", "nameserver_address_changed"), _of_addresses),
    **dict.fromkeys(("resolvers_disagree", "regions_disagree"), _of_caches),
    **dict.fromkeys(("mx_changed", "soa_changed", "cname_changed", "address_changed"), _of_content),
    **dict.fromkeys(("txt_changed", "answer_missing"), _of_content),
}
