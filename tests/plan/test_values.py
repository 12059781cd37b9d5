"""The values of a plan cannot exist in a wrong state."""

from math import inf, nan
from typing import Any

import pytest

from controller.errors import PlanError
from controller.plan.expect import Expect
from controller.plan.factors import FACTORS, Variant, variant_of
from controller.plan.plan import Cpus, Environment
from controller.plan.scenario import Load, Request, Scenario
from tests.plan.given import target_named


@pytest.mark.parametrize(
    ("kind", "fields"),
    [
        (Load, {"in_flight": 0}),
        (Load, {"in_flight": True}),
        (Load, {"duration_s": 0.0}),
        (Load, {"duration_s": nan}),
        (Load, {"timeout_s": inf}),
        (Load, {"model": "half-open"}),
        (Request, {"path": "x"}),
        (Request, {"path": "/", "weight": -1.0}),
        (Request, {"path": "/", "method": "get"}),
        (Request, {"path": "/", "body": "1"}),
        (Request, {"path": "/{n}"}),
        (Request, {"path": "/", "method": "POST", "body": '"{n}"', "draws": (("m", "uuid"),)}),
        (Request, {"path": "/{n}", "draws": (("n", "uniform(2, 1)"),)}),
        (Request, {"path": "/", "method": "HEAD", "expect": Expect(contains="a")}),
        (Expect, {"status": 100}),
        (Cpus, {"target": 0}),
        (Environment, {"cache_ttl_s": -1}),
        (Scenario, {"name": "A", "requests": (Request(path="/"),), "load": Load()}),
        (Scenario, {"name": "a", "requests": (), "load": Load()}),
        (Variant, {"levels": {}}),
        (Variant, {"levels": dict.fromkeys(FACTORS, 3)}),
    ],
)
def test_wrong_values_cannot_be_made(kind: Any, fields: dict[str, Any]) -> None:
    """What a file may not say, code may not either."""
    with pytest.raises(PlanError):
        kind(**fields)


def test_a_target_is_named_like_its_folder() -> None:
    """A target's name is a name like all others."""
    with pytest.raises(PlanError, match=r"Target\.name: expected a name"):
        target_named("No")


def test_an_endpoint_is_a_path_without_its_query() -> None:
    """Counts are kept for the route, whatever is asked of it."""
    assert Request(path="/api/db?count=3?x").endpoint == "/api/db"
    assert Request(path="/a/{n}?b={n}", draws=(("n", "uuid"),)).endpoint == "/a/{n}"


def test_a_label_says_what_differs_in_table_order() -> None:
    """Equal variants have equal labels and hashes, whatever order their levels were named in."""
    one, other = variant_of({"in_flight": 8, "cache": "none"}), variant_of({"cache": "none", "in_flight": 8})

    assert one.label == "cache=none,in_flight=8"
    assert variant_of({}).label == "default"
    assert {one: 1}[other] == 1
    assert Load(in_flight=64, streams=16).connections == 4
