"""Real name servers (knot) on loopback, unprivileged: each has an address of its own in 127.0.0.0/8, all one port."""

import contextlib
import re
import shutil
import socket
import subprocess
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
SOA = "@ 900 IN SOA ns.invalid. hostmaster.invalid. 1 7200 900 1209600 900"


def program(name: str) -> str | None:
    """Return where one of knot's programs is; Debian has them outside of a user's PATH."""
    return shutil.which(name) or shutil.which(name, path=PATH)


def zone(origin: str, hosts: Iterable[str], *lines: str, ttl: int = 172800) -> str:
    """Return a zone file."""
    return "\n".join([f"$ORIGIN {origin}", f"$TTL {ttl}", SOA, *(f"@ IN NS {host}." for host in hosts), *lines, ""])


def cut(name: str, servers: Mapping[str, str]) -> list[str]:
    """Return a delegation with its glue."""
    return [
        *(f"{name}. IN NS {host}." for host in servers),
        *(f"{host}. IN A {address}" for host, address in servers.items()),
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
    """One server process at one or more addresses."""

    home: Path
    addresses: Iterable[str]
    port: int
    zones: Mapping[str, str]
    signed: frozenset[str] = frozenset()
    process: "subprocess.Popen[bytes] | None" = field(default=None, repr=False)

    def start(self) -> None:
        """Write everything and start; `wait` for it afterwards."""
        (self.home / "zones").mkdir(parents=True)
        (self.home / "db").mkdir()
        conf = [
            f"server:\n    rundir: {self.home}",
            f"    listen: [ {', '.join(f'{address}@{self.port}' for address in self.addresses)} ]",
            "    udp-workers: 1\n    tcp-workers: 1\n    background-workers: 1",
            f"control:\n    listen: {self.home}/control",
            f"database:\n    storage: {self.home}/db",
            "policy:\n  - id: tld\n    single-type-signing: on\n    nsec3: on\n    nsec3-opt-out: on",
            f"template:\n  - id: default\n    storage: {self.home}/zones\n    zonefile-sync: -1",
            "zone:",
        ]
        for name, text in self.zones.items():
            (self.home / "zones" / f"{name}zone").write_text(text)
            conf.append(f"  - domain: {name}\n    file: {name}zone")
            if name in self.signed:
                conf.append("    dnssec-signing: on\n    dnssec-policy: tld")
        (self.home / "knot.conf").write_text("\n".join(conf) + "\n")
        with (self.home / "log").open("wb") as log:
            self.process = subprocess.Popen(
                [program("knotd") or "knotd", "-c", str(self.home / "knot.conf")], stdout=log, stderr=log
            )

    def control(self, *arguments: str) -> str:
        """Run knotc."""
        command = [program("knotc") or "knotc", "-c", str(self.home / "knot.conf"), "-b", *arguments]
        done = subprocess.run(command, capture_output=True, text=True, timeout=20, check=False)
        if done.returncode:
            raise RuntimeError(f"{' '.join(command)}: {done.stdout}{done.stderr}{(self.home / 'log').read_text()}")
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
            time.sleep(0.05)

    def stop(self) -> None:
        """Stop the server."""
        if self.process is not None and self.process.poll() is None:
            self.process.terminate()
            self.process.wait(10)

    def set_ns(self, origin: str, owner: str, hosts: Iterable[str], ttl: int = 172800) -> None:
        """Replace an NS RRset in one transaction; without hosts it is removed."""
        relative = owner.removesuffix(origin).removesuffix(".") or "@"
        self.control("zone-begin", origin)
        with contextlib.suppress(RuntimeError):  # there is none to remove
            self.control("zone-unset", origin, relative, "NS")
        for host in hosts:
            self.control("zone-set", origin, relative, str(ttl), "NS", f"{host}.")
        self.control("zone-commit", origin)
