"""The email of a message: what is wrong first, then the evidence, then what to do and whom to call."""

from datetime import datetime, timedelta
from string import Template

from nswatch.judge.policy import Cause
from nswatch.model import Finding
from nswatch.respond.exposure import RECOVERS_FOR, cached_until, still_served
from nswatch.respond.incident import SHORT_LIVED, Incident, MessageKind
from nswatch.tell import (
    account_section,
    certificates,
    comparison,
    details,
    evidence,
    harmless,
    registrar_section,
    registry_section,
    sentences,
    times,
)
from nswatch.tell.case import Case
from nswatch.tell.certificate_section import section
from nswatch.tell.evidence import paragraph
from nswatch.tell.language import Advice, CauseWords, Step
from nswatch.tell.variants import variant

_EXPLAINERS = frozenset({"nameserver_lookalike", "route53_mismatch"})
"""Beside `delegation_changed` they have a section of their own instead of another comparison."""
_AVAILABILITY = frozenset({"nameserver_lame", "nameservers_unreachable"})
"""Codes whose servers are listed: there is no value to compare."""
_VALUES = frozenset({"mx_changed", "soa_changed", "cname_changed", "address_changed"}) | comparison.ADDRESS_CODES
_NOTICED = frozenset({"txt_changed", "address_changed", "cname_changed", "answer_missing"})
_MOST_FINDINGS = 8
_MOST_FORGED = 8


def letter(case: Case) -> str:
    """Return the whole body, ending in a newline."""
    match case.message.kind:
        case MessageKind.RECOVERING:
            lines = _recovering(case)
        case MessageKind.RESOLVED:
            lines = _resolved(case)
        case _:
            lines = _wrong(case)
    return harmless.printable([*lines, *_contacts(case), *_footer(case)])


def _wrong(case: Case) -> list[str]:
    lines = _over(case)
    lines += [
        sentences.title(case, case.lead)
        if case.lead
        else case.say("no_finding", group=harmless.name(case.incident.group))
    ]
    for remark in _remarks(case):
        lines += paragraph(remark)
    if case.lead is not None:
        lines += _compared(case, case.lead)
        lines += [line for told in case.findings if told.code in certificates.CODES for line in section(case, told)]
        lines += evidence.explanations(case, case.findings)
        lines += [line for told in case.findings for line in registry_section.section(case, told)]
    lines += _also(case)
    lines += evidence.since(case)
    lines += account_section.section(case)
    lines += _registered(case)
    lines += registrar_section.section(case, case.lead) if case.lead is not None else []
    lines += _slower(case)
    lines += evidence.seen_by(case, case.findings)
    lines += evidence.caches(case)
    lines += evidence.residual(case)
    advice = _advice(case)
    if advice is not None:
        lines += ["", *paragraph(_filled(case, (advice.why,))), "", case.language.labels["steps"]]
        lines += _numbered(case, advice.steps)
    return [*lines, "", *_take_it(case)]


def _over(case: Case) -> list[str]:
    """Return first of all, where nobody looked while it stood, that it is over."""
    if case.state is None or case.state.until is None or not case.over:
        return []
    span = times.duration(case.state.until - case.since, case.language.phrases)
    since, until = times.utc(case.since), times.utc(case.state.until)
    return [*paragraph(case.say("over", since=since, until=until, duration=span)), ""]


def _advice(case: Case) -> Advice | CauseWords | None:
    """Return what the leading code's advice is, else its cause's."""
    if case.lead is None or case.lead.residual or details.is_forged(case.lead):
        return case.about
    known = case.language.advice
    code = case.lead.code
    if case.state is not None and case.state.cause is Cause.ZONE_CONTENT and _claimed(case):
        return known.get("taken_over") or case.about
    return known.get(f"{code}.{variant(case.lead)}") or known.get(code) or case.about


def _remarks(case: Case) -> list[str]:
    kind, state = case.message.kind, case.state
    remarks = []
    if kind is MessageKind.UPDATE:
        remarks.append(case.say("update", id=case.id))
    if kind is MessageKind.REMINDER:
        first = case.incident.last_page_at or case.incident.opened_at
        since = times.duration(case.message.at - first, case.language.phrases)
        remarks.append(case.say("reminder", id=case.id, duration=since))
    if state is not None and state.round > 1 and kind in (MessageKind.PAGE, MessageKind.NOTICE):
        remarks.append(case.say("back"))
    claimed = _claimed(case)
    if claimed:
        remarks.append(case.say("taken_over", hosts=case.few(claimed), domain=harmless.name(case.incident.group, 253)))
    if state is not None and state.active and _only_mail(case):
        remarks.append(case.say("mail_only", domain=harmless.name(case.lead.subject if case.lead else "", 253)))
    if case.incident.parts:
        ids = ", ".join(harmless.words(of, 300) for of in sorted(set(case.incident.parts.values())))
        remarks.append(case.say("part_remark", ids=ids))
    remarks += [_raised(case, finding) for finding in case.findings if details.raised_by(finding) is not None]
    if state is not None and not state.active and not case.over:
        remarks.append(case.say("relieved"))
    return remarks


def _claimed(case: Case) -> tuple[str, ...]:
    """Return the servers that had lost the zone, and that now answer for it as somebody else's (a dangling one)."""
    taken = (host for each in case.findings if each.code == "soa_changed" for host in details.witnesses(each)[0])
    return tuple(sorted(_lost(case) & set(taken)))


def _lost(case: Case) -> set[str]:
    """Return the servers that do not answer for the zone, or did not when somebody last looked."""
    down = case.incident.causes.get(Cause.AVAILABILITY)
    return {server.host for finding in (down.findings if down else ()) for server in details.servers(finding)}


def _only_mail(case: Case) -> bool:
    """Whether mail is led elsewhere, and nothing beside it that its users would notice."""
    codes = {finding.code for state in case.incident.active for finding in state.findings if not finding.residual}
    return "mx_changed" in codes and not codes & _NOTICED


def _registered(case: Case) -> list[str]:
    """Return what the registry's record says, where the parent's data departs."""
    told = details.registration(case.lead) if case.lead is not None else None
    if told is None:
        return []
    nothing = case.language.labels["none"]
    return paragraph(
        case.say(
            "registered",
            server=harmless.ascii_name(told.server, 253),
            changed=harmless.words(told.last_changed, 40) or nothing,
            registrar=harmless.words(told.registrar, 80) or nothing,
        )
    )


def _slower(case: Case) -> list[str]:
    """Return what corroborates: the site takes longer to answer since."""
    told = details.slower(case.lead) if case.lead is not None else ()
    lines = list[str]()
    for each in told[:_MOST_FINDINGS]:
        region, since = harmless.ascii_name(each.region, 40), times.utc(each.since)
        lines += paragraph(
            case.say("slower", region=region, former=str(each.former), median=str(each.median), since=since)
        )
    return lines


def _raised(case: Case, finding: Finding) -> str:
    code, other = details.raised_by(finding) or ("", "")
    return case.say(
        "raised",
        code=harmless.ascii_name(finding.code, 40),
        domain=harmless.name(finding.subject, 253),
        by=harmless.ascii_name(code, 40),
        other=harmless.name(other, 253),
        since=times.utc(finding.since),
    )


def _compared(case: Case, finding: Finding) -> list[str]:
    if finding.code in details.OF_MONITOR:
        alike = [other for other in case.findings if other.code == finding.code][: _MOST_FINDINGS * 2]
        return ["", *(line for other in alike for line in _of_monitor(case, other))]
    if finding.code in _AVAILABILITY:
        return evidence.servers(case, finding)
    if finding.code == registry_section.FREE or (finding.code in certificates.CODES and certificates.rows_of(finding)):
        return []
    if finding.code == "registration_status_changed":  # each says itself what came or is gone
        told = [paragraph(harmless.value(text, 200), "    ", "  ! ") for text in finding.seen]
        return ["", *evidence.bounded(case, told, _MOST_FINDINGS)]
    table = comparison.table(case, finding, comparison.lookalikes(case.findings))
    return ["", *table] if len(table) > 1 else []


def _of_monitor(case: Case, finding: Finding) -> list[str]:
    region, seen = harmless.ascii_name(finding.subject, 40), case.few(finding.seen, _MOST_FINDINGS)
    hub = finding.detail.get("hub")
    if isinstance(hub, str):
        return paragraph(
            case.say("missed_in", region=region, seen=seen, hub=harmless.ascii_name(hub, 40)), "    ", "  - "
        )
    return paragraph(case.say("silent_region", region=region, seen=seen), "    ", "  - ")


def _also(case: Case) -> list[str]:
    """Return one line for each other finding of the cause, and for each other cause."""
    lead = case.lead
    listed = lead.code if lead is not None and lead.code in details.OF_MONITOR else ""
    rest = [finding for finding in case.findings if finding is not lead and finding.code != listed]
    rest = [finding for finding in rest if not finding.residual]
    if lead is not None and lead.code == "delegation_changed":
        rest = [finding for finding in rest if finding.code not in _EXPLAINERS]
    claimed = _claimed(case)
    over = Cause.AVAILABILITY if claimed and _lost(case) <= set(claimed) else None  # a remark says how they answer now
    told = [case.told_of(state) for state in case.others if state.cause is not over]
    rest += [finding for finding in told if finding is not None]
    if not rest:
        return []
    blocks = [paragraph(_one_line(case, finding), "    ", "  - ") for finding in rest]
    return ["", case.language.labels["also"], *evidence.bounded(case, blocks, _MOST_FINDINGS)]


def _one_line(case: Case, finding: Finding) -> str:
    """Return a finding that is not the leading one: what is seen, and what is approved where that is short."""
    title = sentences.title(case, finding)
    expected = sentences.names_of(case, finding)["expected"]
    if finding.code not in _VALUES or not finding.expected or expected in title:
        return title
    return case.say("approved_is", title=title, expected=expected)


def _filled(case: Case, step: Step) -> str:
    """Return the first alternative whose names are all known; the last one where none is."""
    lead = case.lead
    subject = lead.subject if lead else case.incident.group
    known = {
        "domain": harmless.name(subject, 253),
        "name": harmless.ascii_name(subject, 253),
        "where": case.where(lead) if lead else "",
        "Where": case.where(lead)[:1].upper() + case.where(lead)[1:] if lead else "",
        "id": case.id,
        "since": times.utc(case.since),
        **(_particulars(case, lead) if lead else {}),
        **{"fallback" if key == "fallback_domain" else key: text for key, text in case.contacts.items()},
    }
    templates = [Template(alternative) for alternative in step]
    usable = (template for template in templates if set(template.get_identifiers()) <= known.keys())
    return next(usable, templates[-1]).safe_substitute(known)


def _particulars(case: Case, lead: Finding) -> dict[str, str]:
    """Return what a step may name only where the finding, or the watchlist, knows it."""
    said = sentences.names_of(case, lead)
    resolvers = details.witnesses(lead)[1]
    hosts = details.moved(lead) or details.servers(lead)
    route53 = case.entry is not None and case.entry.delegation.provider == "route53"
    known = {
        "resolvers": case.few(resolvers, 4) if resolvers else "",
        "record": said["what"] if details.rrsets(lead)[0].type else "",
        "hosts": said["host"] if hosts else "",
        "route53": case.say("route53_name") if route53 else "",
        "report": said.get("report", ""),
    }
    return {key: text for key, text in known.items() if text}


def _numbered(case: Case, steps: tuple[Step, ...]) -> list[str]:
    lines = []
    for number, step in enumerate(steps, start=1):
        lines += paragraph(_filled(case, step), "     ", f"  {number}. ")
    return lines


def _take_it(case: Case) -> list[str]:
    incident = case.incident
    if incident.acknowledged_at is None:
        return [case.say("ack", id=case.id), case.say("show", id=case.id)]
    by, at = harmless.words(incident.acknowledged_by, 60), times.utc(incident.acknowledged_at)
    return [*paragraph(case.say("acked", by=by, at=at)), case.say("show", id=case.id)]


def _recovering(case: Case) -> list[str]:
    labels = case.language.labels
    recovered, aftercare = _afterwards(case)
    lines = [_filled(case, (recovered,)) if recovered else case.say("recovering")]
    until = caches_may_lie_until(case.incident, case.now)
    if until is None:
        lines += ["", *paragraph(case.say("healthy_hour"))]
    else:
        ttl = max((forged.ttl for forged in case.incident.forged.values()), default=0)
        closes = "closes_not" if still_served(case.incident) else "closes"
        lines += ["", f"{labels['until']}  {times.both(until)}"]
        longest = times.duration(timedelta(seconds=ttl), case.language.phrases)
        lines += paragraph(case.say("until_ttl", ttl=longest) if ttl else case.say("until"))
        lines += paragraph(case.say(closes))
    if case.incident.active:
        lines += ["", *paragraph(case.say("still_open"))]
        standing = [finding for finding in map(case.told_of, case.incident.active) if finding is not None]
        lines += [line for f in standing for line in paragraph(sentences.title(case, f), "    ", "  - ")]
    lines += _forged(case)
    lines += evidence.residual(case)
    if aftercare:
        lines += ["", labels["aftercare"], *_numbered(case, aftercare)]
    return [*lines, "", case.say("show", id=case.id)]


def _afterwards(case: Case) -> tuple[str, tuple[Step, ...]]:
    """Return how the end is told, and what is still to do: as the leading code says, else as its cause does."""
    advice, about = _advice(case), case.about
    if advice is None or about is None:
        return "", ()
    return advice.recovered or about.recovered, advice.aftercare or about.aftercare


def caches_may_lie_until(incident: Incident, now: datetime) -> datetime | None:
    """Return until when a recovering incident's forged data may be cached; None where it needs an hour's health only.

    Never less than the time for which a domain that was taken once is watched.
    """
    if incident.causes and all(cause in SHORT_LIVED for cause in incident.causes):
        return None
    watched = (incident.recovering_since or now) + RECOVERS_FOR
    return max(cached_until(incident, now) or watched, watched)


def _forged(case: Case) -> list[str]:
    servers = sorted(case.incident.forged.values(), key=lambda f: (f.last_seen is not None, f.host, f.address, f.ttl))
    if not servers:
        return []
    lines = ["", case.language.labels["forged"]]
    for forged in servers[:_MOST_FORGED]:
        host = f"{harmless.shown(forged.host)} [{harmless.value(forged.address, 45)}]"
        if forged.host == "(parent)":
            host = case.where(case.lead) if case.lead else harmless.value(forged.host)
        elif forged.host == "(caches)":
            host = case.language.labels["caches"]
        ttl = times.duration(timedelta(seconds=forged.ttl), case.language.phrases)
        if forged.last_seen is None:
            line = case.say("forged_still", host=host, ttl=ttl)
        else:
            line = case.say("forged_gone", host=host, ttl=ttl, at=times.utc(forged.last_seen))
        lines += paragraph(line, "    ", "  - ")
    if len(servers) > _MOST_FORGED:
        lines.append(f"  {case.say('more', n=len(servers) - _MOST_FORGED)}")
    return lines


def _resolved(case: Case) -> list[str]:
    incident = case.incident
    if incident.resolved_by:
        first = case.say("resolved_person", id=case.id, by=harmless.words(incident.resolved_by, 60))
    else:
        brief = bool(incident.causes) and all(cause in SHORT_LIVED for cause in incident.causes)
        first = case.say("resolved_hour" if brief else "resolved_clock", id=case.id)
    lines = [first, "", case.language.labels["history"]]
    by = harmless.words(incident.acknowledged_by, 60)
    moments = (
        (incident.opened_at, case.say("opened")),
        (incident.acknowledged_at, case.say("acknowledged", by=by)),
        (incident.recovering_since, case.say("recovering")),
        (incident.resolved_at, case.say("resolved")),
    )
    lines += [f"  {times.both(at)}  {what}" for at, what in moments if at is not None]
    if case.lead is not None:
        lines += ["", *paragraph(case.say("was", title=sentences.title(case, case.lead)))]
    lines += _forged(case)
    if still_served(incident):
        lines += ["", *paragraph(case.say("resolved_forged"))]
    return [*lines, "", *paragraph(case.say("pages", n=incident.pages, id=case.id))]


def _contacts(case: Case) -> list[str]:
    if case.message.kind is MessageKind.RESOLVED:
        return []
    known = case.language.contacts
    lines = ["", case.language.labels["contacts"]]
    width = max(map(len, known.values()))
    order = [*(key for key in known if key in case.contacts), *(key for key in case.contacts if key not in known)]
    for key in order[:12]:
        label = known.get(key, harmless.words(key, width))
        lines += paragraph(case.contacts[key], " " * (width + 4), f"  {label:{width}}  ")
    return lines if order else [*lines, *paragraph(case.say("no_contacts"), "  ")]


def _footer(case: Case) -> list[str]:
    labels = case.language.labels
    found = case.findings if case.message.kind is not MessageKind.RESOLVED else case.incident.findings
    codes = [harmless.ascii_name(code, 40) for code in dict.fromkeys(finding.code for finding in found)]
    shown = ", ".join(codes[:16]) or labels["none"]
    kind = case.language.kinds[case.message.kind]
    return [
        "",
        f"{labels['incident']}  {case.id} ({kind}, {times.utc(case.message.at)})",
        *paragraph(shown, " " * (len(labels["findings"]) + 2), f"{labels['findings']}  "),
    ]
