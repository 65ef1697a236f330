"""Write on change: what a pass saw, against what one hub's record says (decision 10).

The state of a shard is the map of its standing views. A worker keeps it between passes, but believes it only while its
digest is the one that the hub holds: what happened to the hub meanwhile (an outage, another worker) wins over memory.
"""

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime

from nswatch.errors import Conflict
from nswatch.model import Heartbeat, Key, Observation, Transport, View
from nswatch.record.codec import comparable, fingerprint_of
from nswatch.record.port import Change, Fingerprint, ProbeStore

DomainViews = Mapping[str, Mapping[Key, View]]
"""Domain -> key -> what stands."""


class ShardRecorder:
    """One region's record of one shard in one hub."""

    def __init__(self, store: ProbeStore, region: str) -> None:
        self.store = store
        self._region = region
        self._views: dict[str, dict[Key, View]] = {}
        self._digest: str | None = None
        self._pass_time: datetime | None = None

    @property
    def views(self) -> DomainViews:
        """What stands in the hub, as last loaded or saved."""
        return self._views

    def load(self, domains: Iterable[str], fingerprint: Fingerprint | None) -> DomainViews:
        """Return what stands in the hub for ``domains``: from memory where the hub's digest says that it is the same.

        ``fingerprint`` is the hub's, read for this pass. Raises StoreUnavailable.
        """
        wanted = set(domains)
        if fingerprint is None or fingerprint.digest != self._digest:
            self._views = {}
        self._pass_time = None if fingerprint is None else fingerprint.heartbeat.pass_time
        for domain in wanted - self._views.keys():
            self._views[domain] = {view.key: view for view in self.store.views(self._region, domain)}
        for domain in self._views.keys() - wanted:
            del self._views[domain]
        self._digest = _digest(self._views)
        return self._views

    def save(self, observations: Sequence[Observation], heartbeat: Heartbeat) -> int:
        """Record one pass; return how many observations differed. `load` must have come first, in the same pass.

        Raises StoreUnavailable: then the hub holds part of the pass, and the next pass repeats the rest.
        """
        changes = [change for change in map(self._change, observations) if change is not None]
        self._digest = None
        self.store.write_changes(changes)
        late = self._pass_time is not None and self._pass_time >= heartbeat.pass_time
        if late:
            self._views = {}
            return len(changes)
        for change in changes:
            self._views.setdefault(change.observation.domain, {})[change.view.key] = change.view
        digest = _digest(self._views)
        try:
            self.store.write_fingerprint(Fingerprint(heartbeat, digest))
        except Conflict:
            self._views = {}
        else:
            self._digest = digest
        return len(changes)

    def _change(self, observation: Observation) -> Change | None:
        before = self._views.get(observation.domain, {}).get(observation.key)
        after = next_view(before, observation)
        if before is not None and fingerprint_of(before) == fingerprint_of(after):
            return None
        return Change(observation, after, before)


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
        )
    return view


def _digest(views: DomainViews) -> str:
    digest = hashlib.sha256()
    for domain, standing in sorted(views.items()):
        for key, view in sorted(standing.items()):
            grain = f"{domain}|{key.source}|{key.server}|{key.qname}|{key.qtype}|{fingerprint_of(view)}\n"
            digest.update(grain.encode())
    return digest.hexdigest()[:32]
