"""Figures with a bound of their own come from real loads: a schedule that is counted, and a master that merges."""

import os
from pathlib import Path

import pytest

from benchmarks.merging import merging_figures
from benchmarks.nginx import MANY, connections_in
from benchmarks.rounds import stand
from controller.stack.supervisor import supervise
from tests.needs import require, unmet
from tests.sources import ROOT


@pytest.mark.slow
def test_the_master_merges_every_window_of_simulated_workers(tmp_path: Path) -> None:
    """Every sealed window holds all of them, so that the core and the memory are those of the whole work."""
    with supervise(label="merging", logs=tmp_path) as supervisor:
        core, memory = merging_figures(
            supervisor, folder=tmp_path, master_core=0, swarm_core=min(os.sched_getaffinity(0)), workers=20, seconds=2
        )

    assert "20 workers x 12 endpoints" in core.name
    assert "2 windows" in core.found
    assert memory.reached


@pytest.mark.slow
def test_an_open_load_is_held_to_its_schedule(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What began is what the schedule holds, drawn again from its seed; connections take turns, by Nginx's numbers."""
    require("nginx", "wrk", "h2load", "openssl")
    if len(os.sched_getaffinity(0)) < 2:
        unmet("two cores are needed, one for Nginx and one for the generator")
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))

    with stand(ROOT / "servers") as standing:
        found = standing.wire.offer(standing.bases, MANY, rate_per_s=200, connections=20, seconds=2)
        turns = connections_in(standing.folder)

    assert found.begun == found.planned > 0
    assert sum(turns.values()) == found.begun
    assert len(turns) == 20
    assert max(turns.values()) - min(turns.values()) <= 1
