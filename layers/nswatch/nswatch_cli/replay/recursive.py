"""Recursive resolvers: what their caches hold where a scenario says so, else what the current delegation leads to."""

from dataclasses import dataclass

import dns.rcode
from dns.rdatatype import RdataType

from nswatch.names import is_within, registrable
from nswatch_cli.replay.domains import NOT_SERVING
from nswatch_cli.replay.reply import Replies, Reply
from nswatch_cli.replay.suffixes import ROOT
from nswatch_cli.replay.text import ancestors
from nswatch_cli.replay.world import World

_ALIASES = 8


@dataclass(slots=True)
class _Path:
    """The zone that a resolver comes to for a name, in which version, and whether the chain to it is secure."""

    zone: str = ROOT
    version: str = ""
    secure: bool = True
    failed: bool = False
    silent: bool = False


class Resolvers:
    """Answers for every resolver of one world."""

    def __init__(self, world: World, replies: Replies) -> None:
        self._world = world
        self._replies = replies

    def answer(
        self,
        region: str,
        address: str,
        qname: str,
        qtype: RdataType,
        *,
        dnssec: bool,
        checking_disabled: bool,
    ) -> tuple[Reply, bool] | None:
        """Return the answer and whether it is authenticated (AD); None for silence (the resolver times out)."""
        whole, secure, name = Reply(), True, qname
        for _ in range(_ALIASES):
            path = self._path(region, address, name, qtype, checking_disabled)
            if path.silent:
                return None
            if path.failed:
                return Reply(rcode=dns.rcode.SERVFAIL), False
            found = self._replies.authoritative(region, path.zone, path.version, 0, name, qtype, dnssec=dnssec)
            whole.rcode, secure = found.rcode, secure and path.secure
            whole.answer += found.answer
            whole.authority = found.authority if found.rcode != dns.rcode.NOERROR or not found.answer else []
            if not found.authoritative:
                # A delegation inside a zone version: nobody serves what lies below it.
                return Reply(rcode=dns.rcode.SERVFAIL), False
            if found.target is None:
                return whole, secure
            name = found.target
        return Reply(rcode=dns.rcode.SERVFAIL), False

    def _path(self, region: str, address: str, qname: str, qtype: RdataType, checking_disabled: bool) -> _Path:
        sought = qname
        if qtype == RdataType.DS and self._world.kind(qname) and qname != ROOT:
            # A DS RRset is the parent's data (RFC 4035 section 3.1.4.1).
            sought = self._world.parent(qname)
        path = _Path()
        cached = self._deepest_cache(region, address, sought)
        if cached is not None:
            return self._enter(path, region, address, cached, checking_disabled)
        while not path.failed and not path.silent:
            cut = self._world.cut_below(path.zone, sought)
            if cut is None:
                return path
            if self._world.kind(cut) == "watched":
                given = self._replies.delegation(cut, 0)
                if given.rcode == "NXDOMAIN" or (given.rcode == "NOERROR" and not given.ns):
                    return path
                path = self._enter(path, region, address, cut, checking_disabled)
            else:
                path.zone, path.version = cut, ""
                path.secure = path.secure and self._world.signed(cut)
        return path

    def _deepest_cache(self, region: str, address: str, qname: str) -> str | None:
        """Return the nearest watched domain above ``qname`` of which the scenario says what this resolver does."""
        for name in ancestors(qname):
            domain = self._world.domains.get(name)
            if domain is not None:
                return name if address in domain.resolvers.get(region, {}) else None
        return None

    def _enter(self, path: _Path, region: str, address: str, domain: str, checking_disabled: bool) -> _Path:
        state = self._world.domains[domain]
        holds = state.resolvers.get(region, {}).get(address)
        path.zone = domain
        if holds is not None and holds in state.zones:
            path.version = holds
            path.secure = self._secure(domain, holds) is True
            return path
        if holds == "timeout":
            path.silent = True
            return path
        versions = self._current_versions(domain, region)
        if holds == "servfail" or not versions or (holds == "bogus" and not checking_disabled):
            path.failed = True
            return path
        path.version = versions[0]
        if path.secure and not checking_disabled:
            # Whose answer does not validate is passed over while another server is left.
            path.version = next((each for each in versions if self._secure(domain, each) is not False), versions[0])
        valid = self._secure(domain, path.version)
        if path.secure and valid is False and not checking_disabled:
            path.failed = True
        path.secure = path.secure and valid is True and holds != "bogus"
        return path

    def _secure(self, domain: str, version: str) -> bool | None:
        """Whether a zone version validates under the parent's current DS: True, False (bogus), None (insecure)."""
        state = self._world.domains[domain]
        return None if not state.gives[0].ds else state.zones[version][1] in state.gives[0].ds

    def _current_versions(self, domain: str, region: str) -> list[str]:
        """Return the zone versions which somebody in ``region`` reaches who follows the delegation, by host."""
        state = self._world.domains[domain]
        glue = dict(state.gives[0].glue)
        return [
            serves
            for host in state.gives[0].hosts
            if (serves := state.serves(host, region)) is not None
            and serves not in NOT_SERVING
            and serves in state.zones
            and (host in glue or is_within(host, domain) or self._world.kind(registrable(host)) is not None)
        ]
