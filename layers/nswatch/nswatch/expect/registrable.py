"""What a collector's record says of whether a registered domain exists: the shape that collecting and judging share.

The values of such a view are ``there``; or ``free`` and who says so (`By`), and with the latter
``again`` where this collector has found it so in two rounds.
"""

from enum import StrEnum

ATTRIBUTE = "exists"
"""The ``qtype`` of such a view; its ``qname`` is the registered domain."""

THERE, FREE, AGAIN = "there", "free", "again"


class By(StrEnum):
    """Who says that a name is free."""

    BOTH = "dns+rdap"
    """The registry's name servers (NXDOMAIN) and its RDAP service (404)."""
    DNS = "dns"
    """The registry's name servers alone: there is no RDAP service, or it refuses to say."""
