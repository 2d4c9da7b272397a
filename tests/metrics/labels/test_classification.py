"""Classification scores equal those of scikit-learn; answers that are not a label are wrong."""

from __future__ import annotations

import warnings
from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn import metrics as sk

from harness.errors import BenchError
from harness.metrics import confusion_matrix, metrics_for, score_classes
from harness.statistics import compute_scores, score_strategy
from harness.types import Example, Metric, Prediction, Score

LABELS = ("cat", "dog", "eel", "fox")
NAMES = ["accuracy", "balanced_accuracy", "macro_precision", "macro_recall", "macro_f1", "micro_f1", "weighted_f1", "mcc"]


def rows(gold: Sequence[str], answers: Sequence[str | None]) -> tuple[list[Example], list[Prediction]]:
    examples = [Example(str(k), {}, (g,)) for k, g in enumerate(gold)]
    return examples, [Prediction(str(k), a or "", extracted=a) for k, a in enumerate(answers)]


def totals(metric: Metric, gold: Sequence[str], answers: Sequence[str | None]) -> np.ndarray:
    pairs = zip(*rows(gold, answers), strict=True)
    return np.sum([metric.per_example(e, p) for e, p in pairs], axis=0)


def scores(gold: Sequence[str], answers: Sequence[str | None], labels: Sequence[str] = LABELS) -> dict[str, float]:
    return {
        m.name: float(m.aggregate(totals(m, gold, answers), np.array(float(len(gold))))) for m in metrics_for(["classification"], labels)
    }


def reference(gold: Sequence[str], answers: Sequence[str | None]) -> dict[str, float]:
    """scikit-learn, with one more class for what is no label; only the averages over classes leave it out."""
    answers = ["(none)" if a not in LABELS else a for a in answers]
    seen = sorted({*gold, *answers} - {"(none)"})
    averages = {"labels": seen, "zero_division": 0}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return {
            "accuracy": sk.accuracy_score(gold, answers),
            "balanced_accuracy": sk.balanced_accuracy_score(gold, answers),
            "macro_precision": sk.precision_score(gold, answers, average="macro", **averages),
            "macro_recall": sk.recall_score(gold, answers, average="macro", **averages),
            "macro_f1": sk.f1_score(gold, answers, average="macro", **averages),
            "micro_f1": sk.f1_score(gold, answers, average="micro", **averages),
            "weighted_f1": sk.f1_score(gold, answers, average="weighted", **averages),
            "mcc": sk.matthews_corrcoef(gold, answers),
        }


answer_rows = st.lists(
    st.tuples(st.sampled_from(LABELS), st.sampled_from([*LABELS, *LABELS, None, "unicorn", ""])), min_size=1, max_size=40
)


@given(answer_rows)
@settings(max_examples=300, deadline=None)
def test_equal_to_scikit_learn(pairs: list[tuple[str, str | None]]) -> None:
    gold, answers = zip(*pairs, strict=True)
    assert scores(gold, answers) == pytest.approx(reference(gold, answers), abs=1e-9)


def test_equal_to_scikit_learn_with_its_own_labels() -> None:
    """Where every answer is a label, scikit-learn's defaults are met: no argument needed but the average."""
    rng = np.random.default_rng(0)
    for _ in range(100):
        gold, answers = (rng.choice(LABELS, size=30, p=[0.5, 0.3, 0.2, 0.0]).tolist() for _ in range(2))
        found = scores(gold, answers)
        assert found["macro_f1"] == pytest.approx(sk.f1_score(gold, answers, average="macro", zero_division=0), abs=1e-9)
        assert found["mcc"] == pytest.approx(sk.matthews_corrcoef(gold, answers), abs=1e-9)
        assert found["micro_f1"] == pytest.approx(found["accuracy"], abs=1e-9)


def test_many_examples_and_many_labels() -> None:
    rng = np.random.default_rng(1)
    labels = [f"intent {k}" for k in range(77)]
    gold, noise = rng.choice(labels, size=3000).tolist(), rng.choice(labels, size=3000)
    answers = np.where(rng.random(3000) < 0.7, gold, noise).tolist()
    assert scores(gold, answers, labels)["mcc"] == pytest.approx(sk.matthews_corrcoef(gold, answers), abs=1e-9)
    assert scores(gold, answers, labels)["macro_f1"] == pytest.approx(sk.f1_score(gold, answers, average="macro"), abs=1e-9)


def test_names_levels_and_shapes() -> None:
    metrics = metrics_for(["classification"], LABELS)
    assert [m.name for m in metrics] == NAMES
    assert [m.level for m in metrics] == ["example"] + ["corpus"] * 7
    example, prediction = Example("1", {}, ("dog",)), Prediction("1", "dog", extracted="dog")
    assert metrics[0].per_example(example, prediction) == (1.0,)
    assert metrics[1].per_example(example, prediction) == (0, 1, 0, 0) * 3
    assert metrics[1].per_example(example, Prediction("1", "dog")) == (0,) * 8 + (0, 1, 0, 0)


def test_many_resamples_are_aggregated_in_one_call() -> None:
    rng = np.random.default_rng(2)
    for metric in metrics_for(["classification"], LABELS)[1:]:
        stack = [totals(metric, rng.choice(LABELS, 20).tolist(), rng.choice([*LABELS, "?"], 20).tolist()) for _ in range(6)]
        one_by_one = [float(metric.aggregate(total, np.array(20.0))) for total in stack]
        at_once = metric.aggregate(np.array(stack).reshape(2, 3, -1), np.full((2, 3), 20.0))
        assert at_once.shape == (2, 3)
        np.testing.assert_allclose(at_once.ravel(), one_by_one, atol=1e-12)


def test_unknown_gold_label_is_an_error() -> None:
    metric = metrics_for(["classification"], LABELS)[0]
    with pytest.raises(BenchError, match=r"example 'x7'.*'gnu'"):
        metric.per_example(Example("x7", {}, ("gnu",)), Prediction("x7", "cat", extracted="cat"))


def test_signature_depends_on_the_labels_but_not_on_their_order() -> None:
    first, reordered, other = (
        metrics_for(["classification"], labels)[4].signature for labels in (LABELS, LABELS[::-1], ("cat", "dog", "eel", "owl"))
    )
    assert first == reordered != other
    assert first.startswith("macro_f1|")


def test_confusion_matrix() -> None:
    examples, predictions = rows(["cat", "cat", "dog", "eel"], ["cat", "dog", "dog", "cat"])
    assert confusion_matrix(examples, predictions, LABELS) == [[1, 1, 0, 0], [0, 1, 0, 0], [1, 0, 0, 0], [0, 0, 0, 0]]


def test_confusion_matrix_has_a_column_for_no_label_only_if_needed() -> None:
    examples, predictions = rows(["cat", "cat", "dog"], ["cat", None, "unicorn"])
    assert confusion_matrix(examples, predictions[:2], ("cat", "dog")) == [[1, 0, 1], [0, 0, 1]]  # the missing row counts too
    assert confusion_matrix(examples, predictions, ("cat", "dog")) == [[1, 0, 1], [0, 0, 1]]


@given(answer_rows)
@settings(max_examples=100, deadline=None)
def test_class_scores_equal_scikit_learn(pairs: list[tuple[str, str | None]]) -> None:
    gold, answers = zip(*pairs, strict=True)
    found = score_classes(*rows(gold, answers), LABELS)
    known = ["(none)" if a not in LABELS else a for a in answers]
    expected = sk.precision_recall_fscore_support(gold, known, labels=LABELS, zero_division=0)
    assert [r.label for r in found] == list(LABELS)
    np.testing.assert_allclose([[r.precision, r.recall, r.f1, r.support] for r in found], np.transpose(expected), atol=1e-12)
    assert [r.predicted for r in found] == [answers.count(label) for label in LABELS]


def computed(gold: Sequence[str], answers: Sequence[str | None], labels: Sequence[str] = ("ham", "spam")) -> dict[str, Score]:
    return compute_scores(metrics_for(["classification"], labels), *rows(gold, answers))


def test_test_set_of_one_class_has_no_macro_scores() -> None:
    """A model that always answers 'ham' had a macro-F1 of 1.000 here."""
    found = computed(["ham"] * 12, ["ham"] * 12)
    undefined = {"balanced_accuracy", "macro_precision", "macro_recall", "macro_f1", "mcc"}
    assert {name for name, score in found.items() if score.value is None} == undefined
    assert {found[name].reason for name in undefined - {"mcc"}} == {"every test example has the label 'ham'"}
    assert (found["macro_f1"].low, found["macro_f1"].high, found["macro_f1"].reliable, found["macro_f1"].n) == (None, None, False, 12)
    assert (found["accuracy"].value, found["micro_f1"].value, found["weighted_f1"].value) == (1.0, 1.0, 1.0)


@pytest.mark.parametrize(
    ("answers", "reason"),
    [
        (["ham"] * 12, "every output is 'ham'"),
        ([None] * 12, "no output is a label"),
        (["ham", None] * 6, ""),
        (["ham", "spam"] * 6, ""),
    ],
)
def test_correlation_of_a_constant_is_undefined(answers: list[str | None], reason: str) -> None:
    found = computed(["ham"] * 9 + ["spam"] * 3, answers)
    assert (found["mcc"].value is None) == bool(reason)
    assert (found["mcc"].reason == reason) or not reason
    assert found["macro_f1"].value is not None


def test_a_score_that_one_seed_lacks_is_undefined() -> None:
    examples, first = rows(["ham", "spam"] * 6, ["ham", "spam"] * 6)
    _, second = rows(["ham", "spam"] * 6, ["ham"] * 12)
    metrics = metrics_for(["classification"], ("ham", "spam"))
    assert score_strategy(metrics, examples, [first, second])["mcc"].reason == "every output is 'ham'"
    assert score_strategy(metrics, examples, [first, first])["mcc"].value == 1.0


@given(answer_rows)
@settings(max_examples=60, deadline=None)
def test_every_score_that_has_a_value_is_that_of_scikit_learn(pairs: list[tuple[str, str | None]]) -> None:
    gold, answers = zip(*pairs, strict=True)
    found, expected = computed(gold, answers, LABELS), reference(gold, answers)
    for name, score in found.items():
        assert score.value is None or score.value == pytest.approx(expected[name], abs=1e-13)
        assert bool(score.reason) >= (score.value is None)
