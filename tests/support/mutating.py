"""Published documents in which one part is anything at all: what a fuzzer of bare bytes hardly ever finds."""

import copy
from collections.abc import Iterator
from typing import Any

from hypothesis import strategies as st

ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=12),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=6,
)
Path = tuple[str | int, ...]


def paths(document: Any, path: Path = ()) -> Iterator[Path]:
    """Yield where each part of a JSON document is, the whole first."""
    yield path
    items = (
        document.items() if isinstance(document, dict) else enumerate(document) if isinstance(document, list) else ()
    )
    for key, part in items:
        yield from paths(part, (*path, key))


def mutated(document: Any) -> st.SearchStrategy[Any]:
    """Give the document with one part replaced."""
    return st.builds(lambda path, value: _with(document, path, value), st.sampled_from(list(paths(document))), ANYTHING)


def _with(document: Any, path: Path, value: Any) -> Any:
    if not path:
        return value
    changed = copy.deepcopy(document)
    part = changed
    for key in path[:-1]:
        part = part[key]
    part[path[-1]] = value
    return changed
