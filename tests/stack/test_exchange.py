"""Single requests over TLS: verified as the load will be."""

import pytest

from controller.plan.trust import BY_THIS_MACHINE, Trust
from controller.stack.exchange import Client, NoAnswerError
from tests.load.certificates import ANYBODY, TRUST, server_context
from tests.load.scripts import answers
from tests.load.servers import ScriptedServer, answer_of


@pytest.mark.parametrize("trust", [TRUST, ANYBODY], ids=["proven", "not verified"])
def test_a_server_is_asked_over_tls(trust: Trust) -> None:
    """One handshake serves many requests."""
    with (
        ScriptedServer(answers(answer_of(b"safe")), context=server_context()) as server,
        Client(server.url, within_s=10, trust=trust) as client,
    ):
        assert [client.ask("/").body for _ in range(3)] == [b"safe"] * 3
        assert client.opened == server.accepted == 1


def test_who_cannot_prove_its_name_is_asked_nothing() -> None:
    """OpenSSL's words say why, and nothing else is asked of that server."""
    with (
        ScriptedServer(answers(answer_of()), context=server_context()) as server,
        Client(server.url, within_s=10, trust=BY_THIS_MACHINE) as client,
    ):
        with pytest.raises(NoAnswerError, match="TLS failed: certificate verify failed: unable to get") as refused:
            client.ask("/")

        assert refused.value.gone
        assert server.requests == 0


def test_the_fields_of_an_answer_are_kept() -> None:
    """By their names in small letters."""
    with (
        ScriptedServer(answers(b"HTTP/1.1 200 OK\r\nX-Cache: HIT\r\nContent-Length: 0\r\n\r\n")) as server,
        Client(server.url, within_s=10) as client,
    ):
        assert client.ask("/").fields == {"x-cache": "HIT", "content-length": "0"}
