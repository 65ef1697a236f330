"""What an `apply` would change, for a person to approve, and what it leaves to be explained afterwards."""

from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime, timedelta
from typing import Any

from nswatch.expect.approved import CACHED
from nswatch.judge.lookalike import imitations
from nswatch.moments import parse_iso
from nswatch.names import display
from nswatch_cli.document import render
from nswatch_cli.watchlist.canonical import Json, dumps, moment

KEPT = timedelta(days=7)
"""How long replaced values are kept: a cache holds a TTL of at most 7 days (RFC 8767)."""

_MOST = 20
"""How many NS sets are remembered for longer than that, so that no entry grows without bound."""

_OWN_KEYS = {"answers": ("name", "type"), "planned_changes": ("id",)}


def diff(old: Mapping[str, Json], new: Mapping[str, Json]) -> list[str]:
    """Return the differences of two canonical watchlists as lines; none where they say the same.

    A domain that comes is ``+ example.com``, one that goes ``- example.com``; below ``~ example.com`` stand the keys
    that differ, a set's members each with their sign. What `apply` itself adds (``superseded``) is left out; of the
    baseline, which a person approves by this very difference, each host and each TTL is a line.
    """
    lines: list[str] = []
    for name in sorted({*old, *new}):
        before, after = (_flat(side.get(name, {})) for side in (old, new))
        changes = [line for key in sorted({*before, *after}) for line in _changed(key, before.get(key), after.get(key))]
        changes += _baseline_changed(*(side.get(name, {}).get("baseline", {}) for side in (old, new)))
        sign = "+" if name not in old else "-" if name not in new else "~"
        if changes or sign != "~":
            lines += [f"{sign} {display(name)}", *(f"    {line}" for line in changes)]
    return lines


def _baseline_changed(before: Json, after: Json) -> Iterator[str]:
    for part in ("addresses", "glue"):
        ours, theirs = before.get(part, {}), after.get(part, {})
        for host in sorted({*ours, *theirs}):
            signed = _signed(ours.get(host), theirs.get(host))
            if signed:
                yield f"baseline.{part}: {display(host)}{signed}"
    ds = _signed(before.get("ds"), after.get("ds"))
    if ds:
        yield f"baseline.ds:{ds}"
    if after.get("records", before.get("records")) != before.get("records"):
        yield "baseline.records: what the hosted zone holds beside the answers is approved as it is now"
    old, new = before.get("ttls", {}), after.get("ttls", {})
    come = [f"{rrset} {new[rrset]}" for rrset in sorted(new.keys() - old.keys())]
    gone = [f"{rrset} {old[rrset]}" for rrset in sorted(old.keys() - new.keys())]
    both = sorted(old.keys() & new.keys())
    yield from (f"baseline.ttls: {rrset} {old[rrset]} -> {new[rrset]}" for rrset in both if old[rrset] != new[rrset])
    if gone or come:
        yield f"baseline.ttls:{''.join(f' - {ttl}' for ttl in gone)}{''.join(f' + {ttl}' for ttl in come)}"


def _signed(before: list[str] | None, after: list[str] | None) -> str:
    """Return the members that go and come, each with its sign; ``none`` for a set that is known to be empty."""
    if before == after:
        return ""
    old, new = (["none"] if each == [] else each or [] for each in (before, after))
    return "".join(
        [*(f" - {item}" for item in old if item not in new), *(f" + {item}" for item in new if item not in old)]
    )


def _changed(key: str, before: object, after: object) -> Iterator[str]:
    if before == after:
        return
    if isinstance(before or after, list) and isinstance(after or before, list):
        gone = [item for item in _items(before) if item not in _items(after)]
        come = [item for item in _items(after) if item not in _items(before)]
        yield f"{key}:"
        yield from (f"  - {_shown(item)}" for item in gone)
        yield from (f"  + {_shown(item)}" for item in come)
    elif before is None:
        yield f"{key}: + {_shown(after)}"
    elif after is None:
        yield f"{key}: - {_shown(before)}"
    else:
        yield f"{key}: {_shown(before)} -> {_shown(after)}"


def _items(value: object) -> list[Any]:
    return value if isinstance(value, list) else []


def _shown(value: object) -> str:
    return value if isinstance(value, str) else dumps(value)


def _flat(entry: Json) -> dict[str, object]:
    """Return an entry as path -> value, lists of texts kept whole and lists of objects keyed by what names each."""
    return dict(_leaves(entry, ""))


def _leaves(value: Mapping[str, Any], path: str) -> Iterator[tuple[str, object]]:
    for key, inner in value.items():
        if key in {"superseded", "baseline"} and not path:
            continue
        here = f"{path}{render((key,))}" if not path or render((key,)).startswith("[") else f"{path}.{key}"
        if isinstance(inner, Mapping):
            yield from _leaves(inner, here)
        elif key in _OWN_KEYS and isinstance(inner, list):
            for item in inner:
                label = " ".join(str(item[part]) for part in _OWN_KEYS[key])
                rest = {part: content for part, content in item.items() if part not in _OWN_KEYS[key]}
                yield from _leaves(rest, f"{here}[{label}]")
        else:
            yield here, inner


def _registered(registration: Json) -> Json:
    """Return what is expected of a registration, without where else to ask about it."""
    return {key: value for key, value in registration.items() if key not in ("provider", "role_arn")}


def supersede(old: Json, new: Json, now: datetime) -> Json:
    """Return the new entry with ``superseded``: the values that it replaces, and those replaced within seven days.

    Replaced NS sets are kept for 90, but for those that imitate the new one: somebody had approved these by mistake.
    A lagging server or a cache may still give what was replaced. Replaced are ``delegation.ns``,
    ``delegation.soa_mname``, answers and the registration; what was not expected before leaves nothing. Applying the
    same entry again adds nothing.
    """
    known: list[Json] = old.get("superseded", [])
    kept = [*_long_ago(known, new, now), *(item for item in known if now - parse_iso(item["at"]) < KEPT)]
    before, after = old.get("delegation", {}), new.get("delegation", {})
    replaced: Json = {}
    delegation = {key: before[key] for key in ("ns", "soa_mname") if key in before and before[key] != after.get(key)}
    answers = [answer for answer in old.get("answers", []) if answer not in new.get("answers", [])]
    if delegation:
        replaced["delegation"] = delegation
    if answers:
        replaced["answers"] = answers
    registered, then = (_registered(entry.get("registration", {})) for entry in (old, new))
    if registered and registered != then:
        replaced["registration"] = registered
    if replaced:
        kept.append({"at": moment(now), **replaced})
    entry = {key: value for key, value in new.items() if key != "superseded"}
    return entry | {"superseded": kept} if kept else entry


def _long_ago(known: Iterable[Json], new: Json, now: datetime) -> list[Json]:
    """Return the NS sets that an `apply` replaced more than seven days ago and that caches may give still."""
    delegation = new.get("delegation", {})
    genuine, route53 = delegation.get("ns", []), delegation.get("provider") == "route53"
    newest: dict[tuple[str, ...], str] = {}
    for past in known:
        ns = tuple(past.get("delegation", {}).get("ns", ()))
        if ns and KEPT <= now - parse_iso(past["at"]) < CACHED and not imitations(ns, genuine, route53=route53):
            newest.pop(ns, None)
            newest[ns] = past["at"]
    return [{"at": at, "delegation": {"ns": list(ns)}} for ns, at in newest.items()][-_MOST:]


def supersede_ds(old: Json, new: Json, now: datetime) -> Json:
    """Return the new entry, its baseline taken, with a ``superseded`` DS RRset where it replaces one."""
    before, after = (side.get("baseline", {}).get("ds") for side in (old, new))
    if not before or before == after:
        return new
    return new | {"superseded": [*new.get("superseded", []), {"at": moment(now), "ds": before}]}
