"""What is approved for Route 53's name servers and cannot be Route 53's: told, and left to a person to judge.

A name or a baseline that was forged when it was approved is never a finding, as nothing departs from it; this is what
says so.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from nswatch.expect.networks import AwsRanges
from nswatch.expect.values import canonical_address
from nswatch.judge.route53 import explain
from nswatch.judge.route53_servers import strangers
from nswatch.names import display


def beside_route53(baselines: Mapping[str, Mapping[str, Any]], aws: AwsRanges) -> Iterator[str]:
    """Yield a line for each address of a Route 53 name server in some domains' baselines that lies elsewhere."""
    for domain, baseline in baselines.items():
        told: dict[tuple[str, str], list[str]] = {}
        for part, words in (("addresses", "address"), ("glue", "glue")):
            hosts = {host: map(canonical_address, each) for host, each in baseline.get(part, {}).items()}
            for host, outside in strangers(hosts, aws).items():
                for address in outside:
                    told.setdefault((host, address), []).append(words)
        for (host, address), parts in told.items():
            yield (
                f"{display(domain)}: the baseline's {' and '.join(parts)} {address} of {host} is not in AWS's networks "
                f"for Route 53 (as of {aws.created or 'now'}), so it is not Route 53's: ask AWS, and approve it anew "
                "when it is put right (nswatch watchlist apply --baseline-again)"
            )


def unlike_route53(entries: Mapping[str, Mapping[str, Any]]) -> Iterator[str]:
    """Yield a line for each approved or planned name server (of canonical JSON) whose name imitates Route 53's."""
    for domain, entry in entries.items():
        places = [("delegation", entry)]
        places += [(f"planned change {change['id']}", change) for change in entry.get("planned_changes", ())]
        first: dict[str, str] = {}
        for place, holder in places:
            for host in holder.get("delegation", {}).get("ns", ()):
                first.setdefault(host, place)
        for host, place in first.items():
            if why := explain(host):
                yield (
                    f"{display(domain)}: {place} approves {host}, which looks like Route 53's and cannot be: {why}; "
                    "compare it with the hosted zone's delegation set, letter by letter"
                )
