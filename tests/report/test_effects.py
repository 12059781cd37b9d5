"""What factors do, in every form of the report."""

import csv
import io
import json
import re

import pytest

from controller.report import REPORTS
from controller.report.tables import table_csv
from tests.factories.factors import one_at_a_time, varied_run
from tests.factories.found import RUNS, found
from tests.factories.trials import failed

FORMS = {
    name: {form: REPORTS[form](found(RUNS[name]())) for form in ("text", "markdown", "html", "json")}
    for name in ("factors", "factors on shared cores", "quick")
}


def test_every_form_has_the_same_numbers() -> None:
    """The effect over targets and at each, as in factors.csv."""
    rows = list(csv.DictReader(io.StringIO(table_csv(found(RUNS["factors"]()), "factors.csv"))))
    (row,) = (
        row
        for row in rows
        if (row["level"], row["target"], row["metric"], row["endpoint"]) == ("on", "*", "throughput_per_s", "*")
    )

    assert row["verdict"] == "slower"
    for form in ("text", "markdown", "html"):
        shown = re.search(r"gzip off → on[^\n(]*?(\d\.\d+) \(", FORMS["factors"][form])
        assert float(shown[1]) == pytest.approx(float(row["ratio"]), abs=0.006), form
    assert {one["target"] for one in json.loads(FORMS["factors"]["json"])["factors"]} == {
        "*",
        "go-fiber",
        "node-fastify",
    }


def test_interactions_are_sentences_everywhere() -> None:
    """Which target it helps and which it hurts, and what two factors do together."""
    for form, text in FORMS["factors"].items():
        joined = " ".join(text.replace("\\_", "_").split())
        assert "gzip off → on helps node-fastify (" in joined, form
        assert "http 1.1 → 2 is not the same at gzip=on (" in joined, form


def test_throughput_on_a_shared_core_is_labelled() -> None:
    """In each form for people: which number decides, and that throughput is no verdict."""
    for form in ("text", "markdown", "html"):
        joined = " ".join(FORMS["factors on shared cores"][form].replace("<br>", " ").split())
        assert "verdicts are on the CPU time that a request takes of all but the generator" in joined
        assert "on one shared core" in joined
        assert "each factor was varied alone: what two of them do together is not known" in joined


def test_targets_that_are_not_in_an_effect_are_said() -> None:
    """One of three never ran with gzip: the effect over targets is that of two, and says so beside its verdict."""
    trials = [
        failed(trial) if (trial.target, trial.factors["gzip"]) == ("python-flask", "on") else trial
        for trial in RUNS["factors on shared cores"]()
    ]
    text = REPORTS["text"](found(trials))

    assert text.count("    over 2 of 3 targets\n") == 1
    assert "over 2 of 3 targets" in REPORTS["html"](found(trials))


@pytest.mark.parametrize(("pools", "tables"), [(3, 4), (4, 1)])
def test_of_many_variants_the_terminal_has_the_first_ones_table(pools: int, tables: int) -> None:
    """Up to four stand whole; of more the first, with what the others change above a sentence for each of them."""
    varied = {"proxy": ("nginx",), "db": ("mysql",), "pool": (10, *range(1, pools + 1))}
    findings = found(varied_run(one_at_a_time(varied)))
    text = REPORTS["text"](findings)

    assert len(findings.rankings) == 1 + pools
    assert text.count("CPU us/request") == tables
    joined = " ".join(text.split())
    assert all(f"pool={size})" in joined for size in varied["pool"][1:])
    assert text.index("what tuning does") < text.rindex("pool=3)") or tables > 1


def test_runs_that_vary_nothing_say_nothing_of_it() -> None:
    """No heading, no table, and no file to look at."""
    for form in ("text", "markdown", "html"):
        assert not re.search("tuning does|factors.csv", FORMS["quick"][form])
    assert json.loads(FORMS["quick"]["json"])["factors"] == []


def test_each_drawing_says_in_words_what_it_shows() -> None:
    """A screen reader hears the change and its ratio; the numbers stand in the same row."""
    labels = re.findall(r'role="img" aria-label="(gzip off → on, throughput: [^"]+)"', FORMS["factors"]["html"])

    assert len(labels) == 3
    assert all(re.search(r": \d\.\d+ \(\d\.\d+ to \d\.\d+\)$", label) for label in labels)
