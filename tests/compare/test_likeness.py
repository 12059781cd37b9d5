"""Unlike is not compared: what two runs differ in is said exactly, and what makes no difference is not."""

from collections.abc import Mapping
from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest

from controller.compare.likeness import VERSIONS, differences
from tests.factories.runs import FACTS, PLAN, made


def changed(*path: str, value: Any = None, drop: bool = False) -> Mapping[str, Any]:
    """Return the facts of a machine with another value at a path, or without one."""
    facts = deepcopy(dict(FACTS))
    table = facts
    for key in path[:-1]:
        table = table[key]
    if drop:
        del table[path[-1]]
    else:
        table[path[-1]] = value
    return facts


def test_runs_of_the_same_are_alike(tmp_path: Path) -> None:
    """Repeats, seed, question, other targets and another scenario beside the common ones make no difference."""
    more = PLAN + '\n[scenarios.more]\nrequests = [{{ get = "/api/cache" }}]\n'
    second = made(tmp_path, "second", targets=("plain", "other"), overrides=["repeats=9", "seed=3"], plan=more)

    assert differences(made(tmp_path, "first"), second) == []


@pytest.mark.parametrize(
    ("facts", "said"),
    [
        (changed("machine", "model", value="Abacus"), ", Abacus in the second"),
        (changed("machine", "cores", value=96), "cores: "),
        (changed("machine", "topology", value="2 sockets"), "topology: "),
        (changed("machine", "memory_bytes", value=2**30), "1,024 MiB in the second"),
        (changed("machine", "governor", value="powersave"), "powersave in the second"),
        (changed("kernel", "release", value="2.4.0"), "kernel: "),
        (changed("kernel", "somaxconn", value=5), "somaxconn: "),
        (changed("roles", "generator", value=[1, 2]), "cores of generator: 1 in the first, 1, 2 in the second"),
        (changed("roles", "backing", value=[0]), "cores of backing: none in the first, 0 in the second"),
        (changed("versions", "locust", value="1.0"), "version of locust: "),
        (changed("versions", "python", value="3.99.0"), "version of python: "),
        (changed("versions", "code", value="0" * 16), "code of fastserve: "),
        (changed("contract", value="0" * 16), "contract: not known in the first, 0000000000000000 in the second"),
        (changed("contract", drop=True), "contract: not known in either"),
        (changed("versions", "hpack", drop=True), "not known in the second"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_each_fact_of_a_machine_counts(facts: Mapping[str, Any], said: str, tmp_path: Path) -> None:
    """One other fact is one line, with both values; what an older run did not store is not known."""
    (line,) = differences(made(tmp_path, "first"), made(tmp_path, "second", facts=facts))

    assert said in line


def test_what_says_nothing_of_the_machine_is_left_out(tmp_path: Path) -> None:
    """Neither the time nor the commit of a checkout counts, nor a few megabytes that the kernel kept for itself."""
    facts = deepcopy(dict(FACTS)) | {"at": "2020-01-01T00:00:00.000Z", "git": {"commit": "0", "dirty": True}}
    facts["machine"]["memory_bytes"] = round(FACTS["machine"]["memory_bytes"] * 1.005)
    facts["versions"]["redis-server"] = "7.0"

    assert differences(made(tmp_path, "first"), made(tmp_path, "second", facts=facts)) == []


def test_services_that_both_used_have_versions(tmp_path: Path) -> None:
    """Another Redis is another measurement; one that only one run used is told by the level that asks for it."""
    one, other = (changed("versions", "redis-server", value=version) for version in ("7.0", "7.2"))

    assert differences(made(tmp_path, "first", facts=one), made(tmp_path, "second", facts=other)) == [
        "version of redis-server: 7.0 in the first, 7.2 in the second"
    ]


def test_facts_name_every_version_that_counts() -> None:
    """A run stores all that are asked for here, and no other by itself."""
    assert set(FACTS["versions"]) == set(VERSIONS)
    assert all(FACTS["versions"].values())


@pytest.mark.parametrize(
    ("overrides", "said"),
    [
        (["load.in_flight=8"], "load.in_flight: 4 in the first, 8 in the second"),
        (["load.duration_s=3"], "load.duration_s: 10 in the first, 3 in the second"),
        (["load.warmup_s=2"], "load.warmup_s: auto in the first, 2 in the second"),
        (['factors.metrics=["full"]'], "factors.metrics: none in the first, full in the second"),
        (["factors.in_flight=[8]"], "factors.in_flight: 64 in the first, 8 in the second"),
        (["environment.cache_ttl_s=5"], "environment.cache_ttl_s: 60 in the first, 5 in the second"),
        (
            ["scenarios.quote.load.in_flight=8"],
            "load.in_flight of quote: 4 in the first, 8 in the second",
        ),
        (
            ['scenarios.health.headers={ Accept = "a/b" }'],
            'headers of health: {} in the first, { Accept = "a/b" } in the second',
        ),
        (
            ['scenarios.quote.requests=[{ get = "/api/db" }]'],
            'requests of quote: [{ get = "/api/db", weight = 2 }] in the first, [{ get = "/api/db" }] in the second',
        ),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_each_setting_counts_once(overrides: list[str], said: str, tmp_path: Path) -> None:
    """One other level, load or request is one line, as a plan says it; the same in all scenarios is said once."""
    assert differences(made(tmp_path, "first"), made(tmp_path, "second", overrides=overrides)) == [said]


def test_another_load_model_is_all_that_it_brings(tmp_path: Path) -> None:
    """What only the open model has is none in the closed one."""
    second = made(tmp_path, "second", overrides=['load.model="open"', "load.rate_per_s=100"])

    assert differences(made(tmp_path, "first"), second) == [
        "load.model: closed in the first, open in the second",
        "load.rate_per_s: none in the first, 100 in the second",
        "load.arrivals: none in the first, poisson in the second",
    ]


def test_a_changed_locust_file_counts(tmp_path: Path) -> None:
    """Its name is the same, its content is not."""
    plan = PLAN + 'locustfile = "locustfiles/login.py"\n'
    one, other = (
        made(tmp_path, run, plan=plan, builds={"locustfiles/login.py": key}) for run, key in (("a", "1"), ("b", "2"))
    )

    assert differences(one, other) == ["content of the locustfile of quote: 1 in the first, 2 in the second"]


def test_nothing_in_common_is_a_difference(tmp_path: Path) -> None:
    """Without a scenario in both there is nothing to compare."""
    second = made(tmp_path, "second", plan=PLAN.replace("health", "alive").replace("quote", "quotes"))

    assert differences(made(tmp_path, "first"), second) == [
        "scenarios: health, quote in the first, alive, quotes in the second"
    ]


def test_a_run_without_facts_is_like_none(tmp_path: Path) -> None:
    """What was stored before a fact was known differs in all of them, and none is guessed."""
    lines = differences(made(tmp_path, "first"), made(tmp_path, "second", facts={}))

    assert len(lines) >= len(VERSIONS)
    assert all("not known" in line for line in lines)
