"""Real authoritative servers (knot), unprivileged: each process has addresses of its own."""

import contextlib
import re
import shutil
import socket
import subprocess
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from tests.support.namespace import program

DELEGATION_TTL = 172800
"""What registries give."""


class Process(Protocol):
    """A running server."""

    def poll(self) -> int | None:
        """Return how it ended, None while it runs."""

    def send_signal(self, number: int, /) -> None:
        """Send a signal."""

    def terminate(self) -> None:
        """Ask it to end."""

    def wait(self, timeout: float | None = None) -> int:
        """Wait for its end."""


def here(command: Sequence[str], log: Path) -> Process:
    """Start a program in this process's own network."""
    with log.open("wb") as output:
        return subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=output, stderr=output)


def zone(origin: str, hosts: Iterable[str], *lines: str, ttl: int = DELEGATION_TTL, mname: str = "ns.invalid") -> str:
    """Return a zone file. ``origin`` has its trailing dot, hosts have none; negative answers live 900 s."""
    soa = f"@ 900 IN SOA {mname}. hostmaster.invalid. 1 7200 900 1209600 900"
    return "\n".join([f"$ORIGIN {origin}", f"$TTL {ttl}", soa, *(f"@ IN NS {host}." for host in hosts), *lines, ""])


def cut(name: str, servers: Mapping[str, str | Sequence[str]]) -> list[str]:
    """Return a delegation with its glue: host -> address or addresses."""
    return [*(f"{name}. IN NS {host}." for host in servers), *addresses_of(servers)]


def addresses_of(servers: Mapping[str, str | Sequence[str]]) -> list[str]:
    """Return the A and AAAA records of hosts."""
    return [
        f"{host}. IN {'AAAA' if ':' in address else 'A'} {address}"
        for host, addresses in servers.items()
        for address in ([addresses] if isinstance(addresses, str) else addresses)
    ]


def free_port(addresses: Iterable[str]) -> int:
    """Return a port that is free at all addresses over UDP and TCP."""
    wanted = list(addresses)
    for _ in range(100):
        with contextlib.ExitStack() as stack:
            first = stack.enter_context(socket.socket(socket.AF_INET, socket.SOCK_STREAM))
            first.bind((wanted[0], 0))
            port: int = first.getsockname()[1]
            try:
                for address in wanted:
                    for kind in (socket.SOCK_STREAM, socket.SOCK_DGRAM):
                        if (address, kind) != (wanted[0], socket.SOCK_STREAM):
                            stack.enter_context(socket.socket(socket.AF_INET, kind)).bind((address, port))
            except OSError:
                continue
            return port
    raise OSError("no port is free at all addresses")


@dataclass
class Knot:
    """One server process at one or more addresses; zones and signed ones are named with the trailing dot.

    ``modules`` are knot's for all zones (``mod-cookies``); ``start_process`` starts it where its addresses are. Absent
    names are denied by NSEC3 with opt-out, or by NSEC where ``nsec3`` is "off".
    """

    home: Path
    addresses: Iterable[str]
    port: int
    zones: Mapping[str, str]
    signed: frozenset[str] = frozenset()
    modules: Sequence[str] = ()
    nsec3: str = "on"
    start_process: Callable[[Sequence[str], Path], Process] = here
    process: Process | None = field(default=None, repr=False)

    def write(self) -> None:
        """Write configuration and zones."""
        (self.home / "zones").mkdir(parents=True, exist_ok=True)
        (self.home / "db").mkdir(exist_ok=True)
        listen = ", ".join(f"{address}@{self.port}" for address in self.addresses)
        modules = f"    global-module: [ {', '.join(self.modules)} ]" if self.modules else ""
        conf = [
            f"server:\n    rundir: {self.home}\n    listen: [ {listen} ]",
            "    udp-workers: 1\n    tcp-workers: 1\n    background-workers: 1",
            f"control:\n    listen: {self.home}/control",
            f"database:\n    storage: {self.home}/db",
            "policy:\n  - id: own\n    manual: on\n    single-type-signing: on",
            f"    nsec3: {self.nsec3}\n    nsec3-opt-out: on",
            f"template:\n  - id: default\n    storage: {self.home}/zones\n    zonefile-sync: -1\n{modules}",
            "zone:",
        ]
        for name, text in self.zones.items():
            (self.home / "zones" / f"{name}zone").write_text(text)
            conf.append(f"  - domain: {name}\n    file: {name}zone")
            if name in self.signed:
                conf.append("    dnssec-signing: on\n    dnssec-policy: own")
        (self.home / "knot.conf").write_text("\n".join(conf) + "\n")

    def make_keys(self) -> None:
        """Make one signing key (algorithm 13) for each signed zone; needs `write`."""
        for name in self.signed:
            self.make_key(name)

    def make_key(self, name: str) -> None:
        """Make one more signing key for a zone."""
        self._run("keymgr", name, "generate", "algorithm=ECDSAP256SHA256", "ksk=yes", "zsk=yes")

    def take_keys(self, other: "Knot") -> None:
        """Sign with another server's keys: servers of one zone must."""
        shutil.copytree(other.home / "db", self.home / "db", dirs_exist_ok=True)

    def ds(self, name: str) -> str:
        """Return the DS record of a signed zone, digest type 2, as a line of its parent's zone file."""
        lines = self._run("keymgr", name, "ds").splitlines()
        _, _, data = next(line for line in lines if line.split()[4] == "2").partition(" DS ")
        return f"{name} IN DS {data}"

    def start(self) -> None:
        """Start; `wait` for it afterwards. Writes and makes keys where that has not been done."""
        if not (self.home / "knot.conf").exists():
            self.write()
            self.make_keys()
        command = [program("knotd") or "knotd", "-c", str(self.home / "knot.conf")]
        self.process = self.start_process(command, self.home / "log")

    def control(self, *arguments: str) -> str:
        """Run knotc and return what it prints."""
        return self._run("knotc", "-b", *arguments)

    def _run(self, tool: str, *arguments: str) -> str:
        command = [program(tool) or tool, "-c", str(self.home / "knot.conf"), *arguments]
        done = subprocess.run(command, capture_output=True, text=True, timeout=20, check=False)
        if done.returncode:
            log = self.home / "log"
            raise RuntimeError(
                f"{' '.join(command)}: {done.stdout}{done.stderr}{log.read_text() if log.exists() else ''}"
            )
        return done.stdout

    def wait(self, patience: float = 15) -> None:
        """Return when the server has loaded its zones."""
        until = time.monotonic() + patience
        while True:
            try:
                status = self.control("zone-status")
            except RuntimeError:
                if self.process is None or self.process.poll() is not None:
                    raise
            else:
                if all(f"[{name}]" in status for name in self.zones) and not re.search(r"serial: [^0-9]", status):
                    return
            if time.monotonic() > until:
                raise TimeoutError(f"{self.home}: no zones after {patience} s")
            time.sleep(0.02)

    def stop(self) -> None:
        """Stop the server."""
        if self.process is not None and self.process.poll() is None:
            self.process.terminate()
            self.process.wait(10)

    def set_records(self, origin: str, owner: str, qtype: str, data: Iterable[str], ttl: int = DELEGATION_TTL) -> None:
        """Replace an RRset in one transaction; without data it is removed. ``owner`` is absolute, with its dot."""
        relative = owner.removesuffix(origin).removesuffix(".") or "@"
        self.control("zone-begin", origin)
        with contextlib.suppress(RuntimeError):  # there is none to remove
            self.control("zone-unset", origin, relative, qtype)
        for each in data:
            self.control("zone-set", origin, relative, str(ttl), qtype, each)
        self.control("zone-commit", origin)

    def set_ns(self, origin: str, owner: str, hosts: Iterable[str], ttl: int = DELEGATION_TTL) -> None:
        """Replace an NS RRset; without hosts it is removed."""
        self.set_records(origin, owner, "NS", [f"{host}." for host in hosts], ttl)
