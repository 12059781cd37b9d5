"""One engine for all tests of a module: it drives one trial after the other, as in a worker."""

from collections.abc import Iterator

import pytest

from controller.load.wire.engine import Engine


@pytest.fixture(scope="module")
def engine() -> Iterator[Engine]:
    """Return a running engine."""
    running = Engine(lambda: None)
    yield running
    running.quit()
