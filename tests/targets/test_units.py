"""Each target's own unit tests, run as its language runs them."""

import os
import subprocess

import pytest

from controller.plan.target import Target
from controller.stack.build import in_place
from tests.targets.conftest import built

# Alone, since side by side there is no network: Maven fetches what only tests need as it runs them.
pytestmark = [pytest.mark.slow, pytest.mark.alone]


def test_its_own_unit_tests_pass(target: Target) -> None:
    """Every target has some, they pass after a build, and leave nothing in its folder."""
    before = sorted(target.folder.rglob("*"))
    build = built(target.name)

    assert target.unit_tests
    for command in target.unit_tests:
        argv = [in_place(word, folder=target.folder, out=build.out) for word in command]
        done = subprocess.run(
            argv, cwd=target.folder, env=os.environ, capture_output=True, text=True, timeout=600, check=False
        )
        assert done.returncode == 0, done.stdout + done.stderr
    assert sorted(target.folder.rglob("*")) == before
