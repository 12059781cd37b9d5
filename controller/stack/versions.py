"""Which version of a tool is on PATH: asked of the tool itself, and kept where that takes long."""

import hashlib
import json
import os
import re
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Final

from controller.stack.cache import cache_folder

ANSWER_WITHIN_S = 10.0
_ASKED_OTHERWISE: Final[Mapping[str, str]] = {
    "ab": "-V",
    "go": "version",
    "java": "-version",
    "k6": "version",
    "nginx": "-v",
    "openssl": "version",
    "wrk": "-v",
}
# Where Debian has servers.
_SERVERS: Final = "/usr/local/sbin:/usr/sbin:/sbin"
# What a JVM says before its version when options come from the environment.
_CHATTER = "Picked up "
# The .NET SDK greets whoever calls it first, and its greeting holds another number than its version.
_QUIET: Final = {"DOTNET_NOLOGO": "1", "DOTNET_CLI_TELEMETRY_OPTOUT": "1"}
# An answer that took longer is kept: Maven starts a JVM to tell its version, and it is wanted at every command.
_SLOW_S: Final = 0.05
_ASKED_AT_ONCE: Final = 8
# What tools have told this process.
_TOLD: Final[dict[tuple[str, ...], str]] = {}


def tool_path(tool: str) -> str | None:
    """Return where a tool is; servers are found where Debian puts them too, which is on nobody's PATH but root's."""
    return shutil.which(tool) or shutil.which(tool, path=_SERVERS)


def tool_version(tool: str, *, within_s: float = ANSWER_WITHIN_S) -> str | None:
    """Return the first dotted number that a tool prints when asked for its version; None without the tool.

    Told once per process and place on PATH, and by a slow one once for each content of its file.
    A tool that prints no number, or not in time, has no version.
    """
    if (path := tool_path(tool)) is None:
        return None
    argument = _ASKED_OTHERWISE.get(tool, "--version")
    return _told_once((path, argument), partial(_kept_version, path, argument, within_s=within_s))


def library_version(library: str, *, within_s: float = ANSWER_WITHIN_S) -> str | None:
    """Return the version that pkg-config knows of a library; None without the library or without pkg-config.

    Told once per process and place of pkg-config.
    """
    if (path := tool_path("pkg-config")) is None:
        return None
    # What it says of a library that it does not know holds its name, and that may hold a number.
    asked = ("--silence-errors", "--modversion", library)
    return _told_once((path, *asked), lambda: _version_in(_said(path, *asked, within_s=within_s)))


def ask_versions(tools: Iterable[str]) -> None:
    """Ask many tools for their versions at once, so that asking each later takes no time."""
    with ThreadPoolExecutor(_ASKED_AT_ONCE) as pool:
        list(pool.map(tool_version, sorted(tools)))


def _told_once(question: tuple[str, ...], ask: Callable[[], str | None]) -> str | None:
    # One that told no version may have been disturbed: it is asked again.
    if (version := _TOLD.get(question) or ask()) is not None:
        _TOLD[question] = version
    return version


def _kept_version(path: str, argument: str, *, within_s: float) -> str | None:
    place = _kept_at(path, argument)
    if place is not None and (kept := _text(place)):
        return kept
    began_s = time.monotonic()
    version = _version_in(_said(path, argument, within_s=within_s))
    if version and place is not None and time.monotonic() - began_s >= _SLOW_S:
        _keep(place, version)
    return version


def _version_in(said: str) -> str | None:
    said = "\n".join(line for line in said.splitlines() if not line.startswith(_CHATTER))
    # The first release of a Java has a version without dots: openjdk version "21".
    number = re.search(r"(\d+(?:\.\d+)+)", said) or re.search(r'version "?(\d+)', said)
    return number[1] if number else None


def _kept_at(path: str, argument: str) -> Path | None:
    """Return where the version of this very file is kept; None for one that may be another tool tomorrow.

    Managers of versions put a link to themselves, or a script in a folder of shims, in a tool's place: those stay the
    same when the version changes.
    """
    real = Path(path).resolve()
    if not real.name.startswith(Path(path).name) or "shims" in real.parts:
        return None
    try:
        state = real.stat()
    except OSError:
        return None
    key = json.dumps([path, argument, str(real), state.st_mtime_ns, state.st_size])
    return cache_folder() / "versions" / f"{Path(path).name}-{hashlib.sha256(key.encode()).hexdigest()[:16]}"


def _text(place: Path) -> str:
    try:
        return place.read_text(encoding="utf-8")
    except (OSError, ValueError):
        return ""


def _keep(place: Path, version: str) -> None:
    """Keep a version; where that is not possible it is asked for again."""
    with suppress(OSError):
        place.parent.mkdir(parents=True, exist_ok=True)
        unfinished = place.with_name(f"{place.name}.{os.getpid()}")
        unfinished.write_text(version, encoding="utf-8")
        unfinished.rename(place)


def _said(path: str, *arguments: str, within_s: float) -> str:
    """Return what a tool prints on both streams; empty when it cannot be run or does not end in time."""
    # A file and not a pipe: whatever the tool leaves behind could hold a pipe open for ever.
    with tempfile.TemporaryFile() as output:
        try:
            process = subprocess.Popen(
                [path, *arguments],
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                env=os.environ | _QUIET,
                start_new_session=True,
            )
        except OSError:
            return ""
        try:
            process.wait(within_s)
        except subprocess.TimeoutExpired:
            return ""
        finally:
            if process.poll() is None:
                os.killpg(process.pid, signal.SIGKILL)
                process.wait()
        output.seek(0)
        return output.read(1 << 16).decode("utf-8", errors="replace")
