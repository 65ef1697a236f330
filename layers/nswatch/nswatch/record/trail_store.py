"""What CloudTrail told of an account's changes, in one hub: one item a call, and how it is heard."""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, fields, replace
from datetime import datetime, timedelta
from itertools import islice

from nswatch.errors import Conflict
from nswatch.moments import iso, parse_iso
from nswatch.record.codec import canonical_json, readable
from nswatch.record.dynamodb import Item, Table
from nswatch.record.keys import TRAIL, call_sk, heard_sk, owed_sk, trail_pk
from nswatch.trail import GAP, Account, Call, Heard

KEPT = timedelta(days=90)
"""As long as CloudTrail's own event history."""

MOST_READ = 200
_FIELDS = frozenset(each.name for each in fields(Call))
"""What is read of a call: a later release may write more."""

REPORT = "report"


@dataclass(frozen=True, slots=True)
class TrailReport:
    """What the function that hears CloudTrail says of itself; ``dead_letters`` None: nobody could ask."""

    region: str
    at: datetime
    dead_letters: int | None


class DynamoTrail:
    """One hub's record of what CloudTrail told. Every method raises StoreUnavailable when the hub takes no call."""

    def __init__(self, table: Table) -> None:
        self._table = table
        self.hub = table.region

    def keep(self, call: Call) -> None:
        """Write a call under each of its subjects; one that comes twice is written over itself."""
        document = _document(call)
        for subject in call.subjects:
            item = {"pk": trail_pk(subject), "sk": call_sk(call.at, call.id), "call": document}
            self._table.put(item | {"expires": int((call.at + KEPT).timestamp())})

    def owe(self, hub: str, call: Call) -> None:
        """Remember a call that another ``hub`` did not take."""
        item = {"pk": TRAIL, "sk": owed_sk(hub, call.at, call.id), "call": _document(call)}
        self._table.put(item | {"expires": int((call.at + KEPT).timestamp())})

    def owed(self, hub: str) -> tuple[Call, ...]:
        """Return the calls that ``hub`` has still to be given, the oldest first, so many as one turn takes."""
        items = (item for item in self._table.query(TRAIL, owed_sk(hub)) if "call" in item)
        return tuple(readable(islice(items, MOST_READ), _call_from_item))

    def paid(self, hub: str, call: Call) -> None:
        """Forget what was owed: nothing of it may be deleted by this role, so it is emptied and expires."""
        item = {"pk": TRAIL, "sk": owed_sk(hub, call.at, call.id)}
        self._table.put(item | {"expires": int(call.at.timestamp())})

    def hear(self, service: str, at: datetime) -> None:
        """Note that a service's call of this moment came; one older than what was heard already changes nothing."""
        before = self.heard().get(service)
        if before is not None and at <= before.at:
            return
        since = at if before is None or at - before.at > GAP else before.since
        item = {"pk": TRAIL, "sk": heard_sk(service), "at": iso(at), "since": iso(since)}
        try:
            self._table.put(item, "attribute_not_exists(pk) OR #at < :at", {":at": iso(at)}, {"#at": "at"})
        except Conflict:
            return

    def write_report(self, report: TrailReport) -> None:
        """Record what the function says of itself."""
        item = {"pk": TRAIL, "sk": REPORT, "at": iso(report.at), "region": report.region}
        self._table.put(item | ({} if report.dead_letters is None else {"dead_letters": report.dead_letters}))

    def heard(self) -> dict[str, Heard]:
        """Return how each service is heard that ever was."""
        return dict(readable(self._table.query(TRAIL, heard_sk()), heard_from_item))

    def account(self, subjects: Sequence[str], since: datetime, until: datetime) -> Account | None:
        """Return the calls filed under ``subjects`` in some time; None where CloudTrail was never heard."""
        heard = self.heard()
        if not heard:
            return None
        calls: dict[str, Call] = {}
        complete = True
        for subject in subjects:
            items = self._table.newest(trail_pk(subject), call_sk(since), call_sk(until))
            found = list(readable(islice(items, MOST_READ), _call_from_item))
            complete = complete and len(found) < MOST_READ
            calls |= {call.id: call for call in found}
        newest = sorted(calls.values(), key=lambda call: (call.at, call.id), reverse=True)
        return Account(tuple(newest), heard, complete)


def _document(call: Call) -> str:
    return canonical_json(asdict(call) | {"at": iso(call.at)})


def heard_from_item(item: Item) -> tuple[str, Heard]:
    """Return which service an item is of, and how it is heard."""
    return item["sk"].partition("#")[2], Heard(parse_iso(item["at"]), parse_iso(item["since"]))


def trail_report_from_item(item: Item) -> TrailReport:
    """Return what the function that hears CloudTrail said of itself, as an item says."""
    letters = item.get("dead_letters")
    return TrailReport(item["region"], parse_iso(item["at"]), None if letters is None else int(letters))


def _call_from_item(item: Item) -> Call:
    document = {key: value for key, value in json.loads(item["call"]).items() if key in _FIELDS}
    records = tuple((action, name, type_) for action, name, type_ in document["records"])
    servers = tuple(document.get("servers", ()))
    return replace(Call(**document), at=parse_iso(document["at"]), records=records, servers=servers)
