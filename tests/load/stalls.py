"""A server that stops answering for a while, and what an open load must then measure, by arithmetic."""

import time
from dataclasses import dataclass

from controller.load.job import Job
from controller.load.wire.arrivals import Arrivals
from tests.load.servers import Caller, answer_of

NS = 1_000_000_000


@dataclass(slots=True)
class Stalling:
    """A script that answers at once, but for one stretch in which it answers nothing.

    The stretch is from_ns to until_ns of time.monotonic_ns, set before the load begins.
    """

    from_ns: int = 0
    until_ns: int = 0

    def script(self, caller: Caller) -> None:
        """Answer one connection."""
        while caller.request():
            now_ns = time.monotonic_ns()
            if self.from_ns <= now_ns < self.until_ns:
                caller.wait((self.until_ns - now_ns) / NS)
            caller.answer(answer_of())


def planned_ns(job: Job, *, until_s: float) -> list[int]:
    """Return all planned sends of a job up to a moment, from the trial's start, without a warm-up."""
    assert job.offered is not None
    arrivals = Arrivals(job.offered, seed=job.seed, share=job.share)
    arrivals.measure(0.0)
    found = []
    while arrivals.due_ns < until_s * NS:
        found.append(arrivals.due_ns)
        arrivals.step()
    return found


def expected_us(planned: list[int], *, stall_s: tuple[float, float]) -> list[int]:
    """Return the latencies, in microseconds and sorted, of a server that takes no time but while it stalls.

    What is planned during the stall is answered at its end, whether it was sent by then or queued.
    """
    begin_ns, end_ns = (round(edge * NS) for edge in stall_s)
    return sorted((end_ns - moment) // 1000 if begin_ns <= moment < end_ns else 0 for moment in planned)
