"""The names that somebody would register to pass for a domain: the recognition of look-alikes, turned round.

What is made here is what `near_miss` finds: the same twins, the same edits, one at a time. They are ordered by how well
they deceive and how often they are seen in attacks, and there are only so many, because registries are asked about
each of them every hour.
"""

import unicodedata
from collections.abc import Iterable, Iterator, Mapping
from functools import lru_cache

from nswatch.judge import confusables
from nswatch.judge.lookalike.alignment import TWINS
from nswatch.judge.lookalike.compare import near_miss
from nswatch.judge.route53 import is_own_domain
from nswatch.names import public_suffix

MOST = 150

_CHECKED = 6
"""Shorter labels may be too short for an edit, which only the comparison itself knows."""
_LONGEST = 63
_NEIGHBOURS = {
    "uk": ("co.uk", "org.uk", "uk"),
    "jp": ("co.jp", "jp", "ne.jp"),
    "au": ("com.au", "net.au"),
    "br": ("com.br", "net.br"),
    "kr": ("co.kr", "kr"),
    "in": ("co.in", "in"),
    "nz": ("co.nz", "nz"),
    "za": ("co.za", "org.za"),
    "com": ("co", "cm"),
}
"""Suffixes that are taken for one of that top-level domain."""
_WIDELY_USED = ("com", "net", "org", "info", "io")
_WORDS = ("dns", "ns", "login", "secure", "mail", "www", "my", "support")
_ROWS = ("1234567890", "qwertyuiop", "asdfghjkl", "zxcvbnm")
_VOWELS = "aeiou"
_CYRILLIC = {
    letter: chr(point)
    for letter, point in (
        *(("a", 0x0430), ("c", 0x0441), ("d", 0x0501), ("e", 0x0435), ("h", 0x04BB), ("i", 0x0456), ("j", 0x0458)),
        *(("k", 0x043A), ("l", 0x04CF), ("o", 0x043E), ("p", 0x0440), ("q", 0x051B), ("s", 0x0455), ("v", 0x0475)),
        *(("w", 0x051D), ("x", 0x0445), ("y", 0x0443)),
    )
}
"""The small letters of the script that has the most twins of Latin ones (UTS #39)."""
_MARKS = "\u0301\u0323\u0308\u0300\u0303"
"""Accents that a letter is overlooked with: acute, dot below, diaeresis, grave, tilde."""
_BARE = {"i": "\u0131", "l": "\u0142"}
"""Letters that are overlooked for one another without being composed of it and an accent: dotless i, barred l."""


@lru_cache(maxsize=1024)
def near_misses(domain: str, most: int = MOST) -> tuple[str, ...]:
    """Return at most ``most`` near misses of a domain that is registered at a registry, the likeliest first.

    ``domain`` is canonical, one label below a public suffix, and so is each of them. Names that Route 53 has for itself
    (awsdns-00 to awsdns-63) are none of another such name.
    """
    label, _, suffix = domain.partition(".")
    checked = len(label) < _CHECKED and public_suffix(domain) != domain
    found: dict[str, None] = {}
    for candidate in _ordered(label, suffix, domain):
        if len(found) >= most:
            break
        new, _, _ = candidate.partition(".")
        if not _can_be(new) or candidate in found or candidate == domain or _of_one_owner(candidate, domain):
            continue
        if not checked or near_miss(candidate, domain) is not None:
            found[candidate] = None
    return tuple(found)


def _ordered(label: str, suffix: str, domain: str) -> Iterator[str]:
    shown = confusables.decode(label)
    if shown != label:
        # Of an internationalised label the edits would be ones of its encoding: only what looks the same is made.
        yield from (f"{each}.{suffix}" for each in _plain(shown))
    else:
        kinds = (_zeros, _twins, _hyphens, _swapped, _dropped, _doubled)
        yield from (f"{each}.{suffix}" for kind in kinds for each in kind(label))
    around = (f"{label}.{each}" for each in _suffixes(suffix))
    yield from (each for each in [*around, *_embedding(label, suffix)] if near_miss(each, domain) is not None)
    if shown == label:
        yield from (f"{each}.{suffix}" for each in map(_a_label, _foreign(label)))
        yield from (f"{each}.{suffix}" for kind in (_mistyped, _vowels, _inserted) for each in kind(label))


def _can_be(label: str) -> bool:
    """Whether a registry takes a label (RFC 5890 section 2.3.1 leaves out hyphens in third and fourth place)."""
    hyphens = label.startswith("-") or label.endswith("-") or (label[2:4] == "--" and not label.startswith("xn--"))
    return bool(label) and len(label) <= _LONGEST and not hyphens


def _of_one_owner(candidate: str, domain: str) -> bool:
    return is_own_domain(candidate) and is_own_domain(domain)


def _plain(label: str) -> Iterator[str]:
    plain = "".join(confusables.skeleton(char) for char in label)
    if plain.isascii() and plain.replace("-", "").isalnum():
        yield plain.lower()


def _zeros(label: str) -> Iterator[str]:
    """Put a zero into a number, before it first, or take a leading one away: awsdns-061 for awsdns-61."""
    numbers = [at for at, char in enumerate(label) if char.isdigit()]
    for at in numbers:
        if at - 1 not in numbers:
            yield f"{label[:at]}0{label[at:]}"
            if label[at] == "0" and at + 1 in numbers:
                yield label[:at] + label[at + 1 :]
    yield from (f"{label[: at + 1]}0{label[at + 1 :]}" for at in numbers)


def _twins(label: str) -> Iterator[str]:
    for pair, _ in sorted(TWINS.items(), key=lambda item: (item[1], sorted(item[0]))):
        for there, here in (sorted(pair), sorted(pair, reverse=True)):
            at = label.find(here)
            while at >= 0:
                yield label[:at] + there + label[at + len(here) :]
                at = label.find(here, at + 1)


def _hyphens(label: str) -> Iterator[str]:
    yield from (label[:at] + label[at + 1 :] for at, char in enumerate(label) if char == "-")
    # Between letters and digits first: there a hyphen is expected.
    kinds = [char.isdigit() for char in label]
    places = [at for at in range(1, len(label)) if "-" not in label[at - 1 : at + 1]]
    for at in sorted(places, key=lambda at: kinds[at] == kinds[at - 1]):
        yield f"{label[:at]}-{label[at:]}"


def _swapped(label: str) -> Iterator[str]:
    for at in range(len(label) - 1):
        if label[at] != label[at + 1]:
            yield label[:at] + label[at + 1] + label[at] + label[at + 2 :]


def _dropped(label: str) -> Iterator[str]:
    yield from (label[:at] + label[at + 1 :] for at in range(len(label)))


def _doubled(label: str) -> Iterator[str]:
    yield f"{label}s"
    yield from (label[: at + 1] + label[at:] for at, char in enumerate(label) if char != "-")


def _suffixes(suffix: str) -> Iterable[str]:
    close = _NEIGHBOURS.get(suffix.rpartition(".")[2], ())
    return [each for each in dict.fromkeys((*close, *_WIDELY_USED)) if each != suffix]


def _embedding(label: str, suffix: str) -> Iterator[str]:
    flat = suffix.replace(".", "-")
    yield f"{label}-{flat}.{suffix}"
    if suffix != "com":
        yield f"{label}-{flat}.com"
    for word in _WORDS:
        yield f"{word}-{label}.{suffix}"
        yield f"{label}-{word}.{suffix}"


def _foreign(label: str) -> Iterator[str]:
    """Put in letters that look alike and are not ASCII: all of them of another script, or one letter at a time.

    Registries that keep to one script in a label (as .com does) take the first and those with accents.
    """
    letters = [char for char in label if char.isalpha()]
    if all(char in _CYRILLIC for char in letters):
        yield "".join(_CYRILLIC.get(char, char) for char in label)
    yield from _replaced(label, _CYRILLIC)
    for mark in _MARKS:
        composed = {char: unicodedata.normalize("NFC", char + mark) for char in letters}
        yield from _replaced(label, {char: text for char, text in composed.items() if len(text) == 1})
    yield from _replaced(label, _BARE)


def _replaced(label: str, twins: Mapping[str, str]) -> Iterator[str]:
    """Replace each letter that has a twin, and then all that are the same letter."""
    yield from (label[:at] + twins[char] + label[at + 1 :] for at, char in enumerate(label) if char in twins)
    yield from (label.replace(char, twins[char]) for char in dict.fromkeys(label) if char in twins)


def _a_label(label: str) -> str:
    """Return the A-label of a label with other letters than ASCII (RFC 5890 section 2.3.2.1)."""
    return label if label.isascii() else f"xn--{label.encode('punycode').decode('ascii')}"


def _near_keys(char: str) -> str:
    for row in _ROWS:
        at = row.find(char)
        if at >= 0:
            return row[max(0, at - 1) : at] + row[at + 1 : at + 2]
    return ""


def _mistyped(label: str) -> Iterator[str]:
    for at, char in enumerate(label):
        yield from (label[:at] + near + label[at + 1 :] for near in _near_keys(char))


def _vowels(label: str) -> Iterator[str]:
    for at, char in enumerate(label):
        if char in _VOWELS:
            yield from (label[:at] + other + label[at + 1 :] for other in _VOWELS if other != char)


def _inserted(label: str) -> Iterator[str]:
    for at, char in enumerate(label):
        for near in _near_keys(char):
            yield label[:at] + near + label[at:]
            yield label[: at + 1] + near + label[at + 1 :]
