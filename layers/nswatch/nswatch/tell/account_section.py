"""Whether a change was made in one's own AWS account, and by whom, as CloudTrail tells.

It says "made in your account" only of a call that changes what the findings are about: a certificate's TXT record
that is renewed at that time changes no name servers. It says "not made" only where nothing of that kind could have
been missed: it would have been made in this account, and CloudTrail was heard before, during and after. All else is
told as not known, or not at all.
"""

from collections.abc import Iterable
from datetime import datetime, timedelta

from nswatch.expect.watchlist import DomainEntry
from nswatch.judge.policy import Cause
from nswatch.model import Finding
from nswatch.respond.incident import Incident
from nswatch.tell import details, harmless, times
from nswatch.tell.case import ACCOUNT_BEFORE, AskAccount, Case
from nswatch.tell.evidence import paragraph
from nswatch.trail import CHANGE_RECORDS, GAP, LATE, REGISTRATIONS, ZONES, Account, Call, Heard, registered

ZONE_BEFORE = timedelta(hours=1)
"""A changed record is on all servers of Route 53 within minutes; a registration takes longer to reach the parent."""
SKEW = timedelta(minutes=1)
"""So much two clocks may differ: a call that is later than the first sighting by more is an answer to it."""

_MOST = 3
_SERVICES = {ZONES: "Route 53", REGISTRATIONS: "Route 53 Domains"}
_AT_PARENT = frozenset({"delegation_changed", "nameserver_lookalike", "route53_mismatch", "glue_changed"})
_OF_HOSTS = _AT_PARENT - {"glue_changed"}
_DS = frozenset({"ds_changed", "dnssec_bogus"})
_REGISTRATION = frozenset({"registrar_changed", "registration_status_changed", "registration_touched"})
_ZONE = frozenset(
    {"soa_changed", "mx_changed", "cname_changed", "address_changed", "txt_changed", "answer_missing", "ttl_changed"}
    | {"nameserver_address_changed", "route53_drift"}
)
_MADE_BY_CALLS = _AT_PARENT | _DS | _REGISTRATION | _ZONE
_OF_FORGED = _ZONE - {"nameserver_address_changed"} | {"dnssec_bogus"}
"""What is told beside another delegation is what other servers serve: no call to the zone has made that."""
_ANY_RECORD = "records"
"""The type by which `route53_drift` tells of records that the watchlist does not mention."""
_OF_SERVERS = frozenset(
    {"UpdateDomainNameservers", "TransferDomain", "RegisterDomain", "DeleteDomain"}
    | {"TransferDomainToAnotherAwsAccount", "AcceptDomainTransferFromAnotherAwsAccount"}
)
_OF_NOTHING = frozenset(
    {"UpdateTagsForDomain", "DeleteTagsForDomain", "ResendContactReachabilityEmail", "ResendOperationAuthorization"}
)
"""What changes nothing that a registry knows."""
_OF_DS = frozenset({"AssociateDelegationSignerToDomain", "DisassociateDelegationSignerFromDomain"})
_OF_KEYS = frozenset(
    {"EnableHostedZoneDNSSEC", "DisableHostedZoneDNSSEC", "CreateKeySigningKey", "DeleteKeySigningKey"}
    | {"ActivateKeySigningKey", "DeactivateKeySigningKey"}
)
_ADDRESSES = frozenset({"A", "AAAA", "CNAME"})
_OF_POLICIES = frozenset({"CreateTrafficPolicyInstance"})
_NO_POLICY = frozenset({"NS", "SOA"})
"""Types that no traffic policy gives."""


def section(case: Case) -> list[str]:
    """Return what CloudTrail says of the case, as lines; nothing where it has nothing to say."""
    if case.entry is None:
        return []
    about = [finding for finding in case.findings if _is_about(case, finding)]
    ours = bool(about) and all(_is_ours(finding, case.entry) for finding in about)
    if case.account is None:
        lines = paragraph(case.say("account_unknown"), "  ") if ours else []
    else:
        lines = _told(case, case.account, about, ours=ours)
    return ["", case.language.labels["account"], *lines] if lines else []


def _told(case: Case, account: Account, about: list[Finding], *, ours: bool) -> list[str]:
    zone = (case.entry and case.entry.delegation.hosted_zone) or ""
    made = [call for call in account.calls if any(explains(call, finding, zone) for finding in about)]
    recent = case.since - ZONE_BEFORE
    beside = [
        call for call in account.calls if call not in made and (call.service == REGISTRATIONS or call.at >= recent)
    ]
    lines = _listed(case, "account_made", made)
    if not made and ours and not any(_may_explain(call, about) for call in beside):
        lines = _not_made(case, account, about)
    return lines + _listed(case, "account_beside", beside)


def lines_about(incident: Incident, entry: DomainEntry | None, now: datetime, ask: AskAccount) -> list[str]:
    """Return the same of an incident as it is ``now``, without the heading; nothing where no message tells of it."""
    return section(Case(incident.messages[-1], incident, entry, now, ask))[2:] if incident.messages else []


def _is_about(case: Case, finding: Finding) -> bool:
    """Whether calls about the domain could have made what a finding tells."""
    if finding.residual or finding.code not in _MADE_BY_CALLS:
        return False
    if case.state is not None and case.state.cause is Cause.DELEGATION and finding.code in _OF_FORGED:
        return False
    return finding.code not in _REGISTRATION or registered(finding.subject) in _registrations(finding)


def _is_ours(finding: Finding, entry: DomainEntry) -> bool:
    """Whether this account's calls would tell of it: the zone is here, or the registration, as far as is known."""
    zone = entry.delegation.hosted_zone is not None and entry.delegation.role_arn is None
    if finding.code in _ZONE or entry.registrar is None:
        return zone
    return entry.registrar.role_arn is None and (zone or finding.code != "dnssec_bogus")


def _could_tell(finding: Finding, entry: DomainEntry | None) -> set[str]:
    """Return the services one of whose calls would have made it; Domains counts where the registration is there."""
    registered_here = entry is not None and entry.registrar is not None
    return {ZONES} | ({REGISTRATIONS} if registered_here and finding.code not in _ZONE else set())


def explains(call: Call, finding: Finding, zone: str) -> bool:
    """Whether a call can have made what a finding tells; ``zone`` is the id of the domain's own hosted zone, if known.

    One that was refused has made nothing, and neither has one that came after.
    """
    if call.error or call.at > finding.since + SKEW:
        return False
    if call.service == REGISTRATIONS:
        return _by_registration(call, finding)
    if call.at < finding.since - ZONE_BEFORE:
        return False
    if finding.code in _AT_PARENT or finding.code == "ds_changed":
        # What the zone itself says of its servers is not what the parent gives. The parent may be a zone here, too,
        # unless it is a registry's.
        below = finding.subject != registered(finding.subject)
        return below and call.zone != zone and _changes(call, _at_parent(finding))
    return _in_zone(call, finding) and not (zone and call.zone and call.zone != zone)


def _may_explain(call: Call, about: Iterable[Finding]) -> bool:
    """Whether a call that names no zone can have made it all the same: then it is told, and nothing is denied."""
    return not call.error and call.touches_any_zone and any(_by_policy(finding) for finding in about)


def _by_policy(finding: Finding) -> bool:
    """Whether traffic policies and health checks can make what a finding tells."""
    return finding.code in _ZONE and any(type_ not in _NO_POLICY for _, type_ in _rrsets(finding))


def _by_registration(call: Call, finding: Finding) -> bool:
    if finding.code in _REGISTRATION:
        return call.domain in _registrations(finding) and call.name not in _OF_NOTHING
    names = _OF_SERVERS if finding.code in _AT_PARENT else _OF_SERVERS | _OF_DS if finding.code in _DS else frozenset()
    return call.domain == finding.subject and call.name in names and _gives(call, finding)


def _gives(call: Call, finding: Finding) -> bool:
    """Whether the name servers that a call set can be those that were seen; True where it does not tell them."""
    seen, expected = set(finding.seen), set(finding.expected)
    if not call.servers or finding.code not in _OF_HOSTS:
        return True
    return bool((seen - expected) & set(call.servers)) or seen == set(call.servers)


def _registrations(finding: Finding) -> tuple[str, ...]:
    """Return the registered domains that a finding is about; others than the domain's own are its name servers'."""
    return details.texts(finding.detail.get("names")) or (registered(finding.subject),)


def _at_parent(finding: Finding) -> set[tuple[str, str]]:
    if finding.code == "glue_changed":
        return {(name, type_) for name, type_, _ in finding.values}
    return {(finding.subject, "DS" if finding.code == "ds_changed" else "NS")}


def _in_zone(call: Call, finding: Finding) -> bool:
    if finding.code == "dnssec_bogus":
        return call.name in _OF_KEYS
    if finding.code not in _ZONE:
        return False
    if call.name == "DeleteHostedZone" or call.more > 0:
        return True
    if call.name in _OF_POLICIES:
        return _by_policy(finding)
    wanted = _rrsets(finding)
    return _changes(call, wanted) or (call.name == CHANGE_RECORDS and _ANY_RECORD in {type_ for _, type_ in wanted})


def _rrsets(finding: Finding) -> set[tuple[str, str]]:
    told = {(rrset.name, rrset.type) for rrset in details.rrsets(finding)}
    return told | {(name, type_) for name, type_, _ in finding.values}


def _changes(call: Call, wanted: Iterable[tuple[str, str]]) -> bool:
    return any(
        (type_ == wanted_type or {type_, wanted_type} <= _ADDRESSES)
        and (name == wanted_name or (name.startswith("*.") and wanted_name.endswith(name[1:])))
        for _, name, type_ in call.records
        for wanted_name, wanted_type in wanted
    )


def _not_made(case: Case, account: Account, about: list[Finding]) -> list[str]:
    """Return that the account's calls did not make it, as firmly as can be known."""
    services = {service for finding in about for service in _could_tell(finding, case.entry)}
    silent = sorted(services - account.heard.keys())
    if silent:
        names = " and ".join(_SERVICES[service] for service in silent)
        return paragraph(case.say("account_silent", services=names), "  ")
    known = [account.heard[service] for service in services]
    heard = Heard(min(each.at for each in known), max(each.since for each in known))
    since = min(finding.since for finding in about)
    if case.now - heard.at > GAP:
        return paragraph(case.say("account_unheard", at=times.utc(heard.at)), "  ")
    if not account.complete or heard.since > since - ZONE_BEFORE:
        return []
    begun = max(heard.since, since - ACCOUNT_BEFORE)
    latest = max(finding.since for finding in about)
    firm = case.now - latest >= LATE and heard.at >= latest
    phrase = "account_not_made" if firm else "account_not_yet"
    return paragraph(case.say(phrase, begun=times.utc(begun), id=case.id), "  ")


def _listed(case: Case, phrase: str, calls: list[Call]) -> list[str]:
    blocks = [paragraph(_call(case, phrase, call), "    ", "  - ") for call in calls[:_MOST]]
    lines = [line for block in blocks for line in block]
    return [*lines, f"    {case.say('more', n=len(calls) - _MOST)}"] if len(calls) > _MOST else lines


def _call(case: Case, phrase: str, call: Call) -> str:
    who = harmless.value(call.actor, 160) if call.actor else case.say("account_nobody")
    session = case.say("account_session", session=harmless.value(call.session, 64)) if call.session else ""
    source = case.say("account_from", source=harmless.value(call.source, 45)) if call.source else ""
    refused = case.say("account_refused", error=harmless.value(call.error, 60)) if call.error else ""
    return case.say(
        phrase,
        who=who + session,
        at=_moment(call),
        what=harmless.value(call.name, 64) + _records(case, call),
        source=source,
        refused=refused,
    )


def _moment(call: Call) -> str:
    """Return when, and the source's own words for it where they are others."""
    said = times.utc(call.at)
    plain = f"{call.at:%Y-%m-%dT%H:%M:%SZ}"
    return said if call.said == plain else f"{said} ({harmless.value(call.said, 40)})"


def _records(case: Case, call: Call) -> str:
    named = tuple(f"{type_} {name}" for _, name, type_ in call.records)
    if not named:
        return (
            f" {harmless.name(call.domain)}"
            if call.domain
            else f" {harmless.value(call.zone, 40)}"
            if call.zone
            else ""
        )
    shown = [harmless.value(each, 90) for each in named[:2]]
    left = len(named) - len(shown) + call.more
    return f" {', '.join(shown)}" + (f" {case.say('more', n=left)}" if left else "")
