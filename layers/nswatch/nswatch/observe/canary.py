"""Asking the root for the canary: two servers a pass, in turn, and nothing that an odd answer would make us ask more.

What they say is old news in every pass, and recorded all the same: see `nswatch.expect.canary`.
"""

from collections.abc import Sequence
from dataclasses import replace

from nswatch.expect.canary import CANARY
from nswatch.model import Observation, Question, Source
from nswatch.observe import plan
from nswatch.observe.facts import delegation_facts
from nswatch.observe.plan import Target
from nswatch.observe.servers import Server
from nswatch.observe.task import Vantage
from nswatch.observe.transport import Asker

OWN = 4
"""How many of the root's servers one region asks."""


async def observe_canary(
    asker: Asker, root: Sequence[Server], vantage: Vantage, deadline: float
) -> tuple[Observation, ...]:
    """Return what two servers of the root say of the canary, by loop time ``deadline``.

    They take turns, of the few that are a region's own: what stands is read in every pass, and must not grow.
    """
    # IPv6 is absent from where most probes run, and says nothing more here.
    targets = [Target(server.name, address) for server in root for address in server.addresses if ":" not in address]
    turn = plan.turn_of(vantage.pass_time, vantage.region_index, vantage.region_count)
    first = vantage.region_index * OWN % max(1, len(targets))
    now, _ = plan.parent_servers([*targets[first:], *targets[:first]][:OWN], turn)
    outcomes = await asker.ask([Question(target.address, CANARY, "NS") for target in now], deadline=deadline)
    observations = [
        vantage.observation(
            CANARY,
            vantage.key(Source.PARENT, target.address, CANARY, "NS"),
            target.host,
            replace(delegation_facts(outcome, CANARY), zone="."),
            outcome,
        )
        for target, outcome in zip(now, outcomes, strict=True)
    ]
    return tuple(observation for observation in observations if observation is not None)
