"""Known truths on real servers: two that are equal, and one that is slower by a tenth."""

import pytest

from tests.e2e.command import Done, Machine, rows_of, run_folder
from tests.e2e.project import add_plan, add_server, new_project

# An answer takes so long whatever the machine does: four connections get four times as many answers in that time.
PACE_MS, SLOWER_MS = 20, 22
BLOCKS = 5


@pytest.fixture(scope="module")
def compared(tmp_path_factory: pytest.TempPathFactory, machine: Machine) -> tuple[Done, dict[str, dict[str, str]]]:
    """Run a server, its copy and a slower copy; return the run and each one's throughput beside the first's."""
    project = new_project(tmp_path_factory.mktemp("paced") / "project")
    for name, pace_ms in (("one", PACE_MS), ("copy", PACE_MS), ("slower", SLOWER_MS)):
        add_server(project, name, env={"PACE_MS": str(pace_ms)})
    add_plan(project, "truths", "one", "copy", "slower", repeats=BLOCKS)
    done = machine.run("run", "truths", "--set", "load.duration_s=2", cwd=project)
    rows = rows_of(run_folder(project / "fastserve-runs") / "comparison.csv")
    return done, {
        row["candidate"]: row for row in rows if (row["endpoint"], row["metric"]) == ("*", "throughput_per_s")
    }


def test_a_copy_is_as_fast_as_what_it_was_copied_from(compared: tuple[Done, dict[str, dict[str, str]]]) -> None:
    """The ratio is 1, as nearly as a busy machine lets timers be, and no difference as large as a tenth is claimed."""
    done, rows = compared

    assert float(rows["copy"]["ratio"]) == pytest.approx(1, abs=0.04), done
    assert float(rows["copy"]["ratio_low"]) < 1.03
    assert float(rows["copy"]["ratio_high"]) > 0.97


def test_a_copy_that_is_slower_by_a_tenth_is_found(compared: tuple[Done, dict[str, dict[str, str]]]) -> None:
    """It has its verdict, its interval is below 1 and holds the truth, as nearly as both answers cost the same else."""
    done, rows = compared
    low, ratio, high = (float(rows["slower"][name]) for name in ("ratio_low", "ratio", "ratio_high"))

    assert rows["slower"]["verdict"] == "slower", done
    # Timers are late by more where others use the machine, and not by the same for both.
    assert ratio == pytest.approx(PACE_MS / SLOWER_MS, abs=0.04)
    assert low - 0.03 <= PACE_MS / SLOWER_MS <= high + 0.03
    assert high < 1
    assert "slower" in done.stdout
