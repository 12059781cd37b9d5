"""Settings given beside a plan reach it as if they were written there."""

from pathlib import Path

import pytest

from tests.plan.given import SMALLEST, plan_from, refusal_of


def test_overrides_reach_every_part(tmp_path: Path) -> None:
    """Numbers, words, lists and tables, at any depth; the last one for a key counts."""
    plan = plan_from(
        tmp_path,
        SMALLEST,
        "load.in_flight=1",
        "load.in_flight = 128",
        'question="a = b"',
        'targets=["go-fiber"]',
        "scenarios.health.load={ workers = 2 }",
        'scenarios."new".requests=[{ get = "/api/db" }]',
        "load.warmup_s=3",
    )

    assert (plan.load.in_flight, plan.load.warmup_s, plan.question) == (128, 3.0, "a = b")
    assert (plan.targets, plan.scenario("health").load.workers) == (("go-fiber",), 2)
    assert plan.scenario("new").endpoints == ("/api/db",)


@pytest.mark.parametrize(
    ("override", "line"),
    [
        ("load.in_flight", 'expected KEY=VALUE such as load.in_flight=128, found "load.in_flight"'),
        ("=3", 'expected KEY=VALUE such as load.in_flight=128, found "=3"'),
        ("[load]=3", 'expected KEY=VALUE such as load.in_flight=128, found "[load]=3"'),
        ("", 'expected KEY=VALUE such as load.in_flight=128, found ""'),
        ("name=b", 'name: expected a value in TOML, found "b"; strings need quotes: --set \'name="b"\''),
        ("seed=", 'seed: expected a value in TOML, found ""'),
        ("seed=[", 'seed: expected a value in TOML, found "["'),
        ("seed=1\nrepeats=2", 'seed: expected a value in TOML, found "1\\u000arepeats=2"'),
        ("seed=1, 2", 'seed: expected a value in TOML, found "1, 2"; strings need quotes: --set \'seed="1, 2"\''),
        ("name.x=1", "name.x: expected a path through tables, found a value on the way"),
    ],
)
def test_what_cannot_be_merged_has_its_line(tmp_path: Path, override: str, line: str) -> None:
    """An override that is no KEY=VALUE in TOML is a problem like any other."""
    assert refusal_of(tmp_path, SMALLEST, override) == f"mine.toml: --set: {line}"


def test_unknown_and_deep_keys_are_refused(tmp_path: Path) -> None:
    """An override is checked as the file is."""
    assert refusal_of(tmp_path, SMALLEST, "sed=1").startswith("mine.toml: --set sed: unknown key; known are name, ")
    assert refusal_of(tmp_path, SMALLEST, "a." * 31 + "a={b={c=1}}") == (
        "mine.toml: --set: lists or tables are nested more than 32 deep"
    )
    assert "expected KEY=VALUE" in refusal_of(tmp_path, SMALLEST, "a." * 50_000 + "a=1")
