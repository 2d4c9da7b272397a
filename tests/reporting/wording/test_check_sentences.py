"""Every finding of a check of data in words: title, sentence, what to do; page, terminal and JSON show the same."""

from __future__ import annotations

import io
import json
import re
from typing import get_args

import pytest
from report_factory import HOSTILE, Made, make_run, summarization
from rich.console import Console

from harness.data.checks import DataCheck
from harness.reporting import check_to_json, print_check, render, render_check
from harness.reporting.wording import check_fixes, check_sentences, finding_sentences
from harness.types import DataFinding, FindingCode, FlaggedRow, RowName

CODES: tuple[FindingCode, ...] = get_args(FindingCode)
NUMBERS = {"all": 5000.0, "agreement": 0.9, "tokens": 900.0, "context": 1024.0, "examples": 4.0}
COMMAND = ("bench", "data", "check", "my visits.csv", "--target", "note")


def finding(code: FindingCode, count: int = 3, text: str = "patient_id") -> DataFinding:
    splits = {"train/test": count} if code == "leaks" else {"test": count}
    row = FlaggedRow(
        RowName("test", "t1", "visits.csv:7"),
        excerpt=text,
        value=text,
        expected=text,
        other=RowName("train", text, "visits.csv:3"),
        score=0.9,
    )
    return DataFinding(code, "warns", count, 1000, rows=(row,), splits=splits, values={text: 12}, limits=NUMBERS)


def check(*findings: DataFinding, name: str = "my visits.csv") -> DataCheck:
    sizes = {"train": 800, "validation": 100, "test": 100}
    return DataCheck(name, "summarization", {"input": "dialogue", "target": "note"}, True, False, {"file": name}, sizes, findings, COMMAND)


def test_every_finding_in_words(snapshot) -> None:
    for code in CODES:
        for count in (1, 3):
            one = finding(code, count)
            fix = check_fixes.find_fix(one, check())
            assert finding_sentences.describe(one).endswith(".") and fix.advice.endswith(".")
            assert (check_sentences.title(one), finding_sentences.describe(one), fix.advice, fix.yaml, fix.command) == snapshot


def test_page_terminal_and_json_say_the_same() -> None:
    result = check(*map(finding, CODES))
    file = io.StringIO()
    print_check(result, Console(file=file, width=80))
    page, text = render_check(result), " ".join(file.getvalue().split())
    value = json.loads(json.dumps(check_to_json(result), allow_nan=False))
    for each in value["findings"]:
        assert each["sentence"] in text and each["advice"] in text
        assert each["advice"] in page and each["sentence"].split("'")[0] in page
    assert max(len(line) for line in file.getvalue().splitlines() if "bench data" not in line) <= 80
    assert "<script" not in page and not re.findall(r'(?:src|href)="(?!#)', page)


@pytest.mark.parametrize("code", CODES)
def test_texts_of_the_data_are_obeyed_nowhere(code: FindingCode) -> None:
    result = check(finding(code, text=HOSTILE), name=HOSTILE)
    file = io.StringIO()
    print_check(result, Console(file=file, width=80))
    page = render_check(result)
    assert "<img" not in page and "</script>" not in page
    assert not re.findall("[\x00\x1b\u202e]", page + file.getvalue())


def test_the_report_of_a_run_has_what_its_quick_check_found(tmp_path) -> None:
    hostile = DataFinding("shared_groups", "spoils", 3, 100, splits={"test": 3}, values={HOSTILE: 40})
    run = make_run(tmp_path / "run", [summarization([Made("base", 0.3)], rows=30, data={"findings": (finding("near_leaks"), hostile)})])
    page = render(run)
    assert finding_sentences.describe(finding("near_leaks")) in page
    assert "Spoils results" in page and "<img" not in page
