"""The canary: a domain that is always wrong, so that the whole path from a question to a finding shows that it works.

Below ``.invalid``, which is never delegated (RFC 6761 section 6.4), so the root's servers deny it for ever; what is
expected of it is a delegation all the same. It is in no watchlist, and nobody is told of it.
"""

from nswatch.expect.watchlist import Delegation, DomainEntry

CANARY = "nswatch-canary.invalid"
"""The domain that is asked for."""


def canary_entry() -> DomainEntry:
    """Return what is expected of the canary: a delegation that there never is."""
    return DomainEntry(CANARY, Delegation(ns=frozenset({f"ns1.{CANARY}", f"ns2.{CANARY}"})))
