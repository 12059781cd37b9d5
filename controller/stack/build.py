"""Build outputs, kept in the cache under a key of all that goes into them."""

import fcntl
import hashlib
import json
import os
import shlex
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from threading import Event
from typing import IO

from controller.errors import StackError
from controller.plan.target import Target
from controller.stack.cache import cache_folder, made_folder
from controller.stack.ready import death_of, log_end
from controller.stack.supervisor import Launched, Supervisor, supervise
from controller.stack.tools import require_tools, tools_of
from controller.stack.versions import library_version, tool_version

# What builds and editors leave in a source folder; anything else, such as .cargo and .mvn, may change what is built.
_LEFT_ANYWHERE = (
    *("__pycache__", "node_modules", ".git", ".venv", ".idea", ".vscode"),
    *(".pytest_cache", ".mypy_cache", ".ruff_cache", ".hypothesis"),
)
_LEFT_AT_TOP = ("target", "build")
_KEY_DIGITS = 16
_POLL_EVERY_S = 0.02
_LOCK_EVERY_S = 0.1


@dataclass(frozen=True, slots=True, kw_only=True)
class Build:
    """A finished build of a target: {out} is a folder that is not written to any more."""

    target: str
    key: str
    out: Path
    size_bytes: int


def build_key(target: Target) -> str:
    """Return a name for all that a build depends on: the folder's content, the commands, the tools' versions."""
    digest = hashlib.sha256()
    try:
        for part in _ingredients(target):
            # Lengths in between: no two different lists of parts give the same bytes.
            digest.update(len(part).to_bytes(8, "big"))
            digest.update(part)
    except OSError as error:
        raise StackError(f"{target.name}: expected to read all of {target.folder}, found: {error}") from error
    return digest.hexdigest()[:_KEY_DIGITS]


def find_build(target: Target) -> Build | None:
    """Return the finished build of a target as it stands now; None when there is none."""
    return _finished(target, build_key(target))


def build_target(target: Target, *, stop: Event | None = None) -> Build:
    """Return the build of a target, made now unless there is one.

    Its log is build_log of its key. A second builder waits for the first. Once stop is set, what was begun is ended.
    Raises StackError when a tool is missing or it was stopped, or with the end of the log when a step fails.
    """
    require_tools(target)
    key = build_key(target)
    if build := _finished(target, key):
        return build
    place, stop = _place(target, key), stop or Event()
    made_folder(place.parent)
    with _only_builder(place.with_name(f"{place.name}.lock"), stop=stop) as lock_fd:
        # Somebody else may have built it while we waited.
        return _finished(target, key) or _build(target, key, lock_fd=lock_fd, stop=stop)


def build_log(target: Target, key: str) -> Path:
    """Return where the commands of a build and all they say are kept."""
    return cache_folder() / "logs" / f"{target.name}-{key}.log"


def in_place(word: str, *, folder: Path, out: Path) -> str:
    """Return a word of server.toml with a target's folder for {src}, its build output for {out}, a place for {cache}.

    What compilers leave there is kept for later builds of all targets; nothing that runs may lie in it.
    """
    shared = cache_folder() / "toolchains"
    return word.replace("{src}", str(folder)).replace("{out}", str(out)).replace("{cache}", str(shared))


def _build(target: Target, key: str, *, lock_fd: int, stop: Event) -> Build:
    """Build in the final place, since a virtual environment cannot be moved, and mark it complete at the end."""
    out, log = _place(target, key), build_log(target, key)
    logs = made_folder(log.parent)
    try:
        if out.exists():
            shutil.rmtree(out)
        out.mkdir()
        made_folder(cache_folder() / "toolchains")
        log.write_bytes(b"")
        if target.build:
            with supervise(label=f"build-{target.name}", logs=logs, lock_fd=lock_fd) as supervisor:
                for step in target.build:
                    argv = [in_place(word, folder=target.folder, out=out) for word in step]
                    _run_step(supervisor, target, argv=argv, log=log, stop=stop)
        size_bytes = sum(path.lstat().st_size for path in out.rglob("*"))
        unfinished = out.with_name(f"{out.name}.unfinished")
        unfinished.write_text(json.dumps({"size_bytes": size_bytes}), encoding="utf-8")
        unfinished.rename(_marker(out))
    except OSError as error:
        raise StackError(f"{target.name}: expected to write its build to {out}, found: {error}") from error
    return Build(target=target.name, key=key, out=out, size_bytes=size_bytes)


def _run_step(supervisor: Supervisor, target: Target, *, argv: list[str], log: Path, stop: Event) -> None:
    """Run one command of a build in the caller's environment; it and what it leaves behind end with us."""
    with log.open("a", encoding="utf-8") as file:
        file.write(f"$ {shlex.join(argv)}\n")
    launched = supervisor.launch(target.name, argv, env=os.environ, cwd=target.folder, log=log)
    status = _status(launched, stop)
    launched.stop()
    if status:
        ended = death_of(status)
        expected = f"expected the build step `{shlex.join(argv)}` to succeed"
        raise StackError(f"{target.name}: {expected}, found that it {ended}{log_end(launched)}")


def _status(launched: Launched, stop: Event) -> int:
    while (status := launched.poll()) is None:
        if stop.wait(_POLL_EVERY_S):
            raise StackError(f"{launched.name}: its build was stopped")
    return status


def _place(target: Target, key: str) -> Path:
    return cache_folder() / "builds" / f"{target.name}-{key}"


def _marker(out: Path) -> Path:
    """The file that stands beside a complete output, and only there."""
    return out.with_name(f"{out.name}.json")


def _finished(target: Target, key: str) -> Build | None:
    out = _place(target, key)
    try:
        marked = json.loads(_marker(out).read_text(encoding="utf-8"))
    except (FileNotFoundError, ValueError):
        return None
    # A cache may be emptied by hand, and not always whole.
    return Build(target=target.name, key=key, out=out, size_bytes=marked["size_bytes"]) if out.is_dir() else None


@contextmanager
def _only_builder(lock: Path, *, stop: Event) -> Iterator[int]:
    """Hold the lock of one build; it is freed when this process and all it has started for it are gone."""
    with lock.open("ab") as file:
        while not _locked(file):
            # Looked at again and again: a wait in the kernel would not hear of stop.
            if stop.wait(_LOCK_EVERY_S):
                raise StackError(f"{lock.stem}: its build was stopped")
        yield file.fileno()


def _locked(file: IO[bytes]) -> bool:
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _ingredients(target: Target) -> Iterator[bytes]:
    # The place of the folder is no ingredient unless the commands name it: a second checkout builds nothing new.
    named = any("{src}" in word for step in target.build for word in step)
    yield json.dumps([target.name, target.build, str(target.folder) if named else None]).encode()
    for tool in sorted(tools_of([target])):
        place = shutil.which(tool)
        yield json.dumps([tool, tool_version(tool), place and os.path.realpath(place)]).encode()
    for library in sorted(target.libraries):
        yield json.dumps(["library", library, library_version(library)]).encode()
    for path in sorted(_sources(target.folder)):
        yield os.fsencode(path.relative_to(target.folder))
        yield oct(path.lstat().st_mode).encode()
        yield _content(path)


def _sources(folder: Path) -> Iterator[Path]:
    """Yield the files and links below a folder that can change what is built."""
    for place, folders, files in os.walk(folder):
        left = _LEFT_ANYWHERE + (_LEFT_AT_TOP if Path(place) == folder else ())
        folders[:] = [name for name in folders if name not in left]
        links = [name for name in folders if Path(place, name).is_symlink()]
        yield from (Path(place, name) for name in files + links)


def _content(path: Path) -> bytes:
    if path.is_symlink():
        return os.fsencode(path.readlink())
    # Reading a pipe that somebody left in the folder would wait for ever.
    return path.read_bytes() if path.is_file() else b""
