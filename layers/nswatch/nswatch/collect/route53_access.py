"""How Route 53 and Route 53 Domains are reached: clients, roles in other accounts, and what a refusal means.

Route 53 is one service for the world; a region only tells the partition. Nothing here waits for long, and whatever AWS
refuses is a result of the exchange: it says nothing about anybody's DNS.
"""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from threading import Lock
from typing import TYPE_CHECKING, Any, Generic, TypeVar

import boto3
from botocore.config import Config
from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    ConnectTimeoutError,
    HTTPClientError,
    NoCredentialsError,
    PartialCredentialsError,
    ReadTimeoutError,
)
from botocore.exceptions import ConnectionError as NotConnectedError
from botocore.parsers import ResponseParserError

from nswatch.model import Clock, Result

C = TypeVar("C")

if TYPE_CHECKING:
    from mypy_boto3_route53 import Route53Client
    from mypy_boto3_route53domains import Route53DomainsClient
    from mypy_boto3_sts import STSClient

CONFIG = Config(connect_timeout=3, read_timeout=10, retries={"mode": "standard", "total_max_attempts": 2})

AWS_ERRORS = (BotoCoreError, ClientError, ResponseParserError)
"""What a call raises when AWS refuses it, or cannot be understood. Defects of our own are none of these."""

MOST_PAGES = 40
"""Pages of 300 records: a hosted zone's default quota is 10,000 records."""

_EARLY = timedelta(minutes=5)
"""So long before its end a role's session is renewed."""

_THROTTLED = frozenset({"Throttling", "ThrottlingException", "PriorRequestNotComplete", "RequestLimitExceeded"})


def route53_client(region: str, session: Mapping[str, str]) -> "Route53Client":
    """Return a client with our timeouts; ``session`` are the keys of a role's, empty for our own."""
    return boto3.client(
        "route53",
        region_name=region,
        config=CONFIG,
        aws_access_key_id=session.get("aws_access_key_id"),
        aws_secret_access_key=session.get("aws_secret_access_key"),
        aws_session_token=session.get("aws_session_token"),
    )


def domains_client(_region: str, session: Mapping[str, str]) -> "Route53DomainsClient":
    """Return a client with our timeouts of Route 53 Domains, which is in us-east-1 only; ``session`` as above."""
    return boto3.client(
        "route53domains",
        region_name="us-east-1",
        config=CONFIG,
        aws_access_key_id=session.get("aws_access_key_id"),
        aws_secret_access_key=session.get("aws_secret_access_key"),
        aws_session_token=session.get("aws_session_token"),
    )


def sts_client(region: str) -> "STSClient":
    """Return a client with our timeouts for the sessions of roles; the region's own endpoint."""
    return boto3.client("sts", region_name=region, config=CONFIG)


class Access(Generic[C]):
    """One service's clients by role: "" is the function's own. A role's session is kept until shortly before its end.

    ``make`` makes one for a region and a role's session.
    """

    def __init__(
        self,
        region: str,
        clock: Clock,
        make: Callable[[str, Mapping[str, str]], C],
        sts: "Callable[[str], STSClient]" = sts_client,
    ) -> None:
        self._region = region
        self._clock = clock
        self._make = make
        self._sts = sts
        self._one_at_a_time = Lock()  # boto3's default session makes clients in one thread at a time only
        self._own: C | None = None
        self._assumed: dict[str, tuple[C, datetime]] = {}

    def client(self, role: str) -> C:
        """Return the client to ask with; may call AWS. Raises `AWS_ERRORS`. Any thread may call it."""
        with self._one_at_a_time:
            return self._client(role)

    def _client(self, role: str) -> C:
        if not role:
            if self._own is None:
                self._own = self._make(self._region, {})
            return self._own
        known = self._assumed.get(role)
        if known is not None and self._clock() < known[1] - _EARLY:
            return known[0]
        assumed = self._sts(self._region).assume_role(RoleArn=role, RoleSessionName=f"nswatch-{self._region}")
        given = assumed["Credentials"]
        session = {
            "aws_access_key_id": given["AccessKeyId"],
            "aws_secret_access_key": given["SecretAccessKey"],
            "aws_session_token": given["SessionToken"],
        }
        client = self._make(self._region, session)
        self._assumed[role] = client, given["Expiration"].astimezone(UTC)
        return client

    def forget(self, role: str) -> None:
        """Take a new session next time: this one was refused."""
        self._assumed.pop(role, None)


def pages_of(client: "Route53Client", zone_id: str, start: Mapping[str, str]) -> tuple[list[Any], dict[str, str]]:
    """Return one page of a zone's records from ``start``, and where the next one starts (nothing: this is the last).

    Raises `AWS_ERRORS`.
    """
    page: Mapping[str, Any] = client.list_resource_record_sets(HostedZoneId=zone_id, **start)  # type: ignore[arg-type]
    fields = ("Name", "Type", "Identifier")
    following = {
        f"StartRecord{field}": page[f"NextRecord{field}"] for field in fields if page.get(f"NextRecord{field}")
    }
    return list(page.get("ResourceRecordSets") or ()), following if page.get("IsTruncated") else {}


def is_throttled(error: Exception) -> bool:
    """Whether the account has asked too much: then who asks on makes it worse."""
    return _code(error) in _THROTTLED or _status(error) == 429


def failed(error: Exception) -> tuple[Result, str]:
    """Return what an error of a call is as a result, and in words. But that there is no such zone, all are unknown."""
    said = " ".join(str(error).split())[:300]
    if isinstance(error, ClientError):
        return _refused(error), said
    kinds = (result for kind, result in _KINDS if isinstance(error, kind))
    return next(kinds, Result.OTHER_ERROR), said


_KINDS: tuple[tuple[type[Exception], Result], ...] = (
    (ResponseParserError, Result.MALFORMED),
    (ReadTimeoutError, Result.TIMEOUT),
    (ConnectTimeoutError, Result.TIMEOUT),
    (NoCredentialsError, Result.REFUSED),
    (PartialCredentialsError, Result.REFUSED),
    (NotConnectedError, Result.UNREACHABLE),
    (HTTPClientError, Result.UNREACHABLE),
)


def _refused(error: ClientError) -> Result:
    if _code(error) == "NoSuchHostedZone":
        return Result.NXDOMAIN
    if is_throttled(error) or _status(error) >= 500:
        return Result.SERVFAIL
    return Result.REFUSED if _status(error) in (400, 401, 403) else Result.OTHER_ERROR


def _code(error: Exception) -> str:
    return str(error.response.get("Error", {}).get("Code", "")) if isinstance(error, ClientError) else ""


def _status(error: Exception) -> int:
    if not isinstance(error, ClientError):
        return 0
    status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
    return status if isinstance(status, int) else 0
