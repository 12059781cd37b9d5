"""CPU time a request by party: a stacked bar in each target's row of a table."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from markupsafe import Markup

from controller.compare.blocks import cells
from controller.compare.summary import cpu_us_per_request
from controller.measure.judgement import BACKING, GENERATOR, PROXY, SERVER
from controller.measure.trial import TOGETHER, TrialResult
from controller.report.cells import UNKNOWN
from controller.report.svg import Scale, element
from controller.units import three_digits

PARTIES: Final = (SERVER, PROXY, *BACKING, GENERATOR)
_LEAST_SHARE: Final = 0.005
_HEIGHT = 22
_TOP, _THICK = 5, 12


@dataclass(frozen=True, slots=True, kw_only=True)
class CpuRow:
    """A target's line: its bar, and the microseconds of each party of the table, `-` where it was not observed."""

    target: str
    bar: Markup
    cells: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class CpuTable:
    """The rows of a scenario, for parties that took part in it; numbers has each one's place in the legend."""

    parties: tuple[str, ...]
    numbers: tuple[int, ...]
    rows: tuple[CpuRow, ...]


def cpu_table(trials: Iterable[TrialResult], targets: Sequence[str]) -> CpuTable | None:
    """Return the CPU time a request of every party in one scenario and variant; None where none was observed."""
    counted = {cell.target: [trial for trial in found if trial.ok] for cell, found in cells(trials).items()}
    spent = {target: _spent(counted.get(target, ())) for target in targets}
    parties = tuple(party for party in PARTIES if any(_takes_part(party, its) for its in spent.values()))
    spent = {target: {party: its[party] for party in parties if party in its} for target, its in spent.items()}
    if not parties:
        return None
    widest = max(sum(its.values()) for its in spent.values())
    return CpuTable(
        parties=parties,
        numbers=tuple(PARTIES.index(party) + 1 for party in parties),
        rows=tuple(
            CpuRow(
                target=target,
                bar=_bar(its, widest=widest),
                cells=tuple(three_digits(its[party]) if party in its else UNKNOWN for party in parties),
            )
            for target, its in spent.items()
            if its
        ),
    )


def _spent(trials: Sequence[TrialResult]) -> dict[str, float]:
    """Return the microseconds a request of each party that was observed."""
    found = {party: cpu_us_per_request(trials, parties=(party,), endpoint=TOGETHER) for party in PARTIES}
    return {party: us for party, us in found.items() if us is not None}


def _takes_part(party: str, spent: Mapping[str, float]) -> bool:
    """Return whether a party took a share that can be drawn: a service that only runs beside it takes next to none."""
    return spent.get(party, 0.0) >= _LEAST_SHARE * sum(spent.values()) > 0


def _bar(spent: Mapping[str, float], *, widest: float) -> Markup:
    """Return one row's bar, as long as its sum beside the widest."""
    scale, at, marks = Scale(0, widest, 0, 100), 0.0, []
    for party, us in spent.items():
        marks.append(
            element(
                "rect",
                element("title", f"{party} {three_digits(us)} µs"),
                class_=f"party{PARTIES.index(party) + 1}",
                x=f"{scale(at):.2f}%",
                width=f"{scale(us):.2f}%",
                y=_TOP,
                height=_THICK,
            )
        )
        at += us
    said = ", ".join(f"{party} {three_digits(us)}" for party, us in spent.items())
    return element("svg", *marks, class_="bar", height=_HEIGHT, role="img", aria_label=f"microseconds: {said}")
