"""The stable names of what can be found: part of the product's interface, which policies and tests hold on to.

Each default severity is data of the judge's policy; here are only the names.
"""

from enum import StrEnum


class Code(StrEnum):
    """Every finding code, in the order of the table that describes them."""

    DELEGATION_CHANGED = "delegation_changed"
    NAMESERVER_LOOKALIKE = "nameserver_lookalike"
    ROUTE53_MISMATCH = "route53_mismatch"
    GLUE_CHANGED = "glue_changed"
    NAMESERVER_ADDRESS_CHANGED = "nameserver_address_changed"
    DS_CHANGED = "ds_changed"
    SOA_CHANGED = "soa_changed"
    MX_CHANGED = "mx_changed"
    CNAME_CHANGED = "cname_changed"
    ADDRESS_CHANGED = "address_changed"
    RESOLVERS_DISAGREE = "resolvers_disagree"
    REGIONS_DISAGREE = "regions_disagree"
    REGISTRAR_CHANGED = "registrar_changed"
    NAMESERVER_DOMAIN_AVAILABLE = "nameserver_domain_available"
    NAMESERVER_LAME = "nameserver_lame"
    ANSWER_MISSING = "answer_missing"
    NAMESERVERS_UNREACHABLE = "nameservers_unreachable"
    DNSSEC_BOGUS = "dnssec_bogus"
    CERTIFICATE_CHANGED = "certificate_changed"
    VANTAGE_SILENT = "vantage_silent"
    REGISTRATION_STATUS_CHANGED = "registration_status_changed"
    REGISTRATION_EXPIRING = "registration_expiring"
    PARENT_CHILD_MISMATCH = "parent_child_mismatch"
    TXT_CHANGED = "txt_changed"
    TTL_CHANGED = "ttl_changed"
    ROUTE53_DRIFT = "route53_drift"
    REGISTRATION_TOUCHED = "registration_touched"
    CERTIFICATE_UNORDERED = "certificate_unordered"
    NAMESERVER_LOOKALIKE_REGISTERED = "nameserver_lookalike_registered"
    LATENCY_SHIFTED = "latency_shifted"
    MONITOR_BLIND = "monitor_blind"
    HUB_SILENT = "hub_silent"
    COLLECTOR_SILENT = "collector_silent"
    TRAIL_SILENT = "trail_silent"
    TOPIC_UNCONFIRMED = "topic_unconfirmed"
    DEAD_LETTERS = "dead_letters"


CODES: tuple[str, ...] = tuple(code.value for code in Code)
"""The same names as plain text."""
