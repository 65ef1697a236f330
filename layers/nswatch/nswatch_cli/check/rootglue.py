"""What the root servers say of a TLD's name servers, beyond what a walk needs: all names, and IPv6 addresses.

A walk keeps IPv4 addresses and the servers that have one. A check asks *every* server of the parent, so it listens to
what the root answers while others walk. Only the root's own words count: no other server may speak of them here.
"""

from collections.abc import Sequence

from dns.rdatatype import RdataType

from nswatch.model import Outcome, Question, Status, Transport
from nswatch.observe import wire
from nswatch.observe.plan import Target
from nswatch.observe.servers import Parent, Server
from nswatch.observe.transport import Asker


class RootGlue(Asker):
    """An asker that passes everything on to ``asker``, and remembers the referrals of the servers in ``hints``."""

    def __init__(self, asker: Asker, hints: Sequence[Server]) -> None:
        self._asker = asker
        self._root = {address for server in hints for address in server.addresses}
        self._hints = {server.name: server.addresses for server in hints}
        self._names: dict[str, frozenset[str]] = {}
        self._ipv6: dict[str, str] = {}

    async def ask(
        self, questions: Sequence[Question], *, deadline: float, over: Transport = Transport.UDP
    ) -> list[Outcome]:
        """See `Asker`."""
        outcomes = await self._asker.ask(questions, deadline=deadline, over=over)
        for outcome in outcomes:
            if outcome.question.server in self._root and outcome.status is Status.ANSWERED and outcome.wire:
                self._remember(outcome.wire)
        return outcomes

    def _remember(self, octets: bytes) -> None:
        try:
            message = wire.parse(octets)
        except (wire.TooCostly, wire.Malformed):
            return
        if message.answer:
            return
        for rrset in message.authority:
            if rrset.rdtype == RdataType.NS:
                self._names[wire.text(rrset.name)] = frozenset(wire.text(rdata.target) for rdata in rrset)
        for rrset in message.additional:
            if rrset.rdtype == RdataType.AAAA:
                self._ipv6[wire.text(rrset.name)] = min(rdata.address for rdata in rrset)

    def targets(self, parent: Parent) -> tuple[list[Target], list[Target]]:
        """Return each server's first IPv4 address and its first IPv6 address, as far as they are known."""
        ipv4, ipv6 = list[Target](), list[Target]()
        for server in parent.servers:
            known = [*server.addresses, *self._hints.get(server.name, ()), self._ipv6.get(server.name, "")]
            for targets, colon in ((ipv4, False), (ipv6, True)):
                address = next((each for each in known if each and (":" in each) is colon), None)
                if address is not None:
                    targets.append(Target(server.name, address))
        return ipv4, ipv6

    def hosts_without_address(self, parent: Parent) -> list[str]:
        """Return the servers of the parent that the root names and the walk found no address of."""
        return sorted(self._names.get(parent.zone, frozenset()) - {server.name for server in parent.servers})
