"""Phrases of a check: servers in short, names made harmless, differences with their marks."""

import re
from collections import Counter
from collections.abc import Collection, Iterable, Sequence

from nswatch.model import Result
from nswatch.tell import harmless
from nswatch_cli.check.values import ServerAnswer

NAME = 48
"""So many characters of a name are shown in a line."""
_MOST = 3
_NOT_SHOWN = re.compile(r"[^A-Za-z0-9._\\,-]")
_ADDRESS = re.compile(r"[0-9a-f:.]*:[0-9a-f:.]*")
_REASONS = {
    Result.NOT_VISIBLE.value: "can't show it",
    Result.NOT_AUTHORITATIVE.value: "not authoritative",
    Result.TIMEOUT.value: "no answer",
    Result.OVER_CAP.value: "answer too large",
    Result.OTHER_ERROR.value: "error",
    "no_address": "no address",
    "not_asked": "not asked",
    Result.BOGUS.value: "bogus",
    Result.NXDOMAIN.value: "no such name",
    Result.NODATA.value: "no NS",
    Result.REFUSED.value: "REFUSED",
    Result.SERVFAIL.value: "SERVFAIL",
}


def host(text: str, limit: int = NAME) -> str:
    """Return a host's name in harmless, bounded ASCII."""
    return harmless.ascii_name(text, limit)


def zone(text: str) -> str:
    """Return a zone's name for a sentence."""
    return "the root" if text == "." else host(text)


def hosts(names: Collection[str], most: int = _MOST) -> str:
    """Return names as a list in a sentence, those beyond ``most`` counted."""
    shown = [host(name) for name in sorted(names)[:most]]
    return ", ".join(shown) + (f" and {len(names) - most} more" if len(names) > most else "")


def number(count: int, noun: str) -> str:
    """Return a count with its noun."""
    return f"{count} {noun}{'' if count == 1 else 's'}"


def result(answer: ServerAnswer) -> str:
    """Return in words why a server's answer is none."""
    return _REASONS.get(answer.result, answer.result)


def reasons(answers: Iterable[ServerAnswer]) -> str:
    """Return why these servers' answers are none, each reason counted."""
    counts = Counter(map(result, answers))
    return ", ".join(f"{count} {reason}" for reason, count in counts.most_common())


def servers(names: Iterable[str], limit: int = NAME) -> str:
    """Return servers' names in short: ``a..m.gtld-servers.net (13)``, ``a,c.gtld-servers.net (2)``, one in full."""
    sorted_names = sorted(set(names))
    if len(sorted_names) < 2:
        return "".join(host(name, limit) for name in sorted_names)
    suffixes = {name.partition(".")[2] for name in sorted_names}
    count = f" ({len(sorted_names)})"
    if len(suffixes) == 1 and "" not in suffixes:
        labels = _run([name.partition(".")[0] for name in sorted_names])
        short = f"{labels}.{suffixes.pop()}"
        if len(short + count) <= limit:
            return _NOT_SHOWN.sub("?", short) + count
    return f"{host(sorted_names[0], limit - len(count) - 4)} ...{count}"


def _run(labels: Sequence[str]) -> str:
    """Return single letters that follow one another as ``a..m``, others with commas between."""
    if len(labels) > 2 and all(len(label) == 1 and label.isalpha() for label in labels):
        codes = [ord(label) for label in labels]
        if codes == list(range(codes[0], codes[0] + len(codes))):
            return f"{labels[0]}..{labels[-1]}"
    return ",".join(labels)


def count_of(agreeing: int, total: int) -> str:
    """Return how many of the parent's servers give it."""
    return f"at {agreeing} of {number(total, 'server')}"


def some(parts: Sequence[str], most: int, sep: str = "; ") -> str:
    """Return the first parts of a sentence, those beyond ``most`` counted."""
    more = len(parts) - most
    return sep.join(parts[:most]) + (f"{sep if sep == '; ' else ' '}and {more} more" if more > 0 else "")


def listed(names: Iterable[str], most: int = _MOST) -> str:
    """Return servers' names, or resolvers' addresses, as a list in a sentence."""
    sorted_names = sorted(set(names))
    return some([host_or_address(name) for name in sorted_names], most, ", ")


def host_or_address(text: str, limit: int = NAME) -> str:
    """Return a host's name in harmless ASCII; an IPv6 address as it is."""
    return text if _ADDRESS.fullmatch(text) else host(text, limit)


def record(qname: str, qtype: str, domain: str) -> str:
    """Return which RRset it is, within its domain: ``MX``, ``www A``."""
    if qname == domain:
        return qtype
    inside = qname.endswith(f".{domain}")
    return f"{host(qname.removesuffix(f'.{domain}') if inside else qname)} {qtype}"
