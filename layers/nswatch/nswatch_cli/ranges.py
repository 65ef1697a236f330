"""`nswatch ranges`: of when the shipped AWS ranges are, and how they are brought up to date."""

import json
import os
import tempfile
import time
from importlib.resources import as_file, files
from pathlib import Path

import click
import urllib3
from urllib3.exceptions import HTTPError

from nswatch.errors import InvalidDocument, NswatchError
from nswatch.expect import data
from nswatch.expect.networks import AwsRanges
from nswatch.expect.published import PUBLISHED, Published, read_published, refusal

BAD_FILE = 2
MAX_OCTETS = 32 << 20
"""Ten times what AWS publishes in 2026."""

_CONNECT, _READ, _WHOLE = 5.0, 10.0, 60.0


class DownloadFailed(NswatchError):
    """The published file could not be had."""


@click.command(short_help="Show which AWS ranges are shipped, or renew them.")
@click.option(
    "--refresh",
    is_flag=False,
    flag_value=PUBLISHED,
    metavar="URL-or-FILE",
    help=f"Replace the shipped file by this one.  [without a value: {PUBLISHED}]",
)
def ranges_command(refresh: str | None) -> None:
    """Show the date of the AWS ranges by which `within: ["aws:SERVICE"]` is judged, or bring them up to date."""
    shipped = data.aws_ranges()
    if refresh is None:
        click.echo(describe(shipped))
        return
    try:
        published = read_published(_octets(refresh), refresh)
    except InvalidDocument as error:
        click.echo(str(error), err=True)
        raise SystemExit(BAD_FILE) from error
    refused = refusal(published, Published.of(shipped))
    if refused:
        click.echo(f"{refresh}: {refused}", err=True)
        raise SystemExit(BAD_FILE)
    found = published.ranges
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
