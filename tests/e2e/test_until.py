"""A run that is as long as it takes: blocks until every ratio to the baseline is known well enough."""

from pathlib import Path

from controller.compare.enough import enough
from controller.store.journal import read_trials
from tests.e2e.command import WENT_WELL, Machine, rows_of, run_folder
from tests.e2e.project import add_plan, add_server

LEAST, MOST, HALF_WIDTH = 3, 5, 0.5


def test_a_run_ends_with_the_block_that_is_enough(project: Path, machine: Machine) -> None:
    """Its blocks were enough and one fewer were not, nothing is left to resume, and all say how many there were."""
    for name in ("one", "two"):
        add_server(project, name)
    add_plan(project, "until", "one", "two")
    repeats = f"repeats={{ at_least = {LEAST}, at_most = {MOST}, until = {HALF_WIDTH} }}"
    arguments = ("run", "until", "--set", repeats)
    planned = machine.run(*arguments, "--dry-run", cwd=project)
    done = machine.run(*arguments, cwd=project)
    assert done.returncode in WENT_WELL, done
    run = run_folder(project / "fastserve-runs")
    trials = read_trials(run)
    blocks = max(trial.block for trial in trials)

    def were_enough(number: int) -> bool:
        whole = [trial for trial in trials if trial.block <= number]
        return enough(whole, baselines={"health": "one"}, at_least=LEAST, at_most=MOST, until=HALF_WIDTH)

    assert [were_enough(number) for number in range(1, blocks + 1)] == [False] * (blocks - 1) + [True]
    assert sorted((trial.block, trial.target) for trial in trials) == [
        (block, target) for block in range(1, blocks + 1) for target in ("one", "two")
    ]
    assert len(rows_of(run / "trials.csv")) == 2 * len(trials)
    assert f"{LEAST} to {MOST} blocks, until every ratio to the baseline is known to 50.0%" in planned.stdout
    assert f"finished: {len(trials)} trials" in machine.run("runs", cwd=project).stdout
    again = machine.run(*arguments, "--resume", run, cwd=project)
    assert again.returncode in WENT_WELL, again
    assert read_trials(run) == trials
