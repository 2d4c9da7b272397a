"""BLEU, chrF and TER equal the corpus scores of sacrebleu, and can be resampled."""

from __future__ import annotations

import csv
import random
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pytest
import sacrebleu
from hypothesis import given, settings
from hypothesis import strategies as st
from places import SHARED

from harness.metrics import BOUNDS, metrics_for
from harness.statistics import compare_scores, compute_scores, statistic_stack
from harness.types import Example, Metric, Prediction

DATA = SHARED / "data"
Oracle = Callable[[Sequence[str], Sequence[Sequence[str | None]]], Any]
ORACLES: dict[str, Oracle] = {"bleu": sacrebleu.corpus_bleu, "chrf": sacrebleu.corpus_chrf, "ter": sacrebleu.corpus_ter}
SCORERS = {"bleu": sacrebleu.BLEU, "chrf": sacrebleu.CHRF, "ter": sacrebleu.TER}
Row = tuple[str, tuple[str, ...]]  # output, references


def metric_of(name: str) -> Metric:
    (metric,) = metrics_for([name], [])
    return metric


def streams(rows: Sequence[Row]) -> list[list[str | None]]:
    """sacrebleu's own form: a stream for the first references, one for the second, …, None where a row has none."""
    most = max(len(targets) for _, targets in rows)
    return [[targets[k] if k < len(targets) else None for _, targets in rows] for k in range(most)]


def ours(name: str, rows: Sequence[Row]) -> float:
    metric = metric_of(name)
    stats = [metric.per_example(Example(str(i), {}, targets), Prediction(str(i), output)) for i, (output, targets) in enumerate(rows)]
    return float(metric.aggregate(np.sum(np.array(stats), axis=0), np.array(float(len(rows)))))


def assert_equal(name: str, rows: Sequence[Row]) -> None:
    expected = ORACLES[name]([output for output, _ in rows], streams(rows)).score
    assert ours(name, rows) == pytest.approx(expected, abs=1e-9), rows


TEXT = """the a patient takes 12 mg 12mg of ibuprofen, it's e.g. naïve Ärztin 疼痛 — ... ß İ &amp; <unk> "quoted" (so) 3,000
well-known ."""
WORDS = TEXT.split()
LONG = " ".join(random.Random(5).choices(WORDS, k=1000))
CASES: dict[str, list[Row]] = {
    "one row": [("the patient takes 12 mg daily", ("the patient takes 10 mg daily",))],
    "perfect": [("the patient takes 12 mg daily", ("the patient takes 12 mg daily",))] * 3,
    "nothing shared": [("one two three four", ("five six seven eight",))] * 2,
    "no 4-gram shared": [("one two three x four", ("one two three y four",))],
    "empty output": [("", ("a b c d",)), ("a b c d e", ("a b c d f",))],
    "all outputs empty": [("", ("a b c d",)), (" \n", ("e",))],
    "shorter than a 4-gram": [("a b", ("a b",)), ("c", ("c",))],
    "several references": [("a b c d e", ("a b c d", "a b x d e", "q")), ("q r s t", ("q r s", "r s t u"))],
    "ragged references": [("a b c d e", ("a b c d",)), ("q r s t", ("q r s", "r s t u", "q r s t")), ("x", ("x y", "y"))],
    "an empty reference": [("a b c d e", ("", "a b c d e f g h")), ("x y", ("",))],
    "only empty references": [("x y", ("",)), ("", ("",))],
    "case and punctuation": [("Hello, World!", ("hello world",)), ("It's 3,000.", ("It 's 3 , 000 .",))],
    "white space": [(" a  b\tc\nd ", ("a b c d",)), ("a\r\nb", ("a b",))],
    "Unicode": [("疼痛 und Ärztin — İstanbul", ("疼痛 und Arztin — istanbul",)), ("😀 ß", ("😀 SS",))],
    "no words": [("...", ("?!",)), ("—", ("—",))],
    "moved words": [("c d a b e f g h", ("a b c d e f g h",))],
    "longer than the reference": [("a b c d e f g h i j", ("a b",))],
}  # fmt: skip


@pytest.mark.parametrize("name", ORACLES)
@pytest.mark.parametrize("case", CASES)
def test_equal_to_sacrebleu(name: str, case: str) -> None:
    assert_equal(name, CASES[case])


@pytest.mark.parametrize("name", ORACLES)
def test_equal_to_sacrebleu_on_a_thousand_words(name: str) -> None:
    changed = LONG.split()
    for i in range(0, 1000, 97):
        changed[i] = "changed"
    assert_equal(name, [(LONG, (" ".join(changed),)), ("short", ("short one",))])


@pytest.mark.parametrize("name", ORACLES)
def test_equal_to_sacrebleu_on_random_texts(name: str) -> None:
    rng = random.Random(name)
    for _ in range(40):
        rows = []
        for _ in range(rng.randint(1, 12)):
            target = rng.choices(WORDS, k=rng.randint(0, 18))
            output = [word for word in target if rng.random() < 0.8] + rng.choices(WORDS, k=rng.randint(0, 4))
            more = [" ".join(rng.sample(target, len(target))) for _ in range(rng.choice([0, 0, 1, 3]))]
            rows.append((" ".join(output), (" ".join(target), *more)))
        assert_equal(name, rows)


words = st.text(alphabet="ab c.,é\n", max_size=25)


@given(st.lists(st.tuples(words, st.lists(words, min_size=1, max_size=3).map(tuple)), min_size=1, max_size=4))
@settings(max_examples=150, deadline=None)
def test_any_text(rows: list[Row]) -> None:
    for name in ORACLES:
        assert_equal(name, rows)


@pytest.mark.skipif(not DATA.is_dir(), reason="needs ../shared/data/e2e-cleaned")
@pytest.mark.parametrize("name", ORACLES)
def test_restaurants_with_many_references(name: str) -> None:
    with (DATA / "e2e-cleaned" / "devel-fixed.no-ol.csv").open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    references: dict[str, list[str]] = {}
    for row in rows:
        references.setdefault(row["mr"], []).append(row["ref"])
    chosen = [(mr, refs) for mr, refs in references.items() if len(refs) > 1][:40]
    outputs = [(refs[-1] if i % 3 else mr.replace("[", " is ").replace("]", ""), tuple(refs[:-1])) for i, (mr, refs) in enumerate(chosen)]
    assert len({len(refs) for _, refs in outputs}) > 2, "a ragged case"
    assert_equal(name, outputs)


@pytest.mark.parametrize("name", ORACLES)
def test_signature_is_that_of_sacrebleu(name: str) -> None:
    scorer = SCORERS[name]()
    rows = CASES["ragged references"]
    scorer.corpus_score([output for output, _ in rows], streams(rows))
    assert metric_of(name).signature == f"{name}|{scorer.get_signature()}|bench:1"
    assert "nrefs:var|" in metric_of(name).signature


@pytest.mark.parametrize("name", ORACLES)
def test_many_resamples_are_aggregated_in_one_call(name: str) -> None:
    metric = metric_of(name)
    rows = [row for case in CASES.values() for row in case]
    stats = np.array([metric.per_example(Example("1", {}, targets), Prediction("1", output)) for output, targets in rows])
    rng = np.random.default_rng(0)
    drawn = rng.integers(len(rows), size=(2, 50, 3))  # three rows at once: empty totals and zero matches do occur
    totals = stats[drawn].sum(axis=2)
    at_once = metric.aggregate(totals, np.full((2, 50), 3.0))
    assert at_once.shape == (2, 50)
    for place in np.ndindex(2, 50):
        assert_equal(name, [rows[i] for i in drawn[place]])
        assert at_once[place] == pytest.approx(ours(name, [rows[i] for i in drawn[place]]), abs=1e-9)
    assert np.isfinite(at_once).all()


def made(share: float, rng: random.Random, n: int = 120) -> tuple[list[Example], list[Prediction], list[Prediction]]:
    """Examples; an output that is right but for a `share` of its words; one that is wholly right on some more rows."""
    examples, worse, better = [], [], []
    for i in range(n):
        target = " ".join(rng.choices("abcdefghijklmnopqrstuvwxyz", k=12))
        spoiled = " ".join("?" if rng.random() < share else word for word in target.split())
        examples.append(Example(str(i), {}, (target,)))
        worse.append(Prediction(str(i), spoiled))
        better.append(Prediction(str(i), target if i % 3 == 0 else spoiled))
    return examples, worse, better


@pytest.mark.parametrize("name", ORACLES)
def test_intervals_and_paired_comparison(name: str) -> None:
    examples, worse, better = made(0.3, random.Random(1))
    metric = metric_of(name)
    score = compute_scores([metric], examples, worse, resamples=300)[name]
    assert score.value is not None and score.low is not None and score.high is not None
    assert score.low < score.value < score.high
    found = compare_scores(
        statistic_stack(metric, examples, [worse]), statistic_stack(metric, examples, [better]), metric=metric, margin=1.0, resamples=300
    )
    assert found.verdict == "better", "a lower TER, a higher BLEU and chrF"
    assert found.difference is not None and (found.difference < 0) == (name == "ter")


def test_interval_of_a_perfect_score_ends_at_100() -> None:
    examples = [Example(str(i), {}, (f"{i} b c d e",)) for i in range(100)]
    scores = compute_scores(metrics_for(["bleu", "chrf"], []), examples, [Prediction(e.id, e.targets[0]) for e in examples], resamples=100)
    for score in scores.values():
        assert score.value == pytest.approx(100)
        assert score.high == pytest.approx(100)
        assert score.low is not None and 90 < score.low < 100
    assert BOUNDS["points"] == (0.0, 100.0)
    assert metric_of("ter").unit not in BOUNDS, "there is no most wrong output"


@pytest.mark.parametrize("name", ORACLES)
def test_score_needs_references_and_uses_the_extracted_answer(name: str) -> None:
    metric = metric_of(name)
    assert metric.per_example(Example("1", {}, ()), Prediction("1", "x")) is None
    example = Example("1", {}, ("a b c d",))
    assert metric.per_example(example, Prediction("1", "Answer: a b c d", extracted="a b c d")) == metric.per_example(
        example, Prediction("1", "a b c d")
    )
