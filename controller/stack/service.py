"""A backing service that runs: one private instance, behind targets that are measured."""

import os
import socket
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from controller.errors import StackError
from controller.stack.ports import free_port, is_free, stranger_on
from controller.stack.ready import death_of, log_end
from controller.stack.supervisor import Launched

HOST: Final = "127.0.0.1"
# One command or query: far above what a busy machine takes.
ANSWER_WITHIN_S: Final = 10.0
READY_WITHIN_S: Final = 30.0
_LOOK_EVERY_S = 0.02
_ENDS_WITHIN_S = 3.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Service:
    """One that answered. url holds its password, so it is never shown; renew brings it to where each trial begins.

    renew raises StackError where it does not answer. relays stand before it, by how many milliseconds they delay its
    answers. in_query says how many connections are in a query, None where that is not known; it waits for nothing.
    close ends what the service needs beside its own process.
    """

    name: str
    url: str = field(repr=False)
    port: int
    launched: Launched
    renew: Callable[[], None] = field(repr=False)
    relays: Mapping[int, "Service"] = field(default_factory=dict)
    in_query: Callable[[], int | None] = field(default=lambda: None, repr=False)
    close: Callable[[], None] = field(default=lambda: None, repr=False)

    def url_after(self, delay_ms: int) -> str:
        """Return where it is, its answers delayed by so much; with 0 there is nothing before it."""
        return self.relays[delay_ms].url if delay_ms else self.url

    def family(self) -> list[int]:
        """Return the ids of all living processes that came of it, and of its relays."""
        return [pid for one in self._all() for pid in one.launched.family()]

    def died(self) -> str | None:
        """Say how it, or else a relay of it, ended, with the end of its log; None while all run."""
        for one in self._all():
            if (status := one.launched.poll()) is not None:
                return f"{one.name} {death_of(status)}{log_end(one.launched)}"
        return None

    def queries(self) -> int | None:
        """Return how many connections are in a query, as far as those can tell who are asked: itself and its relays.

        Whoever waits behind a relay is in a query for as long as that holds the answer back, which only the relay sees.
        """
        return max((found for one in self._all() if (found := one.in_query()) is not None), default=None)

    def stop(self) -> None:
        """End it with all that came of it, what stands before it first."""
        for one in (*self.relays.values(), self):
            one.close()
            one.launched.stop(_ENDS_WITHIN_S)

    def _all(self) -> Iterator["Service"]:
        yield self
        yield from self.relays.values()


@dataclass(frozen=True, slots=True, kw_only=True)
class Setting:
    """What starting a service needs: its folder, new and private; its log, and the cores it may use, None for all.

    config is the file with its settings, port the one it had before, if any; it gets another one where that is taken.
    The password is of digits and letters only.
    """

    folder: Path
    config: Path
    log: Path
    cores: tuple[int, ...] | None
    password: str = field(repr=False)
    port: int | None = None

    def chosen_port(self) -> int:
        """Return a free port, the one from before where possible."""
        return self.port if self.port is not None and is_free(self.port) else free_port()


def environment() -> dict[str, str]:
    """Return all variables a service is run with: what tunes one here must not tune another one there."""
    return {"PATH": os.environ.get("PATH", os.defpath), "LANG": "C.UTF-8", "HOME": "/"}


def wait_for_service(name: str, launched: Launched, *, port: int, answers: Callable[[], str | None]) -> None:
    """Wait until a service answers; answers returns None once it does, and what was found until then.

    Raises StackError, with the end of its log, when it ends, is not ready in time, or somebody else has its port.
    """
    until_s = launched.started_s + READY_WITHIN_S
    while (found := _listens(port) or answers()) is not None:
        if (ended := launched.poll()) is not None:
            raise StackError(f"expected {name} to get ready, found that it {death_of(ended)}{log_end(launched)}")
        if time.monotonic() > until_s:
            expected = f"expected {name} to answer on port {port} within {READY_WITHIN_S:g} s"
            raise StackError(f"{expected}, found {found}{log_end(launched)}")
        time.sleep(_LOOK_EVERY_S)
    if stranger := stranger_on(port, host=HOST, family=launched.family):
        raise StackError(f"expected {name} to listen on port {port} of {HOST}, found it taken by {stranger}")


def _listens(port: int) -> str | None:
    try:
        socket.create_connection((HOST, port), timeout=ANSWER_WITHIN_S).close()
    except OSError as error:
        return f"no connection ({error.strerror or error})"
    return None
