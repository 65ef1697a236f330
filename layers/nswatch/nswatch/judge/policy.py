"""How urgent each finding code is by itself, and which story it belongs to: policy as data.

Rules emit codes; this table says what a code means for people. `severity` of a watchlist entry overrides the first
column for one domain. The table is the one of the scenario format, which is part of the product's interface.
"""

from collections.abc import Mapping
from datetime import timedelta
from enum import StrEnum
from typing import NamedTuple

from nswatch.model import Severity


class Cause(StrEnum):
    """What one story is about. Findings of one cause are one part of one incident."""

    DELEGATION = "delegation"
    ZONE_CONTENT = "zone content"
    AVAILABILITY = "availability"
    CACHES = "caches"
    REGISTRATION = "registration"
    REGISTRAR = "registrar"
    CERTIFICATE = "certificate"
    VANTAGE = "vantage"
    MONITOR = "monitor"


class Policy(NamedTuple):
    """``severity`` is the code's own where its rule does not grade by kind (then it is the most urgent one)."""

    severity: Severity
    cause: Cause


_PAGE, _NOTICE, _LOG = Severity.PAGE, Severity.NOTICE, Severity.LOG

POLICY: Mapping[str, Policy] = {
    "delegation_changed": Policy(_PAGE, Cause.DELEGATION),
    "nameserver_lookalike": Policy(_PAGE, Cause.DELEGATION),
    "route53_mismatch": Policy(_PAGE, Cause.DELEGATION),
    "glue_changed": Policy(_PAGE, Cause.DELEGATION),
    "nameserver_address_changed": Policy(_PAGE, Cause.DELEGATION),
    "ds_changed": Policy(_PAGE, Cause.DELEGATION),
    "parent_child_mismatch": Policy(_NOTICE, Cause.DELEGATION),
    "soa_changed": Policy(_PAGE, Cause.ZONE_CONTENT),
    "mx_changed": Policy(_PAGE, Cause.ZONE_CONTENT),
    "cname_changed": Policy(_PAGE, Cause.ZONE_CONTENT),
    "address_changed": Policy(_PAGE, Cause.ZONE_CONTENT),
    "txt_changed": Policy(_NOTICE, Cause.ZONE_CONTENT),
    "ttl_changed": Policy(_NOTICE, Cause.ZONE_CONTENT),
    "answer_missing": Policy(_PAGE, Cause.ZONE_CONTENT),
    "route53_drift": Policy(_PAGE, Cause.ZONE_CONTENT),
    "nameserver_lame": Policy(_PAGE, Cause.AVAILABILITY),
    "nameservers_unreachable": Policy(_PAGE, Cause.AVAILABILITY),
    "dnssec_bogus": Policy(_PAGE, Cause.AVAILABILITY),
    "resolvers_disagree": Policy(_PAGE, Cause.CACHES),
    "regions_disagree": Policy(_PAGE, Cause.CACHES),
    "registration_status_changed": Policy(_PAGE, Cause.REGISTRATION),
    "registration_expiring": Policy(_PAGE, Cause.REGISTRATION),
    "registration_touched": Policy(_NOTICE, Cause.REGISTRATION),
    "nameserver_domain_available": Policy(_PAGE, Cause.REGISTRATION),
    "nameserver_lookalike_registered": Policy(_NOTICE, Cause.REGISTRATION),
    "registrar_changed": Policy(_PAGE, Cause.REGISTRAR),
    "certificate_changed": Policy(_PAGE, Cause.CERTIFICATE),
    "certificate_unordered": Policy(_NOTICE, Cause.CERTIFICATE),
    "vantage_silent": Policy(_PAGE, Cause.VANTAGE),
    "latency_shifted": Policy(_LOG, Cause.CACHES),
    "monitor_blind": Policy(_PAGE, Cause.VANTAGE),
    "hub_silent": Policy(_NOTICE, Cause.MONITOR),
    "collector_silent": Policy(_NOTICE, Cause.MONITOR),
    "trail_silent": Policy(_NOTICE, Cause.MONITOR),
    "topic_unconfirmed": Policy(_PAGE, Cause.MONITOR),
    "dead_letters": Policy(_NOTICE, Cause.MONITOR),
}


_DELEGATION = frozenset(code for code, policy in POLICY.items() if policy.cause is Cause.DELEGATION)

EVENTS = frozenset({"registration_touched", "certificate_unordered", "nameserver_lookalike_registered"})
"""Codes that say what happened once, and are active for a while after it: nothing that could stand, or be mended."""

DNS_SIGNALS = _DELEGATION | frozenset(
    code for code, policy in POLICY.items() if policy.cause is Cause.ZONE_CONTENT and code != "route53_drift"
)
"""Codes that say that the DNS of a domain departs from what is approved, as the DNS itself shows it."""

MOVED = _DELEGATION - {"ds_changed", "parent_child_mismatch"} | {"address_changed", "cname_changed"}
"""Codes that say that people are led to other servers than the approved ones."""

SIBLING_SIGNALS = DNS_SIGNALS | {"route53_drift", "registrar_changed"}
"""Codes that, where they page for one domain, make one doubt what happens to its siblings at the same registrar."""


class Raising(NamedTuple):
    """What makes a code more urgent than it is alone, and part of another code's story.

    ``by`` are the codes beside which it pages and joins their story, where both began at most ``within`` apart (None:
    however far). What pages by itself joins it only where both began at most ``together`` apart: what comes later is
    news of its own cause. ``by_siblings``: it also pages while a `SIBLING_SIGNALS` of another domain at the same
    registrar does.
    """

    by: frozenset[str]
    within: timedelta | None = None
    together: timedelta | None = None
    by_siblings: bool = False


_ONE_MOMENT = timedelta(minutes=20)
"""A registration is looked at every ten minutes, so that what happened with something else is seen so soon after it."""

_TOUCH = Raising(DNS_SIGNALS, timedelta(hours=48), _ONE_MOMENT, by_siblings=True)
_CERTIFICATE = Raising(MOVED)

RAISED: Mapping[str, Raising] = {
    "registration_touched": _TOUCH,
    "registration_status_changed": _TOUCH,
    "certificate_unordered": _CERTIFICATE,
    "certificate_changed": _CERTIFICATE,
}
"""By code. Nothing raises a code that is not here: `latency_shifted` never pages, nor holds back a page of others.

What a watchlist entry says of a code's severity stands, whatever comes together.
"""


def severity_of(code: str, overrides: Mapping[str, Severity], graded: Severity | None = None) -> Severity:
    """Return the severity of a finding: the domain's override, else what its rule graded, else the policy's."""
    return overrides.get(code) or graded or POLICY[code].severity
