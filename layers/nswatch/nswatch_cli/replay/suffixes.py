"""The part of the name space that scenarios take for granted: the root, TLDs and public suffixes, and hosting.

Every public suffix is a zone of its own with four servers (``co.uk`` below ``uk``), except below TLDs that hold their
second level themselves. Domains that are not watched share four infrastructure servers.
"""

import functools

from publicsuffixlist import PublicSuffixList

from nswatch.names import public_suffix
from nswatch.observe.root_hints import ROOT_SERVERS
from nswatch_cli.replay.addresses import AddressBook
from nswatch_cli.replay.mentions import Mentions

ROOT = "."
OPT_OUT = frozenset({"com", "net", "org", "info", "biz"})
"""TLDs that prove an insecure delegation by NSEC3 with opt-out; the others here use NSEC."""

_NO_CUTS_BELOW = frozenset({"jp"})
"""TLDs whose second-level suffixes (co.jp) are names in the TLD's own zone."""

_LETTERS = "abcd"

Servers = list[tuple[str, tuple[str, ...]]]


@functools.cache
def _known_suffixes() -> PublicSuffixList:
    return PublicSuffixList(accept_unknown=False)


class Suffixes:
    """Zones that are not watched domains, their servers and where those live."""

    def __init__(self, book: AddressBook, said: Mentions) -> None:
        self._book = book
        self.tlds = {name.rpartition(".")[2] for name in said.name_servers | said.others if name != ROOT}
        self._suffixes: dict[str, bool] = {}
        self._at: dict[str, tuple[str, int]] = {
            address: (ROOT, index) for index, root in enumerate(ROOT_SERVERS) for address in root.addresses
        }
        self._fixed = {root.name: tuple(root.addresses) for root in ROOT_SERVERS}
        self._servers: dict[str, Servers] = {ROOT: [(root.name, tuple(root.addresses)) for root in ROOT_SERVERS]}
        self._hosting = [self._addresses(f"{letter}.infra-servers") for letter in _LETTERS]

    @staticmethod
    def root_addresses() -> set[str]:
        """Return the root servers' addresses, IPv4 and IPv6."""
        return {address for root in ROOT_SERVERS for address in root.addresses}

    def is_cut(self, name: str) -> bool:
        """Whether a public suffix's zone begins at ``name``."""
        return self.is_suffix(name) and ("." not in name or name.rpartition(".")[2] not in _NO_CUTS_BELOW)

    def is_suffix(self, name: str) -> bool:
        """Whether ``name`` is a public suffix: a TLD in use or known, or longer by the Public Suffix List."""
        if "." in name:
            if name not in self._suffixes:
                self._suffixes[name] = public_suffix(name) == name
            return self._suffixes[name]
        return name in self.tlds or _known_suffixes().publicsuffix(name) is not None

    def servers(self, zone: str) -> Servers:
        """Return the servers of a public suffix's zone (the root's thirteen, four of any other)."""
        if zone not in self._servers:
            hosts = [f"{letter}.tld-servers.{zone}" for letter in _LETTERS]
            self._servers[zone] = [(host, self._addresses(host)) for host in hosts]
            for index, (_, addresses) in enumerate(self._servers[zone]):
                self._at.update(dict.fromkeys(addresses, (zone, index)))
        return self._servers[zone]

    def at(self, address: str) -> tuple[str, int] | None:
        """Return the zone whose server lives at ``address`` and that server's index."""
        return self._at.get(address)

    def infrastructure_servers(self, zone: str) -> Servers:
        """Return the servers of a domain that is not watched; names inside it, addresses shared by all of them."""
        return [
            (f"{letter}.infra-servers.{zone}", addresses)
            for letter, addresses in zip(_LETTERS, self._hosting, strict=True)
        ]

    def infrastructure_at(self, address: str) -> int | None:
        """Return the index of the infrastructure server that lives at ``address``."""
        return next((index for index, own in enumerate(self._hosting) if address in own), None)

    def fixed(self, host: str) -> tuple[str, ...] | None:
        """Return the addresses of a host whose addresses everybody knows (a root server)."""
        return self._fixed.get(host)

    def _addresses(self, host: str) -> tuple[str, ...]:
        return (self._book.server(host), self._book.server(host, 6))
