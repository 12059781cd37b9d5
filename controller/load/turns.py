"""Load generators taking turns on one running target: ours, and tools that are programs of their own."""

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Final

from controller.errors import LoadError, StackError
from controller.load.alone import take_alone
from controller.load.bench import Bench
from controller.load.job import Job
from controller.load.rivals import RIVALS
from controller.load.rivals.process import Burst
from controller.measure.judgement import GENERATOR, SERVER, busy
from controller.measure.spent import Taken
from controller.measure.trial import Usage
from controller.measure.turn import ENGINE, Turn
from controller.plan.scenario import Scenario
from controller.plan.schedule import shuffled
from controller.stack.process import Running
from controller.stack.reached import Reached

# A turn that is thrown away lasts so long: enough to see whether a tool can be measured on this target.
_TRIED_S: Final = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Turnstile:
    """A running target and what every turn on it shares; job is what ours is told, least_s the target's warm-up.

    The sampler of the bench looks at the target's processes, where they can be seen.
    """

    bench: Bench
    running: Running | Reached
    scenario: Scenario
    job: Job
    least_s: float

    def take(self, generator: str, *, number: int, seconds: int, warmup_s: float | None = None) -> Turn:
        """Let one generator ask for so many seconds, and return what it did as its turn of a round.

        warmup_s is another warm-up for ours than the load's; tools have none. Raises LoadError where it fails.
        """
        self.bench.sampler.sample()
        if generator == ENGINE:
            taken, usage = self._ours(seconds, warmup_s)
        else:
            taken, usage = self._rival(generator, seconds)
        server = self.bench.sampler.usage(SERVER, taken.from_s, taken.until_s)
        return Turn(
            generator=generator,
            round=number,
            spent=taken.spent,
            server_cpu_s=None if server is None else server.cpu_s,
            shares=self._shares({SERVER: server, GENERATOR: usage}, seconds=taken.until_s - taken.from_s),
        )

    def _shares(self, used: Mapping[str, Usage | None], *, seconds: float) -> dict[str, float]:
        """Return how busy each party was that was seen."""
        cores = {SERVER: len(self.bench.cores.target), GENERATOR: len(self.bench.cores.generator)}
        return {
            party: busy(usage, seconds=seconds, cores=cores[party])
            for party, usage in used.items()
            if usage is not None
        }

    def _ours(self, seconds: int, warmup_s: float | None) -> tuple[Taken, Usage | None]:
        bench, load = self.bench, replace(self.scenario.load, duration_s=seconds)
        fleet = bench.fleet_for(self.scenario)
        bench.sampler.watch(GENERATOR, bench.fleet.pids)
        if warmup_s is not None:
            load = replace(load, warmup_s=warmup_s)
        try:
            taken = take_alone(fleet, self.job, load=load, sampler=bench.sampler, broken=self.running.died)
        except LoadError:
            # Whatever state it is in, the next turn does not inherit it.
            bench.fleet.discard()
            raise
        return taken, bench.sampler.usage(GENERATOR, taken.from_s, taken.until_s)

    def _rival(self, generator: str, seconds: int) -> tuple[Taken, Usage | None]:
        sampler = self.bench.sampler
        watched_s: list[float] = []

        def watch(pid: int) -> None:
            sampler.watch(GENERATOR, lambda: [pid])
            watched_s.append(time.monotonic())

        burst = Burst(
            url=self.running.url + self.scenario.requests[0].path,
            connections=self.scenario.load.connections,
            seconds=seconds,
            cores=self.bench.cores.generator,
            watch=watch,
        )
        try:
            taken = RIVALS[generator](burst)
        finally:
            sampler.unwatch(GENERATOR)
        usage = sampler.usage(GENERATOR, watched_s[0], taken.until_s)
        # The kernel's sum at the end is exact; the sampler alone knows how long threads waited for their core.
        return taken, None if usage is None else replace(usage, cpu_s=taken.spent.cpu_s)


@dataclass(slots=True, kw_only=True)
class Turns:
    """What has been measured, and why something was not; hear is told of each turn as it ends."""

    stile: Turnstile
    generators: Sequence[str]
    hear: Callable[[Turn], None]
    measured: list[Turn] = field(default_factory=list)
    left_out: list[str] = field(default_factory=list)

    def try_out(self) -> None:
        """Let every generator ask once, for a short time that does not count; a tool that fails takes no part.

        Ours comes first, for as long as the target needs to get warm. Raises LoadError where ours fails,
        StackError where the target is gone.
        """
        try:
            self.stile.take(ENGINE, number=0, seconds=_TRIED_S, warmup_s=max(_TRIED_S, self.stile.least_s))
        except LoadError as error:
            self._heed(f"{ENGINE}: {error}")
            raise
        self.generators = [name for name in self.generators if name == ENGINE or self._is_measurable(name)]

    def run(self, *, rounds: int, seconds: int, seed: int) -> None:
        """Run so many rounds; the seed alone decides who comes when in each. A turn that fails is left out.

        Raises StackError where the target is gone.
        """
        for number in range(1, rounds + 1):
            for generator in shuffled(self.generators, f"{seed}:{number}"):
                self._take(generator, number=number, seconds=seconds)

    def _is_measurable(self, generator: str) -> bool:
        try:
            self.stile.take(generator, number=0, seconds=_TRIED_S)
        except LoadError as error:
            self._heed(f"{generator}: {error}")
            return False
        return True

    def _take(self, generator: str, *, number: int, seconds: int) -> None:
        try:
            turn = self.stile.take(generator, number=number, seconds=seconds)
        except LoadError as error:
            self._heed(f"{generator} in round {number}: {error}")
            return
        self.measured.append(turn)
        self.hear(turn)

    def _heed(self, failure: str) -> None:
        """Note a failure of a generator. Raises StackError where its reason is that the target has ended."""
        if (died := self.stile.running.died()) is not None:
            raise StackError(died)
        self.left_out.append(failure)
