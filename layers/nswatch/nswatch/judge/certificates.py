"""`certificate_changed` and `certificate_unordered`: what is served, and what Certificate Transparency logs hold."""

from collections.abc import Mapping, Sequence
from datetime import datetime

from nswatch.judge.evidence import Evidence
from nswatch.judge.judged import Judged
from nswatch.model import Key, View


def certificates(evidence: Evidence, views: Sequence[View], doubts: Mapping[Key, datetime]) -> Judged:  # noqa: ARG001
    """Judge nothing yet."""
    return Judged()
