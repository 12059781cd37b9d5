"""A private Redis: started with a password of its own, emptied between trials, and spoken to without a driver."""

import socket
from functools import partial
from typing import BinaryIO, Final

from controller.errors import StackError
from controller.stack.private import write_private
from controller.stack.service import ANSWER_WITHIN_S, HOST, Service, Setting, environment, wait_for_service
from controller.stack.supervisor import Supervisor
from controller.stack.versions import tool_path

SERVER: Final = "redis-server"
NAME: Final = "Redis"

Reply = bytes | int | None | list["Reply"]


class _RefusedError(OSError):
    """Redis answered with an error."""


def start_redis(supervisor: Supervisor, setting: Setting) -> Service:
    """Start a Redis and return it once it answers; it is empty. Raises StackError where it does not answer."""
    password, port = setting.password, setting.chosen_port()
    own = [
        f'include "{setting.config}"',
        f"bind {HOST}",
        f"port {port}",
        f'dir "{setting.folder}"',
        f"requirepass {password}",
    ]
    file = write_private(setting.folder / "redis.conf", "\n".join([*own, ""]))
    argv = [tool_path(SERVER) or SERVER, str(file)]
    launched = supervisor.launch(NAME, argv, env=environment(), cwd=setting.folder, cpus=setting.cores, log=setting.log)
    try:
        wait_for_service(NAME, launched, port=port, answers=partial(_missing, port, password))
    except BaseException:
        launched.stop(0)
        raise
    return Service(
        name=NAME,
        url=f"redis://:{password}@{HOST}:{port}/0",
        port=port,
        launched=launched,
        renew=partial(_empty, port, password),
    )


def ask_redis(port: int, password: str, *words: str) -> Reply:
    """Send one command and return its reply. Raises OSError for no reply in time, or one that is an error."""
    with (
        socket.create_connection((HOST, port), timeout=ANSWER_WITHIN_S) as line,
        line.makefile("rb") as replies,
    ):
        line.sendall(_command("AUTH", password) + _command(*words))
        _reply(replies)
        return _reply(replies)


def _missing(port: int, password: str) -> str | None:
    """Return what was found instead of an answer to PING; None for the right one."""
    try:
        answer = ask_redis(port, password, "PING")
    except OSError as error:
        return f"no answer to PING ({error})"
    return None if answer == b"PONG" else "another answer to PING than PONG"


def _empty(port: int, password: str) -> None:
    try:
        ask_redis(port, password, "FLUSHALL", "SYNC")
    except OSError as error:
        raise StackError(f"expected {NAME} to be emptied before the trial, found: {error}") from error


def _command(*words: str) -> bytes:
    parts = [word.encode() for word in words]
    return b"*%d\r\n" % len(parts) + b"".join(b"$%d\r\n%b\r\n" % (len(part), part) for part in parts)


def _reply(lines: BinaryIO) -> Reply:
    """Read one reply of the Redis protocol, version 2 (RESP2)."""
    line = lines.readline()
    if not line.endswith(b"\r\n"):
        raise ConnectionError("the connection was closed")
    kind, rest = line[:1], line[1:-2]
    if kind == b"-":
        raise _RefusedError(rest.decode(errors="replace"))
    if kind == b"+":
        return rest
    number = int(rest)
    if kind == b"*":
        return [_reply(lines) for _ in range(number)]
    if kind == b"$":
        return None if number < 0 else lines.read(number + 2)[:-2]
    return number
