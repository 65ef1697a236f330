"""What a watchlist says and this version does nothing with, or no registry will ever tell: said when it is written."""

from collections.abc import Iterator, Mapping
from typing import Any

from nswatch.collect.bootstrap import Services, service_of
from nswatch.names import display, registry_domain


def without_rdap(entries: Mapping[str, Mapping[str, Any]], services: Services) -> Iterator[str]:
    """Yield a line for each entry (canonical JSON) whose ``registration`` nobody can be asked about.

    ``services`` are those of IANA's bootstrap registry (RFC 9224). Where Route 53 Domains is asked it is judged.
    """
    for domain, entry in entries.items():
        registration = entry.get("registration", {})
        name = registry_domain(domain) or domain
        if not registration or registration.get("provider") or service_of(name, services) is not None:
            continue
        suffix = name.rpartition(".")[2]
        yield (
            f"{display(domain)}: the registry of .{display(suffix)} has no RDAP service, so 'registration' is not "
            "judged: neither registrar nor locks nor expiry"
        )


def not_heeded(entries: Mapping[str, Mapping[str, Any]]) -> Iterator[str]:
    """Yield a line for each key of some entries (canonical JSON) that is stored and changes nothing in this version."""
    keys = (
        ("every", 60, "each region makes a pass a minute, whatever it says (delegation_every is heeded)"),
        ("language", "en", "texts are English, with times in UTC and JST"),
    )
    for key, default, instead in keys:
        domains = [display(domain) for domain, entry in entries.items() if entry.get(key, default) != default]
        if domains:
            more = f" and {len(domains) - 3} more" if len(domains) > 3 else ""
            yield f"{', '.join(domains[:3])}{more}: {key!r} is stored and not heeded yet: {instead}"
