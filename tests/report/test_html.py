"""The page: self-contained, escaped, and with a table behind every chart."""

import re
from dataclasses import replace
from html.parser import HTMLParser

import pytest

from controller.report.html import findings_html
from controller.report.page import day_text, fact_lines
from tests.factories.found import RUNS, found, quick, twelve
from tests.factories.trials import SATURATED, failed, run_of

EVIL = '<script>alert("1")</script>'
VOID = {"meta", "br", "img", "link", "input", "hr"}


class Reader(HTMLParser):
    """Collects tags, checks that they are closed in order, and keeps the visible headings."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.headings: list[str] = []
        self.feed(text)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Open a tag."""
        self.tags.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)
        if tag in {"h1", "h2", "h3"}:
            self.headings.append("")

    def handle_endtag(self, tag: str) -> None:
        """Close the tag that was opened last."""
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        """Collect the text of headings."""
        if {"h1", "h2", "h3"} & set(self.open):
            self.headings[-1] += data


@pytest.mark.parametrize("name", RUNS)
def test_the_page_is_well_formed(name: str) -> None:
    """Every tag is closed in order, and ids are there once."""
    page = Reader(findings_html(found(RUNS[name]())))
    ids = [attributes["id"] for _, attributes in page.tags if "id" in attributes]

    assert len(ids) == len(set(ids))
    assert [tag for tag, _ in page.tags].count("h1") == 1


def test_the_page_asks_for_nothing() -> None:
    """No address, no script, no source: it works from a disk without a network."""
    text = findings_html(found(twelve(), baseline="node-express"))
    page = Reader(text)

    assert not {"script", "link", "img", "iframe", "object"} & {tag for tag, _ in page.tags}
    assert [value for _, attributes in page.tags if (value := attributes.get("href") or attributes.get("src"))] in (
        [],
        ["#remarks"],
    )
    assert "http://" not in text
    assert "https://" not in text
    assert "url(" not in text
    assert "@import" not in text


def test_texts_from_outside_are_escaped() -> None:
    """Names, reasons, evidence, notes, plan and facts are shown as they are, and never run."""
    trials = [
        replace(trial, target=EVIL if trial.target == "a" else trial.target, scenario=EVIL, notes=(EVIL,))
        for trial in run_of({"a": 1000, "b": 2000, "c": 4000})
    ]
    trials[0] = failed(trials[0], EVIL)
    trials[1] = replace(trials[1], doubts=(replace(SATURATED, evidence=EVIL),))
    text = findings_html(found(trials, baseline=EVIL, name=EVIL, question=EVIL, plan_text=EVIL, folder=EVIL))

    assert "<script" not in text
    assert "script" not in {tag for tag, _ in Reader(text).tags}
    assert text.count("&lt;script&gt;") >= 12


def test_headings_name_what_follows() -> None:
    """The plan, each scenario with its parts, and how it was measured."""
    headings = Reader(findings_html(found(quick()))).headings

    assert headings == [
        "quick",
        *(
            heading
            for scenario in ("health", "quote")
            for heading in (
                f"{scenario} · requests per second",
                "CPU a request, by party",
                "Latency by percentile",
                "Throughput over time",
            )
        ),
        "What it costs to run",
        "Failures, doubts and notes",
        "How this was measured",
    ]


def test_every_drawing_has_words() -> None:
    """Each picture has a label, or is hidden from those who cannot see it since its words stand beside it."""
    page = Reader(findings_html(found(twelve(), baseline="node-express")))
    pictures = [attributes for tag, attributes in page.tags if tag == "svg"]

    assert len(pictures) > 100
    assert all(one.get("aria-label") or one.get("aria-hidden") == "true" for one in pictures)


def test_every_trial_has_a_line_in_the_page() -> None:
    """Twelve targets, five scenarios, five blocks: 300 lines of trials."""
    text = findings_html(found(twelve(), baseline="node-express"))

    assert len(re.findall(r"<td>ok</td>", text)) == 300
    assert text.count('class="trace"') == 300


def test_places_are_shared_by_what_cannot_be_told_apart() -> None:
    """One trial: no places at all, and the words."""
    text = findings_html(found(RUNS["one trial each"]()))

    assert "One trial has no spread" in text
    assert "one trial: no spread known" in text
    assert 'class="ci"' not in text


def test_what_shows_a_bound_stands_under_it() -> None:
    """In the row of its target, escaped as any text."""
    trials = [replace(trial, bound="database", evidence="3 < 4 connections in a query") for trial in quick()]

    assert "database<small>3 &lt; 4 connections in a query</small>" in findings_html(found(trials))


def test_failures_and_doubts_stand_in_place() -> None:
    """As a mark in the row and as a chip on top."""
    text = findings_html(found(quick()))

    assert re.search(r'<span class="mark"><span aria-hidden="true">▲</span> generator saturated</span>', text)
    assert "python-fastapi quote, trial 6: python-flask died at second 3 with status 1" in text


def test_facts_are_flat_readable_lines() -> None:
    """Groups are joined, what is not known is left out, bytes have a unit, and the format is for programs."""
    facts = {
        "format": 1,
        "at": "2026",
        "machine": {"cores": 2, "memory_bytes": 25_769_803_776, "governor": None, "allowed": [0, 1]},
        "git": None,
        "deep": {"tool": {"version": "1.2"}, "dirty": False},
    }

    assert list(fact_lines(facts)) == [
        ("machine", "cores 2 · memory 24 GiB · allowed 0, 1"),
        ("deep tool", "version 1.2"),
        ("deep dirty", "no"),
    ]


def test_days_are_readable() -> None:
    """An ISO time becomes a date; anything else stays."""
    assert day_text("2026-11-23T10:00:00.000Z") == "23 Nov 2026, 10:00 UTC"
    assert day_text("yesterday") == "yesterday"
