"""Hypotheses of a plan: frozen values, shown as they were written."""

from pathlib import Path

import pytest

from controller.errors import PlanError
from controller.plan.hypothesis import Hypothesis
from controller.plan.text import plan_toml
from tests.plan.given import SMALLEST, plan_from

HYPOTHESES = """
[[hypotheses]]
says = "so it is"
metric = "throughput_per_s"
compare = { target = ["python-flask", "go-fiber"], endpoint = "/api/health" }
to = { target = "python-flask", pool = 10 }
at_least = 2

[[hypotheses]]
says = "the cache halves the spread"
metric = "spread"
compare = { scenario = "health" }
to = { scenario = "health" }
at_least = 0.1
at_most = 0.5
"""


def test_a_hypothesis_is_kept_as_it_was_written(tmp_path: Path) -> None:
    """A list takes each value, a single one itself; what the plan shows is read again as the same plan."""
    plan = plan_from(tmp_path, SMALLEST + HYPOTHESES)
    first, second = plan.hypotheses

    assert first.compare == (("target", ("python-flask", "go-fiber")), ("endpoint", ("/api/health",)))
    assert first.to == (("target", ("python-flask",)), ("pool", (10,)))
    assert (first.bounds_text, second.bounds_text) == ("at least 2", "at least 0.1 and at most 0.5")
    assert plan_from(tmp_path, plan_toml(plan)) == plan


def test_an_interval_keeps_or_breaks_bounds_as_a_whole() -> None:
    """Ends that lie on a bound keep it; an interval that holds it neither keeps nor breaks it."""
    one = Hypothesis(says="so", metric="spread", compare=(), to=(), at_least=1.0, at_most=2.0)

    assert [one.is_kept_by(*ends) for ends in ((1, 2), (0.9, 1.5), (1.5, 2.1))] == [True, False, False]
    assert [one.is_broken_by(*ends) for ends in ((0.5, 0.9), (2.1, 3), (0.9, 1.5), (0.5, 3))] == [
        True,
        True,
        False,
        False,
    ]


def test_a_hypothesis_without_a_bound_cannot_be() -> None:
    """Nothing could be said of it."""
    with pytest.raises(PlanError, match="at_least or at_most"):
        Hypothesis(says="so", metric="spread", compare=(), to=())
