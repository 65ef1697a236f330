"""What registries say of look-alikes that came into existence, and of names that are free to register."""

from collections.abc import Mapping
from typing import Any

from nswatch.model import Finding
from nswatch.tell import details, harmless
from nswatch.tell.case import Case
from nswatch.tell.evidence import bounded, paragraph

FREE = "nameserver_domain_available"
"""There is nothing approved to compare a free name with."""
_REGISTERED = "nameserver_lookalike_registered"
_MOST, _HOSTS = 6, 4
_NOTE, _REGISTRAR = 120, 80


def section(case: Case, finding: Finding) -> list[str]:
    """Return what is known of each name, as lines; none for other codes."""
    tell = {FREE: _free, _REGISTERED: _registered}.get(finding.code)
    rows = [row for row in details.rows(finding, "domains") if row.get("name")]
    if tell is None or not rows:
        return []
    head = case.say("free_names" if finding.code == FREE else "registered_names")
    return ["", head, *bounded(case, [paragraph(tell(case, row), "    ", "  - ") for row in rows], _MOST)]


def _registered(case: Case, row: Mapping[str, Any]) -> str:
    said = {
        "name": harmless.shown(str(row["name"])),
        "imitates": harmless.shown(str(row.get("imitates", ""))),
        "hosts": case.few(details.texts(row.get("nameservers")), _HOSTS),
    }
    if row.get("registered"):
        registrar = harmless.words(str(row.get("registrar") or ""), _REGISTRAR) or case.say("registered_by_nobody")
        registered = harmless.value(str(row["registered"]).replace(".000Z", "Z"), 40)
        return case.say("registered_name", registered=registered, registrar=registrar, **said)
    note = harmless.words(str(row.get("note") or ""), _NOTE) or case.say("registered_note")
    since = harmless.value(str(row.get("since") or "?").replace(".000Z", "Z"), 40)
    return case.say("registered_since", since=since, note=note, **said)


def _free(case: Case, row: Mapping[str, Any]) -> str:
    return case.say(
        "free_name",
        name=harmless.shown(str(row["name"])),
        hosts=case.few(details.texts(row.get("hosts")), _HOSTS),
        approved=case.say("free_approved" if row.get("approved") else "free_delegated"),
        by=case.say("free_by_dns" if row.get("by") == "dns" else "free_by_both"),
    )
