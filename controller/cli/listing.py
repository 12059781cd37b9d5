"""All servers as lines: what each is, whether it is built, and its tools as they are here."""

import textwrap
from collections.abc import Iterator, Sequence
from typing import Final

from controller.cli.shape import columns_text, size_text
from controller.plan.target import Target
from controller.stack.build import Build
from controller.stack.builders import find_builds
from controller.stack.tools import found_tools, missing_tools

_WIDTH: Final = 100
_LEAST_WIDTH: Final = 20
_HEADING: Final = ("target", "language", "framework", "style", "state", "tools")


def listing_text(targets: Sequence[Target]) -> str:
    """Return a line for each target, and more where its tools need them; empty without targets."""
    if not targets:
        return ""
    builds = find_builds(targets)
    rows = [_HEADING[:-1], *(_about(target, builds.get(target.name)) for target in targets)]
    lines = columns_text(rows).splitlines()
    begin = max(map(len, lines)) + 2
    tools = [_HEADING[-1], *(", ".join(_tools(target)) for target in targets)]
    return "\n".join(
        whole for line, text in zip(lines, tools, strict=True) for whole in _wrapped(line, text, begin=begin)
    )


def _about(target: Target, build: Build | None) -> tuple[str, ...]:
    framework = f"{target.framework} {target.version}" if target.version else target.framework
    return target.name, target.language, framework, target.style, _state(target, build)


def _state(target: Target, build: Build | None) -> str:
    if target.url is not None:
        return f"runs at {target.url}"
    if missing_tools(target):
        return "lacks a tool"
    return f"built, {size_text(build.size_bytes)}" if build else "not built yet"


def _tools(target: Target) -> Iterator[str]:
    """Yield each tool with the version that is here, and with the one that is needed where that is not enough."""
    lacking = {tool.tool: tool for tool in missing_tools(target)}
    for tool, version in found_tools(target).items():
        if missing := lacking.get(tool):
            yield f"{tool} {missing.wanted} needed, {missing.found or 'none'} here"
        else:
            yield f"{tool} {version}"


def _wrapped(line: str, text: str, *, begin: int) -> Iterator[str]:
    """Yield a line with a text in its last column, which goes on below itself where it is long."""
    parts = textwrap.wrap(text, max(_LEAST_WIDTH, _WIDTH - begin), break_on_hyphens=False) or [""]
    yield f"{line:<{begin}}{parts[0]}".rstrip()
    yield from (" " * begin + part for part in parts[1:])
