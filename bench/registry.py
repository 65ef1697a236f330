"""The registry of the collectors' load test: RDAP over HTTPS on loopback, and the bootstrap file that leads to it.

Run it as a program: it prints its port, answers a line on stdin with what was asked so far, and ends when stdin does.
The bootstrap file is served over plain http, as a replay's is, on the port that the first answer names.
"""

import json
import sys

from tests.support.https import answer_json, authority, server

from bench import internet

BOOTSTRAP = "/dns.json"
_STATES = ["client transfer prohibited", "client update prohibited", "server delete prohibited"]


def document(name: str, hosts: list[str]) -> dict[str, object]:
    """Return what a registry of a generic TLD says of a domain (RFC 9083 section 5.3)."""
    moments = {"registration": "2014-03-01T00:00:00Z", "expiration": "2035-03-01T00:00:00Z"}
    moments |= {"last changed": "2026-02-11T07:10:00Z", "last update of RDAP database": "2026-11-23T00:00:00Z"}
    card: list[object] = ["vcard", [["version", {}, "text", "4.0"], ["fn", {}, "text", "Registrar of the load test"]]]
    registrar: dict[str, object] = {"objectClassName": "entity", "roles": ["registrar"], "vcardArray": card}
    registrar |= {"publicIds": [{"type": "IANA Registrar ID", "identifier": "468"}]}
    return {
        "objectClassName": "domain",
        "rdapConformance": ["rdap_level_0", "icann_rdap_response_profile_1"],
        "ldhName": name.upper(),
        "handle": f"{name.upper()}-LOAD",
        "status": _STATES,
        "entities": [registrar],
        "events": [{"eventAction": action, "eventDate": moment} for action, moment in moments.items()],
        "secureDNS": {"delegationSigned": False},
        "nameservers": [{"objectClassName": "nameserver", "ldhName": host.upper()} for host in hosts],
        "notices": [{"title": "Terms of Use", "description": ["Service subject to terms of use. " * 40]}],
    }


def main() -> int:
    """Answer until stdin ends."""
    with server() as rdap, server(tls=False) as plain:
        for number in range(int(sys.argv[1])):
            name = internet.domain(number)
            rdap.answers[f"/domain/{name}"] = answer_json(document(name, internet.hosts_of(number)))
        rdap.answers["/domain/dns.test"] = answer_json(document("dns.test", ["ns1.dns.test", "ns2.dns.test"]))
        services = [[["example", "test"], [f"{rdap.url}/"]]]
        plain.answers[BOOTSTRAP] = answer_json({"version": "1.0", "services": services})
        print(rdap.url.rpartition(":")[2], flush=True)
        for _ in sys.stdin:
            print(json.dumps({"asked": len(rdap.asked), "authority": authority(), "bootstrap": plain.url}), flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
