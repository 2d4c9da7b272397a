"""The trivial baseline: its answer, its scores, and what it needs from the training examples."""

from __future__ import annotations

from pathlib import Path
from statistics import fmean

import pytest
from report_factory import HOSTILE, Made, MadeTask, classification, make_run, questions, summarization, texts
from sklearn import metrics as sk

from harness.data import count_answers, count_reference_words
from harness.results.trivial import take_lead
from harness.types import Example

COUNTS = {"refund_0": 50, "card lost_1": 30, "transfer failed_2": 20}


def score(trivial, name):
    return trivial.score(next(metric for metric in trivial.metrics if metric.name == name))


def trivial_of(path, task):
    return make_run(path, [task]).by_task[task.name].trivial


def test_majority_label_is_scored_like_any_model(tmp_path: Path) -> None:
    metrics = ("classification", "probabilities")
    trivial = trivial_of(tmp_path / "run", classification([Made("base")], metrics=metrics, data={"training_answers": COUNTS}))
    gold = [example.targets[0] for example in trivial.examples]
    always = ["refund_0"] * len(gold)
    assert (trivial.kind, trivial.answer) == ("majority", "refund_0")
    assert score(trivial, "accuracy") == pytest.approx(sk.accuracy_score(gold, always), abs=1e-13)
    assert score(trivial, "macro_f1") == pytest.approx(sk.f1_score(gold, always, average="macro"), abs=1e-13)
    assert score(trivial, "auroc") == 0.5
    shares = {label: count / 100 for label, count in COUNTS.items()}
    brier = fmean(sum((shares[k] - (k == label)) ** 2 for k in COUNTS) / 2 for label in gold)
    assert score(trivial, "brier") == pytest.approx(brier, abs=1e-12)
    assert score(trivial, "mcc") is None, "the correlation of a constant is undefined"


def test_label_that_training_lacks_has_no_probability(tmp_path: Path) -> None:
    task = classification([Made("base")], metrics=("classification", "probabilities"), data={"training_answers": {"refund_0": 3}})
    trivial = trivial_of(tmp_path / "run", task)
    assert trivial.predictions[0].label_logprobs[0] == 0.0
    assert score(trivial, "log_loss") > 10


def test_without_training_examples_the_test_set_is_counted(tmp_path: Path) -> None:
    trivial = trivial_of(tmp_path / "run", classification([Made("vendor")]))
    gold = [example.targets[0] for example in trivial.examples]
    assert trivial.answer == max(sorted(set(gold)), key=gold.count)


def test_most_frequent_answer_of_questions(tmp_path: Path) -> None:
    trivial = trivial_of(tmp_path / "run", questions([Made("base")], data={"training_answers": {"": 90}}))
    assert (trivial.kind, trivial.answer) == ("frequent_answer", "")
    assert {(p.output, p.extracted) for p in trivial.predictions} == {("unanswerable", "")}
    assert score(trivial, "exact_match") == pytest.approx(0.2), "every fifth question has no answer"


def test_generation_takes_what_scores_better(tmp_path: Path) -> None:
    def copied(i):
        return f"the patient {i} takes ibuprofen twice daily"

    same = texts([Made("base")], text=copied, targets=copied, data={"training_answers": {"no": 40}})
    assert trivial_of(tmp_path / "copy", same).kind == "copy"
    assert score(trivial_of(tmp_path / "copy2", same), "chrf") == pytest.approx(100)
    constant = texts([Made("base")], targets=lambda i: "nothing to report", data={"training_answers": {"nothing to report": 40}})
    assert trivial_of(tmp_path / "constant", constant).kind == "frequent_answer"
    unique = texts([Made("base")])
    assert trivial_of(tmp_path / "unique", unique).kind == "copy", "no answer is frequent"


def test_summarization_takes_the_lead(tmp_path: Path) -> None:
    task = summarization(
        [Made("base")], text=lambda i: f"Visit {i}. Mild pain in the knee! Since Monday. No fever.", data={"training_words": 5}
    )
    trivial = trivial_of(tmp_path / "run", task)
    assert trivial.kind == "lead"
    assert trivial.predictions[3].output == "Visit 3. Mild pain in the knee!"


@pytest.mark.parametrize(
    ("text", "words", "lead"),
    [
        ("One two. Three four five. Six.", 2, "One two."),
        ("One two. Three four five. Six.", 3, "One two. Three four five."),
        ("A first sentence of eight words in all. Second.", 3, "A first sentence"),
        ("no stops at all\nbut a second line", 4, "no stops at all"),
        ("", 5, ""),
        (" \n ", 5, ""),
        ("One. Two.", 0, "One."),
        ("患者は頭痛。明日また来る。", 1, "患者は頭痛。"),
        ("word " * 1_000_000, 4, "word word word word"),
        (" " * 1_000_000 + "x", 4, "x"),
    ],
)
def test_lead(text: str, words: int, lead: str) -> None:
    assert take_lead(text, words) == lead


def test_hostile_and_huge_inputs(tmp_path: Path) -> None:
    for kind, build in {"generation": texts, "summarization": summarization, "qa": questions}.items():
        task = build([Made("base")], rows=6, text=lambda i: HOSTILE + " x" * 20_000)
        trivial = trivial_of(tmp_path / kind, task)
        assert len(trivial.predictions) == 6
        assert max(len(p.output.split()) for p in trivial.predictions) <= 96
        assert all(trivial.score(metric) is not None for metric in trivial.metrics)


def test_answers_are_counted_without_keeping_personal_texts() -> None:
    def example(i, *targets, choices=()):
        return Example(str(i), {"input": str(i)}, targets, choices)

    assert count_answers([example(i, "ham" if i else "spam", choices=("ham", "spam")) for i in range(3)]) == {"ham": 2, "spam": 1}
    assert count_answers([example(i, f"summary {i}") for i in range(50)]) == {}
    assert count_answers([example(i, "told twice" if i < 4 else f"summary {i}") for i in range(50)]) == {}
    assert count_answers([example(i, "no findings" if i < 5 else f"summary {i}") for i in range(50)]) == {"no findings": 5}
    assert count_answers([example(i) if i < 6 else example(i, "a", "a", "b") for i in range(9)]) == {"": 6}
    assert count_reference_words([example(0, "one two three"), example(1, "one"), example(2, "a b"), example(3)]) == 2
    assert count_reference_words([]) == 0


def test_task_without_results_has_a_baseline(tmp_path: Path) -> None:
    task = MadeTask("intents", "classification", [Made("base", status="failed", error="no memory")], labels=tuple(COUNTS))
    assert score(trivial_of(tmp_path / "run", task), "accuracy") > 0
