"""What Locust's page offers to choose from, and what somebody chose: the words that master and controller share."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from math import inf
from typing import Any, Final

from controller.errors import PlanError
from controller.plan.scenario import Load, Scenario

# The offer, in the environment of the master that the controller starts with a page.
OFFER_VARIABLE: Final = "FASTSERVE_OFFER"
# Load models that a page can start.
MODELS: Final = ("closed", "open")
# What a trial of a page warms up for where the plan does not say how long: somebody is waiting.
WARMUP_S: Final = 2.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Offer:
    """A page on a port of loopback: what its start form lists, and the load that it proposes."""

    port: int
    targets: tuple[str, ...]
    scenarios: tuple[str, ...]
    users: int
    model: str = "closed"
    rate_per_s: float | None = None

    def to_text(self) -> str:
        """Return it as text for the environment."""
        return json.dumps(asdict(self))


def offer_from_text(text: str) -> Offer:
    """Return the offer that to_text gave."""
    fields = json.loads(text)
    return Offer(**{**fields, "targets": tuple(fields["targets"]), "scenarios": tuple(fields["scenarios"])})


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What somebody chose on the page. users are connections, of which spawn_rate_per_s are added each second."""

    target: str
    scenario: str
    users: int
    spawn_rate_per_s: float
    model: str = "closed"
    rate_per_s: float | None = None

    def to_wire(self) -> dict[str, Any]:
        """Return it as plain JSON values."""
        return asdict(self)


def asked_from_form(form: Mapping[str, str]) -> Asked:
    """Return what a filled-in start form asks for. Raises PlanError for a number that is none."""
    rate, users = form.get("rate", "").strip(), form.get("user_count", "")
    if not (users.isascii() and users.isdigit()):
        raise PlanError(f"users: expected a whole number, found {users!r}")
    return Asked(
        target=form.get("target", ""),
        scenario=form.get("scenario", ""),
        users=int(users),
        spawn_rate_per_s=_number(form, "spawn_rate"),
        model=form.get("model", "closed"),
        rate_per_s=_number(form, "rate") if rate else None,
    )


def _number(form: Mapping[str, str], name: str) -> float:
    try:
        return float(form.get(name, ""))
    except ValueError:
        raise PlanError(f"{name.replace('_', ' ')}: expected a number, found {form.get(name)!r}") from None


def asked_load(asked: Asked, scenario: Scenario) -> Load:
    """Return the load of a scenario as it was asked for: the plan's, but for what the page decides.

    Raises PlanError for numbers that no load can have.
    """
    if not 0 < asked.spawn_rate_per_s < inf:
        raise PlanError(f"ramp up: expected a number of users a second above 0, found {asked.spawn_rate_per_s:g}")
    if asked.model not in MODELS:
        raise PlanError(f"model: expected {' or '.join(MODELS)}, found {asked.model!r}")
    if asked.model == "open" and asked.rate_per_s is None:
        raise PlanError("rate: expected requests a second for the open model, found none")
    if asked.model == "closed" and asked.rate_per_s is not None:
        raise PlanError(
            f"rate: expected none in the closed model, where answers say when to send, found {asked.rate_per_s:g}"
        )
    load = closed(scenario.load)
    # What is there within the first second needs no ramp.
    ramp_up_s = asked.users / asked.spawn_rate_per_s if asked.users > asked.spawn_rate_per_s else 0.0
    return replace(
        load,
        model=asked.model,
        rate_per_s=asked.rate_per_s,
        in_flight=asked.users * load.streams,
        ramp_up_s=ramp_up_s,
        warmup_s=WARMUP_S if load.warmup_s is None else load.warmup_s,
    )


def closed(load: Load) -> Load:
    """Return a load without what only other models have."""
    return replace(load, model="closed", rate_per_s=None, stages=())
