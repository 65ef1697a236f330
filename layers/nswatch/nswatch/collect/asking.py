"""Asking the sources that are due, all at once: one that fails, or takes too long, does not stop the others."""

import asyncio
import logging
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime

from nswatch.collect.port import Collected, Collecting, Subject
from nswatch.errors import DEFECTS, NswatchError

SOURCE_SECONDS = 200.0
"""A source that is not done by then brings nothing; the function's timeout leaves time to record the others."""

Brought = Mapping[str, Collected | None]
"""Source by name -> what it brought; None where it failed."""

logger = logging.getLogger(__name__)


async def ask_all(work: Iterable[tuple[Collecting, Sequence[Subject]]], at: datetime) -> Brought:
    """Ask each source about its subjects, together, and return what they bring."""
    asked = list(work)
    came = await asyncio.gather(*(_ask(source, subjects, at) for source, subjects in asked))
    return {source.name: collected for (source, _), collected in zip(asked, came, strict=True)}


async def _ask(source: Collecting, subjects: Sequence[Subject], at: datetime) -> Collected | None:
    loop = asyncio.get_running_loop()
    began = loop.time()
    try:
        async with asyncio.timeout(SOURCE_SECONDS):
            collected = await source.collect(subjects, at)
    except (NswatchError, OSError, ImportError, *DEFECTS):
        # A timeout is an OSError. What only one source needs is imported by it: the others work without.
        logger.exception("%s brought nothing about %d domains", source.name, len(subjects))
        return None
    # The dashboard's table of sources is a query over these lines.
    unknown = sum(not reading.facts.result.definite for reading in collected.readings)
    brought = {"domains": len(subjects), "readings": len(collected.readings), "unknown": unknown}
    took = {"source": source.name, "seconds": round(loop.time() - began, 1)}
    logger.info("%s was asked", source.name, extra=brought | took)
    return collected
