"""The comparator of one hub: what its stream brings, and what time alone brings.

The stream makes it fast, the schedule makes it sure (decision 14).
"""

import logging
from collections.abc import Callable, Iterator, Mapping, Sequence, Set
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

from nswatch.errors import DEFECTS, NswatchError, RoundIncomplete
from nswatch.expect.canary import CANARY
from nswatch.judge.vantage import SILENT_AFTER
from nswatch.model import Clock, Severity
from nswatch.record.hub_store import DynamoHubStore
from nswatch.record.keys import domain_of_probe
from nswatch.record.port import Due, DueKind, Head, RoundBriefing
from nswatch.record.recorder import CHANGES_NAMED_FOR
from nswatch.respond.groups import VANTAGE, is_domain
from nswatch.respond.look import Looker
from nswatch.respond.outbox import TELL_AGAIN_AT_LEAST, Outbox
from nswatch.respond.settle import Settler
from nswatch.respond.watch import Watch, Watcher

ROUND = timedelta(seconds=40)
"""How long a scheduled round begins new work; what is left stays due. The function's timeout leaves time to end it."""

LATE = timedelta(seconds=15)
"""A stream record that is older may tell of what is over: so often a chosen domain's delegation is looked at."""

BEFORE = timedelta(minutes=3)
"""So much earlier than a change was written the pass may have begun that saw it: passes can be late."""

Work = Sequence[tuple[str, Callable[[], None]]]

logger = logging.getLogger(__name__)


class Comparator:
    """One hub's comparator; ``ping`` tells a service outside of the account that a round has gone well."""

    def __init__(
        self,
        home: DynamoHubStore,
        looker: Looker,
        settler: Settler,
        watcher: Watcher,
        outbox: Outbox,
        regions: Sequence[str],
        ping: Callable[[], None],
        clock: Clock,
    ) -> None:
        self._home = home
        self._looker = looker
        self._settler = settler
        self._watcher = watcher
        self._outbox = outbox
        self._regions = regions
        self._ping = ping
        self._clock = clock
        self._caught: dict[str, datetime] = {}

    def look_at_domain(self, domain: str) -> None:
        """Judge one domain from this hub's record, and record and send what follows. Raises NswatchError."""
        self._settler.settle(domain, self._looker.judge)

    def look_back_at(self, domain: str, since: datetime) -> None:
        """Tell also what came and went since a moment, and was not told in time. Raises NswatchError."""
        self._settler.settle(domain, partial(self._looker.judge, since=since))

    # What the stream brings

    def on_records(self, records: Sequence[Mapping[str, Any]]) -> list[str]:
        """Judge the domains that a batch of stream records is about; return the sequence numbers that failed.

        ``records`` are Lambda's, oldest first. A domain is judged once a batch, from what the record holds by then. A
        canary that cannot be judged is not brought again: it is late then, which is what is to be known of it. Behind
        all of them comes what may have been over before these records came: it keeps no page of what stands waiting.
        """
        now = self._clock()
        first: dict[str, str] = {}
        late: dict[str, datetime] = {}
        views: set[tuple[str, str]] = set()
        canaries: dict[str, None] = {}
        for record in records:
            stream = record["dynamodb"]
            partition, sort_key = stream["Keys"]["pk"]["S"], stream["Keys"]["sk"]["S"]
            domain = domain_of_record(partition, sort_key)
            if domain == CANARY:
                region, _ = domain_of_probe(partition) or ("", "")
                canaries.setdefault(region)
            elif domain is not None:
                first.setdefault(domain, stream["SequenceNumber"])
                written = _written(stream, now)
                if now - written > LATE or (partition, sort_key) in views:
                    late[domain] = min(written, late.get(domain, written))
                views.add((partition, sort_key))
        work = [(domain, partial(self.look_at_domain, domain)) for domain in first]
        failed, _ = self._each(work)
        self._each([(region, partial(self._watcher.see_canary, region)) for region in canaries])
        back = [
            (each, partial(self.look_back_at, each, at - BEFORE)) for each, at in late.items() if each not in failed
        ]
        failed += self._each(back)[0]
        return [first[domain] for domain in failed]

    def wake(self, group: str, sort_key: str) -> None:
        """Send a message whose time has come, unless the other hub has. Raises NswatchError."""
        self._outbox.deliver(group, sort_key)

    # What time brings

    def on_schedule(self) -> None:
        """Do what time alone brings: silence, confirmation, reminders, clocks, windows, owed messages and copies.

        The monitor itself comes first, then what is owed. What fails stops nothing else; RoundIncomplete at the end
        says so. What there is no time for stays due.
        """
        now = self._clock()
        briefing = self._home.round_briefing(VANTAGE, self._regions, self._looker.shards)
        waiting_since = now
        if briefing.last_run is not None and briefing.waiting_since is not None:
            waiting_since = briefing.waiting_since if now - briefing.last_run < SILENT_AFTER else now
        passes = self._looker.passes(briefing)
        heard = {region: (at, _noticed(briefing.heard.get(region), at, now)) for region, at in passes.items()}
        self._home.comparator_ran(now, waiting_since, heard)
        if briefing.newest_version > (0 if briefing.watchlist is None else briefing.watchlist.version):
            self._looker.catch_up(now)
        watch = self._watch(briefing, heard, waiting_since, now)
        heads = {VANTAGE: briefing.head}
        failed, _ = self._each(
            [
                (group, partial(self._settler.settle, group, look, heads.get(group)))
                for group, look in watch.looks.items()
            ]
        )
        failed += [] if watch.done else ["the watch over the monitor itself"]
        if self._came_back(briefing.head):
            failed += self._look_again_at_all(now)
        away = briefing.last_run is not None and now - briefing.last_run >= SILENT_AFTER
        unseen = self._not_brought(briefing.changed, briefing.changed.keys() if away else watch.behind)
        since = (
            now - CHANGES_NAMED_FOR if briefing.last_run is None else min(now - CHANGES_NAMED_FOR, briefing.last_run)
        )
        missed, _ = self._each(
            [(domain, partial(self._catch, domain, at, since - BEFORE)) for domain, at in unseen.items()], now + ROUND
        )
        failed += missed
        due = sorted(self._due(now, back=watch.back), key=lambda each: (each.kind is not DueKind.OUTBOX, each.at))
        late, left = self._each([(each.group, partial(self._on_due, each, watch)) for each in due], now + ROUND)
        failed += late
        if left:
            logger.warning("%d of %d timers are left for the next round", left, len(due))
        if failed:
            raise RoundIncomplete(f"not done: {', '.join(dict.fromkeys(failed))}")
        if watch.sound:
            self._ping()

    def _due(self, now: datetime, *, back: bool) -> Iterator[Due]:
        """Yield what is due: where a hub is ``back``, also what would be offered to it again only later."""
        for each in self._home.due(now + TELL_AGAIN_AT_LEAST if back else now):
            if each.at <= now or each.kind in (DueKind.OUTBOX, DueKind.EVENT):
                yield each

    def _not_brought(self, changed: Mapping[str, Mapping[str, datetime]], behind: Set[str]) -> dict[str, datetime]:
        """Return the domains that a region saw change, where its records do not come: the stream is late, or broken.

        So it was while this hub was away: Lambda brings no record that is older than five minutes.

        What this worker has judged since is left out.
        """
        late: dict[str, datetime] = {}
        for region in behind:
            for domain, at in changed.get(region, {}).items():
                late[domain] = max(at, late.get(domain, at))
        self._caught = {domain: at for domain, at in self._caught.items() if domain in late}
        return {domain: at for domain, at in late.items() if self._caught.get(domain) != at}

    def _catch(self, domain: str, changed_at: datetime, since: datetime) -> None:
        self.look_at_domain(domain)
        self.look_back_at(domain, since)
        self._caught[domain] = changed_at

    def _watch(
        self,
        briefing: RoundBriefing,
        heard: Mapping[str, tuple[datetime, datetime]],
        waiting_since: datetime,
        now: datetime,
    ) -> Watch:
        try:
            return self._watcher.watch(briefing, heard, waiting_since, now)
        except (NswatchError, *DEFECTS):
            logger.exception("the monitor itself was not judged; the next round tries again")
            return Watch({}, sound=False, done=False)

    def _each(self, work: Work, until: datetime | None = None) -> tuple[list[str], int]:
        """Do the work of each group; return the groups whose work failed, and how many are left when time is up."""
        failed: list[str] = []
        for place, (group, do) in enumerate(work):
            if until is not None and self._clock() >= until:
                return failed, len(work) - place
            try:
                do()
            except (NswatchError, *DEFECTS):
                logger.exception("%s: this part failed; it comes again", group)
                failed.append(group)
        return failed, 0

    def _look_again_at_all(self, now: datetime) -> list[str]:
        """Make a timer of every open incident's domain: this round and later ones look at as many as they have time."""
        incidents = [*self._home.open_incidents(Severity.PAGE), *self._home.open_incidents(Severity.NOTICE)]
        groups = [incident.group for incident in incidents if is_domain(incident.group)]
        failed, _ = self._each([("timers", partial(self._home.touch_many, groups, now))])
        return failed

    def _came_back(self, before: Head) -> bool:
        """Whether a region that was silent reports again: what it sees unchanged brings no stream record."""
        silent = {row for row in before.open_codes if row.startswith("vantage_silent#")}
        return bool(silent) and bool(silent - self._home.head(VANTAGE).open_codes)

    def _on_due(self, due: Due, watch: Watch) -> None:
        match due.kind:
            case DueKind.OUTBOX:
                self._outbox.deliver(due.group, due.sort_key)
            case DueKind.EVENT:
                self._on_due_event(due, watch)
            case DueKind.GROUP | DueKind.EXPECTATION if is_domain(due.group):
                self.look_at_domain(due.group)

    def _on_due_event(self, due: Due, watch: Watch) -> None:
        """Fold an event that came from elsewhere, or copy one of ours that the other hub has not taken yet.

        What is about this hub itself is the other one's to keep.
        """
        found = self._home.due_event(due.group, due.sort_key)
        if found is None:
            return
        event, foreign = found
        if not foreign:
            self._settler.copy(event)
            return
        look = self._looker.judge if is_domain(due.group) else watch.looks.get(due.group)
        head = self._home.head(due.group)
        moved = event.episode != head.episode or len(self._home.events(due.group, head.episode)) != head.folded
        if look is not None and moved:
            self._settler.settle(due.group, look, head, log_moved=True)
        self._home.forget_due(due.group, due.sort_key)


def _noticed(before: tuple[datetime, datetime] | None, pass_time: datetime, now: datetime) -> datetime:
    """Return when a region's newest pass was first seen here; one that was old at the first sight counts as it says."""
    if before is not None:
        return before[1] if before[0] == pass_time else now
    return pass_time if now - pass_time >= SILENT_AFTER else now


def _written(stream: Mapping[str, Any], now: datetime) -> datetime:
    """Return when a record's item was written, to the second; ``now`` where it does not say."""
    at = stream.get("ApproximateCreationDateTime")
    return datetime.fromtimestamp(at, UTC) if isinstance(at, int | float) else now


def domain_of_record(partition: str, sort_key: str) -> str | None:
    """Return the domain that a changed item asks to be judged, or None: most items are the comparator's own."""
    if sort_key.startswith("latest#"):
        found = domain_of_probe(partition)
        return None if found is None else found[1]
    return partition.removeprefix("group#") if sort_key == "expectation" else None
