"""Which tools and libraries a target needs, which of them are here, and how to get the others."""

import shutil
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Final

from controller.errors import StackError
from controller.plan.target import Target
from controller.stack.versions import ask_versions, library_version, tool_version


@dataclass(frozen=True, slots=True, kw_only=True)
class MissingTool:
    """A tool or library that is not here or too old. wanted and found are versions; found is None for none at all."""

    tool: str
    wanted: str
    found: str | None
    advice: str
    looked: str = "on PATH"

    @property
    def text(self) -> str:
        """What is needed and what was found, without the advice."""
        found = f"found {self.found}" if self.found else f"found none {self.looked}"
        return f"{self.tool} {self.wanted} or later, {found}"


@dataclass(frozen=True, slots=True)
class _Source:
    """Where a tool comes from: a package of Debian 12 with the version it prints, or else another way."""

    package: str | None
    version: str | None
    otherwise: str


_PYTHON = _Source("python3 python3-venv", "3.11.2", "install a current Python")
_GO = _Source("golang-go", "1.19.8", "install a current Go from go.dev/dl")
_RUST = "install a current Rust toolchain"
_NODE = "install a current Node.js from nodejs.org"
_JDK = _Source("openjdk-17-jdk-headless", "17.0", "install a current JDK")
_DOTNET = _Source(None, None, "install the .NET SDK")
_DEBIAN_12: Final[Mapping[str, _Source]] = {
    "python3": _PYTHON,
    "python": _Source("python-is-python3 python3-venv", "3.11.2", "install a current Python"),
    "pip": _Source("python3-pip", "23.0.1", "install a current pip"),
    "go": _GO,
    "cargo": _Source("cargo", "1.65.0", _RUST),
    "rustc": _Source("rustc", "1.63.0", _RUST),
    "node": _Source("nodejs", "18.20.4", _NODE),
    "npm": _Source("npm", "9.2.0", _NODE),
    "java": _JDK,
    "javac": _JDK,
    "mvn": _Source("maven", "3.8.7", "install a current Maven from maven.apache.org"),
    "dotnet": _DOTNET,
    "cmake": _Source("cmake", "3.25.1", "install a current CMake"),
    "make": _Source("make", "4.3", "install a current GNU make"),
    "gcc": _Source("gcc", "12.2.0", "install a current GCC"),
    "g++": _Source("g++", "12.2.0", "install a current GCC"),
    "clang": _Source("clang", "14.0.6", "install a current Clang"),
    "pkg-config": _Source("pkg-config", "1.8.1", "install a current pkg-config"),
    "git": _Source("git", "2.39.5", "install a current git"),
    "ruby": _Source("ruby", "3.1.2", "install a current Ruby"),
    "php": _Source("php-cli", "8.2", "install a current PHP"),
    "nginx": _Source("nginx", "1.22.1", "install a current Nginx from nginx.org"),
    "openssl": _Source("openssl", "3.0.15", "install a current OpenSSL"),
    "redis-server": _Source("redis-server", "7.0.15", "install a current Redis"),
    "mariadbd": _Source("mariadb-server", "10.11", "install a current MariaDB"),
    "wrk": _Source("wrk", "4.1.0", "build a current wrk"),
    "ab": _Source("apache2-utils", "2.3", "install a current Apache"),
    "h2load": _Source("nghttp2-client", "1.52.0", "build a current nghttp2"),
    "k6": _Source(None, None, "go install go.k6.io/k6@v1.8.1"),
    "oha": _Source(None, None, "cargo install oha"),
}
# What pkg-config calls them, with the version that it says.
_DEBIAN_12_LIBRARIES: Final[Mapping[str, _Source]] = {
    "libpistache": _Source("libpistache-dev", "0.0.5", "build a current Pistache"),
    "sqlite3": _Source("libsqlite3-dev", "3.40.1", "build a current SQLite"),
    "libmariadb": _Source("libmariadb-dev", "3.3.14", "install a current MariaDB Connector/C"),
    "hiredis": _Source("libhiredis-dev", "0.14.1", "build a current hiredis"),
    "nlohmann_json": _Source("nlohmann-json3-dev", "3.11.2", "install a current nlohmann/json"),
    "prometheus-cpp-core": _Source("prometheus-cpp-dev", "1.0.1", "build a current prometheus-cpp"),
}


def found_tools(target: Target) -> dict[str, str | None]:
    """Return the version of each tool and library that a target needs; None for one that is not here or says none."""
    libraries = {library: library_version(library) for library in target.libraries}
    return {tool: _version_on_path(tool) for tool in target.needs} | libraries


def _version_on_path(tool: str) -> str | None:
    # As the target's own commands look for it: a server where PATH does not lead helps none of them.
    return tool_version(tool) if shutil.which(tool) else None


def missing_tools(target: Target) -> tuple[MissingTool, ...]:
    """Return what a target needs that is not here or too old; empty when it can be built and run."""
    return _missing_of_path(target.needs) + _missing_libraries(target.libraries)


def _missing_of_path(needs: Mapping[str, str]) -> tuple[MissingTool, ...]:
    found = {tool: _version_on_path(tool) for tool in needs}
    return tuple(
        MissingTool(
            tool=tool,
            wanted=least.lstrip(">= "),
            found=found[tool] or ("no version" if shutil.which(tool) else None),
            advice=advice(tool, least=least.lstrip(">= ")),
        )
        for tool, least in needs.items()
        if not at_least(found[tool], least.lstrip(">= "))
    )


def _missing_libraries(libraries: Mapping[str, str]) -> tuple[MissingTool, ...]:
    found = {library: library_version(library) for library in libraries}
    return tuple(
        MissingTool(
            tool=library,
            wanted=least.lstrip(">= "),
            found=found[library],
            advice=library_advice(library, least=least.lstrip(">= ")),
            looked="by pkg-config",
        )
        for library, least in libraries.items()
        if not at_least(found[library], least.lstrip(">= "))
    )


def available_targets(targets: Mapping[str, Target]) -> list[str]:
    """Return the names of the targets whose tools this machine has."""
    ask_versions(tools_of(targets.values()))
    return [name for name, target in targets.items() if not missing_tools(target)]


def tools_of(targets: Collection[Target]) -> set[str]:
    """Return the tools on PATH that targets need or that their builds call."""
    called = {step[0] for target in targets for step in target.build if "/" not in step[0]}
    return called.union(*(target.needs for target in targets))


def require_tools(target: Target) -> None:
    """Raise StackError, with the commands that help, when a tool of a target is missing."""
    if missing := missing_tools(target):
        needs = "; ".join(tool.text for tool in missing)
        ways = "\n".join(f"  {tool.advice}" for tool in missing)
        raise StackError(f"{target.name} needs {needs}\n{ways}")


def advice(tool: str, *, least: str) -> str:
    """Say how to get a tool in this version at least."""
    source = _DEBIAN_12.get(tool)
    if source is None:
        return f"install {tool} {least} or later, so that it is on PATH"
    return _advice(source, least=least)


def library_advice(library: str, *, least: str) -> str:
    """Say how to get a library in this version at least, with what is needed to build with it."""
    source = _DEBIAN_12_LIBRARIES.get(library)
    if source is None:
        return f"install {library} {least} or later, so that pkg-config knows it"
    return _advice(source, least=least)


def _advice(source: _Source, *, least: str) -> str:
    if source.package is None:
        return source.otherwise
    if at_least(source.version, least):
        return f"apt-get install {source.package}"
    return f"apt-get install {source.package} gives {source.version} on Debian 12, too old: {source.otherwise}"


def at_least(found: str | None, least: str) -> bool:
    """Whether a version is this one or later; None, which is no version, is not."""
    if found is None:
        return False
    have, want = ([int(part) for part in version.split(".")] for version in (found, least))
    length = max(len(have), len(want))
    return have + [0] * (length - len(have)) >= want + [0] * (length - len(want))
