"""The simulated Internet's state: what a scenario says at this minute, and everything it leaves to the runner.

Nothing here answers a query (`authority` and `recursive` do); this says who exists, where they live and what they
hold, as one region sees it.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from nswatch.model import Clock
from nswatch.names import is_within, normalise, registrable
from nswatch_cli.replay.addresses import AddressBook, canonical
from nswatch_cli.replay.ctlog import CtLog
from nswatch_cli.replay.domains import DomainState, read_domain
from nswatch_cli.replay.loss import PassLoss
from nswatch_cli.replay.mentions import Mentions, mapping
from nswatch_cli.replay.moments import read_moment
from nswatch_cli.replay.networks import Network, aws_ranges, read_networks
from nswatch_cli.replay.signing import window_end, window_of
from nswatch_cli.replay.suffixes import ROOT, Suffixes
from nswatch_cli.replay.text import ancestors
from nswatch_cli.replay.web import WebFacts, read_web
from nswatch_cli.replay.zones import ZoneVersion

DEFAULT_RESOLVERS = ("1.1.1.1", "8.8.8.8", "9.9.9.9")

_ALWAYS_THERE = ("cymru.com", "root-servers.net")
"""Domains that the monitor itself needs: Team Cymru's origin of an address, and the root servers' own names."""


@dataclass(frozen=True, slots=True)
class Place:
    """Who lives at one address, as one region sees it.

    ``zones`` maps the apex of each zone served there to (this server's index among the zone's, the zone version or a
    word of `domains.NOT_SERVING`; ``""`` for zones that are not watched). ``infrastructure`` is the index of a server
    of every domain that is not watched, or None.
    """

    zones: Mapping[str, tuple[int, str]]
    infrastructure: int | None = None
    resolver: bool = False


class World:
    """One scenario's world. ``state`` is the merged state at minute 0, a later one is put in place by `apply`.

    ``foreseen`` are the merged states of the later steps and ``watchlists`` all versions of the watchlist, the first
    one first: the file as a whole decides which domains exist. ``clock`` gives the virtual moment (``start`` for ever
    when absent). ``resolvers`` are addresses of recursive resolvers beside those that the file names.
    """

    def __init__(
        self,
        state: Mapping[str, Any],
        *,
        regions: Sequence[str],
        start: datetime,
        clock: Clock | None = None,
        foreseen: Iterable[Mapping[str, Any]] = (),
        watchlists: Sequence[Mapping[str, Any]] = (),
        resolvers: Iterable[str] = (),
    ) -> None:
        self.regions = tuple(regions)
        self.start = start
        self._clock = clock or (lambda: start)
        self._entries: dict[str, Mapping[str, Any]] = {}
        self._said = Mentions()
        for watchlist in watchlists:
            self._said.add_watchlist(watchlist)
            for name, entry in mapping(watchlist.get("domains")).items():
                self._entries.setdefault(normalise(str(name)), mapping(entry))
        for each in (state, *foreseen):
            self._said.add_state(each)
        self.resolvers = {*DEFAULT_RESOLVERS, *self._said.resolvers, *(canonical(a) for a in resolvers)}
        self._book = AddressBook({*self._said.addresses, *self.resolvers, *Suffixes.root_addresses()})
        self.suffixes = Suffixes(self._book, self._said)
        self._named = self._said.registrables() | set(_ALWAYS_THERE)
        self._settled: dict[str, tuple[str, ...]] = {}
        self._versions: dict[tuple[str, str, str | None], ZoneVersion] = {}
        self._domains: dict[str, DomainState] = {}
        self.loss = PassLoss()
        self.ct_log = CtLog()
        self._epoch = 0
        self.apply(state, start)

    # The state

    def apply(self, state: Mapping[str, Any], at: datetime) -> None:
        """Put the merged ``state`` of a step in place at ``at``; what lagging servers gave before stays with them."""
        self.state = state
        self.applied_at = at
        said = mapping(state.get("domains"))
        described = {normalise(str(name)): mapping(domain) for name, domain in said.items()}
        self._domains = {
            name: read_domain(name, described.get(name, {}), self._entries.get(name, {}), self._domains.get(name))
            for name in dict.fromkeys([*described, *self._entries])
        }
        self.networks = read_networks(state.get("networks"))
        self.aws = aws_ranges(self.networks)
        self._free = {normalise(str(name)) for name in state.get("free_domains") or ()}
        self._dates = {
            normalise(str(name)): read_moment(date) for name, date in mapping(state.get("registered_domains")).items()
        }
        faults = mapping(state.get("faults"))
        self.silent_regions = frozenset(str(region) for region in faults.get("silent_regions") or ())
        self.hubs_down = frozenset(str(region) for region in _listed(faults.get("hub_down")))
        self.ipv6_reachable = str(faults.get("ipv6") or "ok") != "unreachable"
        self.loss.limit = int(faults.get("udp_loss") or 0)
        for domain in self._domains.values():
            self.ct_log.record(domain.certificates, at)
        self._settle()
        self._renew()

    def goes(self, state: Mapping[str, Any]) -> bool:
        """Whether some registered name exists now, and would not in ``state``."""
        free = {normalise(str(name)) for name in state.get("free_domains") or ()}
        dates = {normalise(str(name)) for name in mapping(state.get("registered_domains"))}
        return bool(free - self._free or self._dates.keys() - dates)

    def _settle(self) -> None:
        """Fix the addresses of hosts that are seen for the first time: they do not change when glue does."""
        glue: dict[str, tuple[str, ...]] = {}
        for domain in self._domains.values():
            for host, addresses in domain.registry.glue:
                glue.setdefault(host, addresses)
        for host, addresses in glue.items():
            self._settled.setdefault(host, addresses)
        ranges = [(network.network, network.aws or "") for network in self.networks]
        for name, domain in self._domains.items():
            for host in (h for region in self.regions for h in domain.hosts(region)):
                if host not in self._settled:
                    self._settled[host] = self._in_zone(host, name) or (self._book.host(host, ranges),)

    def _in_zone(self, host: str, domain: str) -> tuple[str, ...]:
        """Return the addresses that the first version of a watched zone gives for a host inside it."""
        if not is_within(host, domain):
            return ()
        for version in self._domains[domain].zones:
            node = self.version(domain, version).node(host)
            if node:
                return tuple(r.address for kind in (1, 28) if kind in node for r in node[kind])
        return ()

    def _renew(self) -> None:
        self._epoch += 1
        now = self.now()
        self.window = window_of(now)
        later = [date for date in self._dates.values() if date > now]
        self._changes_at = min([*later, window_end(self.window)])
        self._registered = {name for name, date in self._dates.items() if date <= now}
        self._seen_alike = not any(domain.nameservers_from for domain in self._domains.values())
        self._places: dict[str, dict[str, Place]] = {}
        self._kinds: dict[str, str | None] = {}

    # Time

    def now(self) -> datetime:
        """Return the virtual moment."""
        return self._clock()

    @property
    def epoch(self) -> int:
        """A number that changes whenever an answer could: with each `apply`, registration date or signing window."""
        if self.now() >= self._changes_at:
            self._renew()
        return self._epoch

    def begin_pass(self, region: str) -> None:
        """Begin a pass of ``region``: the first N UDP replies of each pass are lost (`faults.udp_loss`)."""
        self.loss.begin(region)

    # Who exists

    @property
    def domains(self) -> Mapping[str, DomainState]:
        """The watched domains."""
        return self._domains

    def entry(self, name: str) -> Mapping[str, Any]:
        """Return the part of the first watchlist about ``name``; it says what is in order where the world does not."""
        return self._entries.get(name, {})

    def web(self, region: str, domain: str) -> WebFacts:
        """Return what the web site of the watched ``domain`` shows to ``region``."""
        return read_web(mapping(self._domains[domain].web.get(region)), self.entry(domain))

    def registered(self, name: str) -> datetime | None:
        """Return since when the registrable domain ``name`` exists (`start` less ten years: long ago), or None."""
        _ = self.epoch
        if name in self._free:
            return None
        if name in self._domains and name not in self._dates:
            return _LONG_AGO
        if name in self._said.dated:
            return self._dates[name] if name in self._registered else None
        return _LONG_AGO if name in self._named else None

    def kind(self, name: str) -> str | None:
        """Return what zone begins at ``name``: ``watched``, ``suffix``, ``infrastructure`` (any other), or None."""
        _ = self.epoch
        if name not in self._kinds:
            self._kinds[name] = self._kind(name)
        return self._kinds[name]

    def _kind(self, name: str) -> str | None:
        if name == ROOT:
            return "suffix"
        if name in self._domains:
            return None if {name, registrable(name)} & self._free else "watched"
        if self.suffixes.is_cut(name):
            return "suffix"
        own = registrable(name) == name and not self.suffixes.is_suffix(name)
        return "infrastructure" if own and self.registered(name) else None

    def cut_below(self, zone: str, name: str) -> str | None:
        """Return the topmost zone that begins below ``zone`` on the way down to ``name``."""
        wanted = ("watched",) if self.kind(zone) == "watched" else ("watched", "suffix", "infrastructure")
        for below in reversed(ancestors(name)):
            if below != zone and is_within(below, zone) and self.kind(below) in wanted:
                return below
        return None

    def parent(self, name: str) -> str:
        """Return the zone directly above ``name``."""
        return next((above for above in ancestors(name)[1:] if self.kind(above)), ROOT)

    def signed(self, zone: str) -> bool:
        """Whether a zone that is not watched is signed: suffixes are, and the parents of watched domains."""
        return self.kind(zone) == "suffix" or any(self.parent(name) == zone for name in self._domains)

    # Where they live

    def servers(self, zone: str, region: str) -> list[tuple[str, tuple[str, ...]]]:
        """Return the name servers of ``zone`` with their addresses; of a watched one, those that resolve."""
        if self.kind(zone) == "suffix":
            return self.suffixes.servers(zone)
        if self.kind(zone) == "watched":
            hosts = self._domains[zone].hosts(region)
            return [(host, self.addresses(host)) for host in hosts if self.resolves(host, region)]
        return self.suffixes.infrastructure_servers(zone)

    def resolves(self, host: str, region: str) -> bool:
        """Whether a name server's name has an address: it must be listed by some watched domain."""
        return any(domain.serves(host, region) is not None for domain in self._domains.values())

    def is_name_server(self, host: str) -> bool:
        """Whether the file names ``host`` as a name server anywhere."""
        return host in self._said.name_servers or host in self._settled

    def view(self, region: str) -> str:
        """Return ``region``, or the same for all while authoritative servers look alike from everywhere."""
        return "" if self._seen_alike else region

    def names_below(self, zone: str) -> set[str]:
        """Return the hosts that the file names at or below ``zone``."""
        return self._said.below(zone)

    def addresses(self, host: str) -> tuple[str, ...]:
        """Return the addresses that ``host`` resolves to (where it does)."""
        for domain in self._domains.values():
            if host in domain.addresses:
                return domain.addresses[host]
        fixed = self.suffixes.fixed(host) or self._settled.get(host)
        return fixed or (self._book.host(host, [(n.network, n.aws or "") for n in self.networks]),)

    def place(self, region: str, address: str) -> Place | None:
        """Return who lives at ``address``, as ``region`` sees it; None: nobody, so that nothing ever answers."""
        _ = self.epoch
        if ":" in address and not self.ipv6_reachable:
            return None
        if region not in self._places:
            self._places[region] = self._living(region)
        found = self._places[region].get(address)
        if found is not None:
            return found
        zone = self.suffixes.at(address)
        if zone is not None:
            return Place({zone[0]: (zone[1], "")})
        index = self.suffixes.infrastructure_at(address)
        return Place({}, infrastructure=index) if index is not None else None

    def _living(self, region: str) -> dict[str, Place]:
        zones: dict[str, dict[str, tuple[int, str]]] = {}
        for name, domain in self._domains.items():
            for index, host in enumerate(domain.hosts(region)):
                serves = domain.serves(host, region)
                for address in self._at(host) if serves is not None else ():
                    zones.setdefault(address, {}).setdefault(name, (index, serves or ""))
        living = {address: Place(served) for address, served in zones.items()}
        for address in self.resolvers:
            living[address] = Place(living[address].zones if address in living else {}, resolver=True)
        return living

    def _at(self, host: str) -> set[str]:
        """Return every address where ``host`` answers: its own, and what glue and zones say of it."""
        found = set(self.addresses(host)) | set(self._settled.get(host, ()) if not self._renumbered(host) else ())
        for name, domain in self._domains.items():
            for registry in {domain.registry, *domain.gives}:
                found |= set(dict(registry.glue).get(host, ()))
            if is_within(host, name):
                for version in domain.zones:
                    node = self.version(name, version).node(host) or {}
                    found |= {r.address for kind in (1, 28) if kind in node for r in node[kind]}
        return found

    def _renumbered(self, host: str) -> bool:
        return any(host in domain.addresses for domain in self._domains.values())

    # What they hold

    def version(self, domain: str, version: str) -> ZoneVersion:
        """Return a zone version's content as it is written."""
        records, key = self._domains[domain].zones[version]
        found = self._versions.get((domain, records, key))
        if found is None:
            found = self._versions[domain, records, key] = ZoneVersion(domain, records, key)
        return found

    def origin(self, address: str) -> Network | None:
        """Return the most specific network that announces ``address``."""
        return next((network for network in self.networks if network.holds(address)), None)


_LONG_AGO = datetime(2000, 1, 1, tzinfo=UTC)


def _listed(value: object) -> list[object]:
    if value is None:
        return []
    return list(value) if isinstance(value, list | tuple | set | frozenset) else [value]
