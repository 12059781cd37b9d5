"""What generators spent becomes medians, and ratios of what was measured side by side."""

import pytest

from benchmarks.samples import FAST_HTTP_USER, FASTSERVE, LEAST_OF_WRK, WRK, Ratio, Sample, Spent, ratio_of, rows_of
from controller.errors import LoadError


def sample(generator: str, number: int, *, cpu_us: float, workload: str = "health") -> Sample:
    """Return a round of 100,000 requests in 2 s at a cost each."""
    spent = Spent(requests=100_000, cpu_s=cpu_us / 10, seconds=2.0)
    return Sample(workload=workload, generator=generator, round=number, spent=spent)


def test_a_cost_is_told_in_every_unit_alike() -> None:
    """A request of 5 us is 200,000 requests a CPU-second, whatever the wall time was."""
    spent = Spent(requests=400_000, cpu_s=2.0, seconds=4.0)

    assert (spent.cpu_us, spent.per_cpu_s, spent.per_s, spent.cores) == (5.0, 200_000.0, 100_000.0, 0.5)


@pytest.mark.parametrize("broken", [{"requests": 0}, {"cpu_s": 0.0}, {"seconds": -1.0}])
def test_nothing_done_is_no_measurement(broken: dict[str, float]) -> None:
    """A generator that did nothing could not be measured, instead of being infinitely cheap."""
    with pytest.raises(LoadError, match="above 0"):
        Spent(**{"requests": 1, "cpu_s": 1.0, "seconds": 1.0, **broken})  # type: ignore[arg-type]


def test_ratios_are_taken_round_by_round() -> None:
    """A machine that gets slower from round to round moves no ratio, though it moves every number."""
    samples = [
        sample(generator, number, cpu_us=cost * slowness)
        for number, slowness in enumerate((1.0, 2.0, 4.0), start=1)
        for generator, cost in ((WRK, 4.5), (FASTSERVE, 5.0))
    ]

    ratio = ratio_of(samples, FASTSERVE, to=WRK)

    assert ratio is not None
    assert (ratio.least, ratio.median, ratio.greatest) == (pytest.approx(0.9),) * 3


def test_the_median_is_of_ratios() -> None:
    """Least, median and greatest are those of the rounds' own ratios."""
    costs = [(10.0, 10.0), (10.0, 20.0), (10.0, 12.5)]
    samples = [
        sample(generator, number, cpu_us=cost)
        for number, pair in enumerate(costs)
        for generator, cost in zip((WRK, FASTSERVE), pair, strict=True)
    ]

    assert ratio_of(samples, FASTSERVE, to=WRK) == Ratio(median=0.8, least=0.5, greatest=1.0)


def test_without_the_other_there_is_no_ratio() -> None:
    """A ratio to a generator that was not measured is unknown, not 0 or 1."""
    (row,) = rows_of([sample(FASTSERVE, 1, cpu_us=5.0)])

    assert (row.of_wrk, row.of_fast_http_user, row.reached) == (None, None, None)


@pytest.mark.parametrize(("cpu_us", "reached"), [(4.0, True), (4.0 / LEAST_OF_WRK, True), (4.9, False)])
def test_the_floor_is_held_by_fastserve_alone(cpu_us: float, reached: bool) -> None:
    """At the floor it is reached, below it is not, and the others have none."""
    samples = [sample(WRK, 1, cpu_us=4.0), sample(FASTSERVE, 1, cpu_us=cpu_us), sample(FAST_HTTP_USER, 1, cpu_us=80.0)]

    assert [row.reached for row in rows_of(samples)] == [None, reached, None]


def test_workloads_are_kept_apart() -> None:
    """Rows stand in the order of their first measurement, and a ratio never reaches over to another workload."""
    samples = [
        sample(generator, number, cpu_us=cost, workload=workload)
        for number in (1, 2, 3)
        for workload, wrk in (("health", 4.0), ("quote", 8.0))
        for generator, cost in ((WRK, wrk), (FASTSERVE, 2 * wrk))
    ]

    rows = rows_of(samples)

    assert [(row.workload, row.generator) for row in rows] == [
        ("health", WRK),
        ("health", FASTSERVE),
        ("quote", WRK),
        ("quote", FASTSERVE),
    ]
    assert [row.of_wrk.median for row in rows if row.of_wrk] == [1.0, 0.5, 1.0, 0.5]
    assert [row.rounds for row in rows] == [3] * 4
