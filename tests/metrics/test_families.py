"""The registered families, and the simple metrics."""

from __future__ import annotations

import pytest

from harness.errors import BenchError
from harness.metrics import FAMILIES, join, metrics_for
from harness.types import Example, Prediction

LABELS = ("yes", "no")


def value(name: str, output: str, targets: tuple[str, ...]) -> float | None:
    metric = next(m for f in ("exact_match", "length") for m in metrics_for([f], []) if m.name == name)
    statistic = metric.per_example(Example("1", {}, targets), Prediction("1", output))
    return None if statistic is None else statistic[0]


@pytest.mark.parametrize("name", FAMILIES)
def test_family_builds_the_scores_it_declares(name: str) -> None:
    metrics = FAMILIES[name].build(LABELS)
    assert tuple(m.name for m in metrics) == FAMILIES[name].scores
    assert len({m.signature for m in metrics}) == len(metrics)
    assert all(m.signature.startswith(m.name + "|") for m in metrics)


@pytest.mark.parametrize("name", FAMILIES)
def test_empty_output_always_has_a_score(name: str) -> None:
    facts = {"facts": [{"what": "word", "any": ["yes"], "critical": True}]}
    example, spoiled = Example("1", {"input": "He said yes."}, ("yes",), meta=facts), Prediction("1", "")
    rows = [m.per_example(example, spoiled) for m in FAMILIES[name].build(LABELS) if m.level == "example" and m.name != "no_answer_f1"]
    # rate and number of errors; an empty output has nothing unsupported and omits everything
    worst = {"facts": [1, 1, 0], "faithfulness": [0, 0, 1, 0, 0, 0], "probabilities": [1, pytest.approx(36.04, abs=0.01)]}
    assert [row[0] for row in rows if row] == worst.get(name, [0] * len(rows))


@pytest.mark.parametrize("name", FAMILIES)
def test_the_extracted_answer_is_scored_not_the_whole_output(name: str) -> None:
    example = Example("1", {}, ("yes",))
    wordy, bare = Prediction("1", "Let me think … so the answer is: yes", extracted="yes"), Prediction("1", "yes", extracted="yes")
    for metric in FAMILIES[name].build(LABELS):
        assert metric.per_example(example, wordy) == metric.per_example(example, bare)


@pytest.mark.parametrize("name", FAMILIES)
def test_unanswerable_question_is_not_an_error(name: str) -> None:
    """Only metrics with a rule for it score it; the others skip the example, whatever the model wrote."""
    unanswerable = Example("1", {"question": "x"}, ())
    judged = {
        m.name
        for m in FAMILIES[name].build(LABELS)
        if m.per_example(unanswerable, Prediction("1", "yes", scores={"support": 0.5})) is not None
    }
    known = {
        "squad": {"exact_match", "f1"},
        "answerability": {"no_answer_f1"},
        "length": {"output_words", "compression_ratio"},
        "support": {"support"},
    }
    assert judged == (known | {"faithfulness": set(FAMILIES["faithfulness"].scores) - {"omission_rate"}}).get(name, set())


def test_two_families_with_the_same_score_are_refused() -> None:
    with pytest.raises(BenchError, match=r"'squad' and 'exact_match' both give the score 'exact_match'. Remove one of them"):
        metrics_for(["rouge", "squad", "exact_match"], [])
    assert [m.name for m in metrics_for(["squad", "squad"], [])] == ["exact_match", "f1"]


def test_families_keep_their_order_and_count_once() -> None:
    names = [m.name for m in metrics_for(["length", "exact_match", "length"], [])]
    assert names == ["output_words", "length_ratio", "compression_ratio", "exact_match"]


def test_unknown_family_gets_a_hint() -> None:
    with pytest.raises(BenchError, match=r"unknown metric 'rogue'\. Did you mean 'rouge'\?"):
        metrics_for(["rogue"], [])


def test_name_of_a_score_leads_to_its_family() -> None:
    with pytest.raises(BenchError, match=r"'macro_f1'.*a score of the metric 'classification'"):
        metrics_for(["macro_f1"], LABELS)


def test_all_unknown_families_are_reported_at_once() -> None:
    with pytest.raises(BenchError) as caught:
        metrics_for(["rogue", "length", "exact"], [])
    assert len(caught.value.problems) == 2


def test_classification_needs_labels() -> None:
    with pytest.raises(BenchError, match="needs the labels"):
        metrics_for(["classification"], [])


@pytest.mark.parametrize(
    ("output", "targets", "expected"),
    [
        ("yes", ("yes",), 1.0),
        (" yes\n", ("no", "yes "), 1.0),
        ("Yes", ("yes",), 0.0),
        ("", ("yes",), 0.0),
        ("", ("",), 1.0),
        ("x", (), None),
    ],
)
def test_exact_match(output: str, targets: tuple[str, ...], expected: float | None) -> None:
    assert value("exact_match", output, targets) == expected


@pytest.mark.parametrize(
    ("output", "targets", "expected"),
    [("a b c", ("d e",), 1.5), ("", ("d e",), 0.0), ("a", ("d e", "f"), 0.5), ("a", ("",), None), ("a", (), None)],
)
def test_length_ratio(output: str, targets: tuple[str, ...], expected: float | None) -> None:
    assert value("length_ratio", output, targets) == expected


def test_output_words_needs_no_reference() -> None:
    assert value("output_words", " two\n words ", ()) == 2.0


def test_length_has_no_better_direction() -> None:
    assert {m.direction for m in metrics_for(["length"], [])} == {"none"}


def test_join_matches_ids_and_fills_missing_predictions() -> None:
    examples = [Example(k, {}, ()) for k in "abc"]
    joined = join(examples, [Prediction("c", "third"), Prediction("a", "first")])
    assert [(e.id, p.example_id, p.output) for e, p in joined] == [("a", "a", "first"), ("b", "b", ""), ("c", "c", "third")]


def test_join_refuses_unknown_and_repeated_ids() -> None:
    example = Example("a", {}, ())
    with pytest.raises(BenchError, match="'z'"):
        join([example], [Prediction("z", "")])
    with pytest.raises(BenchError, match="2 predictions for 'a'"):
        join([example], [Prediction("a", "1"), Prediction("a", "2")])
    with pytest.raises(BenchError, match="2 examples with the id 'a'"):
        join([example, example], [])
    with pytest.raises(BenchError, match="and 4 more"):
        join([example], [Prediction(str(k), "") for k in range(9)])
