"""How an exchange over UDP ends, as a value."""

import os
from datetime import datetime

from nswatch.model import Outcome, Question, Status, Transport
from nswatch.observe import wire
from nswatch.observe.exchanges import Exchange

_ANSWERED, _UDP = Status.ANSWERED, Transport.UDP  # looking a member up takes as long as a system call in Python 3.11


def answered(exchange: Exchange, now: datetime, data: bytes) -> Outcome:
    """Return the outcome of an answer that came."""
    if len(data) > wire.MAX_OCTETS:
        seen, digest = data[: wire.MAX_OCTETS], wire.digest(data)
        return Outcome(exchange.question, Status.OVER_CAP, _UDP, exchange.sent, now, seen, digest)
    return Outcome(exchange.question, _ANSWERED, _UDP, exchange.sent, now, data)


def malformed(exchange: Exchange, over_tcp: Status) -> Outcome | None:
    """Return the outcome of a mangled answer that TCP has not made good; None when none was mangled."""
    trouble = exchange.trouble
    if trouble.mangled is None:
        return None
    reason = f"not an answer to the question; over TCP: {over_tcp}"
    seen = trouble.mangled[: wire.MAX_OCTETS]
    return Outcome(exchange.question, Status.MALFORMED, _UDP, exchange.sent, trouble.mangled_at, seen, reason)


def silence(exchange: Exchange, now: datetime) -> Outcome:
    """Return the outcome of an exchange that was sent and got no answer."""
    if exchange.trouble.refused:
        return unreachable(exchange, now)
    reason = f"no answer to {exchange.attempt} queries"
    return Outcome(exchange.question, Status.TIMEOUT, _UDP, exchange.sent, reason=reason)


def unreachable(exchange: Exchange, now: datetime) -> Outcome:
    """Return the outcome of an exchange that the network or the host refused."""
    reason = os.strerror(exchange.trouble.refused) if exchange.trouble.refused else "unreachable"
    return Outcome(exchange.question, Status.UNREACHABLE, _UDP, exchange.sent, now, reason=reason)


def not_asked(question: Question, over: Transport, now: datetime) -> Outcome:
    """Return the outcome of a question that was never sent."""
    return Outcome(question, Status.NOT_ASKED, over, now, reason="the deadline came first")
