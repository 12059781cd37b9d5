"""A calibration for programs: a line for each generator as CSV, and everything as JSON."""

import csv
import io
import json
from typing import Any

from controller.compare.calibration import Calibration, Row
from controller.compare.calibration_words import agreement, reasons
from controller.measure.judgement import GENERATOR, SERVER
from controller.measure.turn import Turn


def calibration_csv(calibration: Calibration) -> str:
    """Return one line for each generator; a cell that is not known is empty. Ends with a newline."""
    rows = [row_cells(row, calibration) for row in calibration.rows]
    text = io.StringIO()
    writer = csv.DictWriter(text, list(rows[0]), lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue()


def calibration_json(calibration: Calibration) -> str:
    """Return the answer, the reasons, the table and every turn as JSON, two spaces deep; unknown is null."""
    document = {
        "target": calibration.target,
        "path": calibration.path,
        "in_flight": calibration.in_flight,
        "duration_s": calibration.duration_s,
        "rounds": calibration.rounds,
        "answer": agreement(calibration),
        "reasons": reasons(calibration),
        "generators": [row_cells(row, calibration) for row in calibration.rows],
        "turns": [_turn_cells(turn) for turn in calibration.turns],
        "left_out": list(calibration.left_out),
        "missing": dict(calibration.missing),
        "notes": list(calibration.notes),
    }
    return json.dumps(document, indent=2, ensure_ascii=False, allow_nan=False) + "\n"


def row_cells(row: Row, calibration: Calibration) -> dict[str, Any]:
    """Return a generator's numbers by column; what is not known is None. Times are in the unit of their name."""
    ratio = row.of_reference
    return {
        "generator": row.generator,
        "version": calibration.versions[row.generator],
        "rounds": row.rounds,
        "requests": row.requests,
        "requests_per_s": row.per_s.mean,
        "requests_per_s_low": row.per_s.low,
        "requests_per_s_high": row.per_s.high,
        "p50_ms": row.p50_ms,
        "p99_ms": row.p99_ms,
        "generator_cpu_us_per_request": row.generator_us,
        "server_cpu_us_per_request": row.server_us,
        "generator_busy": row.shares.get(GENERATOR),
        "server_busy": row.shares.get(SERVER),
        "bound": row.bound,
        "of_wrk": None if ratio is None else ratio.ratio,
        "of_wrk_low": None if ratio is None else ratio.low,
        "of_wrk_high": None if ratio is None else ratio.high,
    }


def _turn_cells(turn: Turn) -> dict[str, Any]:
    spent = turn.spent
    return {
        "round": turn.round,
        "generator": turn.generator,
        "requests": spent.requests,
        "seconds": spent.seconds,
        "p50_ms": spent.p50_ms,
        "p99_ms": spent.p99_ms,
        "generator_cpu_s": spent.cpu_s,
        "server_cpu_s": turn.server_cpu_s,
        "generator_busy": turn.shares.get(GENERATOR),
        "server_busy": turn.shares.get(SERVER),
    }
