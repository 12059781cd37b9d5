"""`fastserve report`: the tables and the page of a run, made anew from its journal."""

from pathlib import Path

import click

from controller.cli.place import Place
from controller.cli.shape import examples
from controller.cli.stored import stored_findings


@click.command(epilog=examples("fastserve report latest"))
@click.argument("name", metavar="RUN")
@click.pass_obj
def report(place: Place, name: str) -> None:
    """Write the tables and report.html of RUN, a path, a name or `latest`, anew from its journal."""
    from controller.report.html import write_page
    from controller.report.tables import write_tables

    folder: Path = place.run(name)
    found, warnings = stored_findings(folder, baseline=None)
    for warning in warnings:
        click.echo(f"warning: {warning}", err=True)
    for path in (*write_tables(folder, found), write_page(folder, found)):
        click.echo(path)
