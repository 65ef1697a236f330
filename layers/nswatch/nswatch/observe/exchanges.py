"""What the transport keeps of the questions that are on their way, or wait for a place."""

import asyncio
import ipaddress
import socket
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime

from nswatch.model import Outcome, Question
from nswatch.observe.cookies import Cookie, Jar
from nswatch.observe.messages import Template

Endpoint = tuple[str, int]
"""An address as `socket` writes it, and a port."""
_LANES = 4096
NEVER = datetime.min.replace(tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Trouble:
    """What went wrong on the way.

    ``refused`` is the errno of an ICMP error, or of a send the kernel refused; ``mangled`` a message from the right
    address with the right ID that is no answer to the question, and when it came; ``renewed`` when the query was sent
    again with a new cookie.
    """

    refused: int = 0
    mangled: bytes | None = None
    mangled_at: datetime = NEVER
    renewed: bool = False


NO_TROUBLE = Trouble()


@dataclass(slots=True, eq=False)
class Batch:
    """The questions of one call of `ask`, and what has become of them by place; ``done`` when none is left."""

    done: "asyncio.Future[None]"
    deadline: float
    left: int
    outcomes: list[Outcome | None]
    exchanges: list["Exchange"] = field(default_factory=list)
    tasks: "set[asyncio.Task[None]]" = field(default_factory=set)

    def put(self, place: int, outcome: Outcome) -> None:
        """Note an outcome, unless there is one."""
        if self.outcomes[place] is None:
            self.outcomes[place] = outcome
            self.left -= 1
            if not self.left and not self.done.done():
                self.done.set_result(None)


@dataclass(slots=True, eq=False)
class Lane:
    """The way to one server: who has a place (``in_flight``) and who waits for one."""

    endpoint: Endpoint
    family: int
    cookie: Cookie
    in_flight: int = 0
    waiting: "deque[Exchange]" = field(default_factory=deque)


@dataclass(slots=True, eq=False)
class Exchange:
    """One question on its way, and what a reply must match (once it is sent: nothing is set before, it takes time).

    ``due`` is the loop time at which the present wait ends. ``attempt`` counts queries sent. ``done`` when nothing that
    comes over UDP counts any more.
    """

    batch: Batch
    place: int
    question: Question
    lane: Lane
    prebuilt: Template
    tcp: bool = False
    done: bool = False
    edns: bool = True
    attempt: int = 0
    trouble: Trouble = NO_TROUBLE
    due: float = field(init=False)
    ident: bytes = field(init=False)
    section: bytes = field(init=False)
    wire: bytes = field(init=False)
    sent: datetime = field(init=False)


class Lanes(dict[str, Lane]):
    """The way to each server, by the address asked; made when it is first wanted, and forgotten when idle ones abound.

    ``route`` gives the socket address that is really used, ``jar`` the cookies.
    """

    def __init__(self, route: Callable[[str], Endpoint], jar: Jar) -> None:
        super().__init__()
        self._route = route
        self._jar = jar

    def __missing__(self, server: str) -> Lane:
        host, port = self._route(server)
        endpoint = (str(ipaddress.ip_address(host)), port)
        if len(self) >= _LANES:
            for name in [name for name, lane in self.items() if not lane.in_flight and not lane.waiting]:
                del self[name]
        family = socket.AF_INET6 if ":" in endpoint[0] else socket.AF_INET
        lane = self[server] = Lane(endpoint, family, self._jar.of(server))
        return lane
