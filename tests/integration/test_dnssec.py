"""Signed zones: sealed.com is signed, and so is everything above it."""

from tests.integration.monitor import CONTENT_CODES, MX, Monitor, entry, values
from tests.integration.private_internet import PrivateInternet
from tests.support.unbound import Resolvers

from nswatch.model import Result, Source


def test_probe_reads_the_ds_when_the_chain_is_signed(private: PrivateInternet, monitor: Monitor) -> None:
    monitor.apply(entry("sealed.com", MX, dnssec="signed"))
    assert monitor.passes(3) == []
    parents = monitor.views(Source.PARENT, "sealed.com", "NS")
    assert len(parents) == 2
    assert {view.facts.ds for view in parents.values() if view.facts is not None} == {(private.ds_of("sealed.com"),)}


def test_probe_reads_that_there_is_no_ds_when_it_is_removed(
    private: PrivateInternet, monitor: Monitor, resolvers: Resolvers
) -> None:
    monitor.apply(entry("sealed.com", MX, resolvers=resolvers("9.9.9.9", validating=True)))
    private.set_ds("sealed.com", [])
    monitor.passes(3)
    parents = monitor.views(Source.PARENT, "sealed.com", "NS")
    assert {view.facts.ds for view in parents.values() if view.facts is not None} == {()}, "its absence is proven"
    assert values(monitor.views(Source.RECURSIVE, "sealed.com", "MX")) == {"9.9.9.9": ("10 mx1.mail.org",)}


def test_probe_records_bogus_when_a_resolver_answers_only_with_checking_disabled(
    private: PrivateInternet, monitor: Monitor, resolvers: Resolvers
) -> None:
    tag, algorithm, kind, digest = private.ds_of("sealed.com").split()
    resolvers("8.8.8.8")
    resolvers("9.9.9.9", validating=True)
    monitor.apply(entry("sealed.com", MX, resolvers=["8.8.8.8", "9.9.9.9"]))
    private.set_ds(
        "sealed.com", [f"{tag} {algorithm} {kind} {digest[:-4]}{'0000' if digest[-4:] != '0000' else '1111'}"]
    )
    monitor.passes(3)
    for qtype in ("NS", "MX"):
        views = monitor.views(Source.RECURSIVE, "sealed.com", qtype)
        assert views["9.9.9.9"].result is Result.BOGUS
        assert views["9.9.9.9"].facts is None, "what does not validate is no answer"
        assert views["8.8.8.8"].result is Result.ANSWER, "a resolver that does not validate has noticed nothing"
    told = {each.facts.note for each in monitor.observations if each.facts.result is Result.BOGUS}
    assert "with CD: 10 mx1.mail.org" in told
    assert not CONTENT_CODES & monitor.findings.keys()
