"""The rules of /metrics: Prometheus text, by a strict reading, that counts what was answered."""

import re
import time
from collections.abc import Iterator, Mapping
from typing import Final

from controller.plan.contract import shown
from controller.plan.routes import HEALTH, METRICS
from controller.stack.contract_visit import OK, Finding, Visit

COUNTED_REQUESTS: Final = 10
# Some exporters count an answer after its last byte has left.
_COUNTED_WITHIN_S: Final = 2.0
_SETTLED_S: Final = 0.3
_LOOK_EVERY_S: Final = 0.05

_NAME: Final = r"[a-zA-Z_:][a-zA-Z0-9_:]*"
_LABEL: Final = r'[a-zA-Z_][a-zA-Z0-9_]*="(?:[^"\\\n]|\\["\\n])*"'
_NUMBER: Final = r"(?:[+-]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]+)?|NaN|[+-]?Inf)"
_SAMPLE: Final = re.compile(
    rf"(?P<series>{_NAME}(?:\{{(?:{_LABEL}(?:,{_LABEL})*,?)?\}})?)[ \t]+(?P<value>{_NUMBER})(?:[ \t]+-?[0-9]+)?"
)
_TYPE: Final = re.compile(rf"# TYPE {_NAME} (?:counter|gauge|histogram|summary|untyped)")
_HELP: Final = re.compile(rf"# HELP {_NAME}(?: .*)?")
_OTHER_COMMENT: Final = re.compile(r"#(?!\s*(?:TYPE|HELP)\b).*")


def metrics_count(visit: Visit) -> Iterator[Finding]:
    """With METRICS=full /metrics is Prometheus text, and one of its samples counts the answers of a route."""
    if visit.settings.metrics != "full":
        return
    # What was asked before may still be on its way into the counts.
    time.sleep(_SETTLED_S)
    text = _scraped(visit)
    if text is None:
        # Its status is looked at with the other paths.
        return
    if (line := broken_line(text)) is not None:
        yield Finding(route=f"GET {METRICS}", expected="Prometheus text", found=line)
        return
    before = samples_of(text)
    for _ in range(COUNTED_REQUESTS):
        visit.client.ask(HEALTH)
    if (grown := _grown(visit, before)) != COUNTED_REQUESTS:
        expected = f"a sample that names {HEALTH} to grow by {COUNTED_REQUESTS} with as many requests"
        found = "no sample that names it" if grown is None else f"growth by {grown:g}"
        yield Finding(route=f"GET {METRICS}", expected=expected, found=found)


def broken_line(text: str) -> str | None:
    """Return the first line that is not of the Prometheus text format, shortened; None where all are."""
    if text and not text.endswith("\n"):
        return "a last line without its end"
    for line in text.split("\n"):
        if line and not any(form.fullmatch(line) for form in (_SAMPLE, _TYPE, _HELP, _OTHER_COMMENT)):
            return shown(line.encode())
    return None


def samples_of(text: str) -> dict[str, float]:
    """Return the value of each series, by its name and labels as written."""
    found = filter(None, map(_SAMPLE.fullmatch, text.split("\n")))
    return {sample["series"]: float(sample["value"]) for sample in found}


def _scraped(visit: Visit) -> str | None:
    answer = visit.client.ask(METRICS)
    return answer.body.decode("utf-8", errors="replace") if answer.status == OK else None


def _grown(visit: Visit, before: Mapping[str, float]) -> float | None:
    """Return by how much a sample of the health route grew: as expected where some did, else the most; None without."""
    until_s = time.monotonic() + _COUNTED_WITHIN_S
    while True:
        after = samples_of(_scraped(visit) or "")
        growths = [value - before.get(name, 0.0) for name, value in after.items() if f'"{HEALTH}"' in name]
        if COUNTED_REQUESTS in growths:
            return float(COUNTED_REQUESTS)
        if time.monotonic() > until_s:
            return max(growths, default=None)
        time.sleep(_LOOK_EVERY_S)
