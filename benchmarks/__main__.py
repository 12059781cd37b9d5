"""`make benchmark`: measure, print a table, write the CSV files."""

import argparse
import sys
import tempfile
from pathlib import Path
from typing import Final

from benchmarks.figures import Figure
from benchmarks.fixed import FixedCost, fixed_cost_of_run, run_quick_plan
from benchmarks.merging import merging_figures
from benchmarks.rates import many_figures, rate_figures
from benchmarks.rounds import Rounds, Standing, measure, places_of, require_tools, stand
from benchmarks.samples import Sample, rows_of
from benchmarks.table import (
    figures_csv,
    figures_text,
    fixed_cost_csv,
    fixed_cost_text,
    samples_csv,
    summary_csv,
    table_text,
)
from controller.errors import FastServeError
from controller.stack.cpus import usable_cores
from controller.units import rate_text, three_digits

_PROJECT: Final = Path(__file__).resolve().parents[1]
INTERRUPTED: Final = 130
# Ignored by git, and removed by `make clean`.
_OUT: Final = Path("build", "benchmark")


def main() -> int:
    """Measure and print; the status is 0 unless something could not be measured, whatever the numbers are."""
    asked = _arguments()
    try:
        rounds = Rounds(rounds=asked.rounds, seconds=asked.seconds)
        require_tools()
        print(f"{rounds.rounds} rounds of {rounds.seconds} s; {places_of(usable_cores()).text}", flush=True)
        with stand(_PROJECT / "servers") as standing:
            samples = measure(rounds, standing, say=_say)
            figures = [] if asked.no_figures else _figures(standing, rounds)
        cost = None if asked.no_plan else _fixed_cost(asked.run)
    except FastServeError as error:
        print(f"Error: {error}", file=sys.stderr)
        return error.exit_code
    except KeyboardInterrupt:
        print("interrupted", file=sys.stderr)
        return INTERRUPTED
    _show(samples, figures, cost, out=asked.out)
    return 0


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description="How fast FastServe itself is.")
    parser.add_argument("--rounds", type=int, default=Rounds().rounds, help="How often each generator is measured.")
    parser.add_argument("--seconds", type=int, default=Rounds().seconds, help="How long, each time.")
    parser.add_argument("--no-figures", action="store_true", help="Leave out the open model and the master's merging.")
    parser.add_argument("--no-plan", action="store_true", help="Leave out the fixed cost of a trial.")
    parser.add_argument("--out", type=Path, default=_OUT, metavar="DIR", help="Folder for the CSV files.")
    parser.add_argument("--run", type=Path, metavar="RUN_DIR", help="A stored run to take the fixed cost from.")
    return parser.parse_args()


def _say(sample: Sample) -> None:
    spent = sample.spent
    print(
        f"round {sample.round}  {sample.workload.name:13}{sample.generator:14}{rate_text(spent.per_s):>10} requests/s"
        f"{three_digits(spent.cpu_us):>10} us CPU each",
        flush=True,
    )


def _figures(standing: Standing, rounds: Rounds) -> list[Figure]:
    print("offering open loads, and letting the master merge simulated workers", flush=True)
    merging = merging_figures(
        standing.supervisor,
        folder=standing.folder,
        master_core=standing.places.generator,
        swarm_core=standing.places.server,
    )
    return [*rate_figures(standing, seconds=rounds.seconds), *many_figures(standing), *merging]


def _fixed_cost(run: Path | None) -> FixedCost:
    if run is not None:
        return fixed_cost_of_run(run)
    print("running the quick plan for the fixed cost of a trial", flush=True)
    with tempfile.TemporaryDirectory(prefix="fastserve-benchmark-") as out:
        return fixed_cost_of_run(run_quick_plan(_PROJECT, Path(out)))


def _show(samples: list[Sample], figures: list[Figure], cost: FixedCost | None, *, out: Path) -> None:
    rows = rows_of(samples)
    files = {"generators.csv": summary_csv(rows), "rounds.csv": samples_csv(samples)}
    print(f"\n{table_text(rows)}")
    if figures:
        print(figures_text(figures))
        files["figures.csv"] = figures_csv(figures)
    if cost is not None:
        print(fixed_cost_text(cost))
        files["fixed.csv"] = fixed_cost_csv(cost)
    out.mkdir(parents=True, exist_ok=True)
    for name, text in files.items():
        (out / name).write_text(text, encoding="utf-8")
        print(out / name)


if __name__ == "__main__":
    sys.exit(main())
