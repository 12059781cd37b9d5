"""`fastserve calibrate`: our engine and real tools on a real target, in turns."""

import json
from collections import Counter
from pathlib import Path

import pytest

from controller.measure.turn import ENGINE
from controller.stack.leftovers import labelled_processes
from tests.e2e.command import Machine, interrupt, one_line, until
from tests.e2e.project import add_server
from tests.needs import require

SHORT = ("--duration", "1", "--in-flight", "4")


def test_all_take_turns(project: Path, machine: Machine, tmp_path: Path) -> None:
    """Everyone has every round and every number, and no more answers than the server gave."""
    require("wrk", "ab")
    add_server(project, "kept", env={"SAYS_KEPT": "1"}, pass_env=["COUNT_FOLDER"])
    arguments = ("calibrate", "kept", "--tools", "wrk,ab", "--rounds", "2", *SHORT, "--format", "json")

    done = machine.run(*arguments, cwd=project, env={"COUNT_FOLDER": str(tmp_path)})

    assert done.returncode == 0, done
    found = json.loads(done.stdout)
    names = [ENGINE, "wrk", "ab"]
    assert (found["left_out"], found["missing"]) == ([], {})
    assert Counter((turn["generator"], turn["round"]) for turn in found["turns"]) == Counter(
        (name, number) for name in names for number in (1, 2)
    )
    assert [(row["generator"], row["rounds"]) for row in found["generators"]] == [(name, 2) for name in names]
    # Whatever was not measured would be null.
    assert all(value is not None for row in found["generators"] if row["generator"] != "wrk" for value in row.values())
    assert [line.split()[:3:2] for line in done.stderr.splitlines() if line.startswith("round ")] == [
        ["round", turn["generator"]] for turn in found["turns"]
    ]
    answered = max(int(path.read_text()) for path in tmp_path.glob("kept-*.count"))
    assert 0 < sum(turn["requests"] for turn in found["turns"]) < answered


def test_a_tool_that_cannot_be_measured_is_left_out_and_ctrl_c_keeps_the_rest(project: Path, machine: Machine) -> None:
    """Connections of HTTP/1.0 that are kept without a word leave ab out; the first Ctrl-C prints what there is."""
    require("wrk", "ab")
    add_server(project, "plain")
    arguments = ("calibrate", "plain", "--tools", "wrk,ab", "--rounds", "1000", *SHORT)
    errors = project / "stderr.said"
    with machine.started(*arguments, cwd=project) as process:
        until(lambda: all(f"{name}  " in errors.read_text() for name in ("   FastServe", "   wrk")), within_s=90.0)
        status = interrupt(process)
    said = (project / "stdout.said").read_text()

    assert status == 130, errors.read_text()
    assert "Traceback" not in errors.read_text()
    assert said.startswith(("FastServe's engine and wrk", "cannot tell whether FastServe's engine and wrk"))
    assert "of 1,000 rounds of 1 s" in said
    assert "left out  ab: expected answers, found all of ab's connections silent" in said
    assert [one for one in labelled_processes() if one.label == "calibrate"] == []


def test_a_target_that_dies_is_to_blame(project: Path, machine: Machine) -> None:
    """Before anything was measured there is no table: one message with what the target said last, status 3."""
    require("wrk")
    add_server(project, "dies", env={"MISBEHAVE": "dies"})

    said = one_line(machine.run("calibrate", "dies", "--tools", "wrk", *SHORT, cwd=project), 3)

    assert said.startswith("Error: dies: ")
    assert "ran out of luck" in said


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["nobody"], "expected a server of"),
        (["plain", "--tools", "wrk,curl"], "--tools: expected some of wrk, ab, h2load, k6, oha, found curl"),
        (["plain", "--path", "health"], "expected a path"),
    ],
)
def test_wrong_usage_is_one_line(arguments: list[str], said: str, project: Path, machine: Machine) -> None:
    """A name, a tool or a path that is none is refused before anything is started."""
    add_server(project, "plain")

    assert said in one_line(machine.run("calibrate", *arguments, cwd=project), 2)
