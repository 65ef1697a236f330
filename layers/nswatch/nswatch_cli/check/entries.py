"""Which domains are checked, and by what: names from the command line, a watchlist, the lock file beside it."""

import ipaddress
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from nswatch.errors import InvalidDocument, InvalidName
from nswatch.expect.watchlist import DomainEntry, read_baseline, read_entry
from nswatch.names import normalise
from nswatch_cli.watchlist.canonical import canonical
from nswatch_cli.watchlist.load import load_watchlist
from nswatch_cli.watchlist.lock import lock_path, read_lock


def read_entries(domains: Sequence[str], file: Path | None) -> dict[str, DomainEntry | None]:
    """Return each domain to check with its entry, its baseline from the lock file where there is one.

    Without a watchlist the entries are None. Raises InvalidDocument with everything that is wrong.
    """
    names, problems = dict[str, None](), list[str]()
    for text in domains:
        try:
            names[_name(text)] = None
        except InvalidName as error:
            problems.append(f"check: {error}")
    if file is None:
        if not domains:
            problems.append("check: no domain; write it like: nswatch check example.com (or give a --watchlist FILE)")
        if problems:
            raise InvalidDocument(*problems)
        return dict.fromkeys(names, None)
    watched = {domain: read_entry(domain, entry) for domain, entry in canonical(load_watchlist(file)).items()}
    locked = read_lock(lock_path(file))
    watched = {
        domain: replace(entry, baseline=read_baseline(locked[domain].baseline)) if domain in locked else entry
        for domain, entry in watched.items()
    }
    some = ", ".join(list(watched)[:5]) + (", ..." if len(watched) > 5 else "")
    problems += [f"check: {name} is not in {file}, which has: {some}" for name in names if name not in watched]
    if problems:
        raise InvalidDocument(*problems)
    return {name: watched[name] for name in names or watched}


def _name(text: str) -> str:
    try:
        ipaddress.ip_address(text)
    except ValueError:
        if "://" in text:
            raise InvalidName(f"{text!r} is a URL; write its domain alone, like 'example.com'") from None
        name = normalise(text)
        if name == ".":
            raise InvalidName("the root has no parent to ask; write a domain like 'example.com'") from None
        return name
    raise InvalidName(f"{text!r} is an address; write a domain like 'example.com'")
