"""Locust's page in an ad-hoc session: what its form offers, what its buttons do, and FastServe's own page beside it."""

from pathlib import Path
from typing import Any, Final

from flask import Flask, Response, abort, jsonify, request
from locust import stats
from locust.env import Environment
from locust.runners import STATE_RUNNING, STATE_STOPPING
from locust.util.timespan import parse_timespan

from controller.errors import PlanError
from controller.load.offer import MODELS, Offer, asked_from_form
from controller.plugin.numbers import ExactCsv
from controller.plugin.session import SessionPlugin

# Columns that are not rounded: Locust's own median is, to a hundredth of a millisecond.
PERCENTILES: Final = [0.5, 0.95, 0.99, 0.999]
CHARTED: Final = [0.5, 0.95, 0.99]
# Tables of the run that can be fetched; nothing else of its folder can.
TABLES: Final = ("trials.csv", "summary.csv", "comparison.csv", "errors.csv")
SERVED: Final = {**dict.fromkeys(TABLES, "text/csv"), "report.html": "text/html"}
_LOOPBACK: Final = ("127.0.0.1", "localhost")
_ADDED: Final = Path(__file__).with_name("added.html")


def add_choices(parser: Any, offer: Offer) -> None:
    """Add what the start form lets one choose to Locust's options."""
    # Not in a group of their own: the form shows what was added to the parser itself.
    parser.add_argument("--target", choices=offer.targets, default=offer.targets[0], help="server under test")
    parser.add_argument("--scenario", choices=offer.scenarios, default=offer.scenarios[0], help="what is requested")
    parser.add_argument(
        "--model", choices=MODELS, default=offer.model, help="who says when to send: answers, or a rate"
    )
    rate = "" if offer.rate_per_s is None else f"{offer.rate_per_s:g}"
    parser.add_argument("--rate", default=rate, help="requests a second, in the open model only")


def serve_page(environment: Environment, session: SessionPlugin, offer: Offer) -> None:
    """Let Locust's page start and stop trials of a session, show exact numbers, and lead to FastServe's tables."""
    stats.PERCENTILES_TO_STATISTICS, stats.PERCENTILES_TO_CHART = PERCENTILES, CHARTED
    web_ui = environment.web_ui
    # Locust was started with its page.
    assert web_ui is not None
    assert web_ui.app is not None
    web_ui.stats_csv_writer = ExactCsv(environment, stats.PERCENTILES_TO_REPORT)
    web_ui.template_args["extended_csv_files"] = [
        {"href": f"/fastserve/{table}", "title": f"Download FastServe's {table}"} for table in TABLES
    ]
    _guard(web_ui.app, offer.port)
    _replace_views(web_ui.app, session)
    _add_views(web_ui.app, session)


def _guard(app: Flask, port: int) -> None:
    """Answer to this machine's own browser only: Locust allows pages of any origin, and any name, to ask."""
    names = {f"{host}:{port}" for host in _LOOPBACK}
    origins = {f"http://{name}" for name in names}

    @app.before_request
    def refuse_strangers() -> None:
        if request.host not in names or request.headers.get("Origin", f"http://{request.host}") not in origins:
            abort(403, f"expected a request to and from http://127.0.0.1:{port}, found another name or origin")


def _replace_views(app: Flask, session: SessionPlugin) -> None:
    index, swarm = app.view_functions["locust.index"], app.view_functions["locust.swarm"]
    added = _ADDED.read_text(encoding="utf-8")

    def index_with_link() -> Any:
        page = index()
        return page.replace("</body>", f"{added}</body>") if isinstance(page, str) else page

    def begin() -> Any:
        if session.running:
            # Another number of users.
            return swarm()
        answers: list[Any] = []
        try:
            asked = asked_from_form(request.form)
            if run_time := request.form.get("run_time"):
                parse_timespan(run_time)
            refused = session.begin(asked, lambda: answers.append(swarm()))
        except PlanError as error:
            refused = str(error)
        except ValueError:
            refused = f"run time: expected 20, 20s, 3m, 2h or 1h20m, found {run_time!r}"
        return answers[0] if refused is None else jsonify({"success": False, "message": refused})

    app.view_functions["locust.index"] = index_with_link
    app.view_functions["locust.swarm"] = begin
    app.view_functions["locust.request_stats"] = lambda: jsonify(numbers_of(session))


def numbers_of(session: SessionPlugin) -> dict[str, Any]:
    """Return what Locust's page asks for every two seconds: never an old answer, and the last one whole."""
    runner, total = session.runner, session.stats.total
    return {
        "stats": [entry.to_dict() for entry in (*stats.sort_stats(session.stats.entries), total)],
        "errors": [error.serialize() for error in session.stats.errors.values()],
        "current_rps": total.current_rps,
        "current_fail_per_sec": total.current_fail_per_sec,
        "total_rps": total.total_rps,
        "total_fail_per_sec": total.total_fail_per_sec,
        "fail_ratio": total.fail_ratio,
        "current_response_time_percentiles": {
            f"response_time_percentile_{percent}": total.get_current_response_time_percentile(percent)
            for percent in CHARTED
        },
        "total_avg_response_time": total.avg_response_time,
        "workers": [
            {
                "id": worker.id,
                "state": worker.state,
                "user_count": worker.user_count,
                "cpu_usage": worker.cpu_usage,
                "memory_usage": worker.memory_usage,
            }
            for worker in runner.clients.values()
        ],
        "worker_count": runner.worker_count,
        # The page asks for no more once it hears of a test that is stopping, and would miss its end.
        "state": STATE_RUNNING if runner.state == STATE_STOPPING else runner.state,
        "user_count": runner.user_count,
    }


def _add_views(app: Flask, session: SessionPlugin) -> None:
    run = Path.cwd().parent

    @app.route("/fastserve")
    def fastserve_page() -> str:
        return session.shown

    @app.route("/fastserve/<table>")
    def fastserve_table(table: str) -> Response:
        if table not in SERVED or not (run / table).is_file():
            abort(404, f"expected one of {', '.join(SERVED)}, there once a trial has ended")
        return Response((run / table).read_bytes(), mimetype=SERVED[table])
