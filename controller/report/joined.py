"""Two stored runs side by side: read, held against one another, and refused where they are unlike."""

import csv
import io
import json
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from controller.compare.joined import joined_rows
from controller.compare.joining import Joint, join_runs
from controller.compare.likeness import Made
from controller.compare.matched import Matched, matched_tables
from controller.compare.verdicts import Comparison
from controller.errors import PlanError
from controller.report.columns import COMPARISON
from controller.report.stored import StoredRun, read_stored

JOINED: Final = ("baseline_run", "candidate_run", "through", *COMPARISON, "same_build")


@dataclass(frozen=True, slots=True, kw_only=True)
class Joined:
    """What two runs say together: rows compare the second with the first, scenario by scenario of tables."""

    first: StoredRun
    second: StoredRun
    joint: Joint
    tables: tuple[Matched, ...]
    rows: tuple[Comparison, ...]


def join_stored(first: Path, second: Path, *, asked: str | None, anyway: bool) -> Joined:
    """Return what the runs in two folders say together, joined through the target that is asked for, or a common one.

    Raises PlanError, with all that they differ in, for runs that are unlike, unless they are to be compared anyway;
    StoreError for a folder that is no run or is damaged.
    """
    one, other = read_stored(first), read_stored(second)
    joint = join_runs(_made(one), _made(other), asked=asked)
    if joint.unlike and not anyway:
        listed = "\n".join(f"  {line}" for line in joint.unlike)
        raise PlanError(
            f"compare: expected two runs that are alike, found {joint.first.run_id} and {joint.second.run_id}, which "
            f"differ: measure both versions in one run, or see the numbers with --anyway\n{listed}"
        )
    scenarios = [scenario.name for scenario in one.plan.scenarios]
    tables = matched_tables(one.trials, other.trials, scenarios=scenarios)
    return Joined(first=one, second=other, joint=joint, tables=tables, rows=joined_rows(joint, tables))


def _made(stored: StoredRun) -> Made:
    run = stored.run
    return Made(run_id=run.run_id, plan=stored.plan, builds=run.builds, facts=run.machine)


def doubts_of(stored: StoredRun) -> dict[str, int]:
    """Return how many of a run's trials have each doubt."""
    return Counter(kind for trial in stored.trials if trial.ok for kind in {one.kind.value for one in trial.doubts})


def joined_csv(joined: Joined) -> str:
    """Return the rows as CSV with a header line; what is not known is an empty cell."""
    text = io.StringIO()
    writer = csv.DictWriter(text, JOINED, lineterminator="\n")
    writer.writeheader()
    writer.writerows(_rows(joined))
    return text.getvalue()


def joined_json(joined: Joined) -> str:
    """Return the rows and what the runs differ in as JSON; what is not known is null. Ends with a newline."""
    document = {
        "first": joined.joint.first.run_id,
        "second": joined.joint.second.run_id,
        "through": joined.joint.through,
        "unlike": list(joined.joint.unlike),
        "comparison": list(_rows(joined)),
        "doubts": {stored.run.run_id: doubts_of(stored) for stored in (joined.first, joined.second)},
    }
    return json.dumps(document, indent=2, ensure_ascii=False, allow_nan=False) + "\n"


def _rows(joined: Joined) -> Iterator[dict[str, Any]]:
    joint = joined.joint
    same = {(pair.baseline, pair.candidate) for pair in joint.pairs if pair.same_build}
    for row in joined.rows:
        yield {
            "baseline_run": joint.first.run_id,
            "candidate_run": joint.second.run_id,
            "through": joint.through,
            **{name: getattr(row, name) for name in COMPARISON},
            "same_build": "yes" if (row.baseline, row.candidate) in same else "no",
        }
