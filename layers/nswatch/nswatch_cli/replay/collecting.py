"""A hub's collector in a replay: the product's own, over the simulated Internet and web services."""

from collections.abc import Callable, Sequence

from nswatch.collect.chain_checks import read_ds
from nswatch.collect.dns import Dns
from nswatch.collector import Collector, Run
from nswatch.expect.networks import AwsRanges
from nswatch.model import Clock
from nswatch.schedule import ShardMessage
from nswatch.wiring import Clients, Settings
from nswatch.wiring_collect import Endpoints, build_collector
from nswatch_cli.replay.contents import trust_anchor
from nswatch_cli.replay.servers import SimulatedInternet


class Nowhere:
    """A queue that nobody sends to: a replay calls its collectors itself."""

    def send(self, messages: Sequence[ShardMessage]) -> None:
        """See `nswatch.schedule.Queue`."""

    def dead_letters(self) -> int | None:
        """See `nswatch.schedule.Queue`."""
        return 0


def collector_of(
    settings: Settings,
    clock: Clock,
    internet: SimulatedInternet,
    *,
    run: Run,
    clients: Clients,
    aws: Callable[[], AwsRanges],
) -> Collector:
    """Return the collector of the hub ``settings.region``."""
    web = internet.http()
    return build_collector(
        settings,
        clock=clock,
        queue=Nowhere(),
        run=run,
        dns=Dns(clock, internet.route(settings.region), anchors=read_ds(trust_anchor())),
        # AWS's ranges are the world's own (``aws``): of a scenario's few networks no whole file could be made.
        endpoints=Endpoints(f"{web}/bootstrap/dns.json", f"{web}/ct", crtsh="", ip_ranges=""),
        clients=clients,
        aws=aws,
    )
