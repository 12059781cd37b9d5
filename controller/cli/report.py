"""`fastserve report`: the tables and the page of a run, made anew from its journal."""

import click

from controller.cli.place import Place
from controller.cli.shape import examples, shown_path
from controller.compare.findings import about_targets
from controller.report.outcome import write_all
from controller.report.stored import Shown, stored_findings


@click.command(epilog=examples("fastserve report latest"))
@click.argument("name", metavar="RUN")
@click.pass_obj
def report(place: Place, name: str) -> None:
    """Write the tables and report.html of RUN, a path, a name or `latest`, anew from its journal."""
    folder = place.run(name)
    about = about_targets(place.targets().values())
    found, warnings = stored_findings(folder, shown=Shown(folder=shown_path(folder), about=about))
    for warning in warnings:
        click.echo(f"warning: {warning}", err=True)
    for path in write_all(folder, found):
        click.echo(shown_path(path))
