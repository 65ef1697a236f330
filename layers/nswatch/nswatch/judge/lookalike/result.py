"""What the rule hands out: a near miss, the two names lined up, and the sentence that says what was done."""

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from nswatch.judge import confusables
from nswatch.judge.lookalike.alignment import Edit

GAP, WIDE_GAP = " ", "\N{IDEOGRAPHIC SPACE}"
_MARK, _WIDE_MARK = "^", "\N{FULLWIDTH CIRCUMFLEX ACCENT}"
_MANY = 3
_DIGITS = re.compile(r"0*([0-9]+)")


@dataclass(frozen=True, slots=True)
class Lookalike:
    """A name that is nearly the genuine one.

    ``candidate`` and ``genuine`` are the two hosts, as given; ``compared`` is what of them was compared,
    ``"registrable domain"`` or ``"host"``. ``score`` is from 0 to 1, 1 being the hardest to see. ``kinds`` says what
    was done, in order of position: inserted, dropped, swapped, doubled, substituted, leading zero, hyphen, dot,
    homoglyph, diacritic, invisible character, embedded, changed TLD. ``aligned`` is the candidate, the genuine name
    and a line of markers under what differs, of equal length, for monospace text: gaps are spaces (ideographic ones
    opposite wide characters), and ``xn--`` labels are decoded. ``changes`` are the clauses of the sentence.
    """

    candidate: str
    genuine: str
    compared: str
    score: float
    kinds: tuple[str, ...]
    aligned: tuple[str, str, str]
    compared_names: tuple[str, str]
    changes: tuple[str, ...]

    def sentence(self) -> str:
        """Say in plain English what the candidate is, without a full stop."""
        there, here = (_shown(name) for name in self.compared_names)
        if "embedded" in self.kinds:
            return f"{there} only {_listed(self.changes)}"
        return f"{there} is {here} with {_listed(self.changes)}"

    def as_detail(self) -> dict[str, Any]:
        """Return the finding's detail as plain JSON values: the fields, with lists for tuples, and ``sentence``."""
        return {
            "candidate": self.candidate,
            "genuine": self.genuine,
            "compared": self.compared,
            "score": self.score,
            "kinds": list(self.kinds),
            "aligned": list(self.aligned),
            "sentence": self.sentence(),
        }


def lined_up(candidate: str, edits: Sequence[Edit]) -> tuple[str, str, str]:
    """Return both names and the markers as three strings of equal length; ``edits`` lead to ``candidate``."""
    top, bottom, marks = [], [], []
    at = 0
    for edit in edits:
        same = candidate[at : edit.at]
        top.append(same)
        bottom.append(same)
        marks.append("".join(WIDE_GAP if _is_wide(char) else GAP for char in same))
        at = edit.at + len(edit.there)
        width = max(len(edit.there), len(edit.here))
        longer = edit.there if len(edit.there) >= len(edit.here) else edit.here
        fill = "".join(WIDE_GAP if _is_wide(char) else GAP for char in longer)
        top.append(edit.there + fill[len(edit.there) :])
        bottom.append(edit.here + fill[len(edit.here) :])
        marks.append("".join(_WIDE_MARK if _is_wide(char) else _MARK for char in longer[:width]))
    rest = candidate[at:]
    return (
        "".join(top) + rest,
        "".join(bottom) + rest,
        "".join(marks) + "".join(WIDE_GAP if _is_wide(char) else GAP for char in rest),
    )


def kinds_of(edits: Sequence[Edit]) -> tuple[str, ...]:
    """Return each kind once, in order of position."""
    return tuple(dict.fromkeys(edit.kind for edit in edits))


def changes_of(candidate: str, genuine: str, edits: Sequence[Edit]) -> tuple[str, ...]:
    """Return a clause for each edit, left to right; what belongs together is said together."""
    foreign = [edit for edit in edits if edit.kind == "homoglyph" and not edit.there.isascii()]
    hyphens = [edit for edit in edits if edit.kind == "hyphen"]
    moved = len(hyphens) == 2 and {edit.there for edit in hyphens} == {"-", ""}
    clauses: dict[str, None] = {}
    for index, edit in enumerate(edits):
        if edit.kind == "leading zero":
            if index and _joins(edits[index - 1], edit):
                continue
            clauses[_zeros(candidate, genuine, edits, index)] = None
        elif len(foreign) > _MANY and edit in foreign:
            clauses[f"{len(foreign)} {_scripts(foreign)} letters in place of those they look like"] = None
        elif moved and edit.kind == "hyphen":
            clauses["the hyphen moved"] = None
        else:
            clauses[_clause(edit, genuine)] = None
    return tuple(clauses)


def _joins(before: Edit, edit: Edit) -> bool:
    adjacent = before.at + len(before.there) == edit.at and before.of + len(before.here) == edit.of
    return adjacent and before.kind == edit.kind and bool(before.there) == bool(edit.there)


def _zeros(candidate: str, genuine: str, edits: Sequence[Edit], index: int) -> str:
    edit = edits[index]
    count = 1
    while index + count < len(edits) and _joins(edits[index + count - 1], edits[index + count]):
        count += 1
    number = _DIGITS.match(candidate[edit.at :] if edit.there else genuine[edit.of :])
    amount = "a zero" if count == 1 else f"{count} zeros"
    done = "inserted" if edit.there else "dropped"
    return f"{amount} {done} before {number[1] if number else 'the number'}"


def _clause(edit: Edit, genuine: str) -> str:
    there, here = edit.there, edit.here
    if edit.kind == "swapped":
        return f"{_quoted(here[0])} and {_quoted(here[1])} swapped"
    if there and here:
        if edit.kind == "hyphen":
            return "the hyphen moved" if len(there) == 2 else f"{_SPELT[there]} in place of {_SPELT[here]}"
        return f"{_quoted(there, here)} in place of {_quoted(here, there)}"
    what = _SPELT.get(there or here) or _quoted(there or here)
    if edit.kind == "diacritic":
        what = "an accent"
    if here and edit.of and genuine[edit.of - 1] == here:
        return f"a doubled {what} made single"
    return f"{what} {'doubled' if edit.kind == 'doubled' else 'inserted' if there else 'dropped'}"


_SPELT = {"-": "a hyphen", ".": "a dot", confusables.UNSEEN: "a character that does not show"}


def _quoted(text: str, against: str = "") -> str:
    """Name a text so that it is not mistaken for its twin, the text that it stands ``against``."""
    if not text.isascii():
        names = ", ".join(f"U+{ord(char):04X} {unicodedata.name(char, 'unnamed')}" for char in text)
        return f"'{text}' ({names})"
    if text.isdigit() != against.isdigit() and len(text) == len(against) == 1:
        return f"the {'digit' if text.isdigit() else 'letter'} {text}"
    return f"'{text}'"


def _scripts(edits: Sequence[Edit]) -> str:
    """Return the scripts of the replaced letters; a character's name begins with its script's."""
    words = (unicodedata.name(char, "UNNAMED").split()[0].capitalize() for edit in edits for char in edit.there)
    return " and ".join(dict.fromkeys(words))


def _shown(name: str) -> str:
    decoded = confusables.decode(name)
    return name if decoded == name else f"{name} ({decoded})"


def _listed(clauses: Sequence[str]) -> str:
    return clauses[0] if len(clauses) == 1 else f"{', '.join(clauses[:-1])} and {clauses[-1]}"


def _is_wide(char: str) -> bool:
    return not char.isascii() and unicodedata.east_asian_width(char) in "WF"
