"""How gunicorn runs app.py: one process a core, in each an event loop of uvicorn, connections kept open."""

import os
import shutil
import sys
import tempfile
from multiprocessing import Barrier

from settings import read_settings
from uvicorn_worker import UvicornWorker

try:
    settings = read_settings()
except ValueError as error:
    sys.exit(f"python-fastapi: {error}")


class Worker(UvicornWorker):
    """A process of uvicorn, on the fast loop and parser, without a request log."""

    CONFIG_KWARGS = {  # noqa: RUF012
        "loop": "uvloop",
        "http": "httptools",
        "ws": "none",
        "access_log": False,
    }


wsgi_app = "app:create_app()"
bind = f"{settings.bind_address}:{settings.port}"
workers = settings.server_cpus
# A listening socket for each process: of a shared one, the first to wake takes most connections, and keeps them.
reuse_port = settings.server_cpus > 1
worker_class = Worker
keepalive = 300
backlog = 2048
# The contract's 5 s, with room for the master to notice.
graceful_timeout = 3
worker_tmp_dir = "/dev/shm" if os.access("/dev/shm", os.W_OK) else None
# It would be one path for all instances of a user, and nothing here speaks to it.
control_socket_disable = True


# Else those who connect before the last process listens would all be served by the others.
everybody_listens = Barrier(workers)


def post_fork(_server, worker):
    """Tell the application which process it is in, since its pool is a share of DB_POOL_SIZE; serve with the others."""
    os.environ["GUNICORN_WORKER"] = str(worker.age)
    # A process that takes the place of one that died has a higher number, and nobody to wait for.
    if worker.age <= workers:
        everybody_listens.wait(timeout=30)


if settings.metrics == "full":
    # Where the processes leave their numbers for each other: a new folder, or those of an earlier start would count.
    # It stands before the exporter is imported, which looks for it then.
    os.environ["PROMETHEUS_MULTIPROC_DIR"] = numbers = tempfile.mkdtemp(prefix="python-fastapi-metrics-")

    def child_exit(_server, worker):
        """Drop the gauges of a process that has ended; its counters go on counting."""
        from prometheus_client.multiprocess import mark_process_dead

        mark_process_dead(worker.pid)

    def on_exit(_server):
        """Take the numbers away at the end."""
        shutil.rmtree(numbers, ignore_errors=True)
