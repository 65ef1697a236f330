"""Whom a collector asks, by what the template sets."""

from nswatch.wiring_collect import Endpoints


def test_endpoints_are_the_published_ones_when_nothing_is_set() -> None:
    assert Endpoints.from_environment({}) == Endpoints()


def test_endpoints_are_those_of_the_environment_and_show_no_secret() -> None:
    found = Endpoints.from_environment(
        {"NSWATCH_CT_URL": "", "NSWATCH_CRTSH_URL": "https://crt.example", "NSWATCH_CT_TOKEN": "hidden"}
    )
    assert (found.ct, found.crtsh, found.ct_token) == ("", "https://crt.example", "hidden")
    assert "hidden" not in repr(found)
