"""`nswatch`: the command line."""

import logging
import sys

import click

from nswatch import __version__
from nswatch.errors import NswatchError
from nswatch_cli.check import check_command
from nswatch_cli.deploy.command import deploy_command
from nswatch_cli.deploy.destroy import destroy_command
from nswatch_cli.incidents import incidents_commands
from nswatch_cli.ranges import ranges_command
from nswatch_cli.replaying import demo_command, replay_command
from nswatch_cli.status.command import status_command
from nswatch_cli.watchlist.commands import watchlist_commands

OUR_FAILURE = 3


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(__version__, prog_name="nswatch")
def cli() -> None:
    """Watch domains for being hijacked, and page within a minute."""


cli.add_command(check_command, "check")
cli.add_command(replay_command, "replay")
cli.add_command(demo_command, "demo")
cli.add_command(watchlist_commands, "watchlist")
cli.add_command(incidents_commands, "incidents")
cli.add_command(deploy_command, "deploy")
cli.add_command(destroy_command, "destroy")
cli.add_command(status_command, "status")
cli.add_command(ranges_command, "ranges")


def main() -> None:
    """Run the command line; a failure of ours is one line on standard error and exit status 3."""
    # What the rooms log is for CloudWatch; here the commands say themselves what a person needs to know.
    logging.getLogger("nswatch").addHandler(logging.NullHandler())
    try:
        cli.main(prog_name="nswatch")
    except NswatchError as error:
        click.echo(f"nswatch: {error}", err=True)
        sys.exit(OUR_FAILURE)


if __name__ == "__main__":
    main()
