"""A check in the world of a recorded incident: real messages over loopback, at the virtual moment of a step."""

import asyncio
from collections.abc import Sequence
from contextlib import redirect_stdout
from io import StringIO
from pathlib import Path

from nswatch.expect.networks import AwsRanges
from nswatch.expect.watchlist import DomainEntry, read_entry
from nswatch_cli.check.command import Checked, check_domains, show
from nswatch_cli.replay.schema import Scenario, load_scenario
from nswatch_cli.replay.servers import SimulatedInternet
from nswatch_cli.replay.virtualtime import virtual_loop
from nswatch_cli.replay.world import World
from nswatch_cli.watchlist.canonical import canonical
from nswatch_cli.watchlist.load import read_watchlist

INCIDENTS = Path(__file__).parents[3] / "events" / "incidents"


def scenario(name: str) -> Scenario:
    """Return one of the recorded incidents."""
    return load_scenario(INCIDENTS / f"{name}.yaml")


def checked_at(of: Scenario, step: int | None, region: str, *, watched: bool) -> list[Checked]:
    """Check all watched domains from ``region`` as the world is from ``step`` on (None: at the start)."""
    now = of.start if step is None else of.steps[step].moment
    watchlist = read_watchlist(of.watchlist if step is None else of.steps[step].watchlist)
    entries: dict[str, DomainEntry | None] = {
        name: read_entry(name, entry) if watched else None for name, entry in canonical(watchlist).items()
    }

    async def work() -> list[Checked]:
        loop = asyncio.get_running_loop()
        world = World(
            of.world,
            regions=of.regions,
            start=of.start,
            clock=lambda: now,
            foreseen=[each.world for each in of.steps],
            watchlists=[of.watchlist, *(each.watchlist for each in of.steps)],
        )
        for each in of.steps[: 0 if step is None else step + 1]:
            world.apply(each.world, each.moment)
        async with SimulatedInternet(world, loop) as internet:
            return await check_domains(entries, route=internet.route(region), clock=lambda: now, aws=_aws(of))

    with asyncio.Runner(loop_factory=virtual_loop(now)) as runner:
        return runner.run(work())


def _aws(of: Scenario) -> AwsRanges:
    services: dict[str, tuple[str, ...]] = {}
    for network, about in of.world.get("networks", {}).items():
        if about.get("aws"):
            services[about["aws"]] = (*services.get(about["aws"], ()), network)
    return AwsRanges(services)


def screen(checked: Sequence[Checked], *, verbose: bool = False) -> list[str]:
    """Return what the command prints of checks, as lines."""
    printed = StringIO()
    with redirect_stdout(printed):
        show(checked, verbose=verbose)
    return printed.getvalue().splitlines()
