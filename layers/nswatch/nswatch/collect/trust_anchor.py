"""The root zone's trust anchors, and which algorithms count: what a chain of trust begins with.

IANA publishes the anchors at https://data.iana.org/root-anchors/root-anchors.xml (RFC 9718), read on 2026-11-23: the
key that signs since 2018 and the one that takes its place. A release that is years old has to be renewed before it.
"""

import hashlib
from collections.abc import Callable, Iterable
from typing import Any, NamedTuple

from nswatch.errors import InvalidDocument

_SHA1, _SHA256, _SHA384 = 1, 2, 4
DIGESTS: dict[int, Callable[[bytes], Any]] = {
    _SHA1: lambda octets: hashlib.sha1(octets, usedforsecurity=False),
    _SHA256: hashlib.sha256,
    _SHA384: hashlib.sha384,
}
"""Digest types of DS records that are understood (IANA's registry, RFC 9905)."""

ALGORITHMS = frozenset({8, 10, 13, 14, 15, 16})
"""Signature algorithms that are understood: RSA with SHA-2, ECDSA, EdDSA.

RSA with SHA-1 (5, 7) is not among them: validators treat it as no signature at all (RFC 9905 section 2).
"""


class Ds(NamedTuple):
    """A DS record's data (RFC 4034 section 5.1)."""

    tag: int
    algorithm: int
    digest_type: int
    digest: bytes

    @classmethod
    def read(cls, text: str) -> "Ds":
        """Read the presentation form; raises ValueError."""
        tag, algorithm, digest_type, first, *rest = text.split()
        return cls(int(tag), int(algorithm), int(digest_type), bytes.fromhex("".join([first, *rest])))

    def __str__(self) -> str:
        return f"{self.tag} {self.algorithm} {self.digest_type} {self.digest.hex()}"


def read_anchors(text: str) -> tuple[Ds, ...]:
    """Read ``TAG:ALGORITHM:TYPE:DIGEST,…``; what is shipped where the text is empty. Raises InvalidDocument."""
    try:
        return tuple(Ds.read(each.replace(":", " ")) for each in text.split(",") if each) or ROOT_ANCHORS
    except ValueError as error:
        raise InvalidDocument(f"{text!r} are no DS records like 20326:8:2:e06d44b8…, with commas between") from error


ROOT_ANCHORS = (
    Ds.read("20326 8 2 e06d44b80b8f1d39a95c0b0d7c65d08458e880409bbc683457104237c7f8ec8d"),  # KSK-2017
    Ds.read("38696 8 2 683d2d0acb8c9b712a1948b27f741219298d0a450d612c483af444a4c0fb2b16"),  # KSK-2024
)


def usable(given: Iterable[Ds]) -> list[Ds]:
    """Return the DS records by which a zone can be validated; none: it is insecure (RFC 4035 section 5.2).

    A SHA-1 digest counts only where there is no better one (RFC 4509 section 3).
    """
    found = [ds for ds in given if ds.algorithm in ALGORITHMS and ds.digest_type in DIGESTS]
    strong = [ds for ds in found if ds.digest_type != _SHA1]
    return strong or found
