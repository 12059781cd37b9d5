"""One finished run of two servers over two blocks, made in surroundings that are as unfriendly as a user's may be."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.e2e.command import Done, Machine, lines_of, rows_of, run_folder
from tests.e2e.project import add_plan, add_server, new_project

TARGETS = ("plain", "second")
BLOCKS = 2
IN_FLIGHT = 4
# A mix with a route of each weight, so that a table has endpoints beside `*`.
MIX = """
[scenarios.mixed]
requests = [{ get = "/api/health", weight = 3 }, { get = "/api/db?count=2" }]
"""
# What a user of Locust may have lying about; each would change the load if it reached it.
LOCUST_CONF = "users = 1\nspawn-rate = 1\nrun-time = 1s\nstop-timeout = 99\nexclude-tags = [everything]\n"
LOCUST_VARIABLES = {"LOCUST_USERS": "1", "LOCUST_RUN_TIME": "1s", "LOCUST_HOST": "http://127.0.0.1:9"}
# Python runs this in the command's own process and in no other: nothing that it starts gets PYTHONPATH from it.
SPY = """
import atexit, json, os, sys
from pathlib import Path

def tell():
    names = sorted({name.partition(".")[0] for name in sys.modules})
    Path(os.environ["SPY_FOLDER"], f"{os.getpid()}.json").write_text(json.dumps([sys.argv, names]))

atexit.register(tell)
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """A finished run: where it is, what the command said, and what its servers and its process wrote down."""

    project: Path
    folder: Path
    done: Done
    counts: Path
    spied: Path

    def table(self, name: str) -> list[dict[str, str]]:
        """Return the rows of one of its tables."""
        return rows_of(self.folder / name)

    def journal(self, name: str) -> list[dict[str, Any]]:
        """Return the rows of a file of its journal."""
        return lines_of(self.folder / name)

    def modules(self) -> set[str]:
        """Return the packages that the command's own process had imported at its end."""
        (written,) = self.spied.glob("*.json")
        arguments, names = json.loads(written.read_text())
        assert "run" in arguments
        return set(names)


def make_sample(folder: Path, machine: Machine) -> Sample:
    """Run the plan `sample` to its end."""
    project = new_project(folder / "project")
    for name in TARGETS:
        add_server(project, name, pass_env=["COUNT_FOLDER"])
    add_plan(project, "sample", *TARGETS, repeats=BLOCKS, more=MIX)
    counts, spied, home = folder / "counts", folder / "spied", folder / "home"
    for made in (counts, spied, home):
        made.mkdir()
    (home / ".locust.conf").write_text(LOCUST_CONF)
    (project / "locust.conf").write_text(LOCUST_CONF)
    (spied / "sitecustomize.py").write_text(SPY)
    env = {"COUNT_FOLDER": str(counts), "SPY_FOLDER": str(spied), "PYTHONPATH": str(spied), "HOME": str(home)}
    done = machine.run("run", "sample", cwd=project, env={**env, **LOCUST_VARIABLES})
    assert (project / "fastserve-runs").is_dir(), done
    run = run_folder(project / "fastserve-runs")
    return Sample(project=project, folder=run, done=done, counts=counts, spied=spied)
