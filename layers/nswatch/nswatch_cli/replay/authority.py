"""The far end's answer to one query message: bytes in, bytes or silence out."""

from functools import lru_cache

import dns.exception
import dns.flags
import dns.message
import dns.opcode
import dns.rcode
import dns.rdataclass
from dns.rdatatype import RdataType

from nswatch.model import Transport
from nswatch.names import is_within
from nswatch_cli.replay.contents import Contents
from nswatch_cli.replay.denial import Denials, denial, wire_of
from nswatch_cli.replay.domains import NOT_SERVING
from nswatch_cli.replay.recursive import Resolvers
from nswatch_cli.replay.reply import EDNS_PAYLOAD, Replies, Reply
from nswatch_cli.replay.text import ancestors, to_text
from nswatch_cli.replay.world import Place, World

_PLAIN_PAYLOAD = 512
_HEADER = 12
_REMEMBERED = 20000


class FarEnd:
    """Answers queries to any address of one world; remembers answers until the world changes."""

    def __init__(self, world: World) -> None:
        self.world = world
        self._contents = Contents(world)
        self._replies = Replies(world, self._contents)
        self._resolvers = Resolvers(world, self._replies)
        self._remembered: dict[tuple[str, str, Transport, bytes], bytes | None] = {}
        self._rendered: dict[tuple[Reply, Transport, bytes], bytes] = {}
        self._denials = Denials(world)
        self._denied: dict[str, bytes] = {}
        self._epoch = world.epoch

    def answer(self, region: str, server: str, query: bytes, transport: Transport) -> bytes | None:
        """Return the response message (RFC 1035) of the server at address ``server``, or None: it stays silent."""
        if self._epoch != self.world.epoch or len(self._remembered) > _REMEMBERED:
            self._epoch = self.world.epoch
            self._remembered.clear()
            self._rendered.clear()
        # Clients mix letter case (0x20): answer the lower-case question, and give it back in the letters it came in.
        # Names in the answer are compressed to pointers at the question, so that they follow.
        end = _question_name_end(query)
        plain = query[:_HEADER] + query[_HEADER:end].lower() + query[end:]
        key = (region, server, transport, plain[2:])
        if key not in self._remembered:
            denied = self._denies(region, server, plain, end)
            self._remembered[key] = denied or self._answer(region, server, plain, transport)
        found = self._remembered[key]
        return found if found is None else query[:2] + found[2:_HEADER] + query[_HEADER:end] + found[end:]

    def _denies(self, region: str, server: str, query: bytes, end: int) -> bytes | None:
        """Return the whole answer where that is a registry's plain NXDOMAIN."""
        place = self.world.place(region, server)
        zone = None if place is None else self._denials.zone(place, query, end)
        if zone is None:
            return None
        if zone not in self._denied:
            self._denied[zone] = wire_of(self._replies.denial(region, zone))
        found = denial(query, end, self._denied[zone])
        return found if len(found) <= _PLAIN_PAYLOAD else None

    def _answer(self, region: str, server: str, query: bytes, transport: Transport) -> bytes | None:
        place = self.world.place(region, server)
        if place is None or len(query) < _HEADER or query[2] & 0x80:
            return None
        asked = _parsed(query[2:])
        if asked is None:
            return query[:2] + b"\x80\x01" + bytes(8)
        refusal = _refusal(asked)
        if refusal is not None:
            return _render(_response(asked, Reply(rcode=refusal, authoritative=False)), asked, transport)
        if place.resolver and (asked.flags & dns.flags.RD or not place.zones):
            response = self._recursive(asked, region, server)
            return None if response is None else _render(response, asked, transport)
        reply = self._authoritative(region, place, asked)
        if reply is None:
            return None
        # Most servers of a zone give one answer: it is put into bytes once.
        key = (reply, transport, query[2:])
        if key not in self._rendered:
            response = _response(asked, reply)
            if reply.authoritative and reply.rcode in (dns.rcode.NOERROR, dns.rcode.NXDOMAIN):
                response.flags |= dns.flags.AA
            self._rendered[key] = _render(response, asked, transport)
        return self._rendered[key]

    def _recursive(self, asked: dns.message.Message, region: str, server: str) -> dns.message.Message | None:
        question = asked.question[0]
        answered = self._resolvers.answer(
            region,
            server,
            to_text(question.name),
            question.rdtype,
            dnssec=bool(asked.ednsflags & dns.flags.DO),
            checking_disabled=bool(asked.flags & dns.flags.CD),
        )
        if answered is None:
            return None
        reply, secure = answered
        response = _response(asked, reply)
        response.flags |= dns.flags.RA
        if secure and asked.ednsflags & dns.flags.DO | asked.flags & dns.flags.AD:
            response.flags |= dns.flags.AD
        return response

    def _authoritative(self, region: str, place: Place, asked: dns.message.Message) -> Reply | None:
        question = asked.question[0]
        qname, qtype = to_text(question.name), question.rdtype
        zone, index, version = self._zone_for(place, qname, qtype)
        if zone is None or version == "refused":
            return Reply(rcode=dns.rcode.REFUSED, authoritative=False)
        if version == "servfail":
            return Reply(rcode=dns.rcode.SERVFAIL, authoritative=False)
        if version == "timeout":
            return None
        if version and version not in self.world.domains[zone].zones:
            return Reply(rcode=dns.rcode.SERVFAIL, authoritative=False)
        dnssec = bool(asked.ednsflags & dns.flags.DO)
        return self._replies.authoritative(region, zone, version, index, qname, qtype, dnssec=dnssec)

    def _zone_for(self, place: Place, qname: str, qtype: RdataType) -> tuple[str | None, int, str]:
        """Return the nearest zone above ``qname`` that is served here; for DS the parent's, where both are."""
        served = [(zone, *where) for zone, where in place.zones.items() if is_within(qname, zone)]
        if place.infrastructure is not None:
            below = [name for name in ancestors(qname) if self.world.kind(name) == "infrastructure"]
            served += [(zone, place.infrastructure, "") for zone in below]
        served.sort(key=lambda each: -len(each[0].strip(".")))
        if not served:
            return None, 0, ""
        upper = [each for each in served if each[0] != qname and each[2] not in NOT_SERVING]
        return upper[0] if qtype == RdataType.DS and upper else served[0]


@lru_cache(maxsize=4096)
def _parsed(query: bytes) -> dns.message.Message | None:
    """Return the query behind its ID, not to be changed; None where it is no message."""
    try:
        return dns.message.from_wire(bytes(2) + query)
    except (dns.exception.DNSException, ValueError):
        return None


def _question_name_end(query: bytes) -> int:
    """Return where the name of the first question ends (RFC 1035 section 4.1.2); the header's end if it has none."""
    if len(query) < _HEADER or query[4:6] == b"\0\0":
        return len(query[:_HEADER])
    at = _HEADER
    while at < len(query) and 0 < query[at] < 64:
        at += 1 + query[at]
    return min(at + 1, len(query)) if at < len(query) and query[at] == 0 else _HEADER


def _refusal(asked: dns.message.Message) -> dns.rcode.Rcode | None:
    """Return the RCODE for what no server here does: other EDNS versions, opcodes and classes, zone transfers."""
    if asked.edns > 0:
        return dns.rcode.BADVERS
    if asked.opcode() != dns.opcode.QUERY:
        return dns.rcode.NOTIMP
    if len(asked.question) != 1:
        return dns.rcode.FORMERR
    question = asked.question[0]
    refused = question.rdclass != dns.rdataclass.IN or question.rdtype in (RdataType.AXFR, RdataType.IXFR)
    return dns.rcode.REFUSED if refused else None


def _response(asked: dns.message.Message, reply: Reply) -> dns.message.Message:
    """Return the message that answers ``asked``, with the flags that depend on the question alone."""
    response = dns.message.Message(asked.id)
    response.flags = dns.flags.QR | (asked.flags & (dns.flags.RD | dns.flags.CD))
    response.set_opcode(asked.opcode())
    response.question = list(asked.question)
    if asked.edns >= 0:
        response.use_edns(0, asked.ednsflags & dns.flags.DO, EDNS_PAYLOAD)
    response.set_rcode(reply.rcode)
    response.answer += reply.answer
    response.authority += reply.authority
    response.additional += reply.additional
    return response


def _render(response: dns.message.Message, asked: dns.message.Message, transport: Transport) -> bytes:
    """Return the message's bytes; over UDP one that does not fit is emptied and marked truncated (RFC 2181, 9)."""
    if transport is Transport.TCP:
        return response.to_wire(max_size=65535)
    payload = max(_PLAIN_PAYLOAD, min(EDNS_PAYLOAD, asked.payload)) if asked.edns >= 0 else _PLAIN_PAYLOAD
    try:
        return response.to_wire(max_size=payload)
    except dns.exception.TooBig:
        response.answer, response.authority, response.additional = [], [], []
        response.flags |= dns.flags.TC
        return response.to_wire(max_size=payload)
