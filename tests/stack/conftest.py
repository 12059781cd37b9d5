"""A cache, a folder for logs and a supervisor of each test's own."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from controller.stack.supervisor import Supervisor, supervise


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a cache folder that holds nothing yet."""
    monkeypatch.setenv("FASTSERVE_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


@pytest.fixture
def logs(tmp_path: Path) -> Path:
    """Return a folder for logs."""
    folder = tmp_path / "logs"
    folder.mkdir()
    return folder


@pytest.fixture
def supervisor(logs: Path, request: pytest.FixtureRequest) -> Iterator[Supervisor]:
    """Return a supervisor whose label is the test's name."""
    with supervise(label=request.node.name, logs=logs) as running:
        yield running
