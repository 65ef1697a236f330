"""What one language has to say: the shape of its texts. All is data, so that a second language is one more module.

Templates are `string.Template`s. Names that a sentence about a finding may use:

``$domain`` the subject, ``$where`` and ``$Where`` the parent ("the .com registry"), ``$parent`` the same but short,
``$what`` the record ("MX of example.com"; ``$What`` where a sentence begins with it), ``$owner`` and ``$type`` of it,
``$expected``, ``$seen`` and ``$missing`` short lists, ``$on`` who gives it (" on 4 of 4 name servers", or nothing),
``$host`` and ``$results`` of name servers, ``$ttl_expected`` and ``$ttl_seen``, ``$seen_regions`` their names,
``$silent``, ``$reporting`` and ``$regions`` counts of regions.

Names that a step may use: ``$domain``, ``$name`` (the same, for commands), ``$id``, ``$where``, ``$Where``, ``$since``,
where the finding has them ``$hosts``, ``$resolvers`` and ``$record``, ``$route53`` for a zone that is there, and, where
the watchlist has them, ``$fallback``, ``$reply_to`` and the contacts by their key. A step is a tuple of
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


class Advice(NamedTuple):
    """What a code (or ``code.variant``) means, and what to do first, where that is not what its cause says.

    ``recovered`` and ``aftercare`` are empty where those of the cause are right.
    """

    why: str
    steps: tuple[Step, ...]
    recovered: str = ""
    aftercare: tuple[Step, ...] = ()


@dataclass(frozen=True, slots=True)
class Language:
    """``words`` and ``advice`` are by finding code or ``code.variant``, the most telling first; ``causes`` by `Cause`.

    ``residual`` are the words for what only caches hold any more; the rest is by use.
    """

    words: Mapping[str, Words]
    residual: Words
    causes: Mapping[str, CauseWords]
    advice: Mapping[str, Advice]
    unknown: Words
    labels: Mapping[str, str]
    kinds: Mapping[str, str]
    contacts: Mapping[str, str]
    sources: Mapping[str, str]
    results: Mapping[str, str]
    types: Mapping[str, str]
    phrases: Mapping[str, str]
    months: tuple[str, ...]
