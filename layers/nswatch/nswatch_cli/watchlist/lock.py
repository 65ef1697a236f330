"""The lock file beside the watchlist: the baseline that was approved, and what it was taken for.

It is meant to be reviewed and kept in version control together with the watchlist.
"""

import json
import os
import tempfile
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any

from pydantic import AfterValidator, Field

from nswatch.errors import InvalidDocument
from nswatch.names import normalise
from nswatch_cli.conform import Strict, conform, wrong
from nswatch_cli.document import Document, Problem
from nswatch_cli.watchlist.canonical import Json, moment
from nswatch_cli.watchlist.fields import Address, Host, Moment, Name, Version, check_name
from nswatch_cli.watchlist.schema import Answer, Dnssec

MAX_OCTETS = 32 << 20
"""A thousand domains take a sixteenth of it."""
_MAX_TTL = 2**31 - 1


def _check_rrset(text: str) -> str:
    name, _, qtype = text.partition(" ")
    if qtype not in {"A", "AAAA", "CNAME", "MX", "NS", "SOA", "TXT"}:
        raise wrong(f"is {text!r}, no name and type", "write it like 'example.com MX'")
    return f"{check_name(name)} {qtype}"


def _check_ds(text: str) -> str:
    parts = text.lower().split(" ")
    numbers, digest = parts[:3], parts[3:]
    digits = len(digest) == 1 and len(digest[0]) % 2 == 0 and set(digest[0]) <= set("0123456789abcdef")
    if len(numbers) != 3 or not all(number.isdecimal() for number in numbers) or not digits or not digest[0]:
        raise wrong(f"is {text!r}, no DS data", "write key tag, algorithm, digest type and digest: '2371 13 2 1a2b…'")
    return " ".join(parts)


RRset = Annotated[str, AfterValidator(_check_rrset)]
Ds = Annotated[str, AfterValidator(_check_ds)]
Ttl = Annotated[int, Field(ge=0, le=_MAX_TTL)]


class LockedBaseline(Strict):
    """What was seen and approved."""

    glue: dict[Host, list[Address]] | None = None
    """The parent's glue by host."""
    addresses: dict[Host, list[Address]] | None = None
    """The addresses of name servers, and of the domain's own mail hosts."""
    ds: list[Ds] | None = None
    """The DS RRset at the parent: key tag, algorithm, digest type, digest."""
    ttls: dict[RRset, Ttl] | None = None
    """The TTLs that the zone's servers give, in seconds, by name and type."""
    records: Moment | None = None
    """When the records of the hosted zone that no answer mentions were approved anew, as they were next read."""


class LockedDelegation(Strict):
    """The delegation for which glue, DS and addresses were taken."""

    ns: list[Host]
    """The set of name servers."""
    dnssec: Dnssec | None = None
    """Whether the zone was expected to be signed."""


class TakenFor(Strict):
    """What the watchlist said when the baseline was taken."""

    delegation: LockedDelegation | None = None
    """The delegation."""
    answers: list[Answer] | None = None
    """The answers whose TTLs were taken."""


class LockedDomain(Strict):
    """One domain's approved baseline."""

    taken_at: Moment
    """When something of it was last taken."""
    taken_for: TakenFor
    """What the watchlist said then."""
    baseline: LockedBaseline
    """What was seen and approved."""


class LockFile(Strict):
    """The lock file of a watchlist."""

    version: Version
    """The format's version, 1."""
    domains: dict[Name, LockedDomain]
    """The baseline of each domain."""


@dataclass(frozen=True, slots=True)
class Locked:
    """One domain's part: ``baseline`` in canonical JSON; ``delegation`` and ``answers`` are what it was taken for.

    ``delegation`` is ``{"ns": […], "dnssec": …}``, None where no approved one was seen; ``answers`` are in canonical
    JSON as well.
    """

    taken_at: str
    baseline: Json
    delegation: Json | None = None
    answers: tuple[Json, ...] = ()


Lock = Mapping[str, Locked]
"""Domain -> its part; empty where there is no lock file."""


@dataclass(frozen=True, slots=True)
class _Twice:
    """Keys that a JSON object gives twice, which `json` would let pass."""

    keys: list[str] = field(default_factory=list)

    def mapping(self, pairs: Iterable[tuple[str, Any]]) -> Json:
        found: Json = {}
        for key, value in pairs:
            if key in found:
                self.keys.append(key)
            found[key] = value
        return found


def lock_path(watchlist: Path) -> Path:
    """Return where the lock of a watchlist is: ``watchlist.lock.json`` beside ``watchlist.yaml``."""
    return watchlist.with_suffix(".lock.json")


def read_lock(path: Path) -> dict[str, Locked]:
    """Return what a lock file holds, nothing where there is none; raise InvalidDocument with every problem."""
    try:
        with path.open("rb") as stream:
            octets = stream.read(MAX_OCTETS + 1)
    except FileNotFoundError:
        return {}
    except OSError as error:
        reason = error.strerror or type(error).__name__
        raise InvalidDocument(Problem(str(path), None, (), f"cannot be read: {reason}", "mend that")) from error
    return parse_lock(octets, str(path))


def parse_lock(octets: bytes, file: str) -> dict[str, Locked]:
    """Return what the text of a lock file holds; raise InvalidDocument with every problem."""
    again = "put back the version that was last committed, or remove the file and apply anew"
    twice = _Twice()
    try:
        if len(octets) > MAX_OCTETS:
            raise InvalidDocument(Problem(file, None, (), f"is larger than {MAX_OCTETS >> 20} MiB", again))
        data = json.loads(octets.decode("utf-8-sig"), object_pairs_hook=twice.mapping)
    except json.JSONDecodeError as error:
        raise InvalidDocument(Problem(file, error.lineno, (), f"is not JSON: {error.msg}", again)) from error
    except (UnicodeDecodeError, RecursionError) as error:
        raise InvalidDocument(Problem(file, None, (), "is not JSON text in UTF-8", again)) from error
    if not isinstance(data, dict):
        raise InvalidDocument(Problem(file, None, (), "is no JSON object", again))
    problems = [Problem(file, None, (), f"gives {key!r} twice in one object", "keep one") for key in twice.keys]
    model, refused = conform(Document(file, data), LockFile)
    if problems or refused:
        raise InvalidDocument(*problems, *refused)
    return {normalise(name): _locked(domain) for name, domain in sorted(model.domains.items())}


def dump_lock(lock: Lock) -> str:
    """Return the text of a lock file; the same lock has one text."""
    domains = {domain: _document(locked) for domain, locked in lock.items()}
    return json.dumps({"version": 1, "domains": domains}, indent=2, sort_keys=True, ensure_ascii=False) + "\n"


def write_lock(path: Path, lock: Lock) -> bool:
    """Write a lock file, as a whole; return False where it says the same already."""
    text = dump_lock(lock)
    if path.exists() and path.read_text(encoding="utf-8") == text:
        return False
    with tempfile.NamedTemporaryFile("w", encoding="utf-8", dir=path.parent, suffix=".new", delete=False) as new:
        new.write(text)
    Path(new.name).chmod(0o644)
    os.replace(new.name, path)  # noqa: PTH105 - a name, not a Path
    return True


def _document(locked: Locked) -> Json:
    taken_for: Json = {}
    if locked.delegation is not None:
        taken_for["delegation"] = locked.delegation
    if locked.answers:
        taken_for["answers"] = list(locked.answers)
    return {"taken_at": locked.taken_at, "taken_for": taken_for, "baseline": locked.baseline}


def _locked(domain: LockedDomain) -> Locked:
    found = domain.baseline.model_dump(exclude_none=True)
    for key in ("glue", "addresses"):
        if key in found:
            found[key] = {host: sorted(addresses) for host, addresses in found[key].items()}
    if "records" in found:
        found["records"] = moment(found["records"])
    delegation = domain.taken_for.delegation
    return Locked(
        moment(domain.taken_at),
        found | ({"ds": sorted(found["ds"])} if "ds" in found else {}),
        None if delegation is None else delegation.model_dump(exclude_none=True) | {"ns": sorted(delegation.ns)},
        tuple(answer.model_dump(exclude_none=True) for answer in domain.taken_for.answers or ()),
    )
