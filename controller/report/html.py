"""The report as one self-contained page: no network, no script, made to be forwarded."""

from functools import cache
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined, Template

from controller.compare.findings import Findings
from controller.report.page import is_heavy, page_of


def findings_html(findings: Findings) -> str:
    """Return the report as an HTML page; texts from outside are escaped."""
    return template("page.html").render(page=page_of(findings), is_heavy=is_heavy) + "\n"


@cache
def template(name: str) -> Template:
    """Return a page's template, which lies beside this module with its style."""
    environment = Environment(
        loader=FileSystemLoader(Path(__file__).parent),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["micro"] = _micro
    return environment.get_template(name)


def _micro(text: str) -> str:
    """Return a duration as a page may write it: a terminal may lack the sign."""
    return text.replace(" us", " \N{MICRO SIGN}s")
