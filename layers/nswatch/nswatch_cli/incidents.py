"""`nswatch incidents`: what is open, everything about one, and what people do about it."""

import functools
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import click
from rich.console import Console
from rich.text import Text

from nswatch import wiring
from nswatch.errors import NswatchError, StoreUnavailable
from nswatch.expect.watchlist import read_entry
from nswatch.model import Severity
from nswatch.record.hub_store import DynamoHubStore
from nswatch.record.log import Event
from nswatch.record.port import OpenIncident
from nswatch.respond.events import EventType, said
from nswatch.respond.exposure import cached_until, resolves_at
from nswatch.respond.fold import fold
from nswatch.respond.groups import hub_group
from nswatch.respond.incident import Incident, State, incident_id
from nswatch.tell import account_section
from nswatch_cli.hubs import F, caller, hub_options, hub_stores, split

_FORMAT = "%Y-%m-%d %H:%M:%S"


class _Id(click.ParamType):  # type: ignore[type-arg]  # generic in click's stubs only
    """An incident's id."""

    name = "incident"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> tuple[str, int]:
        try:
            return incident_id(str(value))
        except ValueError as error:
            self.fail(f"{error} (see: nswatch incidents)", param, ctx)


@dataclass(frozen=True, slots=True)
class Hubs:
    """The hubs that the group's options name, for the commands below it."""

    name: str
    regions: tuple[str, ...]

    def stores(self) -> list[DynamoHubStore]:
        """Return the hubs' records; a usage error where none is named."""
        return hub_stores(self.name, self.regions)


def _at_hubs(command: F) -> F:
    """Pass a command the group's hubs, and take ``--hubs`` and ``--name`` behind it too, where people type them."""

    @click.pass_obj
    def with_hubs(above: Hubs, /, *arguments: Any, hubs: tuple[str, ...], name: str | None, **options: Any) -> Any:
        return command(Hubs(name or above.name, hubs or above.regions), *arguments, **options)

    taken = functools.update_wrapper(with_hubs, command)
    taken = click.option("--hubs", callback=split, metavar="A,B", help="As of `nswatch incidents`.")(taken)
    return click.option("--name", help="As of `nswatch incidents`.")(taken)  # type: ignore[return-value]  # click calls it


@click.group(invoke_without_command=True, short_help="List what is open, or look at and act on one.")
@click.pass_context
@hub_options
def incidents_commands(context: click.Context, hubs: Sequence[str], name: str) -> None:
    """List the incidents that are not resolved, or look at and act on one."""
    context.obj = Hubs(name, tuple(hubs))
    if context.invoked_subcommand is None:
        _list(context.obj.stores())


def _list(stores: Sequence[DynamoHubStore]) -> None:
    rows: dict[tuple[str, int], OpenIncident] = {}
    errors = []
    for store in stores:
        try:
            for severity in (Severity.PAGE, Severity.NOTICE):
                for row in store.open_incidents(severity):
                    rows.setdefault((row.group, row.episode), row)
        except StoreUnavailable as error:
            errors.append(str(error))
    if len(errors) == len(stores):
        raise StoreUnavailable("no hub can be asked, so nobody knows what is open: " + "; ".join(errors))
    for text in errors:
        click.echo(f"one hub cannot be asked: {text}", err=True)
    incidents = [_read(stores, group, episode) for group, episode in rows]
    incidents = [incident for incident in incidents if incident.state is not State.RESOLVED]
    if not incidents:
        click.echo("No incident is open or recovering.")
        return
    for incident in sorted(incidents, key=lambda each: (-each.urgency.rank, each.opened_at)):
        codes = ", ".join(dict.fromkeys(finding.code for cause in incident.active for finding in cause.findings))
        by = f"acknowledged by {incident.acknowledged_by}" if incident.acknowledged_at else "nobody acknowledged it"
        click.echo(f"{incident.id}  {incident.state} ({incident.urgency}) since {incident.opened_at:{_FORMAT}} UTC")
        click.echo(f"    {codes or 'nothing stands'}; {by}{_part_of(incident)}")


def _part_of(incident: Incident) -> str:
    return f"; part of {', '.join(sorted(set(incident.parts.values())))}" if incident.parts else ""


def _read(stores: Sequence[DynamoHubStore], group: str, episode: int) -> Incident:
    """Return an incident from the union of the hubs' logs (decision 12)."""
    events: list[Event] = []
    errors = []
    for store in stores:
        try:
            events += [event for event in store.events(group, episode) if event.episode == episode]
        except StoreUnavailable as error:
            errors.append(error)
    if len(errors) == len(stores):
        raise errors[0]
    incident = fold(events)
    if incident is None:
        raise click.ClickException(f"there is no incident {group}-{episode} (see: nswatch incidents)")
    return incident


@incidents_commands.command()
@click.argument("incident", type=_Id())
@_at_hubs
def show(hubs: Hubs, incident: tuple[str, int]) -> None:
    """Show everything that is known of INCIDENT, with its timeline."""
    found = _read(hubs.stores(), *incident)
    console = Console(highlight=False, soft_wrap=True)
    console.print(Text(f"{found.id}: {found.state} ({found.urgency}) since {found.opened_at:{_FORMAT}} UTC", "bold"))
    acknowledged = f"{found.acknowledged_at:{_FORMAT}} by {found.acknowledged_by}" if found.acknowledged_at else "no"
    console.print(Text(f"acknowledged: {acknowledged}"))
    if found.parts:
        console.print(Text(f"one change hit several domains{_part_of(found)}"))
    if found.state is State.RECOVERING:
        _recovering(console, found)
    console.print(Text("\nfindings" if found.active else "\nlast findings", "bold"))
    for finding in found.findings:
        console.print(Text(f"  {finding.code} on {finding.subject}, since {finding.since:{_FORMAT}} UTC"))
        console.print(Text(f"    expected  {', '.join(finding.expected) or '(none)'}"))
        console.print(Text(f"    seen      {', '.join(finding.seen) or '(none)'}"))
        for sighting in finding.sightings:
            where = f"{sighting.region}: {sighting.server_name} [{sighting.server}] over {sighting.transport}"
            console.print(Text(f"    {sighting.at:{_FORMAT}}  {where}", "dim"))
    _account(console, hubs.stores(), found)
    console.print(Text("\ntimeline (UTC)", "bold"))
    for event in found.timeline:
        console.print(Text(f"  {event.at:{_FORMAT}}  {_WORDS[EventType(event.type)](event.data)}"))


def _account(console: Console, stores: Sequence[DynamoHubStore], incident: Incident) -> None:
    """Print what CloudTrail says by now: a page that is written at once comes before it."""
    for store in stores:
        try:
            expectation = store.expectation(incident.group)
            entry = None if expectation is None else read_entry(incident.group, expectation.entry)
        except NswatchError as error:
            click.echo(f"who changed it in the account is not known from {store.hub}: {error}", err=True)
            continue
        lines = account_section.lines_about(incident, entry, wiring.now(), wiring.account_asker(store))
        if lines:
            console.print(Text("\nyour AWS account", "bold"))
            console.print(Text("\n".join(lines)))
            return


def _recovering(console: Console, incident: Incident) -> None:
    over = resolves_at(incident)
    cached = cached_until(incident, wiring.now())
    if over is None:
        served = ", ".join(sorted({forged.host for forged in incident.forged.values() if forged.last_seen is None}))
        console.print(Text(f"forged data is still served by {served}: only a person can close this"))
    else:
        console.print(Text(f"resolves by itself at {over:{_FORMAT}} UTC"))
    if cached is not None:
        console.print(Text(f"caches may hold forged data until {cached:{_FORMAT}} UTC"))


def _raised(data: Mapping[str, Any]) -> str:
    return f"{data['cause']}: {', '.join(finding['code'] for finding in data['findings'])} ({data['urgency']})"


def _changed(data: Mapping[str, Any]) -> str:
    seen = "; ".join(f"{finding['code']}: {', '.join(finding['seen'])}" for finding in data["findings"])
    return f"{data['cause']} changed: {seen}"


def _resolved(data: Mapping[str, Any]) -> str:
    return f"resolved by {data['by']}: {data['text']}" if data["by"] else "resolved, as the exposure clock ran out"


_WORDS: Mapping[EventType, Callable[[Mapping[str, Any]], str]] = {
    EventType.RAISED: _raised,
    EventType.PART: lambda data: f"{data['cause']}: told as part of {data['of']}, which was paged for the same change",
    EventType.CHANGED: _changed,
    EventType.CLEARED: lambda data: f"{data['cause']}: nothing stands any more",
    EventType.FORGED_SEEN: lambda data: f"{data['host']} {data['address']} gives forged data, TTL {data['ttl']} s",
    EventType.FORGED_GONE: lambda data: f"{data['host']} {data['address']} gives it no more",
    EventType.REMINDED: lambda data: f"reminder {data['number']}: nobody acknowledged",
    EventType.RESOLVED: _resolved,
    EventType.ACKNOWLEDGED: lambda data: f"acknowledged by {data['by']}",
    EventType.NOTED: lambda data: f"note by {data['by']}: {data['text']}",
}
"""An event for a person, in a line."""


@incidents_commands.command()
@click.argument("incident", type=_Id())
@_at_hubs
def ack(hubs: Hubs, incident: tuple[str, int]) -> None:
    """Take INCIDENT: reminders stop."""
    _say(hubs.stores(), EventType.ACKNOWLEDGED, incident, "")


@incidents_commands.command()
@click.argument("incident", type=_Id())
@click.argument("text")
@_at_hubs
def note(hubs: Hubs, incident: tuple[str, int], text: str) -> None:
    """Write TEXT into the timeline of INCIDENT."""
    if not text.strip():
        raise click.BadParameter("an empty note says nothing")
    _say(hubs.stores(), EventType.NOTED, incident, text)


@incidents_commands.command()
@click.argument("incident", type=_Id())
@click.argument("text")
@_at_hubs
def resolve(hubs: Hubs, incident: tuple[str, int], text: str) -> None:
    """Close INCIDENT before its exposure clock does; TEXT says why."""
    if not text.strip():
        raise click.BadParameter("say why, for the next person who reads the timeline")
    stores = hubs.stores()
    found = _read(stores, *incident)
    if found.active:
        codes = ", ".join(sorted({finding.code for finding in found.findings}))
        raise click.ClickException(
            f"{found.id} still stands ({codes}): it would open again at the next look. Acknowledge it instead, or make"
            " what is right now the approved state (nswatch watchlist apply)"
        )
    _say(stores, EventType.RESOLVED, incident, text)


def _say(stores: Sequence[DynamoHubStore], type_: EventType, incident: tuple[str, int], text: str) -> None:
    """Append what a person did to the log of every hub that keeps the incident, and have each look again."""
    found = _read(stores, *incident)
    stores = [store for store in stores if found.group != hub_group(store.hub)]
    if found.state is State.RESOLVED and type_ is not EventType.NOTED:
        raise click.ClickException(f"{found.id} is resolved already")
    now: datetime = wiring.now()
    event = said(type_, found.group, found.episode, caller([store.hub for store in stores]), text, now)
    failed = []
    for store in stores:
        try:
            store.receive(event, now)
        except NswatchError as error:
            failed.append(f"{store.hub}: {error}")
    if len(failed) == len(stores):
        raise StoreUnavailable("; ".join(failed))
    for failure in failed:
        click.echo(f"not recorded there, repeat it when the hub is back: {failure}", err=True)
    click.echo(f"{found.id}: {type_}")
