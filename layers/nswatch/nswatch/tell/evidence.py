"""What explains a finding and who saw it: aligned look-alikes, the Route 53 rule, servers, regions, transports."""

import textwrap
from collections.abc import Mapping, Sequence
from datetime import datetime
from string import Template
from typing import Any

from nswatch.model import Finding, Sighting, Source
from nswatch.tell import details, harmless, sentences, times
from nswatch.tell.case import Case
from nswatch.tell.comparison import ADDRESS_CODES

COLUMNS = 76
_MOST_PAIRS = 4
_MOST_HOSTS = 6
_MOST_ANSWERS = 5
_MOST_SERVERS = 6
_MOST_REGIONS = 8
_MOST_RECORDS = 8
_CACHES = frozenset({"resolvers_disagree", "regions_disagree"})
_PIECE = 62
_MOST_PIECES = 3


def paragraph(text: str, indent: str = "", first: str | None = None) -> list[str]:
    """Return a text in lines of at most 76 columns; a single word that is longer stays whole."""
    return textwrap.wrap(
        text,
        COLUMNS,
        initial_indent=indent if first is None else first,
        subsequent_indent=indent,
        break_long_words=False,
        break_on_hyphens=False,
    )


def explanations(case: Case, findings: Sequence[Finding]) -> list[str]:
    """Return what the rules say beyond expected and seen."""
    pairs = [row for finding in findings for row in details.rows(finding, "pairs")]
    hosts = [row for f in findings if f.code == "route53_mismatch" for row in details.rows(f, "hosts")]
    lines = answers(case, findings[:1])
    if pairs:
        lines += ["", case.say("lookalikes"), *bounded(case, [_aligned(case, row) for row in pairs], _MOST_PAIRS)]
        lines = lines[:-1] if not lines[-1] else lines
    if hosts:
        lines += ["", case.say("route53"), *bounded(case, [_host(row) for row in hosts], _MOST_HOSTS)]
    return lines + _beside_route53(case, findings)


def _beside_route53(case: Case, findings: Sequence[Finding]) -> list[str]:
    """Return whether the addresses of Route 53's name servers are Route 53's, where the rules could tell."""
    rows = [row for finding in findings if finding.code in ADDRESS_CODES for row in details.moved(finding)]
    outside = dict.fromkeys(address for row in rows for address in row.outside)
    inside = dict.fromkeys(address for row in rows for address in row.inside)
    lines = list[str]()
    for phrase, addresses in (("route53_outside", outside), ("route53_inside", inside)):
        if addresses:
            shown = harmless.listed([*addresses], lambda a: harmless.value(a, 45), lambda n: case.say("more", n=n), 4)
            lines += ["", *paragraph(case.say(phrase, addresses=", ".join(shown)))]
    return lines


def answers(case: Case, findings: Sequence[Finding]) -> list[str]:
    """Return who gives which answer, where not all give the same, and each record where there are several."""
    lines = []
    for finding in findings:
        if finding.code == "delegation_changed":
            blocks = [_answer(case, row) for row in details.rows(finding, "answers")]
        else:
            first = details.rrsets(finding)[0]
            blocks = [_given(case, answer) for answer in first.answers if answer.hosts or answer.resolvers]
        if len(blocks) > 1:
            lines += ["", case.say("answers"), *bounded(case, blocks, _MOST_ANSWERS)]
        rrsets = details.rrsets(finding) if finding.code != "ttl_changed" else ()
        if len(rrsets) > 1:
            records = [_record(case, finding, rrset) for rrset in rrsets]
            lines += ["", case.language.labels["records"], *bounded(case, records, _MOST_RECORDS)]
    return lines


def _record(case: Case, finding: Finding, rrset: details.RRset) -> list[str]:
    owner = harmless.name(rrset.name or finding.subject)
    what = sentences.record(case, rrset.type, owner)
    seen = sentences.brief(case, rrset.seen, rrset.type)
    if rrset.expected:
        expected = sentences.brief(case, rrset.expected, rrset.type)
        return paragraph(case.say("record_now", what=what, seen=seen, on="", expected=expected), "    ", "  - ")
    return paragraph(f"{what}: {seen}", "    ", "  - ")


def _given(case: Case, answer: details.Given) -> list[str]:
    who = [harmless.shown(host) for host in answer.hosts] + [harmless.value(r, 45) for r in answer.resolvers]
    seen = sentences.brief(case, answer.seen) if answer.seen else _nothing(case, answer.result)
    text = case.say(
        "given_to",
        who=", ".join(harmless.listed(who, str, lambda n: case.say("more", n=n), _MOST_HOSTS)),
        regions=_region_list(case, answer.regions) or "?",
        seen=seen,
    )
    return paragraph(text, "    ", "  - ")


def _nothing(case: Case, result: str) -> str:
    shown = harmless.ascii_name(result, 20).upper()
    return case.say("nothing", result=shown) if result else case.language.labels["none"]


def servers(case: Case, finding: Finding) -> list[str]:
    """Return the name servers that do not answer as they should: what each says, and to whom."""
    blocks = []
    found = details.servers(finding)
    alike = len({server.regions for server in found}) == 1 and bool(finding.sightings)
    for server in found:
        address = f" [{harmless.value(server.address, 45)}]" if server.address else ""
        name = f"{harmless.shown(server.host) if server.host else ''}{address}".strip()
        told = case.say(
            "server_says" if alike else "server_says_to",
            host=name,
            result=sentences.result(case, server.result) if server.result else "?",
            regions=_region_list(case, server.regions) or "?",
        )
        blocks.append(paragraph(told, "    ", "  ! "))
    if not found:
        blocks = [paragraph(harmless.shown(value), "    ", "  ! ") for value in finding.seen]
    return ["", case.language.labels["servers"], *bounded(case, blocks, _MOST_RECORDS)] if blocks else []


def caches(case: Case) -> list[str]:
    """Return which parts are only caches."""
    sources = {sighting.source for finding in case.findings for sighting in finding.sightings}
    if Source.RECURSIVE not in sources:
        return []
    lead = case.lead
    only = lead is not None and lead.code in _CACHES and lead.cause in ("", "caches")
    only = only and sources == {Source.RECURSIVE}
    return ["", *paragraph(case.say("only_caches" if only else "caches_too"))]


def residual(case: Case) -> list[str]:
    """Return what only caches still hold of it."""
    found = case.residual
    if not found:
        return []
    lines = []
    for finding in found:
        said = sentences.names_of(case, finding)
        at = times.utc(finding.since)
        lines.append(case.say("residual_at", what=said["what"], seen=said["seen"], on=said["on"], at=at))
    # That resolvers and that regions disagree may be the same answers.
    blocks = [paragraph(line, "    ", "  - ") for line in dict.fromkeys(lines)]
    told = bounded(case, blocks, _MOST_RECORDS)
    return ["", case.language.labels["residual"], *told, *paragraph(case.say("still_cached"), "  ")]


def bounded(case: Case, blocks: Sequence[list[str]], most: int) -> list[str]:
    """Return the lines of at most ``most`` blocks, and how many there are beside."""
    lines = [line for block in blocks[:most] for line in block]
    return [*lines, f"  {case.say('more', n=len(blocks) - most)}"] if len(blocks) > most else lines


def _answer(case: Case, row: Mapping[str, Any]) -> list[str]:
    seen = details.texts(row.get("seen"))
    gone = case.say("gone", result=harmless.value(str(row.get("result", "?")), 20).upper())
    text = case.say(
        "answer",
        n=harmless.value(str(row.get("servers", "?")), 10),
        regions=_region_list(case, details.texts(row.get("regions"))) or "?",
        seen=case.few(seen, _MOST_HOSTS) if seen else gone,
    )
    return paragraph(text, "    ", "  - ")


def _region(text: str) -> str:
    return harmless.ascii_name(text, 32)


def _host(row: Mapping[str, Any]) -> list[str]:
    why = harmless.words(row.get("explanation", "?"), 400)
    return paragraph(f"{harmless.shown(str(row.get('host', '?')))}: {why}", "      ", "    ")


def _aligned(case: Case, row: Mapping[str, Any]) -> list[str]:
    lines = []
    strings = details.texts(row.get("aligned"))
    if len(strings) == 3:
        genuine_first = _is_end_of(strings[0], row.get("genuine")) and not _is_end_of(strings[0], row.get("candidate"))
        genuine, candidate = strings[:2] if genuine_first else (strings[1], strings[0])
        width = max(len(case.language.labels["approved"]), len(case.language.labels["seen"]))
        for piece in _pieces(strings[2], max(map(len, strings))):
            lines += [
                f"    {label:{width}}  {harmless.column(text)[piece]}"
                for label, text in (
                    (case.language.labels["approved"], genuine),
                    (case.language.labels["seen"], candidate),
                    ("", strings[2]),
                )
            ]
    sentence = harmless.words(row.get("sentence") or "", 400)
    return lines + paragraph(sentence, "    ") + ([""] if sentence or lines else [])


def _is_end_of(line: str, name: object) -> bool:
    """Whether an aligned line, without its gaps, is the name or its last labels."""
    bare = "".join(line.split())
    return isinstance(name, str) and bool(bare) and (name == bare or name.endswith("." + bare))


def _pieces(marks: str, length: int) -> list[slice]:
    """Return which columns to show: all of a short name, of a long one the pieces that hold a mark."""
    if length <= _PIECE:
        return [slice(0, length)]
    pieces = [slice(start, start + _PIECE) for start in range(0, min(length, 1024), _PIECE)]
    return [piece for piece in pieces if marks[piece].strip()][:_MOST_PIECES] or pieces[:1]


def since(case: Case) -> list[str]:
    """Return the first sighting in UTC and JST, and how long ago that was."""
    ago = case.say("ago", duration=times.duration(case.now - case.since, case.language.phrases))
    return ["", f"{case.language.labels['since']}  {times.both(case.since)}", f"            ({ago})"]


def seen_by(case: Case, findings: Sequence[Finding]) -> list[str]:
    """Return which servers gave it, to which regions, over which transport."""
    sightings = sorted({sighting for finding in findings for sighting in finding.sightings})
    lines = []
    for source in Source:
        same = [sighting for sighting in sightings if sighting.source == source]
        lines += _source(case, same) if same else []
    return ["", case.language.labels["seen_by"], *lines] if lines else []


_SEEN_BY = {Source.ITERATIVE: "seen_by_walk", Source.CHAIN: "seen_by_validation"}
"""The phrase for what is no server's word."""


def _source(case: Case, sightings: Sequence[Sighting]) -> list[str]:
    servers: dict[tuple[str, str], list[Sighting]] = {}
    for sighting in sorted(sightings, key=lambda sighting: sighting.at):
        servers.setdefault((sighting.server_name, sighting.server), []).append(sighting)
    regions = len({sighting.region for sighting in sightings})
    summary = case.say(
        _SEEN_BY.get(sightings[0].source, "seen_by_source"),
        regions=case.say("regions_one") if regions == 1 else case.say("regions", n=regions),
        names=_regions(case, sightings),
        source=_asked(case, sightings),
        transports=_transports(sightings),
    )
    blocks = []
    for (host, address), seen in servers.items():
        where = " ".join(
            part
            for part in (harmless.shown(host) if host else "", f"[{harmless.value(address, 45)}]" if address else "")
            if part
        )
        if not where:
            continue
        text = f"{where} {_transports(seen)}, {_moment(case, seen[0].at)}, {_regions(case, seen)}"
        blocks.append(paragraph(text, "      ", "    "))
    return [*paragraph(f"{summary}:" if blocks else summary, "  ", "  "), *bounded(case, blocks, _MOST_SERVERS)]


def _moment(case: Case, at: datetime) -> str:
    """Return a time of day, with its date where that is not the one of the first sighting above it."""
    day = "" if at.date() == case.since.date() else f"{at:%Y-%m-%d} "
    return f"{day}{at:%H:%M:%S}Z"


def _asked(case: Case, sightings: Sequence[Sighting]) -> str:
    n = len({sighting.server for sighting in sightings})
    source = str(sightings[0].source)
    template = Template(case.language.sources[f"{source}.one" if n == 1 else source])
    return template.substitute(n=n, where=case.where(case.lead) if case.lead else "?")


def _regions(case: Case, sightings: Sequence[Sighting]) -> str:
    regions = sorted({sighting.region for sighting in sightings})
    return _region_list(case, regions)


def _region_list(case: Case, regions: Sequence[str]) -> str:
    return ", ".join(harmless.listed(regions, _region, lambda n: case.say("more", n=n), _MOST_REGIONS))


def _transports(sightings: Sequence[Sighting]) -> str:
    return "+".join(sorted({sighting.transport.upper() for sighting in sightings}))
