"""`nswatch ranges`: of when the shipped AWS ranges are, and how they are brought up to date."""

import ipaddress
import json
import os
import re
import tempfile
import time
from collections.abc import Iterable, Iterator, Mapping
from importlib.resources import as_file, files
from pathlib import Path
from typing import Any

import click
import urllib3
from urllib3.exceptions import HTTPError

from nswatch.errors import InvalidDocument, NswatchError
from nswatch.expect import data
from nswatch.expect.networks import AwsRanges, Network

PUBLISHED = "https://ip-ranges.amazonaws.com/ip-ranges.json"
BAD_FILE = 2
MAX_OCTETS = 32 << 20
"""Ten times what AWS publishes in 2026."""

_CONNECT, _READ, _WHOLE = 5.0, 10.0, 60.0
_CREATED = re.compile(r"(\d{4}-\d\d-\d\d)-(\d\d)-(\d\d)-(\d\d)\Z", re.ASCII)
_SHORTEST = {4: 8, 6: 16}
"""No announced prefix of one company is shorter; a file that holds one would allow strangers."""
_ALWAYS = ("AMAZON", "CLOUDFRONT", "EC2")


class DownloadFailed(NswatchError):
    """The published file could not be had."""


@click.command()
@click.option(
    "--refresh",
    is_flag=False,
    flag_value=PUBLISHED,
    metavar="URL-or-FILE",
    help=f"Replace the shipped file by this one.  [without a value: {PUBLISHED}]",
)
def ranges_command(refresh: str | None) -> None:
    """Say of when the AWS ranges are by which `within: ["aws:SERVICE"]` is judged, or bring them up to date."""
    shipped = data.aws_ranges()
    if refresh is None:
        click.echo(describe(shipped))
        return
    try:
        found = read_published(_octets(refresh), refresh)
    except InvalidDocument as error:
        click.echo(str(error), err=True)
        raise SystemExit(BAD_FILE) from error
    if found.created < shipped.created:
        click.echo(f"{refresh}: is of {found.created}, older than what is there ({shipped.created})", err=True)
        raise SystemExit(BAD_FILE)
    with as_file(files(data).joinpath(data.AWS_RANGES)) as path:
        try:
            write(found, path)
        except OSError as error:
            raise click.ClickException(f"{path} cannot be written: {error.strerror}") from error
    click.echo(describe(found))
    for service in sorted(shipped.services.keys() - found.services.keys()):
        click.echo(f"aws:{service} is gone; a watchlist that names it is refused from now on")


def describe(ranges: AwsRanges) -> str:
    """Return the date and the counts of some ranges as a sentence."""
    networks = [network for several in ranges.services.values() for network in several]
    six = sum(":" in network for network in networks)
    return (
        f"AWS ranges of {ranges.created}: {len(ranges.services)} services, "
        f"{len(networks)} networks ({len(networks) - six} IPv4, {six} IPv6)"
    )


def read_published(octets: bytes, name: str) -> AwsRanges:
    """Return the ranges in a file of the form of AWS's ip-ranges.json, each service's networks merged.

    Raises InvalidDocument, with ``name`` as the file's, when it is something else or not whole.
    """
    try:
        document = json.loads(octets)
    except ValueError as error:
        raise InvalidDocument(f"{name}: is not JSON: {error}; give a file like {PUBLISHED}") from error
    if not isinstance(document, Mapping):
        raise InvalidDocument(f"{name}: is no mapping; give a file like {PUBLISHED}")
    created = _CREATED.match(str(document.get("createDate")))
    if created is None:
        raise InvalidDocument(f"{name}: createDate: is {document.get('createDate')!r}; it is like 2026-10-26-01-11-04")
    services: dict[str, list[Network]] = {}
    for service, network in _prefixes(document, name):
        services.setdefault(service, []).append(network)
    missing = [service for service in _ALWAYS if service not in services]
    if missing:
        raise InvalidDocument(f"{name}: has no networks of {', '.join(missing)}, so it is not whole")
    day, *clock = created.groups()
    merged = {service: tuple(_merged(networks)) for service, networks in sorted(services.items())}
    return AwsRanges(merged, f"{day}T{':'.join(clock)}Z")


def _prefixes(document: Mapping[str, Any], name: str) -> Iterator[tuple[str, Network]]:
    for group, key, version in (("prefixes", "ip_prefix", 4), ("ipv6_prefixes", "ipv6_prefix", 6)):
        rows = document.get(group)
        if not isinstance(rows, list) or not rows:
            raise InvalidDocument(f"{name}: {group}: holds no list of networks, so it is not whole")
        for index, row in enumerate(rows):
            text, service = (row.get(key), row.get("service")) if isinstance(row, Mapping) else (None, None)
            try:
                network = ipaddress.ip_network(text) if isinstance(text, str) else None
            except ValueError:
                network = None
            named = isinstance(service, str) and re.fullmatch(r"[A-Z0-9_]+", service) is not None
            if network is None or network.version != version or network.prefixlen < _SHORTEST[version] or not named:
                raise InvalidDocument(f"{name}: {group}[{index}]: is {row!r}, not a network of a service")
            yield str(service), network


def _merged(networks: Iterable[Network]) -> Iterator[str]:
    several = list(networks)
    for version in (4, 6):
        ours = (network for network in several if network.version == version)
        yield from map(str, ipaddress.collapse_addresses(ours))  # type: ignore[type-var]


def write(ranges: AwsRanges, path: Path) -> None:
    """Write ranges as `nswatch.expect.data` reads them; whoever reads meanwhile sees the old file or the new one."""
    document = {
        "created": ranges.created,
        "services": {service: " ".join(networks) for service, networks in sorted(ranges.services.items())},
    }
    with tempfile.NamedTemporaryFile("w", encoding="ascii", dir=path.parent, suffix=".new", delete=False) as new:
        new.write(json.dumps(document, indent=1) + "\n")
    Path(new.name).chmod(0o644)
    os.replace(new.name, path)  # noqa: PTH105 - a name, not a Path


def _octets(place: str) -> bytes:
    if place.startswith("https://"):
        return download(place)
    if "://" in place:
        raise InvalidDocument(f"{place}: is no https URL; what addresses are allowed must not come from just anybody")
    try:
        with Path(place).open("rb") as stream:
            octets = stream.read(MAX_OCTETS + 1)
    except OSError as error:
        reason = error.strerror or type(error).__name__
        raise InvalidDocument(f"{place}: cannot be read: {reason}; give a URL or a file") from error
    return _capped(octets, place)


def download(url: str) -> bytes:
    """Return what is at a URL; raise DownloadFailed, and InvalidDocument when it is larger than we read."""
    timeout = urllib3.Timeout(connect=_CONNECT, read=_READ)
    pool = urllib3.PoolManager(timeout=timeout, retries=urllib3.Retry(2, redirect=0, raise_on_status=False))
    until, octets = time.monotonic() + _WHOLE, b""
    try:
        with pool.request("GET", url, preload_content=False) as answer:
            if answer.status != 200:
                raise DownloadFailed(f"{url} answers {answer.status}; try again later, or give a file")
            for part in answer.stream(1 << 16):
                octets = _capped(octets + part, url)
                if time.monotonic() > until:
                    raise DownloadFailed(f"{url} takes longer than {_WHOLE:.0f} s; try again later, or give a file")
    except HTTPError as error:
        raise DownloadFailed(f"{url} cannot be had: {error}; try again later, or give a file") from error
    return octets


def _capped(octets: bytes, place: str) -> bytes:
    if len(octets) > MAX_OCTETS:
        raise InvalidDocument(f"{place}: is larger than {MAX_OCTETS >> 20} MiB; give a file like {PUBLISHED}")
    return octets
