"""One visit of the contract check to a running target: what is asked through, and what is found."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from controller.plan.contract import (
    Contract,
    Difference,
    body_difference,
    covers,
    error_difference,
    expected_status,
    shown,
)
from controller.plan.routes import HEALTH, METRICS
from controller.plan.trust import BY_THIS_MACHINE, Trust
from controller.stack.exchange import KEPT_BYTES, Answer, Client, NoAnswerError, connection_to
from controller.stack.settings import Settings

OK: Final = 200
PLAIN_TEXT: Final = (HEALTH, METRICS)
WITHIN_S: Final = 5.0
_REST_WITHIN_S: Final = 0.3


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One break of the contract: the request, what was expected of its answer, what was found."""

    route: str
    expected: str
    found: str

    def __str__(self) -> str:
        return f"{self.route}: expected {self.expected}, found {self.found}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Visit:
    """One check of one running target; url has no slash at its end."""

    url: str
    contract: Contract
    settings: Settings
    client: Client
    trust: Trust = BY_THIS_MACHINE

    @property
    def miss_s(self) -> float:
        """How long a cache miss must wait, at least."""
        return self.settings.cache_miss_ms / 1000

    def expect(self, path: str) -> Iterator[Finding]:
        """Ask for a path and yield what is wrong with its answer."""
        answer = self.client.ask(path)
        yield from self.wrong(path, answer)

    def wrong(self, path: str, answer: Answer) -> Iterator[Finding]:
        """Yield what is wrong with the answer to a GET."""
        status = expected_status(path, metrics=self.settings.metrics)
        yield from differences(
            f"GET {path}",
            answer,
            status=status,
            media_type="text/plain" if status == OK and path.partition("?")[0] in PLAIN_TEXT else "application/json",
            difference=self.body(path, answer, status=status),
        )
        if status == OK and not answer.kept_open:
            yield Finding(route=f"GET {path}", expected="the connection kept open", found="it closed")

    def body(self, path: str, answer: Answer, *, status: int) -> Difference | None:
        """Return what is wrong with a body, None also where the contract does not say what is right."""
        route, _, query = path.partition("?")
        if status == OK and covers(path):
            return body_difference(route, query, body=answer.body, contract=self.contract)
        return error_difference(answer.body) if status != OK else None


def differences(
    request: str, answer: Answer, *, status: int, media_type: str, difference: Difference | None
) -> Iterator[Finding]:
    """Yield the first of wrong status, wrong type and wrong body."""
    if answer.status != status:
        found = f"status {answer.status}, {shown(answer.body)}"
        yield Finding(route=request, expected=f"status {status}", found=found)
    elif answer.content_type.partition(";")[0].strip().lower() != media_type:
        yield Finding(route=request, expected=media_type, found=answer.content_type or "no Content-Type")
    elif difference:
        yield Finding(route=request, expected=difference.expected, found=difference.found)


def raw_answer(visit: Visit, method: str, path: str) -> bytes:
    """Return all that comes on a connection of its own, which the server is asked to close; no body is presumed.

    What a library would take for the next answer is among it. Raises NoAnswerError without any byte.
    """
    connection = connection_to(visit.url, within_s=WITHIN_S, trust=visit.trust)
    answer = b""
    try:
        connection.request(method, path, headers={"Connection": "close"})
        while len(answer) < KEPT_BYTES and (part := connection.sock.recv(KEPT_BYTES)):
            answer += part
            # What belongs to an answer comes with it; one that does not close its connection is not waited for.
            connection.sock.settimeout(_REST_WITHIN_S)
    except OSError as error:
        if not answer:
            raise NoAnswerError(error.strerror or str(error), request=f"{method} {path}", gone=False) from error
    finally:
        connection.close()
    return answer
