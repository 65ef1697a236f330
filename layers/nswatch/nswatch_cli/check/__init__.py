"""`nswatch check`: one pass over domains from here, without an AWS account; the shapes are in docs/check.md."""

from nswatch_cli.check.command import check_command

__all__ = ["check_command"]
