"""Why a program could not be started, in words that say what to do."""

import errno
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import Any


def launch_problem(
    name: str,
    argv: Sequence[str],
    *,
    answer: Mapping[str, Any],
    cwd: Path,
    cpus: Collection[int] | None,
    log: Path,
) -> str:
    """Return one line for a keeper's answer that holds no process id."""
    program = argv[0] if argv else ""
    found = answer["error"]
    if answer["at"] == "log":
        return f"{name}: expected to write its log to {log}, found: {found}"
    if answer["at"] == "cwd":
        return f"{name}: expected to start in the folder {cwd}, found: {found}"
    if answer["at"] == "cpus":
        return f"{name}: expected to run on cores {sorted(cpus or ())}, found: {found}; are they this machine's?"
    if answer["at"] == "argv":
        return f"{name}: {_exec_problem(program, number=answer['errno'], found=found, cwd=cwd)}"
    return f"{name}: expected {program} to start, found: {found}"


def _exec_problem(program: str, *, number: int, found: str, cwd: Path) -> str:
    """Say what is wrong with a program that could not be executed."""
    path = cwd / program
    if number == errno.ENOENT and "/" not in program:
        return f"expected a program to run, found no {program!r} on PATH"
    if number == errno.ENOENT and path.exists():
        return f"expected {path} to run, found that the interpreter in its first line does not exist"
    if number == errno.ENOENT:
        return f"expected a program to run, found no file {path}"
    if number == errno.EACCES and path.is_file():
        return f"expected {path} to be executable, found: {found}; chmod +x makes it so"
    if number == errno.ENOEXEC:
        return f"expected {path} to be a program, found neither one nor a first line with #!"
    return f"expected {program} to run, found: {found}"
