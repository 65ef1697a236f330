"""What several rules ask of the views that collectors wrote: two of them look at the same thing independently."""

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime, timedelta

from nswatch.model import Key, Source, View

EVENT_ACTIVE = timedelta(hours=48)
"""So long a finding of what happened once stays active."""


def newest(views: Iterable[View], source: Source, qname: str, qtype: str) -> View | None:
    """Return the view whose definite facts changed last, over regions and servers: the truth now.

    Of several that hold the same values it is one that knows what stood before: a collector that first looked late
    saw no change. None where nobody has a definite answer yet.
    """
    found = list(about(views, source, qname, qtype))
    last = max(found, key=_since, default=None)
    same = [view for view in found if values_of(view) == values_of(last)]
    return max(same, key=lambda view: (view.was is not None, *_since(view)), default=None)


def about(views: Iterable[View], source: Source, qname: str, qtype: str) -> Iterator[View]:
    """Yield the views of one attribute that have definite facts."""
    return (
        view
        for view in views
        if view.facts is not None and (view.key.source, view.key.qname, view.key.qtype) == (source, qname, qtype)
    )


def values_of(view: View | None) -> tuple[str, ...]:
    """Return the values of a view's facts; none where there is nothing."""
    return () if view is None or view.facts is None else view.facts.values


def changed_within(view: View | None, now: datetime, within: timedelta = EVENT_ACTIVE) -> bool:
    """Whether the facts replaced others, and did so less than ``within`` ago: the first facts of all are no change."""
    return view is not None and view.was is not None and now - view.first_seen < within


def ends_of(views: Sequence[View], now: datetime, within: timedelta = EVENT_ACTIVE) -> tuple[datetime, ...]:
    """Return when the changes that `changed_within` tells now cease to be told (a family's ``ends``)."""
    return tuple(view.first_seen + within for view in views if changed_within(view, now, within))


def _since(view: View) -> tuple[datetime, Key]:
    return view.first_seen, view.key
