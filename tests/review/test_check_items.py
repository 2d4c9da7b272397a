"""Items with known answers are mixed in blind, show how careful each rater is, and never count as results."""

from __future__ import annotations

import csv
import json
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from raters import Export, page_file, rating

from harness.api import review_export, review_status
from harness.errors import BenchError
from harness.reporting.wording import review_sentences
from harness.review import ExportedPacket, import_files
from harness.review.packets import CheckItem, load_item_texts
from harness.store import StoredRun


def answer(exported: ExportedPacket, careless: str = "") -> list[dict[str, Any]]:
    """All checks answered right but by one rater, who answers A or "none"; every other item is a tie or has no error."""
    ratings = []
    for item in exported.packet.items:
        check = exported.key.checks.get(item.id)
        if exported.packet.mode == "pairwise":
            right = check.accepted["preference"][0] if check else "tie"
            ratings.append(rating(item.id, {"preference": "A" if item.rater == careless else right}))
        else:
            right = check.accepted["severity"][-1] if check else "none"
            ratings.append(rating(item.id, {"severity": "none" if item.rater == careless else right}))
    return ratings


def bring_back(run: StoredRun, exported: ExportedPacket, folder: Path, careless: str = "") -> None:
    ratings = answer(exported, careless)
    summaries = import_files(run, [page_file(folder, exported.packet, rater, ratings) for rater in exported.packet.raters])
    assert not any(summary.rejected for summary in summaries)


def test_attention_checks_compare_references_and_never_count(export: Export, run: StoredRun, tmp_path: Path) -> None:
    exported = export(raters="anna,ben", attention=10, repeats=0)
    references = {example.id: example.targets[0] for example in run.examples("summarization")}
    inputs = {tuple(example.inputs.items()): example for example in run.examples("summarization")}
    checks = exported.key.checks
    for rater in ("anna", "ben"):
        own = [checks[item.id] for item in exported.packet.items if item.rater == rater and item.id in checks]
        assert len(own) == 10 and Counter(check.accepted["preference"] for check in own) == {("A",): 5, ("B",): 5}, "sides are balanced"
    for check in checks.values():
        example = inputs[tuple(check.inputs.items())]
        right = "AB".index(check.accepted["preference"][0])
        assert check.outputs[right] == references[example.id] != check.outputs[1 - right]
        assert check.outputs[1 - right] in references.values()
        assert example.id not in exported.key.inclusion_probabilities, "an example that is rated does not show its reference"
    texts = load_item_texts(run, exported.packet, exported.key)
    assert all(len(items) == 22 for items in texts.values())
    positions = [k for k, item in enumerate(texts["anna"]) if item.id in checks]
    assert positions != list(range(positions[0], positions[0] + 10)), "mixed among the others"
    bring_back(run, exported, tmp_path, careless="ben")
    (findings,) = review_status(run.path)
    (preference,) = findings.preferences
    assert (preference.ties, preference.wins + preference.losses, findings.items, findings.rated_items) == (12, 12, 24, 24)
    anna, ben = findings.raters
    assert (anna.rated, anna.items, anna.checks, anna.checks_passed) == (22, 22, 10, 10) and not anna.is_careless
    assert (ben.checks, ben.checks_passed) == (10, 5) and ben.is_careless and ben.checks_high == pytest.approx(0.813, abs=0.001)
    assert "ben answered 5 of 10 (95% CI 19–81%) right" in " ".join(review_sentences.about_raters(findings))


def test_attention_checks_of_errors_ask_for_both_verdicts(export: Export, run: StoredRun, tmp_path: Path) -> None:
    exported = export(strategies=("lora",), mode="errors", attention=6, repeats=0)
    accepted = Counter(check.accepted["severity"] for check in exported.key.checks.values())
    assert accepted == {("none", "minor"): 3, ("minor", "critical"): 3}
    bring_back(run, exported, tmp_path, careless="rater-1")
    (findings,) = review_status(run.path)
    assert (findings.raters[0].checks_passed, findings.error_rates[0].critical.n) == (3, 12)


def test_attention_checks_that_cannot_be_made(export: Export) -> None:
    for more, message in (
        ({"attention": 2, "mode": "scales", "strategies": ("lora",)}, r"attention=2: is not for mode=\"scales\""),
        ({"attention": 70}, r"attention=70: only 60 test examples can be used"),
        ({"attention": -1}, r"attention=\"-1\": must be 0 or greater"),
    ):
        with pytest.raises(BenchError, match=message):
            export(**more)


def write_gold(folder: Path, *rows: dict[str, str], name: str = "gold.csv") -> Path:
    path = folder / name
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
    return path


@pytest.fixture
def input_name(run: StoredRun) -> str:
    return next(iter(run.examples("summarization")[0].inputs))


def test_gold_items_look_like_the_others(export: Export, run: StoredRun, input_name: str, tmp_path: Path) -> None:
    row = {f"input: {input_name}": "50 mg for Ms. Rossi", "output A": "Ms. Rossi takes 50 mg", "output B": "=500 mg <b>", "preference": "a"}
    exported = export(
        raters=2, gold=write_gold(tmp_path, row, row | {"preference": "A|tie"}), formats=["html", "csv", "xlsx", "label-studio"]
    )
    assert Counter(check.kind for check in exported.key.checks.values()) == {"gold": 4}
    for check in exported.key.checks.values():
        assert check.outputs.index("Ms. Rossi takes 50 mg") == "AB".index(check.accepted["preference"][0])
    rows = list(csv.DictReader(exported.files[2].read_text("utf-8-sig").splitlines()))
    (item, *_) = [each for each in rows if each[f"input: {input_name}"] == "50 mg for Ms. Rossi"]
    assert item["preference"] == "" and len({len(each["item"]) for each in rows}) == 1
    assert "gold" not in exported.files[2].read_text("utf-8-sig")
    bring_back(run, exported, tmp_path)
    (findings,) = review_status(run.path)
    assert [rater.checks_passed for rater in findings.raters] == [2, 2]
    anonymized = export(seed=3, gold=write_gold(tmp_path, row), anonymize=True, formats=["csv"])
    assert "Rossi" not in anonymized.files[0].read_text("utf-8-sig")


def test_gold_items_may_be_lines_of_json_with_several_questions(run: StoredRun, input_name: str, tmp_path: Path) -> None:
    scale = run.plan.tasks["summarization"].review.scales[0]
    path = tmp_path / "gold.jsonl"
    path.write_text(json.dumps({input_name: "x", "output": "y", scale.name: scale.answers[0].upper(), "reference": "z"}) + "\n")
    exported = review_export(run.path, ("lora",), mode="scales", n=5, gold=path, with_reference=True)
    (check,) = exported.key.checks.values()
    assert check == CheckItem("gold", {input_name: "x"}, ("z",), ("y",), {scale.name: (scale.answers[0],)})


def test_gold_items_that_cannot_be_used(export: Export, input_name: str, tmp_path: Path) -> None:
    row = {input_name: "x", "output A": "good", "output B": "bad", "preference": "A"}
    cases: list[tuple[dict[str, str], dict[str, Any], str]] = [
        ({"preference": "C"}, {}, r"gold\.csv:2: preference: 'C' is not one of A, B, tie, both bad"),
        ({"preference": " "}, {}, r"gold\.csv:2: has no right answer\. Write it into the column 'preference'"),
        ({}, {"with_reference": True}, r"gold\.csv:2: has no column 'reference'"),
        ({}, {"mode": "errors"}, r"gold\.csv:2: has no column 'output'"),
        ({"output A": "x" * 200_001}, {}, r"gold\.csv:2: 'output A' has 200,001 characters"),
    ]
    for change, more, message in cases:
        with pytest.raises(BenchError, match=message):
            export(gold=write_gold(tmp_path, row | change), **more)
    empty = tmp_path / "empty.csv"
    empty.write_text(",".join(row) + "\n")
    with pytest.raises(BenchError, match=r"empty\.csv: .*no rows"):
        export(gold=empty)
