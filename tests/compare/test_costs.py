"""What a target costs to run: middle values over trials, nothing invented."""

from dataclasses import replace

from controller.compare.costs import Cost, cost_of, costs
from controller.compare.summary import summaries
from controller.measure.trial import TrialResult, Usage
from controller.units import MIB
from tests.factories.trials import failed, trial_of


def trial(startup_s: float | None, idle_mib: int | None, *, peak_mib: int = 70, number: int = 1) -> TrialResult:
    """Return a trial that started and rested so."""
    return replace(
        trial_of("one", trial=number, block=number),
        startup_s=startup_s,
        idle_rss_bytes=None if idle_mib is None else idle_mib * MIB,
        usage={"server": Usage(cpu_s=1.0, busiest=0.5, peak_rss_bytes=peak_mib * MIB)},
    )


def test_the_middle_of_the_trials_counts() -> None:
    """One slow start, such as that from a cold disk, does not: the peak is the greatest of all."""
    cost = cost_of([trial(0.5, 40, peak_mib=90), trial(9.0, 44), trial(0.7, 41)])

    assert cost == Cost(
        startup_s=0.7, idle_rss_bytes=41 * MIB, peak_rss_bytes=90 * MIB, code_lines=312, build_bytes=18 * MIB
    )


def test_what_an_old_run_did_not_store_is_not_known() -> None:
    """Its cells are empty; what it stored counts, and a target of which nothing is known has no row."""
    old = replace(trial(0.5, None), code_lines=None, build_bytes=None)
    reached = replace(old, target="reached", startup_s=None)
    row = summaries([old], run_id="r")[0].numbers

    assert (row.startup_s, row.server_idle_rss_mib, row.build_mib, row.code_lines) == (0.5, None, None, None)
    assert list(costs([old, reached])) == ["one"]


def test_a_trial_that_failed_says_nothing_of_costs() -> None:
    """A target that died while it started may have started fast."""
    assert costs([failed(trial(0.1, 10))]) == {}


def test_costs_stand_beside_all_endpoints_together_only() -> None:
    """A process starts once for all of them."""
    together, endpoint = summaries([trial(0.5, 40)], run_id="r")

    assert (together.endpoint, together.numbers.build_mib, together.numbers.code_lines) == ("*", 18.0, 312)
    assert (endpoint.numbers.startup_s, endpoint.numbers.server_idle_rss_mib, endpoint.numbers.build_mib) == (None,) * 3
