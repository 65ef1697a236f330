"""What holds for the fault suite: `--long` takes all of its cases rather than a sample, and nothing is logged."""

import logging
from collections.abc import Iterator

import pytest


def pytest_addoption(parser: pytest.Parser) -> None:
    """See the module."""
    parser.addoption("--long", action="store_true", help="the full product of faults")


def pytest_configure(config: pytest.Config) -> None:
    """See the module."""
    config.addinivalue_line("markers", "long: a case that is run with --long only")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave the long cases out where they are not asked for."""
    if not config.getoption("--long", default=False):
        config.hook.pytest_deselected(items=[item for item in items if item.get_closest_marker("long")])
        items[:] = [item for item in items if not item.get_closest_marker("long")]


@pytest.fixture(scope="session", autouse=True)
def _quick() -> Iterator[None]:
    """Log nothing: faults write thousands of tracebacks, and nobody reads them here."""
    logging.disable(logging.CRITICAL)
    yield
    logging.disable(logging.NOTSET)
