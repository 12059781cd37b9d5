"""`fastserve runs`: which runs there are, and removing some."""

from pathlib import Path

import click

from controller.cli.place import Place
from controller.cli.shape import columns_text, examples, size_text
from controller.store.runs import ListedRun, list_runs, remove_run


@click.group(
    invoke_without_command=True,
    epilog=examples("fastserve runs", "fastserve runs rm quick-20261123T061300Z"),
)
@click.option("--out", metavar="DIR", type=click.Path(path_type=Path), help="Folder of runs, where it is another one.")
@click.pass_context
def runs(ctx: click.Context, out: Path | None) -> None:
    """List finished and unfinished runs with their size, newest last; `rm` removes some."""
    place: Place = ctx.obj
    folder = out or place.runs
    ctx.obj = folder
    if ctx.invoked_subcommand is None:
        click.echo(runs_text(list_runs(folder), folder))


@runs.command(epilog=examples("fastserve runs rm quick-20261123T061300Z"))
@click.argument("names", metavar="RUN...", nargs=-1, required=True)
@click.pass_obj
def rm(folder: Path, names: tuple[str, ...]) -> None:
    """Remove runs, given by name or path, with all that they hold."""
    for name in names:
        path = folder / name if (folder / name).is_dir() else Path(name)
        remove_run(path)
        click.echo(f"removed {path}")


def runs_text(listed: list[ListedRun], folder: Path) -> str:
    """Return a line for each run and what they take together, or that there is none."""
    if not listed:
        return f"no runs in {folder}"
    rows = [(run.path.name, size_text(run.size_bytes), state_text(run)) for run in listed]
    total = f"{len(listed)} in {folder}, {size_text(sum(run.size_bytes for run in listed))}"
    return f"{columns_text(rows, right=frozenset({1}))}\n\n{total}"


def state_text(run: ListedRun) -> str:
    """Return how far a run came, and how to go on with it where it did not end."""
    if run.problem is not None or run.planned is None or run.done is None:
        return run.problem or "not readable"
    failed = f", {run.failed} failed" if run.failed else ""
    if run.writer:
        return f"running ({run.writer}): {run.done} of {run.planned} trials{failed}"
    if run.finished:
        return f"finished: {run.planned} trials{failed}"
    return f"unfinished: {run.done} of {run.planned} trials{failed}; --resume {run.path} runs the rest"
