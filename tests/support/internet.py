"""Where the real Internet's servers are, and the zones that lead to name servers."""

from collections.abc import Mapping

from tests.support.knot import cut, zone

ROOT_SERVERS = {
    "a": "198.41.0.4",
    "b": "170.247.170.2",
    "c": "192.33.4.12",
    "d": "199.7.91.13",
    "e": "192.203.230.10",
    "f": "192.5.5.241",
    "g": "192.112.36.4",
    "h": "198.97.190.53",
    "i": "192.36.148.17",
    "j": "192.58.128.30",
    "k": "193.0.14.129",
    "l": "199.7.83.42",
    "m": "202.12.27.33",
}
COM_SERVERS = {"a": "192.5.6.30", "b": "192.33.14.30"}


def host_zones(hosts: Mapping[str, str]) -> tuple[dict[str, str], dict[str, list[str]]]:
    """Return the zones that name servers' own names are in, and the cuts for them by parent zone.

    ``hosts`` are host -> address; as at Route 53, each one's domain (``awsdns-61.org``) is a zone, which it serves too.
    """
    zones: dict[str, str] = {}
    cuts: dict[str, list[str]] = {}
    for host, address in hosts.items():
        name = host.partition(".")[2] + "."
        server = f"g-ns-1.{name[:-1]}"
        zones[name] = zone(name, [server], f"g-ns-1 IN A {address}", f"{host}. IN A {address}", mname=server)
        cuts.setdefault(name.partition(".")[2], []).extend(cut(name[:-1], {server: address}))
    return zones, cuts
