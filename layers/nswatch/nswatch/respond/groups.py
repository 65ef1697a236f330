"""What an incident can be about: a watched domain, the monitor's regions, or the other hub.

A group's name is part of its incidents' ids (``example.com-1``, ``vantage-1``, ``hub/eu-west-1-1``). A domain's name
holds no slash, so that none can be taken for a hub's.
"""

VANTAGE = "vantage"
"""The group of the incidents that are about the monitor's own regions. Both hubs share it, as they share a domain."""

_HUB = "hub/"


def hub_group(hub: str) -> str:
    """Return the group of the incidents about a hub. The other hub alone holds it, and tells of it."""
    return f"{_HUB}{hub}"


def is_of_hub(group: str) -> bool:
    """Whether a group is about a hub."""
    return group.startswith(_HUB)


def is_domain(group: str) -> bool:
    """Whether a group is a watched domain."""
    return group != VANTAGE and not is_of_hub(group)
