"""Where requests go: URLs that make sense, names that can be resolved, and names that cannot."""

import socket
import time
from math import ceil

import pytest

from controller.errors import LoadError
from controller.load.wire.address import Origin
from controller.load.wire.engine import Engine
from controller.load.wire.pauses import LEAST_PAUSE_S
from tests.load.driving import Driving, driven, job_for
from tests.load.scripts import answers
from tests.load.servers import ScriptedServer, answer_of

# RFC 6761: no name under it ever resolves.
NOWHERE = "http://nowhere.invalid:8080"


@pytest.mark.parametrize(
    ("url", "host", "authority", "secure", "address"),
    [
        ("http://127.0.0.1", "127.0.0.1", "127.0.0.1", False, ("127.0.0.1", 80)),
        ("http://127.0.0.1:8000/", "127.0.0.1", "127.0.0.1:8000", False, ("127.0.0.1", 8000)),
        ("https://127.0.0.1", "127.0.0.1", "127.0.0.1", True, ("127.0.0.1", 443)),
        ("https://[::1]:8443", "::1", "[::1]:8443", True, ("::1", 8443, 0, 0)),
    ],
)
def test_a_url_says_who_is_asked_and_where(
    url: str, host: str, authority: str, secure: bool, address: tuple[object, ...]
) -> None:
    """The scheme gives the port where there is none, and brackets belong to the Host field only."""
    origin = Origin.of(url)

    assert (origin.host, origin.authority, origin.secure) == (host, authority, secure)
    assert origin.address is not None
    assert origin.address[1] == address


@pytest.mark.parametrize(
    "url",
    [
        "127.0.0.1:80",
        "ftp://127.0.0.1",
        "http://",
        "https://:443",
        "http://user:word@127.0.0.1",
        "http://127.0.0.1:99999",
        "http://127.0.0.1:port",
        "http://127.0.0.1/base",
        "http://127.0.0.1?x=1",
        "http://[::1",
        "http://.example",
        f"http://{'x' * 70}.example",
    ],
)
def test_a_url_that_makes_no_sense_is_refused(url: str) -> None:
    """What names no server, or more than one, is refused before any load, and shown."""
    with pytest.raises(LoadError, match=r"expected http://HOST:PORT or https://HOST:PORT") as refused:
        Origin.of(url)

    assert repr(url) in str(refused.value)


def test_a_name_that_cannot_be_resolved_is_an_error_of_each_attempt(engine: Engine) -> None:
    """The kind is dns, the words are the system's, and pauses double as with any address that cannot be reached."""
    driving = Driving(engine, job_for(NOWHERE), lanes=3)
    time.sleep(0.7)
    outcome = driving.end()

    most = 3 * (2 + ceil(outcome.windows[-1].end_s / LEAST_PAUSE_S).bit_length())
    assert outcome.counts.errors == {"dns": outcome.begun}
    assert 6 <= outcome.begun <= most
    assert "cannot resolve nowhere.invalid: " in outcome.messages["dns"][0]


@pytest.mark.parametrize("family", [socket.AF_INET, socket.AF_INET6], ids=["127.0.0.1", "::1"])
def test_localhost_is_whichever_address_takes_connections(family: socket.AddressFamily) -> None:
    """A name of several addresses is found at the one where the server listens."""
    host = "127.0.0.1" if family is socket.AF_INET else "::1"
    with socket.create_server((host, 0), family=family) as server:
        origin = Origin.of(f"http://localhost:{server.getsockname()[1]}")

    known = {entry[0] for entry in socket.getaddrinfo("localhost", 80, type=socket.SOCK_STREAM)}
    assert origin.address is not None
    assert origin.address[0] == (family if family in known else socket.AF_INET)


def test_the_host_field_is_what_the_url_says(engine: Engine) -> None:
    """A server behind a name is told the name and the port, not the address."""
    with ScriptedServer(answers(answer_of())) as server:
        driven(engine, job_for(f"http://localhost:{server.port}"), lanes=1, attempts=5)

        assert server.answered >= 5
