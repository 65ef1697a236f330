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
from nswatch.errors import InvalidDocument, InvalidName
from nswatch.expect.approved import approved
from nswatch.expect.watchlist import DomainEntry, read_entry
from nswatch.model import Clock
from nswatch.names import normalise
from nswatch.observe.root_hints import ROOT_SERVERS, parse_hints
from nswatch.observe.servers import Server
from nswatch.observe.transport import DnsTransport
from nswatch.observe.udp import Endpoint
from nswatch.observe.walk import Walker
from nswatch_cli.check.look import look_at
from nswatch_cli.check.record import record
from nswatch_cli.check.rootglue import RootGlue
from nswatch_cli.check.values import Look, Status, Verdict, worst
from nswatch_cli.check.verdict import verdict_on
from nswatch_cli.watchlist.canonical import canonical
from nswatch_cli.watchlist.load import load_watchlist

SECONDS = 10.0
_CONCURRENT = 8
_MAX_HINTS = 1 << 20

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


@click.command(cls=_PluginCommand)
@click.argument("domains", nargs=-1, metavar="DOMAIN...")
@click.option("--watchlist", type=click.Path(path_type=Path), metavar="FILE", help="Judge by this watchlist.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object a domain, a line each (docs/check.md).")
@click.option("--root-hints", type=click.Path(path_type=Path), metavar="FILE", help="Start from these root servers.")
@click.option("--port", type=click.IntRange(1, 65535), default=53, metavar="N", help="Ask all servers at this port.")
@click.option(
    "--timeout",
    type=float,
    callback=_seconds,
    default=SECONDS,
    metavar="SECONDS",
    help="How long a domain may take.  [default: 10]",
)
def check_command(
    domains: Sequence[str],
    watchlist: Path | None,
    as_json: bool,
    root_hints: Path | None,
    port: int,
    timeout: float,
) -> None:
    """Ask the registry's servers for the delegation of each DOMAIN, once, from here.

    With --watchlist judged by it (without DOMAIN: all its domains); else the delegation is compared with the zone's
    own NS. Ends as a monitoring plugin: 0 ok, 1 warning, 2 critical, 3 unknown; of several domains the worst, in the
    order critical, warning, unknown, ok.
    """
    try:
        hints = _hints(root_hints)
        entries = _entries(domains, watchlist)
    except InvalidDocument as error:
        click.echo("\n".join(str(problem) for problem in error.problems), err=True)
        sys.exit(Status.UNKNOWN)
    checked = asyncio.run(
        check_domains(entries, hints=hints, route=lambda address: (address, port), clock=wiring.now, seconds=timeout)
    )
    if as_json:
        for look, verdict in checked:
            click.echo(json.dumps(record(look, verdict)))
    else:
        _print(checked)
    sys.exit(overall(checked))


async def check_domains(
    entries: Mapping[str, DomainEntry | None],
    *,
    hints: Sequence[Server] = ROOT_SERVERS,
    route: Callable[[str], Endpoint] = lambda address: (address, 53),
    clock: Clock,
    seconds: float = SECONDS,
) -> list[Checked]:
    """Check each domain once, by its entry or, where that is None, by itself; results in the order of ``entries``.

    Each domain has ``seconds``. When one walk shows that DNS is intercepted here, no domain's answers are trusted.
    """
    places = asyncio.Semaphore(_CONCURRENT)
    async with DnsTransport(clock, route=route) as transport:
        root_glue = RootGlue(transport, hints)
        walker = Walker(root_glue, hints, clock)

        async def one(domain: str, entry: DomainEntry | None) -> Look:
            sets = approved(entry, clock()).ns_sets if entry is not None else ()
            async with places:
                return await look_at(
                    domain, sets, asker=root_glue, walker=walker, root_glue=root_glue, clock=clock, seconds=seconds
                )

        looks = await asyncio.gather(*(one(domain, entry) for domain, entry in entries.items()))
    looks = [replace(look, interception=walker.interception) for look in looks]
    return [(look, verdict_on(look, entries[look.domain], look.at)) for look in looks]


def overall(checked: Sequence[Checked]) -> Status:
    """Return the exit status: the worst one, and unknown as soon as this network intercepts DNS."""
    if any(look.interception is not None for look, _ in checked):
        return Status.UNKNOWN
    return worst(verdict.status for _, verdict in checked)


def _hints(file: Path | None) -> tuple[Server, ...]:
    if file is None:
        return ROOT_SERVERS
    try:
        with file.open("rb") as stream:
            return parse_hints(stream.read(_MAX_HINTS).decode("utf-8-sig"), str(file))
    except OSError as error:
        reason = error.strerror or type(error).__name__
        raise InvalidDocument(f"{file}: cannot be read: {reason}; give a file like IANA's named.root") from error
    except UnicodeDecodeError as error:
        raise InvalidDocument(f"{file}: is not UTF-8 text; give a file like IANA's named.root") from error


def _entries(domains: Sequence[str], file: Path | None) -> dict[str, DomainEntry | None]:
    """Return each domain to check with its entry; raise InvalidDocument with everything that is wrong."""
    names, problems = dict[str, None](), list[str]()
    for text in domains:
        try:
            names[_name(text)] = None
        except InvalidName as error:
            problems.append(f"check: {error}")
    if file is None:
        if not domains:
            problems.append("check: no domain; write it like: nswatch check example.com (or give a --watchlist FILE)")
        if problems:
            raise InvalidDocument(*problems)
        return dict.fromkeys(names, None)
    watched = {domain: read_entry(domain, entry) for domain, entry in canonical(load_watchlist(file)).items()}
    some = ", ".join(list(watched)[:5]) + (", ..." if len(watched) > 5 else "")
    problems += [f"check: {name} is not in {file}, which has: {some}" for name in names if name not in watched]
    if problems:
        raise InvalidDocument(*problems)
    return {name: watched[name] for name in names or watched}


def _name(text: str) -> str:
    try:
        ipaddress.ip_address(text)
    except ValueError:
        name = normalise(text)
        if name == ".":
            raise InvalidName("the root has no parent to ask; write a domain like 'example.com'") from None
        return name
    raise InvalidName(f"{text!r} is an address; write a domain like 'example.com'")


def _print(checked: Sequence[Checked]) -> None:
    from nswatch_cli.check.table import open_page, performance  # noqa: PLC0415 - rich takes a moment to import

    page = open_page()
    if len(checked) > 1:
        page.first_line(overall(checked), _sum(checked))
    for look, verdict in checked:
        if len(checked) > 1:
            page.console.print()
        page.first_line(verdict.status, f"{look.domain}: {verdict.summary} | {performance(look)}")
        page.details(look, verdict)


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
