"""The contract as data: its formulas, its checks of an answer, and that its files agree with one another."""

import json
import re
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from controller.errors import PlanError
from controller.plan.check_factors import BACKING_WAIT_MS
from controller.plan.contract import (
    Contract,
    cache_value,
    check_body,
    contract_from_wire,
    contract_to_wire,
    covers,
    expected_length,
    expected_status,
    fib,
    read_contract,
)
from controller.plan.routes import COUNT_RANGE, DEFAULT_KEY, DEFAULT_N, N_RANGE, PARAMETER, WHOLE_NUMBER
from controller.stack.settings import Settings

SERVERS = Path(__file__).parents[2] / "servers"
FOLDER = SERVERS / "contract"
TABLE: dict[str, Any] = tomllib.loads((FOLDER / "contract.toml").read_text(encoding="utf-8"))
ROUTES: dict[str, Any] = TABLE["routes"]
A_TIME = "2026-11-23T06:07:08.009Z"


@pytest.fixture(scope="module")
def contract() -> Contract:
    """The contract of the checkout."""
    return read_contract(SERVERS)


def test_the_quotes_are_what_their_script_writes() -> None:
    """Running the committed script again gives the committed file, byte for byte."""
    script = FOLDER / "make_quotes.py"
    written = subprocess.run([sys.executable, script], capture_output=True, check=True, timeout=60).stdout

    assert written == (FOLDER / "quotes.csv").read_bytes()


def test_the_quotes_are_a_thousand_different_ones(contract: Contract) -> None:
    """There are 1000 rows, each content once, in characters that every JSON library writes alike."""
    assert len({quote.content for quote in contract.quotes}) == len(contract.quotes) == TABLE["quotes"]["rows"]
    plain = re.compile(f"({TABLE['quotes']['characters']})+")
    assert all(plain.fullmatch(text) for quote in contract.quotes for text in (quote.author, quote.content))


def test_the_wire_carries_the_whole_contract(contract: Contract) -> None:
    """A worker that gets the contract as JSON holds the same one, in less than 150 KB."""
    sent = json.dumps(contract_to_wire(contract))

    assert contract_from_wire(json.loads(sent)) == contract
    assert len(sent) < 150_000


def test_constants_are_those_of_the_file() -> None:
    """The code checks by the numbers that contract.toml states."""
    n, count = ROUTES["compute"]["parameters"]["n"], ROUTES["db"]["parameters"]["count"]

    assert (n["default"], range(n["least"], n["most"] + 1)) == (DEFAULT_N, N_RANGE)
    assert range(count["least"], count["most"] + 1) == COUNT_RANGE
    assert ROUTES["cache"]["parameters"]["key"]["default"] == DEFAULT_KEY
    assert TABLE["general"]["whole_number"] == WHOLE_NUMBER.pattern
    assert TABLE["general"]["backing_wait_ms"] == BACKING_WAIT_MS
    assert set(PARAMETER) == {route["path"] for name, route in ROUTES.items() if name != "metrics"}
    parameters = {route["path"]: next(iter(route.get("parameters", [None]))) for route in ROUTES.values()}
    assert {path: parameters[path] for path in PARAMETER} == PARAMETER


def test_settings_have_the_defaults_of_the_file() -> None:
    """FastServe tells a target by default what the contract says is the default."""
    stated = {name: str(rule["default"]) for name, rule in TABLE["settings"].items() if "default" in rule}
    told = Settings().environment()

    assert {name: told[name] for name in stated} == stated


def test_openapi_describes_the_same_routes() -> None:
    """openapi.yaml has the contract's paths, parameters and ranges, and no others."""
    text = (FOLDER / "openapi.yaml").read_text(encoding="utf-8")
    blocks = dict(re.findall(r"^  (/\S*):\n((?:    .*\n)+)", text, flags=re.MULTILINE))

    assert list(blocks) == [route["path"] for route in ROUTES.values()]
    for route in ROUTES.values():
        block = blocks[route["path"]]
        parameters = route.get("parameters", {})
        assert re.findall(r"- name: (\w+)", block) == list(parameters)
        assert route["content_type"] in block
        for rule in parameters.values():
            for ours, theirs in (("least", "minimum"), ("most", "maximum"), ("default", "default")):
                stated = re.findall(rf"^ +{theirs}: (\S+)", block, flags=re.MULTILINE)
                assert stated[:1] == ([str(rule[ours])] if ours in rule else [])


@pytest.mark.parametrize("example", ROUTES["cache"]["value"]["examples"], ids=lambda example: str(example["key"]))
def test_the_cache_value_of_the_examples(example: dict[str, str]) -> None:
    """The formula gives the values that contract.toml shows; the hash of "a" is the one its authors publish."""
    assert cache_value(example["key"]) == example["value"]
    assert cache_value("a").startswith("af63dc4c8601ec8c")


@pytest.mark.parametrize("target", ["python-flask", "python-fastapi"])
@given(key=st.text(st.characters(codec="utf-8"), min_size=1))
def test_targets_derive_the_same_cache_value(target: str, key: str) -> None:
    """The few lines of each Python target and those of the checks are the same function of any key."""
    assert formulas(target)["origin_value"](key) == cache_value(key)


@pytest.mark.parametrize("target", ["python-flask", "python-fastapi"])
def test_targets_compute_the_same_numbers(target: str) -> None:
    """The recursion of each Python target and the loop of the checks agree."""
    assert [formulas(target)["fib"](n) for n in range(16)] == [fib(n) for n in range(16)]


def formulas(target: str) -> dict[str, Any]:
    """Return the pure functions of a target's work.py without what it imports."""
    if target not in _formulas:
        source = (SERVERS / target / "work.py").read_text(encoding="utf-8")
        chosen = re.findall(r"^def (?:fib|origin_value)\(.*?(?=^\S|\Z)", source, flags=re.MULTILINE | re.DOTALL)
        _formulas[target] = {}
        exec("\n".join(chosen), _formulas[target])
    return _formulas[target]


_formulas: dict[str, dict[str, Any]] = {}


def test_fibonacci_ends_where_the_range_ends() -> None:
    """The largest allowed n has a result below 2^31, so that no language overflows."""
    assert fib(N_RANGE[-1]) == 1_134_903_170 < 2**31


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/api/health", 200),
        ("/api/health?n=x", 200),
        ("/api/compute", 200),
        ("/api/compute?n=0", 200),
        ("/api/compute?n=45", 200),
        ("/api/compute?n=46", 400),
        ("/api/compute?n=", 400),
        ("/api/compute?n", 400),
        ("/api/compute?n=-1", 400),
        ("/api/compute?n=%2B5", 400),
        ("/api/compute?n=%D9%A5", 400),
        ("/api/compute?n=" + "9" * 5000, 400),
        ("/api/cache?key=", 400),
        ("/api/cache?key=%20", 200),
        ("/api/db?count=0", 400),
        ("/api/db?count=1", 200),
        ("/api/db?count=500", 200),
        ("/api/db?count=501", 400),
        ("/api/db/", 404),
        ("/API/db", 404),
        ("/metrics", 404),
        ("/", 404),
    ],
)
def test_the_status_of_a_path(path: str, status: int) -> None:
    """Ranges, defaults, empty and malformed parameters, and other paths have the statuses of the contract."""
    assert expected_status(path) == status


def test_metrics_exist_only_in_full() -> None:
    """/metrics is 200 with METRICS=full."""
    assert expected_status("/metrics", metrics="full") == 200


@pytest.mark.parametrize(
    "path", ["/api/cache?key=%ff", "/api/cache?key=%zz", "/api/db?count=1&count=2", "/other", "/metrics"]
)
def test_what_the_contract_leaves_open_is_not_covered(path: str) -> None:
    """Bytes that are no UTF-8, broken escapes, doubled parameters and other routes have no right body."""
    assert not covers(path)


def test_only_health_has_a_fixed_length() -> None:
    """Times, sources and drawn rows change the length of every other answer."""
    assert [expected_length(path) for path in ("/api/health?x", "/api/compute?n=1", "/api/cache", "/api/db", "/x")] == [
        2,
        None,
        None,
        None,
        None,
    ]


def right_bodies(contract: Contract) -> list[tuple[str, str, bytes]]:
    """Return route, query and a right body for each kind of answer."""
    cached = f'{{"source":"cache","value":"{cache_value("a b")}","cachedAt":"{A_TIME}"}}'.encode()
    return [
        ("/api/health", "", b"ok"),
        ("/api/compute", "n=10", b'{"input":10,"result":55,"elapsedMs":0.004}'),
        ("/api/compute", "n=10&x=", b'{"input":10,"result":55,"elapsedMs":12}'),
        ("/api/compute", "", b'{"input":40,"result":102334155,"elapsedMs":30123.9}'),
        ("/api/compute", "n=99", b'{"error":"n is too large"}'),
        ("/api/cache", "key=a+b", cached),
        ("/api/db", "", contract.rows[7]),
        ("/api/db", "count=2", b"[" + contract.rows[7] + b"," + contract.rows[1000] + b"]"),
        ("/api/db", "count=1", b"[" + contract.rows[7] + b"]"),
    ]


def test_right_bodies_are_right(contract: Contract) -> None:
    """Each kind of answer passes, written as the contract says."""
    wrong = [check_body(route, query, body, contract) for route, query, body in right_bodies(contract)]

    assert wrong == [None] * len(wrong)


def test_a_single_changed_byte_is_found(contract: Contract) -> None:
    """No byte of a right body can be dropped, doubled or replaced unseen, but digits of times and the error's words."""
    free = re.compile(rb'"elapsedMs":[\d.]+|"cachedAt":"[^"]*"|"error":"[^"]*"')
    for route, query, body in right_bodies(contract):
        fixed = [not any(m.start() <= at < m.end() for m in free.finditer(body)) for at in range(len(body))]
        for at, known in enumerate(fixed):
            if not known:
                continue
            for change in (b"", body[at : at + 1] * 2, b"#"):
                changed = body[:at] + change + body[at + 1 :]
                assert check_body(route, query, changed, contract) is not None, changed


@given(junk=st.binary(max_size=300))
def test_any_bytes_get_a_verdict(contract: Contract, junk: bytes) -> None:
    """Whatever a server sends, the checks say what was expected on one line, and never fail."""
    for route, query in (("/api/compute", "n=1"), ("/api/compute", "n="), ("/api/cache", ""), ("/api/db", "")):
        verdict = check_body(route, query, junk, contract)
        assert verdict is not None
        assert verdict.isprintable()
        assert verdict.startswith("expected ")
    assert check_body("/api/db", "count=3", junk, contract) is not None


@pytest.mark.parametrize(
    "body",
    [
        b'{"source":"origin","value":"%s","cachedAt":"2026-02-30T00:00:00.000Z"}',
        b'{"source":"origin","value":"%s","cachedAt":"2026-02-03T24:00:00.000Z"}',
        b'{"source":"origin","value":"%s","cachedAt":"2026-02-03T10:00:00Z"}',
        b'{"source":"origin","value":"%s","cachedAt":"2026-02-03T10:00:00.000+00:00"}',
        b'{"source":"database","value":"%s","cachedAt":"2026-02-03T10:00:00.000Z"}',
        b'{"value":"%s","source":"origin","cachedAt":"2026-02-03T10:00:00.000Z"}',
        b'{"source":"origin","value":"%s","cachedAt":"2026-02-03T10:00:00.000Z"}\n',
    ],
)
def test_a_wrong_cache_answer_is_found(contract: Contract, body: bytes) -> None:
    """Times that do not exist or are written otherwise, other sources and other orders are wrong."""
    assert check_body("/api/cache", "key=k", body.replace(b"%s", cache_value("k").encode()), contract) is not None


@pytest.mark.parametrize(
    ("content", "found"),
    [
        (None, "No such file"),
        (b"id,author,content\n1,A,B\n", "in order"),
        (b"id,author\n1,A\n", "content"),
        (b"id,author,content\n1,A,<b>\n", "row 1"),
        (b"id,author,content\nx,A,B\n", "'x'"),
        (b"\xff\xfe", "utf-8"),
    ],
)
def test_broken_quotes_are_refused(tmp_path: Path, content: bytes | None, found: str) -> None:
    """A missing or wrong quotes.csv is one line that names it."""
    folder = tmp_path / "contract"
    folder.mkdir()
    if content is not None:
        (folder / "quotes.csv").write_bytes(content)

    with pytest.raises(PlanError, match=re.escape(found)) as caught:
        read_contract(tmp_path)

    assert "\n" not in str(caught.value)


def test_the_contract_is_quick_to_import() -> None:
    """A worker that imports the contract gets the standard library and nothing else."""
    code = (
        "import sys; before = set(sys.modules); import controller.plan.contract;"
        "print({m.split('.')[0] for m in set(sys.modules) - before} - set(sys.stdlib_module_names))"
    )
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60)

    assert found.stdout.strip() == "{'controller'}"
