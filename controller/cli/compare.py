"""`fastserve compare`: the targets of a run beside one of them."""

import click

from controller.cli.place import Place
from controller.cli.shape import examples, shown_path
from controller.errors import PlanError
from controller.report import REPORTS
from controller.report.stored import Shown, stored_findings


@click.command(
    epilog=examples(
        "fastserve compare latest",
        "fastserve compare exports/runs/quick-20261123T061300Z --baseline python-flask --format markdown",
    )
)
@click.argument("name", metavar="RUN")
@click.argument("second", metavar="[RUN]", required=False)
@click.option("--baseline", metavar="TARGET", help="Target that every other one is compared with; else the plan's.")
@click.option(
    "--format", "format_", type=click.Choice(list(REPORTS)), default="text", show_default=True, help="What to print."
)
@click.option("--fail-if", metavar="EXPRESSION", help="Exit with status 10 where this holds (not yet).")
@click.pass_obj
def compare(
    place: Place, name: str, second: str | None, baseline: str | None, format_: str, fail_if: str | None
) -> None:
    """Compare the targets of RUN, a path, a name or `latest`, with one of them."""
    if second is not None or fail_if is not None:
        asked = "a second RUN" if second is not None else "--fail-if"
        raise PlanError(f"compare: {asked}: not yet; leave it out to compare the targets of one run")
    folder = place.run(name)
    # A run that was killed has no tables yet, and none are pointed at.
    tables = shown_path(folder) if (folder / "summary.csv").is_file() else ""
    found, warnings = stored_findings(folder, baseline=baseline, shown=Shown(folder=tables))
    for warning in warnings:
        click.echo(f"warning: {warning}", err=True)
    click.echo(REPORTS[format_](found), nl=False)
