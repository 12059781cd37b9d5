"""What a freshly started target is asked before its load: each kind of request once, or all that draws can give."""

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor, wait
from dataclasses import replace
from queue import Empty, SimpleQueue
from typing import Final

from controller.load.job import Job
from controller.load.once import Http2Client
from controller.load.wire.draws import every_request, sample_requests
from controller.plan.contract import Contract
from controller.plan.scenario import Request, Scenario
from controller.stack.check import Finding, check_request, check_requests, contract_error, no_answer
from controller.stack.exchange import Asking, Client, NoAnswerError

# Each waits for its answer, and a thread of the controller waits with it.
_MOST_AT_ONCE: Final = 64
_LOOK_EVERY_S: Final = 0.1


def asking(scenario: Scenario) -> Asking:
    """Return what asks single requests as the load asks them."""
    return Http2Client if scenario.load.http == "2" else Client


def ask_once(name: str, job: Job, scenario: Scenario, contract: Contract | None) -> None:
    """Ask for each kind of request, with values drawn. Raises StackError for an answer that is not right."""
    findings, _ = check_requests(
        job.url,
        sample_requests(scenario.requests, seed=job.seed),
        headers=scenario.headers,
        contract=contract,
        timeout_s=scenario.load.timeout_s,
        trust=job.trust,
        client=asking(scenario),
    )
    if findings:
        raise contract_error(name, findings)


def preload(
    name: str, job: Job, scenario: Scenario, contract: Contract | None, *, broken: Callable[[], str | None]
) -> int | None:
    """Ask once for all that the draws of a scenario can give, as many at a time as its load has in flight, at most 64.

    Returns how many were asked, None for a scenario that is not preloaded. Where broken says why the trial must end
    it stops early: the load, which looks there too, ends with that reason. Raises StackError for the first answer that
    is not right.
    """
    if not scenario.preload:
        return None
    requests = _Requests(job, scenario, contract)
    many = min(scenario.load.in_flight, _MOST_AT_ONCE)
    with ThreadPoolExecutor(many) as pool:
        asking_them = [pool.submit(requests.ask) for _ in range(many)]
        try:
            while wait(asking_them, timeout=_LOOK_EVERY_S).not_done:
                if broken() is not None:
                    requests.enough.set()
        finally:
            requests.enough.set()
    told = [one.result() for one in asking_them]
    if wrong := [finding for _, finding in told if finding is not None]:
        raise contract_error(f"{name}, preload", wrong)
    return sum(asked for asked, _ in told)


class _Requests:
    """What is still to be asked for, by several threads that have a connection each; enough ends them."""

    def __init__(self, job: Job, scenario: Scenario, contract: Contract | None) -> None:
        self._job = job
        self._scenario = scenario
        self._contract = contract
        self._left: SimpleQueue[Request] = SimpleQueue()
        # Weights apart, two requests of a mix may ask for the same.
        for request in dict.fromkeys(replace(request, weight=1.0) for request in every_request(scenario.requests)):
            self._left.put(request)
        self.enough = threading.Event()

    def ask(self) -> tuple[int, Finding | None]:
        """Ask as long as there are any; return how many were asked, and what was wrong with the last one."""
        asked, finding = 0, None
        client = asking(self._scenario)
        with client(self._job.url, within_s=self._scenario.load.timeout_s, trust=self._job.trust) as asks:
            while not self.enough.is_set() and (request := self._next()) is not None:
                try:
                    finding = check_request(asks, request, headers=self._scenario.headers, contract=self._contract)
                except NoAnswerError as error:
                    finding = no_answer(error)
                asked += 1
                if finding is not None:
                    self.enough.set()
        return asked, finding

    def _next(self) -> Request | None:
        try:
            return self._left.get_nowait()
        except Empty:
            return None
