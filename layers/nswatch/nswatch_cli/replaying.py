"""`nswatch replay` and `nswatch demo`."""

import gc
import json
import sys
import time
from collections.abc import Sequence
from pathlib import Path

import click

from nswatch.codes import CODES
from nswatch.errors import InvalidDocument
from nswatch_cli.replay.schema import Scenario, load_scenario

INCIDENTS = Path(__file__).resolve().parents[3] / "events" / "incidents"
"""The real cases that come with nswatch."""
FLAGSHIP = INCIDENTS / "coincheck-2020.yaml"


def _codes(_context: click.Context, _parameter: click.Parameter, text: str | None) -> frozenset[str] | None:
    if text is None:
        return None
    codes = [code.strip() for code in text.split(",") if code.strip()]
    unknown = [code for code in codes if code not in CODES]
    if unknown or not codes:
        raise click.BadParameter(
            f"{', '.join(unknown) or 'an empty list'}: not finding codes; they are {', '.join(sorted(CODES))}"
        )
    return frozenset(codes)


@click.command(short_help="Replay incidents, and say whether what they expect holds.")
@click.argument("files", nargs=-1, required=True, type=click.Path(path_type=Path), metavar="FILE...")
@click.option("--json", "as_json", is_flag=True, help="One JSON object a file, a line each.")
@click.option("--codes", callback=_codes, metavar="A,B", help="Judge only these codes, pages and incident states.")
def replay_command(files: Sequence[Path], as_json: bool, codes: frozenset[str] | None) -> None:
    """Replay incidents through the real code, and say whether what they expect holds.

    Exit status: 0 when every expectation of every file holds, 1 when one does not, 2 when a file is bad.
    """
    scenarios = _load(files)
    from nswatch_cli.replay.report import print_text  # noqa: PLC0415 - the emulator and rich take their time to import
    from nswatch_cli.replay.runner import Replay  # noqa: PLC0415
    from nswatch_cli.replay.verdict import report_as_json  # noqa: PLC0415

    _collect_less_garbage()
    ok = True
    for scenario in scenarios:
        began = time.perf_counter()
        with Replay(scenario, codes=codes) as replay:
            reports = list(replay.run())
        ok = ok and all(not report.problems for report in reports)
        if as_json:
            click.echo(json.dumps(report_as_json(scenario, reports, codes), ensure_ascii=False))
        else:
            print_text(scenario, reports, codes, time.perf_counter() - began)
    sys.exit(0 if ok else 1)


def _load(files: Sequence[Path]) -> list[Scenario]:
    """Read every file before any is replayed; exit with status 2 and all the problems of all bad ones."""
    scenarios, problems = [], []
    for file in files:
        try:
            scenarios.append(load_scenario(file))
        except InvalidDocument as error:
            problems += [str(problem) for problem in error.problems]
    if problems:
        click.echo("\n".join(problems), err=True)
        sys.exit(2)
    return scenarios


@click.command(short_help="See the Coincheck hijack of 2020 found and paged.")
def demo_command() -> None:
    """See the Coincheck hijack of 2020 found and paged, with no AWS account."""
    from nswatch_cli.replay.demo import run_demo  # noqa: PLC0415 - the emulator and rich take their time to import

    _collect_less_garbage()
    sys.exit(0 if run_demo(FLAGSHIP) else 1)


def _collect_less_garbage() -> None:
    """Save a sixth of a replay's time: the emulator copies a lot, and nearly nothing of it is cyclic garbage."""
    gc.freeze()
    gc.set_threshold(50_000, 20, 50)
