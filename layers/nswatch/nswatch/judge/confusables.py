"""What looks like what beyond ASCII: the labels of internationalised names, decoded and compared by appearance.

Source: UTS #39 (confusables.txt), reduced to what a label can hold; see the head of the data file beside this module.
Of the libraries that carry that data, confusable_homoglyphs 3.3.1 takes 60 to 80 ms to import and 1 MB in the layer,
most of it for characters that no label can hold, and has seen one data update since 2021; the table here is 3 KB,
read in under 1 ms, and only when a name has an ``xn--`` label.
"""

import unicodedata
from functools import cache, lru_cache
from pathlib import Path
from typing import Literal

Likeness = Literal["homoglyph", "diacritic"]

UNSEEN = "\N{REPLACEMENT CHARACTER}"
"""Stands in a decoded label for a character that does not show (a zero-width joiner, a direction mark)."""


@lru_cache(maxsize=4096)
def decode(name: str) -> str:
    """Return ``name`` (canonical) with its ``xn--`` labels as a person sees them.

    More lenient than IDNA 2008, as registries are: any label that Punycode (RFC 3492) can be decoded is. Characters
    that do not show, or would change how a text is laid out, become `UNSEEN`. Never raises; a label that is not
    Punycode stays as it is.
    """
    return ".".join(map(_decode_label, name.split("."))) if "xn--" in name else name


def _decode_label(label: str) -> str:
    if not label.startswith("xn--"):
        return label
    try:
        decoded = label[4:].encode("ascii").decode("punycode")
    except (UnicodeError, OverflowError):
        return label
    if decoded.isascii() or "." in decoded:
        return label
    return "".join(UNSEEN if unicodedata.category(char)[0] in "CZ" else char for char in decoded)


@lru_cache(maxsize=4096)
def likeness(one: str, other: str) -> Likeness | None:
    """Say how two different texts of one or two characters, at least one not ASCII, look alike; None if they don't.

    ``diacritic``: the same letter but for accents (é, e). ``homoglyph``: the same shape by the table, or one accent
    away from it.
    """
    plain_one, plain_other = _without_accents(one), _without_accents(other)
    if plain_one == plain_other:
        return "diacritic"
    if _shapes(one) & _shapes(other) or _shapes(plain_one) & _shapes(plain_other):
        return "homoglyph"
    return None


def is_mark(char: str) -> bool:
    """Whether ``char`` is an accent of its own, set on the character before it."""
    return unicodedata.combining(char) != 0


def skeleton(char: str) -> str:
    """Return the ASCII (or other prototype) that one character looks like: itself when it looks like no other."""
    plain = _without_accents(char)
    return min(_prototypes().get(char) or _prototypes().get(plain) or (plain,))


@cache
def _prototypes() -> dict[str, tuple[str, ...]]:
    table: dict[str, tuple[str, ...]] = {}
    for line in Path(__file__).with_name("confusables.txt").read_text(encoding="utf-8").splitlines():
        if line.startswith("#"):
            continue
        prototype, *points = line.split()
        for point in points:
            char = chr(int(point, 16))
            table[char] = (*table.get(char, ()), prototype)
    return table


def _shapes(text: str) -> set[str]:
    shapes = {text}
    if len(text) == 1:
        shapes.update(_prototypes().get(text, ()))
    return shapes


def _without_accents(text: str) -> str:
    if text.isascii():
        return text
    bare = "".join(char for char in unicodedata.normalize("NFKD", text) if not unicodedata.combining(char))
    return bare or text
