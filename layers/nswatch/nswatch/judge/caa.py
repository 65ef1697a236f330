"""What the CAA records of a domain say of an issuer (RFC 8659 section 4), as the collectors last saw them."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum

from nswatch.judge.collected import newest
from nswatch.model import Result, Source, View

_CRITICAL = 128
_KNOWN = frozenset({"issue", "issuewild", "issuemail", "issuevmc", "iodef", "contactemail", "contactphone"})


class Permission(StrEnum):
    """Whether an issuer may issue."""

    ALLOWED = "allowed"
    FORBIDDEN = "forbidden"
    OPEN = "open"
    """No record says who may, so that everybody may."""
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Caa:
    """The records that apply to a domain: those ``at`` a name, "" where there are none on the way up.

    ``issue`` and ``issuewild`` are the names of who may issue, None where no such record is there. ``strict``: a record
    that must be understood is of a kind that nobody knows, so that nobody may issue.
    """

    at: str
    issue: frozenset[str] | None = None
    issuewild: frozenset[str] | None = None
    strict: bool = False

    def permits(self, issuer: Sequence[str] | None, names: Iterable[str]) -> Permission:
        """Return whether an issuer, known by the names that CAA has for it, may issue for all of ``names``."""
        said = {self._permits(issuer, self._of(name)) for name in names}
        return next((kind for kind in (*_WORST_FIRST,) if kind in said), Permission.UNKNOWN)

    @property
    def limits(self) -> bool:
        """Whether some record says who may issue: others, such as ``iodef``, limit nobody (RFC 8659 section 4)."""
        return self.strict or self.issue is not None or self.issuewild is not None

    def allowed(self) -> tuple[str, ...]:
        """Return every name that some record allows, sorted."""
        return () if self.strict else tuple(sorted((self.issue or frozenset()) | (self.issuewild or frozenset())))

    def _of(self, name: str) -> frozenset[str] | None:
        wild = name.startswith("*.") and self.issuewild is not None
        return self.issuewild if wild else self.issue

    def _permits(self, issuer: Sequence[str] | None, listed: frozenset[str] | None) -> Permission:
        if self.strict:
            return Permission.FORBIDDEN
        if listed is None:
            return Permission.OPEN
        if issuer is None:
            return Permission.FORBIDDEN if not listed else Permission.UNKNOWN
        return Permission.ALLOWED if listed & set(issuer) else Permission.FORBIDDEN


_WORST_FIRST = (Permission.FORBIDDEN, Permission.UNKNOWN, Permission.OPEN, Permission.ALLOWED)


def caa_of(views: Iterable[View], domain: str) -> Caa | None:
    """Return what the newest look says; None where nobody knows."""
    view = newest(views, Source.CT, domain, "caa")
    if view is None or view.facts is None:
        return None
    if view.facts.result is Result.NODATA:
        return Caa("")
    at, *records = view.facts.values or ("",)
    return _read(at.removeprefix("at "), records)


def _read(at: str, records: Iterable[str]) -> Caa:
    may: dict[str, set[str]] = {}
    strict = False
    for record in records:
        flags, tag, value = (*record.split(" ", 2), "", "")[:3]
        tag = tag.lower()
        if tag in _KNOWN:
            issuer = value.strip('"').partition(";")[0].strip().lower().removesuffix(".")
            may.setdefault(tag, set()).update({issuer} - {""})
        elif flags.isdigit() and int(flags) & _CRITICAL:
            strict = True
    issue, wild = may.get("issue"), may.get("issuewild")
    return Caa(at, None if issue is None else frozenset(issue), None if wild is None else frozenset(wild), strict)
