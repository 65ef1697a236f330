"""The genuine domain inside another one: ns-1515.awsdns-61.org.evil.example, awsdns-61-org.example."""

from functools import lru_cache

from nswatch.judge import confusables
from nswatch.judge.lookalike.alignment import Edit, align
from nswatch.judge.lookalike.result import Lookalike, kinds_of, lined_up
from nswatch.names import public_suffix

_SHORTEST_DOMAIN, _SHORTEST_LABEL = 7, 6
"""How many characters of a domain, or of its label alone, must be found inside another's: fewer are chance."""
_GENERIC = frozenset(
    {"cloud", "domain", "domains", "hosting", "internet", "nameserver", "nameservers", "network", "online", "provider"}
    | {"registrar", "registry", "server", "servers", "service", "services", "system", "systems"}
)
_DISGUISES = frozenset({"homoglyph", "leading zero", "diacritic", "invisible character"})
_FOLDED = {"0": "o", "1": "l", "i": "l"}
_FOLDED_PAIRS = {"rn": "m", "vv": "w", "cl": "d", "c1": "d"}


def find(candidate: str, genuine: str, candidate_domain: str, genuine_domain: str) -> Lookalike | None:
    """Return how ``candidate`` contains the genuine host, its registrable domain or that one's label, or None.

    Disguises count as the thing itself (dnsh0st-example.net). A label alone counts only where the attacker registered
    it, in the registrable domain, and when it says more than "hosting".
    """
    there = confusables.decode(candidate)
    for name, score, least in ((genuine, 0.7, _SHORTEST_DOMAIN), (genuine_domain, 0.6, _SHORTEST_DOMAIN)):
        here = confusables.decode(name)
        found = _dotted(there, here) or _within(there, here, least)
        if found is not None:
            return _lookalike(candidate, genuine, name, found, score, candidate_domain)
    label = genuine_domain.removesuffix("." + public_suffix(genuine_domain))
    if label == genuine_domain or label in _GENERIC:
        return None
    domain = confusables.decode(candidate_domain)
    found = _within(domain.partition(".")[0], confusables.decode(label), _SHORTEST_LABEL)
    if found is None:
        return None
    shift = len(there) - len(domain)
    return _lookalike(candidate, genuine, label, (found[0] + shift, found[1] + shift), 0.5, candidate_domain)


def _lookalike(
    candidate: str, genuine: str, name: str, found: tuple[int, int], score: float, candidate_domain: str
) -> Lookalike:
    there, here = confusables.decode(candidate), confusables.decode(name)
    start, end = found
    inner = [_moved(edit, start) for edit in align(there[start:end], here) or ()]
    edits = [*_around(there[:start], 0, 0), *inner, *_around(there[end:], end, len(here))]
    clause = f"contains {_shown(name)}" if not inner else f"contains what looks like {_shown(name)}"
    return Lookalike(
        candidate,
        genuine,
        "host",
        score,
        ("embedded", *(kind for kind in kinds_of(inner) if kind in _DISGUISES)),
        lined_up(there, edits),
        (candidate, name),
        (f"{clause}; its registrable domain is {_shown(candidate_domain)}",),
    )


def _shown(name: str) -> str:
    decoded = confusables.decode(name)
    return name if decoded == name else f"{name} ({decoded})"


def _around(text: str, at: int, of: int) -> list[Edit]:
    return [Edit("embedded", at, text, of, "", 1.0)] if text else []


def _moved(edit: Edit, by: int) -> Edit:
    return Edit(edit.kind, edit.at + by, edit.there, edit.of, edit.here, edit.cost)


def _dotted(there: str, here: str) -> tuple[int, int] | None:
    """Find the very domain as labels of another, however short it is."""
    at = f".{there}".find(f".{here}.")
    return None if at < 0 or "." not in here else (at, at + len(here))


def _within(there: str, here: str, least: int) -> tuple[int, int] | None:
    """Find ``here`` as whole words in ``there``, disguised or with other separators, but not as all of ``there``."""
    folded, starts, ends = _fold(there)
    wanted, _, _ = _fold(here)
    if len(wanted) < least:
        return None
    at = folded.find(wanted)
    while at >= 0:
        start, end = starts[at], ends[at + len(wanted) - 1]
        # What ends the name is its registrable domain, which has been compared by its edits.
        apart = end < len(there) or (start > 0 and "." not in here)
        if apart and _is_edge(there, start - 1) and _is_edge(there, end):
            return start, end
        at = folded.find(wanted, at + 1)
    return None


def _is_edge(text: str, index: int) -> bool:
    return not 0 <= index < len(text) or text[index] in "-."


@lru_cache(maxsize=1024)
def _fold(text: str) -> tuple[str, tuple[int, ...], tuple[int, ...]]:
    """Return ``text`` as the eye takes it (no separators, no leading zeros), with where each character came from."""
    folded: list[str] = []
    starts: list[int] = []
    ends: list[int] = []
    index = 0
    while index < len(text):
        taken = 2 if text[index : index + 2] in _FOLDED_PAIRS else 1
        piece = text[index : index + taken]
        for char in "" if _is_unseen(text, index) else _looks_like(piece):
            folded.append(char)
            starts.append(index)
            ends.append(index + taken)
        index += taken
    return "".join(folded), tuple(starts), tuple(ends)


def _looks_like(piece: str) -> str:
    if piece in _FOLDED_PAIRS:
        return _FOLDED_PAIRS[piece]
    shape = piece if piece.isascii() else confusables.skeleton(piece)
    return "".join(_FOLDED.get(char, char) for char in shape)


def _is_unseen(text: str, index: int) -> bool:
    char = text[index]
    if char == "0":
        before, after = text[index - 1 : index] if index else "", text[index + 1 : index + 2]
        return not before.isdigit() and after.isdigit()
    return char in "-." or char == confusables.UNSEEN
