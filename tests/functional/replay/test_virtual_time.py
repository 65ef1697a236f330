"""The event loop that skips waiting."""

import asyncio
import socket
import threading
import time
from collections.abc import Coroutine
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar

import pytest

from nswatch_cli.replay.virtualtime import VirtualTimeLoop, virtual_loop

START = datetime(2020, 5, 30, 15, 5, tzinfo=UTC)
T = TypeVar("T")


def run(work: Coroutine[Any, Any, T]) -> T:
    with asyncio.Runner(loop_factory=virtual_loop(START)) as runner:
        return runner.run(work)


def clock() -> datetime:
    loop = asyncio.get_running_loop()
    assert isinstance(loop, VirtualTimeLoop)
    return loop.now()


def test_days_pass_in_no_time_when_everybody_sleeps() -> None:
    async def sleep() -> list[datetime]:
        seen = []
        for _ in range(3):
            await asyncio.sleep(86400)
            seen.append(clock())
        return seen

    begun = time.monotonic()
    assert run(sleep()) == [START + timedelta(days=day) for day in (1, 2, 3)]
    assert time.monotonic() - begun < 0.5


def test_timers_fire_in_order_and_at_their_times() -> None:
    async def race() -> list[tuple[str, float]]:
        loop, seen = asyncio.get_running_loop(), list[tuple[str, float]]()

        async def one(name: str, seconds: float) -> None:
            await asyncio.sleep(seconds)
            seen.append((name, round(loop.time(), 3)))

        await asyncio.gather(one("c", 3600), one("a", 0.001), one("b", 60))
        return seen

    assert run(race()) == [("a", 0.001), ("b", 60), ("c", 3600)]


def test_the_clock_stands_still_while_sockets_of_this_process_talk() -> None:
    async def talk() -> float:
        loop = asyncio.get_running_loop()

        async def echo(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            while data := await reader.read(100):
                writer.write(data)
            writer.close()

        server = await asyncio.start_server(echo, "127.0.0.1", 0)
        async with server, asyncio.timeout(1):
            reader, writer = await asyncio.open_connection(*server.sockets[0].getsockname())
            for number in range(100):
                writer.write(b"%d" % number)
                assert await reader.read(100) == b"%d" % number
            writer.close()
            await writer.wait_closed()
        return loop.time()

    assert run(talk()) < 0.1


def test_the_clock_stands_still_while_a_thread_works_and_does_not_miss_its_end() -> None:
    def slowly() -> str:
        time.sleep(0.05)
        return threading.current_thread().name

    async def work() -> tuple[str, float]:
        async with asyncio.timeout(1):
            result = await asyncio.to_thread(slowly)
        return result, asyncio.get_running_loop().time()

    name, elapsed = run(work())
    assert name.startswith("asyncio_")
    assert elapsed < 0.1


def test_a_timeout_ends_the_wait_for_a_socket_that_stays_silent_in_milliseconds() -> None:
    async def wait() -> float:
        loop = asyncio.get_running_loop()
        here, there = socket.socketpair()
        with here, there:
            here.setblocking(False)
            with pytest.raises(TimeoutError):
                async with asyncio.timeout(10):
                    await loop.sock_recv(here, 1)
        return loop.time()

    begun = time.monotonic()
    assert run(wait()) == pytest.approx(10)
    assert time.monotonic() - begun < 0.5


def test_jump_to_moves_the_clock_between_runs_and_due_timers_run_then() -> None:
    loop = VirtualTimeLoop(START)
    seen: list[datetime] = []
    loop.call_later(60, lambda: seen.append(loop.now()))
    loop.jump_to(START + timedelta(hours=1))
    loop.run_until_complete(asyncio.sleep(0.001))
    loop.close()
    assert seen == [START + timedelta(hours=1)]


def test_jump_to_refuses_to_go_back() -> None:
    loop = VirtualTimeLoop(START)
    loop.jump_to(START)
    with pytest.raises(ValueError, match="does not go back"):
        loop.jump_to(START - timedelta(seconds=1))
    loop.close()


def test_a_virtual_clock_needs_an_aware_start() -> None:
    with pytest.raises(ValueError, match="aware"):
        VirtualTimeLoop(datetime(2020, 1, 1))  # noqa: DTZ001


def test_short_waits_end_when_the_clock_is_far_along() -> None:
    loop = VirtualTimeLoop(START)
    loop.jump_to(START + timedelta(days=36500))
    loop.run_until_complete(asyncio.sleep(1e-9))
    loop.close()
