"""Who may be on the way: so many to one server, and so many together.

A question takes a place at its server first and then one in the window, so that a slow server holds no place of others.
Questions over TCP take only the first; those of one batch that get theirs together share a connection.
"""

from collections import deque
from collections.abc import Callable

from nswatch.observe.exchanges import Exchange, Lane


class Places:
    """Gives places; ``start`` sends an exchange over UDP, ``converse`` asks some of one lane over TCP."""

    def __init__(
        self,
        window: int,
        per_server: int,
        start: Callable[[Exchange], None],
        converse: Callable[[list[Exchange]], None],
    ) -> None:
        self._window = window
        self._per_server = per_server
        self._start = start
        self._converse = converse
        self._queue: deque[Exchange] = deque()
        """Those that have a place at their server and none in the window yet."""
        self._in_flight = 0
        self._filling = False

    def join(self, exchange: Exchange) -> bool:
        """Line an exchange up; False when its lane is to be admitted to (`admit`) before anything is filled."""
        lane = exchange.lane
        if exchange.tcp or lane.waiting or lane.in_flight >= self._per_server:
            lane.waiting.append(exchange)
            return False
        lane.in_flight += 1
        self._queue.append(exchange)
        return True

    def admit(self, lane: Lane) -> None:
        """Give free places at a server to those that wait for one."""
        together: list[Exchange] = []
        while lane.waiting and lane.in_flight < self._per_server:
            exchange = lane.waiting.popleft()
            if exchange.done:
                continue
            lane.in_flight += 1
            if not exchange.tcp:
                self._queue.append(exchange)
                continue
            if together and together[0].batch is not exchange.batch:
                self._converse(together)
                together = []
            together.append(exchange)
        if together:
            self._converse(together)

    def fill(self) -> None:
        """Start what has a place; what that ends at once makes room for more, hence the guard."""
        if self._filling:
            return
        self._filling = True
        try:
            while self._queue and self._in_flight < self._window:
                exchange = self._queue.popleft()
                if exchange.done:
                    self.leave_server(exchange.lane)
                else:
                    self._in_flight += 1
                    self._start(exchange)
        finally:
            self._filling = False

    def leave_window(self) -> None:
        """Take back a place in the window."""
        self._in_flight -= 1

    def leave_server(self, lane: Lane, places: int = 1) -> None:
        """Take back places at a server."""
        lane.in_flight -= places
        if lane.waiting:
            self.admit(lane)
