"""The short forms of a message: one SMS part, and the subject line.

Both begin with the same few words. What does not fit is left out by its weight, never cut in the middle: the domain and
what is wrong stay; then come the names that differ, the time, the incident's id.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace

from nswatch.model import Finding
from nswatch.respond.incident import MessageKind
from nswatch.tell import comparison, details, gsm7, harmless, sentences, times
from nswatch.tell.case import Case
from nswatch.tell.letter import caches_may_lie_until

SUBJECT_LENGTH = 99
"""SNS: ASCII, beginning with a letter, a digit or punctuation, no control character, less than 100 characters."""
_LONGEST_DOMAIN = 253
_SHORTEST_DOMAIN = 8
_PAIRED = 48


def sms(case: Case) -> str:
    """Return the text message: GSM 03.38 characters, at most 160 septets, never empty."""
    prefix = _prefix(case)
    for what, rest in _candidates(case):
        text = gsm7.to_gsm7(prefix + what + rest)
        if gsm7.septets(text) <= gsm7.ONE_PART:
            return text
    for length in range(_LONGEST_DOMAIN, _SHORTEST_DOMAIN, -1):
        text = gsm7.to_gsm7(prefix + _what(case, length))
        if gsm7.septets(text) <= gsm7.ONE_PART:
            return text
    return gsm7.fit(gsm7.to_gsm7(prefix + _what(case, _SHORTEST_DOMAIN)))


def subject(case: Case) -> str:
    """Return the subject line: the kind, what is wrong, and the incident's id where it fits."""
    prefix = f"nswatch {case.language.kinds[case.message.kind]}: "
    what = prefix + _what(case, _LONGEST_DOMAIN)
    with_id = f"{what} [{case.id}]"
    if len(with_id) <= SUBJECT_LENGTH:
        return _ascii(with_id)
    length = _LONGEST_DOMAIN
    while len(what) > SUBJECT_LENGTH and length > _SHORTEST_DOMAIN:
        length -= 1
        what = prefix + _what(case, length)
    return _ascii(what)[:SUBJECT_LENGTH]


def _ascii(text: str) -> str:
    return "".join(character if " " <= character <= "~" else "?" for character in text)


def _prefix(case: Case) -> str:
    if case.message.kind in (MessageKind.PAGE, MessageKind.RECOVERING, MessageKind.RESOLVED):
        return case.say("sms_prefix")
    return case.say("sms_prefix_kind", kind=case.language.kinds[case.message.kind])


def _what(case: Case, domain_length: int) -> str:
    kind = case.message.kind
    domain = harmless.ascii_name(case.lead.subject if case.lead else case.incident.group, domain_length)
    if kind is MessageKind.RESOLVED:
        return case.say("short_resolved", domain=domain)
    if kind is MessageKind.RECOVERING:
        until = caches_may_lie_until(case.incident, case.now)
        if until is None:
            return case.say("short_recovering_hour", domain=domain)
        brief = f"{times.brief_utc(until, case.language.months)} UTC"
        return case.say("short_recovering", domain=domain, until=brief)
    if case.lead is None:
        return case.say("no_finding", group=domain)
    what = sentences.short(case, case.lead, domain_length)
    return case.say("over_short", what=what) if case.over else what


def _candidates(case: Case) -> Iterator[tuple[str, str]]:
    """Give (what, rest) from the fullest text to the barest."""
    what = _what(case, _LONGEST_DOMAIN)
    id_ = f". {case.id}"
    if case.message.kind in (MessageKind.RECOVERING, MessageKind.RESOLVED):
        held = sorted({address for finding in case.residual for address in details.witnesses(finding)[1]})
        if held and case.message.kind is MessageKind.RECOVERING:
            phrase = "sms_residual.one" if len(held) == 1 else "sms_residual"
            cached = f". {case.say(phrase, n=len(held))}"
            yield from ((what, cached + id_), (what, cached))
        yield from ((what, id_), (what, ""))
        return
    months = case.language.months
    utc, jst = times.brief_utc(case.since, months), times.brief_jst(case.since, months)
    full = ". " + case.say("sms_since", utc=utc, jst=jst)
    brief = ". " + case.say("sms_since_short", utc=utc, jst=times.brief_jst_clock(case.since))
    pairs = [f": {pair}" for pair in _pairs(case)]
    for pair in pairs:
        yield from ((what, pair + full + id_), (what, pair + brief + id_))
    yield from ((what, pair + brief) for pair in pairs)
    yield from ((what, full + id_), (what, brief + id_))
    yield from ((what, pair) for pair in pairs)
    yield from ((what, brief), (what, id_), (what, ""))


def _pairs(case: Case) -> list[str]:
    """Return the names that differ, fullest first; none for a finding that is not about values."""
    lead = case.lead
    if lead is None or lead.code in details.OF_MONITOR:
        return []
    if lead.code in _OF_CODE:
        return _OF_CODE[lead.code](case, lead)
    if lead.code == "ttl_changed" and details.ttls(lead):
        return _of_ttl(case, lead)
    if lead.code in comparison.ADDRESS_CODES and details.moved(lead):
        moved = details.moved(lead)[0]
        lead = replace(lead, expected=moved.expected, seen=moved.seen, detail={})
        host = harmless.ascii_name(moved.host, _PAIRED)
        pairs = _compared(lead, comparison.rows(lead, {}))
        return [case.say("sms_of", what=host, pair=said) for said in _said(case, pairs)] + _said(case, pairs)
    table = comparison.rows(lead, comparison.lookalikes(case.findings))
    bare = lead.code in _BARE
    return _with_record(case, lead, _said(case, _compared(lead, table), bare=bare))


_Pair = tuple[str | None, str | None]


def _compared(lead: Finding, table: Sequence[comparison.Row]) -> list[_Pair]:
    """Return (expected, seen) of the shortest line that differs, then without what was expected."""
    expected, seen = comparison.shortest_of(table)
    if seen is None:
        alone = expected is not None and (lead.seen or len(lead.expected) == 1)
        return [(expected, None)] if alone else []
    return [(None, seen)] if expected is None else [(expected, seen), (None, seen)]


def _said(case: Case, pairs: Sequence[_Pair], *, bare: bool = False) -> list[str]:
    """Return the pairs in words; ``bare``: only what is seen, because the first words say that it is not approved."""
    return list(dict.fromkeys(_pair(case, *pair, bare=bare) for pair in pairs))


def _pair(case: Case, expected: str | None, seen: str | None, *, bare: bool) -> str:
    if seen is None:
        return case.say("sms_missing", expected=_brief(expected or ""))
    if bare:
        return _brief(seen)
    if expected is None:
        return case.say("sms_extra", seen=_brief(seen))
    return case.say("sms_pair", seen=_brief(seen), expected=_brief(expected))


_CACHES = frozenset({"resolvers_disagree", "regions_disagree"})
_BARE = _CACHES | {"address_changed", "nameserver_domain_available"}
"""Codes whose first words say already what is wrong with the value."""
_OWN_TYPE = frozenset({"mx_changed", "soa_changed", "cname_changed", "txt_changed", "ttl_changed"})
"""Codes whose few words name the type of the record already."""


def _with_record(case: Case, lead: Finding, pairs: list[str]) -> list[str]:
    """Put before each pair which record it is, where the first words do not say it, and after it which resolver."""
    rrset = details.rrsets(lead)[0]
    name = rrset.name if rrset.name != lead.subject else ""
    type_ = rrset.type if lead.code not in _OWN_TYPE else ""
    what = " ".join(harmless.ascii_name(part, _PAIRED) for part in (name, type_) if part)
    hosts, resolvers = details.witnesses(lead)
    if lead.code == "answer_missing" and what:
        one = [case.say("sms_at", pair=what, where=harmless.ascii_name(hosts[0], _PAIRED))] if len(hosts) == 1 else []
        return [*one, what]
    told = [case.say("sms_of", what=what, pair=pair) for pair in pairs] if what else []
    if lead.code in _CACHES:
        of_regions = lead.code == "regions_disagree"
        where = _first(case, details.regions(lead) if of_regions else resolvers)
        phrase = "sms_from" if of_regions else "sms_at"
        told = [case.say(phrase, pair=pair, where=where) for pair in (told or pairs)] + told if where else told
    return told + pairs


def _of_resolvers(case: Case, lead: Finding) -> list[str]:
    _, resolvers = details.witnesses(lead)
    at = [case.say("sms_resolvers", where=_first(case, resolvers))] if resolvers else []
    reason = details.chain_reason(lead)
    return [*([_brief(reason)] if reason else []), *at]


def _of_keys(case: Case, lead: Finding) -> list[str]:
    keys = replace(lead, expected=_key_tags(case, lead.expected), seen=_key_tags(case, lead.seen))
    return _said(case, _compared(keys, comparison.rows(keys, {})))


def _key_tags(case: Case, ds: Sequence[str]) -> tuple[str, ...]:
    """Return DS records by the tags of their keys (RFC 4034 section 5.1.1): a digest is nothing to read at night."""
    return tuple(dict.fromkeys(case.say("sms_key", tag="".join(each.split()[:1])) for each in ds))


def _first(case: Case, names: Sequence[str]) -> str:
    """Return the first of some names, and how many there are beside."""
    shown = [harmless.value(name, 45) for name in names[:1]]
    return " ".join([*shown, case.say("more", n=len(names) - 1)] if len(names) > 1 else shown)


def _of_servers(case: Case, lead: Finding) -> list[str]:
    regions = details.regions(lead)
    if lead.code == "nameservers_unreachable":
        return [case.say("sms_silent_from", where=_first(case, regions))] if regions else []
    found = [row for row in details.servers(lead) if row.result]
    results = dict.fromkeys(sentences.result(case, row.result) for row in found)
    if lead.detail.get("all") is True:
        return [", ".join(list(results)[:3])] if results else []
    said = [
        case.say("sms_server", host=_brief(row.host or row.address), result=sentences.result(case, row.result))
        for row in found
    ]
    more = [f"{said[0]} {case.say('more', n=len(said) - 1)}"] if len(said) > 1 else []
    return more + said[:1]


def _of_parent_child(case: Case, lead: Finding) -> list[str]:
    expected, seen = comparison.shortest_pair(lead, {})
    child = [case.say("sms_only_child", host=_brief(seen))] if seen is not None else []
    parent = [case.say("sms_only_parent", host=_brief(expected))] if expected is not None else []
    return [", ".join(child + parent), *child, *parent] if child or parent else []


def _of_ttl(case: Case, lead: Finding) -> list[str]:
    ttl = details.ttls(lead)[0]
    name = ttl.name if ttl.name != lead.subject else ""
    pair = case.say("sms_pair", seen=f"{ttl.seen} s", expected=f"{ttl.expected} s")
    what = " ".join(harmless.ascii_name(part, _PAIRED) for part in (name, ttl.type) if part)
    return [case.say("sms_of", what=what, pair=pair), pair] if what else [pair]


def _brief(value: str) -> str:
    """One value in ASCII: an internationalised name by its A-labels, which show that it is no plain one."""
    return harmless.shortened(harmless.value(value), _PAIRED)


_OF_CODE: Mapping[str, Callable[[Case, Finding], list[str]]] = {
    "nameserver_lame": _of_servers,
    "nameservers_unreachable": _of_servers,
    "parent_child_mismatch": _of_parent_child,
    "ds_changed": _of_keys,
    "dnssec_bogus": _of_resolvers,
}
