"""Where a check for people goes: standard output, in colour only on a terminal and without NO_COLOR."""

import os
import shutil
import sys
from dataclasses import dataclass

from rich.console import Console
from rich.text import Text

from nswatch_cli.check import table
from nswatch_cli.check.values import Look, Status, Verdict

_WIDEST, _NARROWEST = 100, 80


@dataclass(frozen=True, slots=True)
class Page:
    """Writes checks (https://no-color.org); ``width`` is in columns."""

    console: Console
    width: int

    def first_line(self, status: Status, rest: str) -> None:
        """Write a line as a monitoring plugin does; never broken."""
        text = Text(status.name, table.STYLE[status])
        text.append(f" {rest}", "")
        self._print(text)

    def details(self, look: Look, verdict: Verdict, *, verbose: bool = False, titled: bool = False) -> None:
        """Write what stands below the first line; with ``titled`` under the domain's name."""
        if titled:
            self._print(Text(f"\n{table.title(look)}", "bold"))
        for text, style in table.lines(look, verdict, self.width, verbose=verbose):
            shown = text if len(text) <= self.width else f"{text[: self.width - 2]}.."
            self._print(Text(shown, style))

    def _print(self, text: Text) -> None:
        encoding = self.console.encoding
        safe = Text(text.plain.encode(encoding, "replace").decode(encoding), spans=text.spans, style=text.style)
        self.console.print(safe, soft_wrap=True)


def open_page() -> Page:
    """Return the page for standard output as it is now."""
    terminal = sys.stdout.isatty()
    coloured = terminal and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"
    columns = shutil.get_terminal_size((_WIDEST, 24)).columns if terminal else _WIDEST
    console = Console(
        force_terminal=coloured, no_color=not coloured, highlight=False, markup=False, emoji=False, legacy_windows=False
    )
    return Page(console, max(_NARROWEST, min(_WIDEST, columns)))
