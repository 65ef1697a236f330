"""`nswatch check`: what is asked for, and how its end is told."""

import asyncio
import ipaddress
import json
import math
import sys
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import click

from nswatch import wiring
from nswatch.errors import InvalidDocument
from nswatch.expect.data import aws_ranges
from nswatch.expect.networks import NO_RANGES, AwsRanges
from nswatch.expect.watchlist import DomainEntry
from nswatch.model import Clock
from nswatch.observe.root_hints import ROOT_SERVERS
from nswatch.observe.servers import Server
from nswatch.observe.transport import DnsTransport
from nswatch.observe.udp import Endpoint
from nswatch.observe.walk import Walker
from nswatch_cli.check.entries import read_entries
from nswatch_cli.check.look import Order, look_at
from nswatch_cli.check.record import record
from nswatch_cli.check.table import performance
from nswatch_cli.check.values import Look, Status, Verdict, worst
from nswatch_cli.check.verdict import verdict_on
from nswatch_cli.hints import read_hints
from nswatch_cli.watchlist.canonical import DEFAULT_RESOLVERS

SECONDS = 10.0
_CONCURRENT = 16

Checked = tuple[Look, Verdict]


class _WrongUsage(click.UsageError):
    exit_code = int(Status.UNKNOWN)


class _PluginCommand(click.Command):
    """A command whose wrong usage is 'unknown' (3), as a monitoring system must read it; click's 2 is 'critical'."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        try:
            return super().parse_args(ctx, args)
        except click.UsageError as error:
            raise _WrongUsage(error.format_message(), ctx) from error


def _seconds(_context: click.Context, _parameter: click.Parameter, value: float) -> float:
    if not math.isfinite(value) or not 0.1 <= value <= 600:
        raise click.BadParameter("give seconds from 0.1 to 600")
    return value


def _addresses(_context: click.Context, _parameter: click.Parameter, values: tuple[str, ...]) -> tuple[str, ...]:
    try:
        return tuple(str(ipaddress.ip_address(value)) for value in values)
    except ValueError as error:
        raise click.BadParameter(f"{error}; give an address like 192.0.2.53") from error


@click.command(cls=_PluginCommand, short_help="Ask registry, name servers and resolvers, once, from here.")
@click.argument("domains", nargs=-1, metavar="DOMAIN...")
@click.option("--watchlist", type=click.Path(path_type=Path), metavar="FILE", help="Judge by this watchlist.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object a domain, a line each (docs/check.md).")
@click.option("--root-hints", type=click.Path(path_type=Path), metavar="FILE", help="Start from these root servers.")
@click.option("--port", type=click.IntRange(1, 65535), default=53, metavar="N", help="Ask all servers at this port.")
@click.option(
    "--resolver",
    "resolvers",
    multiple=True,
    callback=_addresses,
    metavar="ADDRESS",
    help="Ask this recursive resolver; repeatable.  [default: the watchlist's, or 1.1.1.1, 8.8.8.8 and 9.9.9.9]",
)
@click.option("--no-resolvers", is_flag=True, help="Ask no recursive resolver.")
@click.option("-v", "--verbose", is_flag=True, help="Show every server, and details of all domains.")
@click.option(
    "--seconds",
    "--timeout",
    "seconds",
    type=float,
    callback=_seconds,
    default=SECONDS,
    metavar="SECONDS",
    help="How long a domain may take.  [default: 10]",
)
def check_command(  # noqa: PLR0913, PLR0917 - a name for each option
    domains: Sequence[str],
    watchlist: Path | None,
    as_json: bool,
    root_hints: Path | None,
    port: int,
    resolvers: tuple[str, ...],
    no_resolvers: bool,
    verbose: bool,
    seconds: float,
) -> None:
    """Ask the registry, the zone's own servers and resolvers about each DOMAIN, once, from here.

    With --watchlist judged by it (without DOMAIN: all its domains); else they are compared with one another. Ends as a
    monitoring plugin: 0 ok, 1 warning, 2 critical, 3 unknown; of several domains the worst, in the order critical,
    warning, unknown, ok.
    """
    if no_resolvers and resolvers:
        raise _WrongUsage("--no-resolvers leaves no room for --resolver; give one of them")
    try:
        hints = read_hints(root_hints)
        entries = read_entries(domains, watchlist)
    except InvalidDocument as error:
        click.echo("\n".join(str(problem) for problem in error.problems), err=True)
        sys.exit(Status.UNKNOWN)
    # The root servers of a private Internet lead to none of the public resolvers.
    asked = resolvers if resolvers or no_resolvers or root_hints is not None else None
    work = check_domains(
        entries,
        hints=hints,
        route=lambda address: (address, port),
        clock=wiring.now,
        seconds=seconds,
        resolvers=asked,
        aws=aws_ranges(),
    )
    try:
        checked = asyncio.run(work)
    except KeyboardInterrupt:
        click.echo("UNKNOWN: interrupted before the check was over", err=True)
        sys.exit(Status.UNKNOWN)
    if as_json:
        for look, verdict in checked:
            click.echo(json.dumps(record(look, verdict)))
    else:
        show(checked, verbose=verbose)
    sys.exit(overall(checked))


async def check_domains(
    entries: Mapping[str, DomainEntry | None],
    *,
    hints: Sequence[Server] = ROOT_SERVERS,
    route: Callable[[str], Endpoint] = lambda address: (address, 53),
    clock: Clock,
    seconds: float = SECONDS,
    resolvers: Sequence[str] | None = None,
    aws: AwsRanges = NO_RANGES,
) -> list[Checked]:
    """Check each domain once, by its entry or, where that is None, by itself; results in the order of ``entries``.

    Each domain has ``seconds``. ``resolvers`` None asks the entry's (or the usual ones), no address asks none. When one
    walk shows that DNS is intercepted here, no domain's answers are trusted.
    """
    places = asyncio.Semaphore(_CONCURRENT)
    async with DnsTransport(clock, route=route) as transport:
        walker = Walker(transport, hints, clock)

        async def one(domain: str, entry: DomainEntry | None) -> Look:
            usual = entry.resolvers if entry is not None else DEFAULT_RESOLVERS
            asked = tuple(dict.fromkeys(usual if resolvers is None else resolvers))
            async with places:
                order = Order(domain, entry, asked, clock(), aws)
                return await look_at(order, asker=transport, walker=walker, clock=clock, seconds=seconds)

        looks = await asyncio.gather(*(one(domain, entry) for domain, entry in entries.items()))
    looks = [replace(look, interception=walker.interception) for look in looks]
    return [(look, verdict_on(look, entries[look.domain], look.at, aws)) for look in looks]


def overall(checked: Sequence[Checked]) -> Status:
    """Return the exit status: the worst one, and unknown as soon as this network intercepts DNS."""
    if any(look.interception is not None for look, _ in checked):
        return Status.UNKNOWN
    return worst(verdict.status for _, verdict in checked)


def show(checked: Sequence[Checked], *, verbose: bool) -> None:
    """Write checks for people: a line for each domain, then details of one, or of those that are not in order."""
    from nswatch_cli.check.page import open_page  # noqa: PLC0415 - rich takes a moment to import

    page = open_page()
    if len(checked) > 1:
        page.first_line(overall(checked), _sum(checked))
    for look, verdict in checked:
        page.first_line(verdict.status, f"{look.domain}: {verdict.summary} | {performance(look)}")
    for look, verdict in checked:
        if verbose or len(checked) == 1 or verdict.status is not Status.OK:
            page.details(look, verdict, verbose=verbose, titled=len(checked) > 1)


def _sum(checked: Sequence[Checked]) -> str:
    """Return what the first line says of several domains."""
    counts = Counter(verdict.status for _, verdict in checked)
    told = []
    for status in (Status.CRITICAL, Status.WARNING, Status.UNKNOWN, Status.OK):
        names = [look.domain for look, verdict in checked if verdict.status is status]
        if names:
            listed = f" ({', '.join(names[:3])}{', ...' if len(names) > 3 else ''})" if status is not Status.OK else ""
            told.append(f"{len(names)} {status.name.lower()}{listed}")
    slowest = max(look.seconds for look, _ in checked)
    numbers = " ".join(f"{status.name.lower()}={counts[status]}" for status in Status)
    return f"{len(checked)} domains: {', '.join(told)} | time={slowest:.3f}s {numbers}"
