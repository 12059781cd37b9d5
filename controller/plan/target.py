"""A target: one server build under test, described by its folder's server.toml."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from controller.errors import PlanError
from controller.plan.check_target import TARGET_RULES, check_target
from controller.plan.problems import Problems
from controller.plan.rules import NAME, PATH, hold
from controller.plan.toml_text import found_text
from controller.plan.tomlfile import read_toml
from controller.plan.trust import BY_THIS_MACHINE, Trust, read_authorities


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """One server build under test. folder is absolute; version is the framework's, None where it is not stated.

    needs maps a tool to a least version such as ">=1.22"; libraries does the same for what pkg-config knows: libraries
    of C and C++ with what is needed to build with them.
    build and run are argument lists in which {src} and {out} stand for the folder and its build output;
    an empty build means that nothing needs building, and unit_tests are the target's own, run after a build.
    warmup_s is the least warm-up, with warmup_requests to each endpoint. A target with a url (without a slash at
    its end) runs already: it has neither build nor run, and trust says which certificates it may have.
    """

    name: str
    folder: Path
    language: str
    framework: str
    style: str
    process_model: str
    version: str | None = None
    needs: Mapping[str, str] = field(default_factory=dict)
    libraries: Mapping[str, str] = field(default_factory=dict)
    build: tuple[tuple[str, ...], ...] = ()
    unit_tests: tuple[tuple[str, ...], ...] = ()
    run: tuple[str, ...] = ()
    warmup_s: float = 0.0
    warmup_requests: int = 0
    env: Mapping[str, str] = field(default_factory=dict)
    pass_env: tuple[str, ...] = ()
    contract: bool = True
    ready: str = "/api/health"
    url: str | None = None
    trust: Trust = BY_THIS_MACHINE

    def __post_init__(self) -> None:
        hold(self, {"name": NAME, "style": TARGET_RULES["style"], "ready": PATH, "warmup_s": TARGET_RULES["warmup_s"]})
        if bool(self.run) == (self.url is not None):
            raise PlanError(f"target {self.name}: expected either a command to run or a url")


def read_target(path: Path) -> Target:
    """Read one servers/<name>/server.toml; the folder gives the name.

    Raises PlanError, naming the file and all its problems.
    """
    table = read_toml(path)
    folder = path.absolute().parent
    problems = Problems(str(path))
    if not NAME.accepts(folder.name):
        problems.add((), f"expected a folder with {NAME.expected}, found {found_text(folder.name)}")
    check_target(table, problems)
    problems.raise_any()
    try:
        trust = _trust_of(table, folder)
    except PlanError as error:
        raise PlanError(f"{path}: ca_file: {error}") from error
    return _target_of(table, folder, trust)


def read_targets(servers_dir: Path) -> dict[str, Target]:
    """Read all folders with a server.toml, sorted by name. Raises PlanError with the problems of every file."""
    if not servers_dir.is_dir():
        raise PlanError(f"{servers_dir}: expected a folder of servers, found none")
    targets, errors = {}, []
    for file in sorted(servers_dir.glob("[!.]*/server.toml")):
        try:
            targets[file.parent.name] = read_target(file)
        except PlanError as error:
            errors.append(str(error))
    if errors:
        raise PlanError("\n".join(errors))
    return targets


def _trust_of(table: dict[str, Any], folder: Path) -> Trust:
    authorities = read_authorities(folder / table["ca_file"]) if "ca_file" in table else None
    return Trust(verify=table.get("tls_verify", True), authorities=authorities)


def _least_versions(table: dict[str, Any], key: str) -> dict[str, str]:
    return {name: least.replace(" ", "") for name, least in table.get(key, {}).items()}


def _target_of(table: dict[str, Any], folder: Path, trust: Trust) -> Target:
    """Return the target of a table that was checked."""
    return Target(
        name=folder.name,
        folder=folder,
        language=table["language"],
        framework=table["framework"],
        style=table["style"],
        process_model=table["process_model"],
        version=table.get("version"),
        needs=_least_versions(table, "needs"),
        libraries=_least_versions(table, "libraries"),
        build=tuple(tuple(command) for command in table.get("build", [])),
        unit_tests=tuple(tuple(command) for command in table.get("unit_tests", [])),
        run=tuple(table.get("run", ())),
        warmup_s=float(table.get("warmup_s", 0)),
        warmup_requests=table.get("warmup_requests", 0),
        env=table.get("env", {}),
        pass_env=tuple(table.get("pass_env", [])),
        contract=table.get("contract", True),
        ready=table.get("ready", "/api/health"),
        url=table["url"].rstrip("/") if "url" in table else None,
        trust=trust,
    )
