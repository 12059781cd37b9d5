"""Whether a running target keeps the endpoint contract, asked before it is measured."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from controller.errors import StackError
from controller.plan.answers import Right, right_answer
from controller.plan.coding import accepted_codings, plain_body
from controller.plan.contract import Contract, Difference, shown
from controller.plan.scenario import Request, headers_with
from controller.plan.trust import BY_THIS_MACHINE, Trust
from controller.stack.contract_rules import RULES, WITHIN_S, Finding, Visit
from controller.stack.exchange import Answer, Asking, Asks, Client, NoAnswerError
from controller.stack.settings import Settings

__all__ = ["Finding", "check_contract", "check_request", "check_requests", "contract_error", "no_answer"]

SHOWN_FINDINGS: Final = 3


def check_contract(
    url: str, contract: Contract, settings: Settings, *, trust: Trust = BY_THIS_MACHINE
) -> list[Finding]:
    """Return every break of the contract by a target that runs with these settings; an empty list is a pass.

    url has no slash at its end. Takes about six cache misses of time. A target that cannot be reached or does not
    answer is a finding, and the last one.
    """
    findings: list[Finding] = []
    with Client(url, within_s=WITHIN_S + settings.cache_miss_ms / 1000, trust=trust) as client:
        visit = Visit(url=url, contract=contract, settings=settings, client=client, trust=trust)
        for rule in RULES:
            try:
                # Extends one by one: what a rule found before it got no answer counts.
                findings.extend(rule(visit))
            except NoAnswerError as error:
                findings.append(no_answer(error))
                if error.gone:
                    break
    return findings


def check_requests(
    url: str,
    requests: Sequence[Request],
    *,
    headers: Sequence[tuple[str, str]] = (),
    contract: Contract | None,
    timeout_s: float = 30.0,
    trust: Trust = BY_THIS_MACHINE,
    client: Asking = Client,
) -> tuple[list[Finding], int]:
    """Ask a target once for each different request of a trial; return what was wrong, and how many whole answers came.

    Without a contract, and for paths that it does not cover, any 2xx is right, or what the request expects. Places
    are asked for as written: draw for them before. client makes what asks, from url, within_s and trust. A body in a
    coding that the headers accept is looked into as it was before.
    """
    findings: list[Finding] = []
    answered = 0
    with client(url, within_s=timeout_s, trust=trust) as asks:
        for request in dict.fromkeys(replace(request, weight=1.0) for request in requests):
            try:
                finding = check_request(asks, request, headers=headers, contract=contract)
            except NoAnswerError as error:
                findings.append(no_answer(error))
                if error.gone:
                    break
                continue
            answered += 1
            if finding is not None:
                findings.append(finding)
    return findings, answered


def check_request(
    asks: Asks, request: Request, *, headers: Sequence[tuple[str, str]], contract: Contract | None
) -> Finding | None:
    """Ask once and return what is wrong with the answer, None when it is right. Raises NoAnswerError without one."""
    answer = asks.ask(
        request.path,
        method=request.method,
        headers=headers_with(headers, request.body),
        body=(request.body or "").encode(),
    )
    return request_finding(request, answer, contract, accepted=accepted_codings(headers))


def request_finding(
    request: Request, answer: Answer, contract: Contract | None, *, accepted: frozenset[str] = frozenset()
) -> Finding | None:
    """Return what is wrong with one answer, None when it is right; accepted are the codings its request accepts."""
    right = right_answer(request.method, request.path, request.expect, contract)
    route, status = f"{request.method} {request.path}", right.status or "2xx"
    if answer.status != right.status if right.status else not 200 <= answer.status < 300:
        found = f"status {answer.status}, {shown(answer.body)}"
        return Finding(route=route, expected=f"status {status}", found=found)
    wrong = _body_difference(right, answer, accepted)
    return Finding(route=route, expected=wrong.expected, found=wrong.found) if wrong else None


def _body_difference(right: Right, answer: Answer, accepted: frozenset[str]) -> Difference | None:
    body, body_bytes = answer.body, answer.body_bytes
    if answer.coding and body_bytes:
        whole = body if len(body) == body_bytes else None
        expects = right.check is not None or right.body_bytes is not None
        plain = plain_body(whole, answer.coding, accepted=accepted, looked_into=expects)
        if plain is None or isinstance(plain, Difference):
            return plain
        body, body_bytes = plain, len(plain)
    if right.body_bytes is not None and body_bytes != right.body_bytes:
        return Difference(f"{right.body_bytes} bytes", f"{body_bytes} bytes")
    return right.check(body) if right.check else None


def no_answer(error: NoAnswerError) -> Finding:
    """Return the finding for a request that got no whole answer."""
    return Finding(route=error.request, expected="an answer", found=str(error))


def contract_error(target: str, findings: Sequence[Finding]) -> StackError:
    """Return findings as one line that names the target, the first of them whole, and how many more there are."""
    more = len(findings) - SHOWN_FINDINGS
    text = "; ".join(str(finding) for finding in findings[:SHOWN_FINDINGS])
    return StackError(f"{target}: {text}" + (f"; and {more} more" if more > 0 else ""))
