"""The short forms of a message: one SMS part, and the subject line.

Both begin with the same few words. What does not fit is left out by its weight, never cut in the middle: the domain and
what is wrong stay; then come the names that differ, the time, the incident's id.
"""

from collections.abc import Iterator

from nswatch.respond.incident import MessageKind
from nswatch.tell import comparison, gsm7, harmless, times
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
    return case.short(case.lead, domain_length)


def _candidates(case: Case) -> Iterator[tuple[str, str]]:
    """Give (what, rest) from the fullest text to the barest."""
    what = _what(case, _LONGEST_DOMAIN)
    id_ = f". {case.id}"
    if case.message.kind in (MessageKind.RECOVERING, MessageKind.RESOLVED):
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
    if case.lead is None or case.lead.code == "vantage_silent":
        return []
    expected, seen = comparison.shortest_pair(case.lead, comparison.lookalikes(case.findings))
    if seen is None:
        alone = expected is not None and (case.lead.seen or len(case.lead.expected) == 1)
        return [] if expected is None or not alone else [case.say("sms_missing", expected=_brief(expected))]
    extra = case.say("sms_extra", seen=_brief(seen))
    return [extra] if expected is None else [case.say("sms_pair", seen=_brief(seen), expected=_brief(expected)), extra]


def _brief(value: str) -> str:
    """One value in ASCII: an internationalised name by its A-labels, which show that it is no plain one."""
    return harmless.shortened(harmless.value(value), _PAIRED)
