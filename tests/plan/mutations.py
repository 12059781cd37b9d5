"""Plans and server descriptions with something wrong in them: mutated as text, and as tables."""

import tomllib
from collections.abc import Mapping
from copy import deepcopy
from typing import Any

from hypothesis import strategies as st

from controller.plan.text import plan_template
from controller.plan.toml_text import key_text, toml_value
from tests.plan.given import SERVER, SMALLEST
from tests.sources import ROOT

FULL_PLAN = """\
name = "tuning"
question = "What does it cost?"
seed = 7
repeats = { at_least = 5, at_most = 12, until = 0.03 }
targets = ["go-fiber", "node-fastify"]
baseline = "node-fastify"
on_missing_tool = "skip"
repeat_doubted = false
influxdb = { url = "http://127.0.0.1:8086", org = "o", bucket = "b" }
distributed = { on_worker_lost = "stop", move_users = true }
[load]
model = "open"
stages = [{ rate_per_s = 1000, duration_s = 10, ramp = true }]
capacity = { from_per_s = 100, to_per_s = 1e6, step_s = 5 }
timeout_s = 2.5
warmup_s = "auto"
[cpus]
backing = 2
[environment]
cache_miss_ms = 200
[factors]
proxy = ["nginx"]
gzip = ["off", "on"]
pool = [10, 50]
vary = "one-at-a-time"
[scenarios.quotes]
requests = [
  { get = "/api/cache?key={key}", weight = 1.5, draw = { key = "zipf(1000, 1.1)" } },
  { post = "/o", json = { id = ["{n}", 1] }, draw = { n = "sequence" }, expect = { status = 201, contains = "ok" } },
]
headers = { Accept = "application/json" }
preload = false
load = { in_flight = 128 }
slo = { p99_ms = 50, failures = 0.001 }
[[hypotheses]]
says = "gzip pays"
metric = "throughput_per_s"
compare = { scenario = "quotes", gzip = ["on", "off"] }
to = { target = "go-fiber", endpoint = "*" }
at_least = 0.30
"""
FULL_SERVER = SERVER + (
    'warmup_s = 20\nenv = { GOGC = "100" }\npass_env = ["DATABASE_URL"]\ncontract = false\nready = "/up"\n'
)
URL_SERVER = SERVER.split("needs", maxsplit=1)[0] + 'url = "https://127.0.0.1:1"\ntls_verify = false\nca_file = "ca"\n'

PLANS = (SMALLEST, FULL_PLAN, plan_template(), (ROOT / "plans" / "quick.toml").read_text(encoding="utf-8"))
SERVERS = (SERVER, FULL_SERVER, URL_SERVER)

# Pieces that mean something to TOML or to the format, so that mutations get past the first check.
PIECES = (
    *(
        "",
        "=",
        ".",
        "[",
        "]",
        "[[",
        "]]",
        "{",
        "}",
        '"',
        "'",
        '"""',
        "#",
        ",",
        "\n",
        "\r",
        "\x00",
        "\\",
        "\\u",
        "\ufeff",
    ),
    *("nan", "-inf", "true", "0", "-1", "1e400", "9" * 40, "0xff", "1979-05-27", "07:32:00", '"auto"', '"all"', "[[]]"),
    *("load", "factors", "scenarios", "requests", "get", "slo", "é", "\u202e", "a.b.c", "{k}", "/", '""', "[1, 'a']"),
)
SCALARS = st.one_of(
    st.sampled_from((0, 1, -1, 10, 64, 2**63, -(2**70), 0.0, 0.5, 1e300, float("nan"), float("inf"), True, False)),
    st.sampled_from(("", "auto", "all", "available", "open", "capacity", "2", "on", "mysql", "/", "/{k}", "a b", "\n")),
    st.integers(),
    st.text(max_size=8),
)
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.one_of(
        st.lists(inner, max_size=3),
        st.dictionaries(st.sampled_from(("get", "p99_ms", "status", "k", "a b", "")), inner, max_size=3),
    ),
    max_leaves=6,
)


@st.composite
def texts(draw: st.DrawFn, originals: tuple[str, ...]) -> bytes:
    """Draw a text with some lines dropped, doubled, moved or cut into, and some bytes flipped."""
    lines = draw(st.sampled_from(originals)).split("\n")
    for _ in range(draw(st.integers(1, 3))):
        at = draw(st.integers(0, len(lines) - 1))
        lines[at : at + 1] = changed_line(draw, lines[at])
    data = bytearray("\n".join(lines).encode())
    if data and draw(st.booleans()):
        data[draw(st.integers(0, len(data) - 1))] = draw(st.integers(0, 255))
    return bytes(data)


def changed_line(draw: st.DrawFn, line: str) -> list[str]:
    """Return the lines that one line becomes."""
    piece, at = draw(st.sampled_from(PIECES)), draw(st.integers(0, 60))
    key, _, value = line.partition("=")
    return draw(
        st.sampled_from(
            (
                [],
                [line, line],
                [line[:at] + piece + line[at:]],
                [line[:at] + piece + line[at + 1 :]],
                [line[:at]],
                [f"{key}= {piece}"],
                [f"{piece} = {value}"],
                [line.replace("a", piece)],
                [piece * (at + 1)],
            )
        )
    )


@st.composite
def tables(draw: st.DrawFn, originals: tuple[str, ...]) -> bytes:
    """Draw a table, written as TOML, with some values replaced, removed, wrapped or under other keys."""
    table = deepcopy(draw(st.sampled_from([tomllib.loads(text) for text in originals])))
    for _ in range(draw(st.integers(1, 3))):
        places = places_of(table)
        holder, key = places[draw(st.integers(0, len(places) - 1))]
        change_place(draw, holder, key)
        if not table:
            break
    return document(table).encode()


def places_of(value: Any) -> list[tuple[Any, Any]]:
    """Return each place of a nested value: its holder, and its key or index there."""
    keys = list(value) if isinstance(value, dict) else range(len(value)) if isinstance(value, list) else []
    return [place for key in keys for place in [(value, key), *places_of(value[key])]]


def change_place(draw: st.DrawFn, holder: Any, key: Any) -> None:
    """Change what is at one place."""
    match draw(st.sampled_from(("replace", "replace", "remove", "wrap", "rename", "add"))):
        case "replace":
            holder[key] = draw(VALUES)
        case "remove":
            del holder[key]
        case "wrap":
            holder[key] = [holder[key]] if draw(st.booleans()) else {"a": holder[key]}
        case "rename" if isinstance(holder, dict):
            holder[draw(st.text(max_size=6)) or f"{key}s"] = holder.pop(key)
        case _ if isinstance(holder, dict):
            holder[draw(st.text(max_size=6))] = draw(VALUES)
        case _:
            holder.append(draw(VALUES))


def document(table: Mapping[str, object]) -> str:
    """Return a table as a TOML document, one line for each of its keys."""
    return "".join(f"{key_text(key)} = {toml_value(value)}\n" for key, value in table.items())


@st.composite
def overrides(draw: st.DrawFn) -> str:
    """Draw what someone might write after --set."""
    key = draw(
        st.sampled_from(("load.in_flight", "seed", "factors.gzip", "scenarios.health.requests", "name", '"a=b"'))
    )
    right = st.sampled_from(("7", "128", '"b"', '["off"]', '[{ get = "/" }]', "{ }"))
    value = draw(st.one_of(right, st.sampled_from(PIECES), VALUES.map(toml_value), st.text(max_size=8)))
    if draw(st.booleans()):
        at = draw(st.integers(0, len(key)))
        key = key[:at] + draw(st.sampled_from(PIECES)) + key[at:]
    return draw(st.sampled_from((f"{key}={value}", f"{key} = {value}", f"{key}{value}", value)))
