"""`fastserve doctor`: what this machine can run, and the exact command that adds what is missing."""

import textwrap
from collections.abc import Iterator, Sequence

import click

from controller.cli.place import Place
from controller.cli.shape import columns_text, examples
from controller.stack.doctor import Diagnosis, Machine, OptionalTool, TargetState, diagnose

_LABEL_WIDTH = 10
_WIDTH = 100 - _LABEL_WIDTH


@click.command(epilog=examples("fastserve doctor"))
@click.pass_obj
def doctor(place: Place) -> None:
    """Say what this machine can run, and the exact command that adds what is missing."""
    click.echo(diagnosis_text(diagnose(place.targets().values())))


def diagnosis_text(found: Diagnosis) -> str:
    """Return what was found: targets that are ready, what others lack, optional tools, and the machine."""
    ready = [target.name for target in found.targets if target.ready]
    lacking = [target for target in found.targets if not target.ready]
    lines = [
        *_labelled("ready", textwrap.wrap("  ".join(ready), _WIDTH, break_on_hyphens=False) or ["no target"]),
        *_labelled("missing", _missing_lines(lacking)),
        *_labelled("optional", columns_text([_optional_row(tool) for tool in found.optional]).splitlines()),
        *_labelled("machine", list(machine_lines(found.machine))),
    ]
    return "\n".join(lines)


def machine_lines(machine: Machine) -> Iterator[str]:
    """Yield what matters for measuring about this machine."""
    cores = len(machine.cores)
    governor = f"governor {machine.governor}" if machine.governor else "performance governor unknown"
    yield " · ".join(
        (
            f"{cores} core{'s' if cores != 1 else ''}, {machine.topology}",
            f"open files {machine.open_files.hard:,}",
            governor,
            f"Python {machine.python}",
        )
    )
    if machine.running:
        yield f"a run is under way: {machine.running.text}"


def _missing_lines(lacking: Sequence[TargetState]) -> list[str]:
    """Return a line for each thing that is missing, with all targets that lack it."""
    names: dict[tuple[str, str], list[str]] = {}
    for target in lacking:
        for tool in target.missing:
            names.setdefault((tool.text, tool.advice), []).append(target.name)
    rows = [("  ".join(who), what, advice) for (what, advice), who in names.items()]
    lines = columns_text(rows).splitlines()
    if all(len(line) <= _WIDTH for line in lines):
        return lines
    # Too wide for a terminal: what helps gets a line of its own.
    firsts = columns_text([row[:2] for row in rows]).splitlines()
    return [line for first, row in zip(firsts, rows, strict=True) for line in (first, f"  {row[2]}")]


def _optional_row(tool: OptionalTool) -> tuple[str, str, str]:
    if tool.version is None:
        return f"{tool.tool} missing", f"for {tool.needed_for}", tool.advice
    return f"{tool.tool} {tool.version}", f"for {tool.needed_for}", ""


def _labelled(label: str, lines: Sequence[str]) -> Iterator[str]:
    for n, line in enumerate(lines):
        yield f"{label if n == 0 else '':<{_LABEL_WIDTH}}{line}"
