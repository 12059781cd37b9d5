"""Plans as text: one resolved, with the source of each setting, and one to start from."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import asdict

from controller.plan.expect import Expect
from controller.plan.factors import FACTORS, LOAD_FACTORS
from controller.plan.plan import Plan
from controller.plan.scenario import Load, Request, Scenario, Stage
from controller.plan.slo import Search
from controller.plan.toml_text import key_text, path_text, toml_value

_HEAD = "# A plan as resolved. Beside each setting: where it came from (default, plan, --set)."
_TOP = ("name", "question", "seed", "repeats", "targets", "baseline", "on_missing_tool", "repeat_doubted")


def plan_toml(plan: Plan) -> str:
    """Return a plan as TOML with every setting and its source; read again, it gives an equal plan."""
    top = {key: getattr(plan, key) for key in _TOP if key != "question" or plan.question}
    if plan.until is not None:
        top["repeats"] = {
            "at_least": plan.until.at_least,
            "at_most": plan.repeats,
            "until": short(plan.until.half_width),
        }
    cpus = asdict(plan.cpus)
    if "cpus" in (factors := _factor_settings(plan)):
        # The factor says it, and both may not.
        del cpus["target"]
    lines = [_HEAD, *_settings(plan, top, ())]
    if plan.skipped:
        lines.append(f"# left out for a missing tool: {', '.join(plan.skipped)}")
    lines += _table(plan, "load", load_table(plan.load))
    lines += _table(plan, "cpus", cpus)
    lines += _table(plan, "environment", asdict(plan.environment))
    lines += _table(plan, "factors", factors)
    lines += [f"# left out: {text}" for text in plan.left_out]
    for scenario in plan.scenarios:
        lines += _scenario_lines(plan, scenario)
    for hypothesis in plan.hypotheses:
        written = [f"{key} = {toml_value(short(value))}" for key, value in hypothesis.settings.items()]
        lines += ["", f"[[hypotheses]]  # {plan.sources.get('hypotheses', 'plan')}", *written]
    return "\n".join(lines) + "\n"


def _table(plan: Plan, name: str, settings: Mapping[str, object]) -> list[str]:
    return ["", f"[{name}]", *_settings(plan, settings, (name,))] if settings else []


def _settings(plan: Plan, settings: Mapping[str, object], path: tuple[str, ...]) -> list[str]:
    """Return a line for each setting, its source in a column of its own."""
    written = {key: f"{key_text(key)} = {toml_value(short(value))}" for key, value in settings.items()}
    width = max((len(text) for text in written.values() if len(text) <= 60), default=0)
    return [
        f"{text:<{width}}  # {plan.sources.get(path_text((*path, key)), 'default')}" for key, text in written.items()
    ]


def load_table(load: Load) -> dict[str, object]:
    """Return a load as a plan says it: without what is not set, and what only other models have."""
    settings = {key: value for key, value in asdict(load).items() if value is not None or key == "warmup_s"}
    settings["stages"] = [_stage_settings(stage) for stage in load.stages]
    if load.model == "closed":
        del settings["arrivals"]
    if not load.stages:
        del settings["stages"]
    if load.model != "capacity" and load.capacity == Search():
        del settings["capacity"]
    del settings["until_steady"]
    return {**settings, "warmup_s": _warmup_setting(load)}


def _warmup_setting(load: Load) -> str | float:
    if load.warmup_s is not None:
        return load.warmup_s
    return "auto" if load.until_steady else "least"


def _stage_settings(stage: Stage) -> dict[str, object]:
    settings = {key: short(value) for key, value in asdict(stage).items() if value is not None}
    if not stage.ramp:
        del settings["ramp"]
    return settings


def _factor_settings(plan: Plan) -> dict[str, object]:
    """Return the factors as lists of levels, and how they vary.

    A factor that decides on a setting of the load or on cpus.target is written only where it has several levels or
    another one than its default: at the default it would override what that setting says.
    """
    deciding = {*LOAD_FACTORS, "cpus"}
    levels = {name: plan.factors.get(name, (level,)) for name, level in plan.variants[0].levels.items()}
    written = {name for name, its in levels.items() if name not in deciding or its != (FACTORS[name].default,)}
    return {**{name: its for name, its in levels.items() if name in written}, "vary": plan.vary}


def _scenario_lines(plan: Plan, scenario: Scenario) -> Iterator[str]:
    path = ("scenarios", scenario.name)
    yield from ("", f"[{path_text(path)}]")
    if scenario.requests:
        yield f"requests = [  # {plan.sources.get(path_text((*path, 'requests')), 'plan')}"
        yield from (f"  {toml_value(request_settings(request))}," for request in scenario.requests)
        yield "]"
    if scenario.targets:
        yield from _settings(plan, {"targets": scenario.targets}, path)
    if scenario.locustfile is not None:
        yield from _settings(plan, {"locustfile": scenario.locustfile}, path)
    if scenario.headers:
        yield from _settings(plan, {"headers": dict(scenario.headers)}, path)
    if scenario.preload:
        yield from _settings(plan, {"preload": True}, path)
    if scenario.slo is not None:
        yield from _settings(plan, {"slo": scenario.slo.settings}, path)
    common = load_table(plan.load)
    own = {key: value for key, value in load_table(scenario.load).items() if common.get(key) != value}
    for name, table in (("load", own), ("factors", dict(scenario.factors))):
        if table:
            yield from ("", f"[{path_text((*path, name))}]", *_settings(plan, table, (*path, name)))


def request_settings(request: Request) -> dict[str, object]:
    """Return a request as a plan says it, without what is at its default."""
    settings: dict[str, object] = {request.method.lower(): request.path}
    if request.weight != 1:
        settings["weight"] = short(request.weight)
    if request.body is not None:
        settings["json"] = json.loads(request.body)
    if request.draws:
        settings["draw"] = dict(request.draws)
    if expected := _expected_settings(request.expect):
        settings["expect"] = expected
    return settings


def _expected_settings(expect: Expect) -> dict[str, object]:
    settings: dict[str, object] = {key: value for key, value in asdict(expect).items() if value is not None}
    del settings["fields"]
    return {**settings, "json": dict(expect.fields)} if expect.fields else settings


def short(value: object) -> object:
    """Return a number of a setting as one writes it: whole ones without a point."""
    return int(value) if isinstance(value, float) and value.is_integer() and abs(value) < 1e15 else value


def plan_template() -> str:
    """Return a commented plan to start from; it runs as it is."""
    return _TEMPLATE


_TEMPLATE = """\
# A plan: what is compared, with which requests, how often. Only name, targets and a scenario are required;
# what is commented out shows the default or an example. `fastserve plan show FILE` prints all settings as resolved,
# `fastserve run FILE --dry-run` says how long it takes and which differences it can see.
name = "mine"
question = "Which of these servers is faster for the work that I have?"
targets = ["python-flask", "python-fastapi"]   # names, or "all", or "available": those whose tools are here
# baseline = "python-flask"    # what the others are compared with: the first target
# repeats = 5                  # blocks; each has every target and scenario once, in an order drawn from the seed;
                               # or { at_least = 5, at_most = 12, until = 0.03 }: until all ratios are known to 3 %
# seed = 0
# on_missing_tool = "fail"     # or "skip": go on without targets that lack a tool
# repeat_doubted = true        # a trial that the machine disturbed is run once more, at the end of its block

[load]
in_flight = 64                 # requests in flight, each connection sends again when it is answered
# model = "open"               # requests come when they are planned, over so many connections; or "closed"
# rate_per_s = 1000            # open: requests a second; or stages = [{ rate_per_s = 1000, duration_s = 10 }, ...]
# arrivals = "poisson"         # open: at moments of chance; or "constant"
duration_s = 10                # measured seconds of each trial
# warmup_s = "auto"            # until throughput is steady; "least": what each server needs; or a number of seconds
# workers = 1                  # Locust workers; 0: one for each generator core
# keepalive = true
# timeout_s = 30
# ramp_up_s = 0

# [cpus]                       # cores for each side
# target = 1
# backing = 1
# generator = 1

# [environment]                # of the targets
# cache_miss_ms = 2000         # how long /api/cache waits for its origin
# cache_ttl_s = 60

# [factors]                    # settings to compare: each with a list of levels, of which the first is compared with
# cache = ["memory", "none"]   # or "redis"; none: every request is a miss
# db = ["sqlite", "mysql"]     # Redis and MariaDB are started for the run
# pool = [10, 1]               # connections to the database, of all processes of a server together
# metrics = ["none"]           # or "full": a server counts its requests for Prometheus
# proxy = ["none"]             # or "nginx" in front of every server, with tls, http, proxy_cache, upstream_keepalive
# vary = "all"                 # every combination; or "one-at-a-time": the first levels, then each other level alone

# One table for each scenario: its name, and what is requested.
[scenarios.health]             # with load.model = "capacity" and slo = { p99_ms = 20 }: the highest rate that keeps it
requests = [{ get = "/api/health" }]

[scenarios.mixed]
requests = [
  { get = "/api/db?count=20", weight = 3 },   # three of four requests
  { get = "/api/cache?key=a", weight = 1 },
]
# headers = { Accept = "application/json" }
# preload = true               # all that draws can give is asked for once before the warm-up
# locustfile = "locustfiles/login.py"   # users that log in or follow links, beside these requests or instead of them
# load = { in_flight = 128 }   # settings of [load] that are others here
# factors = { pool = [1, 10] } # levels in place of those of [factors]; targets = ["go-fiber"] in place of the plan's

# Other methods, JSON bodies, values drawn for each request, and what is expected of the answers. A place in braces
# gives text, in JSON too. Status and length are held against each answer, what is in the body against one of 64.
# [scenarios.orders]
# requests = [{ post = "/orders", json = { id = "{n}" }, draw = { n = "sequence" }, expect = { status = 201 } }]
# Draws: sequence, uniform(1, 100), zipf(1000, 1.1), choice(a, b), uuid. Expected: status, length, contains, json.

# What you expect comes back supported, refuted or undecided; rows are chosen by target, scenario, endpoint or factor.
# [[hypotheses]]
# says = "FastAPI is at least twice as fast"
# metric = "throughput_per_s"   # any number of summary.csv, or "spread": the fastest target over the slowest
# compare = { target = "python-fastapi" }
# to = { target = "python-flask" }
# at_least = 2.0                # the ratio; or at_most, or both
"""
