"""The kinds of text that a watchlist and a scenario hold: each checked, brought to its canonical form, and described.

A validator raises what is wrong and what would be right; the message does not repeat the path, which the caller knows.
"""

import ipaddress
import re
from datetime import UTC, datetime
from typing import Annotated, Any
from urllib.parse import urlsplit

import dns.exception
import dns.name
import dns.rdata
import dns.rdataclass
import dns.rdatatype
from pydantic import AfterValidator, BeforeValidator, WithJsonSchema

from nswatch.codes import CODES
from nswatch.errors import InvalidName
from nswatch.moments import parse_iso
from nswatch.names import normalise
from nswatch_cli.conform import nearest, wrong
from nswatch_cli.document import kind

EMAIL = re.compile(r"[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]+@([^\s@,;<>()\"']+)")
_E164 = re.compile(r"\+[1-9][0-9]{6,14}\Z")
_DURATION = re.compile(r"([1-9][0-9]{0,5})([sm])\Z")
_AS_NUMBER = re.compile(r"AS([1-9][0-9]{0,9})\Z", re.IGNORECASE)
_AWS_SERVICE = re.compile(r"aws:[A-Z0-9_]+\Z", re.IGNORECASE)
_HOSTED_ZONE = re.compile(r"Z[A-Z0-9]{1,31}\Z")
_ROLE_ARN = re.compile(r"arn:aws(-[a-z]+)*:iam::[0-9]{12}:role/[\w+=,.@/-]+\Z", re.ASCII)


def _is_address(text: str) -> bool:
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return False
    return True


def check_name(text: str) -> str:
    """Return a name in canonical form."""
    try:
        return normalise(text)
    except InvalidName as error:
        raise wrong(
            f"is no domain name: {error}", "write letters, digits and hyphens in labels, as in www.example.com"
        ) from error


def check_host(text: str) -> str:
    """Return a host's name in canonical form; an address or a single label is none."""
    if _is_address(text):
        raise wrong(f"is the address {text}, not a host's name", "write the name that the NS record holds")
    name = check_name(text)
    if "." not in name or name == ".":
        raise wrong(f"is the single label {text!r}", "write the whole name, as in ns1.example.net")
    return name


def check_owner(text: str) -> str:
    """Return a record's owner name as written: ``@``, relative, or absolute."""
    if text != "@":
        check_name(text)
    return text


def check_address(text: str) -> str:
    """Return an IP address in its canonical text."""
    try:
        return str(ipaddress.ip_address(text))
    except ValueError as error:
        raise wrong(f"is {text!r}, not an IP address", "write it like 192.0.2.1 or 2001:db8::1") from error


def check_network(text: str) -> str:
    """Return a network in CIDR notation in its canonical text."""
    try:
        network = ipaddress.ip_network(text, strict=False)
    except ValueError as error:
        raise wrong(f"is {text!r}, not a network", "write it like 198.51.100.0/24") from error
    if "/" not in text:
        raise wrong(f"is the address {text}, not a network", f"write {network}")
    if network.network_address != ipaddress.ip_address(text.partition("/")[0]):
        raise wrong(f"is {text!r}, which has bits set beside its network", f"write {network}")
    return str(network)


def check_within(text: str) -> str:
    """Return one thing that an address may be within: a network, an AS number, an AWS service."""
    if _AWS_SERVICE.match(text):
        return "aws:" + text[4:].upper()
    if (number := _AS_NUMBER.match(text)) is not None and int(number[1]) < 2**32:
        return text.upper()
    if "/" not in text and not _is_address(text):
        raise wrong(
            f"is {text!r}", "write a network (198.51.100.0/24), an AS number (AS16509) or aws:SERVICE (aws:CLOUDFRONT)"
        )
    network = check_network(text)
    if network.endswith("/0"):
        raise wrong(f"is {text!r}, which allows every address", "write the networks that are yours")
    return network


def check_text(text: str) -> str:
    """Return a text that says something."""
    if not text.strip():
        raise wrong("is an empty text", "write something or leave the key out")
    return text


def _seconds(text: object) -> int:
    found = _DURATION.match(text) if isinstance(text, str) else None
    if found is None:
        raise wrong(f"is {kind(text)}, not a duration", "write it like 60s or 5m")
    return int(found[1]) * (60 if found[2] == "m" else 1)


def check_every(text: object) -> int:
    """Return seconds; a pass starts on a whole minute."""
    seconds = _seconds(text)
    if seconds % 60 or seconds > 3600:
        raise wrong(f"is {kind(text)}", "write whole minutes up to an hour, like 60s or 5m")
    return seconds


def check_delegation_every(text: object) -> int:
    """Return seconds; the turns of a minute are shared out evenly."""
    seconds = _seconds(text)
    if seconds not in {15, 20, 30, 60}:
        raise wrong(f"is {kind(text)}", "write 15s, 20s, 30s or 60s, which divide a minute evenly")
    return seconds


def check_moment(text: object) -> datetime:
    """Return a moment in UTC."""
    if not isinstance(text, str) or not re.match(r"\d{4}-\d{2}-\d{2}[Tt ]\d{2}:\d{2}", text, re.ASCII):
        raise wrong(f"is {kind(text)}, not a time", "write it like 2026-12-01T00:00:00Z")
    try:
        return parse_iso(text.upper()).astimezone(UTC)
    except ValueError as error:
        missing = "has no UTC offset" in str(error)
        what = f"is {text!r}, a time without a zone" if missing else f"is {text!r}, not a time"
        raise wrong(what, f"write {text}Z if it is UTC" if missing else "write it like 2026-12-01T00:00:00Z") from error
    except OverflowError as error:
        raise wrong(f"is {text!r}, not a time", "write it like 2026-12-01T00:00:00Z") from error


def check_version(value: object) -> int:
    """Return the format's version. True and 1.0 equal 1 and are not it."""
    if type(value) is not int or value != 1:
        raise wrong(f"is {kind(value)}", "write 1")
    return value


def check_code(text: str) -> str:
    """Return a finding code."""
    if text not in CODES:
        hint = nearest(text, list(CODES))
        raise wrong(
            f"is {text!r}, not a finding code", hint if hint.startswith("did") else "see the table of finding codes"
        )
    return text


def check_hosted_zone(text: str) -> str:
    """Return a hosted zone's id."""
    if not _HOSTED_ZONE.match(text):
        raise wrong(f"is {text!r}, not a hosted zone's id", "write it like Z0123456789ABCDEFGHIJ, without /hostedzone/")
    return text


def check_role_arn(text: str) -> str:
    """Return an IAM role's ARN."""
    if not _ROLE_ARN.match(text):
        raise wrong(f"is {text!r}, not a role's ARN", "write it like arn:aws:iam::123456789012:role/nswatch-reader")
    return text


def check_url(text: str) -> str:
    """Return an https URL, its host in canonical form."""
    try:
        parts = urlsplit(text)
        host, port = parts.hostname, parts.port
    except ValueError as error:
        raise wrong(f"is {text!r}, not a URL: {error}", "write it like https://www.example.com/") from error
    if parts.scheme != "https" or not host or parts.username is not None or re.search(r"\s", text):
        raise wrong(f"is {text!r}", "write an https URL without a user name, like https://www.example.com/")
    name = check_host(host)
    query = f"?{parts.query}" if parts.query else ""
    return f"https://{name}{'' if port in {None, 443} else f':{port}'}{parts.path or '/'}{query}"


def check_route(text: str) -> str:
    """Return a route for alerts: ``sms:`` and an E.164 number, or ``email:`` and an address."""
    scheme, _, target = text.partition(":")
    if scheme == "sms":
        if not _E164.match(target):
            raise wrong(
                f"is {text!r}, whose number is not in E.164", "write sms:+ and country code and number, digits only"
            )
        return text
    if scheme == "email":
        if (found := EMAIL.fullmatch(target)) is None:
            raise wrong(f"is {text!r}, not an email address", "write it like email:oncall@other.example")
        return f"email:{target.rpartition('@')[0]}@{check_host(found[1])}"
    raise wrong(f"is {text!r}, not a route", "write sms:+818012345678 or email:oncall@other.example")


def check_rdata(qtype: str, text: str) -> str:
    """Return RDATA in the canonical form of `nswatch.expect.watchlist.Answer.values`."""
    if qtype == "TXT":
        return _joined_strings(text)
    if qtype in {"A", "AAAA"}:
        address = check_address(text)
        if (":" in address) is not (qtype == "AAAA"):
            raise wrong(f"is {text!r}, not an address for {qtype}", "write an IPv4 address for A, an IPv6 one for AAAA")
        return address
    example = "10 mail.example.net." if qtype == "MX" else "target.example.net."
    preference, _, target = text.strip().rpartition(" ")
    try:
        host = "." if qtype == "MX" and target == "." else f"{normalise(target)}."
        rdata = dns.rdata.from_text(
            dns.rdataclass.IN,
            dns.rdatatype.from_text(qtype),
            f"{preference} {host}".strip(),
            origin=dns.name.root,
            relativize=False,
        )
    except (InvalidName, dns.exception.DNSException, ValueError) as error:
        raise wrong(f"is {text!r}, which is no {qtype} data: {error}", f"write it like '{example}'") from error
    return rdata.to_text()


def _joined_strings(text: str) -> str:
    """Return TXT data as one text; data in quotes are strings in presentation form (RFC 1035 section 5.1)."""
    if not text.startswith('"'):
        return check_text(text)
    try:
        rdata: Any = dns.rdata.from_text(dns.rdataclass.IN, dns.rdatatype.TXT, text)
    except dns.exception.DNSException as error:
        raise wrong(f"is {text!r}, whose quotes are not right: {error}", "write the text without quotes") from error
    return b"".join(rdata.strings).decode("utf-8", "backslashreplace")


Version = Annotated[int, BeforeValidator(check_version), WithJsonSchema({"const": 1})]
Name = Annotated[str, AfterValidator(check_name)]
Host = Annotated[str, AfterValidator(check_host)]
Owner = Annotated[str, AfterValidator(check_owner)]
Address = Annotated[str, AfterValidator(check_address), WithJsonSchema({"type": "string", "examples": ["192.0.2.1"]})]
Network = Annotated[str, AfterValidator(check_network)]
Within = Annotated[
    str,
    AfterValidator(check_within),
    WithJsonSchema({"type": "string", "pattern": r"^([Aa][Ss]\d+|[Aa][Ww][Ss]:\w+|[0-9A-Fa-f.:]+/\d+)$"}),
]
Text = Annotated[str, AfterValidator(check_text), WithJsonSchema({"type": "string", "minLength": 1})]
Every = Annotated[int, BeforeValidator(check_every), WithJsonSchema({"type": "string", "pattern": r"^[1-9]\d*[sm]$"})]
DelegationEvery = Annotated[
    int,
    BeforeValidator(check_delegation_every),
    WithJsonSchema({"type": "string", "enum": ["15s", "20s", "30s", "60s", "1m"]}),
]
Moment = Annotated[datetime, BeforeValidator(check_moment), WithJsonSchema({"type": "string", "format": "date-time"})]
FindingCode = Annotated[str, AfterValidator(check_code), WithJsonSchema({"type": "string", "enum": list(CODES)})]
HostedZone = Annotated[
    str,
    AfterValidator(check_hosted_zone),
    WithJsonSchema({"type": "string", "pattern": _HOSTED_ZONE.pattern[:-2] + "$"}),
]
RoleArn = Annotated[
    str,
    AfterValidator(check_role_arn),
    WithJsonSchema({"type": "string", "examples": ["arn:aws:iam::123456789012:role/r"]}),
]
Url = Annotated[str, AfterValidator(check_url), WithJsonSchema({"type": "string", "pattern": "^https://"})]
Route = Annotated[
    str, AfterValidator(check_route), WithJsonSchema({"type": "string", "pattern": r"^(sms:\+\d{7,15}|email:\S+@\S+)$"})
]
