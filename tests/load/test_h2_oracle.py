"""Exchanges by the ten thousand with the h2 package as the server: verdicts are what it meant, however split."""

from random import Random

from controller.load.wire.streams import LAST_STREAM
from tests.load.h2_trials import FATES, Trial

# Requests of all exchanges together, each with its verdict, twice.
CASES = 10_000
REQUESTS = 40


def test_verdicts_are_what_the_server_meant_however_bytes_are_split() -> None:
    """Each request has one verdict, the one of its last answer: in one piece and in many, through refusals and leaves.

    All that we send is read by the h2 package, which takes no byte beyond its windows and no stream beyond its limit.
    """
    done, fates, connections = 0, set(), 0
    for seed in range(CASES // REQUESTS):
        whole, split = Trial(seed, REQUESTS), Trial(seed, REQUESTS, Random(f"split {seed}"))
        for trial in (whole, split):
            trial.run()
            assert trial.said == {number: [fate] for number, fate in trial.expected.items()}, f"seed {seed}"
        assert whole.said == split.said, f"seed {seed}"
        assert len(whole.said) == REQUESTS
        done += len(whole.said)
        fates |= set(whole.expected.values())
        connections += len(whole.links)

    assert done == CASES
    # Nothing of what could happen was left out.
    assert fates == FATES.keys() - {"refused"}
    assert connections > CASES // REQUESTS


def test_streams_go_on_elsewhere_when_numbers_run_out() -> None:
    """A connection whose numbers are used up is left for the next one: nothing is lost, nothing is an error."""
    for seed in range(20):
        trial = Trial(seed, REQUESTS, first_stream=LAST_STREAM - 24)
        trial.run()

        assert trial.said == {number: [fate] for number, fate in trial.expected.items()}, f"seed {seed}"
        assert len(trial.links) > 2
