"""Who is started in a trial: connections of the wire engine, users of a Locust file, or both; and load shapes."""

import sys
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import gevent
from locust import LoadTestShape, User
from locust.env import Environment
from locust.runners import MasterRunner

from controller.errors import LoadError
from controller.load.user import WireUser
from controller.plugin.script import script_classes

# FastHttpUser connects anew for each request once a descriptor is 1024 or more.
MOST_USERS_OF_A_WORKER: Final = 800
_LOOK_AT_SHAPE_EVERY_S: Final = 0.5


@dataclass(frozen=True, slots=True, kw_only=True)
class Crowd:
    """How many users there are in all, and of which classes; a shape decides on the number instead where there is one.

    Locust starts as many of a class as its fixed_count says, and shares the others out by weight. most is how many
    there may be. Raises LoadError for more.
    """

    users: int
    most: int
    classes: list[type[User]]
    shape: LoadTestShape | None

    def __post_init__(self) -> None:
        if self.shape is None:
            self.hold(self.users)

    def hold(self, users: int) -> None:
        """Raise LoadError where users are too many."""
        if users > self.most:
            raise LoadError(
                f"expected at most {self.most:,} users and connections beside a Locust file, "
                f"{MOST_USERS_OF_A_WORKER} a worker, found {users:,}: raise load.workers"
            )


def fixed_counts(environment: Environment) -> dict[type[User], int]:
    """Return what each class of a Locust file says of how many users it wants."""
    return {one: one.fixed_count for one in script_classes(environment)}


def crowd_of(
    environment: Environment, *, fixed: Mapping[type[User], int], connections: int, wire: bool, workers: int
) -> Crowd:
    """Return who takes part: wire says whether there are requests for the wire engine beside the Locust file.

    With them, the users of the file come on top of the connections, as many as `fixed` says; without, there are as
    many of them as there would be connections, by weight. Raises LoadError for a file that says nobody.
    """
    shape, scripts = environment.shape_class, list(fixed)
    for one in scripts:
        one.fixed_count = fixed[one] if wire else 0
    classes = [one for one in scripts if one.weight > 0]
    if wire:
        beside = scripts if shape else [one for one in scripts if one.fixed_count]
        classes = [one for one in environment.user_classes if issubclass(one, WireUser)] + beside
        if scripts and not beside:
            names = ", ".join(one.__name__ for one in scripts)
            raise LoadError(f"expected a class with fixed_count in a Locust file beside requests, found none: {names}")
    if not classes:
        raise LoadError("expected a class of users in a Locust file without requests beside it, found none")
    users = connections + sum(one.fixed_count for one in scripts)
    most = MOST_USERS_OF_A_WORKER * workers if scripts else sys.maxsize
    return Crowd(users=users, most=most, classes=classes, shape=shape)


def follow(shape: LoadTestShape, runner: MasterRunner, *, crowd: Crowd) -> None:
    """Have as many users as a load shape says, until it ends, and then none. Raises LoadError for too many.

    Locust's own loop would end the whole process with the shape.
    """
    shape.reset_time()
    last: Any = None
    while (tick := shape.tick()) is not None:
        if tick != last:
            users, rate_per_s, *chosen = last = tick
            crowd.hold(users)
            runner.start(users, rate_per_s, user_classes=(chosen[0] if chosen else None) or crowd.classes)
        gevent.sleep(_LOOK_AT_SHAPE_EVERY_S)
    runner.start(0, max(1, runner.user_count), user_classes=crowd.classes)
