"""The certificates that simulated web sites serve: real ones, made when they are first asked for.

A scenario names an issuer, a fingerprint and whether it is trusted. The certificate has that issuer's name, an own
digest for each fingerprint that is written (the same in every replay), and a chain to a root that the probe trusts, or
to one that it does not.
"""

import hashlib
import ssl
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NamedTuple

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

_BEGINS, _ENDS = datetime(2000, 1, 1, tzinfo=UTC), datetime(2099, 12, 31, tzinfo=UTC)
_LONGEST_NAME = 64
"""RFC 5280 appendix A.1, ub-common-name."""


class _Authority(NamedTuple):
    name: x509.Name
    key: ec.EllipticCurvePrivateKey


def context_of(host: str, issuer: str, fingerprint: str, *, trusted: bool) -> ssl.SSLContext:
    """Return a server's configuration that shows the certificate which a scenario describes."""
    return _context(host, issuer, fingerprint, trusted)


@cache
def trusting() -> ssl.SSLContext:
    """Return a client's configuration that trusts what scenarios call trusted."""
    root = _root(trusted=True)
    certificate = _made(root.name, root, root, "root", ca=True)
    return ssl.create_default_context(cadata=certificate.public_bytes(Encoding.PEM).decode())


@cache
def _context(host: str, issuer: str, fingerprint: str, trusted: bool) -> ssl.SSLContext:
    root = _root(trusted=trusted)
    authority = _Authority(_named(issuer), _key("issuer"))
    site = _Authority(_named(host), _key("site"))
    text = f"{host}|{issuer}|{fingerprint}|{trusted}"
    leaf = _made(site.name, site, authority, text, host=host)
    between = _made(authority.name, authority, root, f"{issuer}|{trusted}", ca=True)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    with TemporaryDirectory() as folder:
        path = Path(folder) / "site.pem"
        secret = site.key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        path.write_bytes(secret + leaf.public_bytes(Encoding.PEM) + between.public_bytes(Encoding.PEM))
        context.load_cert_chain(path)
    return context


def _root(*, trusted: bool) -> _Authority:
    return _Authority(_named("Simulated root" if trusted else "Nobody's root"), _key(f"root {trusted}"))


def _made(
    subject: x509.Name, holder: _Authority, by: _Authority, text: str, *, host: str = "", ca: bool = False
) -> x509.Certificate:
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(by.name)
        .public_key(holder.key.public_key())
        .serial_number(int.from_bytes(_digest(text)[:15]) + 1)
        .not_valid_before(_BEGINS)
        .not_valid_after(_ENDS)
        .add_extension(x509.BasicConstraints(ca=ca, path_length=None), critical=True)
    )
    if host:
        builder = builder.add_extension(x509.SubjectAlternativeName([x509.DNSName(host)]), critical=False)
    return builder.sign(by.key, hashes.SHA256(), ecdsa_deterministic=True)


def _named(text: str) -> x509.Name:
    common = text[:_LONGEST_NAME]
    rest = [x509.NameAttribute(NameOID.ORGANIZATION_NAME, text[_LONGEST_NAME : 2 * _LONGEST_NAME])]
    parts = [x509.NameAttribute(NameOID.COMMON_NAME, common)]
    return x509.Name([*(rest if len(text) > _LONGEST_NAME else []), *parts])


@cache
def _key(text: str) -> ec.EllipticCurvePrivateKey:
    """Return the same key for the same text, so that a replay shows the same fingerprints whenever it runs."""
    return ec.derive_private_key(int.from_bytes(_digest(text)[:31]) + 1, ec.SECP256R1())


def _digest(text: str) -> bytes:
    return hashlib.sha256(text.encode("utf-8", "replace")).digest()
