"""A network of our own: a process in namespaces of its own, where every address is local and every port is free.

    with Namespace() as there:
        there.spawn(["knotd", "-c", "knot.conf"], log)
        there.run(ask, "198.41.0.4")

What `run` calls, and what it takes and gives, travels pickled: functions of importable modules, plain values. The
kernel ends everything within when this process ends, however it ends. Needs no privilege where the kernel lets users
make namespaces.
"""

import os
import pickle
import shutil
import signal
import struct
import subprocess
import sys
import tempfile
import traceback
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import IO, Any, ParamSpec, Self, TypeVar, cast

P = ParamSpec("P")
T = TypeVar("T")

REPOSITORY = Path(__file__).parents[2]
SYSTEM_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

NETWORK = (
    "ip link set lo up",
    "ip route add local 0.0.0.0/0 dev lo",
    "ip -6 route add local ::/0 dev lo",
    # An address to ask from: ::1 may not speak to others.
    "ip -6 address add 2001:db8:ffff::1/128 dev lo",
    # libfaketime keeps a file a process there, by a number that is unique in this namespace alone.
    "mount -t tmpfs tmpfs /dev/shm",
)


def program(name: str) -> str | None:
    """Return where a program is; Debian has servers outside of a user's PATH."""
    return shutil.which(name) or shutil.which(name, path=SYSTEM_PATH)


class NoNamespace(Exception):
    """The kernel, or the container, lets us make no namespaces."""


class Failed(Exception):
    """What was called inside raised; the text is its traceback."""


@dataclass(frozen=True)
class Inside:
    """A process within the namespace, by its number there; the part of `subprocess.Popen` that servers need."""

    there: "Namespace"
    pid: int

    def poll(self) -> int | None:
        """Return how it ended, None while it runs."""
        return self.there.run(_poll, self.pid)

    def send_signal(self, number: int) -> None:
        """Send a signal, unless it has ended."""
        self.there.run(_send_signal, self.pid, number)

    def terminate(self) -> None:
        """Ask it to end."""
        self.send_signal(signal.SIGTERM)

    def wait(self, timeout: float | None = None) -> int:
        """Wait for its end; raise `Failed` when that takes longer than ``timeout`` seconds."""
        return self.there.run(_wait, self.pid, timeout)


class Namespace:
    """Entered, it is there; see the module."""

    def __init__(self) -> None:
        self._process: subprocess.Popen[bytes] | None = None
        self._said = tempfile.TemporaryFile()  # noqa: SIM115 - open as long as this is

    def __enter__(self) -> Self:
        enter = ["unshare", "--net", "--mount", "--pid", "--fork", "--kill-child"]
        if os.geteuid() != 0:
            enter += ["--user", "--map-root-user"]
        self._process = subprocess.Popen(
            [*enter, sys.executable, "-m", "tests.support.namespace"],
            cwd=REPOSITORY,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._said,
        )
        try:
            self.run(_make_network)
        except (EOFError, BrokenPipeError, Failed) as error:
            self._process.wait(10)
            said = self.said()
            self.__exit__(None, None, None)
            raise NoNamespace(said or str(error)) from error
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        assert self._process is not None
        self._process.communicate()  # closes the pipe, at which the process inside ends, and all others with it
        self._said.close()

    def run(self, function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Call a function inside and return what it returns; raise `Failed` for what it raises."""
        assert self._process is not None
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        _send(self._process.stdin, (function, args, kwargs))
        done, result = _receive(self._process.stdout)
        if not done:
            raise Failed(result)
        return cast("T", result)

    def said(self) -> str:
        """Return what the process inside has printed so far."""
        self._said.seek(0)
        return self._said.read().decode(errors="replace").strip()

    def spawn(self, command: Sequence[str], log: Path, environment: Mapping[str, str] | None = None) -> Inside:
        """Start a program inside, its output into ``log``."""
        return Inside(self, self.run(_spawn, list(command), log, dict(environment or {})))

    def shell(self, command: str) -> str:
        """Run a command inside to its end and return its output; raise `Failed` when it fails."""
        return self.run(_shell, command)


# Inside

_children: dict[int, "subprocess.Popen[bytes]"] = {}


def _make_network() -> None:
    for command in NETWORK:
        _shell(command)


def _shell(command: str) -> str:
    environment = os.environ | {"PATH": SYSTEM_PATH}
    done = subprocess.run(
        ["/bin/sh", "-c", command],
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    if done.returncode:
        raise OSError(f"{command}: {done.stdout}")
    return done.stdout


def _spawn(command: list[str], log: Path, environment: dict[str, str]) -> int:
    with log.open("ab") as output:
        own = os.environ | environment
        process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=output, stderr=output, env=own)
    _children[process.pid] = process
    return process.pid


def _poll(pid: int) -> int | None:
    return _children[pid].poll()


def _send_signal(pid: int, number: int) -> None:
    _children[pid].send_signal(number)


def _wait(pid: int, timeout: float | None) -> int:
    return _children[pid].wait(timeout)


# Both sides


def _send(stream: IO[bytes], value: object) -> None:
    data = pickle.dumps(value)
    stream.write(struct.pack("!Q", len(data)) + data)
    stream.flush()


def _receive(stream: IO[bytes]) -> Any:
    head = stream.read(8)
    if len(head) < 8:
        raise EOFError("the process inside the namespace has ended")
    return pickle.loads(stream.read(struct.unpack("!Q", head)[0]))


def main() -> None:
    """Serve calls until the pipe is closed; what they print goes to stderr."""
    with os.fdopen(os.dup(0), "rb") as calls, os.fdopen(os.dup(1), "wb") as results:
        os.dup2(2, 1)
        while True:
            try:
                function, args, kwargs = _receive(calls)
            except EOFError:
                return
            try:
                answer = True, function(*args, **kwargs)
            except Exception:  # noqa: BLE001 - whatever it is, the caller is told
                answer = False, traceback.format_exc()
            _send(results, answer)


if __name__ == "__main__":
    # One module object, whatever name it is called by: the calls refer to it by its import name.
    from tests.support import namespace

    namespace.main()
