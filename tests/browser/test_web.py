"""Locust's page and ours beside it, as somebody sees them who loads a server by hand, in a real Chromium."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, sync_playwright
from playwright.sync_api import Page as Tab

from controller.store.journal import read_trials
from tests.browser.chromium import QUIET
from tests.e2e.command import WENT_WELL, Machine, rows_of, until
from tests.e2e.pages import Page, page_of, shown_as_stored
from tests.e2e.project import add_plan, add_server, new_project
from tests.e2e.test_leaving import left_of
from tests.needs import require

WITHIN_MS = 60_000
# What Locust's table calls its columns, and what trials.csv calls the same.
COLUMNS = {
    "50%ile (ms)": "latency_p50_ms",
    "95%ile (ms)": "latency_p95_ms",
    "99%ile (ms)": "latency_p99_ms",
    "99.9%ile (ms)": "latency_p999_ms",
    "Max (ms)": "latency_max_ms",
}
OURS = {
    "p50": "latency_p50_ms",
    "p90": "latency_p90_ms",
    "p95": "latency_p95_ms",
    "p99": "latency_p99_ms",
    "p99.9": "latency_p999_ms",
    "max": "latency_max_ms",
}


@pytest.fixture
def page(tmp_path: Path) -> Iterator[Page]:
    """A session with two servers."""
    require("chromium")
    project = new_project(tmp_path / "project")
    for name in ("one", "two"):
        add_server(project, name)
    add_plan(project, "small", "one", "two", more='\n[scenarios.quote]\nrequests = [{ get = "/api/db" }]\n')
    with page_of(Machine(folder=tmp_path), project, "--plan", "small") as page:
        yield page


@pytest.fixture
def browser() -> Iterator[Browser]:
    """A Chromium of its own."""
    require("chromium")
    with sync_playwright() as playwright:
        found = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=list(QUIET))
        yield found
        found.close()


def opened(browser: Browser, url: str, *, width: int = 1280) -> Tab:
    """Open a page of this machine; anything else is not asked for."""
    tab = browser.new_page(viewport={"width": width, "height": 900})
    tab.set_default_timeout(WITHIN_MS)
    tab.route("**/*", lambda route: route.continue_() if "//127.0.0.1" in route.request.url else route.abort())
    tab.goto(url)
    return tab


def start(tab: Tab, target: str, scenario: str, *, users: int) -> None:
    """Fill in Locust's form and press its button."""
    tab.select_option("select[name=target]", target)
    tab.select_option("select[name=scenario]", scenario)
    tab.fill("input[name=userCount]", str(users))
    tab.click("button[type=submit]")
    tab.get_by_role("button", name="Stop").wait_for()


def stop(tab: Tab) -> None:
    """Press Stop and wait until the page says that it did."""
    tab.get_by_role("button", name="Stop").click()
    tab.get_by_role("button", name="New").wait_for()


def line(tab: Tab) -> dict[str, str]:
    """Return the table's line of all requests together, by the names of its columns."""
    heads = [text.strip() for text in tab.locator("thead th").all_inner_texts()]
    cells = [text.strip() for text in tab.locator("tbody tr").last.locator("td").all_inner_texts()]
    return dict(zip(heads, cells, strict=True))


def is_as_stored(tab: Tab, run: Path, number: int) -> None:
    """Hold Locust's table, as it stands on the page, to trials.csv."""
    row = next(row for row in rows_of(run / "trials.csv") if row["trial"] == str(number) and row["endpoint"] == "*")
    shown = line(tab)
    assert (shown["# Requests"], shown["# Fails"]) == (row["requests"], row["failures"])
    assert {head: float(shown[head]) for head in COLUMNS} == {head: float(row[name]) for head, name in COLUMNS.items()}
    # The servers answer in less than a millisecond: rounded to whole ones this would be 0 or 1.
    assert 0 < float(shown["50%ile (ms)"]) != round(float(shown["50%ile (ms)"]))


def test_a_session_by_hand(page: Page, browser: Browser) -> None:
    """Choose, start, change users, stop, start another: what is shown is what is stored, to the microsecond."""
    tab = opened(browser, page.url)
    start(tab, "one", "health", users=1)
    page.wait_until_measured()
    tab.get_by_role("button", name="Edit").click()
    tab.fill("input[name=userCount]", "2")
    tab.get_by_role("button", name="Update").click()
    until(lambda: page.numbers["user_count"] == 2)
    page.wait_until_measured(4)
    stop(tab)
    is_as_stored(tab, page.run, 1)
    shown_as_stored(page.numbers["stats"][-1], page.run)

    tab.get_by_role("button", name="New").click()
    start(tab, "two", "quote", users=2)
    page.wait_until_measured(3)
    stop(tab)
    assert "/api/db" in tab.locator("tbody").inner_text()
    is_as_stored(tab, page.run, 2)

    tab.get_by_role("button", name="Reset").click()
    until(lambda: line(tab)["# Requests"] == "0")
    assert page.end() in WENT_WELL, page.said
    assert [(trial.target, trial.scenario) for trial in read_trials(page.run)] == [("one", "health"), ("two", "quote")]
    assert left_of(page.run.name) == []


def test_our_own_page(page: Page, browser: Browser) -> None:
    """The link leads to every trial so far: the one that runs as it goes on, and then the numbers of trials.csv."""
    tab = opened(browser, page.url)
    with tab.expect_popup() as popup:
        tab.click("#fastserve-link")
    ours = popup.value
    ours.get_by_text("No trial has been started yet").wait_for()
    start(tab, "one", "health", users=2)
    ours.get_by_text("measuring").wait_for(timeout=WITHIN_MS)
    requests = ours.locator("[data-name=requests]")
    before = requests.inner_text()
    until(lambda: requests.inner_text() != before)
    stop(tab)
    ours.get_by_text("s measured").wait_for(timeout=WITHIN_MS)

    row = rows_of(page.run / "trials.csv")[0]
    shown = {name: ours.locator(f"[data-name='{name}']").inner_text().split()[0] for name in OURS}
    assert {name: float(text) for name, text in shown.items()} == {name: float(row[OURS[name]]) for name in OURS}
    server = float(ours.locator("[data-name=server]").inner_text().split()[0].replace(",", ""))
    assert server == pytest.approx(float(row["server_cpu_us_per_request"]), rel=0.01)
    assert ours.get_by_role("link", name="trials.csv").get_attribute("href") == "/fastserve/trials.csv"
    assert page.get("/fastserve/trials.csv") == (page.run / "trials.csv").read_text()
    page.end()
    ours.get_by_text("The session has ended").wait_for(timeout=WITHIN_MS)


@pytest.mark.parametrize("width", [380, 1180])
def test_our_page_fits(page: Page, browser: Browser, width: int) -> None:
    """On a phone and on a desk nothing is wider than the page, and no number runs out of its place."""
    page.start("one")
    page.wait_until_measured()
    page.post("/stop")
    ours = opened(browser, f"{page.url}/fastserve", width=width)
    ours.get_by_text("s measured").wait_for()

    assert ours.evaluate("document.documentElement.scrollWidth") <= width
    assert (
        ours.evaluate("[...document.querySelectorAll('dd')].filter((one) => one.scrollWidth > one.clientWidth)") == []
    )
    page.end()


def test_a_rate_is_asked_for_where_it_means_something(page: Page, browser: Browser) -> None:
    """Only the open model has a rate; what was asked for stands on our page, and about as many requests came."""
    tab = opened(browser, page.url)
    rate = tab.locator("input[name=rate]")
    assert not rate.is_visible()
    tab.select_option("select[name=model]", "open")
    rate.fill("250")
    start(tab, "one", "health", users=4)
    page.wait_until_measured(3)
    stop(tab)
    until(lambda: "4 users, 250/s offered" in page.get("/fastserve"))
    shown_as_stored(page.numbers["stats"][-1], page.run)
    page.end()


def test_the_page_says_what_is_refused(page: Page, browser: Browser) -> None:
    """A number of users that cannot be is refused beside the button, and the form stays."""
    tab = opened(browser, page.url)
    tab.fill("input[name=userCount]", "0")
    tab.click("button[type=submit]")
    tab.get_by_text("in_flight: expected").wait_for()
    assert tab.get_by_role("button", name="Start").is_visible()
    page.end()
