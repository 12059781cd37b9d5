"""What `fastserve calibrate` prints: answer first, one hundred columns, the same numbers in every format."""

import csv
import io
import json
from dataclasses import replace

import pytest

from controller.cli.calibrating import FORMATS
from controller.cli.calibration_text import calibration_text
from controller.measure.turn import ENGINE
from controller.report.calibration import calibration_csv, calibration_json
from controller.report.text import COLUMNS
from tests.factories.turns import calibration_of, full, turns_of

SHOWN = """\
FastServe's engine and wrk agree: 1.015 of wrk's throughput (1.003 to 1.027)

  python-flask /api/health · 64 connections, kept alive · 3 rounds of 5 s

  generator      requests/s      p50      p99     CPU us/request                   of wrk  limited
                                               generator   server                          by
  FastServe           6,089  10.5 ms  19.0 ms       18.1      160  1.015 (1.003 to 1.027)  server
  wrk 4.1.0           5,999  10.4 ms  31.0 ms       16.0      160                       1  server
  ab 2.3              5,385    11 ms    35 ms       21.0      185     0.91 (0.84 to 0.97)  server
  h2load 1.52.0       6,000  10.6 ms  22.0 ms       19.0        -     1.00 (0.96 to 1.04)  server
  k6 1.8.1            2,150  4.00 ms  12.0 ms        440      160     0.36 (0.33 to 0.39)  generator

why       FastServe checks status,"""


def test_the_answer_comes_first() -> None:
    """The sentence, what was asked, the table with a dash for what is not known; then reasons and remarks."""
    text = calibration_text(full())

    assert text.startswith(SHOWN)
    assert "why       ab speaks HTTP/1.0" in text
    assert "left out  ab in round 3: expected right answers alone" in text
    assert "missing   oha: cargo install oha" in text
    assert "note      controller, master and sampler share core 1" in text


@pytest.mark.parametrize("rate", [0.9, 17.0, 1_234_567.0])
def test_lines_fit(rate: float) -> None:
    """However large the numbers are: a hundred columns, no spaces at line ends."""
    wide = [rate, rate * 3, rate * 9]
    turns = [turn for name in full().versions for turn in turns_of(name, wide, p99_ms=29_999.0, cpu_us=1_234_567.0)]
    for line in calibration_text(replace(full(), turns=tuple(turns))).splitlines():
        assert len(line) <= COLUMNS
        assert line == line.rstrip()


def test_csv_has_a_line_for_each_generator_and_empty_cells_for_the_unknown() -> None:
    """The same rows as the table, with all digits."""
    rows = {row["generator"]: row for row in csv.DictReader(io.StringIO(calibration_csv(full())))}

    assert list(rows) == list(full().versions)
    assert (rows["h2load"]["server_cpu_us_per_request"], rows["ab"]["rounds"]) == ("", "2")
    assert float(rows["wrk"]["of_wrk"]) == 1.0
    assert float(rows[ENGINE]["of_wrk"]) == pytest.approx(1.015, abs=1e-3)


def test_json_has_every_turn() -> None:
    """From which everything else can be made again."""
    document = json.loads(calibration_json(full()))

    assert len(document["turns"]) == len(full().turns)
    assert document["answer"] in calibration_text(full())
    assert sum(turn["requests"] for turn in document["turns"]) == sum(row["requests"] for row in document["generators"])
    assert document["missing"] == {"oha": "cargo install oha"}


@pytest.mark.parametrize("format_", FORMATS)
def test_rounds_that_are_missing_are_said_in_every_format(format_: str) -> None:
    """After Ctrl-C every format is whole, of the rounds that there are."""
    early = calibration_of([*turns_of(ENGINE, [6_000.0]), *turns_of("wrk", [6_000.0])], rounds=10)

    assert FORMATS[format_](early).endswith("\n")
    assert "1 of 10 rounds of 5 s" in calibration_text(early)
