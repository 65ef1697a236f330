"""AWS in this process: every boto3 client made while an `Emulator` is entered talks to ministack, without a socket.

ministack is an ASGI application. A hook where botocore would send a request hands the request to it instead; another
hook, where botocore would sign, writes the unchecked credential from which ministack takes account and region. All
else, from serialising a call to raising its errors, is botocore's own work, so that our adapters run as they are.

Entered anew, it is empty. It writes no file, prints nothing and leaves no thread. One can be entered at a time, since
ministack keeps its state in modules.
"""

import asyncio
import logging
import os
import threading
from collections.abc import Iterator, MutableMapping
from contextlib import AbstractContextManager, contextmanager
from functools import cache
from importlib import import_module
from types import ModuleType
from typing import Any
from urllib.parse import urlsplit

import boto3
import botocore.session
from botocore import UNSIGNED
from botocore.awsrequest import AWSPreparedRequest, AWSRequest, AWSResponse
from botocore.config import Config

from nswatch_cli.replay.wire import Call, Wire, answer, straight

ACCOUNT = "123456789012"
"""The account that everything is in."""

_STATEFUL = ("dynamodb", "sns", "sqs")
"""The services of ministack that we use and that keep state."""
_SWITCHES = ("AUTH", "SERVICES", "PERSIST_STATE", "LOCALSTACK_PERSISTENCE", "CLOUDTRAIL_RECORDING", "MINISTACK_HOST")
"""Variables that would switch on what is written down or refused, were they set for another ministack."""
_NOBODYS = {
    "profile": (None, None, None, None),
    "config_file": (None, None, os.devnull, None),
    "credentials_file": (None, None, os.devnull, None),
}
"""botocore's session variables (place in the file, variable, default, conversion): the user's profile is not ours."""
_CONFIG = Config(
    retries={"mode": "standard", "total_max_attempts": 1},
    parameter_validation=False,
    signature_version=UNSIGNED,
    user_agent="nswatch-emulated",
)
"""Nothing is tried again, and what only a real endpoint needs is left out: putting the usual User-Agent together takes
a fifth of a call."""


class Emulator(AbstractContextManager["Emulator"]):
    """An empty AWS, in every region, while entered; every request goes over ``wire``."""

    def __init__(self, wire: Wire = straight) -> None:
        self._wire = wire
        self._before: Any = None

    def __enter__(self) -> "Emulator":
        """Take over the clients that boto3 makes from now on."""
        _reset()
        _bridge().open(self._wire)
        self._before = boto3.DEFAULT_SESSION
        boto3.DEFAULT_SESSION = boto3.Session(botocore_session=_session())
        return self

    def __exit__(self, *exc: object) -> None:
        """Forget everything; new clients are real ones again."""
        boto3.DEFAULT_SESSION = self._before
        _bridge().close()
        _reset()


def _reset() -> None:
    _, *services = _ministack()
    for service in services:
        service.reset()


@cache
def _session() -> botocore.session.Session:
    """Return the session whose clients call the emulator. One serves the process: it caches the services' models."""
    session = botocore.session.Session(session_vars=_NOBODYS)
    session.set_config_variable("ignore_configured_endpoint_urls", True)
    session.set_credentials(ACCOUNT, "emulated")
    session.set_config_variable("region", "us-east-1")
    session.set_default_client_config(_CONFIG)
    session.register("before-sign", _sign)
    session.register("before-send", _bridge())
    return session


def _sign(**sent: Any) -> None:
    request: AWSRequest = sent["request"]
    scope = f"{ACCOUNT}/20000101/{sent['region_name']}/{sent['signing_name']}/aws4_request"
    request.headers["Authorization"] = f"AWS4-HMAC-SHA256 Credential={scope}"


class _Bridge:
    """Answers botocore's requests from the ASGI application, on an event loop of its own.

    A replay calls AWS between two runs of its own loop, never inside one, so that this loop can run to completion. What
    several threads ask is answered one after the other.
    """

    def __init__(self) -> None:
        self._app = _ministack()[0].app
        self._loop: asyncio.AbstractEventLoop | None = None
        self._wire: Wire = straight
        self._one_at_a_time = threading.RLock()

    def open(self, wire: Wire) -> None:
        """Take requests from now on, over ``wire``."""
        self._loop = asyncio.new_event_loop()
        self._wire = wire

    def close(self) -> None:
        """Take no more; a client that somebody kept raises RuntimeError from now on."""
        if self._loop is not None:
            self._loop.close()
        self._loop = None

    def __call__(self, **sent: Any) -> Any:
        """Return the answer to the request that botocore is about to send (`AWSResponse`)."""
        request: AWSPreparedRequest = sent["request"]
        _, service, operation = sent["event_name"].split(".")
        _, _, region, _, _ = str(request.headers["Authorization"]).split("/")
        call = Call(region, service, operation, request.url, _octets(request.body))
        with self._one_at_a_time:
            return self._wire(call, lambda body: self._answer(request, body))

    def _answer(self, request: AWSPreparedRequest, sent: bytes) -> AWSResponse:
        if self._loop is None:
            raise RuntimeError("this client belongs to an emulated AWS that is no longer there")
        url = urlsplit(request.url)
        headers = {name.lower().encode(): _octets(value) for name, value in request.headers.items()}
        scope = {
            "type": "http",
            "http_version": "1.1",
            "method": request.method,
            "scheme": url.scheme,
            "path": url.path or "/",
            "query_string": url.query.encode(),
            "headers": [*headers.items(), (b"host", url.netloc.encode())],
        }
        incoming = {"type": "http.request", "body": sent, "more_body": False}
        status, body = 0, b""
        received: dict[str, str] = {}

        async def receive() -> dict[str, Any]:
            return incoming

        async def send(message: MutableMapping[str, Any]) -> None:
            nonlocal status, body
            if message["type"] == "http.response.start":
                status = message["status"]
                for name, value in message["headers"]:
                    received[name.decode("latin-1")] = value.decode("latin-1")
            else:
                body += message.get("body", b"")

        self._loop.run_until_complete(self._app(scope, receive, send))
        return answer(request.url, status, received, body)


@cache
def _bridge() -> _Bridge:
    return _Bridge()


def _octets(value: Any) -> bytes:
    """Return a header's value, or a body, as bytes; botocore has either as text too, and no body as None."""
    return value if isinstance(value, bytes) else str(value or "").encode()


@cache
def _ministack() -> tuple[ModuleType, ...]:
    """Return ministack's application and the services that keep state, imported without what that does beside."""
    with _environment_without(_SWITCHES), _logging_kept(), _no_threads():
        application = import_module("ministack.app")
        for name in ("ministack", *_STATEFUL):
            logging.getLogger(name).setLevel(logging.WARNING)
        dynamodb: Any = import_module("ministack.services.dynamodb")
        # It reads an expression anew for each item that it compares, which took a replay a twentieth of its time.
        dynamodb._tokenize = cache(dynamodb._tokenize)
        return application, *(import_module(f"ministack.services.{name}") for name in _STATEFUL)


@contextmanager
def _environment_without(names: tuple[str, ...]) -> Iterator[None]:
    removed = {name: os.environ.pop(name) for name in names if name in os.environ}
    try:
        yield
    finally:
        os.environ.update(removed)


@contextmanager
def _logging_kept() -> Iterator[None]:
    """Take back that ministack, made to be a program of its own, configures the root logger."""
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    try:
        yield
    finally:
        root.handlers[:] = handlers
        root.setLevel(level)


@contextmanager
def _no_threads() -> Iterator[None]:
    """Keep ministack's reaper of expired items from starting: it goes by the real clock, a replay by another."""
    start = threading.Thread.start
    threading.Thread.start = lambda _: None  # type: ignore[method-assign,assignment]
    try:
        yield
    finally:
        threading.Thread.start = start  # type: ignore[method-assign]
