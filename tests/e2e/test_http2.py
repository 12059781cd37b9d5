"""HTTP/2 from the plan to a server of one's own that speaks nothing else: started, asked once, loaded, and stored."""

from pathlib import Path

import pytest

from tests.e2e.command import WENT_WELL, Machine, rows_of, run_folder
from tests.e2e.project import NGINX, add_server
from tests.needs import require

PLAN = """
name = "two"
targets = ["mine"]
repeats = 1
repeat_doubted = false

[load]
in_flight = 16
warmup_s = 0
duration_s = 1
%s

[scenarios.any]
requests = [{ get = "/" }, { post = "/more", json = { a = 1 } }]
"""
AS_LOAD = 'http = "2"\nstreams = 4'
AS_FACTORS = '\n[factors]\nhttp = ["2"]\nstreams = [4]'


@pytest.mark.parametrize("said", [AS_LOAD, AS_FACTORS], ids=["load", "factors"])
def test_a_server_of_http2_alone_is_measured(project: Path, machine: Machine, said: str) -> None:
    """Nginx in the clear, with prior knowledge: it gets ready, every answer is as expected, and the tables say how."""
    require("nginx")
    env = {"FOLDER": str(project), "LISTEN": "http2"}
    add_server(project, "mine", source=NGINX, contract=False, ready="/", env=env)
    (project / "plans" / "two.toml").write_text(PLAN % said)
    done = machine.run("run", "two", cwd=project)

    assert done.returncode in WENT_WELL, done
    rows = {row["endpoint"]: row for row in rows_of(run_folder(project / "fastserve-runs") / "summary.csv")}
    assert all(int(row["requests"]) > 0 and row["failures"] == "0" for row in rows.values())
    assert {(row["http"], row["streams"]) for row in rows.values()} == {("2", "4")}


def test_a_server_of_http1_is_refused_before_the_load(project: Path, machine: Machine) -> None:
    """What does not speak HTTP/2 is named by what it said instead, and nothing is measured."""
    add_server(project, "mine", contract=False)
    (project / "plans" / "two.toml").write_text(PLAN % AS_LOAD)
    done = machine.run("run", "two", cwd=project)

    assert done.returncode == 3, done
    assert "no HTTP/2:" in done.stdout + done.stderr
