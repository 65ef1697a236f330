"""`nameserver_lookalike_registered` and `nameserver_domain_available`: what can be seen before the attack."""

from collections.abc import Mapping, Sequence
from datetime import datetime

from nswatch.judge.evidence import Evidence
from nswatch.judge.judged import Judged
from nswatch.model import Key, View


def candidates(evidence: Evidence, views: Sequence[View], doubts: Mapping[Key, datetime]) -> Judged:  # noqa: ARG001
    """Judge nothing yet."""
    return Judged()
