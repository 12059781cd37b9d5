"""The report in a real browser."""

import json
import re
from html import unescape
from pathlib import Path

import pytest

from controller.report.html import findings_html
from tests.browser.chromium import chromium, console_errors
from tests.factories.found import RUNS, found, twelve
from tests.needs import require

# Finds text that leaves the page's width or, in a picture, runs into another; the page's own policy allows no script,
# so this copy of it has none.
MEASURE = """
<script>
const box = (one) => { const r = one.getBoundingClientRect(); return [r.left, r.top, r.right, r.bottom]; };
const shared = (a, b, from, to) => Math.min(a[to], b[to]) - Math.max(a[from], b[from]);
const meet = (a, b) => shared(a, b, 0, 2) > 1 && shared(a, b, 1, 3) > 3;
const overlaps = [];
for (const svg of document.querySelectorAll("svg")) {
  const texts = [...svg.querySelectorAll("text")];
  texts.forEach((a, n) => texts.slice(n + 1).forEach((b) => {
    if (meet(box(a), box(b))) overlaps.push(`${a.textContent} | ${b.textContent}`);
  }));
}
const outside = [...document.querySelectorAll(".chart text, .panel text")].filter((one) =>
  box(one)[0] < box(one.closest("svg"))[0] - 2 || box(one)[2] > window.innerWidth).map((one) => one.textContent);
const heights = [...document.querySelectorAll("svg text")].map((one) => box(one)[3] - box(one)[1]).filter(Boolean);
const shown = { wide: document.documentElement.scrollWidth, view: window.innerWidth, overlaps, outside,
  least: Math.min(...heights) };
document.title = JSON.stringify(shown);
</script>
"""


def opened(tmp_path: Path, text: str, *, width: int) -> dict[str, object]:
    """Return what the browser measured of a page at this width."""
    page = tmp_path / "page.html"
    page.write_text(
        re.sub(r"<meta http-equiv[^>]*>", "", text).replace("</body>", f"{MEASURE}</body>"), encoding="utf-8"
    )
    frame = tmp_path / "frame.html"
    # A window is never narrower than 500 pixels; a frame is.
    frame.write_text(
        f'<body style="margin:0"><iframe src="page.html" style="width:{width}px;height:3000px;border:0"></iframe>'
        '<script>setTimeout(() => { document.body.dataset.found = document.querySelector("iframe")'
        ".contentDocument.title; }, 1500)</script>",
        encoding="utf-8",
    )
    options = ("--dump-dom", "--allow-file-access-from-files", "--virtual-time-budget=4000", "--window-size=1400,3000")
    done = chromium(frame, *options, profile=tmp_path / "profile")
    return json.loads(unescape(re.search(r'data-found="([^"]*)"', done.stdout)[1]))


@pytest.mark.parametrize("name", RUNS)
def test_a_browser_shows_the_page_without_complaint(tmp_path: Path, name: str) -> None:
    """Headings are there, and the page logs nothing: no error, nothing blocked, nothing asked for."""
    require("chromium")
    page = tmp_path / "report.html"
    page.write_text(findings_html(found(RUNS[name]())), encoding="utf-8")

    done = chromium(page, "--dump-dom", profile=tmp_path / "profile")

    assert "How this was measured</h2>" in done.stdout
    assert console_errors(done) == []


@pytest.mark.parametrize("width", [1180, 960, 760, 380])
def test_labels_do_not_overlap_and_nothing_is_wider_than_the_page(tmp_path: Path, width: int) -> None:
    """Twelve targets in five scenarios, on a desk, on a tablet either way and on a phone."""
    require("chromium")
    measured = opened(tmp_path, findings_html(found(twelve(), baseline="node-express")), width=width)

    assert measured["overlaps"] == []
    assert measured["outside"] == []
    assert measured["wide"] <= measured["view"] == width
    assert measured["least"] > 9


@pytest.mark.parametrize("width", [1180, 760, 380])
def test_what_factors_do_fits(tmp_path: Path, width: int) -> None:
    """Drawings, numbers and labels of every level at every target, on a desk, a tablet and a phone."""
    require("chromium")
    text = findings_html(found(RUNS["factors on shared cores"](), baseline="go-fiber"))
    # Its rankings of every variant are as those of any run.
    text = re.sub(r'<section aria-labelledby="s\d+" class="scenario">.*?</section>', "", text, flags=re.DOTALL)
    measured = opened(tmp_path, text, width=width)

    assert "What tuning does" in text
    assert measured["overlaps"] == []
    assert measured["outside"] == []
    assert measured["wide"] <= measured["view"] == width
    # Where the heads of tables are hidden, so are their scales, and there is no text in any drawing.
    assert measured["least"] is None or measured["least"] > 9


def test_long_names_fit_on_a_phone(tmp_path: Path) -> None:
    """Names of 64 characters break instead of pushing the page aside."""
    require("chromium")
    measured = opened(tmp_path, findings_html(found(RUNS["long names"](), baseline="a" * 64)), width=380)

    assert measured["overlaps"] == []
    assert measured["outside"] == []
    assert measured["wide"] <= measured["view"]
