"""The limit of open files: raised as far as it goes before anything is refused for it."""

import resource
from dataclasses import dataclass
from typing import Final

from controller.errors import LoadError
from controller.plan.cases import cases_of
from controller.plan.plan import Plan
from controller.stack.front import front_of
from controller.stack.nginx_conf import worker_connections

# Descriptors that one process needs beside the connections of a trial.
_SPARE_FILES: Final = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenFiles:
    """How many files a process may have open: soft is in force, hard is how far it may be raised."""

    soft: int
    hard: int


def open_files() -> OpenFiles:
    """Return this process's limits."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    return OpenFiles(soft=soft, hard=hard)


def raise_open_files() -> OpenFiles:
    """Raise the soft limit to the hard one, for this process and all it starts, and return both."""
    hard = open_files().hard
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    return open_files()


def files_needed(plan: Plan) -> int:
    """Return how many files one process of a plan's trials may have open: a worker of the load, or Nginx's."""
    cases = cases_of(plan)
    loads = [case.scenario.load.connections for case in cases]
    fronts = [worker_connections(front) for case in cases if (front := front_of(case.levels)) is not None]
    return max([*loads, *fronts]) + _SPARE_FILES


def check_open_files(needed: int) -> None:
    """Raise LoadError, with the way to raise it, when one process may not have this many files open."""
    limit = raise_open_files().soft
    if limit not in (resource.RLIM_INFINITY, -1) and needed > limit:
        raise LoadError(
            f"expected {needed:,} open files to be allowed (connections and a reserve), found a limit of {limit:,}: "
            f"raise it with `ulimit -Hn {needed}` as root, or in /etc/security/limits.conf, or lower load.in_flight"
        )
