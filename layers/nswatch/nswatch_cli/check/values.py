"""The values of one check: what was asked and answered, and what is said about it."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import IntEnum
from typing import Any

from nswatch.judge.delegation import delegated
from nswatch.judge.route53 import explain
from nswatch.model import Facts, Result, Transport
from nswatch.observe.servers import Interception


class Status(IntEnum):
    """A monitoring plugin's exit status."""

    OK = 0
    WARNING = 1
    CRITICAL = 2
    UNKNOWN = 3


_WORSE = (Status.OK, Status.UNKNOWN, Status.WARNING, Status.CRITICAL)
"""From good to bad, as `max_state_alt` of monitoring-plugins has it: what is known to be wrong outranks a gap."""


def worst(statuses: Iterable[Status]) -> Status:
    """Return the worst status: critical, then warning, then unknown; ok when there is none."""
    return max(statuses, key=_WORSE.index, default=Status.OK)


@dataclass(frozen=True, slots=True)
class ServerAnswer:
    """What one address of one server said.

    ``facts`` is None when nothing was asked, and ``note`` then says why; ``address`` is empty when the host has none.
    ``ms`` is the time from the last query to its answer in milliseconds, None when there was no answer.
    """

    host: str
    address: str = ""
    facts: Facts | None = None
    transport: Transport | None = None
    ms: float | None = None
    note: str = ""

    @property
    def result(self) -> str:
        """The result's name; ``no_address`` or ``not_asked`` when there is none."""
        if self.facts is not None:
            return self.facts.result.value
        return "not_asked" if self.address else "no_address"

    @property
    def delegated(self) -> frozenset[str] | None:
        """The hosts that a parent's server delegates to (none: the delegation is gone), or None when it's unknown."""
        return delegated(self.facts)

    @property
    def apex(self) -> frozenset[str] | None:
        """The apex NS set that a server of the zone gave, or None."""
        known = self.facts is not None and self.facts.result is Result.ANSWER
        return frozenset(self.facts.values) if known and self.facts is not None else None


@dataclass(frozen=True, slots=True)
class Look:
    """One pass over one domain from here. ``at`` is when it began, ``seconds`` how long it took."""

    domain: str
    at: datetime
    zone: str
    parents: tuple[ServerAnswer, ...]
    children: tuple[ServerAnswer, ...] = ()
    interception: Interception | None = None
    seconds: float = 0.0


@dataclass(frozen=True, slots=True)
class Remark:
    """One thing to say about a look: a finding of the product's rules, or one that only a check makes.

    ``sentence`` is plain, harmless text without a full stop; ``lines`` are names lined up for monospace text.
    """

    code: str
    status: Status
    sentence: str
    expected: tuple[str, ...] = ()
    seen: tuple[str, ...] = ()
    servers: tuple[ServerAnswer, ...] = ()
    lines: tuple[str, ...] = ()
    detail: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a look comes to. ``reference`` is the set that differences are marked against.

    ``approved`` are the watchlist's sets at that moment, the current one first; None without a watchlist.
    """

    status: Status
    summary: str
    remarks: tuple[Remark, ...]
    reference: frozenset[str]
    approved: tuple[frozenset[str], ...] | None = None


def gives(answers: Iterable[ServerAnswer]) -> dict[frozenset[str], list[ServerAnswer]]:
    """Return the parent's definite answers by the set they delegate to, the most widely given first.

    Where two are given as widely, the one comes first that has fewer names which only look like Route 53's.
    """
    groups: dict[frozenset[str], list[ServerAnswer]] = {}
    for answer in answers:
        if answer.delegated is not None:
            groups.setdefault(answer.delegated, []).append(answer)
    return dict(sorted(groups.items(), key=lambda pair: (-len(pair[1]), _odd(pair[0]), sorted(pair[0]))))


def _odd(hosts: frozenset[str]) -> int:
    return sum(bool(explain(host)) for host in hosts)
