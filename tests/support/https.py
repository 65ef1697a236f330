"""A real HTTPS server on loopback that answers as badly as a test wants, and the authority that vouches for it."""

import contextlib
import datetime
import ipaddress
import json
import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

Answer = Callable[[socket.socket, str], None]
"""Writes what it likes to the connection; the second argument is the request's head."""


def answer(status: int, body: bytes = b"", **fields: str) -> Answer:
    """Answer properly; a field's name is written with underscores (``retry_after``)."""
    lines = [f"HTTP/1.1 {status} x", f"Content-Length: {len(body)}", "Connection: close"]
    lines += [f"{name.replace('_', '-')}: {value}" for name, value in fields.items()]
    return raw("\r\n".join([*lines, "", ""]).encode() + body)


def answer_json(document: Any, status: int = 200, **fields: str) -> Answer:
    return answer(status, json.dumps(document).encode(), **{"content_type": "application/rdap+json", **fields})


def raw(octets: bytes) -> Answer:
    def write(connection: socket.socket, head: str) -> None:
        connection.sendall(octets)

    return write


class Server:
    """What runs: its URL, the targets that were asked for, and what is answered to each (else 404)."""

    def __init__(self, listening: socket.socket, context: ssl.SSLContext | None) -> None:
        scheme = "https" if context else "http"
        self.url = f"{scheme}://localhost:{listening.getsockname()[1]}"
        self.answers: dict[str, Answer] = {}
        self.asked: list[str] = []
        self.heads: list[str] = []
        self.stopping = threading.Event()
        self._listening = listening
        self._context = context

    def serve(self) -> None:
        while True:
            try:
                connection, _ = self._listening.accept()
            except OSError:
                return
            threading.Thread(target=self._one, args=(connection,), daemon=True).start()

    def _one(self, plain: socket.socket) -> None:
        plain.settimeout(10)
        with contextlib.suppress(OSError):
            connection = self._context.wrap_socket(plain, server_side=True) if self._context else plain
            with connection:
                head = b""
                while b"\r\n\r\n" not in head:
                    data = connection.recv(65536)
                    if not data:
                        return
                    head += data
                text = head.decode("latin-1")
                target = text.split(" ")[1]
                self.heads.append(text)
                self.asked.append(target)
                self.answers.get(target, answer(404))(connection, text)
                with contextlib.suppress(OSError):
                    connection.shutdown(socket.SHUT_WR)


@contextmanager
def server(*, tls: bool = True, certificate_of: str = "localhost", days: int = 7) -> Iterator[Server]:
    """Run a server on loopback; with ``tls`` it shows a certificate for ``certificate_of`` from the `authority`.

    It ends in ``days``: before today where they are negative.
    """
    with socket.create_server(("127.0.0.1", 0)) as listening:
        running = Server(listening, _shown(certificate_of, days) if tls else None)
        thread = threading.Thread(target=running.serve, daemon=True)
        thread.start()
        try:
            yield running
        finally:
            running.stopping.set()
            with contextlib.suppress(OSError):
                listening.shutdown(socket.SHUT_RDWR)
            listening.close()
            thread.join(5)


def trusting() -> ssl.SSLContext:
    """Return a client's configuration that trusts `authority` alone."""
    return ssl.create_default_context(cadata=authority())


def authority() -> str:
    """Return the authority's certificate, as PEM."""
    return _authority()[1].public_bytes(serialization.Encoding.PEM).decode()


@cache
def _authority() -> tuple[ec.EllipticCurvePrivateKey, x509.Certificate]:
    key = ec.generate_private_key(ec.SECP256R1())
    return key, _certificate("nswatch test authority", key, None)


def _certificate(
    name: str,
    key: ec.EllipticCurvePrivateKey,
    issuer: tuple[ec.EllipticCurvePrivateKey, x509.Certificate] | None,
    days: int = 7,
) -> x509.Certificate:
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    now = datetime.datetime.now(datetime.UTC)
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer[1].subject if issuer else subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=30))
        .not_valid_after(now + datetime.timedelta(days=days))
        .add_extension(x509.BasicConstraints(ca=issuer is None, path_length=None), critical=True)
    )
    if issuer is not None:
        names = [x509.DNSName(name), x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]
        builder = builder.add_extension(x509.SubjectAlternativeName(names), critical=False)
    return builder.sign(issuer[0] if issuer else key, hashes.SHA256())


@cache
def _shown(name: str, days: int) -> ssl.SSLContext:
    key = ec.generate_private_key(ec.SECP256R1())
    certificate = _certificate(name, key, _authority(), days)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    with TemporaryDirectory() as folder:
        chain, secret = Path(folder) / "chain.pem", Path(folder) / "key.pem"
        chain.write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
        secret.write_bytes(
            key.private_bytes(
                serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
            )
        )
        context.load_cert_chain(chain, secret)
    return context
