"""Every format renders every kind of run."""

import csv
import io
import json

import pytest

from controller.report import REPORTS
from tests.factories.found import RUNS, found, quick, twelve


@pytest.mark.parametrize("name", RUNS)
@pytest.mark.parametrize("form", REPORTS)
def test_every_format_renders_every_run(form: str, name: str) -> None:
    """Text comes out, it ends with a newline, and None is never among the words."""
    text = REPORTS[form](found(RUNS[name]()))

    assert text.endswith("\n")
    assert "None" not in text
    assert "nan" not in text.split()


@pytest.mark.parametrize("form", REPORTS)
def test_rendering_twice_gives_the_same(form: str) -> None:
    """A report depends on the findings alone."""
    assert REPORTS[form](found(quick())) == REPORTS[form](found(quick()))


def test_answers_are_the_same_in_all_formats_for_people() -> None:
    """Terminal, Markdown and page say the same sentence."""
    sentence = "python-fastapi answers health 4.7 times as fast as python-flask (4.4 to 5.0)"

    assert all(sentence in REPORTS[form](found(quick())) for form in ("text", "html", "json"))
    assert sentence.replace("-", "-") in REPORTS["markdown"](found(quick()))


def test_json_holds_the_tables_with_nulls() -> None:
    """What is not known is null, and the numbers are those of the tables."""
    document = json.loads(REPORTS["json"](found(RUNS["one trial each"]())))

    assert document["summary"][0]["throughput_low_per_s"] is None
    assert document["comparison"][0]["verdict"] == "cannot tell"
    assert document["rankings"][0]["places"][0]["first"] is None


def test_csv_is_the_comparison() -> None:
    """`--format csv` gives comparison.csv."""
    rows = list(csv.DictReader(io.StringIO(REPORTS["csv"](found(quick())))))

    assert {row["candidate"] for row in rows} == {"python-fastapi"}
    assert {row["verdict"] for row in rows if row["metric"] == "throughput_per_s"} == {"faster"}


def test_a_big_run_stays_small() -> None:
    """Twelve targets in five scenarios are a page of less than a megabyte, and text within 100 columns."""
    big = found(twelve(), baseline="node-express")

    assert len(REPORTS["html"](big)) < 1_000_000
    assert max(map(len, REPORTS["text"](big).splitlines())) <= 100
