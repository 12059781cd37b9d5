"""What a plan says of itself before it runs."""

from pathlib import Path

from controller.plan.cases import cases_of
from controller.report.forecast import DryRun, forecast
from controller.stack.cpus import Cores
from tests.plan.given import SMALLEST, TARGETS, plan_from

CORES = Cores(target=(0,), backing=(), generator=(1,), control=(1,), usable=2)


def forecast_of(folder: Path, factors: str, *overrides: str) -> DryRun:
    """Return what the smallest plan with some factors would be."""
    return forecast(plan_from(folder, f"{SMALLEST}[factors]\n{factors}\n", *overrides), TARGETS, CORES)


def effect_seen(folder: Path, factors: str, *overrides: str) -> float:
    """Return the effect, in percent, that a plan says it can see."""
    (_, said) = forecast_of(folder, factors, *overrides).can_see
    assert "% of a factor's level on one target" in said
    assert said.endswith(", beside the first level")
    return float(said.removeprefix("effects above ").partition("%")[0])


def test_an_effect_is_seen_the_better_the_more_blocks_and_the_fewer_levels(tmp_path: Path) -> None:
    """Its pairs lie within blocks, and the levels of all factors at all targets are corrected together."""
    two = effect_seen(tmp_path, "in_flight = [1, 2]", "repeats=5")

    assert effect_seen(tmp_path, "in_flight = [1, 2]", "repeats=10") < two
    assert effect_seen(tmp_path, "in_flight = [1, 2, 3]", "repeats=5") > two
    assert effect_seen(tmp_path, "in_flight = [1, 2]", "targets=['go-fiber']", "repeats=5") < two
    assert effect_seen(tmp_path, "in_flight = [1, 2]\nmetrics = ['none', 'full']", "repeats=5") > two
    said = forecast_of(tmp_path, "in_flight = [1, 2]", "repeats=5").can_see[1]
    assert float(said.partition("target, ")[2].partition("%")[0]) < two


def test_no_effect_is_promised_where_none_could_be_seen(tmp_path: Path) -> None:
    """One block has no spread, and without a level that acts there is no effect."""
    assert forecast_of(tmp_path, "in_flight = [1, 2]", "repeats=1").can_see[1].startswith("no effect of a factor")
    assert len(forecast_of(tmp_path, "in_flight = [1]").can_see) == 1
    assert len(forecast_of(tmp_path, "pool = [1, 2]").can_see) == 1


def test_what_is_not_measured_is_said(tmp_path: Path) -> None:
    """Combinations that cannot be, levels that change nothing, and scenarios that a factor cannot reach."""
    dry = forecast_of(tmp_path, "http = ['1.1', '2']\nstreams = [1, 2]\npool = [1, 2]", "repeats=2")

    assert dry.left_out == (
        '2 combinations: streams = 2 needs http at "2", found "1.1"',
        "pool = 2: it changes nothing in any scenario",
    )
    assert dry.once == ("health for all levels of pool, which cannot act there",)
    assert len(dry.trials) == 2 * 2 * len(cases_of(dry.plan)) == 12
    # Each trial warms up for ten seconds at least, is measured for ten, and costs two beside.
    assert dry.expected_s == 12 * 22
