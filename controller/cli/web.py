"""`fastserve web`: the stack, and Locust's own page to load it by hand."""

from pathlib import Path

import click

from controller.cli.place import Place
from controller.cli.shape import examples

# Whose scenarios are offered where no plan is named.
_USUAL_PLAN = "quick"


@click.command(
    epilog=examples(
        "fastserve web",
        "fastserve web --targets python-flask,python-fastapi",
        "fastserve web --plan plans/mine.toml --port 9000",
    )
)
@click.option("--targets", metavar="A,B", help="Servers to choose from; else the plan's, else all that can run here.")
@click.option(
    "--plan", metavar="PLAN", help=f"Whose scenarios to choose from, and its load; else those of {_USUAL_PLAN}."
)
@click.option(
    "--port", metavar="N", type=click.IntRange(0, 65_535), help="Port of the page on 127.0.0.1; 0 takes any free one."
)
@click.option("--out", metavar="DIR", type=click.Path(path_type=Path), help="Folder for the run's own folder.")
@click.pass_obj
def web(place: Place, targets: str | None, plan: str | None, port: int | None, out: Path | None) -> int:
    """Start the stack and Locust's page on this machine: choose, start, change users, stop, start another.

    Line 1 of stdout is the page's URL. Every trial is stored as that of a plan is, in one run.
    Ctrl-C ends the trial under way, keeps it, and prints the tables; the second aborts.

    Exit status, the first that applies: 2 wrong usage or plan, 3 stack, 4 load, 5 store,
    11 results in doubt, 0; 130 where it was aborted.
    """
    from controller.cli.session import SessionOptions, serve_and_show

    options = SessionOptions(
        project=place.project,
        plan=place.plan(plan or _USUAL_PLAN),
        named=plan is not None,
        targets=tuple(dict.fromkeys(name.strip() for name in (targets or "").split(",") if name.strip())),
        out=(out or place.runs).absolute(),
        port=port,
    )
    return serve_and_show(options)
