"""A finding in a sentence and in a few words: its variant's template, and what fills it in."""

from datetime import timedelta
from string import Template

from nswatch.expect.matching import canonical
from nswatch.model import Finding
from nswatch.tell import certificates, details, harmless, times
from nswatch.tell.case import Case
from nswatch.tell.language import Words
from nswatch.tell.variants import departing, missing_texts, spf, variant

_MOST_WITNESSES = 3
_VALUE = 72


def title(case: Case, finding: Finding) -> str:
    """Return a finding as one sentence."""
    return _sentence(_words(case, finding).title, names_of(case, finding))


def short(case: Case, finding: Finding, domain_length: int) -> str:
    """Return a finding in few ASCII words; the domain is cut in its middle where it is longer than allowed."""
    said = names_of(case, finding)
    said |= {"domain": harmless.ascii_name(finding.subject, domain_length), "owner": said["owner_ascii"]}
    if len(said["owner"]) > domain_length:
        said["owner"] = said["domain"]
    return Template(_words(case, finding).short).substitute(said)


def _sentence(template: str, said: dict[str, str]) -> str:
    text = " ".join(Template(template).substitute(said).split())
    return text[:1].upper() + text[1:] if template.startswith("$What") else text


def _words(case: Case, finding: Finding) -> Words:
    words = case.language.words
    if finding.residual:
        return case.language.residual
    return words.get(f"{finding.code}.{variant(finding)}") or words.get(finding.code) or case.language.unknown


def names_of(case: Case, finding: Finding) -> dict[str, str]:
    """Return what a template about a finding may use: see `nswatch.tell.language`."""
    where = case.where(finding)
    what, owner, owner_ascii = _record(case, finding)
    return {
        "domain": harmless.name(finding.subject, 253),
        "code": harmless.ascii_name(finding.code, 40),
        "where": where,
        "Where": where[:1].upper() + where[1:],
        "parent": case.parent_short(finding),
        "what": what,
        "What": what,
        "owner": owner,
        "owner_ascii": owner_ascii,
        "type": harmless.ascii_name(details.rrsets(finding)[0].type or case.say("record"), 16),
        "on": on(case, finding),
        "seen_regions": case.few(details.regions(finding), _MOST_WITNESSES),
        **_values(case, finding),
        **_hosts(case, finding),
        **_ttl(case, finding),
        **_silence(case, finding),
        **certificates.names_of(case, finding),
    }


def _record(case: Case, finding: Finding) -> tuple[str, str, str]:
    """Return ("MX of example.com and 2 more", the owner's name, and that in ASCII)."""
    rrsets = details.rrsets(finding)
    ttls = details.ttls(finding)
    count = len(rrsets)
    name, type_ = rrsets[0].name or finding.subject, rrsets[0].type
    if ttls and finding.code == "ttl_changed":
        name, type_, count = ttls[0].name or finding.subject, ttls[0].type, len(ttls)
    owner = harmless.name(name, 253)
    what = record(case, type_, owner)
    if count > 1:
        what = f"{what} {case.say('more_records', n=count - 1)}"
    return what, owner, harmless.ascii_name(name, 253)


def record(case: Case, type_: str, owner: str) -> str:
    """Return "MX of example.com"; ``owner`` is harmless already."""
    known = case.language.types.get(type_) or harmless.ascii_name(type_ or case.say("record"), 16)
    return case.say("record_of", type=known, owner=owner)


def _values(case: Case, finding: Finding) -> dict[str, str]:
    if finding.code in details.OF_MONITOR:
        return {"expected": case.few(finding.expected), "seen": case.few(finding.seen), "missing": ""}
    if finding.code in ("glue_changed", "nameserver_address_changed"):
        first = next(iter(details.moved(finding)), None)
        seen = first.seen if first else finding.seen
        expected = first.expected if first else finding.expected
        odd = tuple(value for value in seen if value not in expected) or seen
        missing: tuple[str, ...] = ()
        type_ = ""
    elif finding.code in _WHOLE_SEEN:
        expected, odd, missing, type_ = finding.expected, finding.seen, (), ""
    else:
        rrset = details.rrsets(finding)[0]
        expected, odd, type_ = rrset.expected, departing(rrset), rrset.type
        odd = (spf(odd) or odd) if finding.code == "txt_changed" and variant(finding) == "spf" else odd
        gone = missing_texts(rrset) if rrset.type == "TXT" else rrset.expected
        missing = tuple(value for value in gone if value not in rrset.seen)
    return {
        "expected": brief(case, expected, type_, as_is=finding.code in _AS_IS),
        "seen": brief(case, odd, type_, as_is=finding.code in _AS_IS),
        "missing": brief(case, missing, type_),
    }


_AS_IS = frozenset(
    {"registrar_changed", "registration_touched", "registration_status_changed", "registration_expiring"}
)
"""Codes whose values are words, or moments: case says something in them."""


_WHOLE_SEEN = frozenset({"delegation_changed", "nameserver_lookalike", "route53_mismatch"})
"""Codes whose rules show in `seen` just what is to be told."""


def brief(case: Case, values: tuple[str, ...], type_: str = "", *, as_is: bool = False) -> str:
    """Return some values in a row, short enough for a sentence: names without their trailing dot, texts quoted."""
    shown = [harmless.shortened(value if as_is else canonical(value), _VALUE) for value in values[:50]]
    if type_ == "TXT":
        shown = [case.say("quoted", text=text) for text in shown]
    return case.few(tuple(shown), total=len(values))


def _hosts(case: Case, finding: Finding) -> dict[str, str]:
    servers = details.servers(finding)
    hosts = [row.host for row in details.moved(finding)] or [server.host or server.address for server in servers]
    results = dict.fromkeys(result(case, server.result) for server in servers if server.result)
    hosts = list(dict.fromkeys(hosts)) or list(finding.seen) or [case.say("some_host")]
    return {
        "host": case.few(tuple(hosts)),
        "results": ", ".join(list(results)[:3]) or case.say("no_authority"),
    }


def result(case: Case, text: str) -> str:
    """Return the result of a question in words."""
    return case.language.results.get(text) or harmless.ascii_name(text, 20).upper()


def _ttl(case: Case, finding: Finding) -> dict[str, str]:
    first = next(iter(details.ttls(finding)), None)
    if first is None:
        return {"ttl_seen": brief(case, finding.seen), "ttl_expected": brief(case, finding.expected)}
    return {"ttl_seen": seconds(case, first.seen), "ttl_expected": seconds(case, first.expected)}


def seconds(case: Case, ttl: int) -> str:
    """Return a TTL as ``86400 s (24 h)``."""
    length = times.duration(timedelta(seconds=ttl), case.language.phrases)
    plain = case.say("seconds", n=ttl)
    return plain if length == plain else f"{plain} ({length})"


def _silence(case: Case, finding: Finding) -> dict[str, str]:
    reporting, regions = details.count(finding, "reporting"), details.count(finding, "regions")
    known = reporting is not None and regions is not None
    silent = len([other for other in case.findings if other.code == finding.code])
    return {
        "silent": str((regions or 0) - (reporting or 0) if known else silent),
        "reporting": "?" if reporting is None else str(reporting),
        "regions": "?" if regions is None else str(regions),
    }


def on(case: Case, finding: Finding) -> str:
    """Return who gives it, with a space before: " on 4 of 4 name servers and at 2 of 8 resolvers (…)"; or nothing."""
    hosts, resolvers = details.witnesses(finding)
    parts = []
    if hosts:
        ours = case.entry.delegation.ns if case.entry else frozenset()
        of = len(ours) if ours and set(hosts) <= ours else None
        parts.append(_some(case, "on_hosts", hosts, of))
    if resolvers:
        asked = case.entry.resolvers if case.entry else ()
        parts.append(_some(case, "at_resolvers", resolvers, len(asked) if set(resolvers) <= set(asked) else None))
    return "".join(f" {part}" for part in [f" {case.say('and')} ".join(parts)] if part)


def _some(case: Case, phrase: str, who: tuple[str, ...], of: int | None) -> str:
    """Return "on 1 of 4 name servers (ns2.example.com)"; all of them are not named."""
    text = case.say(f"{phrase}.one" if len(who) == 1 and of in (None, 1) else phrase, n=_of(case, len(who), of))
    whole = of is not None and len(who) == of and of > 1
    return text if whole or len(who) > _MOST_WITNESSES else f"{text} ({case.few(who, _MOST_WITNESSES)})"


def _of(case: Case, n: int, of: int | None) -> str:
    return str(n) if of is None else case.say("n_of", n=n, of=of)
