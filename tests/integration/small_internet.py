"""What the tests know of the small Internet that `conftest` starts."""

from dataclasses import dataclass
from pathlib import Path

from tests.support.knot import Knot

DOMAIN = "victim.com"
PLAIN = "plain.com"
GENUINE = ("ns-1515.awsdns-61.org", "ns-405.awsdns-50.com")
FORGED = ("ns-1515.awsdns-061.org", "ns-405.awsdns-050.com")


@dataclass
class Internet:
    """The servers by name, their common port, and the hints file that leads to the root."""

    servers: dict[str, Knot]
    addresses: dict[str, str]
    port: int
    hints: Path

    def delegate(self, *hosts: str, at: tuple[str, ...] = ("com-a", "com-b")) -> None:
        """Have some of the registry's servers give another delegation of DOMAIN; without hosts: none."""
        for name in at:
            self.servers[name].set_ns("com.", f"{DOMAIN}.", hosts)
