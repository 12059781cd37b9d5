"""A private Nginx in front of a running target: new for each trial, with its own counts, and gone without a trace."""

import http.client
import re
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Final

from controller.errors import StackError
from controller.stack.certificates import make_certificate
from controller.stack.cpus import usable_cores
from controller.stack.front import Front
from controller.stack.nginx_conf import CERTIFICATE, KEY, Site, nginx_conf, target_address
from controller.stack.ports import free_port, stranger_on
from controller.stack.private import private_folder, write_private
from controller.stack.ready import PortTakenError, death_of, log_end, says_taken
from controller.stack.service import ANSWER_WITHIN_S, HOST, environment, wait_for_service
from controller.stack.supervisor import Launched, Supervisor
from controller.stack.versions import tool_path, tool_version

SERVER: Final = "nginx"
NAME: Final = "Nginx"
# The least version that knows keepalive_time: older ones close every connection after an hour at the latest.
LEAST_VERSION: Final = "1.19.10"
_PORTS_TRIED: Final = 3
_ENDS_WITHIN_S: Final = 3.0
_COUNTS: Final = re.compile(rb"server accepts handled requests\n (\d+) (\d+) (\d+) ")


@dataclass(frozen=True, slots=True, kw_only=True)
class Counts:
    """What Nginx has counted since it began, the question for it among them."""

    connections: int
    requests: int

    def since(self, earlier: "Counts") -> "Counts":
        """Return what came after an earlier look and before this one, whose own question is left out."""
        return Counts(
            connections=self.connections - earlier.connections - 1, requests=self.requests - earlier.requests - 1
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class RunningNginx:
    """An Nginx that answers. url has no slash at its end; authority (PEM) vouches for it, None without TLS."""

    url: str
    authority: str | None = field(repr=False)
    status_port: int
    launched: Launched

    def family(self) -> list[int]:
        """Return the ids of all its living processes."""
        return self.launched.family()

    def died(self) -> str | None:
        """Say how it ended, with the end of its log; None while it runs."""
        status = self.launched.poll()
        return None if status is None else f"{NAME} {death_of(status)}{log_end(self.launched)}"

    def counts(self) -> Counts:
        """Return its own counts, this question among them. Raises StackError where it does not answer."""
        try:
            return _ask_counts(self.status_port)
        except (OSError, http.client.HTTPException) as error:
            raise StackError(f"expected {NAME} to tell its counts, found: {error}{log_end(self.launched)}") from error


@contextmanager
def run_nginx(
    supervisor: Supervisor,
    front: Front,
    *,
    target_url: str,
    template: Path,
    cores: Collection[int] | None = None,
    log: Path,
    port: int = 0,
) -> Iterator[RunningNginx]:
    """Run an Nginx in front of a target for the time of the block and yield it once it answers.

    template is compose/nginx.conf; cores None or empty stands for all. Port 0 stands for a free one, and for another
    one when somebody was faster. All it writes but its log is in a private folder that ends with the block, in memory
    where that has room: what a cache writes would else be a measure of the disk.
    Raises StackError, with the end of its log, when it does not get ready.
    """
    tries = 1 if port else _PORTS_TRIED
    for left in reversed(range(tries)):
        with private_folder(in_memory=True) as folder:
            starting = _Starting(front=front, folder=folder, port=port or free_port(), status_port=free_port())
            starting.write_settings(template, target_url=target_url, workers=len(cores or usable_cores()))
            authority = make_certificate(folder, certificate=CERTIFICATE, key=KEY) if front.tls else None
            launched = starting.launch(supervisor, cores=cores or None, log=log)
            try:
                try:
                    starting.wait(launched)
                except PortTakenError:
                    if left:
                        continue
                    raise
                yield RunningNginx(
                    url=f"http{'s' if front.tls else ''}://{HOST}:{starting.port}",
                    authority=authority,
                    status_port=starting.status_port,
                    launched=launched,
                )
                return
            finally:
                launched.stop(_ENDS_WITHIN_S)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Starting:
    """One try to start: in a folder, on two ports."""

    front: Front
    folder: Path
    port: int
    status_port: int

    def write_settings(self, template: Path, *, target_url: str, workers: int) -> None:
        site = Site(
            listen=f"{HOST}:{self.port}",
            status=f"{HOST}:{self.status_port}",
            target=target_address(target_url),
            workers=workers,
            version=_version(),
        )
        try:
            text = template.read_text(encoding="utf-8")
        except OSError as error:
            raise StackError(f"expected the settings of {NAME} in {template}, found: {error.strerror}") from error
        write_private(self.folder / "nginx.conf", nginx_conf(text, self.front, site))

    def launch(self, supervisor: Supervisor, *, cores: Collection[int] | None, log: Path) -> Launched:
        # Its error log from the first line on: without -e it would first write where Debian has it.
        argv = [tool_path(SERVER) or SERVER, "-e", "stderr", "-p", str(self.folder), "-c", "nginx.conf"]
        return supervisor.launch(NAME, argv, env=environment(), cwd=self.folder, cpus=cores, log=log)

    def wait(self, launched: Launched) -> None:
        """Wait until it answers. Raises PortTakenError where somebody else has a port, StackError where it does not."""
        try:
            wait_for_service(NAME, launched, port=self.status_port, answers=partial(_missing, self.status_port))
        except StackError as error:
            if says_taken(launched):
                raise PortTakenError(str(error)) from error
            raise
        if stranger := stranger_on(self.port, host=HOST, family=launched.family):
            raise PortTakenError(f"expected {NAME} to listen on port {self.port} of {HOST}, found it at {stranger}")


def _version() -> str:
    if (version := tool_version(SERVER)) is None:
        raise StackError(f"expected {SERVER} -v to tell a version, found none")
    return version


def _missing(status_port: int) -> str | None:
    """Return what was found instead of an answer to a question for its counts; None for one."""
    try:
        _ask_counts(status_port)
    except (OSError, http.client.HTTPException) as error:
        return f"no answer ({error})"
    return None


def _ask_counts(status_port: int) -> Counts:
    connection = http.client.HTTPConnection(HOST, status_port, timeout=ANSWER_WITHIN_S)
    try:
        connection.request("GET", "/status", headers={"Connection": "close"})
        said = connection.getresponse().read()
    finally:
        connection.close()
    if (found := _COUNTS.search(said)) is None:
        raise http.client.HTTPException(f"no counts in {said[:80]!r}")
    return Counts(connections=int(found[1]), requests=int(found[3]))
