"""What a test needs from the machine: skipped with the reason where it is missing, a failure where all is required."""

import os
import shutil

import pytest

REQUIRE_ALL = os.environ.get("FASTSERVE_REQUIRE_ALL") == "1"
# The tools that may be missing even then: .ci/run says which of them it could not bring.
MAY_LACK = os.environ.get("FASTSERVE_MAY_LACK", "").split()


def require(*tools: str) -> None:
    """Skip the calling test when a tool is not on PATH; fail it when FASTSERVE_REQUIRE_ALL=1."""
    if missing := [tool for tool in tools if shutil.which(tool) is None]:
        unmet(f"not on PATH: {', '.join(missing)}")


def unmet(reason: str) -> None:
    """Skip the calling test for a reason; fail it when FASTSERVE_REQUIRE_ALL=1."""
    if REQUIRE_ALL:
        pytest.fail(f"FASTSERVE_REQUIRE_ALL=1, and {reason}")
    pytest.skip(reason)
