"""An event loop whose clock skips waiting: four days of passes take as long as the work in them.

The clock stands still while there is anything to do (a callback that is ready, a socket that is readable, a thread
that works) and jumps to the next timer when there is not. Both ends of every socket must be in this process, or in a
thread that the loop started: the clock does not wait for a machine outside.
"""

import asyncio
import selectors
from asyncio import AbstractEventLoop, Future
from collections.abc import Callable
from concurrent.futures import Executor
from datetime import datetime, timedelta
from typing import Any, TypeVar, TypeVarTuple, Unpack

GRACE = 0.0005
"""Real seconds to wait for the kernel when something may still be on its way between two sockets of this process."""

_SMALLEST_JUMP = 1e-6
"""Seconds; less than this would be lost beside a century of them."""


_Arguments = TypeVarTuple("_Arguments")
_Result = TypeVar("_Result")


class _JumpingSelector(selectors.DefaultSelector):
    """Waits by moving the virtual clock. `traffic` says that a socket was used since the last jump."""

    def __init__(self) -> None:
        super().__init__()
        self.elapsed = 0.0
        self.working = 0
        self.traffic = False

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        ready = super().select(0)
        if not ready and (timeout is None or timeout > 0):
            ready = self._wait(timeout)
        if ready:
            self.traffic = True
        return ready

    def _wait(self, timeout: float | None) -> list[tuple[selectors.SelectorKey, int]]:
        if self.working or timeout is None:
            # A thread ends in real time, and with no timer there is nothing to jump to: wait for a wake-up.
            return super().select(None)
        if self.traffic:
            ready = super().select(GRACE)
            if ready:
                return ready
            self.traffic = False
        self.elapsed += max(timeout, _SMALLEST_JUMP)
        return []


class VirtualTimeLoop(asyncio.SelectorEventLoop):
    """A selector event loop that begins at ``start`` (aware, UTC) and never waits for a timer.

    `time()` counts virtual seconds since ``start``; `now()` is the same moment as a datetime. Pass `now` wherever a
    `Clock` is wanted.
    """

    def __init__(self, start: datetime) -> None:
        self._jumping = _JumpingSelector()
        self._start = start
        super().__init__(self._jumping)
        # A timer is due within this much. asyncio's own nanosecond is lost in a float after half a year of seconds, and
        # a timer that is due now would then never run.
        self._clock_resolution = _SMALLEST_JUMP
        if start.tzinfo is None:
            self.close()
            raise ValueError("a virtual clock starts at an aware moment (UTC)")

    def time(self) -> float:
        """Return virtual seconds since the start."""
        return self._jumping.elapsed

    def now(self) -> datetime:
        """Return the virtual moment, to the microsecond."""
        return self._start + timedelta(seconds=self._jumping.elapsed)

    def jump_to(self, moment: datetime) -> None:
        """Move the clock to ``moment`` between two runs; timers that fell due meanwhile run first in the next one.

        Raises ValueError when ``moment`` is past already.
        """
        elapsed = (moment - self._start).total_seconds()
        if elapsed < self._jumping.elapsed - _SMALLEST_JUMP:
            raise ValueError(f"the virtual clock is at {self.now().isoformat()}; it does not go back to {moment}")
        self._jumping.elapsed = max(elapsed, self._jumping.elapsed)

    def expect_traffic(self) -> None:
        """Give the kernel a moment before the next jump: somebody is about to send to a socket of this process."""
        self._jumping.traffic = True

    def run_in_executor(
        self, executor: Executor | None, func: Callable[[Unpack[_Arguments]], _Result], *args: *_Arguments
    ) -> Future[_Result]:
        """Run ``func`` in a thread; the clock stands still until it has returned."""
        self._jumping.working += 1
        try:
            future = super().run_in_executor(executor, func, *args)
        except BaseException:
            self._jumping.working -= 1
            raise
        future.add_done_callback(self._worked)
        return future

    def _worked(self, _: "Future[Any]") -> None:
        self._jumping.working -= 1

    async def shutdown_default_executor(self, *args: Any, **kwargs: Any) -> None:
        """Join the threads in real time (asyncio guards this with a timer, which must not be jumped to)."""
        self._jumping.working += 1
        try:
            await super().shutdown_default_executor(*args, **kwargs)
        finally:
            self._jumping.working -= 1


def virtual_loop(start: datetime) -> Callable[[], AbstractEventLoop]:
    """Return a loop factory for `asyncio.Runner`."""
    return lambda: VirtualTimeLoop(start)
