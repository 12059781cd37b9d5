"""`fastserve run`: a plan from its first build to its tables."""

from pathlib import Path

import click

from controller.cli.limits import limit_options, read_limits
from controller.cli.place import Place
from controller.cli.shape import examples
from controller.errors import PlanError


@click.command(
    epilog=examples(
        "fastserve run quick",
        "fastserve run plans/mine.toml --dry-run",
        "fastserve run quick --set load.in_flight=128 --set repeats=8",
        'fastserve run mine --fail-if "latency_p99_ms > 1.1 * baseline"',
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
@limit_options
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
    fail_if: tuple[str, ...],
    strict: bool,
) -> int:
    """Run PLAN, a path or the name of a file in plans/: start, load, measure, store, compare.

    The first Ctrl-C ends the trial, keeps what was measured and prints the tables; the second aborts.

    Exit status, the first that applies: 130 interrupted, 2 wrong usage or plan, 3 stack, 4 load,
    5 store, 11 results in doubt, 10 an SLO or a limit missed, 0.
    """
    refuse_what_is_not_yet(runtime=runtime, machines=machines, influx=influx)
    limits = read_limits(fail_if, strict=strict)
    from controller.cli.running import RunOptions, dry_run_lines, run_and_show

    options = RunOptions(
        project=place.project,
        plan=place.plan(plan),
        overrides=overrides,
        # What is started works in folders of its own, where a path relative to this one would lead elsewhere.
        out=(out or place.runs).absolute(),
        resume=place.run(str(resume)).absolute() if resume else None,
    )
    if dry_run:
        click.echo(dry_run_lines(options))
        return 0
    return run_and_show(options, limits=limits, strict=strict)


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
