"""A page of a thousand trials: small enough to be sent, and made in a time that grows as its trials do."""

import time

from controller.compare.findings import Findings
from controller.report.html import findings_html
from controller.report.text import findings_text
from tests.factories.found import found
from tests.factories.trials import run_of

TARGETS = {f"server-{n}": 1000.0 * (n + 1) for n in range(10)}
SCENARIOS = ("health", "compute", "cached", "quote", "quotes")
MOST_BYTES = 5_000_000


def of_trials(blocks: int) -> tuple[Findings, float]:
    """Return what 50 trials for each block say, and how many seconds of CPU it took to find out and write down."""
    trials = run_of(TARGETS, scenarios=SCENARIOS, blocks=blocks)
    begun_s = time.process_time()
    said = found(trials, baseline="server-0")
    findings_html(said)
    findings_text(said)
    return said, time.process_time() - begun_s


def test_a_page_of_a_thousand_trials_is_small_and_takes_its_time_in_a_line() -> None:
    """At most 5 MB; four times the trials take no more than seven times as long."""
    of_trials(2)
    _, quarter_s = of_trials(5)
    said, whole_s = of_trials(20)

    assert len(said.trials) == 1000
    assert len(findings_html(said).encode()) <= MOST_BYTES
    assert whole_s <= 7 * quarter_s
