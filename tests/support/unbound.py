"""Real recursive resolvers (unbound), whose time can be moved (libfaketime)."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

from tests.support.knot import Process
from tests.support.namespace import Namespace, program

PATIENCE = 10.0

CONF = """
server:
    interface: {address}
    access-control: 0.0.0.0/0 allow
    username: ""
    chroot: ""
    directory: "{home}"
    pidfile: ""
    use-syslog: no
    num-threads: 1
    do-ip6: no
    outgoing-range: 64
    msg-cache-size: 1m
    rrset-cache-size: 1m
    # As long as registries and hosts say, not a day at most.
    cache-max-ttl: 604800
    module-config: "{modules}"
{anchors}
"""


def libfaketime() -> Path | None:
    """Return the library for programs with threads; Debian's package is libfaketime."""
    return next(iter(sorted(Path("/usr/lib").glob("*/faketime/libfaketimeMT.so.1"))), None)


@dataclass
class FakeTime:
    """A clock that runs as the real one, and can be put on; programs started with `environment` live by it."""

    file: Path
    ahead: timedelta = timedelta()

    def __post_init__(self) -> None:
        self.pass_by(timedelta())

    def now(self) -> datetime:
        """Return its moment."""
        return datetime.now(UTC) + self.ahead

    def pass_by(self, time: timedelta) -> None:
        """Let time pass by at once."""
        self.ahead += time
        self.file.write_text(f"+{self.ahead.total_seconds():.0f}\n")

    @property
    def environment(self) -> dict[str, str]:
        """What a program must be started with."""
        return {
            "LD_PRELOAD": str(libfaketime()),
            "FAKETIME_TIMESTAMP_FILE": str(self.file),
            "FAKETIME_NO_CACHE": "1",
            "FAKETIME_DONT_FAKE_MONOTONIC": "1",
        }


@dataclass
class Unbound:
    """One resolver process at an address of a namespace; it validates when it is given trust anchors (DS records)."""

    there: Namespace
    home: Path
    address: str
    clock: FakeTime
    anchors: Sequence[str] = ()
    process: Process | None = field(default=None, repr=False)

    def start(self) -> None:
        """Start with an empty cache; return when it listens."""
        self.home.mkdir(parents=True, exist_ok=True)
        modules = "validator iterator" if self.anchors else "iterator"
        anchors = "".join(f'    trust-anchor: "{anchor}"\n' for anchor in self.anchors)
        conf = CONF.format(address=self.address, home=self.home, modules=modules, anchors=anchors)
        (self.home / "unbound.conf").write_text(conf)
        command = [program("unbound") or "unbound", "-d", "-c", str(self.home / "unbound.conf")]
        log = self.home / "log"
        log.unlink(missing_ok=True)
        self.process = self.there.spawn(command, log, self.clock.environment)
        until = time.monotonic() + PATIENCE
        while "start of service" not in log.read_text():
            if self.process.poll() is not None or time.monotonic() > until:
                raise RuntimeError(f"unbound at {self.address} did not start: {log.read_text()}")
            time.sleep(0.01)

    def stop(self) -> None:
        """Stop; its cache is gone."""
        if self.process is not None and self.process.poll() is None:
            self.process.terminate()
            self.process.wait(10)


Resolvers = Callable[..., dict[str, Unbound]]
"""Starts resolvers at the addresses it is given, and returns them by address; ``validating=True`` has them validate."""
