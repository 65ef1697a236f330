"""Entries written for people: as text of a watchlist, with comments, put into a file that somebody else wrote.

A file is not written anew: the entry's lines go in behind the last domain, and everything else stays as it is.
"""

import json
import os
import re
import tempfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.nodes import MappingNode

from nswatch.errors import InvalidDocument
from nswatch_cli.document import MAX_OCTETS, Problem, parse
from nswatch_cli.watchlist.load import check_watchlist

_PLAIN = re.compile(r"[A-Za-z][A-Za-z0-9._/-]*\Z")
_WORDS = frozenset({"true", "false", "null", "yes", "no", "on", "off", "y", "n"})
_PAIR = re.compile(r"\\ud[89ab][0-9a-f]{2}\\ud[c-f][0-9a-f]{2}")
_UNSAID = re.compile(r"[^\x20-\x7e\u00a0-\ud7ff\ue000-\ufffd]")


@dataclass(frozen=True, slots=True)
class Draft:
    """An entry that a person shall read before it is applied.

    ``delegation`` and ``registration`` are keys with a text or a list each, ``answers`` mappings as in a file.
    ``remarks`` stand above the entry; ``comments`` stand behind a line, by key or by the answer's (name, type).
    """

    domain: str
    delegation: Mapping[str, Any]
    answers: Sequence[Mapping[str, Any]] = ()
    registration: Mapping[str, Any] = field(default_factory=dict)
    remarks: Sequence[str] = ()
    comments: Mapping[str | tuple[str, str], str] = field(default_factory=dict)


def entry_lines(draft: Draft) -> list[str]:
    """Return a draft as lines, its domain at the left edge."""
    lines = [f"{_scalar(draft.domain)}:", *(f"  # {_one_line(remark)}" for remark in draft.remarks)]
    for part in ("delegation", "registration"):
        held: Mapping[str, Any] = getattr(draft, part)
        if held:
            lines += [f"  {part}:", *(f"    {line}" for line in _keys(held, draft.comments))]
        if part == "delegation" and draft.answers:
            lines += ["  answers:", *(f"  - {line}" for line in _answers(draft))]
    return lines


def watchlist_text(draft: Draft) -> str:
    """Return a whole watchlist with a draft as its only entry."""
    return "\n".join(["version: 1", "domains:", *(f"  {line}" for line in entry_lines(draft)), ""])


def checked(text: str, file: str) -> str:
    """Return a watchlist's text; raise InvalidDocument with everything that is wrong, each with the path of its key."""
    _, problems = check_watchlist(parse(text, file))
    if problems:
        raise InvalidDocument(*problems)
    return text


def put_into(path: Path, draft: Draft) -> None:
    """Add a draft to the watchlist at ``path``, or make it; raise InvalidDocument, then nothing is written."""
    text = inserted(_read(path), str(path), draft) if path.exists() else watchlist_text(draft)
    checked(text, str(path))
    try:
        with tempfile.NamedTemporaryFile("w", encoding="utf-8", dir=path.parent, suffix=".new", delete=False) as new:
            new.write(text)
        Path(new.name).chmod(path.stat().st_mode & 0o777 if path.exists() else 0o644)
        os.replace(new.name, path)  # noqa: PTH105 - a name, not a Path
    except OSError as error:
        what = f"cannot be written: {error.strerror or error}"
        raise InvalidDocument(Problem(str(path), None, (), what, "mend that, or print the entry instead")) from error


def inserted(text: str, file: str, draft: Draft) -> str:
    """Return a watchlist's text with a draft behind its last domain; raise InvalidDocument where there is no place."""
    document = parse(text, file)
    domains = document.data.get("domains")
    top = YAML(typ="safe", pure=True).compose(text)
    node = next((value for key, value in top.value if key.value == "domains"), None)
    if not isinstance(domains, dict) or not isinstance(node, MappingNode) or not node.value or node.flow_style:
        hint = "write each domain on lines of its own below 'domains:', or add the printed entry by hand"
        raise InvalidDocument(document.problem(("domains",), "has no place for another entry", hint))
    if draft.domain in domains:
        hint = "print the new entry and compare the two, or remove this one first"
        raise InvalidDocument(document.problem(("domains", draft.domain), "is there already", hint))
    indent = " " * node.value[0][0].start_mark.column
    lines = text.splitlines()
    end = min(node.end_mark.line, len(lines)) if node.end_mark.column == 0 else len(lines)
    while end and (not lines[end - 1].strip() or lines[end - 1].lstrip().startswith("#")):
        end -= 1
    new = [f"{indent}{line}" for line in entry_lines(draft)]
    return "\n".join([*lines[:end], *new, *lines[end:], ""])


def _read(path: Path) -> str:
    try:
        with path.open("rb") as stream:
            return stream.read(MAX_OCTETS + 1).decode("utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise InvalidDocument(
            Problem(str(path), None, (), f"cannot be read: {error}", "give a watchlist in UTF-8")
        ) from error


def _keys(held: Mapping[str, Any], comments: Mapping[str | tuple[str, str], str]) -> Iterator[str]:
    for key, value in held.items():
        behind = _comment(comments.get(key))
        if isinstance(value, list | tuple):
            yield f"{key}:{behind}"
            yield from (f"- {_scalar(item)}" for item in value)
        else:
            yield f"{key}: {_scalar(value)}{behind}"


def _answers(draft: Draft) -> Iterator[str]:
    for answer in draft.answers:
        parts = ", ".join(
            f"{key}: {_list(value) if isinstance(value, list | tuple) else _scalar(value)}"
            for key, value in answer.items()
        )
        yield f"{{{parts}}}{_comment(draft.comments.get((answer['name'], answer['type'])))}"


def _list(values: Iterable[str]) -> str:
    return f"[{', '.join(map(_scalar, values))}]"


def _scalar(text: str) -> str:
    if _PLAIN.match(text) and text.lower() not in _WORDS:
        return text
    return _PAIR.sub(_beyond, json.dumps(text))


def _beyond(pair: re.Match[str]) -> str:
    """Return YAML's escape of a character beyond the first plane, which JSON writes as two surrogates."""
    character: str = json.loads(f'"{pair[0]}"')
    return f"\\U{ord(character):08x}"


def _comment(text: str | None) -> str:
    return f"  # {_one_line(text)}" if text else ""


def _one_line(text: str) -> str:
    """Return a comment that is one: what others wrote may hold anything."""
    return _UNSAID.sub("?", " ".join(text.split()))[:400]
