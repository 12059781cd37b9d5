"""Requests as data, from the plan to a server of one's own: methods, JSON bodies, drawn values, expected answers."""

import json
from itertools import count
from pathlib import Path

from tests.e2e.command import WENT_WELL, Machine, rows_of, run_folder
from tests.e2e.project import add_server

ORDERS = Path(__file__).with_name("orders.py")
PLAN = """
name = "orders"
targets = ["shop"]
repeats = 1
repeat_doubted = false

[load]
in_flight = 4
workers = 2
warmup_s = 0
duration_s = 1

[scenarios.orders]
requests = [
  { post = "/orders", json = { id = "{n}", who = ["{who}"] }, draw = { n = "sequence", who = "choice(Ann, Zoe)" }, %s },
  { get = "/orders/{n}", draw = { n = "zipf(1000, 1.1)" }, expect = { status = 404, contains = "error" } },
  { head = "/up?x={x}", draw = { x = "uuid" } },
]
"""


def test_orders_are_posted_once_each(project: Path, machine: Machine) -> None:
    """Every order of the sequence is posted by one worker or the other, none twice, and each answer is as expected."""
    add_server(project, "shop", source=ORDERS, contract=False, ready="/up", pass_env=["COUNT_FOLDER"])
    (project / "plans" / "orders.toml").write_text(PLAN % 'expect = { status = 201, json = { order.state = "new" } }')
    done = machine.run("run", "orders", cwd=project, env={"COUNT_FOLDER": str(project)})
    run = run_folder(project / "fastserve-runs")

    assert done.returncode in WENT_WELL, done
    rows = {row["endpoint"]: row for row in rows_of(run / "summary.csv")}
    assert set(rows) == {"*", "/orders", "/orders/{n}", "/up"}
    assert all(int(row["requests"]) > 0 and row["failures"] == "0" for row in rows.values())
    asked, *orders = json.loads((project / "shop.orders").read_text())
    assert asked["id"] == "2147483647"
    numbers = {int(order["id"]) for order in orders}
    assert len(numbers) == len(orders) >= int(rows["/orders"]["requests"])
    assert {order["who"][0] for order in orders} == {"Ann", "Zoe"}
    # One worker may have been a little ahead of the other when both stopped.
    gap = next(number for number in count() if number not in numbers)
    assert gap > len(numbers) / 4
    assert (run / "plan.toml").read_text().count("json = {") == 2


def test_an_answer_that_is_not_as_expected_ends_the_trial_before_the_load(project: Path, machine: Machine) -> None:
    """What is expected is asked for once, and the line says what was found instead."""
    add_server(project, "shop", source=ORDERS, contract=False, ready="/up", pass_env=["COUNT_FOLDER"])
    (project / "plans" / "orders.toml").write_text(PLAN % "expect = { status = 200 }")
    done = machine.run("run", "orders", cwd=project, env={"COUNT_FOLDER": str(project)})

    assert done.returncode == 3, done
    assert "POST /orders: expected status 200, found status 201" in done.stdout + done.stderr
