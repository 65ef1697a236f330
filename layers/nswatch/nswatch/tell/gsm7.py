"""The alphabet of a text message: GSM 03.38 (3GPP TS 23.038 section 6.2.1), counted in septets.

One message part holds 160 septets; one character outside of the alphabet would turn the whole message into UCS-2 with
70 characters a part. So everything is brought into the alphabet first, and what does not fit is cut.
"""

import unicodedata

ONE_PART = 160
"""Septets of a message that is not concatenated."""

_BASIC = frozenset(
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?"
    "¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
_EXTENSION = frozenset("^{}\\[~]|€")
"""Written as an escape and a second septet. The form feed of that table is left out: nothing here needs it."""

_REPLACED = {
    "\u2018": "'", "\u2019": "'", "\u201a": ",", "\u201c": '"', "\u201d": '"', "\u201e": '"', "`": "'", "\u00b4": "'",
    "\u2010": "-", "\u2011": "-", "\u2012": "-", "\u2013": "-", "\u2014": "-", "\u2212": "-", "\u2026": "...",
    "\u2022": "*", "\u00d7": "x", "\u2192": "->", "\u2260": "<>", "\u2264": "<=", "\u2265": ">=", "\u3001": ", ",
    "\u3002": ". ", "\u00ab": '"', "\u00bb": '"', "\u00a6": "|",
}  # fmt: skip


def septets(text: str) -> int:
    """Return how many septets ``text`` takes; ValueError where a character is outside of the alphabet."""
    total = 0
    for character in text:
        if character in _BASIC:
            total += 1
        elif character in _EXTENSION:
            total += 2
        else:
            raise ValueError(f"{character!r} is not in the GSM 03.38 alphabet")
    return total


def to_gsm7(text: str) -> str:
    """Return ``text`` on one line in the alphabet: white space and control characters become single spaces.

    Latin letters lose accents that the alphabet lacks; everything else becomes ``?``. Letters of other scripts are not
    turned into Latin ones that look alike: that would hide a homoglyph. (Host names come here as A-labels anyway.)
    """
    spaced = "".join(" " if _blank(character) else character for character in text)
    return " ".join("".join(map(_replacement, spaced)).split())


def _blank(character: str) -> bool:
    return character.isspace() or unicodedata.category(character) in ("Cc", "Zl", "Zp")


def _replacement(character: str) -> str:
    if character in _BASIC or character in _EXTENSION:
        return character
    if character in _REPLACED:
        return _REPLACED[character]
    plain = "".join(part for part in unicodedata.normalize("NFKD", character) if unicodedata.category(part) != "Mn")
    usable = bool(plain) and all(part in _BASIC or part in _EXTENSION for part in plain)
    return plain if usable and unicodedata.category(character)[0] in "LN" else "?"


def fit(text: str, limit: int = ONE_PART) -> str:
    """Return ``text``, which is in the alphabet, or its beginning and ``..`` where it takes more than ``limit``."""
    if septets(text) <= limit:
        return text
    kept, total = "", 2
    for character in text:
        total += septets(character)
        if total > limit:
            break
        kept += character
    return kept.rstrip() + ".."
