"""Reading a watchlist: a file, a part of one, or data in memory; all problems at once."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from nswatch.errors import InvalidDocument
from nswatch_cli.conform import conform
from nswatch_cli.document import Document, Problem, in_memory, load
from nswatch_cli.watchlist.consistency import troubles
from nswatch_cli.watchlist.schema import Watchlist


def load_watchlist(path: Path | str) -> Watchlist:
    """Return the watchlist in a file; raise InvalidDocument with every problem."""
    return read_watchlist(load(path))


def read_watchlist(document: Document | Mapping[str, Any]) -> Watchlist:
    """Return the watchlist that a document or plain data hold; raise InvalidDocument with every problem."""
    watchlist, problems = check_watchlist(document if isinstance(document, Document) else in_memory(document))
    if problems:
        raise InvalidDocument(*problems)
    return watchlist


def check_watchlist(document: Document, *, nulls: bool = False) -> tuple[Watchlist, list[Problem]]:
    """Return the watchlist, salvaged where it is refused, and every problem in the order of the file."""
    watchlist, problems = conform(document, Watchlist, nulls=nulls)
    refused = {problem.path for problem in problems}
    for path, what, hint in troubles(watchlist):
        problem = document.problem(path, what, hint)
        if problem.path not in refused:
            problems.append(problem)
    return watchlist, sorted(problems, key=lambda problem: problem.line or 0)
