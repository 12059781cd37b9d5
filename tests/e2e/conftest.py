"""What the end-to-end tests share: a machine of their own, and one project with one finished run."""

from pathlib import Path

import pytest

from tests.e2e.command import Machine
from tests.e2e.project import new_project
from tests.e2e.sample import Sample, make_sample


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark all tests of this folder: they start masters, workers and real servers."""
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.e2e)


@pytest.fixture(scope="session")
def machine(tmp_path_factory: pytest.TempPathFactory) -> Machine:
    """A lock and a cache that nobody else has."""
    return Machine(folder=tmp_path_factory.mktemp("machine"))


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A project with the contract and no server yet."""
    return new_project(tmp_path / "project")


@pytest.fixture(scope="session")
def sample(tmp_path_factory: pytest.TempPathFactory, machine: Machine) -> Sample:
    """One finished run of two servers over two blocks."""
    return make_sample(tmp_path_factory.mktemp("sample"), machine)
