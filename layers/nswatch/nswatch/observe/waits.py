"""Who waits how long: lines in which everybody waits equally long, so that the first to come is the first to be due.

One timer on the event loop serves all. An answered exchange stays in its line until it is at its head, which costs less
than looking for it.
"""

import asyncio
import time
from collections import deque
from collections.abc import Callable

from nswatch.observe.exchanges import Exchange

_SLACK = 0.001
"""Seconds that a wait may end early; an event loop's timers are no more exact."""


class Waits:
    """Calls ``over`` with each exchange whose wait ended and that is not done."""

    def __init__(self, over: Callable[[Exchange], None]) -> None:
        self._over = over
        self._now: Callable[[], float] = time.monotonic
        self._loop: asyncio.AbstractEventLoop
        self._lines: dict[float, deque[tuple[float, Exchange]]] = {}
        self._next = float("inf")
        self._timer: asyncio.TimerHandle | None = None

    def open(self) -> None:
        """Use the running loop."""
        self._loop = asyncio.get_running_loop()
        self._now = self._loop.time

    def add(self, exchange: Exchange, seconds: float) -> None:
        """Let ``exchange`` wait so long from now; an earlier wait of its counts no more."""
        due = exchange.due = self._now() + seconds
        line = self._lines.get(seconds)
        if line is None:
            line = self._lines[seconds] = deque()
        while line and line[0][1].done:
            line.popleft()
        line.append((due, exchange))
        if due < self._next:
            self._schedule(due)

    def shorten(self, exchange: Exchange, seconds: float) -> None:
        """Let ``exchange`` wait no longer than so long from now."""
        if self._now() + seconds < exchange.due:
            self.add(exchange, seconds)

    def close(self) -> None:
        """Forget everybody."""
        self._lines.clear()
        self._next = float("inf")
        if self._timer is not None:
            self._timer.cancel()

    def _schedule(self, due: float) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self._next = due
        self._timer = self._loop.call_at(due, self._tick)

    def _tick(self) -> None:
        self._timer, self._next = None, float("inf")
        now = self._now() + _SLACK
        over: list[Exchange] = []
        for line in self._lines.values():
            while line and (line[0][0] <= now or line[0][1].done):
                due, exchange = line.popleft()
                if not exchange.done and exchange.due == due:
                    over.append(exchange)
        for exchange in over:
            if not exchange.done:
                self._over(exchange)
        soonest = min((line[0][0] for line in self._lines.values() if line), default=float("inf"))
        if soonest < self._next:
            self._schedule(soonest)
