"""Where a command finds servers, plans and runs."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from controller.cli.shape import shown_path
from controller.errors import PlanError, StoreError

if TYPE_CHECKING:
    from controller.plan.target import Target

_PACKAGE: Final = Path(__file__).resolve().parent.parent


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """The folder that was named with --project, if any, and the folder that the command was called in."""

    named: Path | None
    current: Path

    @property
    def project(self) -> Path:
        """The folder with servers/ and plans/. Raises PlanError where a named folder has no servers/."""
        if self.named is None:
            return self.current if _is_project(self.current) else _carried()
        if not _is_project(self.named):
            raise PlanError(f"--project {self.named}: expected a folder with servers/ in it, found none")
        return self.named

    @property
    def servers(self) -> Path:
        """The folder of servers."""
        return self.project / "servers"

    @property
    def runs(self) -> Path:
        """Where runs go unless --out says otherwise: exports/runs in a checkout, fastserve-runs elsewhere."""
        checkout = self.named or self.current
        if _is_project(checkout) and (checkout / "controller").is_dir():
            return checkout / "exports" / "runs"
        return self.current / "fastserve-runs"

    def targets(self) -> Mapping[str, "Target"]:
        """Return all targets by name. Raises PlanError for a server.toml that cannot be read."""
        from controller.plan.target import read_targets

        return read_targets(self.servers)

    def available(self, targets: Mapping[str, "Target"]) -> list[str]:
        """Return the names of the targets whose tools this machine has."""
        from controller.stack.tools import available_targets

        return available_targets(targets)

    def plan(self, name: str) -> Path:
        """Return the plan that a path or the name of a file in plans/ means. Raises PlanError where there is none."""
        if (path := Path(name)).is_file():
            return path
        plans = self.project / "plans"
        if (known := plans / f"{name.removesuffix('.toml')}.toml").is_file():
            return Path(shown_path(known))
        names = ", ".join(sorted(file.stem for file in plans.glob("*.toml"))) or "no plan"
        raise PlanError(f"expected a plan, found no file {name}; {plans} has {names}")

    def run(self, name: str) -> Path:
        """Return the folder of a run, given as a path, a name or `latest`. Raises StoreError where there is none."""
        for folder in (Path(name), self.runs / name):
            if folder.is_dir():
                return folder
        raise StoreError(
            f"expected a run, found no folder {name}, nor one of that name in {self.runs}: see fastserve runs"
        )


def _is_project(folder: Path) -> bool:
    return (folder / "servers").is_dir()


def _carried() -> Path:
    """Return the folder that the installed package carries; a checkout installed in place carries itself."""
    inside = _PACKAGE / "_project"
    return inside if _is_project(inside) else _PACKAGE.parent
