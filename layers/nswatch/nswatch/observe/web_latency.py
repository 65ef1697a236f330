"""How long a region waits for a web site, and whether that has become much longer: pure, from one pass to the next.

A region's median over five passes is compared with the one over the five passes before these. What is kept between
passes is two short things: the last ten samples, which travel in the heartbeat, and the values that stand in the view
while the median is shifted, with the former median as it was then.
"""

from collections.abc import Sequence
from statistics import median

from nswatch.expect.web import fields_of
from nswatch.model import Facts, Result

PASSES = 5
"""Over so many passes a median is taken: two slow ones in a row shift nothing."""

KEPT = 2 * PASSES
"""How many samples are kept."""

_TIMES, _MORE = 2, 50
"""A median over twice the former one plus 50 ms is shifted."""

NOT_SHIFTED = ("shifted=no",)


def with_sample(kept: Sequence[int], sample: int) -> tuple[int, ...]:
    """Return the samples (whole milliseconds, the oldest first) with a new one."""
    return (*kept[-(KEPT - 1) :], sample)


def judged(kept: Sequence[int], standing: Facts | None) -> Facts:
    """Return what is to stand after the last sample of ``kept`` (at least one), when ``standing`` stood before it.

    The values are ``shifted=no``, or ``shifted=yes``, ``former=MS`` and ``median=MS``, which stay as they were when it
    shifted. Until ten passes were made the first sample stands for those that are missing.
    """
    window = [*[kept[0]] * (KEPT - len(kept)), *kept]
    now, before = int(median(window[PASSES:])), int(median(window[:PASSES]))
    frozen = _frozen(standing)
    former = before if frozen is None else frozen
    if now <= _TIMES * former + _MORE:
        return Facts(Result.ANSWER, NOT_SHIFTED)
    if frozen is not None and standing is not None:
        return Facts(Result.ANSWER, standing.values)
    return Facts(Result.ANSWER, ("shifted=yes", f"former={former}", f"median={now}"))


def _frozen(standing: Facts | None) -> int | None:
    said = fields_of(standing)
    former = said.get("former", "")
    return int(former) if said.get("shifted") == "yes" and former.isascii() and former.isdigit() else None
