"""A look as the product's record would hold it, so that the product's own rules can judge it."""

from collections.abc import Iterator
from datetime import datetime, timedelta

from nswatch.model import Facts, Key, Source, Transport, View
from nswatch.observe.servers import Lookup, lookup_facts
from nswatch_cli.check.servers import untestable
from nswatch_cli.check.values import REGION, Look, key_of

_A_PASS = timedelta(seconds=60)


def views_of(look: Look, now: datetime) -> Iterator[View]:
    """Yield a look as the product's record would hold it after two passes (one, for what only UDP said)."""
    asked = [
        *((key_of(Source.PARENT, answer, look.domain, "NS"), answer) for answer in look.parents),
        *((key_of(Source.AUTHORITATIVE, answer, look.domain, "NS"), answer) for answer in look.children),
        *((key_of(Source.RECURSIVE, answer, look.domain, "NS"), answer) for answer in look.resolvers),
        *((key_of(source, answer, record.qname, record.qtype), answer)
          for record in look.records for source, answer in record.answers),
    ]  # fmt: skip
    for key, answer in asked:
        if answer.facts is not None and answer.transport is not None and not untestable(answer):
            yield _view(key, answer.host, answer.facts, answer.transport, now)
    for host in look.hosts:
        if host.result is not Lookup.UNKNOWN:
            facts = lookup_facts(host.result, host.addresses)
            over = host.outcome.transport if host.outcome is not None else Transport.UDP
            yield _view(Key(REGION, Source.ITERATIVE, "", host.host, "A"), "", facts, over, now)
    for name, texts in look.origins.items():
        facts = lookup_facts(Lookup.FOUND if texts else Lookup.NXDOMAIN, texts)
        yield _view(Key(REGION, Source.ITERATIVE, "", name, "TXT"), "", facts, Transport.TCP, now)


def _view(key: Key, host: str, facts: Facts, transport: Transport, now: datetime) -> View:
    first = now - _A_PASS if transport is Transport.TCP or not facts.result.definite else now
    known = facts if facts.result.definite else None
    return View(key, host, known, transport, first, first, now, facts.result, first)
