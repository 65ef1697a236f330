"""A table of regions that fills while they are worked on; plain lines where nobody watches it change."""

import threading
import time
from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager

from rich.console import Console
from rich.live import Live
from rich.table import Table
from rich.text import Text

WAITING = "waiting"
FAILED = "failed"
_STYLES = {WAITING: "dim", FAILED: "bold red"}


class Board(AbstractContextManager["Board"]):
    """What is going on in each region. Its methods may be called from any thread."""

    def __init__(self, regions: Mapping[str, str], console: Console | None = None) -> None:
        """``regions`` are the rows, each with what it is (primary hub, …)."""
        self._console = console or Console(highlight=False, soft_wrap=True)
        self._kinds = regions
        self._rows: dict[str, tuple[str, str, float | None, float | None]] = dict.fromkeys(
            regions, (WAITING, "", None, None)
        )
        self._lock = threading.Lock()
        self._live = Live(get_renderable=self._table, console=self._console, refresh_per_second=4)

    def __enter__(self) -> "Board":
        """Show the table where a person watches."""
        if self._console.is_terminal:
            self._live.start()
        return self

    def __exit__(self, *exc: object) -> None:
        """Leave the table as it is now."""
        if self._console.is_terminal:
            self._live.stop()

    def begins(self, region: str, what: str) -> None:
        """Say what a region is in from now on; the first time starts its clock."""
        with self._lock:
            _, _, began, _ = self._rows[region]
            self._rows[region] = (what, "", began if began is not None else time.monotonic(), None)
        self._say(region, what)

    def detail(self, region: str, text: str) -> None:
        """Say what happens there just now; only for who watches."""
        with self._lock:
            what, _, began, ended = self._rows[region]
            self._rows[region] = (what, text, began, ended)

    def ends(self, region: str, what: str, detail: str = "") -> None:
        """Say how it ended there."""
        with self._lock:
            _, _, began, _ = self._rows[region]
            now = time.monotonic()
            self._rows[region] = (what, detail.partition("\n")[0], began, now)
        took = f" after {now - began:.0f} s" if began is not None else ""
        self._say(region, f"{what}{took}{': ' if detail else ''}{detail}")

    def _say(self, region: str, text: str) -> None:
        if not self._console.is_terminal:
            self._console.print(Text(f"{region}: {text}"))

    def _table(self) -> Table:
        table = Table(box=None, pad_edge=False, header_style="dim")
        for column in ("region", "is", "state", "seconds", ""):
            table.add_column(column, no_wrap=True, justify="right" if column == "seconds" else "left")
        with self._lock:
            rows = dict(self._rows)
        for region, (what, detail, began, ended) in rows.items():
            seconds = f"{(ended or time.monotonic()) - began:.0f}" if began is not None else ""
            style = _STYLES.get(what, "green" if ended is not None else "")
            table.add_row(region, self._kinds[region], Text(what, style), seconds, Text(detail, "dim"))
        return table


def columns(rows: Sequence[Sequence[str]], indent: str = "  ") -> list[str]:
    """Return rows of words as lines with aligned columns."""
    widths = [max(len(row[place]) for row in rows) for place in range(len(rows[0]))] if rows else []
    return [
        (indent + "  ".join(word.ljust(width) for word, width in zip(row, widths, strict=True))).rstrip()
        for row in rows
    ]
