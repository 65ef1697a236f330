"""What the registry's record says beside a departed delegation: when it was last changed, and by whom it is held."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Any

from nswatch.judge.collected import newest, values_of
from nswatch.judge.registration import OPERATIONS
from nswatch.model import Finding, Source, View

_AT_THE_REGISTRY = frozenset({"delegation_changed", "glue_changed", "ds_changed"})


def with_registration(findings: Iterable[Finding], views: Sequence[View], domain: str) -> list[Finding]:
    """Return the findings; the detail of those about the parent's data says what RDAP knows of the registration.

    That is ``"registration": {"last_changed", "registrar", "server"}``, texts, empty where it is not known, and
    ``"operations"``, what was asked of the registrar lately; nothing where nothing is known.
    """
    changed = newest(views, Source.RDAP, domain, "last-changed")
    registrar = newest(views, Source.RDAP, domain, "registrar")
    known = changed or registrar
    operations = values_of(newest(views, Source.REGISTRAR, domain, OPERATIONS))
    told: dict[str, Any] = {"operations": list(operations)} if operations else {}
    if known is not None:
        told["registration"] = {
            "last_changed": "".join(values_of(changed)[:1]),
            "registrar": "".join(values_of(registrar)[:1]),
            "server": known.key.server,
        }
    if not told:
        return list(findings)
    return [
        replace(finding, detail={**finding.detail, **told}) if finding.code in _AT_THE_REGISTRY else finding
        for finding in findings
    ]
