"""`fastserve down`: the end of what a crash left behind."""

import click

from controller.cli.shape import examples


@click.command(epilog=examples("fastserve down"))
@click.option("--force", is_flag=True, help="End runs that are alive as well.")
def down(force: bool) -> None:
    """End what a crashed run left on this machine: processes labelled as FastServe's, and nothing else."""
    from controller.stack.leftovers import down as end_leftovers
    from controller.stack.leftovers import living_runs

    ended = end_leftovers(force=force)
    lines = [f"ended {left}" for left in ended] or ["nothing was left behind"]
    lines += [
        f"left alone {label}: its process {pid} is alive; --force ends it" for label, pid in living_runs().items()
    ]
    click.echo("\n".join(lines))
