"""Targets held to the contract with combinations of settings: what passes, what does not, what could not be asked."""

import sys
from pathlib import Path

import pytest

from controller.cli.contract_check import held_text
from controller.plan.contract import Contract, read_contract
from controller.stack.build import build_target
from controller.stack.contract_suite import Held, combinations_of, hold_targets, missing_services
from controller.stack.contract_visit import Finding
from controller.stack.preflight import Prepared
from tests.stack.programs import made_target

SERVERS = Path(__file__).parents[2] / "servers"
SERVER = Path(__file__).parents[1] / "e2e" / "server.py"
FOUND = Finding(route="GET /", expected="x", found="y")
PLAIN = {"cache": "memory", "db": "sqlite", "metrics": "none"}
COUNTED = {"cache": "none", "db": "sqlite", "metrics": "full"}


@pytest.fixture(scope="module")
def contract() -> Contract:
    """The contract of the checkout."""
    return read_contract(SERVERS)


def ready(folder: Path, name: str, **keys: object) -> Prepared:
    """Return a target made of a server in Python that keeps the contract, or does as MISBEHAVE says."""
    source = SERVER.read_text(encoding="utf-8")
    target = made_target(
        folder / "servers" / name,
        files={"server.py": source},
        **{"run": [sys.executable, "-B", "{src}/server.py"], **keys},
    )
    return Prepared(target=target, build=build_target(target))


def test_each_target_is_held_with_each_combination(contract: Contract, tmp_path: Path) -> None:
    """One that keeps the contract passes, one that breaks a rule and one that does not start stop no other."""
    said: list[str] = []
    held = hold_targets(
        [
            ready(tmp_path, "dead", run=["sh", "-c", "echo 'PORT: expected luck' >&2; exit 1"]),
            ready(tmp_path, "bad", env={"MISBEHAVE": "breaks"}),
            ready(tmp_path, "good"),
        ],
        [PLAIN, COUNTED],
        contract=contract,
        servers=SERVERS,
        say=said.append,
    )
    text = held_text(held)

    assert sorted(said) == ["checking bad", "checking dead", "checking good"]
    assert [(one.target, one.ok) for one in held] == [
        *(("dead", False), ("dead", False), ("bad", False), ("bad", False), ("good", True), ("good", True)),
    ]
    assert text.splitlines()[:3] == [
        "cache    memory       none",
        "db       sqlite       sqlite",
        "metrics  none         full",
    ]
    assert "dead     not started  not started" in text
    assert "good     ok           ok" in text
    assert "dead, cache memory, db sqlite, metrics none:\n  expected it to get ready" in text
    assert "    PORT: expected luck" in text
    assert "bad, in all:\n  GET /api/compute?n=0: expected" in text


def test_what_needs_a_service_that_is_missing_is_skipped(
    contract: Contract, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The rest is checked all the same, and the way to get it is told."""
    one = ready(tmp_path, "good")
    monkeypatch.setenv("PATH", str(tmp_path))
    redis = {**PLAIN, "cache": "redis"}
    (held, skipped) = hold_targets([one], [PLAIN, redis], contract=contract, servers=SERVERS, say=lambda _: None)

    assert (held.ok, held.skipped, skipped.ok, skipped.skipped) == (True, False, False, True)
    (text,) = missing_services([PLAIN, redis]).values()
    assert "needs redis-server" in text
    assert "apt-get install redis-server" in text
    assert missing_services([PLAIN]) == {}


def test_a_table_fits_a_terminal() -> None:
    """All combinations of twelve targets take lines of a hundred columns, in two tables."""
    held = [
        Held(target=f"a-target-{number}", combination=one, broken=(FOUND,) * (number % 2))
        for number in range(12)
        for one in combinations_of(every=True)
    ]
    text = held_text(held)

    assert max(map(len, text.splitlines())) <= 100
    assert text.count("a-target-3 ") == 2
    assert text.count("1 broken") == 6 * 12
    assert text.count("a-target-3, in all:\n  GET /: expected x, found y") == 1
