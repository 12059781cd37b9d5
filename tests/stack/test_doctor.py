"""What this machine can run, as data."""

import os
import sys
from pathlib import Path

from controller.load.rivals import RIVALS
from controller.stack.doctor import diagnose
from tests.stack.programs import made_target


def test_targets_are_ready_or_lack_something(tmp_path: Path) -> None:
    """Each target with what it lacks, each optional tool with what it is for, and the machine as it is."""
    ready = made_target(tmp_path / "ready", files={}, run=["true"], needs={"python3": ">=3.0"})
    lacking = made_target(tmp_path / "lacking", files={}, run=["true"], needs={"nowhere": ">=1.80"})
    found = diagnose([ready, lacking])

    assert [(target.name, [tool.tool for tool in target.missing]) for target in found.targets] == [
        ("ready", []),
        ("lacking", ["nowhere"]),
    ]
    assert {tool.tool for tool in found.optional} == {"redis-server", "mariadbd", "nginx", "openssl", *RIVALS}
    assert found.machine.cores == tuple(sorted(os.sched_getaffinity(0)))
    assert found.machine.python == ".".join(map(str, sys.version_info[:3]))
    assert found.machine.topology
