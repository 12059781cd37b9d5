"""FastServe inside Locust's processes: the engine in each worker, the collector in the master, both in a lone Locust.

install() is called by a Locust file. Under `fastserve run` the master's plugin takes commands from the
controller; under `fastserve web` it asks the controller for what was chosen on Locust's page; under plain
`locust -f` the load is what --host and the --fs options say.
"""

import os
import sys
from functools import cache
from typing import Any

import gevent
from locust import events
from locust.env import Environment
from locust.runners import LocalRunner, MasterRunner, WorkerRunner

from controller.load.control import CONTROL_VARIABLE
from controller.load.offer import OFFER_VARIABLE, offer_from_text
from controller.plugin.driver import LocalPlugin, WorkerPlugin
from controller.plugin.master import MasterPlugin
from controller.plugin.page import add_choices, serve_page
from controller.plugin.session import SessionPlugin


@cache
def install() -> None:
    """Register FastServe with Locust; a second call changes nothing."""
    events.init_command_line_parser.add_listener(_add_options)
    events.init.add_listener(_attach)


def _add_options(parser: Any) -> None:
    if text := os.environ.get(OFFER_VARIABLE):
        add_choices(parser, offer_from_text(text))
        return
    group = parser.add_argument_group("FastServe wire engine")
    group.add_argument("--fs-path", default="/", help="Path that every wire user asks for", metavar="PATH")
    group.add_argument("--fs-timeout", type=float, default=30.0, help="Seconds an answer may take", metavar="S")
    group.add_argument("--fs-close", action="store_true", help="A new connection for each request")
    group.add_argument("--fs-rate", type=float, help="Requests a second of all users together", metavar="RATE")
    group.add_argument(
        "--fs-arrivals", help="With --fs-rate: poisson (at moments of chance) or constant", metavar="KIND"
    )
    group.add_argument("--fs-insecure", action="store_true", help="Believe any certificate of an https --host")
    group.add_argument("--fs-ca", help="File of the only authorities whose certificates are believed", metavar="FILE")
    group.add_argument("--fs-http", default="1.1", help="1.1 or 2: the HTTP that wire users speak", metavar="VERSION")
    group.add_argument("--fs-streams", type=int, default=1, help="Requests that share a connection", metavar="N")


def _attach(environment: Environment, **_: Any) -> None:
    runner = environment.runner
    if isinstance(runner, WorkerRunner):
        WorkerPlugin(environment, runner)
    elif isinstance(runner, MasterRunner) and OFFER_VARIABLE in os.environ:
        session = SessionPlugin(environment, runner)
        serve_page(environment, session, offer_from_text(os.environ[OFFER_VARIABLE]))
        gevent.spawn(session.obey_until_the_end, os.environ[CONTROL_VARIABLE])
    elif isinstance(runner, MasterRunner):
        plugin = MasterPlugin(environment, runner)
        if path := os.environ.get(CONTROL_VARIABLE):
            # Locust's own start is never reached: this master does what the controller says, and then ends.
            plugin.obey(path)
            sys.exit(0)
    elif isinstance(runner, LocalRunner):
        LocalPlugin(environment)
    # Locust's run time counts from the loop's own clock, which stood still for all that was imported: on a busy
    # machine a run of one second would be over before it began.
    gevent.get_hub().loop.update_now()
