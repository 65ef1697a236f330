"""`nswatch watchlist import` and `learn`: entries to begin with, for a person to read before they are applied."""

import asyncio
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

import click
from pydantic_core import PydanticCustomError

from nswatch import wiring
from nswatch.collect.bootstrap import Bootstrap
from nswatch.collect.rdap import RdapAnswer, RdapClient
from nswatch.errors import InvalidDocument
from nswatch.expect.data import aws_ranges
from nswatch.observe.servers import Server
from nswatch_cli.check.command import check_domains
from nswatch_cli.document import Problem
from nswatch_cli.hints import read_hints
from nswatch_cli.watchlist.fields import check_host, check_hosted_zone, check_role_arn
from nswatch_cli.watchlist.importing import access_of, draft_of
from nswatch_cli.watchlist.learning import learned, registered_names
from nswatch_cli.watchlist.writing import Draft, checked, put_into, watchlist_text

BAD = 2


@click.command()
@click.option("--hosted-zone", "zone_id", required=True, metavar="ID", help="The Route 53 hosted zone: Z0123…")
@click.option("--profile", metavar="NAME", help="The profile of your AWS configuration to read it with.")
@click.option("--role-arn", "role", metavar="ARN", help="The role to assume where the zone is in another account.")
@click.option("--into", type=click.Path(path_type=Path), metavar="FILE", help="Add the entry to this watchlist.")
def import_command(zone_id: str, profile: str | None, role: str | None, into: Path | None) -> None:
    """Write a first entry for the domain of a hosted zone.

    What Route 53 holds now is a proposal, not the truth: read it before you apply it. Printed as a whole watchlist, or
    with --into added behind the last domain of FILE, which otherwise stays as it is. Exit status 2 where it is refused.
    """
    try:
        identifier = zone_id.rpartition("/")[2]
        _check("--hosted-zone", check_hosted_zone, identifier)
        if role is not None:
            _check("--role-arn", check_role_arn, role)
        draft = draft_of(access_of(profile, wiring.now), identifier, role, wiring.now())
        give(draft, into)
    except InvalidDocument as error:
        click.echo("\n".join(str(problem) for problem in error.problems), err=True)
        sys.exit(BAD)


def give(draft: Draft, into: Path | None) -> None:
    """Print a draft, or put it into a file; raise InvalidDocument where either would be refused by `validate`."""
    if into is None:
        click.echo(checked(watchlist_text(draft), draft.domain), nl=False)
        return
    put_into(into, draft)
    click.echo(f"{into}: {draft.domain} was added; read it, then: nswatch watchlist apply {into}")


def _check(option: str, check: Callable[[str], str], text: str) -> str:
    try:
        return check(text)
    except PydanticCustomError as error:
        context = error.context or {}
        raise InvalidDocument(Problem(option, None, (), context["what"], context["hint"])) from error


@click.command()
@click.argument("domain")
@click.option("--into", type=click.Path(path_type=Path), metavar="FILE", help="Add the entry to this watchlist.")
@click.option("--no-rdap", is_flag=True, help="Ask no registry over RDAP.")
@click.option("--root-hints", type=click.Path(path_type=Path), metavar="FILE", help="Start from these root servers.")
@click.option("--port", type=click.IntRange(1, 65535), default=53, metavar="N", help="Ask all servers at this port.")
def learn_command(domain: str, into: Path | None, no_rdap: bool, root_hints: Path | None, port: int) -> None:
    """Write a first entry for DOMAIN from what is seen now.

    The registry's servers, the domain's own, public resolvers and RDAP are asked, from here. What is seen may be forged
    already: read the entry, and what is said above it, before you apply it. Exit status 2 where it is refused.
    """
    try:
        name = _check("DOMAIN", check_host, domain)
        hints = read_hints(root_hints)
        # The root servers of a private Internet lead to no public resolver, and to no registry's RDAP.
        private = root_hints is not None
        work = _learn(name, hints, port, resolvers=() if private else None, rdap=not (private or no_rdap))
        give(asyncio.run(work), into)
    except InvalidDocument as error:
        click.echo("\n".join(str(problem) for problem in error.problems), err=True)
        sys.exit(BAD)


async def _learn(
    name: str, hints: Sequence[Server], port: int, *, resolvers: tuple[str, ...] | None, rdap: bool
) -> Draft:
    aws = aws_ranges()
    ((look, verdict),) = await check_domains(
        {name: None},
        hints=hints,
        route=lambda address: (address, port),
        clock=wiring.now,
        resolvers=resolvers,
        aws=aws,
    )
    registered: dict[str, RdapAnswer] = {}
    if rdap:
        client = RdapClient(Bootstrap(wiring.now), wiring.now)
        names = registered_names(look)
        registered = dict(zip(names, await asyncio.gather(*map(client.lookup, names)), strict=True))
    return learned(look, verdict, registered, aws)
