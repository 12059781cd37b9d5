"""`fastserve run`: a plan from its first build to its tables."""

import sys
from pathlib import Path

import click

from controller.cli.dry_run import dry_run_text
from controller.cli.interrupts import two_steps
from controller.cli.outcome import outcome_text, status_of
from controller.cli.place import Place
from controller.cli.progress import PlainProgress, Progress, can_redraw
from controller.cli.shape import examples, shown_path
from controller.errors import PlanError
from controller.run import RunOptions, StopRequest, run_plan
from controller.run import dry_run as what_would_run


@click.command(
    epilog=examples(
        "fastserve run quick",
        "fastserve run plans/mine.toml --dry-run",
        "fastserve run quick --set load.in_flight=128 --set repeats=8",
        "fastserve run quick --resume exports/runs/quick-20261123T061300Z",
    )
)
@click.argument("plan")
@click.option(
    "--dry-run", is_flag=True, help="Say what would run, how long it takes and what it can tell; run nothing."
)
@click.option(
    "--set", "overrides", metavar="KEY=VALUE", multiple=True, help="Another value for a key of the plan, in TOML."
)
@click.option("--out", metavar="DIR", type=click.Path(path_type=Path), help="Folder for the run's own folder.")
@click.option("--resume", metavar="RUN_DIR", type=click.Path(path_type=Path), help="Finish a run that was cut short.")
@click.option("--runtime", type=click.Choice(["process", "docker"]), default="process", help="How servers are started.")
@click.option("--machines", metavar="FILE", help="More machines to run on (not yet).")
@click.option("--influx", metavar="URL", help="An InfluxDB to write to as well (not yet).")
@click.pass_obj
def run(
    place: Place,
    plan: str,
    dry_run: bool,
    overrides: tuple[str, ...],
    out: Path | None,
    resume: Path | None,
    runtime: str,
    machines: str | None,
    influx: str | None,
) -> int:
    """Run PLAN, a path or the name of a file in plans/: start, load, measure, store, compare.

    The first Ctrl-C ends the trial, keeps what was measured and prints the tables; the second aborts.

    Exit status, the first that applies: 130 interrupted, 2 wrong usage or plan, 3 stack, 4 load,
    5 store, 11 results in doubt, 10 an SLO missed, 0.
    """
    refuse_what_is_not_yet(runtime=runtime, machines=machines, influx=influx)
    into = out or place.runs
    options = RunOptions(
        project=place.project,
        plan=place.plan(plan),
        overrides=overrides,
        out=into,
        resume=place.run(str(resume)) if resume else None,
        shown_folder=shown_path(resume or into / "latest"),
    )
    if dry_run:
        click.echo(dry_run_text(what_would_run(options)))
        return 0
    return run_and_show(options)


def run_and_show(options: RunOptions) -> int:
    """Run a plan with its progress on stderr, print what it found, and return the exit status."""
    stop, progress = StopRequest(), progress_display()
    try:
        with two_steps(stop, progress):
            outcome = run_plan(options, progress, stop)
    finally:
        progress.finished()
    for warning in outcome.warnings:
        click.echo(f"warning: {warning}", err=True)
    click.echo(outcome_text(outcome), nl=False)
    return status_of(outcome)


def progress_display() -> Progress:
    """Return a display that redraws where the terminal can, and plain lines elsewhere."""
    if can_redraw(sys.stdout) and can_redraw(sys.stderr):
        from controller.cli.live import LiveProgress

        return LiveProgress(sys.stderr)
    return PlainProgress(lambda line: click.echo(line, err=True))


def refuse_what_is_not_yet(*, runtime: str, machines: str | None, influx: str | None) -> None:
    """Raise PlanError for what is described but not built."""
    asked = {
        "--runtime docker": runtime == "docker",
        "--machines": machines is not None,
        "--influx": influx is not None,
    }
    for option, given in asked.items():
        if given:
            raise PlanError(f"{option}: not yet; leave it out to run on this machine with its own toolchains")
