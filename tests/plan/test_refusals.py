"""Each wrong thing in a plan has its one line: file, key, expected, found."""

from pathlib import Path

import pytest

from controller.plan.slo import Slo
from controller.plan.text import plan_toml
from tests.plan.given import SMALLEST, plan_from, refusal_of


def cases_of(name: str) -> list[tuple[str, str]]:
    """Return the cases of a table beside this file: TOML, and the line it leads to."""
    blocks = (Path(__file__).parent / name).read_text(encoding="utf-8").strip().split("\n\n")[1:]
    return [(text, line) for text, line in (block.split("\n> ") for block in blocks)]


@pytest.mark.parametrize(("setting", "line"), cases_of("wrong_settings.txt"))
def test_a_wrong_setting_has_its_line(tmp_path: Path, setting: str, line: str) -> None:
    """A setting at the top of a plan or in one of its tables."""
    key = setting.split("=", maxsplit=1)[0].strip()
    kept = [text for text in SMALLEST.splitlines() if not text.startswith(f"{key} ")]
    if key == "scenarios":
        kept = kept[:2]

    assert refusal_of(tmp_path, "\n".join([setting, *kept])) == f"mine.toml: {line}"


@pytest.mark.parametrize(("text", "line"), cases_of("wrong_scenarios.txt"))
def test_a_wrong_scenario_has_its_line(tmp_path: Path, text: str, line: str) -> None:
    """A setting of a scenario, named by its path."""
    head = 'name = "a"\ntargets = "all"\n[scenarios.s]\n'

    assert refusal_of(tmp_path, head + text) == f"mine.toml: scenarios.s.{line}"


WRONG_HYPOTHESES = [
    ('metric = "speed"', 'metric: unknown metric; known are spread, throughput_per_s'),
    ('compare = { scenario = "quote" }', 'compare.scenario: unknown scenario "quote"; known are health'),
    ('compare = { target = ["go-fiber", "go"] }', 'compare.target: unknown target "go"; known are go-fiber'),
    ('to = { gzip = "yes" }', 'to.gzip: expected "off" or "on", found "yes"'),
    ('to = { zip = "on" }', "to.zip: unknown key; known are target, scenario, endpoint, bound, proxy"),
    ('to = { target = "others" }', 'to.target: expected "others" alone, and targets named in compare, found others of'),
    ('to = { bound = "nginx" }', 'to.bound: expected "server", "proxy", "database", "cache", "generator" or "none", f'),
    ("at_least = -1", "at_least: expected a number above 0, at most 1,000,000, found -1"),
    ("at_most = 0.1", "at_most: expected no less than at_least = 0.3, found less"),
]  # fmt: skip


@pytest.mark.parametrize(("setting", "line"), WRONG_HYPOTHESES, ids=[setting for setting, _ in WRONG_HYPOTHESES])
def test_a_wrong_hypothesis_has_its_line(tmp_path: Path, setting: str, line: str) -> None:
    """Hypotheses name metrics, rows and ratios that exist."""
    right = {
        "says": '"x"',
        "metric": '"spread"',
        "compare": "{ scenario = 'health' }",
        "to": "{ endpoint = '*', target = 'go-fiber' }",
        "at_least": "0.30",
    }
    key, value = setting.split(" = ", 1)
    text = SMALLEST + "[[hypotheses]]\n" + "\n".join(f"{name} = {item}" for name, item in {**right, key: value}.items())

    assert refusal_of(tmp_path, text).startswith(f"mine.toml: hypotheses[0].{line}")


@pytest.mark.parametrize(("settings", "line"), cases_of("not_yet.txt"))
def test_what_is_not_built_is_refused_by_name(tmp_path: Path, settings: str, line: str) -> None:
    """A right plan that asks for what does not exist yet gets one line with all such keys."""
    text = settings + "\n" + SMALLEST.replace("[scenarios.health]\nrequests", "scenarios.health.requests")

    assert refusal_of(tmp_path, text) == f"mine.toml: not yet: {line}"


@pytest.mark.parametrize(
    "settings",
    [
        "load = { model = 'closed', streams = 1, http = '1.1', tls_verify = true, arrivals = 'poisson', workers = 0 }",
        "factors = { proxy = ['none'], tls = ['off'], pool = [10], vary = 'one-at-a-time', in_flight = [7] }",
        "hypotheses = []",
        "distributed = {}",
    ],
)
def test_a_default_may_be_written_down(tmp_path: Path, settings: str) -> None:
    """A key that is given at its default asks for nothing that is not built."""
    assert plan_from(tmp_path, settings + "\n" + SMALLEST).name == "a"


def test_the_plan_of_the_format_description_is_right(tmp_path: Path) -> None:
    """A plan that uses most of the format is understood to its last key, and as resolved is the same plan."""
    plan = plan_from(tmp_path, TUNING)

    assert plan.slos == {"quotes": Slo(p99_ms=50.0, failures=0.001)}
    assert plan_from(tmp_path, plan_toml(plan)) == plan


TUNING = """\
name = "tuning"
question = "What do gzip and the pool cost or gain behind Nginx?"
seed = 7
repeats = 8
targets = ["go-fiber", "node-fastify"]
baseline = "node-fastify"
on_missing_tool = "fail"

[load]
model = "closed"
rate_per_s = 20000
arrivals = "poisson"
warmup_s = "auto"

[cpus]
target = 1

[factors]
proxy = ["nginx"]
gzip = ["off", "on"]
pool = [10, 1, 50]

[scenarios.quotes]
requests = [
  { get = "/api/db?count=100", weight = 3 },
  { get = "/api/cache?key={key}", weight = 1, draw = { key = "zipf(1000, 1.1)" } },
]
headers = { Accept = "application/json" }
load = { in_flight = 128 }
slo = { p99_ms = 50, failures = 0.001 }

[[hypotheses]]
says = "gzip pays on links slower than 1 Gbit/s"
metric = "throughput_per_s"
compare = { scenario = "quotes", gzip = "on" }
to = { scenario = "quotes", gzip = "off" }
at_least = 0.30
"""


def test_a_file_of_nothing_but_problems_is_still_read_soon(tmp_path: Path) -> None:
    """What is shown is bounded, what is not shown is counted."""
    lines = refusal_of(tmp_path, "".join(f"key{n} = 1\n" for n in range(50_000)) + SMALLEST).splitlines()

    assert (lines[0], lines[-1], len(lines)) == ("mine.toml: 50,000 problems", "  and 49,950 more", 52)


def test_whatever_was_found_is_shown_on_one_line(tmp_path: Path) -> None:
    """Control characters are escaped and long values cut, in keys and in values."""
    text = SMALLEST + '"a\\n\\u001b[2J\\u202e" = 1\n' + f'[load]\nmodel = "{"x" * 9999}"\n'
    refusal = refusal_of(tmp_path, text)

    assert refusal.count("\n") == 2
    assert all(character.isprintable() for character in refusal.replace("\n", ""))
    assert f'found "{"x" * 60}"... (9,999 characters)' in refusal


def test_more_trials_than_anybody_could_wait_for_are_refused(tmp_path: Path) -> None:
    """A slip of the finger does not become a list that fills the memory."""
    scenarios = "".join(f'[scenarios.s{n}]\nrequests = [{{ get = "/" }}]\n' for n in range(100))

    assert refusal_of(tmp_path, SMALLEST + scenarios, "repeats=1000") == (
        "mine.toml: expected at most 100,000 trials (targets x scenarios in their variants x repeats), found 202,000"
    )
