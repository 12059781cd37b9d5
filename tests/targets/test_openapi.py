"""Every target against its OpenAPI description, asked by schemathesis for what it allows and for what it forbids."""

import os
import re
import subprocess
import sys
from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.targets.conftest import SERVERS, Start

pytestmark = pytest.mark.slow

EXAMPLES = 25
LEAST_CASES = 80
CHECKS = (
    "not_a_server_error,status_code_conformance,content_type_conformance,"
    "response_schema_conformance,positive_data_acceptance"
)
HOOKS = "tests.targets.openapi_hooks"


def description() -> dict[str, Any]:
    """Return openapi.yaml without what would take minutes, large n, and what the settings of the test leave out."""
    table: dict[str, Any] = deepcopy(yaml.safe_load((SERVERS / "contract" / "openapi.yaml").read_text("utf-8")))
    (n,) = table["paths"]["/api/compute"]["get"]["parameters"]
    n["required"] = True
    n["schema"]["maximum"] = 20
    del n["schema"]["default"], table["paths"]["/metrics"]
    return table


def test_answers_as_its_description_says(start: Start, tmp_path: Path) -> None:
    """Status, type and form of every answer are among those described, and what is described as right is taken."""
    file = tmp_path / "openapi.yaml"
    file.write_text(yaml.safe_dump(description(), allow_unicode=True), encoding="utf-8")
    with start(cache_miss_ms=0) as running:
        command = [
            *(Path(sys.executable).with_name("schemathesis"), "run", file, "--url", running.url),
            *("--checks", CHECKS, "--max-examples", EXAMPLES, "--mode", "all", "--phases", "coverage,fuzzing"),
            *("--generation-deterministic", "--suppress-health-check", "all", "--request-timeout", "20", "--no-color"),
        ]
        done = subprocess.run(
            list(map(str, command)),
            cwd=tmp_path,
            env={**os.environ, "SCHEMATHESIS_HOOKS": HOOKS, "PYTHONPATH": str(SERVERS.parent)},
            capture_output=True,
            text=True,
            timeout=300,
            check=False,
        )

    assert done.returncode == 0, done.stdout + done.stderr
    # Where nothing is asked, nothing fails.
    assert "4 selected / 4 total" in done.stdout, done.stdout
    generated = re.search(r"(\d+) generated, (\d+) passed", done.stdout)
    assert generated, done.stdout
    assert int(generated[1]) == int(generated[2]) > LEAST_CASES
