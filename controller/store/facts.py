"""What a run says of the machine and the programs it was made with: known facts, no names of people or places."""

import os
import platform
import resource
import subprocess
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from importlib import metadata
from pathlib import Path
from typing import Any, Final

from controller import __version__
from controller.store.folder import iso_time
from controller.store.keys import code_key, contract_key

UNKNOWN_TOPOLOGY: Final = "unknown (virtual)"
# Their versions change what is measured. Looked up without being imported: locust patches its importer.
_PACKAGES = ("locust", "gevent", "geventhttpclient", "uvloop", "hpack", "psutil")
_GIT_WITHIN_S = 2.0


def machine_facts(
    *,
    cores: Mapping[str, Iterable[int]] | None = None,
    servers: Path | None = None,
    checkout: Path | None = None,
    root: Path = Path("/"),
) -> dict[str, Any]:
    """Return the facts of this machine as plain JSON values; what is not known is None.

    cores says which cores each role had; servers is the folder whose contract is meant, checkout the one whose git
    commit is; /proc and /sys are read below root. No host or user name and no absolute path is among the facts.
    """
    return {
        "at": iso_time(datetime.now(UTC)),
        "machine": {
            "model": _cpu_field("model name", root=root),
            "cores": os.cpu_count(),
            "online": _text(root / "sys/devices/system/cpu/online"),
            "allowed": sorted(os.sched_getaffinity(0)),
            "topology": topology(root=root),
            "memory_bytes": _memory_bytes(root=root),
            "governor": _governor(root=root),
        },
        "kernel": {
            "release": platform.release(),
            "architecture": platform.machine(),
            "somaxconn": _number(root / "proc/sys/net/core/somaxconn"),
            "run_delay": (root / "proc/self/schedstat").exists(),
        },
        "open_files": _open_files(),
        "roles": {role: sorted(given) for role, given in (cores or {}).items()},
        "versions": {
            "fastserve": __version__,
            "code": code_key(),
            "python": platform.python_version(),
            **{package: _version(package) for package in _PACKAGES},
        },
        "contract": None if servers is None else contract_key(servers),
        "git": None if checkout is None else git_facts(checkout),
    }


def topology(*, root: Path = Path("/")) -> str:
    """Return sockets, cores and threads in words; a virtual machine may show any topology, so there it is unknown."""
    if "hypervisor" in (_cpu_field("flags", root=root) or "").split():
        return UNKNOWN_TOPOLOGY
    cpus = list((root / "sys/devices/system/cpu").glob("cpu[0-9]*/topology"))
    places = [(_text(cpu / "physical_package_id"), _text(cpu / "core_id")) for cpu in cpus]
    if not places or any(None in place for place in places):
        return "unknown"
    sockets = len({socket for socket, _ in places})
    return f"{_counted(sockets, 'socket')}, {_counted(len(set(places)), 'core')}, {_counted(len(places), 'thread')}"


def git_facts(checkout: Path) -> dict[str, Any] | None:
    """Return the commit of a checkout and whether its files differ; None without git, or when it takes too long.

    A folder inside somebody else's checkout is none.
    """
    commit = _git(checkout, "rev-parse", "HEAD") if (checkout / ".git").exists() else None
    if commit is None:
        return None
    changes = _git(checkout, "status", "--porcelain")
    return {"commit": commit, "dirty": None if changes is None else bool(changes)}


def _git(checkout: Path, *words: str) -> str | None:
    # No optional locks: a run must not write into somebody's checkout.
    command = ["git", "--no-optional-locks", "-C", str(checkout), *words]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=_GIT_WITHIN_S, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return None
    return done.stdout.strip() if done.returncode == 0 else None


def _cpu_field(name: str, *, root: Path) -> str | None:
    """Return a field of the first core in /proc/cpuinfo."""
    for line in (_text(root / "proc/cpuinfo") or "").splitlines():
        key, _, value = line.partition(":")
        if key.strip() == name:
            return value.strip()
    return None


def _memory_bytes(*, root: Path) -> int | None:
    for line in (_text(root / "proc/meminfo") or "").splitlines():
        key, _, value = line.partition(":")
        if key == "MemTotal":
            return int(value.split()[0]) * 1024
    return None


def _governor(*, root: Path) -> str | None:
    """Return the frequency governors of all cores, joined by commas where they differ."""
    paths = (root / "sys/devices/system/cpu").glob("cpu[0-9]*/cpufreq/scaling_governor")
    return ",".join(sorted({text for path in paths if (text := _text(path))})) or None


def _open_files() -> dict[str, int | None]:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    return {"soft": _limit(soft), "hard": _limit(hard)}


def _limit(value: int) -> int | None:
    return None if value == resource.RLIM_INFINITY else value


def _version(package: str) -> str | None:
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return None


def _number(path: Path) -> int | None:
    text = _text(path)
    return int(text) if text is not None and text.isdigit() else None


def _text(path: Path) -> str | None:
    """Return what a file of the kernel says; None where there is none."""
    try:
        return path.read_text(encoding="utf-8", errors="replace").strip() or None
    except OSError:
        return None


def _counted(n: int, word: str) -> str:
    return f"{n} {word}" if n == 1 else f"{n} {word}s"
