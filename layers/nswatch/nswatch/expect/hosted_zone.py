"""The words in which a collector writes down what a Route 53 hosted zone holds, and the judge reads it.

An alias record names a target instead of data. Where the target's service gives a name only to who proves that it is
his (CloudFront, API Gateway, ...), the service is what matters; where it answers for anybody (a load balancer), the
target is.
"""

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

Named = tuple[str, str]
"""A canonical name, and a type."""

ZONE = "zone"
"""The zone's own name, and ``private`` where it is a private one; NXDOMAIN: there is no such hosted zone."""
DELEGATION_SET = "delegation-set"
"""The name servers that Route 53 has assigned to the zone."""
RECORDS, APPROVED = "records", "records-approved"
"""Everything else that the zone holds now, and as it stood when it was approved (see `Snapshot`)."""

_ALIAS = "alias "
_AMAZON = frozenset({"AMAZON"})
AMAZON_AS = frozenset({"AS16509", "AS14618"})
"""The networks by which AWS announces its services' addresses."""


@dataclass(frozen=True, slots=True)
class Service:
    """A service that aliases point to. ``networks`` are the names of its address ranges in ip-ranges.json.

    ``owned``: it gives a name only to who proves that it is his.
    """

    name: str
    ends: tuple[str, ...]
    networks: frozenset[str]
    owned: bool


SERVICES = (
    Service("CLOUDFRONT", (".cloudfront.net",), frozenset({"CLOUDFRONT"}), owned=True),
    Service("GLOBALACCELERATOR", (".awsglobalaccelerator.com",), frozenset({"GLOBALACCELERATOR"}), owned=False),
    Service("ELASTICBEANSTALK", (".elasticbeanstalk.com",), frozenset({"EC2"}), owned=False),
    Service("APPRUNNER", (".awsapprunner.com",), frozenset({"EC2"}), owned=True),
)
_OTHER = Service("OTHER", (), frozenset(), owned=False)
_RECORD = Service("RECORD", (), frozenset(), owned=False)
_BY_LABEL = {
    "elb": Service("ELB", (), frozenset({"EC2"}), owned=False),
    "execute-api": Service("API_GATEWAY", (), frozenset({"API_GATEWAY", "EC2"}), owned=True),
    "vpce": Service("VPC_ENDPOINT", (), frozenset({"EC2"}), owned=False),
}
_S3 = Service("S3", (), frozenset({"S3"}), owned=True)
_BY_NAME = {service.name: service for service in (*SERVICES, *_BY_LABEL.values(), _S3, _RECORD, _OTHER)}


def service_of(target: str) -> Service:
    """Return the service that an alias target (canonical name) belongs to."""
    for service in SERVICES:
        if target.endswith(service.ends):
            return service
    labels = target.split(".")
    if target.endswith((".amazonaws.com", ".amazonaws.com.cn")):
        if labels[0].startswith("s3-website"):
            return _S3
        return next((service for label, service in _BY_LABEL.items() if label in labels), _OTHER)
    return _OTHER


def alias_to(target: str, *, in_zone: bool = False) -> str:
    """Return an alias as a value: ``alias CLOUDFRONT d111111abcdef8.cloudfront.net``."""
    service = _RECORD if in_zone else service_of(target)
    return f"{_ALIAS}{service.name} {target}"


def aliased(value: str) -> Service | None:
    """Return the service that a value of `alias_to` names; None for data."""
    if not value.startswith(_ALIAS):
        return None
    return _BY_NAME.get(value.split(" ")[1], _OTHER)


def within(service: Service, allowed: Sequence[str]) -> bool | None:
    """Return whether the addresses of a service lie where an entry allows them; None where that cannot be told."""
    services = {item.removeprefix("aws:") for item in allowed if item.startswith("aws:")}
    if services & (service.networks | _AMAZON) or AMAZON_AS & set(allowed):
        return True
    # Which networks and systems the target's addresses are in is seen in DNS alone.
    undecided = not service.networks or any(not item.startswith("aws:") for item in allowed)
    return None if undecided else False


class Form(StrEnum):
    """How much of its records a snapshot tells: the larger the zone, the less."""

    FULL = "full"
    DIGESTED = "digested"
    ONE = "one"


_MOST = {Form.FULL: 60_000, Form.DIGESTED: 90_000}
"""Characters up to which a form is used; a snapshot that exists already may grow to twice as many."""
_MARK_APPROVAL, _MARK_FORM = "!approved ", "!form "


@dataclass(frozen=True, slots=True)
class Snapshot:
    """Which records a zone holds: lines of ``NAME TYPE VALUE``, or digests of them, by ``form``.

    ``approval`` is what it was approved by, "" for the first look. The zone's own NS and SOA are not in it: the
    watchlist has them.
    """

    form: Form
    lines: frozenset[str]
    approval: str = ""

    def as_values(self) -> tuple[str, ...]:
        """Return it as values of a reading."""
        return tuple(sorted((f"{_MARK_APPROVAL}{self.approval}", f"{_MARK_FORM}{self.form}", *self.lines)))


def snapshot_of(rrsets: Mapping[Named, Sequence[str]], apex: str, like: Snapshot | None = None) -> Snapshot:
    """Return the snapshot of a zone's records, in the form of another one as long as they fit into it."""
    told = {named: sorted(set(map(_comparable, values))) for named, values in rrsets.items()}
    told = {named: values for named, values in told.items() if named not in {(apex, "NS"), (apex, "SOA")}}
    lines = {
        Form.FULL: [f"{name} {qtype} {value}" for (name, qtype), values in told.items() for value in values],
        Form.DIGESTED: [f"{name} {qtype} {_digest(values)}" for (name, qtype), values in told.items()],
        Form.ONE: [f"{len(told)} {_digest(f'{named} {values}' for named, values in sorted(told.items()))}"],
    }
    for form in Form if like is None else (like.form, *Form):
        room = _MOST.get(form, 0) * (2 if like is not None and form is like.form else 1)
        if form is Form.ONE or sum(map(len, lines[form])) <= room:
            return Snapshot(form, frozenset(lines[form]))
    raise AssertionError("the last form always fits")


def read_snapshot(values: Iterable[str]) -> Snapshot | None:
    """Return the snapshot that a reading holds; None where it holds none that is understood."""
    lines = list(values)
    forms = [line.removeprefix(_MARK_FORM) for line in lines if line.startswith(_MARK_FORM)]
    approvals = [line.removeprefix(_MARK_APPROVAL) for line in lines if line.startswith(_MARK_APPROVAL)]
    if len(forms) != 1 or forms[0] not in set(Form) or len(approvals) != 1:
        return None
    return Snapshot(Form(forms[0]), frozenset(line for line in lines if not line.startswith("!")), approvals[0])


def _comparable(value: str) -> str:
    """Return a value as it is compared: of an alias to a service that looks to whose the name is, the service."""
    service = aliased(value)
    return f"{_ALIAS}{service.name}" if service is not None and service.owned else value


def _digest(parts: Iterable[str]) -> str:
    return "#" + hashlib.sha256("\n".join(parts).encode()).hexdigest()[:12]
