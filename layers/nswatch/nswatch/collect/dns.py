"""How a slow source asks DNS: an asker on the running event loop, and walks from the root."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from nswatch.collect.trust_anchor import ROOT_ANCHORS, Ds
from nswatch.model import Clock
from nswatch.observe.cache import WalkCache
from nswatch.observe.root_hints import ROOT_SERVERS
from nswatch.observe.servers import Server
from nswatch.observe.transport import Asker, DnsTransport
from nswatch.observe.udp import Endpoint
from nswatch.observe.walk import Walker


@dataclass(frozen=True, slots=True)
class Dns:
    """The way into DNS: ``route`` maps an address to the socket address that is really used, ``hints`` are the root.

    ``anchors`` are the root zone's trust anchors.
    """

    clock: Clock
    route: Callable[[str], Endpoint] = lambda address: (address, 53)
    hints: Sequence[Server] = ROOT_SERVERS
    anchors: tuple[Ds, ...] = ROOT_ANCHORS

    def asker(self) -> DnsTransport:
        """Return an asker, to be entered (``async with``) on the event loop that it is used on."""
        return DnsTransport(self.clock, route=self.route)

    def walker(self, asker: Asker, cache: WalkCache | None = None) -> Walker:
        """Return walks with ``asker``; what they learn is kept in ``cache`` if one is given."""
        return Walker(asker, self.hints, self.clock, cache=cache)
