"""The Nginx that generators ask answers by the contract, so that every check of FastServe is on."""

import http.client
import ssl
from pathlib import Path

from benchmarks.nginx import HEALTH, LARGE, LARGE_BYTES, QUOTE, run_nginx
from controller.plan.contract import check_body, read_contract
from controller.stack.supervisor import supervise
from tests.needs import require
from tests.sources import ROOT


def test_answers_are_right(tmp_path: Path) -> None:
    """Health is `ok`, over TLS too; answers of the database route are rows of the contract, many different ones."""
    require("nginx")
    contract = read_contract(ROOT / "servers")

    with (
        supervise(label="test", logs=tmp_path) as supervisor,
        run_nginx(supervisor, folder=tmp_path, cores=[0], contract=contract) as bases,
    ):
        connection = http.client.HTTPConnection(bases.plain.removeprefix("http://"), timeout=10)
        bodies = {path: [asked(connection, path) for _ in range(100)] for path in (HEALTH, QUOTE)}
        connection.close()
        trusting = ssl.create_default_context(cadata=bases.ca_pem)
        secure = http.client.HTTPSConnection(bases.tls.removeprefix("https://"), timeout=10, context=trusting)
        over_tls, large = asked(secure, HEALTH), asked(secure, LARGE)
        secure.close()

    assert (over_tls, len(large)) == (b"ok", LARGE_BYTES)
    assert set(bodies[HEALTH]) == {b"ok"}
    assert [found for body in bodies[QUOTE] if (found := check_body(QUOTE, "", body, contract)) is not None] == []
    assert len(set(bodies[QUOTE])) > 50


def asked(connection: http.client.HTTPConnection, path: str) -> bytes:
    """Return the body of an answer."""
    connection.request("GET", path)
    answer = connection.getresponse()
    assert answer.status == 200
    return answer.read()
