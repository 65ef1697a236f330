"""The file of root servers that `--root-hints` names."""

from pathlib import Path

from nswatch.errors import InvalidDocument
from nswatch.observe.root_hints import ROOT_SERVERS, parse_hints
from nswatch.observe.servers import Server

_MAX_OCTETS = 1 << 20
_LIKE = "give a file like IANA's named.root"


def read_hints(file: Path | None) -> tuple[Server, ...]:
    """Return the root servers in ``file``, or the Internet's when there is none; raises InvalidDocument."""
    if file is None:
        return ROOT_SERVERS
    try:
        with file.open("rb") as stream:
            return parse_hints(stream.read(_MAX_OCTETS).decode("utf-8-sig"), str(file))
    except OSError as error:
        reason = error.strerror or type(error).__name__
        raise InvalidDocument(f"{file}: cannot be read: {reason}; {_LIKE}") from error
    except UnicodeDecodeError as error:
        raise InvalidDocument(f"{file}: is not UTF-8 text; {_LIKE}") from error
