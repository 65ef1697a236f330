"""A simulated Internet that is asked without a socket, with somebody on the way who may change what servers say."""

import asyncio
import copy
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

import dns.message
from dns.rdatatype import RdataType
from tests.unit.replay.worlds import HERE, START, ZONE, domain, registry, world

from nswatch.collect.chain_checks import read_ds
from nswatch.collect.chain_walk import Chains, Kept, Verdict
from nswatch.model import Outcome, Question, Status, Transport
from nswatch.observe.root_hints import ROOT_SERVERS
from nswatch.observe.walk import Walker
from nswatch_cli.replay.authority import FarEnd
from nswatch_cli.replay.contents import trust_anchor

ANCHORS = read_ds(trust_anchor())
SIGNED = {"genuine": {"records": ZONE, "signed_with": "a key"}}
Tamper = Callable[[Question, dns.message.Message], "dns.message.Message | None"]
"""Returns what arrives in place of an answer; None: nothing."""


def states(**domains: Mapping[str, Any]) -> dict[str, Any]:
    """Return a state that watches signed domains; ``x_com={"ds": []}`` is x.com with what its registry says."""
    return {
        "domains": {
            name.replace("_", "."): domain(zones=copy.deepcopy(SIGNED), registry=registry(**{"ds": ["a key"], **said}))
            for name, said in domains.items()
        }
    }


class OnTheWay:
    """Asks one world's servers; ``tamper`` sees every answer. An `nswatch.observe.transport.Asker`."""

    def __init__(self, state: Mapping[str, Any], *, tamper: Tamper | None = None, now: datetime = START) -> None:
        self.now = now
        self.world = world(state, clock=lambda: self.now)
        self.far_end = FarEnd(self.world)
        self.tamper = tamper
        self.asked: list[tuple[str, str, str]] = []

    async def ask(
        self,
        questions: Sequence[Question],
        *,
        deadline: float,  # noqa: ARG002 - nothing takes time here
        over: Transport = Transport.UDP,
    ) -> list[Outcome]:
        return [self.one(question, over) for question in questions]

    def one(self, question: Question, over: Transport = Transport.UDP) -> Outcome:
        self.asked.append((question.server, question.qname, question.qtype))
        message = self.answer(question)
        if message is not None and self.tamper is not None:
            message = self.tamper(question, message)
        if message is None:
            return Outcome(question, Status.TIMEOUT, over, self.now)
        return Outcome(question, Status.ANSWERED, over, self.now, self.now, message.to_wire(max_size=65535))

    def answer(self, question: Question) -> dns.message.Message | None:
        """Return what the server itself says."""
        query = dns.message.make_query(question.qname, question.qtype, want_dnssec=True)
        wire = self.far_end.answer(HERE, question.server, query.to_wire(), Transport.TCP)
        return None if wire is None else dns.message.from_wire(wire)

    def chain(self, *names: str, ask: Iterable[tuple[str, str]] = (), late: timedelta = timedelta()) -> list[Verdict]:
        """Validate domains in one round, by a clock that may be wrong."""

        async def work() -> list[Verdict]:
            def clock() -> datetime:
                return self.now + late

            deadline = asyncio.get_running_loop().time() + 20
            chains = Chains(self, Walker(self, ROOT_SERVERS, clock), ANCHORS, clock, Kept(clock), deadline)
            try:
                return await asyncio.gather(*(chains.of(name, list(ask), deadline) for name in names))
            finally:
                await chains.aclose()

        return asyncio.run(work())


def without(message: dns.message.Message, *types: RdataType) -> dns.message.Message:
    """Take the RRsets of some types out of an answer."""
    for section in (message.answer, message.authority):
        section[:] = [rrset for rrset in section if rrset.rdtype not in types]
    return message
