"""Limits of the machine: open files, and sockets that are not quite closed."""

import resource
import socket
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import pytest

from controller.errors import LoadError
from controller.plan.factors import variant_of
from controller.plan.plan import Cpus, Environment, Plan
from controller.plan.scenario import Load, Request, Scenario
from controller.stack.limits import check_open_files, files_needed, open_files
from controller.stack.timewait import drain_time_wait, time_wait_sockets

ROOT = Path(__file__).resolve().parents[2]


def test_the_soft_limit_is_raised_before_anything_is_refused() -> None:
    """A low soft limit is no reason to refuse what the hard one allows."""
    script = """
import resource
from controller.stack.limits import check_open_files, open_files
hard = open_files().hard
resource.setrlimit(resource.RLIMIT_NOFILE, (64, hard))
check_open_files(65)
print(open_files().soft == hard)
"""
    done = subprocess.run([sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=True)

    assert done.stdout == "True\n"


def test_too_many_are_refused_with_the_limit() -> None:
    """The line says how many are needed, how many are allowed and how to raise that."""
    hard = open_files().hard
    if hard == resource.RLIM_INFINITY:
        pytest.skip("this machine has no limit")
    with pytest.raises(
        LoadError, match=rf"expected {hard + 1:,} open files .* found a limit of {hard:,}: .*ulimit -Hn"
    ):
        check_open_files(hard + 1)
    check_open_files(hard)


def test_a_plan_needs_files_for_its_connections_and_for_those_of_nginx() -> None:
    """A worker has the load's connections; Nginx has as many, and one to the target for each request in flight."""
    load = Load(in_flight=4_000, streams=4, http="2")
    scenario = Scenario(name="s", requests=(Request(path="/"),), load=load)
    plan = Plan(
        name="p",
        targets=("a",),
        baseline="a",
        load=load,
        cpus=Cpus(),
        environment=Environment(),
        variants=(variant_of({}),),
        scenarios=(scenario,),
    )

    assert files_needed(plan) == 1_000 + 200
    assert files_needed(replace(plan, variants=(variant_of({"proxy": "nginx"}),))) == 1_000 + 4_000 + 1_024 + 200


def test_closed_connections_are_counted() -> None:
    """The side that closes first leaves a socket in TIME_WAIT; waiting for fewer is bounded."""
    before = time_wait_sockets()
    with socket.create_server(("127.0.0.1", 0)) as server:
        for _ in range(50):
            client = socket.create_connection(server.getsockname())
            accepted, _ = server.accept()
            client.close()
            accepted.recv(1)
            accepted.close()
    began_s = time.monotonic()
    left = drain_time_wait(below=1, within_s=0.3)

    # Others on this machine may have closed some of theirs meanwhile, but those here take a minute.
    assert left >= 50 > before - left
    assert 0.3 <= time.monotonic() - began_s < 5
    assert drain_time_wait(below=10**9) >= 0
