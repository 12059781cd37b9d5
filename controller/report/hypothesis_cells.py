"""Hypotheses as people read them: the same words in terminal, Markdown and page."""

from collections.abc import Iterator
from typing import Final

from controller.compare.findings import Findings
from controller.compare.hypotheses import Answer, difference_words
from controller.report.cells import UNKNOWN

HYPOTHESIS_TITLE: Final = "Hypotheses"
HYPOTHESIS_HEADINGS: Final = ("hypothesis", "verdict", "ratio", "asked and found")


def hypothesis_rows(findings: Findings) -> Iterator[tuple[str, str, str, str]]:
    """Yield a row for each hypothesis of the plan, in its order."""
    for answer in findings.hypotheses:
        yield answer.hypothesis.says, answer.verdict.value, _ratio(answer), answer.detail


def _ratio(answer: Answer) -> str:
    """Return the ratio of the pair that decides; a dash where there is none."""
    if answer.deciding is None or answer.deciding.difference.ratio is None:
        return UNKNOWN
    return difference_words(answer.deciding.difference)
