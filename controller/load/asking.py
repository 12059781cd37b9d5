"""Single requests beside the load, in the protocol that it speaks."""

from controller.load.job import Job
from controller.load.once import Http2Client
from controller.load.wire.draws import sample_requests
from controller.plan.contract import Contract
from controller.plan.scenario import Scenario
from controller.stack.check import check_requests, contract_error
from controller.stack.exchange import Asking, Client


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
