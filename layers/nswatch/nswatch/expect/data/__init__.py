"""AWS's published address ranges, as shipped: `nswatch ranges --refresh` writes the file anew.

``aws-ranges.json`` holds ``created``, the moment of publication, and by service its networks, merged, as one text. The
first copy was taken from another daily copy of ip-ranges.json, which kept the moment of copying instead.
"""

import json
from functools import cache
from importlib.resources import files

from nswatch.expect.networks import AwsRanges

AWS_RANGES = "aws-ranges.json"


@cache
def aws_ranges() -> AwsRanges:
    """Return the shipped ranges; read once, and a service's networks are parsed when it is first asked for."""
    document = json.loads(files(__name__).joinpath(AWS_RANGES).read_text(encoding="ascii"))
    services = {service: tuple(networks.split(" ")) for service, networks in document["services"].items()}
    return AwsRanges(services, document["created"])
