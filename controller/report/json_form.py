"""The report for programs: the answers in words and the tables, as one JSON document."""

import json
from dataclasses import asdict
from typing import Any

from controller.compare.compression import compression_text
from controller.compare.effect_words import interactions_text
from controller.compare.findings import Findings
from controller.compare.ranking import Ranking
from controller.compare.words import answer, remark
from controller.report.columns import TABLES
from controller.report.limit_text import limit_lines


def findings_json(findings: Findings) -> str:
    """Return the report as JSON, two spaces deep; what is not known is null. Ends with a newline."""
    document = {
        "run_id": findings.run_id,
        "name": findings.name,
        "question": findings.question,
        "baseline": findings.baseline,
        "rankings": [_ranking(ranking) for ranking in findings.rankings],
        "interactions": [
            {"scenario": one.scenario, "text": text} for one in findings.interactions for text in interactions_text(one)
        ],
        "slos": limit_lines(findings.slos),
        "compressions": [{**asdict(one), "text": compression_text(one)} for one in findings.compressions],
        "remarks": [
            {"severity": one.severity.value, "where": one.where, "text": one.text, "remedy": one.remedy}
            for one in findings.remarks
        ],
        **{table.removesuffix(".csv"): list(rows(findings)) for table, (_, rows) in TABLES.items()},
        "facts": dict(findings.facts),
    }
    return json.dumps(document, indent=2, ensure_ascii=False, allow_nan=False) + "\n"


def _ranking(ranking: Ranking) -> dict[str, Any]:
    """Return one scenario's answer and places."""
    return {
        "scenario": ranking.scenario,
        "variant": ranking.variant,
        "answer": answer(ranking),
        "remark": remark(ranking),
        "places": [
            {"target": place.target, "first": place.first, "last": place.last, "reason": place.reason}
            for place in ranking.places
        ],
    }
