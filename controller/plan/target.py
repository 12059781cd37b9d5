"""A target: one server build under test, described by its folder's server.toml."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """One server build under test. folder is absolute; needs maps a tool to a least version such as ">=1.22".

    build and run are argument lists in which {src} and {out} stand for the folder and its build output;
    an empty build means that nothing needs building. warmup_s is the least warm-up.
    """

    name: str
    folder: Path
    language: str
    framework: str
    style: str
    process_model: str
    needs: Mapping[str, str] = field(default_factory=dict)
    build: tuple[tuple[str, ...], ...] = ()
    run: tuple[str, ...]
    warmup_s: float = 0.0
    env: Mapping[str, str] = field(default_factory=dict)
    pass_env: tuple[str, ...] = ()
    contract: bool = True
    ready: str = "/api/health"
