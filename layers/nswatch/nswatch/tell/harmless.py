r"""Strings from outside, made fit to be shown.

Host names and values come from servers that an attacker may run, and they are read by a tired person in a mail client.
So: one line, bounded, no control, format or bidirectional characters, nothing that becomes a link with a path. Bytes
that are not shown as they are become ``\DDD`` (RFC 1035 section 5.1), which loses nothing.
"""

import re
import unicodedata
from collections.abc import Callable, Iterable, Sequence

from nswatch import names
from nswatch.errors import InvalidName

HOST_LENGTH = 72
VALUE_LENGTH = 120
_OVER_CAP = re.compile(r"\(an answer over the size limit, SHA-256 [0-9a-f]{1,64}\)")
_NOT_HOST = re.compile(r"[^A-Za-z0-9._\\-]")
_NOT_VALUE = re.compile(r"[^ -~]|(?<= ) |^ | $|(?<=:)/(?=/)")
_RIGHT_TO_LEFT = frozenset({"R", "AL", "AN"})


def _escape(match: re.Match[str]) -> str:
    return "".join(f"\\{octet:03d}" for octet in match.group().encode("utf-8", "surrogatepass"))


def shortened(text: str, limit: int) -> str:
    """Return ``text``, or its beginning and end with ``..`` between where it is longer than ``limit`` characters.

    The end of a name says who owns it, so both ends stay.
    """
    if len(text) <= limit:
        return text
    head = (limit - 2) // 2
    tail = limit - 2 - head
    return f"{text[:head]}..{text[-tail:]}"


def ascii_name(text: str, limit: int = HOST_LENGTH) -> str:
    """Return a domain or host name in ASCII without anything but letters, digits, ``.``, ``-``, ``_`` and escapes."""
    if _OVER_CAP.fullmatch(text):
        return text
    return shortened(_NOT_HOST.sub(_escape, shortened(text, 1024)), limit) or "(empty)"


def name(text: str, limit: int = HOST_LENGTH) -> str:
    """Return a name for a person: as `ascii_name`, an internationalised one followed by what it looks like."""
    plain = ascii_name(text, limit)
    if plain != text or "xn--" not in text:
        return plain
    try:
        looks = names.display(names.normalise(text)).removeprefix(text)
    except InvalidName:
        return plain
    return plain + looks if len(looks) <= limit and all(map(_plain_letter, looks)) else plain


def _plain_letter(character: str) -> bool:
    return (unicodedata.category(character)[0] in "LNPS" or character == " ") and unicodedata.bidirectional(
        character
    ) not in _RIGHT_TO_LEFT


def value(text: str, limit: int = VALUE_LENGTH) -> str:
    """Return RDATA (or any other text that a server gave) as one line of printable ASCII."""
    return shortened(_NOT_VALUE.sub(_escape, shortened(text, 2048)), limit) or '""'


def shown(text: str) -> str:
    """Return one expected or seen value: a name as `name`, anything else as `value`."""
    return value(text) if _NOT_HOST.search(text) else name(text)


def words(text: object, limit: int = 240) -> str:
    """Return what a person (a contact, a name) or our own rules wrote as one line; Japanese and the like stay."""
    line = " ".join(str(text)[: limit * 4].split())
    shown = "".join("?" if unicodedata.category(c)[0] == "C" or c in "\u2028\u2029" else c for c in line)
    return shown if len(shown) <= limit else shown[: limit - 2] + ".."


def column(text: object) -> str:
    """Return one of several lines that are aligned by column: every character stays one character."""
    return "".join(c if c in " \u3000" or _plain_letter(c) else "?" for c in str(text)[:1024])


def listed(texts: Sequence[str], show: Callable[[str], str], more: Callable[[int], str], most: int) -> list[str]:
    """Return at most ``most`` of ``texts``, shown, and what ``more`` says of the number left out."""
    shown = [show(text) for text in texts[:most]]
    return [*shown, more(len(texts) - most)] if len(texts) > most else shown


def printable(lines: Iterable[str]) -> str:
    """Return lines as one text with no control character but the newline: the last gate of every email."""
    return "\n".join("".join(" " if _control(c) else c for c in line).rstrip() for line in lines) + "\n"


def _control(character: str) -> bool:
    return unicodedata.category(character) in ("Cc", "Cf", "Cs", "Zl", "Zp")
