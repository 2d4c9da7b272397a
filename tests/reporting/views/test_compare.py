"""Two strategies on the same rows: what is joined, what is refused, and what is said of the difference."""

from __future__ import annotations

import io
import random
from pathlib import Path

import numpy as np
import pytest
from report_factory import Made, classification, make_run, questions, summarization, texts
from rich.console import Console
from scipy import stats

from harness.errors import BenchError
from harness.reporting import ComparisonRequest, ComparisonView, compare_runs, print_comparison
from harness.reporting.wording.comparison_sentences import (
    describe_conclusion,
    describe_pair,
    list_details,
    list_ranking_notes,
    list_warnings,
)
from harness.results import RunResults
from harness.types import Example, Prediction
from tests.foreign import edit_json

BOTH = ComparisonRequest(strategies=("lora", "qlora"))
STACK = {"torch": "2.9.0", "transformers": "5.1.0", "device": "Xeon", "dtype": "float32"}
NEWER = STACK | {"transformers": "5.2.0", "dtype": "bfloat16"}


def three(quality: float = 0.8, **more: object) -> list[Made]:
    return [Made("base", 0.2), Made("lora", 0.5, 1, train_seconds=300, **more), Made("qlora", quality, 1, train_seconds=600, **more)]  # type: ignore[arg-type]


def one(*runs: RunResults, wanted: ComparisonRequest = BOTH, **more: object) -> ComparisonView:
    (view,) = compare_runs(runs, wanted, **more)  # type: ignore[arg-type]
    return view


def rouge_of(run: RunResults, strategy: str) -> dict[str, float]:
    (cell,) = (c for c in run.cells if c.strategy == strategy)
    return {p.example_id: score_of(run, p) for p in run.predictions(cell.id)}


def score_of(run: RunResults, prediction: Prediction) -> float:
    from rouge_score import rouge_scorer

    (task,) = run.plan.tasks
    example = next(e for e in run.examples(task) if e.id == prediction.example_id)
    return float(rouge_scorer.RougeScorer(["rougeL"], use_stemmer=True).score(example.targets[0], prediction.output)["rougeL"].fmeasure)


# ---------------------------------------------------------------------------------------------------------------- one run


def test_the_difference_is_scipys_paired_t_on_rouge_scores_own_numbers(tmp_path: Path) -> None:
    run = make_run(tmp_path / "run", [summarization(three(0.55))])
    a, b = rouge_of(run, "lora"), rouge_of(run, "qlora")
    expected = stats.ttest_rel([b[i] for i in a], [a[i] for i in a])
    limits = expected.confidence_interval()
    view = one(run)
    found = view.primary.comparison
    assert (view.primary.name, view.examples, found.n) == ("rougeL", 120, 120)
    assert (found.difference, found.low, found.high, found.p_value) == pytest.approx(
        (np.mean([b[i] - a[i] for i in a]), limits.low, limits.high, expected.pvalue), abs=1e-9
    )
    assert (found.better, found.worse) == (sum(b[i] > a[i] for i in a), sum(b[i] < a[i] for i in a))
    change = {i: abs(b[i] - a[i]) for i in a}
    assert [c.id for c in view.changed] == sorted(change, key=lambda i: -change[i])[:5]
    assert all(c.b == pytest.approx(b[c.id]) and c.output_b != c.output_a for c in view.changed)


def test_swapping_a_and_b_turns_the_sign(tmp_path: Path) -> None:
    run = make_run(tmp_path / "run", [summarization(three())])
    there, back = one(run), one(run, wanted=ComparisonRequest(("qlora", "lora")))
    assert there.primary.comparison.difference == pytest.approx(-back.primary.comparison.difference)  # type: ignore[operator]
    assert (there.primary.comparison.verdict, back.primary.comparison.verdict) == ("better", "worse")
    assert there.not_worse is not None and back.not_worse is not None
    assert (there.not_worse.outcome, back.not_worse.outcome) == ("PASS", "FAIL")
    assert there.kept is not None and there.kept.value is not None and there.kept.value > 1 > back.kept.value  # type: ignore[union-attr, operator]


def test_without_names_the_best_is_held_against_each_other(tmp_path: Path) -> None:
    run = make_run(tmp_path / "run", [summarization(three())])
    views = compare_runs([run], ComparisonRequest())
    assert [(v.a.label, v.b.label) for v in views] == [("qlora", "lora"), ("qlora", "base")]
    pair = make_run(tmp_path / "pair", [summarization(three()[1:])])
    assert [(v.a.label, v.b.label) for v in compare_runs([pair], ComparisonRequest())] == [("lora", "qlora")], "of two, the better is B"
    alone = make_run(tmp_path / "alone", [summarization(three()[:1])])
    with pytest.raises(BenchError, match="a comparison needs two strategies with a score; summarization has 1"):
        compare_runs([alone], ComparisonRequest())


def test_seeds_are_averaged_and_their_spread_is_told(tmp_path: Path) -> None:
    same = [Made("lora", 0.6, s) for s in (1, 2, 3)] + [Made("qlora", 0.62, s) for s in (1, 2, 3)]
    apart = [Made("lora", q, s) for s, q in enumerate((0.3, 0.6, 0.9))] + [Made("qlora", q, s) for s, q in enumerate((0.32, 0.62, 0.92))]
    steady, wild = (one(make_run(tmp_path / name, [summarization(cells)])) for name, cells in (("steady", same), ("wild", apart)))
    for view in (steady, wild):
        assert view.a.seeds and view.primary.comparison.n == 120 and view.over_seeds is not None
        assert view.over_seeds.difference == pytest.approx(view.primary.comparison.difference)
    assert wild.over_seeds.seed_share > 0.9 > steady.over_seeds.seed_share  # type: ignore[union-attr]
    assert wild.over_seeds.high - wild.over_seeds.low > 5 * (wild.primary.comparison.high - wild.primary.comparison.low)  # type: ignore[union-attr, operator]
    assert any("Over other test examples and other seeds" in line for line in list_details(wild))
    lone = one(make_run(tmp_path / "lone", [summarization(three())]))
    assert lone.over_seeds is None
    assert "lora and qlora ran with one seed each. Another seed could change this." in list_details(lone)


def test_a_base_model_needs_no_second_seed(tmp_path: Path) -> None:
    cells = [Made("base", 0.3), Made("lora", 0.6, 1), Made("lora", 0.7, 2)]
    view = one(make_run(tmp_path / "run", [summarization(cells)]), wanted=ComparisonRequest(("base", "lora")))
    assert view.over_seeds is not None and view.kept is None


def test_equal_outputs_are_undecided_or_tied_and_never_a_crash(tmp_path: Path) -> None:
    cells = [Made(name, 1.0, 1) for name in ("lora", "qlora")]
    for make in (summarization, classification, questions, texts):
        run = make_run(tmp_path / make.__name__, [make(cells, rows=150)])
        view = one(run)
        assert view.primary.comparison.verdict in ("undecided", "tied")
        assert view.changed == ()
        assert describe_conclusion(view) and list_details(view) is not None


def test_the_margin_can_be_asked_for(tmp_path: Path) -> None:
    run = make_run(tmp_path / "run", [summarization([Made("lora", 0.6, 1), Made("qlora", 0.6, 1)])])
    assert one(run, margin=0.5).primary.comparison.verdict == "tied"
    assert one(run, margin=0.5).not_worse.outcome == "PASS"  # type: ignore[union-attr]
    strict = one(run, margin=0.0001)
    assert strict.not_worse is not None and strict.not_worse.outcome == "INCONCLUSIVE"
    assert strict.not_worse.sample_size is not None and strict.not_worse.sample_size.examples > 100_000
    assert one(run).scores[1].comparison.verdict != "tied", "the margin is one of the primary score alone"


def test_p_values_beside_the_primary_one_are_corrected(tmp_path: Path) -> None:
    view = one(make_run(tmp_path / "run", [classification(three(0.62), rows=150)]))
    assert view.primary.adjusted is None
    raw = [row.comparison.p_value for row in view.scores[1:]]
    assert [row.adjusted for row in view.scores[1:]] == pytest.approx(stats.false_discovery_control(raw))


def test_groups_widen_the_interval(tmp_path: Path) -> None:
    def answer(example: Example, draw: random.Random) -> str:
        return example.targets[0] if int(example.id.removeprefix("row-")) % 12 < 6 else "nothing"

    cells = [Made("lora", 0.5, 1), Made("qlora", seed=1, answer=answer)]
    apart = one(make_run(tmp_path / "apart", [summarization(cells)]))
    together = one(make_run(tmp_path / "together", [summarization(cells, group=lambda i: f"patient {i % 12}")]))
    assert together.primary.comparison.difference == pytest.approx(apart.primary.comparison.difference)
    assert together.primary.comparison.high > apart.primary.comparison.high  # type: ignore[operator]
    assert "12 groups" in together.primary.comparison.method


# ---------------------------------------------------------------------------------------------------------------- two runs


def test_rows_are_joined_on_their_id_and_never_on_their_place(tmp_path: Path) -> None:
    cells = three()
    run = make_run(tmp_path / "a", [summarization(cells)])
    order = list(range(120))
    random.Random(0).shuffle(order)
    other = make_run(tmp_path / "b", [summarization(cells, order=order)])
    straight, shuffled = one(run, wanted=BOTH), one(run, other, wanted=BOTH)
    assert [e.id for e in run.examples("summarization")] != [e.id for e in other.examples("summarization")]
    assert shuffled.primary.comparison.difference == pytest.approx(straight.primary.comparison.difference)
    assert shuffled.primary.comparison.p_value == pytest.approx(straight.primary.comparison.p_value)
    assert [(c.id, c.output_b) for c in shuffled.changed] == [(c.id, c.output_b) for c in straight.changed]


def test_the_same_strategy_in_two_runs(tmp_path: Path) -> None:
    old, new = (make_run(tmp_path / name, [summarization([Made("lora", quality, 1)])]) for name, quality in (("old", 0.5), ("new", 0.8)))
    view = one(old, new, wanted=ComparisonRequest(("lora",)))
    assert (view.a.label, view.b.label, view.a.run, view.b.run) == ("lora (A)", "lora (B)", "old", "new")
    assert view.primary.comparison.verdict == "better"
    title = "summarization · Match with the reference [rougeL] · 120 test examples"
    assert describe_pair(view) == f"{title}: lora (B, 1 seed, new) compared with lora (A, 1 seed, old)"
    assert [v.b.strategy for v in compare_runs([old, new], ComparisonRequest())] == ["lora"], "without names, what both have"


def test_other_test_rows_are_refused(tmp_path: Path) -> None:
    run, fewer = (make_run(tmp_path / f"{n}", [summarization(three(), rows=n)]) for n in (120, 100))
    with pytest.raises(BenchError, match="have different test examples: 20 of 120 and 0 of 100 are in one run only, such as 'row-100'"):
        one(run, fewer)
    edited = make_run(tmp_path / "edited", [summarization(three(), text=lambda i: f"another text {i}")])
    with pytest.raises(BenchError, match="120 of 120 have the same id but different inputs or references, such as 'row-0'"):
        one(run, edited)


def test_another_metric_is_refused(tmp_path: Path) -> None:
    cells = [Made("lora", 0.6, 1), Made("qlora", 0.6, 1)]
    rouge = make_run(tmp_path / "rouge", [summarization(cells)])
    chrf = make_run(tmp_path / "chrf", [summarization(cells, metrics=("chrf",), primary="chrf")])
    with pytest.raises(BenchError, match="chrf has no score rougeL, which is the primary score of rouge"):
        one(rouge, chrf)
    both = make_run(tmp_path / "both", [summarization(cells, metrics=("chrf", "rouge"), primary="chrf")])
    view = one(rouge, both)
    assert view.primary.name == "rougeL"
    assert "The primary score is rougeL in rouge and chrf in both; rougeL is used here." in list_warnings(view)
    assert any(w.startswith("Only one of the two runs has") and "chrf" in w for w in list_warnings(view))


def test_other_labels_are_another_score(tmp_path: Path) -> None:
    cells = [Made("lora", 0.6, 1), Made("qlora", 0.6, 1)]
    few, more = (make_run(tmp_path / name, [classification(cells)]) for name in ("few", "more"))
    edit_json(more.path / "run.json", lambda plan: plan["tasks"]["intents"]["labels"].append("never seen"))
    with pytest.raises(BenchError) as refused:
        one(few, RunResults(more.folder))
    assert refused.value.problems[0].startswith("macro_f1 is computed differently in the two runs: 'macro_f1|avg:sklearn|")


def test_other_versions_are_told(tmp_path: Path) -> None:
    old = make_run(tmp_path / "old", [summarization([Made("lora", 0.5, 1, provenance=STACK)])])
    new = make_run(tmp_path / "new", [summarization([Made("lora", 0.8, 1, provenance=NEWER)])])
    (versions, dtype) = list_warnings(one(old, new, wanted=ComparisonRequest(("lora",))))
    assert versions.endswith("which alone can change a score: transformers 5.1.0 and 5.2.0.")
    assert dtype == "A and B were computed with a different dtype: float32 and bfloat16."
    same = make_run(tmp_path / "same", [summarization([Made("lora", 0.5, 1, provenance=STACK)])])
    assert list_warnings(one(old, same, wanted=ComparisonRequest(("lora",)))) == []


def test_seeds_that_are_not_done_are_told(tmp_path: Path) -> None:
    cells = [Made("lora", 0.6, 1), Made("lora", 0.6, 2, status="failed", error="x"), Made("qlora", 0.6, 1), Made("qlora", 0.6, 2)]
    view = one(make_run(tmp_path / "run", [summarization(cells)]))
    assert list_warnings(view) == ["lora: only 1 of 2 seeds are done."]
    assert (view.a.seeds, view.b.seeds) == ((1,), (1, 2))


@pytest.mark.parametrize(
    ("wanted", "message"),
    [
        (ComparisonRequest(("lora",)), "'lora' needs a second strategy"),
        (ComparisonRequest(("lora", "lora")), "compared with itself"),
        (ComparisonRequest(("lora", "lorra")), "Did you mean 'lora'"),
        (ComparisonRequest(("lora", "qlora"), task="sumarization"), "has no task 'sumarization'. Did you mean 'summarization'"),
        (ComparisonRequest(models=("tiny",)), "strategies="),
        (ComparisonRequest(("lora", "qlora"), train_sizes=(10,)), "no cell with the training size '10'"),
    ],
)
def test_what_cannot_be_compared_is_named(tmp_path: Path, wanted: ComparisonRequest, message: str) -> None:
    run = make_run(tmp_path / "run", [summarization(three())])
    with pytest.raises(BenchError, match=message):
        compare_runs([run], wanted)


def test_three_are_too_many() -> None:
    with pytest.raises(BenchError, match=r"strategies=.a,b,c.: name at most two, A and B, not 3\."):
        ComparisonRequest(("a", "b", "c"))


# ---------------------------------------------------------------------------------------------------------------- slices


def test_slices_are_compared_one_by_one(tmp_path: Path) -> None:
    def answer(example: Example, draw: random.Random) -> str:
        return example.targets[0] if int(example.id.removeprefix("row-")) % 2 else "nothing at all"

    cells = [Made("lora", 0.6, 1), Made("qlora", seed=1, answer=answer)]
    run = make_run(tmp_path / "run", [summarization(cells, meta=lambda i: {"section": "odd" if i % 2 else "even"})])
    view = one(run, by="section")
    parts = {part.name: part for part in view.slices}
    assert {name: part.examples for name, part in parts.items()} == {"even": 60, "odd": 60}
    assert (parts["odd"].b, parts["odd"].comparison.verdict, parts["even"].comparison.verdict) == (1.0, "better", "worse")
    mean = (parts["odd"].a + parts["even"].a) / 2  # type: ignore[operator]
    assert mean == pytest.approx(view.primary.a.value)
    raw = [part.comparison.p_value for part in view.slices]
    assert [part.adjusted for part in view.slices] == pytest.approx(stats.false_discovery_control(raw))


def test_an_average_over_labels_is_not_taken_on_rows_that_lack_some(tmp_path: Path) -> None:
    view = one(make_run(tmp_path / "run", [classification(three(), rows=150)]), by="class")
    assert (view.primary.name, view.sliced, view.changed_by) == ("macro_f1", "accuracy", "accuracy")
    overall = sum((part.b or 0) * part.examples for part in view.slices) / 150
    assert overall == pytest.approx(next(row.b.value for row in view.scores if row.name == "accuracy"))


def test_the_outputs_shown_are_of_seeds_that_differ(tmp_path: Path) -> None:
    steady = [Made("lora", 1.0, s) for s in (1, 2, 3)]
    wavering = [Made("qlora", 1.0, 1), Made("qlora", 0.0, 2), Made("qlora", 0.0, 3)]
    view = one(make_run(tmp_path / "run", [summarization([*steady, *wavering])]))
    assert view.changed and all(c.output_a != c.output_b for c in view.changed)


def test_scores_that_no_rater_confirmed_are_marked_and_support_no_claim(tmp_path: Path) -> None:
    """A comparison says the same about the evidence as the report does."""
    run = make_run(tmp_path / "run", [summarization(three(), metrics=("rouge", "faithfulness", "length"))])
    view = one(run)
    marked = {score.name for score in view.scores if score.unchecked}
    assert {"unsupported_rate", "omission_rate"} <= marked and not marked & {"rougeL", "length_ratio"}
    assert not any(line.startswith(tuple(marked)) for line in list_details(view))
    console = Console(record=True, width=200, file=io.StringIO())
    print_comparison(view, console)
    assert "Not checked against people: " in console.export_text()
    assert "Not checked" not in "".join(list_ranking_notes(compare_runs([run], ComparisonRequest())))
