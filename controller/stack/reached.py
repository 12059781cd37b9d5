"""A target that runs already: asked whether it answers, and found among the processes of this machine."""

import os
from collections.abc import Iterator
from dataclasses import dataclass
from ipaddress import ip_address
from typing import Final

from controller.errors import StackError
from controller.plan.target import Target
from controller.plan.trust import Trust
from controller.stack.exchange import Asking, Client, NoAnswerError
from controller.stack.ports import listeners_on
from controller.stack.procfs import descendants, is_same_process, process_state

ANSWERS_WITHIN_S: Final = 5.0
# What Docker puts in front of a container's port: it hands bytes on, and the server is elsewhere.
_RELAYS: Final = frozenset({"docker-proxy"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Reached:
    """A server that somebody else started, and that answered. url has no slash at its end.

    listeners are the processes that listen there, each with its start; empty where they cannot be seen, and notes say
    why. cores are those that they may use.
    """

    name: str
    url: str
    listeners: tuple[tuple[int, int], ...]
    cores: frozenset[int]
    notes: tuple[str, ...]

    def family(self) -> list[int]:
        """Return the ids of all its living processes, as far as they can be seen."""
        living = [pid for pid, ticks in self.listeners if is_same_process(pid, ticks)]
        return list(dict.fromkeys([*living, *(child for pid in living for child in descendants(pid))]))

    def died(self) -> str | None:
        """Say that all that listened there has ended; None while it runs, and where it cannot be seen."""
        if self.listeners and not self.family():
            return f"{self.name}: expected {self.url} to stay, found that its processes have ended"
        return None


def reach_target(target: Target, *, trust: Trust, client: Asking = Client) -> Reached:
    """Ask a target that runs already whether it is ready. Raises StackError, with what was found, when it is not."""
    assert target.url is not None
    expected = f"{target.name}: expected GET {target.url}{target.ready} to answer 2xx, found"
    with client(target.url, within_s=ANSWERS_WITHIN_S, trust=trust) as asks:
        try:
            status = asks.ask(target.ready).status
        except NoAnswerError as error:
            raise StackError(f"{expected} {error}; it runs already (url in server.toml), start it first") from error
    if not 200 <= status < 300:
        raise StackError(f"{expected} status {status}")
    assert asks.ends is not None
    return _found(target.name, target.url, *asks.ends)


def _found(name: str, url: str, ours: str, theirs: str, port: int) -> Reached:
    notes = ["target ran already: not started for the trial, reached by no setting, on cores of its own choice"]
    listeners: tuple[tuple[int, int], ...] = ()
    if not ip_address(theirs.partition("%")[0]).is_loopback and ours != theirs:
        notes.append("target is not on this machine: its CPU is not seen")
    elif not (listeners := tuple(_servers(port, host=theirs))):
        notes.append("target is on this machine, but not its processes: its CPU is not seen")
    return Reached(name=name, url=url, listeners=listeners, cores=_cores(listeners), notes=tuple(notes))


def _servers(port: int, *, host: str) -> Iterator[tuple[int, int]]:
    above = set(_ancestors(os.getpid()))
    for pid in listeners_on(port, host=host):
        state = process_state(pid)
        # An init that listens for others is above everything, this process too.
        if state is not None and state.name not in _RELAYS and pid not in above:
            yield pid, state.started_ticks


def _ancestors(pid: int) -> Iterator[int]:
    while (state := process_state(pid)) is not None and state.parent:
        pid = state.parent
        yield pid


def _cores(listeners: tuple[tuple[int, int], ...]) -> frozenset[int]:
    cores: set[int] = set()
    for pid, _ in listeners:
        try:
            cores |= os.sched_getaffinity(pid)
        except ProcessLookupError:
            # It has ended since it was found.
            continue
    return frozenset(cores)
