"""Whatever a plan or a server description holds, it is read, or refused in words; never a traceback, never a hang."""

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis.strategies import SearchStrategy

from controller.errors import PlanError
from controller.plan.reader import read_plan
from controller.plan.schedule import trials_of
from controller.plan.target import Target, read_target
from controller.plan.text import plan_toml
from tests.plan.given import SMALLEST, TARGETS
from tests.plan.mutations import PLANS, SERVERS, overrides, tables, texts

EACH = 2_100


def read_as_plan(path: Path, data: bytes) -> None:
    """Read a plan; one that is accepted can be ordered, and reads back from its own text as itself."""
    path.write_bytes(data)
    check_plan(path)


def read_with_override(path: Path, override: str) -> None:
    """Read a right plan with a setting beside it."""
    path.write_text(SMALLEST, encoding="utf-8")
    check_plan(path, override)


def check_plan(path: Path, *given_overrides: str) -> None:
    """Hold an accepted plan to what every plan must be able to do."""
    plan = read_plan(path, overrides=given_overrides, targets=TARGETS, available={"go-fiber", "python-flask"})
    cells = len(plan.targets) * len(plan.scenarios)
    path.write_text(plan_toml(plan), encoding="utf-8")

    assert plan.repeats * cells > 1000 or len(trials_of(plan)) == plan.repeats * cells
    assert read_plan(path, targets=TARGETS, available=TARGETS) == plan


def read_as_target(path: Path, data: bytes) -> None:
    """Read a server description."""
    path.write_bytes(data)
    assert isinstance(read_target(path), Target)


@pytest.mark.parametrize(
    ("cases", "read"),
    [
        (texts(PLANS), read_as_plan),
        (tables(PLANS), read_as_plan),
        (overrides(), read_with_override),
        (texts(SERVERS), read_as_target),
        (tables(SERVERS), read_as_target),
    ],
    ids=["plan texts", "plan tables", "overrides", "server texts", "server tables"],
)
def test_every_case_is_read_or_refused_in_words(
    tmp_path: Path, cases: SearchStrategy[Any], read: Callable[[Path, Any], None]
) -> None:
    """A PlanError names the file, says something, and can be printed; nothing else is ever raised."""
    path = tmp_path / "fuzz" / "mine.toml"
    path.parent.mkdir()
    counted = {"read": 0, "refused": 0}

    @settings(
        max_examples=EACH,
        # A hang, not a slow machine, is what must be found.
        deadline=timedelta(seconds=10),
        derandomize=True,
        suppress_health_check=list(HealthCheck),
    )
    @given(cases)
    def try_case(case: Any) -> None:
        try:
            read(path, case)
        except PlanError as error:
            counted["refused"] += 1
            assert_is_readable(str(error), path)
        else:
            counted["read"] += 1

    try_case()
    assert sum(counted.values()) >= EACH
    # Cases that are all alike would prove nothing.
    assert counted["refused"] > EACH / 10


def assert_is_readable(message: str, path: Path) -> None:
    """Hold a refusal to its form: the file first, something after it, nothing that a terminal would act on."""
    assert message.startswith(f"{path}: ")
    assert len(message) > len(f"{path}: ") + 5
    assert len(message) < 20_000
    assert not [character for character in message if character < " " and character != "\n"]


def test_so_many_cases_are_tried() -> None:
    """All kinds together are at least ten thousand."""
    kinds = test_every_case_is_read_or_refused_in_words.pytestmark[0].args[1]

    assert EACH * len(kinds) >= 10_000
