"""DNS cookies (RFC 7873) with a server that demands them: knot answers BADCOOKIE until its own cookie comes back."""

import dns.message
import dns.rcode
from tests.integration import inside
from tests.integration.private_internet import COOKIE, PrivateInternet

from nswatch.model import Question, Status, Transport

(ADDRESS,) = COOKIE.values()


def rejected(private: PrivateInternet) -> int:
    """Return how many queries the server has answered with BADCOOKIE so far."""
    counters = private.servers["cookie"].control("-f", "stats", "mod-stats.response-code")
    return sum(int(line.rpartition(" ")[2]) for line in counters.splitlines() if "BADCOOKIE" in line)


def test_transport_sends_the_servers_cookie_back_when_it_asks_again(private: PrivateInternet) -> None:
    before = rejected(private)
    outcomes = private.there.run(inside.ask, [Question(ADDRESS, "cookie.com", "A")], 5)
    assert [(outcome.status, outcome.transport) for outcome in outcomes] == [(Status.ANSWERED, Transport.UDP)] * 5
    messages = [dns.message.from_wire(outcome.wire) for outcome in outcomes if outcome.wire is not None]
    assert {message.rcode() for message in messages} == {dns.rcode.NOERROR}
    assert all(len(message.answer) == 1 for message in messages)
    assert rejected(private) - before == 1, "the first query alone had no cookie of the server's"
