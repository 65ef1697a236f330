"""`trail_silent`: what hears CloudTrail does not report, or hears nothing any more.

Only what was there once is missed. An account without a trail is never heard, and nobody need be told of that.
"""

from collections.abc import Mapping
from datetime import datetime

from nswatch.model import Finding, Severity
from nswatch.moments import iso
from nswatch.trail import GAP


def trail_silent(
    region: str, reported: datetime, heard: Mapping[str, datetime], waiting_since: datetime, now: datetime, *, was: bool
) -> list[Finding]:
    """Return whether nobody knows any more who changes what in the account.

    ``reported`` is when the function in ``region`` last said that it runs, ``heard`` the newest call that came, by
    service (absent where none ever did): each is missed after `GAP`, for which alerts go on believing that CloudTrail
    is heard. ``waiting_since`` is when this hub last began to listen; what ``was`` silent stays so until it is heard.
    """
    moments = {"no report": reported, **{f"no call to {service}": at for service, at in sorted(heard.items())}}
    missed = {what: at for what, at in moments.items() if now - (at if was else max(at, waiting_since)) >= GAP}
    if not missed:
        return []
    what, since = next(iter(missed.items()))
    return [
        Finding(
            code="trail_silent",
            subject=region,
            severity=Severity.NOTICE,
            expected=("calls of its own every ten minutes",),
            seen=(f"{what} since {iso(since)}",),
            since=since + GAP,
            detail={"last": iso(since), "reports": reported not in missed.values()},
        )
    ]
