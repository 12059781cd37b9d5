"""What a script's failures are called: Locust's two clients against servers that fail in every way."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from locust import FastHttpUser, HttpUser
from locust.env import Environment
from locust.exception import CatchResponseError

from controller.measure.errors import ErrorKind
from controller.plugin.kinds import error_of
from controller.plugin.script import endpoint_of
from tests.load.scripts import answers, breaks, sends_half_and
from tests.load.servers import Caller, Script, ScriptedServer, answer_of, closed_port

CHUNKS = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
GZIP = b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 4\r\n\r\nhalf"


def speaks_no_tls(caller: Caller) -> None:
    """Answer in clear whatever it was that came."""
    caller.begin_of_request()
    caller.answer(answer_of())


def half_a_chunk(caller: Caller) -> None:
    """Break off in the middle of a chunk."""
    caller.send(CHUNKS + b"5\r\nha")
    caller.close()


SILENT = breaks(lambda caller: caller.wait(30))
# What a server does -> the kind with FastHttpUser, and with HttpUser.
FAILURES: dict[str, tuple[Script, str, str]] = {
    "500": (answers(answer_of(b"no", status=500)), "wrong_status", "wrong_status"),
    "404": (answers(answer_of(b"", status=404)), "wrong_status", "wrong_status"),
    "close": (breaks(Caller.close), "reset", "reset"),
    "reset": (breaks(Caller.reset), "reset", "reset"),
    "half a body": (breaks(sends_half_and(Caller.close)), "short_body", "short_body"),
    "half a chunk": (breaks(half_a_chunk), "short_body", "short_body"),
    "garbage": (answers(b"nonsense\r\n\r\n"), "malformed", "malformed"),
    "no gzip": (answers(GZIP), "malformed", "malformed"),
    "silence": (SILENT, "timeout", "timeout"),
    "half, then silence": (breaks(sends_half_and(lambda caller: caller.wait(30))), "timeout", "timeout"),
}


class Fast(FastHttpUser):
    """Locust's fast client."""

    abstract = True
    network_timeout = connection_timeout = 0.3


class Plain(HttpUser):
    """Locust's client on requests."""

    abstract = True


@contextmanager
def visitor(kind: Any, url: str) -> Iterator[tuple[Any, list[dict[str, Any]]]]:
    """Return a user of a server, and what Locust hears of its requests."""
    environment, heard = Environment(user_classes=[], host=url), []
    environment.events.request.add_listener(lambda **event: heard.append(event))
    kind.host = url
    yield kind(environment), heard


def kind_of(kind: Any, url: str) -> str:
    """Ask once and return the kind of the one error that Locust hears of."""
    with visitor(kind, url) as (user, heard):
        user.client.get("/", **({"timeout": 0.3} if kind is Plain else {}))
    (event,) = heard
    # Raises ValueError for a kind that no table explains.
    return ErrorKind(error_of(event["exception"], event["response"])[0])


@pytest.mark.parametrize("client", [Fast, Plain], ids=lambda client: client.__name__)
@pytest.mark.parametrize("failure", FAILURES)
def test_a_failing_server(failure: str, client: Any) -> None:
    """Each way to fail has the kind that the wire engine gives it, with either client."""
    script, fast, plain = FAILURES[failure]
    with ScriptedServer(script) as server:
        assert kind_of(client, server.url) == (fast if client is Fast else plain)


@pytest.mark.parametrize("client", [Fast, Plain], ids=lambda client: client.__name__)
def test_no_server(client: Any) -> None:
    """Nobody listening, no such name, and no TLS at the other end."""
    with closed_port() as port:
        assert kind_of(client, f"http://127.0.0.1:{port}") == "connect_refused"
    assert kind_of(client, "http://no-such-name.invalid") == "dns"
    with ScriptedServer(speaks_no_tls) as server:
        assert kind_of(client, server.url.replace("http:", "https:")) == "tls"


def test_what_a_script_does_not_like() -> None:
    """A right status that a script calls a failure is a wrong body; a wrong one stays a wrong status."""
    found = []
    for status in (200, 503):
        with ScriptedServer(answers(answer_of(status=status))) as server, visitor(Fast, server.url) as (user, heard):
            with user.client.get("/", catch_response=True) as answer:
                answer.failure("not nice")
            found.append(error_of(heard[0]["exception"], heard[0]["response"]))

    assert found == [("wrong_body", "not nice"), ("wrong_status", "not nice")]


def test_a_failure_that_hides_the_one_below() -> None:
    """rest() calls every failed connection a failure of its own: the kind is that of the connection."""
    with closed_port() as port, visitor(Fast, f"http://127.0.0.1:{port}") as (user, heard), user.rest("GET", "/"):
        pass

    assert isinstance(heard[0]["exception"], CatchResponseError)
    assert error_of(heard[0]["exception"], heard[0]["response"])[0] == "connect_refused"


def test_a_failure_without_any_answer() -> None:
    """What a script tells Locust of itself is of a kind of its own, its words on one line and of bounded length."""
    assert error_of(ValueError("two\nlines"), None) == ("script", "two lines")
    assert error_of(ValueError(), None) == ("script", "ValueError")
    assert error_of(ValueError("URL http://a/b?token=secret&c=d: no"), None)[1] == "URL http://a/b?... no"
    assert len(error_of(ValueError("x" * 1000), None)[1]) == 200
    assert error_of(OSError(24, "Too many open files"), None)[0] == "connect_failed"


@pytest.mark.parametrize(
    ("name", "endpoint"),
    [
        ("/items?page=2", "/items"),
        ("/items/{id}", "/items/{id}"),
        ("http://127.0.0.1:8000/items/1?x=1#y", "/items/1"),
        ("https://host", "/"),
        ("log in? yes", "log in? yes"),
        ("a\nb", "a?b"),
        ("*", "(other)"),
        ("", "(other)"),
        ("x" * 300, "x" * 200),
    ],
)
def test_endpoints(name: str, endpoint: str) -> None:
    """A path counts without its query, a URL as its path, any other name as it is, on one line."""
    assert endpoint_of(name) == endpoint
