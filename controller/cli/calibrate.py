"""`fastserve calibrate`: FastServe's engine beside other load generators."""

import click

from controller.cli.place import Place
from controller.cli.shape import examples

_FORMATS = ("text", "csv", "json")


@click.command(
    epilog=examples(
        "fastserve calibrate",
        "fastserve calibrate python-fastapi --tools wrk,ab --rounds 3 --duration 2",
        "fastserve calibrate --path /api/db --format csv",
    )
)
@click.argument("target", required=False)
@click.option("--path", metavar="PATH", help="What is asked for; else /api/health.")
@click.option(
    "--in-flight",
    metavar="N",
    type=click.IntRange(1, 100_000),
    help="Connections, each asked again when it answered; else 64.",
)
@click.option("--duration", metavar="S", type=click.IntRange(1, 3600), help="Seconds of each turn; else 5.")
@click.option("--rounds", metavar="N", type=click.IntRange(1, 1000), help="Turns of each generator; else 10.")
@click.option("--tools", metavar="A,B", help="Tools beside FastServe's engine; else all of wrk,ab,h2load,k6,oha.")
@click.option("--seed", metavar="N", type=click.IntRange(0), help="Decides on the order within each round; else 0.")
@click.option(
    "--format", "format_", type=click.Choice(_FORMATS), default="text", show_default=True, help="What to print."
)
@click.pass_obj
def calibrate(
    place: Place,
    target: str | None,
    path: str | None,
    in_flight: int | None,
    duration: int | None,
    rounds: int | None,
    tools: str | None,
    seed: int | None,
    format_: str,
) -> int:
    """Let FastServe's engine, wrk, ab, h2load, k6 and oha take turns on TARGET (python-flask), and compare them.

    All get the same connections, kept alive, and the same time, from one core; tools that are not here are named
    with the command that adds them. Take a target that is slower than the tools. Ctrl-C ends it with what was measured.

    Exit status, the first that applies: 130 interrupted, 2 wrong usage, 3 the target, 4 FastServe's engine, 0
    whatever the numbers are.
    """
    from controller.cli.calibrating import calibrate_and_show

    asked = {
        "target": target,
        "path": path,
        "in_flight": in_flight,
        "duration_s": duration,
        "rounds": rounds,
        "tools": None if tools is None else tuple(dict.fromkeys(name for name in tools.split(",") if name)),
        "seed": seed,
    }
    return calibrate_and_show(
        place.project, {name: value for name, value in asked.items() if value is not None}, format_=format_
    )
