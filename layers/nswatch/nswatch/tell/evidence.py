"""What explains a finding and who saw it: aligned look-alikes, the Route 53 rule, servers, regions, transports."""

import textwrap
from collections.abc import Mapping, Sequence
from string import Template
from typing import Any

from nswatch.model import Finding, Sighting
from nswatch.tell import harmless, times
from nswatch.tell.case import Case, detail_rows

COLUMNS = 76
_MOST_PAIRS = 4
_MOST_HOSTS = 6
_MOST_ANSWERS = 5
_MOST_SERVERS = 6
_MOST_REGIONS = 8
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
    answers = [row for finding in findings for row in detail_rows(finding, "answers")]
    pairs = [row for finding in findings for row in detail_rows(finding, "pairs")]
    hosts = [row for f in findings if f.code == "route53_mismatch" for row in detail_rows(f, "hosts")]
    lines = []
    if len(answers) > 1:
        lines += ["", case.say("answers"), *_bounded(case, [_answer(case, row) for row in answers], _MOST_ANSWERS)]
    if pairs:
        lines += ["", case.say("lookalikes"), *_bounded(case, [_aligned(case, row) for row in pairs], _MOST_PAIRS)]
        lines = lines[:-1] if not lines[-1] else lines
    if hosts:
        lines += ["", case.say("route53"), *_bounded(case, [_host(row) for row in hosts], _MOST_HOSTS)]
    return lines


def _bounded(case: Case, blocks: Sequence[list[str]], most: int) -> list[str]:
    lines = [line for block in blocks[:most] for line in block]
    return [*lines, f"  {case.say('more', n=len(blocks) - most)}"] if len(blocks) > most else lines


def _answer(case: Case, row: Mapping[str, Any]) -> list[str]:
    seen = _texts(row.get("seen"))
    regions = harmless.listed(_texts(row.get("regions")), _region, lambda n: case.say("more", n=n), _MOST_REGIONS)
    gone = case.say("gone", result=harmless.value(str(row.get("result", "?")), 20).upper())
    text = case.say(
        "answer",
        n=harmless.value(str(row.get("servers", "?")), 10),
        regions=", ".join(regions) or "?",
        seen=case.few(seen, _MOST_HOSTS) if seen else gone,
    )
    return paragraph(text, "    ", "  - ")


def _texts(values: object) -> tuple[str, ...]:
    return tuple(map(str, values)) if isinstance(values, list | tuple) else ()


def _region(text: str) -> str:
    return harmless.ascii_name(text, 32)


def _host(row: Mapping[str, Any]) -> list[str]:
    why = harmless.words(row.get("explanation", "?"), 400)
    return paragraph(f"{harmless.shown(str(row.get('host', '?')))}: {why}", "      ", "    ")


def _aligned(case: Case, row: Mapping[str, Any]) -> list[str]:
    lines = []
    strings = _texts(row.get("aligned"))
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
    for source in dict.fromkeys(sighting.source for sighting in sightings):
        lines += _source(case, [sighting for sighting in sightings if sighting.source == source])
    return ["", case.language.labels["seen_by"], *lines] if lines else []


def _source(case: Case, sightings: Sequence[Sighting]) -> list[str]:
    servers: dict[tuple[str, str], list[Sighting]] = {}
    for sighting in sorted(sightings, key=lambda sighting: sighting.at):
        servers.setdefault((sighting.server_name, sighting.server), []).append(sighting)
    regions = len({sighting.region for sighting in sightings})
    summary = case.say(
        "seen_by_source",
        regions=case.say("regions_one") if regions == 1 else case.say("regions", n=regions),
        names=_regions(case, sightings),
        source=_asked(case, sightings),
        transports=_transports(sightings),
    )
    blocks = []
    for (host, address), seen in servers.items():
        name = harmless.shown(host) if host else "?"
        where = f"{name} [{harmless.value(address, 45)}]"
        text = f"{where} {_transports(seen)}, {seen[0].at:%H:%M:%S}Z, {_regions(case, seen)}"
        blocks.append(paragraph(text, "      ", "    "))
    return [*paragraph(summary, "  ", "  "), *_bounded(case, blocks, _MOST_SERVERS)]


def _asked(case: Case, sightings: Sequence[Sighting]) -> str:
    n = len({sighting.server for sighting in sightings})
    source = str(sightings[0].source)
    template = Template(case.language.sources[f"{source}.one" if n == 1 else source])
    return template.substitute(n=n, where=case.where(case.lead) if case.lead else "?")


def _regions(case: Case, sightings: Sequence[Sighting]) -> str:
    regions = sorted({sighting.region for sighting in sightings})
    return ", ".join(harmless.listed(regions, _region, lambda n: case.say("more", n=n), _MOST_REGIONS))


def _transports(sightings: Sequence[Sighting]) -> str:
    return "+".join(sorted({sighting.transport.upper() for sighting in sightings}))
