"""Waiting until a target that was started answers, and saying what it did instead."""

import http.client
import select
import socket
import time
from dataclasses import dataclass
from signal import Signals

from controller.errors import StackError
from controller.plan.contract import shown
from controller.plan.target import Target
from controller.stack.ports import listening_ports, stranger_on
from controller.stack.supervisor import Launched

# Start-up time is a result too, so it is looked at closely as long as it is short.
_STEP_S = 0.02
_LATER_STEP_S = 0.1
_LATER_AFTER_S = 3.0
_ONE_STEP_WITHIN_S = 2.0
# The head of the frame that a server of HTTP/2 begins with, whatever it is asked: a length, and then SETTINGS.
_GREETING = b"\0\0\0\x04\0\0\0\0\0"
_ADDRESS_IN_USE = ("address already in use", "address in use", "eaddrinuse")


class PortTakenError(StackError):
    """Another process listens where the target was told to."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where a target was told to listen, and the path that must answer there before load starts."""

    host: str
    port: int
    path: str

    @property
    def text(self) -> str:
        """The place as a URL."""
        return url_of(self.host, self.port) + self.path


def url_of(host: str, port: int) -> str:
    """Return the base URL of a server, without a slash at its end."""
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


def wait_until_ready(target: Target, launched: Launched, *, place: Place, within_s: float) -> float:
    """Wait for an answer 2xx and return the seconds that passed between execution and it.

    A server that speaks HTTP/2 only is ready once it says so.

    Raises PortTakenError when somebody else holds the port, StackError when the target ends or is not ready in time.
    """
    until_s = launched.started_s + within_s
    while True:
        status, found = _ask(place, launched=launched, until_s=until_s)
        now_s = time.monotonic()
        _refuse_stranger(target, launched, place=place)
        if (ended := launched.poll()) is not None:
            raise _ended_early(target, launched, place=place, status=ended)
        if status is not None and 200 <= status < 300:
            return now_s - launched.started_s
        if now_s > until_s:
            expected = f"expected GET {place.text} to answer 2xx within {within_s:g} s"
            raise StackError(
                f"{target.name}: {expected}, found {found}{_elsewhere(launched, place)}{log_end(launched)}"
            )
        time.sleep(_STEP_S if now_s - launched.started_s < _LATER_AFTER_S else _LATER_STEP_S)


def death_of(status: int) -> str:
    """Say in words how the main process of a target ended."""
    if status >= 0:
        return f"ended with status {status}"
    names = {signal.value: signal.name for signal in Signals}
    return f"was ended by {names.get(-status, f'signal {-status}')}"


def log_end(launched: Launched) -> str:
    """Return where a target's log is and its last lines, to stand after a sentence."""
    tail = launched.tail()
    if not tail:
        return f"; it wrote nothing to its log {launched.log}"
    return f"; the end of its log {launched.log}:\n" + "\n".join(f"  {line}" for line in tail.splitlines())


def says_taken(launched: Launched) -> bool:
    """Whether the end of a log says that somebody else has the address."""
    return any(words in launched.tail(30).lower() for words in _ADDRESS_IN_USE)


def _ask(place: Place, *, launched: Launched, until_s: float) -> tuple[int | None, str]:
    """Return the status of one answer, None without one, and in words what was found."""
    connection = http.client.HTTPConnection(place.host, place.port, timeout=_ONE_STEP_WITHIN_S)
    try:
        connection.request("GET", place.path, headers={"Connection": "close"})
        # Whoever listens may never answer, and the target may end meanwhile.
        answered = select.poll()
        answered.register(connection.sock, select.POLLIN)
        while not answered.poll(_LATER_STEP_S * 1000):
            if time.monotonic() > until_s or launched.poll() is not None:
                return None, "no answer within that time"
        if connection.sock.recv(len(_GREETING), socket.MSG_PEEK)[3:] == _GREETING[3:]:
            # It speaks HTTP/2 only; what it answers is looked at when it is asked once before the load.
            return 200, "HTTP/2"
        status = connection.getresponse().status
    except ConnectionRefusedError:
        return None, "that nothing listens there"
    except (OSError, http.client.HTTPException) as error:
        return None, f"no HTTP answer ({type(error).__name__}: {shown(str(error).encode())})"
    finally:
        connection.close()
    return status, f"status {status}"


def _refuse_stranger(target: Target, launched: Launched, *, place: Place) -> None:
    """Make sure that nobody but the target listens: somebody else's answers would be measured otherwise."""
    if stranger := stranger_on(place.port, host=place.host, family=launched.family):
        raise PortTakenError(
            f"{target.name}: expected to listen on port {place.port} of {place.host} itself, "
            f"found it taken by {stranger}{log_end(launched)}"
        )


def _ended_early(target: Target, launched: Launched, *, place: Place, status: int) -> StackError:
    """Return the error for a target whose main process ended before it was ready."""
    where = log_end(launched)
    if says_taken(launched):
        return PortTakenError(
            f"{target.name}: expected it to listen on port {place.port} of {place.host}, "
            f"found that it ended because an address is taken by someone else{where}"
        )
    if status == 0:
        return StackError(
            f"{target.name}: expected it to stay in the foreground, found that its main process ended with status 0 "
            f"before it was ready; a server that goes into the background needs its option for the foreground{where}"
        )
    return StackError(f"{target.name}: expected it to get ready, found that it {death_of(status)}{where}")


def _elsewhere(launched: Launched, place: Place) -> str:
    """Say on which other ports a target listens: it may not have read PORT."""
    others = [str(port) for port in listening_ports(launched.family()) if port != place.port]
    return f"; it listens on port {', '.join(others)} and should listen on PORT" if others else ""
