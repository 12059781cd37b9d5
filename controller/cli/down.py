"""`fastserve down`: the end of what a crash left behind."""

import click

from controller.cli.shape import examples


@click.command(epilog=examples("fastserve down"))
def down() -> None:
    """End what a crashed run left on this machine: processes labelled as FastServe's, and nothing else."""
    from controller.stack.leftovers import down as end_leftovers

    ended = end_leftovers()
    click.echo("\n".join(f"ended {left}" for left in ended) if ended else "nothing of FastServe is running")
