"""What the registry's record says beside a departed delegation: when it was last changed, and by whom it is held."""

from collections.abc import Iterable, Sequence
from dataclasses import replace

from nswatch.judge.collected import newest, values_of
from nswatch.model import Finding, Source, View

_AT_THE_REGISTRY = frozenset({"delegation_changed", "glue_changed", "ds_changed"})


def with_registration(findings: Iterable[Finding], views: Sequence[View], domain: str) -> list[Finding]:
    """Return the findings; the detail of those about the parent's data says what RDAP knows of the registration.

    That is ``"registration": {"last_changed", "registrar", "server"}``, texts, empty where it is not known; nothing
    where neither is.
    """
    changed = newest(views, Source.RDAP, domain, "last-changed")
    registrar = newest(views, Source.RDAP, domain, "registrar")
    known = changed or registrar
    if known is None:
        return list(findings)
    told = {
        "last_changed": "".join(values_of(changed)[:1]),
        "registrar": "".join(values_of(registrar)[:1]),
        "server": known.key.server,
    }
    return [
        replace(finding, detail={**finding.detail, "registration": told})
        if finding.code in _AT_THE_REGISTRY
        else finding
        for finding in findings
    ]
