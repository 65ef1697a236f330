"""What lies between a client of the emulated AWS and the service: where faults are laid over a replay.

A wire is called with each request and the way on. It may send the request on (as it is, or with another body), answer
in the service's stead, raise what botocore raises when a connection fails, or do one after the other. Nothing of our
own is patched: our adapters see what botocore makes of it.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from io import BytesIO
from typing import Any

from botocore.awsrequest import AWSResponse
from botocore.compat import HTTPHeaders


@dataclass(frozen=True, slots=True)
class Call:
    """One request: the region that it is addressed to (by its credential's scope), the service, and what it asks.

    Services are named as botocore's events name them: ``dynamodb``, ``dynamodb-streams``, ``sns``, ``sqs``.
    """

    region: str
    service: str
    operation: str
    url: str
    body: bytes


Forward = Callable[[bytes], AWSResponse]
"""Sends a body on to the service, and returns the answer."""

Wire = Callable[[Call, Forward], AWSResponse]


def straight(call: Call, forward: Forward) -> AWSResponse:
    """Let every request through."""
    return forward(call.body)


def answer(url: str, status: int, headers: Mapping[str, str], body: bytes) -> AWSResponse:
    """Return an HTTP answer in the shape in which botocore takes it from its own connection."""
    received = HTTPHeaders()
    for name, value in headers.items():
        received[name] = value
    return AWSResponse(url, status, received, _Body(body))


class _Body(BytesIO):
    def stream(self, **_: Any) -> Iterator[bytes]:
        """Yield it as urllib3 does."""
        yield self.read()
