"""Two runs joined through a target that both have."""

from pathlib import Path

import pytest

from controller.compare.joined import SAME_BUILD, UNLIKE, joined_rows
from controller.compare.joined_limits import hold_joined
from controller.compare.joining import Joint, join_runs
from controller.compare.limits import Holding, read_limit
from controller.compare.matched import DIFFERENT_TIMES, matched_tables
from controller.compare.verdicts import Comparison, Verdict
from controller.errors import PlanError
from controller.measure.trial import TrialResult
from tests.factories.runs import made, trials_of

NEW = {"mine": "d" * 16}
THREE = ("plain", "mine", "same")


def rows_of(joint: Joint, first: tuple[TrialResult, ...], second: tuple[TrialResult, ...]) -> list[Comparison]:
    """Return the rows of throughput, all endpoints together."""
    tables = matched_tables(first, second, scenarios=["health", "quote"])
    return [row for row in joined_rows(joint, tables) if (row.metric, row.endpoint) == ("throughput_per_s", "*")]


def test_the_speed_of_a_run_cancels(tmp_path: Path) -> None:
    """A change that gains a third is found, though the second run's machine was half as fast."""
    joint = join_runs(made(tmp_path, "a"), made(tmp_path, "b", builds=NEW))
    first = trials_of({"plain": 3000, "mine": 1500})
    second = trials_of({"plain": 3000, "mine": 2000}, seed=2, speed=0.5)
    (row,) = rows_of(joint, first, second)

    assert (joint.through, joint.unlike) == ("plain", ())
    assert (row.baseline, row.candidate, row.verdict) == ("mine", "mine", Verdict.FASTER)
    assert row.ratio_low < 4 / 3 < row.ratio_high
    assert row.detectable > 0


def test_what_met_in_one_run_is_compared_there(tmp_path: Path) -> None:
    """Pairs are a target with itself, and those that one of the runs lacks."""
    first = made(tmp_path, "a", targets=("plain", "before", "same"))
    second = made(tmp_path, "b", targets=("plain", "after", "same"))

    assert [(pair.baseline, pair.candidate, pair.same_build) for pair in join_runs(first, second).pairs] == [
        ("before", "after", False),
        ("same", "same", True),
    ]


@pytest.mark.parametrize(
    ("baselines", "asked", "through"),
    [
        (("plain", "plain"), None, "plain"),
        (("same", "plain"), None, "same"),
        (("mine", "same"), None, "same"),
        (("mine", "mine"), None, "plain"),
        (("plain", "plain"), "same", "same"),
    ],
)
def test_the_common_target_is_chosen_by_rule(
    baselines: tuple[str, str], asked: str | None, through: str, tmp_path: Path
) -> None:
    """The one asked for, else the first run's baseline, the second's, the first of the same build: never by results."""
    first, second = (
        made(tmp_path, run, targets=THREE, builds=builds, overrides=[f'baseline="{baseline}"'])
        for run, baseline, builds in zip("ab", baselines, ({}, NEW), strict=True)
    )

    assert join_runs(first, second, asked=asked).through == through


def test_another_build_joins_nothing(tmp_path: Path) -> None:
    """Where no target is the same in both, the runs differ in just that; where it is asked for, in that one."""
    first, second = made(tmp_path, "a"), made(tmp_path, "b", builds={**NEW, "plain": "e" * 16})
    lines = [
        f"build of plain: {'a' * 16} in the first, {'e' * 16} in the second",
        f"build of mine: {'b' * 16} in the first, {'d' * 16} in the second",
    ]

    assert (join_runs(first, second).through, join_runs(first, second).unlike) == (None, tuple(lines))
    assert join_runs(first, second, asked="plain").unlike == (lines[0],)


def test_a_server_that_ran_already_joins_nothing(tmp_path: Path) -> None:
    """At the same address there may be another one: its build is not known."""
    url = {"plain": "http://127.0.0.1:8001"}
    joint = join_runs(made(tmp_path, "a", builds=url), made(tmp_path, "b", builds={**url, **NEW}))

    assert joint.through is None
    assert "build of plain: not known in either" in joint.unlike


def test_different_times_have_no_verdict(tmp_path: Path) -> None:
    """Without a common target there is a bare ratio and nothing else, and no limit is broken or kept."""
    joint = join_runs(made(tmp_path, "a", targets=("mine",)), made(tmp_path, "b", targets=("mine",), builds=NEW))
    first, second = trials_of({"mine": 1500}), trials_of({"mine": 3000}, seed=2)
    (row,) = rows_of(joint, first, second)
    tables = matched_tables(first, second, scenarios=["health"])
    (held,) = hold_joined([read_limit("throughput_per_s > 1.1 * baseline")], joint, tables, second)

    assert row.ratio == pytest.approx(2, rel=0.1)
    assert (row.ratio_low, row.p_value, row.verdict, row.caveat) == (None, None, None, DIFFERENT_TIMES)
    assert (held.holding, held.why_not) == (Holding.CANNOT_TELL, DIFFERENT_TIMES)


def test_unlike_runs_have_numbers_and_no_verdict(tmp_path: Path) -> None:
    """Compared anyway, a ratio keeps its interval, and nothing is said of it."""
    joint = join_runs(made(tmp_path, "a"), made(tmp_path, "b", builds=NEW, overrides=["load.in_flight=8"]))
    (row,) = rows_of(joint, trials_of({"plain": 3000, "mine": 1500}), trials_of({"plain": 3000, "mine": 3000}, seed=2))

    assert row.ratio_low > 1
    assert (row.p_value, row.verdict, row.detectable, row.caveat) == (None, None, None, UNLIKE)


@pytest.mark.parametrize(("gain", "verdict"), [(1.1, Verdict.CANNOT_TELL), (1.6, Verdict.FASTER)])
def test_a_verdict_needs_more_than_what_the_runs_differ_by(gain: float, verdict: Verdict, tmp_path: Path) -> None:
    """A target of the same build that is 1.2 times as fast in the second run takes all verdicts up to that away."""
    joint = join_runs(made(tmp_path, "a", targets=THREE), made(tmp_path, "b", targets=THREE, builds=NEW))
    first = trials_of({"plain": 3000, "mine": 1500, "same": 2000})
    second = trials_of({"plain": 3000, "mine": 1500 * gain, "same": 2400}, seed=2)
    mine, same = rows_of(joint, first, second)

    assert (same.candidate, same.verdict, same.caveat) == ("same", Verdict.FASTER, SAME_BUILD)
    assert mine.ratio_low > 1
    assert mine.verdict is verdict
    assert ("not beyond same" in (mine.caveat or "")) is (verdict is Verdict.CANNOT_TELL)


def test_latency_in_closed_loops_has_no_verdict(tmp_path: Path) -> None:
    """There it restates throughput, in two runs as in one."""
    joint = join_runs(made(tmp_path, "a"), made(tmp_path, "b", builds=NEW))
    first, second = trials_of({"plain": 3000, "mine": 1500}), trials_of({"plain": 3000, "mine": 3000}, seed=2)
    rows = joined_rows(joint, matched_tables(first, second, scenarios=["health"]))

    assert {row.verdict for row in rows if row.metric.startswith("latency")} == {None}
    assert {row.endpoint for row in rows} == {"*", "/api/health"}


def test_a_family_of_equal_runs_seldom_has_a_verdict(tmp_path: Path) -> None:
    """Of 300 pairs of runs with four changed targets and no difference, at most 8 % have any verdict."""
    names = ("plain", "m1", "m2", "m3", "m4")
    joint = join_runs(
        made(tmp_path, "a", targets=names, builds=dict.fromkeys(names[1:], "1")),
        made(tmp_path, "b", targets=names, builds=dict.fromkeys(names[1:], "2")),
    )
    rates = dict.fromkeys(names, 3000.0)
    any_verdict = sum(
        any(
            row.verdict is not Verdict.CANNOT_TELL
            for row in rows_of(joint, trials_of(rates, seed=n), trials_of(rates, seed=n + 9000))
        )
        for n in range(300)
    )

    assert any_verdict <= 24


def test_limits_of_two_runs(tmp_path: Path) -> None:
    """Beside the first run what changed is held, by itself all of the second; what did not change is left out."""
    joint = join_runs(made(tmp_path, "a", targets=THREE), made(tmp_path, "b", targets=THREE, builds=NEW))
    first = trials_of({"plain": 3000, "mine": 1500, "same": 2000})
    second = trials_of({"plain": 3000, "mine": 1000, "same": 2000}, seed=2)
    tables = matched_tables(first, second, scenarios=["health"])
    limits = [read_limit("throughput_per_s < 0.9 * baseline"), read_limit("throughput_per_s < 1500")]
    beside, *alone = hold_joined(limits, joint, tables, second)
    (unchanged,) = hold_joined(
        limits[:1], join_runs(made(tmp_path, "a", targets=THREE), made(tmp_path, "b", targets=THREE)), tables, second
    )

    assert (beside.target, beside.holding, beside.beside) == ("mine", Holding.BROKEN, "mine of the first run")
    assert [(held.target, held.holding) for held in alone] == [
        ("mine", Holding.BROKEN),
        ("plain", Holding.KEPT),
        ("same", Holding.KEPT),
    ]
    assert (unchanged.holding, unchanged.target) == (Holding.CANNOT_TELL, "")


@pytest.mark.parametrize(("asked", "said"), [("third", "plain, mine"), (None, "twice")])
def test_what_cannot_be_joined_is_one_line(asked: str | None, said: str, tmp_path: Path) -> None:
    """A target that one run lacks, and one run given twice."""
    with pytest.raises(PlanError, match=said):
        join_runs(made(tmp_path, "a"), made(tmp_path, "b" if asked else "a"), asked=asked)
