"""Write on change: what a pass saw, against what one hub's record says (decision 10).

A worker keeps what stands between passes, but believes it only while the hub shows the stamp that its memory is of:
what happened to the hub meanwhile (an outage, another worker) wins over memory. Whoever changes what stands stamps it
before and after, so that not even one who dies in the middle leaves another one's memory in force.
"""

import secrets
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from nswatch.errors import Conflict
from nswatch.model import OF_DNS, Facts, Heartbeat, Key, Observation, Source, Transport, View
from nswatch.record.codec import comparable, fingerprint_of
from nswatch.record.port import Change, Fingerprint, ProbeStore

DomainViews = Mapping[str, Mapping[Key, View]]
"""Domain -> key -> what stands."""

Gone = Mapping[str, Callable[[Mapping[Key, View]], Iterable[Key]]]
"""Domain -> which of the views that stand no pass would ask for any more."""

Rotates = Mapping[str, Callable[[Key, Facts], bool]]
"""Domain -> whether an answer to a question is as good as any other of which this is true."""

ROTATION_WRITTEN_EVERY = timedelta(hours=1)
"""So old may what stands be where answers rotate: after an `apply` it is held against what is approved then."""

GONE_AFTER = 3
"""In how many passes in a row nobody would ask for a view before it is removed: a walk may miss an address once."""

FORGOTTEN_AT_ONCE = 400
"""How many views that nobody asks for any more one pass removes: a new watchlist may leave thousands."""

CHANGES_NAMED_FOR = timedelta(minutes=10)
"""So long a heartbeat names the domains that changed, for a comparator whose stream is late."""

_WRITING = "?"


class ShardRecorder:
    """One region's record of one shard, or of some domains of it, in one hub."""

    def __init__(self, store: ProbeStore, region: str) -> None:
        self.store = store
        self._region = region
        self._views: dict[str, dict[Key, View]] = {}
        self._stamp: str | None = None
        self._loaded: Fingerprint | None = None
        self._unasked: dict[tuple[str, Key], int] = {}
        self._written: dict[str, datetime] = {}
        """Domain -> the newest pass that changed it and is no heartbeat of ours: another worker's, or one aside."""

    @property
    def views(self) -> DomainViews:
        """What stands in the hub, as last loaded or saved."""
        return self._views

    def load(
        self, domains: Iterable[str], fingerprint: Fingerprint | None, beside: DomainViews | None = None
    ) -> DomainViews:
        """Return what stands in the hub for ``domains``: from memory where the hub's stamp says that it is the same.

        ``fingerprint`` is the hub's, read for this pass. What is the same ``beside``, in another hub, is held once.
        Raises StoreUnavailable.
        """
        wanted = set(domains)
        if fingerprint is None or fingerprint.stamp != self._stamp:
            self._views = {}
        self._stamp, self._loaded = None, fingerprint
        for domain, views in self.store.views_of(self._region, sorted(wanted - self._views.keys())).items():
            held = (beside or {}).get(domain, {})
            if views:
                self._written[domain] = max(view.last_seen for view in views)
            self._views[domain] = {view.key: held[view.key] if held.get(view.key) == view else view for view in views}
        for domain in self._views.keys() - wanted:
            del self._views[domain]
        self._written = {domain: at for domain, at in self._written.items() if domain in wanted}
        if fingerprint is not None and fingerprint.stamp and not fingerprint.stamp.startswith(_WRITING):
            self._stamp = fingerprint.stamp
        return self._views

    def save(
        self,
        observations: Sequence[Observation],
        heartbeat: Heartbeat,
        gone: Gone | None = None,
        rotates: Rotates | None = None,
    ) -> int:
        """Record one pass; return how many observations differed. `load` must have come first, in the same pass.

        ``gone`` is for the domains that the pass got through: what nobody asks for in `GONE_AFTER` passes is removed.
        An answer that only ``rotates`` is no change: it is written now and then.
        Raises StoreUnavailable: then the hub holds part of the pass, and the next pass repeats the rest.
        """
        changes = self._changes(observations, rotates or {})
        if self._loaded is not None and self._loaded.heartbeat.pass_time >= heartbeat.pass_time:
            self._write_aside(changes, heartbeat.shard)
            return len(changes)
        heartbeat = replace(heartbeat, changed=self._lately(changes, heartbeat))
        over_and_done = self._over_and_done(gone or {})
        over: str | None = "" if self._loaded is None else self._loaded.stamp
        stamp, self._stamp = self._stamp or _new_stamp(), None
        if changes or over_and_done:
            over, stamp = self._write(changes, over_and_done, heartbeat.shard), _new_stamp()
        if over is not None and self._conclude(Fingerprint(heartbeat, stamp), over):
            self._stamp = stamp
            return len(changes)
        self._views = {}
        if not self._conclude(Fingerprint(heartbeat, "")) and (changes or over_and_done):
            self.store.restamp(self._region, heartbeat.shard, stamp)
        return len(changes)

    def _lately(self, changes: Sequence[Change], heartbeat: Heartbeat) -> dict[str, datetime]:
        """Return which domains changed lately: by what the hub holds of the passes before, and by this one.

        Passes that are no heartbeat (short or late ones) name nothing themselves: what they wrote says when.
        """
        before = dict({} if self._loaded is None else self._loaded.heartbeat.changed)
        for domain, at in self._written.items():
            before[domain] = max(at, before.get(domain, at))
        lately = {domain: at for domain, at in before.items() if heartbeat.pass_time - at < CHANGES_NAMED_FOR}
        return lately | {change.observation.domain: heartbeat.pass_time for change in changes}

    def save_some(self, observations: Sequence[Observation], shard: int) -> int:
        """Record what a pass saw that asked only some questions, and return how many observations differed.

        It is no heartbeat, and what it did not ask goes on standing. `load` must have come first, with the domains that
        were asked. Raises StoreUnavailable.
        """
        changes = self._changes(observations, {})
        self._write_aside(changes, shard)
        return len(changes)

    def _write_aside(self, changes: Sequence[Change], shard: int) -> None:
        """Write changes, and leave the heartbeat as it is."""
        if not changes:
            return
        self._stamp = None
        for change in changes:
            domain, at = change.observation.domain, change.view.last_seen
            self._written[domain] = max(at, self._written.get(domain, at))
        over, stamp = self._write(changes, {}, shard), _new_stamp()
        if over is not None and self.store.restamp(self._region, shard, stamp) == over:
            self._stamp = stamp

    def _write(self, changes: Sequence[Change], gone: Mapping[str, Sequence[Key]], shard: int) -> str | None:
        """Write changes, and return the stamp that is then on what stands.

        None where memory is of no use afterwards: somebody else wrote since it was loaded, or newer views stood.
        """
        over = _WRITING + _new_stamp()
        before = self.store.restamp(self._region, shard, over)
        undisturbed = before == (None if self._loaded is None else self._loaded.stamp)
        stand = self.store.write_changes(changes)
        for change in changes:
            self._views.setdefault(change.observation.domain, {})[change.view.key] = change.view
        for domain, keys in gone.items():
            self.store.forget(self._region, domain, keys)
            for key in keys:
                del self._views[domain][key]
        return over if undisturbed and stand else None

    def _conclude(self, fingerprint: Fingerprint, over: str | None = None) -> bool:
        try:
            self.store.write_fingerprint(fingerprint, over)
        except Conflict:
            return False
        return True

    def _over_and_done(self, gone: Gone) -> dict[str, list[Key]]:
        """Return what to remove, by domain; what is too much for one pass is left to later ones."""
        unasked = {
            (domain, key): self._unasked.get((domain, key), 0) + 1
            for domain, of in gone.items()
            for key in of(self._views.get(domain, {}))
        }
        found: dict[str, list[Key]] = {}
        for domain, key in [each for each, passes in unasked.items() if passes >= GONE_AFTER][:FORGOTTEN_AT_ONCE]:
            found.setdefault(domain, []).append(key)
        self._unasked = unasked
        return found

    def _changes(self, observations: Iterable[Observation], rotates: Rotates) -> list[Change]:
        changes = []
        for observation in observations:
            before = self._views.get(observation.domain, {}).get(observation.key)
            if before is not None and is_repeated(before, observation):
                continue
            after = next_view(before, observation)
            if before is not None and fingerprint_of(before) == fingerprint_of(after):
                continue
            if before is None or not _only_rotates(before, after, rotates.get(observation.domain)):
                changes.append(Change(observation, after, before))
        return changes


def is_repeated(before: View, observation: Observation) -> bool:
    """Whether an observation is word for word what stands, which nearly all are; False decides nothing."""
    facts = observation.facts
    if before.result is not facts.result or before.transport not in (Transport.TCP, observation.transport):
        return False
    if before.facts is None or not facts.result.definite:
        return before.facts is not None
    if observation.key.source is Source.RECURSIVE:
        facts = replace(facts, ttl=before.facts.ttl)  # it counts down, and says nothing
    return before.facts == facts


def _only_rotates(before: View, after: View, rotates: Callable[[Key, Facts], bool] | None) -> bool:
    """Whether two answers differ in nothing but which of several equally good values they hold, and the old is recent.

    The TTL is no such difference, nor is the way by which a server came to its answer.
    """
    old, new = before.facts, after.facts
    if rotates is None or old is None or new is None or before.result is not after.result:
        return False
    if after.last_seen - before.last_seen >= ROTATION_WRITTEN_EVERY:
        return False
    key = before.key
    same = comparable(replace(old, values=()), key.source) == comparable(replace(new, values=()), key.source)
    return same and rotates(key, old) and rotates(key, new)


def _new_stamp() -> str:
    return secrets.token_hex(8)


def next_view(before: View | None, observation: Observation) -> View:
    """Return what stands after an observation.

    An unknown result does not replace the last definite facts, and what TCP has confirmed once stays confirmed.
    """
    facts, at = observation.facts, observation.received or observation.sent
    same_result = before is not None and before.result is facts.result
    view = View(
        key=observation.key,
        server_name=observation.server_name,
        facts=facts if facts.result.definite else None,
        transport=observation.transport,
        first_seen=at,
        first_pass=observation.pass_time,
        last_seen=observation.pass_time,
        result=facts.result,
        result_since=before.result_since if before is not None and same_result else at,
    )
    if before is None or before.facts is None:
        return view
    source = observation.key.source
    kept = not facts.result.definite or comparable(before.facts, source) == comparable(facts, source)
    if kept:
        confirmed = observation.transport if facts.result.definite else before.transport
        return replace(
            view,
            facts=before.facts,
            transport=Transport.TCP if Transport.TCP in (before.transport, confirmed) else before.transport,
            first_seen=before.first_seen,
            first_pass=before.first_pass,
            was=before.was,
        )
    return view if source in OF_DNS else replace(view, was=before.facts.values)
