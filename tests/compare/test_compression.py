"""What gzip saves and costs at the proxy, and the rate of a link below which it pays."""

from collections.abc import Mapping
from dataclasses import replace
from math import inf

import pytest

from controller.compare.compression import Compression, compression_text, compressions
from controller.measure.trial import TrialResult, Usage
from tests.factories.factors import all_combinations, one_at_a_time, varied_run

GZIP: Mapping[str, tuple[str, ...]] = {"proxy": ("nginx",), "gzip": ("off", "on")}


def coded(trial: TrialResult, *, added_us: float = 80.0, kept: float = 0.25) -> TrialResult:
    """Return a trial whose answers have 4,000 bytes and whose proxy takes 20 us; with gzip a part, and more."""
    on = trial.factors["gzip"] == "on"
    size, cpu_us = (4000 * kept, 20 + added_us) if on else (4000.0, 20.0)
    counts = {name: replace(one, bytes=round(size * one.samples)) for name, one in trial.endpoints.items()}
    attempts = sum(one.attempts for one in counts.values())
    proxy = Usage(cpu_s=cpu_us * attempts / 1e6, busiest=0.5, peak_rss_bytes=9_000_000)
    return replace(trial, endpoints=counts, usage={**trial.usage, "proxy": proxy})


def test_the_planted_numbers_come_back() -> None:
    """3,000 bytes saved for 80 us: a link takes as long for them at 300 Mbit/s."""
    found = compressions(map(coded, varied_run(all_combinations(GZIP), targets=["one", "two"])))

    assert [(one.target, one.blocks) for one in found] == [("one", 5), ("two", 5)]
    for one in found:
        assert one.plain_bytes == pytest.approx(4000, rel=1e-6)
        assert one.coded_bytes == pytest.approx(1000, rel=1e-6)
        assert one.added_us == pytest.approx(80)
        assert one.pays_below_mbit_s == pytest.approx((300, 300, 300), rel=1e-6)


def test_the_interval_is_that_of_the_cost_turned_round() -> None:
    """60 to 100 us more pay below 240 to 400 Mbit/s; what may cost nothing, below infinity."""
    one = Compression(
        scenario="quotes",
        target="one",
        blocks=5,
        plain_bytes=4000,
        coded_bytes=1000,
        added_us=80,
        added_low_us=60,
        added_high_us=100,
    )

    assert one.pays_below_mbit_s == pytest.approx((300, 240, 400))
    assert compression_text(one).startswith("gzip at one: 4,000 → 1,000 bytes an answer (75% saved), 80 us more CPU")
    assert "pays on links below 300 Mbit/s (240 to 400)" in compression_text(one)
    unsure = replace(one, added_low_us=-5)
    assert unsure.pays_below_mbit_s == pytest.approx((300, 240, inf))
    assert "below 240 Mbit/s at least" in compression_text(unsure)


def test_bytes_that_are_not_saved_pay_nowhere() -> None:
    """Answers that grow gain nothing on any link."""
    (one,) = compressions([coded(trial, kept=1.1) for trial in varied_run(all_combinations(GZIP), targets=["one"])])

    assert one.pays_below_mbit_s is None
    assert compression_text(one).endswith("nothing is gained on any link")


def test_one_block_has_no_spread_and_without_a_proxy_nothing_is_known() -> None:
    """The sizes are known, the rate is not; a trial whose proxy was not looked at says nothing."""
    trials = varied_run(all_combinations(GZIP), targets=["one"], blocks=1)
    (one,) = compressions(map(coded, trials))

    assert one.pays_below_mbit_s is None
    assert "no spread known" in compression_text(one)
    assert compressions([replace(trial, usage={}) for trial in map(coded, trials)]) == ()


def test_only_where_gzip_varies() -> None:
    """Beside other factors, one at a time, the pair of the first levels is taken; without gzip there is none."""
    varied = {"proxy": ("nginx",), "gzip": ("off", "on"), "pool": (10, 1)}
    trials = [coded(trial) for trial in varied_run(one_at_a_time(varied), targets=["one"])]

    assert len(compressions(trials)) == 1
    assert compressions([trial for trial in trials if trial.factors["gzip"] == "off"]) == ()
