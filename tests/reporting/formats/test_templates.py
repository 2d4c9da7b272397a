"""Templates hold no words of their own: every heading, label and sentence comes from `harness.reporting.wording`."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from places import ROOT

from harness.reporting.wording import headings

TEMPLATES = sorted(file for file in (ROOT / "reports").glob("*.html.j2") if file.name != "review.html.j2")


def literal_text(template: str) -> str:
    """What a template prints itself: without Jinja, without tags, without what browsers alone read."""
    text = re.sub(r"\{#.*?#\}|\{%.*?%\}|\{\{.*?\}\}", " ", template, flags=re.DOTALL)
    return " ".join(re.sub(r"<[^>]*>", " ", text).split())


@pytest.mark.parametrize("file", TEMPLATES, ids=lambda file: file.name)
def test_a_template_has_no_words_of_its_own(file: Path) -> None:
    template = file.read_text(encoding="utf-8")
    assert not re.findall(r"[^\W\d_]{2,}", literal_text(template)), literal_text(template)
    assert not re.findall(r'(?:aria-label|title|placeholder|alt)="[^"{]*[^\W\d_]', template)


def test_the_script_of_the_report_has_no_words_of_its_own() -> None:
    script = (ROOT / "reports" / "report.js").read_text(encoding="utf-8")
    assert not re.findall(r'text: ["`][^"`]*[^\W\d_]', script)


def test_every_label_is_used() -> None:
    used = {name for file in TEMPLATES for name in re.findall(r"\blabels\.(\w+)", file.read_text(encoding="utf-8"))}
    used |= {
        name
        for file in (ROOT / "harness" / "reporting").rglob("*.py")
        for name in re.findall(r'LABELS\[["\'](\w+)["\']\]', file.read_text())
    }
    assert used == set(headings.LABELS)
