"""YAML files as people write them: plain data that knows the line of every key, and problems told all at once.

YAML 1.2 with one kind of scalar fewer: a time is text, quoted or not. What a file could do beyond holding data (tags,
aliases that multiply, keys given twice) is refused.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError, YAMLError
from ruamel.yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

from nswatch.errors import InvalidDocument

MAX_OCTETS = 5 * 1024 * 1024
MAX_REPEATED_NODES = 10_000
"""How much aliases may repeat: enough for a shared block, too little for an alias bomb."""

KeyPath = tuple[str | int, ...]
"""Where a value stands: keys of mappings and indices of lists, from the top of its document."""

_PLAIN_KEY = re.compile(r"[A-Za-z_][A-Za-z0-9_]*\Z")
_INTEGER = re.compile(r"[-+]?(0|[1-9][0-9]{0,17})\Z")
_DECIMAL = re.compile(r"[-+]?[0-9]{1,17}\.[0-9]{0,17}\Z")
"""Only these are numbers. YAML 1.2 has more (12e4567 as in a fingerprint, 0x1F, .inf), which people mean as text."""

_TAG = "tag:yaml.org,2002:"


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that is wrong in a file. ``line`` counts from 1, and is None where the whole file is meant."""

    file: str
    line: int | None
    path: KeyPath
    what: str
    hint: str

    def __str__(self) -> str:
        place = self.file if self.line is None else f"{self.file}:{self.line}"
        return ": ".join(part for part in (place, render(self.path), f"{self.what}; {self.hint}") if part)


@dataclass(frozen=True, slots=True)
class Document:
    """Data read from a file. ``lines`` gives the line of each path; ``prefix`` is where the data stand in the file."""

    file: str
    data: Any
    lines: Mapping[KeyPath, int] = field(default_factory=dict)
    prefix: KeyPath = ()

    def line(self, path: KeyPath) -> int | None:
        """Return the line of a path, or of the nearest thing around it."""
        whole = self.prefix + path
        return next((self.lines[whole[:end]] for end in range(len(whole), -1, -1) if whole[:end] in self.lines), None)

    def problem(self, path: KeyPath, what: str, hint: str) -> Problem:
        """Return a problem at a path of this document."""
        return Problem(self.file, self.line(path), self.prefix + path, what, hint)

    def below(self, key: str) -> "Document":
        """Return the part of the document under one key; its problems still name their place in the whole file."""
        return replace(self, data=self.data[key], prefix=(*self.prefix, key))


def render(path: KeyPath) -> str:
    """Return a path as people read it: ``domains["example.com"].delegation.ns[0]``."""
    text = ""
    for step in path:
        if isinstance(step, int):
            text += f"[{step}]"
        elif _PLAIN_KEY.match(step):
            text += f".{step}" if text else step
        else:
            text += f'["{step}"]'
    return text


def load(path: Path | str) -> Document:
    """Read a file whose top is a mapping; raise InvalidDocument when there is none."""
    file = str(path)
    try:
        with Path(path).open("rb") as stream:
            octets = stream.read(MAX_OCTETS + 1)
    except OSError as error:
        reason = error.strerror or type(error).__name__
        raise InvalidDocument(
            Problem(file, None, (), f"cannot be read: {reason}", "give the path of a YAML file")
        ) from error
    if len(octets) > MAX_OCTETS:
        raise InvalidDocument(Problem(file, None, (), "is larger than 5 MiB", "split it"))
    try:
        text = octets.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = octets.count(b"\n", 0, error.start) + 1
        raise InvalidDocument(Problem(file, line, (), "is not UTF-8 text", "save the file as UTF-8")) from error
    return parse(text, file)


def parse(text: str, file: str) -> Document:
    """Read a YAML text whose top is a mapping; ``file`` is the name that problems give."""
    yaml = YAML(typ="safe", pure=True)
    try:
        top = yaml.compose(text)
        if top is None:
            raise InvalidDocument(Problem(file, None, (), "is empty", "write a mapping, 'key: value'"))
        reader = _Reader(file)
        data = reader.read(top, ())
    except MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark is not None else None
        what = f"is not YAML: {error.problem or error.context}"
        raise InvalidDocument(Problem(file, line, (), what, "mend the syntax there or just above")) from error
    except YAMLError as error:
        position = getattr(error, "position", None)
        line = text.count("\n", 0, position) + 1 if isinstance(position, int) else None
        raise InvalidDocument(Problem(file, line, (), "holds a control character", "remove it")) from error
    except RecursionError as error:
        raise InvalidDocument(Problem(file, None, (), "is nested too deeply", "write it flatter")) from error
    if not isinstance(data, dict):
        reader.problems.append(
            Problem(
                file, top.start_mark.line + 1, (), f"is {kind(data)}, not a mapping", "write 'key: value' at the top"
            )
        )
    if reader.problems:
        raise InvalidDocument(*reader.problems)
    return Document(file, data, reader.lines)


def in_memory(data: Mapping[str, Any], file: str = "<watchlist>") -> Document:
    """Return data that come from no file as a document; its problems give no lines."""
    return Document(file, data)


def kind(value: object) -> str:
    """Return what a value is, in the words of a person who writes YAML."""
    match value:
        case None:
            return "empty"
        case bool():
            return f"the truth value {str(value).lower()}"
        case int() | float():
            return f"the number {value}"
        case str():
            return f"the text {value!r}"
        case Mapping():
            return "a mapping"
        case _:
            return "a list"


class _Reader:
    """Turns nodes into plain data; collects the line of each path and what is refused."""

    def __init__(self, file: str) -> None:
        self.lines: dict[KeyPath, int] = {}
        self.problems: list[Problem] = []
        self._file = file
        self._seen: set[int] = set()
        self._open: set[int] = set()
        self._repeated = 0

    def read(self, node: Node, path: KeyPath) -> Any:
        self.lines.setdefault(path, node.start_mark.line + 1)
        if id(node) in self._seen:
            self._repeated += 1
            if id(node) in self._open or self._repeated > MAX_REPEATED_NODES:
                raise InvalidDocument(
                    *self.problems,
                    Problem(
                        self._file, self.lines[path], path, "repeats itself by aliases without end", "write it out"
                    ),
                )
        self._seen.add(id(node))
        self._open.add(id(node))
        try:
            return self._value(node, path)
        finally:
            self._open.discard(id(node))

    def _value(self, node: Node, path: KeyPath) -> Any:
        if isinstance(node, MappingNode) and node.tag == _TAG + "map":
            return self._mapping(node, path)
        if isinstance(node, SequenceNode) and node.tag == _TAG + "seq":
            return [self.read(item, (*path, index)) for index, item in enumerate(node.value)]
        if isinstance(node, ScalarNode):
            return self._scalar(node, path)
        self._refuse(node, path, f"has the tag {node.tag!r}", "write plain data")
        return None

    def _mapping(self, node: MappingNode, path: KeyPath) -> dict[str, Any]:
        found: dict[str, Any] = {}
        for key_node, value_node in node.value:
            if not isinstance(key_node, ScalarNode):
                self._refuse(key_node, path, "has a key that is a list or a mapping", "write a text as the key")
                continue
            key = key_node.value
            if key_node.tag == _TAG + "merge":
                self._refuse(
                    key_node, (*path, key), "is a merge key, which YAML 1.2 does not have", "write the keys out"
                )
                continue
            if key_node.tag not in {_TAG + "str", _TAG + "timestamp"}:
                self._refuse(key_node, (*path, key), "is a key that is not text", "put it in quotes")
            if key in found:
                first = self.lines[(*path, key)]
                self._refuse(key_node, (*path, key), f"is given twice, first in line {first}", "keep one of them")
                continue
            self.lines[(*path, key)] = key_node.start_mark.line + 1
            found[key] = self.read(value_node, (*path, key))
        return found

    def _scalar(self, node: ScalarNode, path: KeyPath) -> Any:
        text: str = node.value
        match str(node.tag).removeprefix(_TAG):
            case "str" | "timestamp" | "merge" | "value":
                return text
            case "null":
                return None
            case "bool":
                return text.lower() == "true"
            case "int":
                return int(text) if _INTEGER.match(text) else text
            case "float":
                return float(text) if _DECIMAL.match(text) else text
        self._refuse(node, path, f"has the tag {node.tag!r}", "write plain data")
        return None

    def _refuse(self, node: Node, path: KeyPath, what: str, hint: str) -> None:
        self.problems.append(Problem(self._file, node.start_mark.line + 1, path, what, hint))
