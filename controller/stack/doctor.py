"""What this machine can run, as data for `fastserve doctor`."""

import sys
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from controller.plan.target import Target
from controller.stack.cpus import usable_cores
from controller.stack.limits import OpenFiles, open_files
from controller.stack.lock import Holder, lock_holder
from controller.stack.tools import MissingTool, advice, missing_tools, tools_of
from controller.stack.versions import ask_versions, tool_version

# What is not needed to measure targets, with what it is for.
_OPTIONAL = {
    "redis-server": "plans with cache redis",
    "mariadbd": "plans with db mysql",
    "wrk": "fastserve calibrate, make benchmark",
    "h2load": "fastserve calibrate, make benchmark",
    "ab": "fastserve calibrate",
    "k6": "fastserve calibrate",
    "oha": "fastserve calibrate",
    "nginx": "plans with proxy nginx, make benchmark",
    "openssl": "plans with tls on, make benchmark",
}
_CPU = Path("/sys/devices/system/cpu")


@dataclass(frozen=True, slots=True, kw_only=True)
class TargetState:
    """Whether a target can be built and run here: it can when no tool is missing."""

    name: str
    missing: tuple[MissingTool, ...]

    @property
    def ready(self) -> bool:
        """Whether all its tools are here."""
        return not self.missing


@dataclass(frozen=True, slots=True, kw_only=True)
class OptionalTool:
    """A tool that only something beside the measuring of targets needs; version is None where it is missing."""

    tool: str
    needed_for: str
    version: str | None
    advice: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Machine:
    """What matters for measuring. threads_per_core and governor are None where the machine does not tell."""

    python: str
    cores: tuple[int, ...]
    threads_per_core: int | None
    virtual: bool
    governor: str | None
    open_files: OpenFiles
    running: Holder | None

    @property
    def topology(self) -> str:
        """How far the cores are known to be cores of their own."""
        if self.threads_per_core is None:
            return "topology unknown" + (" (virtual)" if self.virtual else "")
        return "one thread a core" if self.threads_per_core == 1 else f"{self.threads_per_core} threads a core"


@dataclass(frozen=True, slots=True, kw_only=True)
class Diagnosis:
    """All that `fastserve doctor` shows."""

    targets: tuple[TargetState, ...]
    optional: tuple[OptionalTool, ...]
    machine: Machine


def diagnose(targets: Iterable[Target]) -> Diagnosis:
    """Look at the tools of these targets, at the optional ones and at the machine; takes a second or two."""
    targets = list(targets)
    ask_versions(tools_of(targets) | _OPTIONAL.keys())
    return Diagnosis(
        targets=tuple(TargetState(name=target.name, missing=missing_tools(target)) for target in targets),
        optional=tuple(_optional(tool, needed_for) for tool, needed_for in _OPTIONAL.items()),
        machine=this_machine(),
    )


def this_machine() -> Machine:
    """Return what this machine is, as far as it tells."""
    cores = usable_cores()
    # A hypervisor shows its guests whatever it likes: two "cores" may be threads of one.
    virtual = " hypervisor" in _text(Path("/proc/cpuinfo"))
    siblings = _text(_CPU / f"cpu{cores[0]}/topology/thread_siblings_list")
    return Machine(
        python=".".join(map(str, sys.version_info[:3])),
        cores=cores,
        threads_per_core=None if virtual or not siblings else len(_core_numbers(siblings)),
        virtual=virtual,
        governor=_text(_CPU / f"cpu{cores[0]}/cpufreq/scaling_governor") or None,
        open_files=open_files(),
        running=lock_holder(),
    )


def _optional(tool: str, needed_for: str) -> OptionalTool:
    return OptionalTool(tool=tool, needed_for=needed_for, version=tool_version(tool), advice=advice(tool, least="0"))


def _core_numbers(listed: str) -> list[int]:
    """Return the numbers of a kernel's list such as 0-1,4."""
    bounds = [part.partition("-") for part in listed.split(",")]
    return [core for low, _, high in bounds for core in range(int(low), int(high or low) + 1)]


def _text(path: Path) -> str:
    """Return what a file of the kernel says; empty where this kernel does not have it."""
    try:
        return path.read_text(encoding="utf-8", errors="replace").strip()
    except OSError:
        return ""
