"""Templates hold no words of their own: every heading, label and sentence comes from `harness.reporting.wording`."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

import pytest
from places import ROOT

from harness.reporting.wording import check_sentences, headings, site_sentences
from harness.reporting.wording.lifecycle import watch_sentences

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


@pytest.mark.parametrize("name", ["report.js", "amounts.js", "money.js", "break_even.js"])
def test_the_scripts_of_the_report_have_no_words_of_their_own(name: str) -> None:
    script = (ROOT / "reports" / name).read_text(encoding="utf-8")
    assert not re.findall(r'text(?:Content)?(?::| =) ["`][^"`]*[^\W\d_]', script)


def labels_in(files: Sequence[Path], pattern: str) -> set[str]:
    return {name for file in files for name in re.findall(pattern, file.read_text(encoding="utf-8"))}


def test_every_label_is_used() -> None:
    site = [file for file in TEMPLATES if file.name.startswith("site_")]
    assert labels_in(site, r"\blabels\.(\w+)") <= set(site_sentences.LABELS)
    check = [file for file in TEMPLATES if file.name == "check.html.j2"]
    assert labels_in(check, r"\blabels\.(\w+)") <= set(check_sentences.LABELS)
    watch = [file for file in TEMPLATES if file.name == "watch.html.j2"]
    assert labels_in(watch, r"\blabels\.(\w+)") <= set(watch_sentences.LABELS)
    in_templates = labels_in([file for file in TEMPLATES if file not in (*site, *check, *watch)], r"\blabels\.(\w+)")
    in_code = labels_in(list((ROOT / "harness" / "reporting").rglob("*.py")), r'LABELS\[["\'](\w+)["\']\]')
    assert in_templates <= set(headings.LABELS) <= in_templates | in_code
