"""A replay's outcome for people."""

from collections.abc import Sequence

from rich.console import Console
from rich.table import Table

from nswatch_cli.replay.schema import Scenario
from nswatch_cli.replay.verdict import StepReport


def print_text(scenario: Scenario, reports: Sequence[StepReport], codes: frozenset[str] | None, seconds: float) -> None:
    """Print one row a step and, below it, what does not hold."""
    console = Console(highlight=False)
    table = Table(box=None, padding=(0, 2, 0, 0), header_style="bold")
    for column in ("", "at", "pages", "notices", "incident", "findings"):
        table.add_column(column, justify="right" if column in ("at", "pages", "notices") else "left")
    for report in reports:
        table.add_row(
            "[red]✗[/red]" if report.problems else "[green]✓[/green]",
            report.at,
            str(report.pages),
            str(report.tickets),
            report.incident,
            ", ".join(report.findings) or "-",
        )
        for problem in report.problems:
            table.add_row("", "", "", "", "", f"[red]{problem}[/red]")
    failed = sum(1 for report in reports if report.problems)
    verdict = "[red]does not hold[/red]" if failed else "[green]holds[/green]"
    steps = f"{len(reports)} step{'s' if len(reports) != 1 else ''}"
    console.print(f"[bold]{scenario.name}[/bold]: {verdict} ({steps}, {seconds:.1f} s)")
    if codes is not None:
        console.print(f"  judged only: pages, incident states and {', '.join(sorted(codes))}")
    console.print(table)
