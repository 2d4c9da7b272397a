"""What may be compared: the same examples under the same scores, with models that were not trained on them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import pytest
from report_factory import Made, classification, make_run, summarization

from harness.api.gates import split_model_name
from harness.data.identity.digests import normalized_inputs_digest
from harness.errors import BenchError
from harness.gate import Reason
from harness.gate.baseline import pair_with_baseline
from harness.results import RunResults
from harness.store import StoredRun
from harness.types import Example, Prediction, Splits
from tests.gate.conftest import Runs, judged, only

TRAINED = "No training on test examples"


def leak(run: StoredRun, row: int, split: str, change: Callable[[str], str] = str) -> str:
    """Put a test example (with changed inputs) among those that a model of this run was trained on; returns its id."""
    examples = run.examples("summarization")
    learned = replace(examples[row], id="t-1", inputs={name: change(text) for name, text in examples[row].inputs.items()})
    splits = Splits((), (), examples, run.plan.data["summarization"], "d1")
    run.folder.write_data("summarization", replace(splits, **{split: (learned,)}), {"t-1": normalized_inputs_digest(learned)})
    run.folder.remove_working_files()
    run.folder.seal()
    return examples[row].id


@pytest.mark.parametrize("split", ["train", "validation"])
def test_a_test_example_that_the_candidate_was_trained_on_fails(runs: Runs, tmp_path: Path, split: str) -> None:
    run = runs(0.9)
    row = leak(run, 3, split)
    verdict = judged(run, tmp_path)
    ruling = only(verdict, TRAINED)
    assert verdict.outcome == "FAIL" and ruling.example_ids == (row,)
    assert ruling.reason == Reason("trained_on", {"count": 1}, {"sides": ("candidate",)})
    assert only(verdict.without_text(), TRAINED).example_ids == ()


@pytest.mark.parametrize("change", [str.upper, lambda text: f"  {text} ", lambda text: text.replace(" ", "\n")])
def test_neither_case_nor_white_space_hides_a_leak(runs: Runs, tmp_path: Path, change: Callable[[str], str]) -> None:
    run = runs(0.9)
    leak(run, 3, "train", change)
    assert only(judged(run, tmp_path), TRAINED).outcome == "FAIL"


def test_a_test_example_that_the_baseline_was_trained_on_fails(runs: Runs, tmp_path: Path) -> None:
    """A baseline that knows the answers would make any candidate look bad."""
    run, champion = runs(0.9), runs(0.5)
    leak(champion, 3, "train")
    verdict = judged(run, tmp_path, baseline=f"{champion.path}:lora")
    assert verdict.outcome == "FAIL" and only(verdict, TRAINED).reason == Reason("trained_on", {"count": 1}, {"sides": ("baseline",)})
    assert judged(run, tmp_path, baseline=f"{champion.path}:base").outcome == "PASS", "a prompt has learned nothing"


def test_leakage_of_external_outputs_is_unknown(tmp_path: Path) -> None:
    cells = [Made("vendor", 0.3), Made("base", 0.3), Made("lora", 0.9, 1, train_seconds=9)]
    run = make_run(tmp_path / "run", [summarization(cells, rows=200)])
    one = only(judged(run, tmp_path, baseline=f"{run.path}:vendor"), TRAINED)
    assert (one.outcome, one.reason) == ("PASS", Reason("not_trained_on", texts={"unknown_sides": ("baseline",)}))
    both = judged(run, tmp_path, strategy="vendor", baseline=f"{run.path}:vendor")
    assert [r for r in both.rules if r.rule.kind == "no_leakage"] == [], "no claim where nothing is known"


def test_an_unknown_strategy_is_refused(runs: Runs, tmp_path: Path) -> None:
    run = runs(0.9)
    with pytest.raises(BenchError, match="write it as RUN:STRATEGY, such as latest:base"):
        judged(run, tmp_path, baseline="latest")
    with pytest.raises(BenchError, match="nothing"):
        judged(run, tmp_path, baseline=f"{run.path}:nothing")
    with pytest.raises(BenchError, match="nothing"):
        judged(run, tmp_path, strategy="nothing")
    assert not (tmp_path / "registry").exists(), "and no look is spent"


def test_a_baseline_of_another_kind_is_refused(runs: Runs, tmp_path: Path) -> None:
    other = make_run(tmp_path / "other", [classification([Made("base", 0.9)])])
    with pytest.raises(BenchError, match="other is a classification run and run-0 a summarization run: they cannot be compared"):
        judged(runs(0.9), tmp_path, baseline=f"{other.path}:base")
    assert not (tmp_path / "registry").exists()


def test_external_outputs_on_other_examples_are_refused(runs: Runs, tmp_path: Path) -> None:
    other = make_run(tmp_path / "other", [summarization([Made("vendor", 0.9)], text=lambda i: f"another text {i}")])
    with pytest.raises(BenchError, match=r"Its outputs are external, so no model can answer these examples.*bench score"):
        judged(runs(0.9), tmp_path, baseline=f"{other.path}:vendor")


def test_a_baseline_with_other_labels_is_refused(tmp_path: Path) -> None:
    run = make_run(tmp_path / "run", [classification([Made("lora", 0.9, 1, train_seconds=9)], labels=3)])
    other = make_run(tmp_path / "other", [classification([Made("base", 0.9)], labels=4)])
    with pytest.raises(BenchError, match=r"run: has other labels \(without .*\) than base in other, so the two cannot be compared"):
        judged(run, tmp_path, baseline=f"{other.path}:base")


def test_an_older_baseline_that_lacks_a_score_is_scored_again(tmp_path: Path) -> None:
    """Adding a metric to a task, or facts to its examples, does not break the gate: the stored outputs are scored again."""
    cells = [Made("base", 0.5), Made("lora", 0.9, 1, train_seconds=9)]
    new = make_run(tmp_path / "new", [summarization(cells, rows=120, metrics=("rouge", "facts", "length"), primary="rougeL")])
    old = make_run(tmp_path / "old", [summarization(cells, rows=120, metrics=("rouge",), primary="rougeL")])
    rules = [{"rule": "not_worse", "score": "critical_error_rate", "margin": 0.1}, {"rule": "ceiling", "score": "length_ratio", "value": 5}]
    verdict = judged(new, tmp_path, policy={"rules": rules}, baseline=f"{old.path}:lora")
    critical = only(verdict, "critical_error_rate")
    assert critical.n == 120 and abs(critical.measured) < 0.2


def test_the_order_of_examples_does_not_matter(tmp_path: Path) -> None:
    cells = [Made("base", 0.5), Made("lora", 0.9, 1, train_seconds=9)]
    run = make_run(tmp_path / "run", [summarization(cells)])
    turned = make_run(tmp_path / "turned", [summarization(cells, order=range(119, -1, -1))])
    ours, theirs = (judged(run, tmp_path, baseline=f"{of.path}:base") for of in (run, turned))
    assert [(r.measured, r.low, r.high) for r in ours.rules] == [(r.measured, r.low, r.high) for r in theirs.rules]


def test_the_baseline_has_the_candidates_model(tmp_path: Path) -> None:
    cells = [Made(name, q, seed, model=model) for model in ("m1", "m2") for name, q, seed in (("base", 0.3, None), ("lora", 0.9, 1))]
    run = make_run(tmp_path / "run", [summarization(cells, rows=100)])
    verdict = judged(run, tmp_path, model="m2")
    assert verdict.baseline is not None and (verdict.baseline.strategy, verdict.baseline.model) == ("base", "m2")


def test_likelihoods_of_a_baseline_with_another_label_order_follow_the_candidates_labels(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = classification([Made("base", 0.9)])
    run = make_run(tmp_path / "run", [made])
    other = make_run(tmp_path / "other", [replace(made, labels=made.labels[::-1], text=lambda i: f"another text {i}")])

    def predict(rows: tuple[Example, ...]) -> list[Prediction]:
        return [Prediction(e.id, e.choices[0], e.choices[0], (-0.1, -3.0, -4.0)) for e in rows]

    monkeypatch.setattr("harness.engine.artifacts.device_for", lambda _: None)
    monkeypatch.setattr("harness.engine.artifacts.find_base", lambda *_: None)
    monkeypatch.setattr("harness.engine.artifacts.load_finished", lambda *_: SimpleNamespace(predict=predict))
    candidate, baseline = (RunResults(one.folder).find("base") for one in (run, other))
    pair, _ = pair_with_baseline(candidate, baseline, tmp_path / "workspace")
    (prediction, *_) = pair.baseline.run.predictions(pair.baseline.cell.id)
    assert prediction.extracted == made.labels[-1]
    assert prediction.label_logprobs == (-4.0, -3.0, -0.1), "in the order of the candidate's labels"


@pytest.mark.parametrize(
    ("name", "run", "strategy"),
    [
        ("latest:lora", "latest", "lora"),
        ("latest:lora:r=8", "latest", "lora:r=8"),
        ("runs/a:lora:r=64,learning_rate=1e-4", "runs/a", "lora:r=64,learning_rate=1e-4"),
        ("a:b/run:lora", "a:b/run", "lora"),
        ("a:b/run:lora:r=8", "a:b/run", "lora:r=8"),
    ],
)
def test_a_variant_is_named_with_its_run(name: str, run: str, strategy: str) -> None:
    assert split_model_name(name, "baseline") == (run, strategy)
