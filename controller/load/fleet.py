"""Locust's master and workers as child processes of the run, and the link to the master."""

import os
import shutil
import socket
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from typing import Any

from controller.errors import LoadError
from controller.load.control import CONTROL_VARIABLE, Link
from controller.load.job import Job, job_to_wire
from controller.load.offer import OFFER_VARIABLE, Offer
from controller.stack.supervisor import Launched, Supervisor

_UP_WITHIN_S = 60.0
_POLL_EVERY_S = 0.2
_QUITS_WITHIN_S = 5.0
_LOOPBACK = "127.0.0.1"


@dataclass(frozen=True, slots=True, kw_only=True)
class Crew:
    """How many workers there are, which cores they and the master run on, and what the master's page offers, if any."""

    workers: int
    generator: Sequence[int]
    control: Sequence[int]
    offer: Offer | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Fleet:
    """A master with its workers, all connected; trials are driven over the link one after the other.

    numbers gives each drive one of its own, by which its windows are known to these processes.
    page_url is where the master's page answers, empty where it has none.
    """

    link: Link
    master: Launched
    workers: tuple[Launched, ...]
    numbers: Iterator[int] = field(default_factory=lambda: count(1))
    page_url: str = ""

    def whole(self) -> bool:
        """Whether the master and all workers are running."""
        return all(process.poll() is None for process in (self.master, *self.workers))

    def start(self, job: Job, *, users: int, ramp_up_s: float, phase: tuple[float, float] | None) -> None:
        """Begin a trial; phase is where the measured phase begins and ends, None where that is not known yet."""
        self._send("start", job=job_to_wire(job), users=users, ramp_up_s=ramp_up_s, phase=phase)

    def measure(self, from_s: float, until_s: float) -> None:
        """Say when the measured phase begins and ends, in seconds of the trial's clock; sending ends with it."""
        self._send("measure", from_s=from_s, until_s=until_s)

    def end(self) -> None:
        """Stop the users of a trial that has drained."""
        self._send("end")

    def refuse(self, text: str) -> None:
        """Say why what the page asked for is not done."""
        self._send("refuse", text=text)

    def show(self, page: str) -> None:
        """Give the master a new version of FastServe's own page."""
        self._send("show", page=page)

    def event(self, *, within_s: float) -> dict[str, Any] | None:
        """Return the next thing the master says, None when it says nothing in time.

        Raises LoadError, with the end of its log, when the master has ended.
        """
        try:
            return self.link.receive(within_s)
        except TimeoutError:
            return None
        except (EOFError, OSError) as error:
            raise LoadError(f"Locust's master ended in the middle of the run: {error}\n{self.master.tail()}") from error

    def _send(self, do: str, **what: Any) -> None:
        try:
            self.link.send({"do": do, **what})
        except OSError as error:
            raise LoadError(f"Locust's master is gone: {error}\n{self.master.tail()}") from error


@contextmanager
def start_fleet(
    supervisor: Supervisor, crew: Crew, *, folder: Path, locustfile: Path, script: Path | None = None
) -> Iterator[Fleet]:
    """Start Locust's master and workers and yield them once all workers have connected; the block ends them.

    folder is their working folder and gets their logs; script is a Locust file that all of them load beside the
    wire engine's. Raises LoadError where one does not come up in time.
    """
    private = Path(tempfile.mkdtemp(prefix="fastserve-load-"))
    try:
        # No path of the run: the kernel takes 107 bytes for the name of such a socket.
        with _listening(private / "control") as listener:
            files = [locustfile] if script is None else [locustfile, script]
            yield from _connected(supervisor, crew, folder=folder, locustfiles=files, listener=listener)
    finally:
        shutil.rmtree(private, ignore_errors=True)


def _connected(
    supervisor: Supervisor, crew: Crew, *, folder: Path, locustfiles: Sequence[Path], listener: socket.socket
) -> Iterator[Fleet]:
    socket_path = Path(listener.getsockname())
    base = ["--master-bind-host", _LOOPBACK, "--master-bind-port", "0", *_page_arguments(crew.offer)]
    started: list[Launched] = []

    def launch(name: str, arguments: Sequence[str], *, core: Sequence[int], control: bool) -> Launched:
        env = locust_environment(home=socket_path.parent, control=socket_path if control else None)
        if control and crew.offer is not None:
            env[OFFER_VARIABLE] = crew.offer.to_text()
        argv = [sys.executable, "-m", "locust", "-f", ",".join(map(str, locustfiles)), *arguments]
        launched = supervisor.launch(name, argv, env=env, cwd=folder, cpus=core, log=folder / f"{name}.log")
        started.append(launched)
        return launched

    try:
        master = launch("locust-master", ["--master", *base], core=crew.control, control=True)
        link = _accepted(listener, master)
        port = _expected(link, "hello", [master])["port"]
        toward = ["--worker", "--master-host", _LOOPBACK, "--master-port", str(port)]
        workers = tuple(
            launch(f"locust-worker-{number + 1}", toward, core=[_core(crew, number)], control=False)
            for number in range(crew.workers)
        )
        for _ in workers:
            _expected(link, "worker", [master, *workers])
        url = f"http://{_LOOPBACK}:{crew.offer.port}" if crew.offer is not None else ""
        yield Fleet(link=link, master=master, workers=workers, page_url=url)
        _quit(link, master)
    finally:
        for launched in reversed(started):
            launched.stop(_QUITS_WITHIN_S)


def locust_environment(*, home: Path, control: Path | None) -> dict[str, str]:
    """Return the variables Locust runs with: a private home, so that nobody's settings reach it, and no LOCUST_*."""
    env = {"PATH": os.environ.get("PATH", os.defpath), "HOME": str(home), "LANG": os.environ.get("LANG", "C.UTF-8")}
    return env if control is None else {**env, CONTROL_VARIABLE: str(control)}


def _page_arguments(offer: Offer | None) -> list[str]:
    if offer is None:
        return ["--headless", "--expect-workers", "1"]
    users = str(offer.users)
    return ["--web-host", _LOOPBACK, "--web-port", str(offer.port), "--users", users, "--spawn-rate", users]


def _core(crew: Crew, number: int) -> int:
    return crew.generator[number % len(crew.generator)]


@contextmanager
def _listening(path: Path) -> Iterator[socket.socket]:
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as listener:
        try:
            listener.bind(str(path))
        except OSError as error:
            place = path.parents[1]
            raise LoadError(
                f"expected to make a socket below the folder for temporary files, found {error}: {place}; "
                "set TMPDIR to another one, with a name of at most 70 bytes"
            ) from error
        listener.listen(1)
        yield listener


def _accepted(listener: socket.socket, master: Launched) -> Link:
    listener.settimeout(_POLL_EVERY_S)
    until_s = time.monotonic() + _UP_WITHIN_S
    while time.monotonic() < until_s:
        try:
            return Link(listener.accept()[0])
        except TimeoutError:
            _all_alive([master])
    raise LoadError(f"Locust's master did not come up within {_UP_WITHIN_S:g} s: see {master.log}")


def _expected(link: Link, event: str, alive: Sequence[Launched]) -> dict[str, Any]:
    until_s = time.monotonic() + _UP_WITHIN_S
    while time.monotonic() < until_s:
        try:
            message = link.receive(_POLL_EVERY_S)
        except TimeoutError:
            _all_alive(alive)
            continue
        except (EOFError, OSError) as error:
            raise LoadError(f"Locust's master ended while it came up\n{alive[0].tail()}") from error
        if message["event"] == event:
            return message
    raise LoadError(f"Locust's processes did not come up within {_UP_WITHIN_S:g} s: see {alive[0].log.parent}")


def _all_alive(processes: Sequence[Launched]) -> None:
    for launched in processes:
        if (status := launched.poll()) is not None:
            raise LoadError(f"{launched.name} ended with status {status} while it came up\n{launched.tail()}")


def _quit(link: Link, master: Launched) -> None:
    """Let Locust end as it wants to: the workers with the master."""
    try:
        link.send({"do": "quit"})
    except OSError:
        return
    until_s = time.monotonic() + _QUITS_WITHIN_S
    while master.poll() is None and time.monotonic() < until_s:
        time.sleep(0.02)
