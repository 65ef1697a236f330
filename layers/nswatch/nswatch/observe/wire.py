"""An answer's octets: parsed where that is not too dear, and what stands for those that are."""

import hashlib
from functools import lru_cache

import dns.exception
import dns.message
import dns.name

from nswatch.observe.layout import HEADER, MAX_LABELS, MAX_OCTETS, MAX_RECORDS, Malformed, TooCostly, read_layout

__all__ = ["MAX_LABELS", "MAX_OCTETS", "MAX_RECORDS", "Malformed", "TooCostly", "digest", "parse", "text"]


def parse(wire: bytes) -> dns.message.Message:
    """Return the message in ``wire``; raise TooCostly when it is over a cap, Malformed when it is no message.

    It has ID 0 and its question in lower case: answers that differ in nothing else are parsed once, and what is
    returned is shared and only to be read.
    """
    end = question_end(wire)
    return _parsed(b"\0\0" + wire[2:HEADER] + wire[HEADER:end].lower() + wire[end:])


@lru_cache(maxsize=1024)
def _parsed(wire: bytes) -> dns.message.Message:
    read_layout(wire)
    try:
        return dns.message.from_wire(wire, raise_on_truncation=False)
    except dns.exception.DNSException as error:
        raise Malformed(f"{type(error).__name__}: {error}") from error


def digest(wire: bytes) -> str:
    """Return what stands for an answer over a cap: ``sha256:…`` of it without the ID and the letter case of QNAME."""
    end = question_end(wire)
    body = wire[2:HEADER] + wire[HEADER:end].lower() + wire[end:]
    return "sha256:" + hashlib.sha256(body).hexdigest()


def question_end(wire: bytes) -> int:
    """Return the offset behind the question section's first name, or that of the header when there is none."""
    at = HEADER
    while at < len(wire) and 0 < wire[at] < 64:
        at += wire[at] + 1
    return at if at < len(wire) and wire[at] == 0 else min(HEADER, len(wire))


def text(name: dns.name.Name) -> str:
    """Return ``name`` in canonical form: lower case, no trailing dot; the root is ``"."``."""
    return name.canonicalize().to_text(omit_final_dot=True)
