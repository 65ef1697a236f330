"""The errors of our own machinery.

What a name server does (NXDOMAIN, REFUSED, a timeout) is an observation, never an exception. An exception means that
nswatch itself could not do its work; all of them share one root, so that an edge (a handler, the command line) can
tell our failures from bugs.
"""

from collections.abc import Mapping
from typing import Any


class NswatchError(Exception):
    """Root of the errors that nswatch raises on purpose."""


class InvalidName(NswatchError):
    """A text is not a domain name (RFC 1035 section 2.3.4, IDNA 2008)."""


class InvalidDocument(NswatchError):
    """A watchlist or scenario is refused; ``problems`` holds every reason, each with a readable ``str``."""

    def __init__(self, *problems: object) -> None:
        super().__init__("\n".join(str(problem) for problem in problems))
        self.problems = problems


class StoreUnavailable(NswatchError):
    """A hub's table took no call (unreachable, throttled for longer than our patience, or refused)."""


class Conflict(NswatchError):
    """A conditional write lost against a concurrent writer; read again and decide again.

    ``stands`` is the item as it is, where an update was refused and the hub says it.
    """

    def __init__(self, text: str, stands: Mapping[str, Any] | None = None) -> None:
        super().__init__(text)
        self.stands = stands


class DeliveryFailed(NswatchError):
    """A topic did not take a message, or (``perhaps_sent``) did not say whether it has."""

    def __init__(self, text: str, *, perhaps_sent: bool = False) -> None:
        super().__init__(text)
        self.perhaps_sent = perhaps_sent


class RoundIncomplete(NswatchError):
    """A comparator's scheduled round left something undone: each failure is in the log, all else was done."""


DEFECTS = (ArithmeticError, AssertionError, AttributeError, LookupError, TypeError, ValueError)
"""What a mistake of our own raises. Caught only where one domain's must not stop the others, and always logged."""


class InvalidEvent(NswatchError):
    """A function was started with an event that is not one of its own."""
