"""What one language has to say: the shape of its texts. All is data, so that a second language is one more module.

Templates are `string.Template`s. Names that a sentence about a finding may use:

``$domain`` the subject, ``$where`` and ``$Where`` the parent ("the .com registry"), ``$parent`` the same but short,
``$expected`` and ``$seen`` short lists, ``$silent``, ``$reporting`` and ``$regions`` counts of regions.

Names that a step may use: ``$domain``, ``$name`` (the same, for commands), ``$id``, ``$where``, ``$Where``, ``$since``,
and, where the watchlist has them, ``$fallback``, ``$reply_to`` and the contacts by their key. A step is a tuple of
alternatives: the first one whose names are all known is said, so the last one uses only what is always known.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple

Step = tuple[str, ...]


class Words(NamedTuple):
    """A finding code in words: a whole sentence, and a few words for subjects and SMS (ASCII in every language).

    ``short`` is at most 50 characters beside the domain, so that an SMS holds it and any usual domain uncut.
    """

    title: str
    short: str


@dataclass(frozen=True, slots=True)
class CauseWords:
    """What a cause means (``why``), what to do first, how its end is told, and what is still to do then."""

    why: str
    steps: tuple[Step, ...]
    recovered: str
    aftercare: tuple[Step, ...]


@dataclass(frozen=True, slots=True)
class Language:
    """``words`` by finding code or ``code.variant``, the gravest first; ``causes`` by `Cause`; the rest by use."""

    words: Mapping[str, Words]
    causes: Mapping[str, CauseWords]
    unknown: Words
    labels: Mapping[str, str]
    kinds: Mapping[str, str]
    contacts: Mapping[str, str]
    sources: Mapping[str, str]
    phrases: Mapping[str, str]
    months: tuple[str, ...]
