"""The demo: the flagship incident, live in the terminal, ending with the page as it arrives."""

import json
import shutil
import sys
import time
from collections.abc import Sequence
from datetime import datetime, timedelta
from pathlib import Path

from rich.console import Console
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from nswatch.judge.judgement import JUDGED
from nswatch.model import Severity
from nswatch_cli.replay.cloud import Delivery
from nswatch_cli.replay.runner import Replay
from nswatch_cli.replay.schema import Scenario, Step, load_scenario
from nswatch_cli.replay.verdict import StepReport

_WHEN = "%m-%d %H:%M"
_STYLES = {Severity.PAGE: "bold red", Severity.NOTICE: "yellow"}
_NEXT = (
    ("{nswatch} check example.com", "your own domain, at the registry, now"),
    ("docs/watchlist.md", "the file that says what is right"),
    ("docs/deploy.md", "into your AWS account"),
    ("{nswatch} replay FILE", "other incidents, of events/incidents"),
)


class LiveView:
    """Prints what happens as it happens; `Observer` of a replay."""

    def __init__(self, console: Console, scenario: Scenario) -> None:
        self._console = console
        self._step_at = scenario.start
        self._passes = 0
        self._regions = 0
        self.first_page: tuple[Delivery, timedelta] | None = None

    def step(self, step: Step, at: datetime) -> None:
        """See `Observer`."""
        self._step_at = at
        note = " ".join(step.note.split()) or "nothing changes; time passes"
        self._console.print()
        self._line(at, "●", Text(note, style="bold"))

    def passed(self, region: str, at: datetime) -> None:
        """See `Observer`."""
        self._passes += 1
        if self._passes <= 1:
            self._line(at, "·", Text(f"{region} makes its first pass: everything is as approved", style="dim"))

    def delivered(self, delivery: Delivery, at: datetime) -> None:
        """See `Observer`."""
        if delivery.channel is Severity.PAGE and self.first_page is None:
            self.first_page = (delivery, at - self._step_at)
        text = Text(delivery.subject, style=_STYLES[delivery.channel])
        if delivery.kind == "reminder":
            text.append("  (nobody acknowledged it)", style="dim")
        self._line(at, "▶", text)

    def looked(self, report: StepReport, at: datetime) -> None:
        """See `Observer`."""
        if report.incident != "none":
            self._line(
                at, " ", Text(f"incident {report.incident}; {', '.join(report.findings) or 'nothing stands'}", "dim")
            )
        for problem in report.problems:
            self._line(at, "✗", Text(problem, style="bold red"))

    def _line(self, at: datetime, sign: str, text: Text) -> None:
        row = Table.grid(padding=(0, 1, 0, 0))
        row.add_row(Text(f"{at:{_WHEN}}", "cyan"), sign, text)
        self._console.print(row)


def run_demo(file: Path) -> bool:
    """Replay ``file`` with a live view; return whether what it expects holds."""
    console = Console(highlight=False, width=min(100, max(80, Console().width)))
    scenario = load_scenario(file)
    began = time.perf_counter()
    console.print(Text(scenario.title, style="bold"))
    console.print(Text(" ".join(scenario.about.split()), style="dim"))
    hubs, regions = " and ".join(scenario.hubs), ", ".join(scenario.regions)
    console.print(
        f"\nReplayed: probes in {regions} send real DNS messages to simulated servers; hubs in {hubs} keep tables and"
        " topics in an emulated AWS; the clock skips to what is next due. Times are UTC."
    )
    view = LiveView(console, scenario)
    with Replay(scenario, codes=JUDGED, observer=view) as replay:
        reports = list(replay.run())
        page = _texts(replay, view)
    for title, text in page:
        console.print()
        console.print(Panel(Text(text), title=title, title_align="left", border_style="red"))
    _close(console, view, reports, time.perf_counter() - began)
    return all(not report.problems for report in reports)


def _texts(replay: Replay, view: LiveView) -> list[tuple[str, str]]:
    """Return the first page as email and SMS bring it: (title, text) each."""
    if view.first_page is None:
        return []
    body = replay.body_of(view.first_page[0])
    subject = view.first_page[0].subject
    texts = json.loads(body)
    return [("the email", f"Subject: {subject}\n\n{texts['email']}"), ("the SMS", texts["sms"])]


def _close(console: Console, view: LiveView, reports: Sequence[StepReport], seconds: float) -> None:
    console.print()
    if view.first_page is not None:
        delay = view.first_page[1].total_seconds()
        console.print(
            Text(f"The page went out {delay:.0f} s after the change, at the first pass that could see it.", "bold")
        )
    failed = [report.at for report in reports if report.problems]
    if failed:
        console.print(f"[bold red]Not as expected at {', '.join(failed)}.[/bold red]")
    console.print(f"{len(reports)} steps in {seconds:.1f} s, judged by all {len(JUDGED)} codes.")
    console.print("\n[bold]What to do next[/bold]")
    # In a fresh clone the command is on nobody's PATH: say it as it was called.
    nswatch = "nswatch" if shutil.which("nswatch") else sys.argv[0]
    for what, why in _NEXT:
        console.print(Text(f"  {what.format(nswatch=nswatch):35}  {why}"))
