"""Throughput over time, from windows."""

from controller.compare.timeline import timelines
from controller.measure.window import Phase, Window
from tests.factories.trials import counts_of, trial_of, windows_of


def test_every_trial_has_its_windows_in_order() -> None:
    """Windows of two trials that come mixed are sorted out by trial and by time."""
    trials = [trial_of(trial=1, block=1, rate_per_s=400), trial_of(trial=2, block=2, rate_per_s=800)]
    found = timelines(reversed(windows_of(trials)))

    assert sorted(found) == [1, 2]
    assert [one.start_s for one in found[1]] == list(range(7))
    assert [one.phase for one in found[1]] == [Phase.WARMUP] * 3 + [Phase.MEASURED] * 4


def test_rates_are_right_answers_over_the_windows_length() -> None:
    """Half a second with 100 answers and 50 errors is 200 per second."""
    counts = counts_of(100, errors={"timeout": 50})
    window = Window(order=1, index=0, start_s=2.0, end_s=2.5, endpoints={"/a": counts})

    assert timelines([window])[1][0].throughput_per_s == 200


def test_a_window_without_length_has_no_rate() -> None:
    """It is left out instead of divided by."""
    assert timelines([Window(order=1, index=0, start_s=2.0, end_s=2.0)]) == {}
