"""RDAP documents (RFC 9083) of a simulated world, and the bootstrap registry that leads to them (RFC 9224)."""

import re
from datetime import datetime, timedelta
from typing import Any

from nswatch.names import display, is_within, normalise
from nswatch_cli.replay.mentions import mapping
from nswatch_cli.replay.moments import read_moment
from nswatch_cli.replay.signing import ds_rdata
from nswatch_cli.replay.world import World

Document = dict[str, Any]

_CONFORMANCE = ["rdap_level_0", "icann_rdap_response_profile_1"]
_SPECIAL = {"ok": "active", "linked": "associated"}
_TITLES = {403: "Forbidden", 404: "Not Found", 422: "Unprocessable Content", 429: "Too Many Requests"}
_TIME = "%Y-%m-%dT%H:%M:%SZ"
_REGISTERED_FOR = timedelta(days=3650)


def rdap_status(epp: str) -> str:
    """Return RDAP's spelling of an EPP status (RFC 8056 section 2): ``clientHold`` is ``client hold``."""
    return _SPECIAL.get(epp, re.sub(r"(?<=[a-z])(?=[A-Z])", " ", epp).lower())


def domain_document(world: World, name: str) -> tuple[int, Document]:
    """Return the HTTP status and the document for ``/domain/name``: 404 where nobody has registered it."""
    registered = world.registered(name)
    watched = world.domains.get(name)
    if registered is None:
        return 404, _error(404, f"{name} is not registered")
    whose = name if watched else _watched_below(world, name)
    said = mapping(world.domains[whose].registration) if whose else {}
    if said.get("http_status"):
        status = int(said["http_status"])
        return status, _error(status, "the registry refuses this query")
    entry = world.entry(name)
    expected = mapping(world.entry(whose).get("registration")) if whose else {}
    status = said.get("status", expected.get("locks") or ["ok"])
    delegated = said.get("ns", mapping(entry.get("delegation")).get("ns") or (watched.registry.ns if watched else ()))
    document: Document = {
        "rdapConformance": _CONFORMANCE,
        "objectClassName": "domain",
        "handle": f"{name.upper()}-SIM",
        "ldhName": name,
        "status": [rdap_status(str(each)) for each in status or ()],
        "events": _events(world, registered, said.get("expires"), said.get("last_changed")),
        "entities": [_registrar(str(said.get("registrar") or expected.get("registrar") or "Registrar A"))],
        "nameservers": [{"objectClassName": "nameserver", "ldhName": normalise(str(host))} for host in delegated or ()],
        "secureDNS": _secure_dns(name, watched.registry.ds if watched else ()),
    }
    if "xn--" in name:
        document["unicodeName"] = display(name).partition("(")[2].removesuffix(")") or name
    return 200, document


def _watched_below(world: World, name: str) -> str | None:
    """Return the watched zone whose registration a registered domain above it is, None where nothing is said of one."""
    below = (watched for watched in sorted(world.domains) if is_within(watched, name))
    return next((watched for watched in below if world.domains[watched].registration), None)


def bootstrap(world: World, base_url: str) -> Document:
    """Return IANA's dns.json for the TLDs that the scenario uses; ``base_url`` ends with a slash (RFC 9224, 3)."""
    return {
        "version": "1.0",
        "publication": world.start.strftime(_TIME),
        "description": "RDAP bootstrap file for Domain Name System registrations",
        "services": [[sorted(world.suffixes.tlds), [base_url]]],
    }


def _events(world: World, registered: datetime, expires: object, changed: object) -> list[Document]:
    moments = {
        "registration": registered,
        "expiration": read_moment(expires) if expires else world.start + _REGISTERED_FOR,
        "last changed": read_moment(changed) if changed else registered,
        "last update of RDAP database": world.now(),
    }
    return [{"eventAction": action, "eventDate": moment.strftime(_TIME)} for action, moment in moments.items()]


def _registrar(name: str) -> Document:
    return {
        "objectClassName": "entity",
        "roles": ["registrar"],
        "vcardArray": ["vcard", [["version", {}, "text", "4.0"], ["fn", {}, "text", name]]],
    }


def _secure_dns(name: str, keys: tuple[str, ...]) -> Document:
    data = [
        {
            "keyTag": ds.key_tag,
            "algorithm": int(ds.algorithm),
            "digestType": int(ds.digest_type),
            "digest": ds.digest.hex(),
        }
        for ds in ds_rdata(name, keys)
    ]
    return {"delegationSigned": bool(data), "dsData": data} if data else {"delegationSigned": False}


def _error(status: int, text: str) -> Document:
    title = _TITLES.get(status, "Error")
    return {"rdapConformance": _CONFORMANCE, "errorCode": status, "title": title, "description": [text]}
