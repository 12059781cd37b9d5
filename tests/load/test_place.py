"""Where Locust files are found: below the project, or with FastServe's own."""

from pathlib import Path

import pytest

from controller.errors import PlanError
from controller.load.place import locustfile, script_key, scripts_of
from controller.plan.plan import Plan
from tests.plan.given import SMALLEST, plan_from


def plan_with(folder: Path, name: str) -> Plan:
    """Return a plan with a Locust file beside its requests."""
    return plan_from(folder, f'{SMALLEST}locustfile = "{name}"\n')


def test_a_file_of_the_project_comes_first(tmp_path: Path) -> None:
    """The project's own login.py stands before the one that FastServe brings; without it, that one is taken."""
    plan = plan_with(tmp_path, "locustfiles/login.py")
    assert scripts_of(plan, tmp_path) == {"locustfiles/login.py": locustfile().with_name("login.py")}

    own = tmp_path / "locustfiles" / "login.py"
    own.parent.mkdir()
    own.write_text("")
    assert scripts_of(plan, tmp_path) == {"locustfiles/login.py": own}


def test_a_plan_without_one_needs_none(tmp_path: Path) -> None:
    """Nothing is looked for."""
    assert scripts_of(plan_from(tmp_path, SMALLEST), tmp_path) == {}


def test_a_missing_file_is_one_line(tmp_path: Path) -> None:
    """The line names the scenario, the file and where it was looked for."""
    with pytest.raises(PlanError, match=r"scenarios\.health\.locustfile: expected .* found no mine\.py") as error:
        scripts_of(plan_with(tmp_path, "mine.py"), tmp_path)

    assert str(tmp_path) in str(error.value)
    assert "\n" not in str(error.value)


def test_a_path_that_locust_would_part_is_refused(tmp_path: Path) -> None:
    """Locust takes several files as one text with commas."""
    (tmp_path / "a,b.py").write_text("")

    with pytest.raises(PlanError, match="without a comma"):
        scripts_of(plan_with(tmp_path, "a,b.py"), tmp_path)


def test_a_changed_file_has_another_key(tmp_path: Path) -> None:
    """A run is resumed only with the very same users."""
    file = tmp_path / "a.py"
    file.write_text("1")
    before = script_key(file)
    file.write_text("2")

    assert script_key(file) != before
