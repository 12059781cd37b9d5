"""The check of a running target: a target that keeps the contract passes, one that breaks any rule of it is found."""

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path

import pytest

from controller.plan.contract import Contract, read_contract
from controller.plan.expect import Expect
from controller.plan.scenario import Request
from controller.stack.check import Finding, check_contract, check_requests, contract_error
from controller.stack.settings import Settings
from tests.load.servers import Caller, ScriptedServer, answer_of
from tests.stack.contract_double import Break, Double, Reply, as_it_should, on, serving

SERVERS = Path(__file__).parents[2] / "servers"
QUICK = Settings(cache_miss_ms=60)
AT_ONCE = Settings(cache_miss_ms=0)


@pytest.fixture(scope="module")
def contract() -> Contract:
    """The contract of the checkout."""
    return read_contract(SERVERS)


def findings_of(double: Double) -> list[Finding]:
    """Return what the whole check says of a double."""
    with serving(double) as url:
        return check_contract(url, double.contract, double.settings)


@pytest.mark.parametrize(
    "settings",
    [
        QUICK,
        replace(QUICK, cache_backend="none"),
        replace(QUICK, cache_ttl_s=1),
        AT_ONCE,
        replace(AT_ONCE, metrics="full"),
    ],
    ids=["memory", "none", "short-lived", "no wait", "metrics"],
)
def test_a_target_that_keeps_the_contract_passes(contract: Contract, settings: Settings) -> None:
    """Nothing is found where nothing is broken, with every behaviour of the cache."""
    assert findings_of(Double(contract, settings, as_it_should)) == []


ANY_NUMBER = '{"input":1,"result":1,"elapsedMs":'
PLANTED: dict[str, tuple[str, Break]] = {
    "health with a line feed": ("/api/health", on("health", body=b"ok\n")),
    "health as html": ("/api/health", on("health", content_type="text/html")),
    "health is 204": ("/api/health", on("health$", status=204, body=b"")),
    "no content type": ("/api/compute", on("n=7", content_type="")),
    "one wrong result": ("n=20", on("n=20", body=b'{"input":20,"result":6766,"elapsedMs":0.1}')),
    "folded input": ("n=007", on("n=007", body=b'{"input":8,"result":21,"elapsedMs":0.1}')),
    "time with an exponent": ("n=1", on("n=1", body=f"{ANY_NUMBER}4e-05}}".encode())),
    "time as text": ("n=1", on("n=1", body=f'{ANY_NUMBER}"0.1"}}'.encode())),
    "nanoseconds": ("n=1", on("n=1", body=f"{ANY_NUMBER}0.123456}}".encode())),
    "JSON with spaces": ("/api/db", on("db$", body=lambda body: body.replace(b",", b", "))),
    "a changed quote": ("/api/db", on("db$", body=lambda body: body.replace(b'content":"', b'content":"x'))),
    "the same row always": ("/api/db", on("db$", body=b"")),
    "one row too few": ("count=500", on("count=500", body=lambda body: body[: body.rindex(b",{")] + b"]")),
    "the same row in all places": ("count=20", on("count=20", body=b"")),
    "array of one as a row": ("count=1", on("count=1$", body=lambda body: body[1:-1])),
    "large n let through": ("n=46", on("n=46", status=200, body=b'{"input":46,"result":1836311903,"elapsedMs":1}')),
    "empty n as default": ("n=", on("n=$", status=200, body=b'{"input":40,"result":102334155,"elapsedMs":1}')),
    "a sign taken": ("n=%2B5", on(r"n=%2B5", status=200, body=b'{"input":5,"result":5,"elapsedMs":1}')),
    "huge number crashes": ("n=1000", on(r"n=10{400}", status=500)),
    "count 0 is an empty array": ("count=0", on("count=0$", status=200, body=b"[]")),
    "empty key let through": ("key=", on("key=$", status=200)),
    "error as text": ("n=abc", on("n=abc", content_type="text/plain")),
    "error in another form": ("n=abc", on("n=abc", body=b'{"detail":"wrong"}')),
    "error with more": ("count=501", on("count=501", body=b'{"error":"wrong","status":400}')),
    "404 as html": ("/api/nothing", on("nothing", content_type="text/html", body=b"<p>no</p>")),
    "trailing slash taken": ("/api/health/", on("health/$", status=200, body=b"ok")),
    "redirect": ("/api/health/", on("health/$", status=307, body=b"")),
    "metrics unasked": ("/metrics", on("metrics", status=200, content_type="text/plain", body=b"up 1\n")),
    "POST taken": ("POST /api/health", on("health", method="POST", status=200, body=b"ok")),
    "DELETE is 404": ("DELETE /api/db", on("db", method="DELETE", status=404)),
    "HEAD is 404": ("HEAD /api/health", on("health", method="HEAD", status=404)),
    "more time than there was": ("n=27", on("n=27", body=b'{"input":27,"result":196418,"elapsedMs":9999.5}')),
    "another value": ("key=", on("key=check", body=lambda body: body.replace(b"0", b"1").replace(b"a", b"b"))),
    "a plus stays a plus": ("key=a+b", on(r"key=a\+b", body=lambda body: body.replace(b'"value":"', b'"value":"0'))),
    "time without zone": ("key=", on("key=", body=lambda body: body.replace(b'Z"', b'"'))),
    "closes after each answer": ("/api/health", on("health", close=True)),
    "never from the cache": ("again", on("key=check", body=lambda body: body.replace(b'"cache"', b'"origin"'))),
    "never from the origin": ("key=", on("key=check", body=lambda body: body.replace(b'"origin"', b'"cache"'))),
}


@pytest.mark.parametrize("name", PLANTED)
def test_each_planted_break_is_found(contract: Contract, name: str) -> None:
    """A target that is right in all but one rule does not pass, and the finding names the request."""
    where, broken = PLANTED[name]
    if name.startswith("the same row"):
        body = contract.rows[1] if where == "/api/db" else b"[" + b",".join([contract.rows[1]] * 20) + b"]"
        broken = on(where + "$", body=body)

    found = findings_of(Double(contract, AT_ONCE, broken))

    assert [finding for finding in found if where in finding.route], found
    assert all(str(finding).isprintable() for finding in found)


COUNTED = "a sample that names /api/health to grow by 10 with as many requests"
METRICS_PLANTED: dict[str, tuple[str, Break]] = {
    "none": ("status 200", on("metrics", status=404)),
    "html": ("text/plain", on("metrics", content_type="text/html")),
    "JSON": ("Prometheus text", on("metrics", body=b'{"requests":1}\n')),
    "no last line feed": ("Prometheus text", on("metrics", body=b"up 1")),
    "a number that is none": ("Prometheus text", on("metrics", body=b"up one\n")),
    "a bad escape": ("Prometheus text", on("metrics", body=b'up{a="\\d"} 1\n')),
    "a bad name": ("Prometheus text", on("metrics", body=b"http-requests 1\n")),
    "a bad kind": ("Prometheus text", on("metrics", body=b"# TYPE up number\nup 1\n")),
    "labels without quotes": ("Prometheus text", on("metrics", body=b"up{a=1} 1\n")),
    "routes left out": (COUNTED, on("metrics", body=b"requests_total 7\n")),
    "counts that stand still": (COUNTED, on("metrics", body=b'requests_total{route="/api/health"} 7\n')),
    "another route counted": (COUNTED, on("metrics", body=lambda body: body.replace(b"/api/health", b"/api/healthy"))),
}


@pytest.mark.parametrize("name", METRICS_PLANTED)
def test_each_break_of_the_metrics_is_found(contract: Contract, name: str) -> None:
    """Text that no Prometheus would read, and counts that do not count, do not pass."""
    expected, broken = METRICS_PLANTED[name]
    found = findings_of(Double(contract, replace(AT_ONCE, metrics="full"), broken))

    assert [(finding.route, finding.expected) for finding in found] == [("GET /metrics", expected)]


def test_counts_that_come_a_little_later_pass(contract: Contract) -> None:
    """An exporter may count an answer after it has left."""
    double = Double(contract, replace(AT_ONCE, metrics="full"), as_it_should)
    double.counts_after_s = 0.15

    assert findings_of(double) == []


def test_a_head_that_has_a_body_is_found(contract: Contract) -> None:
    """It would be taken for the begin of the next answer."""
    double = Double(contract, AT_ONCE, as_it_should)
    double.head_with_body = True

    assert [finding.route for finding in findings_of(double)] == ["HEAD /api/health", "HEAD /api/compute?n=1"]


def test_a_miss_that_does_not_wait_is_found(contract: Contract) -> None:
    """A target that answers a miss at once is not asked what its cache is worth."""
    double = Double(contract, QUICK, as_it_should)
    double.waits = False

    assert "a wait of 60 ms" in {finding.expected for finding in findings_of(double)}


def test_a_hit_that_waits_is_found(contract: Contract) -> None:
    """An answer that says cache and takes as long as a miss is one."""
    double = Double(contract, QUICK, as_it_should)

    def slow(method: str, path: str, reply: Reply) -> Reply:
        if b'"cache"' in reply.body:
            threading.Event().wait(0.06)
        return reply

    double.broken = slow

    assert "a hit without a wait" in {finding.expected for finding in findings_of(double)}


def test_a_shared_miss_is_found(contract: Contract) -> None:
    """Of two requests that miss together both must say origin."""
    double = Double(contract, QUICK, as_it_should)
    double.shares_misses = True

    assert [finding.expected for finding in findings_of(double)] == ['a miss: "source":"origin"']


def test_an_entry_that_outlives_its_time_is_found(contract: Contract) -> None:
    """With a short CACHE_TTL_S the check waits for the entry to go."""
    double = Double(contract, QUICK, as_it_should)
    told = replace(QUICK, cache_ttl_s=1)
    with serving(double) as url:
        found = check_contract(url, contract, told)

    assert [finding.expected for finding in found] == ['a miss: "source":"origin"']


def test_a_cache_where_none_was_asked_for_is_found(contract: Contract) -> None:
    """With CACHE_BACKEND=none a second request must miss too."""
    double = Double(contract, QUICK, as_it_should)
    with serving(double) as url:
        found = check_contract(url, contract, replace(QUICK, cache_backend="none"))

    assert {finding.expected for finding in found} == {'a miss: "source":"origin"'}


def test_nobody_there_is_one_finding(contract: Contract) -> None:
    """A port that nobody listens on ends the check with the first request."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]

    found = check_contract(f"http://127.0.0.1:{port}", contract, QUICK)

    assert [str(finding) for finding in found] == ["GET /api/health: expected an answer, found Connection refused"]


@contextmanager
def saying(*parts: bytes, pause_s: float = 0.0) -> Iterator[str]:
    """Serve connections that send the same bytes to whatever is asked, part by part, and stay open."""
    stop = threading.Event()
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.settimeout(0.05)

        def one(connection: socket.socket) -> None:
            with connection, suppress(OSError):
                while connection.recv(65536):
                    for part in parts:
                        connection.sendall(part)
                        if stop.wait(pause_s):
                            return

        def serve() -> None:
            while not stop.is_set():
                with suppress(TimeoutError):
                    threading.Thread(target=one, args=(listener.accept()[0],), daemon=True).start()

        thread = threading.Thread(target=serve)
        thread.start()
        try:
            yield f"http://127.0.0.1:{listener.getsockname()[1]}"
        finally:
            stop.set()
            thread.join()


HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n"


@pytest.mark.parametrize(
    ("parts", "found"),
    [
        ((), "no whole answer within 0.3 s"),
        ((HEAD + b"Content-Length: 9\r\n\r\nok",), "no whole answer within 0.3 s"),
        ((HEAD + b"Content-Length: 999\r\n\r\n", *[b"x"] * 99), "no whole answer within 0.3 s"),
        ((HEAD + b"Transfer-Encoding: chunked\r\n\r\n", *[b"1\r\nx\r\n"] * 99), "no whole answer within 0.3 s"),
        ((b"SSH-2.0-server\r\n",), "no HTTP (BadStatusLine: SSH-2.0-server"),
    ],
    ids=["silent", "short", "drip", "endless", "no HTTP"],
)
def test_a_server_that_does_not_come_to_an_end_is_a_finding(parts: tuple[bytes, ...], found: str) -> None:
    """Silence, a body that stops, bytes that drip for ever and another protocol end within the time given."""
    with saying(*parts, pause_s=0.02) as url:
        findings, answered = check_requests(url, [Request(path="/")], contract=None, timeout_s=0.3)

    assert answered == 0
    assert len(findings) == 1
    assert findings[0].found.startswith(found)


def test_each_different_request_is_asked_once(contract: Contract) -> None:
    """A trial's requests are asked once each, and as many answers are counted as the server gave."""
    asked: list[tuple[str, str]] = []

    def counting(method: str, path: str, reply: Reply) -> Reply:
        asked.append((method, path))
        return reply

    requests = [Request(path=path) for path in ("/api/health", "/api/db?count=3", "/api/db", "/api/health")]
    with serving(Double(contract, QUICK, counting)) as url:
        findings, answered = check_requests(url, requests, contract=contract)

    assert findings == []
    assert [path for _, path in asked] == ["/api/health", "/api/db?count=3", "/api/db"]
    assert answered == len(asked)


def test_wrong_answers_count_as_answers(contract: Contract) -> None:
    """An answer that is wrong was answered: the server counted it too."""
    broken = on("db", body=b"[]")
    requests = [Request(path="/api/health"), Request(path="/api/db"), Request(path="/other")]
    with serving(Double(contract, QUICK, broken)) as url:
        findings, answered = check_requests(url, requests, contract=contract)

    assert answered == 3
    assert [finding.route for finding in findings] == ["GET /api/db", "GET /other"]


def test_without_a_contract_any_2xx_is_right(contract: Contract) -> None:
    """A user's own server is asked for success and nothing else."""
    broken = on("db", body=b"anything", content_type="application/x-own", status=202)
    with serving(Double(contract, QUICK, broken)) as url:
        assert check_requests(url, [Request(path="/api/db")], contract=None) == ([], 1)
        findings, _ = check_requests(url, [Request(path="/other")], contract=None)

    assert [str(finding) for finding in findings] == [
        'GET /other: expected status 2xx, found status 404, {"error":"wrong"}'
    ]


def test_the_headers_of_a_scenario_are_sent(contract: Contract) -> None:
    """What a scenario sends under load is sent before it too, Host and all."""
    with saying(HEAD + b"Content-Length: 2\r\n\r\nok") as url:
        headers = [("Host", "other.example"), ("Accept", "text/plain"), ("Connection", "close")]
        assert check_requests(url, [Request(path="/x")], headers=headers, contract=None) == ([], 1)


def test_what_a_plan_expects_is_asked_for_before_the_load(contract: Contract) -> None:
    """Method and expectations of each request count, on routes of the contract and on others."""
    requests = [
        Request(path="/other", expect=Expect(status=404, contains="error", fields=(("error", "wrong"),))),
        Request(path="/other", method="PUT", expect=Expect(status=404, length=3)),
        Request(path="/api/db", expect=Expect(contains="nobody said this")),
        Request(path="/api/db", method="POST", expect=Expect(status=405)),
    ]
    with serving(Double(contract, QUICK, as_it_should)) as url:
        findings, answered = check_requests(url, requests, contract=contract)

    assert answered == len(requests)
    assert [(finding.route, finding.expected) for finding in findings] == [
        ("PUT /other", "3 bytes"),
        ("GET /api/db", 'a body with "nobody said this" in it'),
    ]


def test_bodies_are_sent_before_the_load_as_under_it() -> None:
    """The JSON of the plan reaches the server whole, with its length and its type."""
    read: list[bytes] = []

    def script(caller: Caller) -> None:
        while True:
            asked = caller.asked()
            read.append(asked.body)
            caller.answer(answer_of(status=201 if asked.fields["content-type"] == "application/json" else 500))

    requests = [
        Request(path="/", method="POST", body='"Zoë"'),
        Request(path="/", method="DELETE", body="{}", weight=3.0),
        Request(path="/", method="DELETE", body="{}"),
    ]
    with ScriptedServer(script) as server:
        assert check_requests(server.url, requests, contract=None) == ([], 2)
    assert read == ['"Zoë"'.encode(), b"{}"]


def test_findings_become_one_line(contract: Contract) -> None:
    """The error names target, request, expected and found, the first few of them, and how many more there are."""
    findings = [Finding(route=f"GET /{n}", expected="a", found="b") for n in range(5)]

    text = str(contract_error("go-fiber", findings))

    assert (
        text
        == "go-fiber: GET /0: expected a, found b; GET /1: expected a, found b; GET /2: expected a, found b; and 2 more"
    )
    assert "more" not in str(contract_error("go-fiber", findings[:3]))
