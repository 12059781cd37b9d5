"""Who is looked at while a trial runs, and what all of them did in its measured phase."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial

from controller.load.bench import Bench
from controller.load.drive import Driven
from controller.load.fleet import Fleet
from controller.load.gather import Gathered
from controller.measure.judgement import CONTROLLER, GENERATOR, MASTER, SERVER
from controller.stack.process import Running
from controller.stack.reached import Reached


@contextmanager
def watched(bench: Bench, fleet: Fleet, running: Running | Reached) -> Iterator[None]:
    """Have the sampler look at every party of a trial that can be seen, for the time of the block."""
    if running.family():
        bench.sampler.watch(SERVER, running.family)
    for party in bench.backing.parties:
        bench.sampler.watch(party, partial(bench.backing.family, party), partial(bench.backing.queries, party))
    bench.sampler.watch(GENERATOR, bench.fleet.pids)
    bench.sampler.watch(MASTER, fleet.master.family)
    bench.sampler.watch(CONTROLLER, lambda: [os.getpid()])
    try:
        yield
    finally:
        for party in (*bench.parties, CONTROLLER):
            bench.sampler.unwatch(party)


def take_usage(bench: Bench, driven: Driven, record: Gathered) -> None:
    """Take what each party, the controller and the machine did during the measured phase."""
    if driven.from_s is None or driven.until_s is None or driven.until_s <= driven.from_s:
        return
    bounds = (driven.start_s + driven.from_s, driven.start_s + driven.until_s)
    found = {party: bench.sampler.usage(party, *bounds) for party in bench.parties}
    record.usage = {party: usage for party, usage in found.items() if usage is not None}
    record.controller = bench.sampler.usage(CONTROLLER, *bounds)
    record.machine = bench.sampler.machine(*bounds)
