"""What is around a run does not reach it: Locust's settings, the caller's variables, the terminal that is none."""

import json

from tests.e2e.sample import IN_FLIGHT, Sample


def test_the_controller_never_imports_locust(sample: Sample) -> None:
    """The process of the command had neither Locust nor gevent in it, which would have patched it."""
    assert {"controller", "click"} <= sample.modules()
    assert sample.modules() & {"locust", "gevent"} == set()


def test_settings_of_locust_have_no_effect(sample: Sample) -> None:
    """LOCUST_* of the caller, ~/.locust.conf and ./locust.conf change neither users nor length."""
    measured = [row for row in sample.journal("windows.jsonl") if row["phase"] == "measured"]

    assert {row["users"] for row in measured} == {IN_FLIGHT}
    assert {row["duration_s"] for row in sample.journal("trials.jsonl")} == {1.0}
    assert "locust.conf" not in (sample.folder / "logs" / "locust-master.log").read_text()


def test_a_target_gets_its_settings_and_nothing_else(sample: Sample) -> None:
    """A target's environment is what was promised; the caller's other variables are not in it."""
    written = max(sample.counts.glob("plain-*.environment"))
    environment = json.loads(written.read_text())
    settings = {"PORT", "BIND", "SERVER_CPUS", "CACHE_BACKEND", "CACHE_MISS_MS", "CACHE_TTL_S", "DB_BACKEND"}
    settings |= {"SQLITE_PATH", "DB_POOL_SIZE", "METRICS"}
    # LC_CTYPE is what Python sets by itself where the locale is the C one.
    assert environment.keys() - {"LC_CTYPE"} == settings | {"PATH", "HOME", "LANG", "FASTSERVE_RUN", "COUNT_FOLDER"}
    assert environment["FASTSERVE_RUN"] == sample.folder.name


def test_a_pipe_gets_plain_lines(sample: Sample) -> None:
    """Where output is no terminal, it is lines of at most 100 columns without control characters."""
    for text in (sample.done.stdout, sample.done.stderr):
        assert [char for char in text if ord(char) < 32 and char != "\n"] == []
        assert text.endswith("\n")
    # Paths are never torn, so that they can be copied.
    lines = [line for line in sample.done.stdout.splitlines() if not line.startswith(("tables", "report"))]
    assert [line for line in lines if len(line) > 100] == []


def test_progress_and_result_are_apart(sample: Sample) -> None:
    """The result is on stdout, so that it can be kept; how the run went on is on stderr."""
    assert "requests/s" in sample.done.stdout
    assert "trial 8 of 8" in sample.done.stderr
    assert "trial 8 of 8" not in sample.done.stdout
