"""`fastserve targets`: the servers under test, one by one."""

import os
from collections.abc import Sequence

import click

from controller.cli.place import Place
from controller.cli.shape import examples
from controller.errors import PlanError, StackError
from controller.plan.target import Target


@click.group(epilog=examples("fastserve targets list", "fastserve targets serve python-flask"))
def targets() -> None:
    """List, build, check or serve the servers under test: the folders of servers/."""


@targets.command("list", epilog=examples("fastserve targets list"))
@click.pass_obj
def list_(place: Place) -> None:
    """List all servers: what they are, whether they are built, and the versions of the tools they need."""
    from controller.cli.listing import listing_text

    click.echo(listing_text(list(place.targets().values())) or f"no servers in {place.servers}")


@targets.command(epilog=examples("fastserve targets build", "fastserve targets build python-flask"))
@click.argument("names", metavar="[NAME]...", nargs=-1)
@click.pass_obj
def build(place: Place, names: tuple[str, ...]) -> None:
    """Build servers that are not built yet, several at once; without a NAME all whose tools are here.

    What fails does not stop the others; its log stays in the cache.
    """
    from controller.cli.building import build_and_show

    build_and_show(chosen(place, names), all_told=True)


@targets.command(epilog=examples("fastserve targets check", "fastserve targets check python-flask --all"))
@click.argument("names", metavar="[NAME]...", nargs=-1)
@click.option("--all", "every", is_flag=True, help="Every combination of settings, not only those in which two meet.")
@click.pass_obj
def check(place: Place, names: tuple[str, ...], every: bool) -> int:
    """Hold servers to the contract in servers/contract/, with combinations of cache, db and metrics.

    Redis and MariaDB are started for it. Exit status 3 when one breaks a rule, does not start, or could not be
    checked for want of Redis or MariaDB.
    """
    from controller.cli.building import build_and_show
    from controller.cli.contract_check import broken_where_it_runs, held_text
    from controller.plan.contract import read_contract
    from controller.stack.contract_suite import combinations_of, hold_targets, missing_services
    from controller.stack.preflight import Prepared

    contract, held, failed = read_contract(place.servers), [], False
    asked = chosen(place, names)
    builds = build_and_show([target for target in asked if target.contract])
    for target in asked:
        if not target.contract:
            click.echo(f"{target.name}: has a contract of its own (contract = false)")
        elif target.url is not None:
            lines = broken_where_it_runs(Prepared(target=target, build=None), contract=contract)
            failed = failed or bool(lines)
            click.echo("\n  ".join((f"{target.name}: {'breaks' if lines else 'keeps'} the contract", *lines)))
        else:
            held.append(Prepared(target=target, build=builds[target.name]))
    if not held:
        return StackError.exit_code if failed else 0
    combinations = combinations_of(every=every)
    results = hold_targets(
        held,
        combinations,
        contract=contract,
        servers=place.servers,
        say=lambda text: click.echo(text, err=True),
    )
    click.echo(held_text(results))
    for missing in missing_services(combinations).values():
        click.echo(f"skipped: {missing}", err=True)
    return 0 if not failed and all(one.ok for one in results) else StackError.exit_code


@targets.command(
    epilog=examples(
        "fastserve targets serve python-flask --port 8080", "DB_POOL_SIZE=2 fastserve targets serve python-flask"
    )
)
@click.argument("name")
@click.option(
    "--port", type=click.IntRange(0, 65_535), default=None, help="Port to listen on; 0, the default, is a free one."
)
@click.pass_obj
def serve(place: Place, name: str, port: int | None) -> None:
    """Run one server in the foreground, built if need be, until Ctrl-C.

    Line 1 on stdout is its URL, once it answers. Settings such as CACHE_BACKEND or SERVER_CPUS are taken
    from the environment; see servers/contract/README.md. A Redis or MariaDB that they ask for is started with
    it, unless REDIS_URL or MYSQL_URL says where one is.
    """
    from controller.cli.building import build_and_show
    from controller.cli.serve import serve_target, settings_of

    (target,) = chosen(place, (name,))
    if target.url is not None:
        raise PlanError(f"{name}: expected a server to start, found one that runs already at {target.url}")
    settings = settings_of(os.environ, servers=place.servers, port=port)
    serve_target(target, build_and_show([target])[name], settings=settings, servers=place.servers)


def chosen(place: Place, names: Sequence[str]) -> list[Target]:
    """Return the named targets, or all whose tools are here. Raises PlanError for a name that is none."""
    known = place.targets()
    if unknown := [name for name in names if name not in known]:
        raise PlanError(
            f"expected a server in {place.servers}, found no {', '.join(unknown)}; known are {', '.join(known)}"
        )
    return [known[name] for name in names or place.available(known)]
