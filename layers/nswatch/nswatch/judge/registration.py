"""`registration_*`, `registrar_changed`: what the registry says, against the watchlist and before."""

from collections.abc import Mapping, Sequence
from datetime import datetime

from nswatch.judge.evidence import Evidence
from nswatch.judge.judged import Judged
from nswatch.model import Key, View


def registration(evidence: Evidence, views: Sequence[View], doubts: Mapping[Key, datetime]) -> Judged:  # noqa: ARG001
    """Judge nothing yet."""
    return Judged()
