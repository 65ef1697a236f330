"""A check for people, one screen: each RRset in a row, the registry, the zone's servers and resolvers side by side."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

from nswatch.model import Result
from nswatch.tell import harmless
from nswatch_cli.check import words
from nswatch_cli.check.compare import ADDRESSES, serials
from nswatch_cli.check.differences import texts
from nswatch_cli.check.servers import everyone, told_of_servers
from nswatch_cli.check.values import Compared, Group, Look, Mark, Remark, ServerAnswer, Status, Verdict

STYLE = {Status.OK: "bold green", Status.WARNING: "bold yellow", Status.CRITICAL: "bold red", Status.UNKNOWN: "bold"}
_MARKS = {Mark.WRONG: "red", Mark.MISSING: "yellow", Mark.VARIES: "cyan", Mark.RIGHT: ""}
_MOST_HOSTS = 16
_MOST_GROUPS = 3
_MOST_LINES = 3
_MOST_REMARKS = 8
_MOST_PAIRS = 2
_LABEL = 10
_COUNTS = 27
"""The columns of the label, and of the three counts together."""

Line = tuple[str, str]
"""A line's text and its style."""


def performance(look: Look) -> str:
    """Return the performance data: seconds taken, servers of the parent that gave a definite answer."""
    heard = {answer.host for answer in look.parents if answer.delegated is not None}
    return f"time={look.seconds:.3f}s servers={len(heard)}"


def title(look: Look) -> str:
    """Return the heading of one domain among several."""
    return words.host(look.domain)


def lines(look: Look, verdict: Verdict, width: int, *, verbose: bool = False) -> Iterator[Line]:
    """Yield everything below the first line."""
    if look.interception is not None:
        yield "  What follows came through that network: it is not the registry's word. Ask from another one.", "bold"
    yield "", ""
    yield from _Table(look, verdict, width).lines()
    yield from told_of_servers(look, width)
    if verbose:
        yield from everyone(look)
    remarks = [remark for remark in verdict.remarks if remark.code != "delegation_unknown"]
    if remarks:
        yield "", ""
    if remarks and look.interception is not None:
        yield "  Findings (untrusted)", "bold"
    shown = remarks if verbose else remarks[:_MOST_REMARKS]
    for remark in shown if look.interception is None else [replace(each, explanation="") for each in shown]:
        yield from _remark(remark, width, verbose=verbose)
    if len(remarks) > len(shown):
        yield f"  and {words.number(len(remarks) - len(shown), 'other finding')}: --verbose shows all", ""


@dataclass(frozen=True, slots=True)
class _Table:
    look: Look
    verdict: Verdict
    width: int

    @property
    def room(self) -> int:
        """How many columns a value has."""
        return self.width - 2 - _LABEL - 2 - _COUNTS

    def row(self, label: str, mark: str, value: str, counts: Sequence[str] = ("", "", "")) -> str:
        parent, own, cached = counts
        cells = f"{parent:>8}{own:>9}{cached:>10}"
        return f"  {label:{_LABEL}}{mark} {value:{self.room}}{cells}".rstrip()

    def lines(self) -> Iterator[Line]:
        watched = " (+ not approved, - missing)" if self.verdict.approved is not None else ""
        yield self.row("", " ", f"who gives what{watched}", (_zone(self.look.zone), "servers", "resolvers")), "bold"
        yield from self._ns()
        if any(each.delegated for each in self.look.parents):
            yield self._ds()
        empty = []
        for each in self.verdict.compared:
            if each.groups and not each.watched and all(map(_is_empty, each.groups)):
                empty.append(words.record(each.record.qname, each.record.qtype, self.look.domain))
            else:
                yield from self._record(each)
        if empty:
            yield self.row("none", " ", ", ".join(empty)), ""
        if self.verdict.approved is not None and any(each.watched for each in self.verdict.compared):
            names = [words.record(each.record.qname, each.record.qtype, self.look.domain)
                     for each in self.verdict.compared if not each.watched]  # fmt: skip
            yield self.row("unjudged", " ", f"{', '.join(names)}: not in the watchlist"), ""

    # The name servers: a row for each, because each may be right or wrong by itself

    def _ns(self) -> Iterator[Line]:
        sides = (
            [(each.name, each.delegated) for each in self.look.parents if each.delegated is not None],
            [(each.name, each.apex) for each in self.look.children if each.apex is not None],
            [(each.name, each.apex) for each in self.look.resolvers if each.apex is not None],
        )
        reference = self.verdict.reference
        hosts = sorted(frozenset[str]().union(reference, *(hosts for side in sides for _, hosts in side)))
        ordered = sorted(hosts, key=lambda host: (host not in reference, host))
        label = "NS"
        for host in ordered[:_MOST_HOSTS]:
            counts = [_who(side, host, every=host in reference) for side in sides]
            missing = any(host not in each for side in sides[:2] for _, each in side)
            mark = Mark.WRONG if host not in reference else Mark.MISSING if missing else Mark.RIGHT
            yield self.row(label, mark, harmless.name(host, self.room - 1), counts), _MARKS[mark]
            label = ""
        if len(hosts) > _MOST_HOSTS:
            yield self.row("", " ", f"... and {len(hosts) - _MOST_HOSTS} more"), ""
        if not hosts:
            heard = _names(each for each in self.look.parents if each.delegated is not None)
            yield self.row(label, "-" if heard else " ", "no delegation" if heard else "(nobody says)",
                           (_count(heard, heard), "", "")), _MARKS[Mark.MISSING]  # fmt: skip
        ttls = [_ttl(self.look.parents), _ttl(self.look.children), _ttl(self.look.resolvers)]
        if any(ttls):
            yield self.row("", " ", "TTL (of resolvers: what is left)", ttls), ""

    def _ds(self) -> Line:
        parents = [(each, each.facts.ds) for each in self.look.parents if each.facts is not None]
        known = [ds for _, ds in parents if ds is not None]
        heard = _names(each for each in self.look.parents if each.delegated is not None)
        if not known:
            return self.row("DS", " ", "unknown: the registry neither gives one nor proves that there is none"), ""
        usual = max(sorted(set(known)), key=known.count)
        giving = _names(each for each, ds in parents if ds == usual)
        tags = ", ".join(dict.fromkeys(" ".join(value.split(" ")[:3]) for value in usual[:3]))
        value = f"signed: {tags}" if usual else "none: not signed, as the registry proves"
        differs = len(set(known)) > 1
        mark, style = ("~", _MARKS[Mark.WRONG]) if differs else (" ", "")
        return self.row("DS", mark, value, (_count(giving, heard), "", "")), style

    # Everything else: a row for each answer

    def _record(self, each: Compared) -> Iterator[Line]:
        record = each.record
        label = words.record(record.qname, record.qtype, self.look.domain)
        if len(label) > _LABEL:
            yield f"  {label}", ""
            label = ""
        if not each.groups:
            why = words.reasons(answer for _, answer in record.answers) if record.answers else "nobody was asked"
            yield self.row(label, " ", f"(unknown: {why})"), ""
            return
        heard = (
            _names(answer for group in each.groups for answer in group.servers),
            _names(answer for group in each.groups for answer in group.resolvers),
        )
        for place, group in enumerate(each.groups[:_MOST_GROUPS]):
            told = list(self._group(label, each, group, heard))
            label = ""
            if group.mark is not Mark.RIGHT and (place or each.watched):
                told = self._with_givers(told, group)
            yield from told
        deceived = any(remark.code == "nameserver_lookalike" for remark in self.verdict.remarks)
        if len(each.groups) > _MOST_GROUPS:
            yield self.row("", "~", f"... and {len(each.groups) - _MOST_GROUPS} other answers"), ""
        if any(group.mark is Mark.VARIES for group in each.groups[1:]) and record.qtype in ADDRESSES and not deceived:
            yield self.row("", " ", "  (which addresses may depend on who asks)"), ""
        if record.qtype == "SOA":
            yield from self._serials(record.servers)

    def _group(self, label: str, each: Compared, group: Group, heard: Sequence[int]) -> Iterator[Line]:
        counts = ["", _count(_names(group.servers), heard[0]), _count(_names(group.resolvers), heard[1])]
        parts = [harmless.value(text, self.room - 1) for text in texts(each.record.qtype, group.facts)]
        if each.record.qtype == "SOA" and group.facts.result is Result.ANSWER:
            parts[0] = f"{parts[0]} serial {max(serials(group.servers or group.resolvers), default=0)}"
        if group.facts.aliases and group.facts.result is Result.ANSWER:
            parts[0] = f"{parts[0]} (by way of {words.host(group.facts.aliases[-1], 30)})"
        for text in _packed(parts, self.room - 1):
            yield self.row(label, group.mark, text, counts), _MARKS[group.mark]
            label, counts = "", ["", "", ""]

    def _with_givers(self, told: list[Line], group: Group) -> list[Line]:
        """Add who differs, in the same line where it fits."""
        names = [words.host_or_address(answer.name, 30) for answer in (*group.servers, *group.resolvers)]
        ttl = f", TTL {'..'.join(str(t) for t in dict.fromkeys((group.ttls[0], group.ttls[-1])))}" if group.ttls else ""
        givers = f"at {words.some(list(dict.fromkeys(names)), 2, ', ')}{ttl}"
        line, style = told[-1]
        start, end = 4 + _LABEL, 4 + _LABEL + self.room
        value = line[start:end].rstrip()
        if len(told) == 1 and len(value) + 2 + len(givers) < self.room:
            return [(f"{line[:start]}{f'{value}  {givers}':{self.room}}{line[end:]}", style)]
        return [*told, (self.row("", " ", f"  {givers}"), style)]

    def _serials(self, servers: Iterable[ServerAnswer]) -> Iterator[Line]:
        found = serials(servers)
        if len(found) > 1:
            newest, *older = found
            behind = words.listed([answer.name for number in older for answer in found[number]], 2)
            yield self.row("", " ", f"  serial {newest}; behind: {behind}"), ""


def _zone(zone: str) -> str:
    return "the root" if zone == "." else harmless.ascii_name(zone, 8) if len(zone) <= 8 else "parent"


def _count(some: int, total: int) -> str:
    return f"{some}/{total}" if total else "-"


def _names(answers: Iterable[ServerAnswer]) -> int:
    return len({answer.name for answer in answers})


def _who(side: Sequence[tuple[str, frozenset[str]]], host: str, *, every: bool) -> str:
    """Return at how many servers a name is given: at ``every`` address of theirs, or at any."""
    giving: dict[str, list[bool]] = {}
    for name, hosts in side:
        giving.setdefault(name, []).append(host in hosts)
    return _count(sum(map(all if every else any, giving.values())), len(giving))


def _ttl(answers: Iterable[ServerAnswer]) -> str:
    known = [each.facts.ttl for each in answers if each.facts is not None and each.facts.ttl is not None]
    return "" if not known else str(max(known)) if min(known) == max(known) else f"<={max(known)}"


def _is_empty(group: Group) -> bool:
    return group.facts.result in (Result.NODATA, Result.NXDOMAIN)


def _packed(parts: Sequence[str], width: int) -> list[str]:
    """Return values with commas between in at most three lines; what does not fit is counted."""
    found, shown = [""], 0
    for part in parts:
        joined = f"{found[-1]}, {part}" if found[-1] else part
        if len(joined) <= width:
            found[-1] = joined
        elif len(found) < _MOST_LINES:
            found[-1] += ","
            found.append(part[:width])
        else:
            break
        shown += 1
    left = len(parts) - shown
    return [*found[:-1], f"{found[-1][: width - 14]} ... {left} more"] if left else found


def _remark(remark: Remark, width: int, *, verbose: bool) -> Iterator[Line]:
    style = STYLE[remark.status] if remark.status is not Status.OK else ""
    yield from _folded(f"  {remark.status.name} {remark.code}: ", remark.sentence, style, width)
    for line in remark.lines if verbose else remark.lines[: 3 * _MOST_PAIRS]:
        yield f"      {harmless.column(line)}", ""
    if remark.explanation:
        yield from _folded("      -> ", remark.explanation, "", width)


def _folded(head: str, sentence: str, style: str, width: int) -> Iterator[Line]:
    """Yield a sentence in lines, the later ones indented."""
    line = head
    for word in sentence.split(" "):
        if len(line) + len(word) > width and line.strip():
            yield line.rstrip(), style
            line, style = "      ", ""
        line += f"{word} "
    yield line.rstrip(), style
