"""`fastserve plan`: a plan to start from, and a plan as resolved."""

import click

from controller.cli.place import Place
from controller.cli.shape import examples


@click.group(epilog=examples("fastserve plan new > plans/mine.toml", "fastserve plan show quick"))
def plan() -> None:
    """Start a plan, or show one as resolved."""


@plan.command(epilog=examples("fastserve plan new > plans/mine.toml"))
def new() -> None:
    """Print a commented plan to start from."""
    from controller.plan.text import plan_template

    click.echo(plan_template(), nl=False)


@plan.command(epilog=examples("fastserve plan show quick", "fastserve plan show quick --set repeats=8"))
@click.argument("name", metavar="PLAN")
@click.option(
    "--set", "overrides", metavar="KEY=VALUE", multiple=True, help="Another value for a key of the plan, in TOML."
)
@click.pass_obj
def show(place: Place, name: str, overrides: tuple[str, ...]) -> None:
    """Print PLAN as resolved: every setting, with where it came from."""
    from controller.plan.reader import read_plan
    from controller.plan.text import plan_toml

    path = place.plan(name)
    targets = place.targets()
    resolved = read_plan(path, overrides=overrides, targets=targets, available=place.available(targets))
    click.echo(plan_toml(resolved), nl=False)
