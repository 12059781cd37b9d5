"""Ad-hoc load: what is chosen on Locust's page is measured, shown and stored as trials of a plan are."""

import csv
import os
import re
import signal
import time
import urllib.request
from pathlib import Path
from urllib.error import HTTPError

import pytest

from controller.measure.doubt import DoubtKind
from controller.stack.leftovers import labelled_processes
from controller.store.journal import read_trials, read_windows
from tests.e2e.command import WENT_WELL, Machine, one_line, rows_of, until
from tests.e2e.pages import Page, page_of, shown_as_stored
from tests.e2e.project import add_plan, add_server
from tests.e2e.test_leaving import left_of


@pytest.fixture
def offered(project: Path) -> Path:
    """A project with two servers and a plan for both."""
    for name in ("one", "two"):
        add_server(project, name)
    add_plan(project, "small", "one", "two")
    return project


def refusal(page: Page, target: str = "one", **form: object) -> str:
    """Hold a refusal to its form: the page says why in one line and the test does not start; return the line."""
    said = page.start(target, **form)
    assert said["success"] is False
    assert "\n" not in said["message"]
    assert page.state in {"ready", "stopped"}
    return str(said["message"])


def test_a_session_is_a_run_like_any_other(offered: Path, machine: Machine) -> None:
    """Start, change users, stop, start another: page, journal and tables agree, and compare works on the run."""
    with page_of(machine, offered, "--plan", "small") as page:
        assert page.start("one")["success"] is True
        assert page.state in {"spawning", "running"}
        page.wait_until_measured()
        assert page.post("/swarm", user_count=5, spawn_rate=100)["success"] is True
        page.wait_until_measured(4)
        page.post("/stop")
        until(lambda: page.state == "stopped" and read_trials(page.run))
        shown_as_stored(page.numbers["stats"][-1], page.run)
        shown_as_stored(page.numbers["stats"][0], page.run)

        assert page.start("two")["success"] is True
        assert page.numbers["stats"][-1]["num_requests"] < read_trials(page.run)[0].attempts_total
        page.wait_until_measured()
        page.post("/stop")
        until(lambda: len(read_trials(page.run)) == 2)
        shown_as_stored(page.numbers["stats"][-1], page.run)
        status = page.end()

    assert status in WENT_WELL, page.said
    one, two = read_trials(page.run)
    assert (one.target, one.outcome, one.variant) == ("one", "ok", "in_flight=2")
    assert (two.target, two.outcome, two.block, two.order) == ("two", "ok", 1, 2)
    assert "users changed while it ran: 2, 5" in one.notes
    assert {window.users for window in read_windows(page.run)} >= {2, 5}
    assert [row["trial"] for row in rows_of(page.run / "trials.csv") if row["endpoint"] == "*"] == ["1", "2"]
    compared = machine.run("compare", page.run, "--baseline", "one", cwd=offered)
    assert "two" in compared.stdout, compared
    assert "2 trials" in machine.run("runs", cwd=offered).stdout
    assert left_of(page.run.name) == []


def test_every_button_of_the_page(offered: Path, machine: Machine) -> None:
    """What Locust's other tabs ask for is there; its downloads are exact; a reset empties the page, not the journal."""
    with page_of(machine, offered, "--plan", "small") as page:
        assert page.start("one")["success"] is True
        page.wait_until_measured()
        page.post("/stop")
        until(lambda: read_trials(page.run))
        (trial,) = read_trials(page.run)
        latency = trial.counts("*").latency

        for path in ("/", "/exceptions", "/tasks", "/logs", "/worker-count", "/stats/failures/csv", "/exceptions/csv"):
            assert page.get(path), path
        for path in ("/stats/report", "/stats/report?download=1"):
            assert f'"num_requests": {trial.counts("*").attempts}' in page.get(path)
        total = list(csv.DictReader(page.get("/stats/requests/csv").splitlines()))[-1]
        assert [float(total[name]) for name in ("50%", "99%", "100%")] == [
            latency.quantile_ms(part, 100) for part in (50, 99, 100)
        ]
        assert page.get("/fastserve/trials.csv") == (page.run / "trials.csv").read_text()

        with urllib.request.urlopen(f"{page.url}/stats/reset", data=b"", timeout=30) as answer:
            assert answer.read() == b"ok"
        assert page.numbers["stats"][-1]["num_requests"] == 0
        page.end()
    assert read_trials(page.run) == [trial]


def test_ctrl_c_during_a_trial(offered: Path, machine: Machine) -> None:
    """The first ends the trial and keeps it; the second leaves at once; either way nothing stays behind."""
    with page_of(machine, offered, "--plan", "small") as page:
        assert page.start("one")["success"] is True
        page.wait_until_measured()
        assert page.end() in WENT_WELL, page.said
        said = (offered / "stdout.said").read_text()
    assert "requests/s" in said
    assert [trial.outcome for trial in read_trials(page.run)] == ["ok"]
    assert left_of(page.run.name) == []

    with page_of(machine, offered, "--plan", "small") as page:
        assert page.start("one")["success"] is True
        page.process.send_signal(signal.SIGINT)
        # Less than the half second that every worker is given to hear of an end.
        time.sleep(0.3)
        assert page.end() == 130
    assert "Traceback" not in page.said
    assert left_of(page.run.name) == []


def test_what_the_page_shows_has_no_strangers(offered: Path, machine: Machine) -> None:
    """Tables by fixed names only; another name of this machine, and pages of other origins, are refused."""
    with page_of(machine, offered, "--plan", "small") as page:
        assert "No trial has been started yet" in page.get("/fastserve")
        for path in ("/fastserve/trials.csv", "/fastserve/plan.toml", "/fastserve/..%2Fplan.toml"):
            with pytest.raises(HTTPError, match="404"):
                page.get(path)
        for headers in ({"Host": "evil.example"}, {"Origin": "http://evil.example"}, {"Origin": "null"}):
            with pytest.raises(HTTPError, match="403"):
                page.get("/stats/requests", **headers)
        assert 'href="/fastserve"' in page.get("/")
        page.end()


def test_what_cannot_be_is_refused_in_one_line(offered: Path, machine: Machine) -> None:
    """Wrong choices and numbers are refused on the page and in the terminal, and leave no trial."""
    with page_of(machine, offered, "--plan", "small") as page:
        assert refusal(page, "three") == "target: expected one or two, found 'three'"
        assert "scenario: expected health" in refusal(page, scenario="nothing")
        assert "in_flight: expected" in refusal(page, users=0)
        assert "users: expected a whole number" in refusal(page, users="2.5")
        assert "ramp up: expected" in refusal(page, spawn_rate=0)
        assert "model: expected" in refusal(page, model="capacity")
        assert "rate: expected requests a second" in refusal(page, model="open")
        assert "rate: expected none in the closed model" in refusal(page, rate=100)
        assert "rate: expected a number" in refusal(page, rate="many")
        assert "run time: expected" in refusal(page, run_time="soon")
        assert page.end() == 0

    assert "refused: target: expected one or two" in page.said
    assert read_trials(page.run) == []


def test_a_target_that_does_not_start(offered: Path, machine: Machine) -> None:
    """The page says why; the trial is stored as failed with its reason; the next target can be started."""
    folder = add_server(offered, "liar", env={"MISBEHAVE": "", "REFUSE": "/none"})
    add_plan(offered, "three", "one", "liar")
    with page_of(machine, offered, "--plan", "three") as page:
        # After the contract check, as by a file that somebody moved.
        (folder / "server.py").write_text("raise SystemExit('lost my configuration')")
        assert "lost my configuration" in refusal(page, "liar")
        assert page.start("one")["success"] is True
        page.wait_until_measured()
        assert page.end() == 3

    liar, one = read_trials(page.run)
    assert (liar.outcome, one.outcome) == ("failed", "ok")
    assert "lost my configuration" in (liar.reason or "")


def test_a_target_that_dies(offered: Path, machine: Machine) -> None:
    """Its trial ends with the reason, the page says stopped by itself, and the session goes on."""
    add_server(offered, "mortal", env={"MISBEHAVE": "dies"})
    add_plan(offered, "three", "one", "mortal")
    with page_of(machine, offered, "--plan", "three") as page:
        assert page.start("mortal")["success"] is True
        until(lambda: page.state == "stopped" and read_trials(page.run), within_s=60.0)
        assert "ran out of luck" in (read_trials(page.run)[0].reason or "")
        until(lambda: "ran out of luck" in page.get("/fastserve"))
        assert page.start("one")["success"] is True
        assert page.end() == 3

    mortal, one = read_trials(page.run)
    assert (mortal.target, mortal.outcome, one.target) == ("mortal", "failed", "one")


def test_the_open_model(offered: Path, machine: Machine) -> None:
    """Arrivals come at the rate that was asked for; two rates are two cells, and page and journal agree."""
    with page_of(machine, offered, "--plan", "small") as page:
        for number, rate in enumerate((100, 300), start=1):
            assert page.start("one", users=8, model="open", rate=rate)["success"] is True
            page.wait_until_measured(3)
            page.post("/stop")
            until(lambda number=number: len(read_trials(page.run)) == number)
            shown_as_stored(page.numbers["stats"][-1], page.run)
            shown_as_stored(page.numbers["stats"][0], page.run)
        assert page.end() in WENT_WELL, page.said

    trials = read_trials(page.run)
    assert [trial.variant for trial in trials] == [f"in_flight=8,model=open,rate_per_s={rate}" for rate in (100, 300)]
    for trial, rate in zip(trials, (100, 300), strict=True):
        planned = rate * trial.duration_s
        # Poisson: six standard deviations.
        assert abs(trial.counts("*").attempts - planned) < 6 * planned**0.5
    assert "300/s offered" in (page.run / "report.html").read_text()
    assert len(rows_of(page.run / "summary.csv")) == 4


def test_a_worker_that_is_killed(offered: Path, machine: Machine) -> None:
    """Its trial is kept, with a doubt; the page comes back on its address, and the next test starts."""
    with page_of(machine, offered, "--plan", "small") as page:
        assert page.start("one")["success"] is True
        page.wait_until_measured()
        (worker,) = [one.pid for one in labelled_processes() if one.label == page.run.name and is_worker(one.pid)]
        os.kill(worker, signal.SIGKILL)
        until(lambda: read_trials(page.run), within_s=60.0)
        until(lambda: answers(page), within_s=60.0)
        until(lambda: "worker or window lost" in page.get("/fastserve"))
        until(lambda: page.numbers["worker_count"] == 1)
        assert page.start("two")["success"] is True
        page.wait_until_measured()
        page.end()

    one, two = read_trials(page.run)
    assert DoubtKind.WORKER_LOST in {doubt.kind for doubt in one.doubts}
    assert one.usage["server"].cpu_s > 0
    assert two.outcome == "ok"


def is_worker(pid: int) -> bool:
    """Whether a process is one of Locust's workers."""
    words = Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
    return b"--worker" in words


def answers(page: Page) -> bool:
    """Whether the page answers."""
    try:
        page.get("/stats/requests")
    except OSError:
        return False
    return True


def test_stopped_too_early(offered: Path, machine: Machine) -> None:
    """A stop before the measured phase leaves a trial that was cut short, and says so."""
    with page_of(machine, offered, "--targets", "two,one", "--plan", "small") as page:
        assert page.start("one", users=30, spawn_rate=1)["success"] is True
        page.post("/stop")
        assert page.state == "stopped"
        assert page.end() == 0

    (trial,) = read_trials(page.run)
    assert (trial.outcome, trial.reason) == ("interrupted", "stopped before its measured phase began")
    assert re.search("^targets = .*two.*one", (page.run / "plan.toml").read_text(), re.MULTILINE)


def test_a_time_that_was_set_beforehand(offered: Path, machine: Machine) -> None:
    """The form's run time stops the test as the button does."""
    with page_of(machine, offered, "--plan", "small") as page:
        assert page.start("one", run_time="2s")["success"] is True
        until(lambda: page.state == "stopped" and read_trials(page.run), within_s=60.0)
        shown_as_stored(page.numbers["stats"][-1], page.run)
        page.end()

    assert [trial.outcome for trial in read_trials(page.run)] == ["ok"]


def test_wrong_words_on_the_command_line(offered: Path, machine: Machine) -> None:
    """Servers that are not there, and a port that somebody has, are refused in one line."""
    nobody = machine.run("web", "--targets", "one,nobody", "--plan", "small", cwd=offered)
    assert "--targets: expected servers of" in one_line(nobody, 2)
    with page_of(machine, offered, "--plan", "small") as page:
        taken = machine.run("web", "--plan", "small", "--port", page.url.rpartition(":")[2], cwd=offered)
        assert "expected a free port" in one_line(taken, 3)
        page.end()
