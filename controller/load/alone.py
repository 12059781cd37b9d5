"""FastServe's own generator driven for its own numbers: one load, with all checks on, and what it spent on it."""

from collections.abc import Callable

from controller.errors import LoadError
from controller.load.drive import Driven, Watch, drive
from controller.load.fleet import Fleet
from controller.load.job import Job
from controller.measure.judgement import GENERATOR
from controller.measure.resources import Sampler
from controller.measure.spent import Spent, Taken
from controller.measure.trial import Usage
from controller.measure.window import EndpointCounts, Phase, Window, merged_counts
from controller.plan.scenario import Load


def take_alone(
    fleet: Fleet, job: Job, *, load: Load, sampler: Sampler, broken: Callable[[], str | None] = lambda: None
) -> Taken:
    """Let a fleet whose workers the sampler watches as the generator drive a load of a known warm-up.

    The answers are those of the sealed windows of its measured phase, the CPU is that of the workers' whole processes
    in the same time. broken says why there is nothing to measure any more, or None.
    Raises LoadError where an attempt failed, a window is missing or the load was broken off.
    """
    windows: list[Window] = []
    watch = Watch(window=windows.append, edge=sampler.sample, broken=broken)
    driven = drive(fleet, job, load=load, watch=watch)
    measured = [window for window in windows if window.phase is Phase.MEASURED]
    counts = merged_counts(counts for window in measured for counts in window.endpoints.values())
    if driven.broken is not None:
        raise LoadError(driven.broken)
    if not measured or counts.failures:
        raise LoadError(f"expected right answers alone, found errors {dict(counts.errors)} {dict(driven.totals)}")
    return _taken(counts, driven, from_s=measured[0].start_s, until_s=measured[-1].end_s, sampler=sampler)


def _taken(counts: EndpointCounts, driven: Driven, *, from_s: float, until_s: float, sampler: Sampler) -> Taken:
    usage = workers_usage(sampler, driven, from_s, until_s)
    spent = Spent(
        requests=counts.samples,
        cpu_s=usage.cpu_s,
        seconds=until_s - from_s,
        p50_ms=counts.service_ms(50, 100),
        p99_ms=counts.service_ms(99, 100),
    )
    return Taken(spent=spent, from_s=driven.start_s + from_s, until_s=driven.start_s + until_s)


def workers_usage(sampler: Sampler, driven: Driven, from_s: float, until_s: float) -> Usage:
    """Return what the workers used between two moments of a trial's clock. Raises LoadError where they were gone."""
    usage = sampler.usage(GENERATOR, driven.start_s + from_s, driven.start_s + until_s)
    if usage is None:
        raise LoadError("expected to see the workers' processes for all of the measured time, found one gone")
    return usage
