"""A target as processes of this machine: started afresh, ready, and ended with all that came of it."""

import os
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from controller.errors import StackError
from controller.plan.target import Target
from controller.stack.build import Build, in_place
from controller.stack.ports import free_port
from controller.stack.ready import Place, PortTakenError, death_of, log_end, url_of, wait_until_ready
from controller.stack.settings import Settings
from controller.stack.supervisor import Launched, Supervisor

READY_WITHIN_S = 30.0
_PORTS_TRIED = 3
_ENDS_WITHIN_S = 5.0
# What every program may expect, with what stands in for it where the caller has none.
_BASE = {"PATH": os.defpath, "HOME": "/", "LANG": "C.UTF-8"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Running:
    """A target that answered. url has no slash at its end; startup_s is from execution to the first answer 2xx."""

    name: str
    url: str
    host: str
    port: int
    launched: Launched
    startup_s: float

    def family(self) -> list[int]:
        """Return the ids of all its living processes."""
        return self.launched.family()

    def died(self) -> str | None:
        """Say how its main process ended, with the end of its log; None while it runs."""
        status = self.launched.poll()
        if status is None:
            return None
        return f"{self.name}: {death_of(status)}{log_end(self.launched)}"


@contextmanager
def run_target(
    supervisor: Supervisor,
    target: Target,
    build: Build,
    *,
    settings: Settings,
    cores: Collection[int] | None = None,
    log: Path,
    ready_within_s: float = READY_WITHIN_S,
) -> Iterator[Running]:
    """Run a target for the time of the block and yield it once it answers; cores None stands for all.

    With settings.port 0 it gets a free port, and another one when somebody was faster.
    Raises StackError, with the end of its log, when it cannot be started, ends or does not answer in time.
    """
    tries = _PORTS_TRIED if settings.port == 0 else 1
    for left in reversed(range(tries)):
        chosen = settings if settings.port else replace(settings, port=free_port(settings.bind))
        launched = _launch(supervisor, target, build=build, settings=chosen, cores=cores, log=log)
        try:
            try:
                running = _ready(target, launched, settings=chosen, within_s=ready_within_s)
            except PortTakenError:
                if left:
                    continue
                raise
            yield running
            return
        finally:
            launched.stop(_ENDS_WITHIN_S)


def _launch(
    supervisor: Supervisor,
    target: Target,
    *,
    build: Build,
    settings: Settings,
    cores: Collection[int] | None,
    log: Path,
) -> Launched:
    argv = [in_place(word, folder=target.folder, out=build.out) for word in target.run]
    env = target_environment(target, build, settings=settings)
    return supervisor.launch(target.name, argv, env=env, cwd=target.folder, cpus=cores, log=log)


def _ready(target: Target, launched: Launched, *, settings: Settings, within_s: float) -> Running:
    host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(settings.bind, settings.bind)
    place = Place(host=host, port=settings.port, path=target.ready)
    startup_s = wait_until_ready(target, launched, place=place, within_s=within_s)
    return Running(
        name=target.name,
        url=url_of(host, settings.port),
        host=host,
        port=settings.port,
        launched=launched,
        startup_s=startup_s,
    )


def target_environment(
    target: Target, build: Build, *, settings: Settings, caller: Mapping[str, str] = os.environ
) -> dict[str, str]:
    """Return all variables a target is run with, but the run's label, which the supervisor adds.

    Those of FastServe come first: server.toml may change what only the endpoint contract asks for.
    Raises StackError for a variable of pass_env that the caller does not have.
    """
    if missing := [name for name in target.pass_env if name not in caller]:
        raise StackError(
            f"{target.name}: expected {', '.join(missing)} in the environment (pass_env of server.toml), found unset"
        )
    base = {name: caller.get(name, default) for name, default in _BASE.items()}
    passed = {name: caller[name] for name in target.pass_env}
    added = {name: in_place(value, folder=target.folder, out=build.out) for name, value in target.env.items()}
    return {**base, **settings.environment(), **passed, **added}
