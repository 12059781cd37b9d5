"""The room that turns findings into what people and programs read; a format is a function and a line here."""

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Final

from controller.compare.findings import Findings
from controller.report.html import findings_html
from controller.report.json_form import findings_json
from controller.report.markdown import findings_markdown
from controller.report.tables import comparison_csv
from controller.report.text import findings_text

REPORTS: Final[Mapping[str, Callable[[Findings], str]]] = MappingProxyType(
    {
        "text": findings_text,
        "markdown": findings_markdown,
        "csv": comparison_csv,
        "json": findings_json,
        "html": findings_html,
    }
)
