"""A plan of faults: what goes wrong on the wire between a function and AWS, where, when and how often.

A plan is the wire of a replay (`nswatch_cli.replay.wire`). Each `Fault` says which calls it is for, and its effect on
them: an answer in the service's stead, a connection that fails, a call that hangs, a worker that is killed. The first
fault that takes a call decides; what no fault takes goes through. Only calls of a function are subject to it: a test
reads what it wants to know past the plan.

Time is virtual: what hangs costs the function its client's timeout, and a function that runs for longer than Lambda
lets it is killed. Chance is seeded, so that a run can be repeated.
"""

import json
import random
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from botocore.awsrequest import AWSResponse
from botocore.exceptions import EndpointConnectionError, ReadTimeoutError

from nswatch_cli.replay.wire import Call, Forward, answer

LIMITS = {"probe": timedelta(seconds=55), "comparator": timedelta(seconds=60)}
"""How long Lambda lets a function run (template.yaml)."""
PATIENCE = {"dynamodb": timedelta(seconds=4), "sns": timedelta(seconds=5), "sqs": timedelta(seconds=6)}
"""How long a client of ours waits for an answer, its own second attempts with it."""


class Killed(BaseException):
    """The worker is gone in the middle of a call: no `except` of ours is to see it."""


@dataclass(slots=True)
class Moment:
    """A call within a run: ``number`` counts the function calls of the run from 1, ``caller`` made it."""

    call: Call
    forward: Forward
    caller: str
    number: int


Effect = Callable[["FaultPlan", Moment], AWSResponse]


@dataclass(slots=True)
class Fault:
    """What happens to which calls; a field that is empty asks nothing.

    ``caller`` is ``probe/REGION`` or ``comparator/REGION`` (or the first part), ``operations`` are API names,
    ``holding`` is a text in the request's body. ``calls`` are the places, from 1, among the calls that fit so far.
    ``chance`` is of each that is left.
    """

    effect: Effect
    region: str = ""
    service: str = ""
    operations: frozenset[str] = frozenset()
    caller: str = ""
    holding: str = ""
    since: datetime | None = None
    until: datetime | None = None
    calls: range | None = None
    chance: float = 1.0
    fitted: int = 0
    taken: int = 0

    def takes(self, moment: Moment, now: datetime, dice: random.Random) -> bool:
        """Whether the fault is for this call; counts it."""
        call = moment.call
        fits = (
            self.region in ("", call.region)
            and self.service in ("", call.service)
            and (not self.operations or call.operation in self.operations)
            and moment.caller.startswith(self.caller)
            and self.holding.encode() in call.body
            and (self.since is None or now >= self.since)
            and (self.until is None or now < self.until)
        )
        if not fits:
            return False
        self.fitted += 1
        if self.calls is not None and self.fitted not in self.calls:
            return False
        if self.chance < 1 and dice.random() >= self.chance:
            return False
        self.taken += 1
        return True


@dataclass(slots=True)
class FaultPlan:
    """The faults of one run. ``clock`` and ``wait`` are the replay's, which also says who calls by `calling`."""

    faults: list[Fault]
    seed: int = 0
    clock: Callable[[], datetime] = lambda: datetime.max.replace(tzinfo=UTC)
    wait: Callable[[timedelta], None] = lambda _: None
    number: int = 0
    log: list[tuple[str, Call]] = field(default_factory=list)
    _dice: random.Random = field(default_factory=random.Random)
    _caller: str = ""
    _began: datetime | None = None

    def __post_init__(self) -> None:
        self._dice.seed(self.seed)

    @contextmanager
    def calling(self, caller: str) -> Iterator[None]:
        """Have the calls inside be those of a function: ``probe/REGION`` or ``comparator/REGION``."""
        before = self._caller, self._began
        self._caller, self._began = caller, self.clock()
        try:
            yield
        finally:
            self._caller, self._began = before

    def __call__(self, call: Call, forward: Forward) -> AWSResponse:
        """Carry a call (`nswatch_cli.replay.wire.Wire`)."""
        if not self._caller:
            return forward(call.body)
        self.number += 1
        self.log.append((self._caller, call))
        moment = Moment(call, forward, self._caller, self.number)
        for fault in self.faults:
            if fault.takes(moment, self.clock(), self._dice):
                return fault.effect(self, moment)
        return forward(call.body)

    def spend(self, time: timedelta) -> None:
        """Let virtual time pass inside a function; Lambda kills it when that is too much."""
        self.wait(time)
        limit = LIMITS[self._caller.partition("/")[0]]
        if self._began is not None and self.clock() - self._began > limit:
            raise Killed(f"{self._caller} ran for longer than {limit}")


# Effects


def refused(_plan: FaultPlan, moment: Moment) -> AWSResponse:
    """Nobody listens there: the service never sees the call."""
    raise EndpointConnectionError(endpoint_url=moment.call.url)


def hangs(plan: FaultPlan, moment: Moment) -> AWSResponse:
    """The service never sees the call, and the client waits until its patience ends."""
    plan.spend(PATIENCE[moment.call.service])
    raise ReadTimeoutError(endpoint_url=moment.call.url)


def answer_lost(plan: FaultPlan, moment: Moment) -> AWSResponse:
    """The service does what it is asked, and the client never learns of it."""
    moment.forward(moment.call.body)
    plan.spend(PATIENCE[moment.call.service])
    raise ReadTimeoutError(endpoint_url=moment.call.url)


def killed_before(_plan: FaultPlan, moment: Moment) -> AWSResponse:
    """The worker dies before the service sees the call."""
    raise Killed(moment.call.operation)


def killed_after(_plan: FaultPlan, moment: Moment) -> AWSResponse:
    """The service does what it is asked, and the worker dies before it has the answer."""
    moment.forward(moment.call.body)
    raise Killed(moment.call.operation)


def throttled(_plan: FaultPlan, moment: Moment) -> AWSResponse:
    """The table's throughput (or the topic's rate) is exceeded."""
    if moment.call.service == "sns":
        return _sns_error(moment.call, 429, "Throttled")
    return _dynamodb_error(moment.call, 400, "ProvisionedThroughputExceededException")


def throttled_account(_plan: FaultPlan, moment: Moment) -> AWSResponse:
    """The account's rate is exceeded."""
    return _dynamodb_error(moment.call, 400, "ThrottlingException")


def broken(_plan: FaultPlan, moment: Moment) -> AWSResponse:
    """The service itself fails (5xx)."""
    if moment.call.service == "sns":
        return _sns_error(moment.call, 500, "InternalError")
    return _dynamodb_error(moment.call, 500, "InternalServerError")


def conflict(_plan: FaultPlan, moment: Moment) -> AWSResponse:
    """A concurrent writer has won: the condition no longer holds."""
    if moment.call.operation == "TransactWriteItems":
        return _cancelled(moment.call, "ConditionalCheckFailed")
    return _dynamodb_error(moment.call, 400, "ConditionalCheckFailedException")


def transaction_conflict(_plan: FaultPlan, moment: Moment) -> AWSResponse:
    """A transaction is going on over the same items."""
    if moment.call.operation == "TransactWriteItems":
        return _cancelled(moment.call, "TransactionConflict")
    return _dynamodb_error(moment.call, 400, "TransactionConflictException")


def unprocessed(_plan: FaultPlan, moment: Moment) -> AWSResponse:
    """DynamoDB leaves the whole batch."""
    wanted = json.loads(moment.call.body)["RequestItems"]
    if moment.call.operation == "BatchGetItem":
        return _json(moment.call, 200, {"Responses": {}, "UnprocessedKeys": wanted})
    return _json(moment.call, 200, {"UnprocessedItems": wanted})


def half_unprocessed(_plan: FaultPlan, moment: Moment) -> AWSResponse:
    """DynamoDB does the first half of a batch of writes and leaves the rest (all of a batch of one)."""
    request = json.loads(moment.call.body)
    left = {}
    for table, writes in request["RequestItems"].items():
        half = len(writes) // 2
        request["RequestItems"][table], left[table] = writes[:half], writes[half:]
    if all(request["RequestItems"].values()):
        moment.forward(json.dumps(request).encode())
    return _json(moment.call, 200, {"UnprocessedItems": left})


def rival(work: Callable[[], None]) -> Effect:
    """Have ``work`` (another worker's) done first, past all faults; then the call goes through as it is."""

    def effect(plan: FaultPlan, moment: Moment) -> AWSResponse:
        before, plan.faults = plan.faults, []
        try:
            work()
        finally:
            plan.faults = before
        return moment.forward(moment.call.body)

    return effect


def _json(call: Call, status: int, document: object) -> AWSResponse:
    return answer(call.url, status, {"content-type": "application/x-amz-json-1.0"}, json.dumps(document).encode())


def _dynamodb_error(call: Call, status: int, code: str) -> AWSResponse:
    return _json(call, status, {"__type": f"com.amazonaws.dynamodb.v20120810#{code}", "message": "a planned fault"})


def _cancelled(call: Call, reason: str) -> AWSResponse:
    count = len(json.loads(call.body)["TransactItems"])
    return _json(
        call,
        400,
        {
            "__type": "com.amazonaws.dynamodb.v20120810#TransactionCanceledException",
            "message": "a planned fault",
            "CancellationReasons": [{"Code": reason}] + [{"Code": "None"}] * (count - 1),
        },
    )


def _sns_error(call: Call, status: int, code: str) -> AWSResponse:
    body = (
        '<ErrorResponse xmlns="http://sns.amazonaws.com/doc/2010-03-31/"><Error><Type>Receiver</Type>'
        f"<Code>{code}</Code><Message>a planned fault</Message></Error><RequestId>0</RequestId></ErrorResponse>"
    )
    return answer(call.url, status, {"content-type": "text/xml"}, body.encode())
