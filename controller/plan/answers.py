"""What the answer to one request must be like: as the contract says, and as the plan expects."""

from collections.abc import Callable
from typing import NamedTuple

from controller.plan.contract import Contract, Difference, body_difference, shown
from controller.plan.expect import Expect, wrong_of
from controller.plan.routes import covered_status, expected_length


class Right(NamedTuple):
    """What a right answer is: status 0 is any 2xx, body_bytes None any length; check looks into a body, if it is given.

    check returns None for a right body.
    """

    status: int
    body_bytes: int | None
    check: Callable[[bytes], Difference | None] | None


def right_answer(method: str, path: str, expect: Expect, contract: Contract | None) -> Right:
    """Return what the answer to a request must be like.

    The contract speaks of GET and of the paths it covers; what the plan expects comes on top, and instead of its
    status and length.
    """
    status = covered_status(path) if contract is not None and method == "GET" else None
    if contract is None or status is None:
        check = (lambda body: _unexpected(expect, body)) if expect.of_body else None
        return Right(expect.status or 0, expect.length, check)
    route, _, query = path.partition("?")

    def both(body: bytes) -> Difference | None:
        return body_difference(route, query, body=body, contract=contract) or _unexpected(expect, body)

    length = expected_length(path) if expect.length is None else expect.length
    return Right(expect.status or status, length, both)


def _unexpected(expect: Expect, body: bytes) -> Difference | None:
    wrong = wrong_of(expect, body)
    return None if wrong is None else Difference(wrong, shown(body))
