"""A run with a Locust file in its plan, as a user starts it: users that log in are in its tables."""

import json
import shutil
from pathlib import Path

from controller.errors import LoadError
from tests.e2e.command import WENT_WELL, Machine, lines_of, one_line, rows_of, run_folder
from tests.e2e.project import ROOT, add_server
from tests.load import shop

PLAN = """
name = "visitors"
targets = ["shop"]
repeats = 1
repeat_doubted = false

[load]
in_flight = 2
warmup_s = 0.5
duration_s = 2

[scenarios.beside]
requests = [{ get = "/" }]
locustfile = "locustfiles/login.py"

[scenarios.plain]
requests = [{ get = "/" }]
"""
VISITS = {"/login", "/items", "/items/{id}"}


def add_shop(project: Path, text: str = PLAN, **keys: object) -> None:
    """Add a server that wants a login, and a plan that visits it."""
    add_server(project, "shop", source=Path(shop.__file__), contract=False, ready="/", **keys)
    (project / "plans" / "visitors.toml").write_text(text)


def test_users_that_log_in_are_in_the_tables(tmp_path: Path, project: Path, machine: Machine) -> None:
    """The example that comes with FastServe, beside requests and not: rows of both, counts those of the server."""
    add_shop(project, pass_env=["COUNT_FOLDER"])
    done = machine.run("run", "visitors", cwd=project, env={"COUNT_FOLDER": str(tmp_path)})

    assert done.returncode in WENT_WELL, done
    folder = run_folder(project / "fastserve-runs")
    rows = rows_of(folder / "summary.csv")
    endpoints = {row["endpoint"]: int(row["requests"]) for row in rows if row["scenario"] == "beside"}
    assert {"/", "/items", "/items/{id}", "*"} <= endpoints.keys() <= {"/", "*", *VISITS}
    assert endpoints["*"] == sum(n for endpoint, n in endpoints.items() if endpoint != "*")
    assert [row["endpoint"] for row in rows if row["scenario"] == "plain"] == ["*", "/"]
    assert "script failed" not in "".join(row["doubts"] for row in rows)

    # The first server of all was started to see whether it can be.
    counted = [json.loads(path.read_text()) for path in sorted(tmp_path.glob("shop-*.json"))][-2:]
    (beside,) = [counts for counts in counted if "/login" in counts]
    found = dict.fromkeys(beside, 0)
    order = next(row["order"] for row in lines_of(folder / "trials.jsonl") if row["scenario"] == "beside")
    for window in lines_of(folder / "windows.jsonl"):
        if window["order"] == order:
            for endpoint, counts in window["endpoints"].items():
                assert counts["errors"] == {}
                found[endpoint] += sum(counts["latency"][0][1::2])
    # Before the load its path was asked for twice: whether it is ready, and whether it answers rightly.
    assert found == {**beside, "/": beside["/"] - 2}
    assert beside["/login"] == 4


def test_a_file_that_is_not_there_is_one_line(project: Path, machine: Machine) -> None:
    """Said before anything is built or started, with --dry-run too."""
    add_shop(project, PLAN.replace("login.py", "none.py"))

    for more in ((), ("--dry-run",)):
        assert "found no locustfiles/none.py" in one_line(machine.run("run", "visitors", *more, cwd=project), 2)


def test_a_file_that_cannot_be_loaded_ends_the_run(project: Path, machine: Machine) -> None:
    """Locust's own words on it are shown, and the status is that of the load."""
    add_shop(project, PLAN.partition("[scenarios.plain]")[0].replace("login.py", "broken.py"))
    (project / "locustfiles").mkdir()
    (project / "locustfiles" / "broken.py").write_text("import no_such_module_of_mine\n")
    done = machine.run("run", "visitors", cwd=project)

    assert done.returncode == LoadError.exit_code, done
    assert "No module named 'no_such_module_of_mine'" in done.stderr


def test_a_changed_file_is_not_resumed_with(project: Path, machine: Machine) -> None:
    """A run goes on with the very same users only."""
    add_shop(project)
    (project / "locustfiles").mkdir()
    mine = project / "locustfiles" / "login.py"
    shutil.copy(ROOT / "locustfiles" / "login.py", mine)
    assert machine.run("run", "visitors", cwd=project).returncode in WENT_WELL
    mine.write_text(mine.read_text() + "# changed\n")
    done = machine.run("run", "visitors", "--resume", "latest", cwd=project)

    assert "locustfiles/login.py: was" in one_line(done, 5)
