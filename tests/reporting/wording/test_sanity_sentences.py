"""Every sanity finding as a sentence with its numbers, and the trivial baseline in words."""

from __future__ import annotations

from typing import get_args

import pytest

from harness.decision import SanityCode, SanityFinding
from harness.reporting.wording.decision.sanity_sentences import describe_finding
from harness.reporting.wording.decision.trivial_sentences import trivial_clause

SCORES = {"score": 0.455, "trivial": 0.467, "gain": -0.012, "least": -0.2, "examples": 12.0}
HAM = {"kind": ("majority",), "label": ("ham",), "score": ("macro_f1",), "unit": ("fraction",)}
LEAD = {"kind": ("lead",), "score": ("chrf",), "unit": ("points",)}
SENTENCES = [
    (
        SanityFinding("not_better_than_trivial", "blocks", "lora", SCORES, HAM),
        "LoRA is not better than the trivial baseline, which always answers “ham” (F1, every class equal: 0.455 vs. 0.467).",
    ),
    (
        SanityFinding("not_better_than_trivial", "blocks", "base", {"score": 9.79, "trivial": 46.94, "gain": 0.1}, LEAD),
        "The untuned model is not shown to be better than the trivial baseline, which copies the first sentences of the input "
        "(chrF: 9.8 vs. 46.9).",
    ),
    (
        SanityFinding("not_better_than_trivial", "blocks", "lora", {"score": 0.1}, HAM | {"score": ("mcc",)}),
        "LoRA is not better than the trivial baseline, which always answers “ham”.",
    ),
    (
        SanityFinding("trivial_not_scored", "conditions", "lora", texts={"score": ("tone",)}),
        "LoRA could not be compared with the trivial baseline, for which the score was not computed.",
    ),
    (
        SanityFinding("constant_output", "blocks", "lora", {"constant": 1, "seeds": 1, "examples": 12}, {"label": ("ham",)}),
        "LoRA answers “ham” to every example.",
    ),
    (
        SanityFinding("constant_output", "conditions", "lora", {"constant": 1, "seeds": 3, "examples": 12}),
        "LoRA gives the same answer to every example with 1 of 3 seeds.",
    ),
    (
        SanityFinding("empty_outputs", "blocks", "lora", {"count": 9, "outputs": 10, "share": 0.9}),
        "LoRA writes nothing for 90% of the examples.",
    ),
    (
        SanityFinding("repeats_prompt", "blocks", "base", {"count": 9, "outputs": 12, "share": 0.75}),
        "The untuned model repeats the prompt in 75% of its outputs.",
    ),
    (
        SanityFinding("single_class_test_set", "blocks", numbers={"examples": 12}, texts={"label": ("ham",)}),
        "Every test example has the label “ham”.",
    ),
    (
        SanityFinding(
            "few_examples_per_class", "notes", numbers={"needed": 5, "few": 1, "labels": 4, "fewest": 2}, texts={"labels": ("fraud",)}
        ),
        "1 of 4 classes has fewer than 5 test examples (“fraud”).",
    ),
    (
        SanityFinding(
            "few_examples_per_class",
            "conditions",
            numbers={"needed": 5, "few": 6, "labels": 77, "fewest": 0},
            texts={"labels": tuple("abcdef")},
        ),
        "6 of 77 classes have fewer than 5 test examples (“a”, “b”, “c” and 3 others).",
    ),
    (
        SanityFinding(
            "missed_classes",
            "conditions",
            "lora",
            {"missed": 1, "labels": 4, "recognized": 0, "examples": 38, "seeds": 1},
            {"labels": ("urgent",)},
        ),
        "LoRA recognizes none of the 38 test examples of the class “urgent”.",
    ),
    (
        SanityFinding(
            "missed_classes",
            "conditions",
            "lora",
            {"missed": 1, "labels": 4, "recognized": 2, "examples": 38, "seeds": 3},
            {"labels": ("urgent",)},
        ),
        "LoRA recognizes only 2 of the 38 test examples of the class “urgent” with at least one seed.",
    ),
    (
        SanityFinding(
            "missed_classes",
            "conditions",
            "base",
            {"missed": 2, "labels": 4, "recognized": 0, "examples": 38, "seeds": 1},
            {"labels": ("urgent", "billing")},
        ),
        "The untuned model recognizes at most a tenth of the test examples of 2 of 4 classes (“urgent” and “billing”).",
    ),
    (
        SanityFinding("base_already_solves", "notes", "base", {"score": 0.995, "best": 1.0, "margin": 0.01}),
        "The untuned model leaves less than the accepted margin Δ to gain by training.",
    ),
    (
        SanityFinding("raters_disagree", "conditions", "lora", {"raters": 0.4, "score": 0.05}),
        "LoRA has critical errors in 40% of its outputs according to raters, but in 5% according to the automatic score.",
    ),
]


@pytest.mark.parametrize(("finding", "sentence"), SENTENCES)
def test_finding_as_a_sentence(finding: SanityFinding, sentence: str) -> None:
    assert describe_finding(finding) == sentence


def test_every_finding_has_a_sentence() -> None:
    assert {finding.code for finding, _ in SENTENCES} == set(get_args(SanityCode))


def test_hostile_and_long_labels_stay_short_and_visible() -> None:
    assert trivial_clause("majority", "\u202eevil\x00" + "x" * 500).startswith("always answers “⟦U+202E⟧evil⟦U+0000⟧x")
    assert len(trivial_clause("majority", "x" * 500)) < 80
