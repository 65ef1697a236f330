"""Random days on which nothing bad happens page nobody: `make noise` has more of them."""

from bench import noise


def test_nobody_is_paged_when_only_benign_things_happen() -> None:
    quiet = noise.run("ci", domains=10, days=20, steps_a_day=0.25)
    assert quiet.problems == ()
    assert quiet.domain_days == 200
    assert sum(quiet.happened.values()) >= 15
    assert len(quiet.happened) >= 8


def test_problem_is_told_when_something_bad_is_among_it() -> None:
    document, _ = noise.scenario("bad", domains=2, days=4, steps_a_day=0.25)
    (name, *_) = document["world"]["domains"]
    change = {"domains": {name: {"registry": {"ns": ["ns1.stranger.example"]}}}}
    document["steps"][-1]["set"] |= change
    assert any(problem for report in noise.replayed(document) for problem in report.problems)


def test_days_are_the_same_when_the_seed_is() -> None:
    assert noise.scenario("1") == noise.scenario("1")
    assert noise.scenario("1") != noise.scenario("2")
