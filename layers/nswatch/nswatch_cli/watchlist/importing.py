"""`nswatch watchlist import`: a first entry from a Route 53 hosted zone, for a person to read and approve."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any

import boto3
from botocore.exceptions import BotoCoreError, NoCredentialsError

from nswatch.collect.route53_access import AWS_ERRORS, CONFIG, MOST_PAGES, Access, failed, pages_of
from nswatch.collect.route53_records import ZoneRecords, owner_name, read_records
from nswatch.errors import InvalidDocument
from nswatch.expect.hosted_zone import aliased
from nswatch.expect.values import ADDRESSES, canonical, mname
from nswatch.judge.route53 import parse
from nswatch.model import Clock, Result
from nswatch.names import is_within
from nswatch_cli.document import Problem
from nswatch_cli.watchlist.canonical import moment
from nswatch_cli.watchlist.writing import Draft

if TYPE_CHECKING:
    from mypy_boto3_route53 import Route53Client

REGION = "us-east-1"
"""Where Route 53's interface is, for whoever has no region configured."""
_TYPES = ("A", "AAAA", "CNAME", "MX", "TXT")
_BROAD = frozenset({"EC2", "S3"})
_ONE_SET = frozenset({"MX", "TXT"})
"""Types that are expected as one set: of a routing policy's records a part would be a change."""


def access_of(profile: str | None, clock: Clock) -> "Access[Route53Client]":
    """Return how Route 53 is asked with a person's own credentials; raise InvalidDocument for a profile that is not."""
    try:
        session = boto3.Session(profile_name=profile)
    except BotoCoreError as error:
        raise _refused("--profile", f"cannot be used: {error}", "give one of your AWS configuration") from error

    def route53(region: str, assumed: Mapping[str, str]) -> "Route53Client":
        client: Route53Client = session.client("route53", region_name=region, config=CONFIG, **assumed)  # type: ignore[call-overload]
        return client

    return Access(
        session.region_name or REGION,
        clock,
        route53,
        lambda region: session.client("sts", region_name=region, config=CONFIG),
    )


def draft_of(access: "Access[Route53Client]", zone_id: str, role: str | None, now: datetime) -> Draft:
    """Return a draft of an entry from a hosted zone; raise InvalidDocument where it cannot be had."""
    try:
        client = access.client(role or "")
    except AWS_ERRORS as error:
        hint = "look whether it trusts you, and your own credentials"
        raise _refused("--role-arn" if role else "--profile", f"is refused: {failed(error)[1]}", hint) from error
    try:
        raw: Mapping[str, Any] = client.get_hosted_zone(Id=zone_id)
        told = raw["HostedZone"]
        domain = owner_name(told["Name"])
        documents = [] if told.get("Config", {}).get("PrivateZone") else _all_records(client, zone_id)
    except AWS_ERRORS as error:
        result, said = failed(error)
        if isinstance(error, NoCredentialsError):
            hint = "give --profile, set AWS_PROFILE, or sign in: aws sso login"
        elif result is Result.NXDOMAIN:
            hint = "give its id, like Z0123456789ABCDEFGHIJ"
        else:
            hint = "you need route53:GetHostedZone and ListResourceRecordSets"
        raise _refused("--hosted-zone", f"cannot be read: {said}", hint) from error
    if told.get("Config", {}).get("PrivateZone"):
        raise _refused("--hosted-zone", f"is a private zone of {domain}", "give the public one")
    records, reason = read_records(documents, domain, zone_id)
    if records is None:
        raise _refused("--hosted-zone", f"holds {reason}", "that is no zone to watch")
    servers = sorted(owner_name(server) for server in raw.get("DelegationSet", {}).get("NameServers", ()))
    return _draft(records, servers, zone_id, role, now)


def _all_records(client: "Route53Client", zone_id: str) -> list[Mapping[str, Any]]:
    documents, start = list[Mapping[str, Any]](), dict[str, str]()
    for _ in range(MOST_PAGES):
        page, start = pages_of(client, zone_id, start)
        documents += page
        if not start:
            return documents
    raise _refused("--hosted-zone", f"has more than {len(documents)} records", "write its entry by hand")


def _draft(records: ZoneRecords, servers: Sequence[str], zone_id: str, role: str | None, now: datetime) -> Draft:
    own = records.answer(records.apex, "NS").values
    remarks = [
        f"imported from hosted zone {zone_id} at {moment(now.replace(microsecond=0))}: what it held then is no proof "
        "that it was right. Read every line, compare it with nswatch check, then apply."
    ]
    if set(own) != set(servers):
        named = "are names of your own for the servers of the zone" if not any(map(parse, own)) else "are others"
        remarks.append(
            f"the NS record of the zone says {', '.join(own)}: if they {named}, look what the registry holds"
        )
    remarks += _left_out(records)
    delegation: dict[str, Any] = {"provider": "route53", "hosted_zone": zone_id}
    if role:
        delegation["role_arn"] = role
    delegation["ns"] = list(servers)
    soa = records.answer(records.apex, "SOA").values
    if soa:
        delegation["soa_mname"] = mname(soa[0])
    answers = list(_answers(records))
    comments = {
        (answer["name"], answer["type"]): "as wide as AWS itself: name your own networks if you can"
        for answer in answers
        if any(item.removeprefix("aws:") in _BROAD for item in answer.get("within", ()))
    }
    return Draft(records.apex, delegation, answers, remarks=remarks, comments=dict(comments))


def names_of(records: ZoneRecords) -> tuple[str, ...]:
    """Return the names that are listed: the domain, www, and the hosts in the domain that receive its mail."""
    hosts = [value.rpartition(" ")[2] for value in records.answer(records.apex, "MX").values]
    inside = [host for host in hosts if is_within(host, records.apex) and host != records.apex]
    return tuple(dict.fromkeys((records.apex, f"www.{records.apex}", *inside)))


def _answers(records: ZoneRecords) -> Iterator[dict[str, Any]]:
    for name in names_of(records):
        owner = "@" if name == records.apex else name.removesuffix(f".{records.apex}")
        for qtype in _TYPES:
            values = records.rrsets.get((name, qtype), ())
            expected = _expected(qtype, values) if values and not _is_chosen(records, name, qtype) else {}
            if expected:
                yield {"name": owner, "type": qtype, **expected}


def _left_out(records: ZoneRecords) -> Iterator[str]:
    for name in names_of(records):
        for qtype in _TYPES:
            values = records.rrsets.get((name, qtype), ())
            if values and _is_chosen(records, name, qtype):
                yield (
                    f"left out, because a routing policy chooses between its values: {name} {qtype} "
                    f"{', '.join(values)} (the hosted zone's records are compared all the same)"
                )
            elif values and not _expected(qtype, values):
                yield f"left out, because nobody can say what is right there: {name} {qtype} {', '.join(values)}"


def _is_chosen(records: ZoneRecords, name: str, qtype: str) -> bool:
    return qtype in _ONE_SET and (name, qtype) in records.alternating


def _expected(qtype: str, values: Sequence[str]) -> dict[str, list[str]]:
    """Return how values are expected; nothing where a target's addresses can be anywhere."""
    services = [service for value in values if (service := aliased(value)) is not None]
    plain = [value for value in values if aliased(value) is None]
    if not services:
        if qtype == "TXT":
            texts = [text for text in plain if text.strip()]
            return {"contains": texts} if texts else {}
        return {"values": plain if qtype in ADDRESSES else [_absolute(value) for value in plain]}
    if qtype not in ADDRESSES or not all(service.networks for service in services):
        return {}
    within = sorted({f"aws:{network}" for service in services for network in service.networks})
    return {"within": [*within, *(f"{address}/{32 if qtype == 'A' else 128}" for address in plain)]}


def _absolute(value: str) -> str:
    return f"{canonical(value).rstrip('.')}." if not value.endswith(" .") else value


def _refused(key: str, what: str, hint: str) -> InvalidDocument:
    return InvalidDocument(Problem(key, None, (), what, hint))
