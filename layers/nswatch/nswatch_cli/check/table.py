"""A check for people: the first line for a monitoring system, then one screen that shows who gives what."""

import os
import shutil
import sys
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass

from rich.console import Console
from rich.text import Text

from nswatch.tell import harmless
from nswatch_cli.check import words
from nswatch_cli.check.values import Look, Remark, ServerAnswer, Status, Verdict, gives
from nswatch_cli.check.verdict import untestable

_WIDEST, _NARROWEST = 100, 80
_EACH = 4
"""A group of at most so many answers is shown one by one."""
_MOST_HOSTS = 16
_STYLE = {Status.OK: "bold green", Status.WARNING: "bold yellow", Status.CRITICAL: "bold red", Status.UNKNOWN: "bold"}
_MARKS = {"+": "red", "-": "yellow"}

Line = tuple[str, str]
"""A line's text and its style."""


@dataclass(frozen=True, slots=True)
class Page:
    """Writes checks to standard output, in colour only on a terminal and without NO_COLOR (https://no-color.org)."""

    console: Console
    width: int

    def first_line(self, status: Status, rest: str) -> None:
        """Write a line as a monitoring plugin does; never broken."""
        text = Text(status.name, _STYLE[status])
        text.append(f" {rest}", "")
        self._print(text)

    def details(self, look: Look, verdict: Verdict) -> None:
        """Write the tables below the first line."""
        for text, style in _lines(look, verdict):
            shown = text if len(text) <= self.width else f"{text[: self.width - 2]}.."
            self._print(Text(shown, style))

    def _print(self, text: Text) -> None:
        encoding = self.console.encoding
        safe = Text(text.plain.encode(encoding, "replace").decode(encoding), spans=text.spans, style=text.style)
        self.console.print(safe, soft_wrap=True)


def open_page() -> Page:
    """Return the page for standard output as it is now."""
    terminal = sys.stdout.isatty()
    coloured = terminal and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"
    columns = shutil.get_terminal_size((_WIDEST, 24)).columns if terminal else _WIDEST
    console = Console(
        force_terminal=coloured, no_color=not coloured, highlight=False, markup=False, emoji=False, legacy_windows=False
    )
    return Page(console, max(_NARROWEST, min(_WIDEST, columns)))


def performance(look: Look) -> str:
    """Return the performance data: seconds taken, servers of the parent that gave a definite answer."""
    heard = {answer.host for answer in look.parents if answer.delegated is not None}
    return f"time={look.seconds:.3f}s servers={len(heard)}"


def _lines(look: Look, verdict: Verdict) -> Iterator[Line]:
    if look.interception is not None:
        yield "  What follows came through that network: it is not the registry's word.", "bold"
    yield from _parents(look, verdict)
    yield from _children(look, verdict)
    remarks = [remark for remark in verdict.remarks if remark.code != "delegation_unknown"]
    if remarks:
        yield "", ""
        yield "  Findings" + (" (untrusted)" if look.interception is not None else ""), "bold"
    for remark in remarks:
        yield from _remark(remark)


def _parents(look: Look, verdict: Verdict) -> Iterator[Line]:
    groups = _groups(look.parents)
    differ = any(delegated not in (None, verdict.reference) for delegated in groups)
    yield "", ""
    yield (
        f"  The delegation at the servers of {words.zone(look.zone)}{_marked(groups, verdict) if differ else ''}",
        "bold",
    )
    if not groups:
        yield "  (none could be asked)", ""
    for delegated, answers in groups.items():
        for alike in _alike(answers):
            yield from _group(alike)
        if delegated is not None:
            yield from _hosts(delegated, verdict.reference)


def _marked(groups: dict[frozenset[str] | None, list[ServerAnswer]], verdict: Verdict) -> str:
    if verdict.approved is not None:
        return " (+ not approved, - missing)"
    counts = sorted((len(answers) for delegated, answers in groups.items() if delegated is not None), reverse=True)
    most = len(counts) < 2 or counts[0] > counts[1]
    return " (marked against what most of them give)" if most else " (marked against the first)"


def _groups(answers: Iterable[ServerAnswer]) -> dict[frozenset[str] | None, list[ServerAnswer]]:
    """Return the answers by the set they delegate to, the most widely given first; at the end those that give none."""
    known: dict[frozenset[str] | None, list[ServerAnswer]] = dict(gives(answers).items())
    unknown = [answer for answer in answers if answer.delegated is None]
    return known | {None: unknown} if unknown else known


def _alike(answers: Iterable[ServerAnswer]) -> list[list[ServerAnswer]]:
    """Return the answers to one set that say the same in everything else, too."""
    groups: dict[str, list[ServerAnswer]] = {}
    for answer in answers:
        groups.setdefault(_said(answer), []).append(answer)
    return sorted(groups.values(), key=lambda group: (-len(group), group[0].host))


def _group(group: Sequence[ServerAnswer]) -> Iterator[Line]:
    if len(group) <= _EACH:
        for answer in group:
            yield _server(answer, _said(answer)), ""
        return
    names = words.servers((answer.host for answer in group), 44)
    over = "+".join(sorted({answer.transport.upper() for answer in group if answer.transport is not None}))
    times = [answer.ms for answer in group if answer.ms is not None]
    took = f"{min(times):.0f}..{max(times):.0f} ms" if times else ""
    yield f"  {names:44} {over:7} {took:>12}  {_said(group[0])}", ""


def _server(answer: ServerAnswer, said: str) -> str:
    over = answer.transport.upper() if answer.transport is not None and answer.facts is not None else ""
    took = f"{answer.ms:.0f} ms" if answer.ms is not None else ""
    address = answer.address or "-"
    # An IPv6 address may take the room that a short name leaves.
    name = words.host(answer.host, 36)
    return f"  {name:{max(len(name), 46 - max(15, len(address)))}} {address:15} {over:3} {took:>7}  {said}"


def _said(answer: ServerAnswer) -> str:
    facts = answer.facts
    if facts is None or answer.delegated is None or facts.ttl is None:
        note = harmless.value(answer.note, 60) if answer.note else ""
        return words.result(answer) + (f": {note}" if note and note != words.result(answer) else "")
    return f"TTL {facts.ttl}  {_ds(facts.ds)}"


def _ds(ds: tuple[str, ...] | None) -> str:
    if ds is None:
        return "DS unknown"
    if not ds:
        return "no DS"
    tags = ", ".join(dict.fromkeys(value.split()[0] for value in ds[:4]))
    return f"DS {tags}" + ("..." if len(ds) > 4 else "")


def _hosts(hosts: frozenset[str], reference: frozenset[str]) -> Iterator[Line]:
    """Yield what differs with its marks, then the hosts that agree."""
    if not hosts:
        yield "    - no delegation", _MARKS["-"]
        return
    yield from _differences(hosts, reference)
    for name in sorted(hosts & reference)[:_MOST_HOSTS]:
        yield f"      {harmless.name(name)}", ""


def _differences(hosts: frozenset[str], reference: frozenset[str]) -> Iterator[Line]:
    for mark, names in (("-", sorted(reference - hosts)), ("+", sorted(hosts - reference))):
        for name in names[:_MOST_HOSTS]:
            yield f"    {mark} {harmless.name(name)}", _MARKS[mark]
        if len(names) > _MOST_HOSTS:
            yield f"    {mark} ... and {len(names) - _MOST_HOSTS} more", _MARKS[mark]


def _children(look: Look, verdict: Verdict) -> Iterator[Line]:
    if not look.children:
        return
    given = gives(look.parents)
    yield "", ""
    yield f"  The NS RRset of {words.host(look.domain)} at its name servers", "bold"
    for answer in look.children:
        yield _server(answer, _own(answer, verdict, given)), ""
        if answer.apex is not None and answer.apex not in (verdict.reference, *given):
            yield from _differences(answer.apex, verdict.reference)


def _own(answer: ServerAnswer, verdict: Verdict, given: Collection[frozenset[str]]) -> str:
    if untestable(answer):
        return "not reachable from here (IPv6)"
    if answer.apex is None or answer.facts is None:
        return _said(answer)
    if answer.apex == verdict.reference:
        agrees = "the approved set" if verdict.approved is not None else "the same"
    elif answer.apex in given:
        agrees = "as above, not approved" if verdict.approved is not None else "the other set above"
        agrees = "as above, approved" if answer.apex in (verdict.approved or ()) else agrees
    else:
        agrees = "differs"
    return f"TTL {answer.facts.ttl}  {agrees}"


def _remark(remark: Remark) -> Iterator[Line]:
    head = f"  {remark.status.name} {remark.code}: "
    yield from _folded(head, remark.sentence, _STYLE[remark.status] if remark.status is not Status.OK else "")
    for line in remark.lines:
        yield f"      {harmless.column(line)}", ""


def _folded(head: str, sentence: str, style: str) -> Iterator[Line]:
    """Yield a sentence in lines of at most 80 columns, the later ones indented."""
    line = head
    for word in sentence.split(" "):
        if len(line) + len(word) > _NARROWEST and line.strip():
            yield line.rstrip(), style
            line, style = "      ", ""
        line += f"{word} "
    yield line.rstrip(), style
