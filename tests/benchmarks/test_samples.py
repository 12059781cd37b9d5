"""What generators spent becomes medians, and ratios of what was measured side by side."""

import pytest

from benchmarks.samples import Ratio, Sample, Spent, ratio_of, rows_of
from benchmarks.workloads import FAST_HTTP_USER, FASTSERVE, H2LOAD, WRK, Workload
from controller.errors import LoadError

HEALTH = Workload(name="health", path="/api/health", floor=0.8)
STREAMS = Workload(name="streams", path="/api/health", rival=H2LOAD, floor=0.6)


def sample(generator: str, number: int, *, cpu_us: float, workload: Workload = HEALTH) -> Sample:
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

    assert (row.of_rival, row.of_fast_http_user, row.reached) == (None, None, None)


@pytest.mark.parametrize(
    ("workload", "cpu_us", "reached"),
    [(HEALTH, 4.0, True), (HEALTH, 5.0, True), (HEALTH, 5.1, False), (STREAMS, 5.1, True), (STREAMS, 6.7, False)],
)
def test_the_floor_is_held_by_fastserve_alone(workload: Workload, cpu_us: float, reached: bool) -> None:
    """At the workload's floor it is reached, below it is not, and the others have none."""
    costs = {workload.rival: 4.0, FASTSERVE: cpu_us, FAST_HTTP_USER: 80.0}
    samples = [sample(name, 1, cpu_us=cost, workload=workload) for name, cost in costs.items()]

    assert [row.reached for row in rows_of(samples)] == [None, reached, None]


def test_each_workload_has_a_rival_of_its_own() -> None:
    """Rows stand in the order of their first measurement, and a ratio is to the tool beside that workload alone."""
    samples = [
        sample(generator, number, cpu_us=cost, workload=workload)
        for number in (1, 2, 3)
        for workload, rival in ((HEALTH, 4.0), (STREAMS, 8.0))
        for generator, cost in ((workload.rival, rival), (FASTSERVE, 2 * rival))
    ]

    rows = rows_of(samples)

    assert [(row.workload, row.generator) for row in rows] == [
        (HEALTH, WRK),
        (HEALTH, FASTSERVE),
        (STREAMS, H2LOAD),
        (STREAMS, FASTSERVE),
    ]
    assert [row.of_rival.median for row in rows if row.of_rival] == [1.0, 0.5, 1.0, 0.5]
    assert [row.rounds for row in rows] == [3] * 4
