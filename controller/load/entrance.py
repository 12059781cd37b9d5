"""Where the load of a trial goes in: at the target itself, or at an Nginx that was started in front of it."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from controller.errors import StackError
from controller.load.bench import Bench
from controller.measure.judgement import PROXY
from controller.plan.factors import Level
from controller.plan.trust import Trust
from controller.stack.backing import service_config
from controller.stack.front import Front, front_of
from controller.stack.nginx import RunningNginx, run_nginx
from controller.stack.process import Running
from controller.stack.reached import Reached


@dataclass(frozen=True, slots=True, kw_only=True)
class Entrance:
    """An address, and whom to believe there. front and nginx are None where the load goes to the target itself."""

    url: str
    trust: Trust
    front: Front | None = None
    nginx: RunningNginx | None = None

    def died(self) -> str | None:
        """Say how the Nginx ended; None while it runs, and where there is none."""
        return None if self.nginx is None else self.nginx.died()


@contextmanager
def entrance(
    bench: Bench, running: Running | Reached, *, levels: Mapping[str, Level], trust: Trust, log: Path
) -> Iterator[Entrance]:
    """Have what the levels put in front of a running target for the time of the block, watched as a party.

    trust holds for the target itself; before it Nginx proves itself by an authority of its own, where anything is
    verified. Raises StackError where it does not get ready, and for whatever goes wrong in the block once it has ended.
    """
    front = front_of(levels)
    if front is None:
        yield Entrance(url=running.url, trust=trust)
        return
    with run_nginx(
        bench.supervisor,
        front,
        target_url=running.url,
        template=service_config(bench.ground.servers.parent, "nginx.conf"),
        cores=bench.cores.backing,
        log=log,
    ) as nginx:
        bench.sampler.watch(PROXY, nginx.family)
        try:
            own = Trust(verify=trust.verify, authorities=nginx.authority)
            yield Entrance(url=nginx.url, trust=own, front=front, nginx=nginx)
        except StackError as error:
            if (ended := nginx.died()) is not None:
                raise StackError(ended) from error
            raise
        finally:
            bench.sampler.unwatch(PROXY)
