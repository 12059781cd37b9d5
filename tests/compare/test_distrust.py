"""Doubts about several trials together: planted drifts are found, and noise is hardly ever told to be one."""

from collections.abc import Sequence
from dataclasses import replace
from functools import cache
from math import exp
from random import Random

import pytest

from controller.compare.blocks import Cell
from controller.compare.distrust import Distrust, distrusts
from controller.compare.findings import findings
from controller.compare.noise import machine_notes, noise_notes
from controller.measure.doubt import REMEDIES, Doubt, DoubtKind
from controller.measure.drift import trend_of
from controller.measure.trial import TrialResult
from controller.measure.window import EndpointCounts
from tests.factories.trials import counts_of, failed, found_nothing, run_of, searched, trial_of

TWELVE = [f"target-{n:02}" for n in range(12)]


def kinds(found: Sequence[Distrust]) -> list[DoubtKind]:
    """Return what is doubted."""
    return [one.kind for one in found]


@cache
def block_of(target: str, scenario: str, block: int) -> TrialResult:
    """Return a trial of a cell."""
    return trial_of(target, scenario=scenario, block=block, trial=block)


def drifting(drifts: Sequence[float | None], *, target: str = "mine", scenario: str = "health") -> list[TrialResult]:
    """Return a cell with a block for each drift."""
    return [replace(block_of(target, scenario, block), drift=drift) for block, drift in enumerate(drifts, start=1)]


def windows_drift(random: Random, *, rise: float, spread: float, windows: int = 10) -> float:
    """Return the drift of a phase whose rate rises by a share, under noise."""
    trend = trend_of([1000 * (1 + rise * (n / (windows - 1) - 0.5) + random.gauss(0, spread)) for n in range(windows)])
    assert trend is not None
    return trend.drift


def test_a_target_that_drifts_in_every_trial_is_told_once() -> None:
    """Five blocks whose second half is faster by about 5 %: one doubt about the cell, with its numbers."""
    (found,) = distrusts(drifting([0.05, 0.06, 0.045, 0.05, 0.055]), baseline="other")

    assert found.kind is DoubtKind.DRIFTS
    assert found.cells == (Cell("health", "default", "mine"),)
    assert found.evidence.startswith(
        "in each of 5 trials the second half of the measured phase was faster, by 5.2% on average, limit 3% (p "
    )


@pytest.mark.parametrize(
    "drifts",
    [
        [0.05, 0.06, 0.045, -0.001, 0.055],
        [0.02, 0.021, 0.02, 0.021, 0.02],
        [0.05, 0.06, 0.045, None, 0.055],
        [0.05, 0.05],
        [0.3, 0.01, 0.02, 0.4, 0.01],
    ],
    ids=["one the other way", "within the limit", "one unknown", "two blocks", "by chance"],
)
def test_what_is_not_in_every_trial_is_not_told(drifts: list[float | None]) -> None:
    """The same direction in each, more than 3 % on average, and surely."""
    assert distrusts(drifting(drifts), baseline="other") == ()


def test_answers_on_either_side_of_a_bound_are_no_drift() -> None:
    """With 64 in flight and 200 answers a trial, 64 of them may fall into either half each time."""
    few = _few(samples=200, around_ms=1000.0)
    slow = [replace(trial, endpoints=counts) for trial, counts in zip(drifting([0.3] * 5), few, strict=True)]

    assert distrusts(slow, baseline="other") == ()
    assert kinds(distrusts(drifting([0.3] * 5), baseline="other")) == [DoubtKind.DRIFTS]


def _few(*, samples: int, around_ms: float) -> list[dict[str, EndpointCounts]]:
    return [{"/api/health": counts_of(samples, around_ms=around_ms, seed=n)} for n in range(5)]


def test_a_drift_that_single_trials_cannot_show_is_found_over_blocks() -> None:
    """A rise by 10 % at a spread of 3 %: of five trials of ten windows few tell alone, in 95 of 100 cells all do."""
    random = Random(3)
    cells = [[windows_drift(random, rise=0.1, spread=0.03) for _ in range(5)] for _ in range(100)]

    assert sum(bool(distrusts(drifting(cell), baseline="other")) for cell in cells) >= 95


def test_noise_is_hardly_ever_told_to_drift() -> None:
    """A spread of 15 % a window, twelve cells of five blocks: of 100 such runs at most 5 have any that is told."""
    random = Random(4)
    told = 0
    for _ in range(100):
        trials = [
            one
            for target in TWELVE
            for one in drifting([windows_drift(random, rise=0, spread=0.15) for _ in range(5)], target=target)
        ]
        told += bool(distrusts(trials, baseline="other"))

    assert told <= 5


def slower(rise: float, *, blocks: int = 5, seed: int = 1, spread: float = 0.01) -> list[TrialResult]:
    """Return a run of two targets and scenarios whose machine gets faster by so much from first to last trial."""
    trials = run_of({"base": 3000.0, "other": 9000.0}, scenarios=("a", "b"), blocks=blocks, seed=seed, spread=spread)
    last = max(trial.order for trial in trials)
    return [replace(trial, duration_s=(trial.duration_s or 0) * exp(-rise * trial.order / last)) for trial in trials]


@pytest.mark.parametrize(("rise", "word"), [(0.2, "faster"), (-0.2, "slower")])
def test_a_baseline_that_drifts_over_the_run_is_told(rise: float, word: str) -> None:
    """Planted: 20 % from the first trial to the last. It is the baseline's trials that tell, whoever else is there."""
    (found,) = distrusts(slower(rise), baseline="base")

    assert found.kind is DoubtKind.BASELINE_DRIFT
    assert found.cells == (Cell("a", "default", "base"), Cell("b", "default", "base"))
    assert found.evidence.startswith(f"base got {word} by ")
    assert "over the run, by 10 trials, limit 5% (p " in found.evidence


def test_a_baseline_that_only_scatters_is_not_told() -> None:
    """Of 100 runs at a spread of 10 % a trial at most 3 seem to drift, and small drifts are none."""
    told = [distrusts(slower(0, seed=seed, spread=0.1), baseline="base") for seed in range(100)]

    assert sum(map(bool, told)) <= 3
    assert distrusts(slower(0.03, spread=0.001), baseline="base") == ()


def test_searches_tell_by_their_capacity_and_nothing_tells_nothing() -> None:
    """Of a search that found nothing, a single trial, or failed ones, no drift is known."""
    found = [
        replace(one, capacity=replace(one.capacity, per_s=1000 * exp(0.3 * one.order / 20)))
        for one in map(searched, slower(0))
        if one.capacity is not None
    ]

    assert kinds(distrusts(found, baseline="base")) == [DoubtKind.BASELINE_DRIFT]
    assert distrusts([found_nothing(one) for one in slower(0.5)], baseline="base") == ()
    assert distrusts([failed(one) for one in slower(0.5)], baseline="base") == ()
    assert distrusts([trial_of("base")], baseline="base") == ()
    assert distrusts([], baseline="base") == ()


def test_findings_say_them_in_tables_and_remarks() -> None:
    """The rows of the cell have the kind among their doubts; other rows do not."""
    trials = [*drifting([0.05, 0.06, 0.045, 0.05, 0.055]), *drifting([0.0] * 5, target="base")]
    found = findings(trials, run_id="r", baseline="base")

    assert {row.target: row.doubts for row in found.summary} == {"mine": ("drifts in every trial",), "base": ()}
    assert found.remarks[0].line.startswith("mine health: drifts in every trial: in each of 5 trials ")
    assert found.remarks[0].line.endswith(f"What to do: {REMEDIES[DoubtKind.DRIFTS]}")


def test_what_is_only_noisy_is_one_note_with_its_spread() -> None:
    """Trials whose halves differ by more than 3 % and are not doubted for it; the others are not counted."""
    noisy = [replace(one, spread=0.08 + n / 100) for n, one in enumerate(drifting([0.04, -0.05, 0.06]))]
    doubted = replace(drifting([0.2])[0], spread=0.3, doubts=(Doubt(DoubtKind.NOT_STEADY, ""),), block=4)
    quiet = replace(drifting([0.01])[0], spread=0.01, block=5)

    (note,) = noise_notes([*noisy, doubted, quiet])
    assert note.startswith("noisy: in 3 of 5 trials the halves of the measured phase differ by more than 3%, as ")
    assert "that scatter by 8.0% to 10.0%, 9.0% in the middle, make them" in note
    assert list(noise_notes([doubted, quiet])) == []


def test_a_machine_of_unknown_topology_is_a_note() -> None:
    """Facts that say it, and facts that do not."""
    assert list(machine_notes({"machine": {"topology": "unknown (virtual)"}})) == [
        "topology unknown (virtual): two cores may be threads of one, and slow each other"
    ]
    assert list(machine_notes({"machine": {"topology": "1 socket, 4 cores, 4 threads"}})) == []
    assert list(machine_notes({})) == []
