"""`fastserve compare`: the targets of a run beside one of them, or a run beside another one."""

from pathlib import Path

import click

from controller.cli.limits import limit_options, limits_missed, read_limits
from controller.cli.outcome import SLO_MISSED
from controller.cli.place import Place
from controller.cli.shape import examples, shown_path
from controller.compare.joined_limits import hold_joined
from controller.compare.limits import Held, Limit, hold_limits
from controller.errors import PlanError
from controller.report import REPORTS
from controller.report.joined import join_stored
from controller.report.joined_text import JOINED_REPORTS
from controller.report.limit_text import limits_text
from controller.report.stored import Shown, stored_findings


@click.command(
    epilog=examples(
        "fastserve compare latest",
        "fastserve compare exports/runs/quick-20261123T061300Z --baseline python-flask --format markdown",
        'fastserve compare latest --fail-if "latency_p99_ms > 1.1 * baseline"',
        "fastserve compare mine-20261123T061300Z mine-20261124T061300Z",
    )
)
@click.argument("name", metavar="RUN")
@click.argument("second", metavar="[RUN]", required=False)
@click.option(
    "--baseline",
    metavar="TARGET",
    help="Target that every other one is compared with, else the plan's; of two runs the one that joins them.",
)
@click.option(
    "--format", "format_", type=click.Choice(list(REPORTS)), default="text", show_default=True, help="What to print."
)
@click.option("--anyway", is_flag=True, help="Compare two runs that differ, with the list of what differs on top.")
@limit_options
@click.pass_obj
def compare(
    place: Place,
    name: str,
    second: str | None,
    baseline: str | None,
    format_: str,
    anyway: bool,
    fail_if: tuple[str, ...],
    strict: bool,
) -> int:
    """Compare the targets of RUN, a path, a name or `latest`, with one of them.

    With a second RUN, made later on the same machine with the same contract, versions and levels, its targets are
    compared with those of the first: each as its ratio to a target that both runs have, since there is no pairing
    across runs.

    Exit status: 2 wrong usage or runs that are unlike, 5 a run that cannot be read, 10 a limit missed, 0.
    """
    limits = read_limits(fail_if, strict=strict)
    _refuse_combination(second, format_=format_, anyway=anyway)
    if second is None:
        judged = _one(place.run(name), baseline=baseline, format_=format_, limits=limits)
    else:
        judged = _two(place.run(name), place.run(second), asked=baseline, anyway=anyway, format_=format_, limits=limits)
    # What a program reads has the report alone.
    click.echo(limits_text(judged), nl=False, err=format_ != "text")
    return SLO_MISSED if limits_missed(judged, strict=strict) else 0


def _refuse_combination(second: str | None, *, format_: str, anyway: bool) -> None:
    """Raise PlanError for options that do not go with one run, or with two."""
    if second is None and anyway:
        raise PlanError("--anyway: expected a second RUN beside it, found one run")
    if second is not None and format_ not in JOINED_REPORTS:
        raise PlanError(f"--format: expected one of {', '.join(JOINED_REPORTS)} with two runs, found {format_}")


def _one(folder: Path, *, baseline: str | None, format_: str, limits: tuple[Limit, ...]) -> tuple[Held, ...]:
    """Print what one run found and return how it keeps the limits."""
    # A run that was killed has no tables yet, and none are pointed at.
    tables = shown_path(folder) if (folder / "summary.csv").is_file() else ""
    found, warnings = stored_findings(folder, baseline=baseline, shown=Shown(folder=tables))
    _warn(warnings)
    click.echo(REPORTS[format_](found), nl=False)
    return hold_limits(limits, found.trials, baseline=found.baseline, baselines=found.baselines)


def _two(
    first: Path, second: Path, *, asked: str | None, anyway: bool, format_: str, limits: tuple[Limit, ...]
) -> tuple[Held, ...]:
    """Print what two runs say together and return how the second keeps the limits."""
    found = join_stored(first, second, asked=asked, anyway=anyway)
    _warn((*found.first.warnings, *found.second.warnings))
    if format_ == "csv":
        _warn(tuple(f"the runs differ: {line}" for line in found.joint.unlike))
    click.echo(JOINED_REPORTS[format_](found), nl=False)
    return hold_joined(limits, found.joint, found.tables, found.second.trials)


def _warn(warnings: tuple[str, ...]) -> None:
    for warning in warnings:
        click.echo(f"warning: {warning}", err=True)
