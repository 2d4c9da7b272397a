"""Two strategies on the same rows: what is joined, what is refused, and what is said of the difference."""

from __future__ import annotations

import json
import random
from pathlib import Path

import numpy as np
import pytest
from report_factory import Made, classification, make_run, questions, summarization, texts
from scipy import stats

from harness.errors import BenchError
from harness.reporting import ComparisonView, Wanted, compare_runs
from harness.reporting.terminal.compare_text import conclusion, details, title
from harness.results import RunResults, slice_examples
from harness.types import Example, Prediction

BOTH = Wanted(strategies=("lora", "qlora"))
STACK = {"torch": "2.9.0", "transformers": "5.1.0", "device": "Xeon", "dtype": "float32"}
NEWER = STACK | {"transformers": "5.2.0", "dtype": "bfloat16"}


def three(quality: float = 0.8, **more: object) -> list[Made]:
    return [Made("base", 0.2), Made("lora", 0.5, 1, train_seconds=300, **more), Made("qlora", quality, 1, train_seconds=600, **more)]  # type: ignore[arg-type]


def one(*runs: RunResults, wanted: Wanted = BOTH, **more: object) -> ComparisonView:
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
    found = view.primary.found
    assert (view.primary.name, view.rows, found.n) == ("rougeL", 120, 120)
    assert (found.difference, found.low, found.high, found.p_value) == pytest.approx(
        (np.mean([b[i] - a[i] for i in a]), limits.low, limits.high, expected.pvalue), abs=1e-9
    )
    assert (found.better, found.worse) == (sum(b[i] > a[i] for i in a), sum(b[i] < a[i] for i in a))
    change = {i: abs(b[i] - a[i]) for i in a}
    assert [c.id for c in view.changed] == sorted(change, key=lambda i: -change[i])[:5]
    assert all(c.b == pytest.approx(b[c.id]) and c.output_b != c.output_a for c in view.changed)


def test_swapping_a_and_b_turns_the_sign(tmp_path: Path) -> None:
    run = make_run(tmp_path / "run", [summarization(three())])
    there, back = one(run), one(run, wanted=Wanted(("qlora", "lora")))
    assert there.primary.found.difference == pytest.approx(-back.primary.found.difference)  # type: ignore[operator]
    assert (there.primary.found.verdict, back.primary.found.verdict) == ("better", "worse")
    assert there.not_worse is not None and back.not_worse is not None
    assert (there.not_worse.outcome, back.not_worse.outcome) == ("PASS", "FAIL")
    assert there.kept is not None and there.kept.value is not None and there.kept.value > 1 > back.kept.value  # type: ignore[union-attr, operator]


def test_without_names_the_best_is_held_against_each_other(tmp_path: Path) -> None:
    run = make_run(tmp_path / "run", [summarization(three())])
    views = compare_runs([run], Wanted())
    assert [(v.a.label, v.b.label) for v in views] == [("qlora", "lora"), ("qlora", "base")]
    pair = make_run(tmp_path / "pair", [summarization(three()[1:])])
    assert [(v.a.label, v.b.label) for v in compare_runs([pair], Wanted())] == [("lora", "qlora")], "of two, the better is B"
    alone = make_run(tmp_path / "alone", [summarization(three()[:1])])
    with pytest.raises(BenchError, match="takes two strategies with a score to compare them, and summarization has 1"):
        compare_runs([alone], Wanted())


def test_seeds_are_averaged_and_their_spread_is_told(tmp_path: Path) -> None:
    same = [Made("lora", 0.6, s) for s in (1, 2, 3)] + [Made("qlora", 0.62, s) for s in (1, 2, 3)]
    apart = [Made("lora", q, s) for s, q in enumerate((0.3, 0.6, 0.9))] + [Made("qlora", q, s) for s, q in enumerate((0.32, 0.62, 0.92))]
    steady, wild = (one(make_run(tmp_path / name, [summarization(cells)])) for name, cells in (("steady", same), ("wild", apart)))
    for view in (steady, wild):
        assert view.a.seeds and view.primary.found.n == 120 and view.over_seeds is not None
        assert view.over_seeds.difference == pytest.approx(view.primary.found.difference)
    assert wild.over_seeds.seed_share > 0.9 > steady.over_seeds.seed_share  # type: ignore[union-attr]
    assert wild.over_seeds.high - wild.over_seeds.low > 5 * (wild.primary.found.high - wild.primary.found.low)  # type: ignore[union-attr, operator]
    assert any("Over other test rows and other training seeds" in line for line in details(wild))
    lone = one(make_run(tmp_path / "lone", [summarization(three())]))
    assert lone.over_seeds is None
    assert "One training seed of lora and of qlora: how much another seed would change this is not known." in details(lone)


def test_a_base_model_needs_no_second_seed(tmp_path: Path) -> None:
    cells = [Made("base", 0.3), Made("lora", 0.6, 1), Made("lora", 0.7, 2)]
    view = one(make_run(tmp_path / "run", [summarization(cells)]), wanted=Wanted(("base", "lora")))
    assert view.over_seeds is not None and view.kept is None


def test_equal_outputs_are_undecided_or_tied_and_never_a_crash(tmp_path: Path) -> None:
    cells = [Made(name, 1.0, 1) for name in ("lora", "qlora")]
    for make in (summarization, classification, questions, texts):
        run = make_run(tmp_path / make.__name__, [make(cells, rows=150)])
        view = one(run)
        assert view.primary.found.verdict in ("undecided", "tied")
        assert view.changed == ()
        assert conclusion(view) and details(view) is not None


def test_the_margin_can_be_asked_for(tmp_path: Path) -> None:
    run = make_run(tmp_path / "run", [summarization([Made("lora", 0.6, 1), Made("qlora", 0.6, 1)])])
    assert one(run, margin=0.5).primary.found.verdict == "tied"
    assert one(run, margin=0.5).not_worse.outcome == "PASS"  # type: ignore[union-attr]
    strict = one(run, margin=0.0001)
    assert strict.not_worse is not None and strict.not_worse.outcome == "INCONCLUSIVE"
    assert strict.not_worse.examples_needed is not None and strict.not_worse.examples_needed > 100_000
    assert one(run).scores[1].found.verdict != "tied", "the margin is one of the primary score alone"


def test_p_values_beside_the_primary_one_are_corrected(tmp_path: Path) -> None:
    view = one(make_run(tmp_path / "run", [classification(three(0.62), rows=150)]))
    assert view.primary.adjusted is None
    raw = [row.found.p_value for row in view.scores[1:]]
    assert [row.adjusted for row in view.scores[1:]] == pytest.approx(stats.false_discovery_control(raw))


def test_groups_widen_the_interval(tmp_path: Path) -> None:
    def answer(example: Example, draw: random.Random) -> str:
        return example.targets[0] if int(example.id.removeprefix("row-")) % 12 < 6 else "nothing"

    cells = [Made("lora", 0.5, 1), Made("qlora", seed=1, answer=answer)]
    apart = one(make_run(tmp_path / "apart", [summarization(cells)]))
    together = one(make_run(tmp_path / "together", [summarization(cells, group=lambda i: f"patient {i % 12}")]))
    assert together.primary.found.difference == pytest.approx(apart.primary.found.difference)
    assert together.primary.found.high > apart.primary.found.high  # type: ignore[operator]
    assert "12 groups" in together.primary.found.method


# ---------------------------------------------------------------------------------------------------------------- two runs


def test_rows_are_joined_on_their_id_and_never_on_their_place(tmp_path: Path) -> None:
    cells = three()
    run = make_run(tmp_path / "a", [summarization(cells)])
    order = list(range(120))
    random.Random(0).shuffle(order)
    other = make_run(tmp_path / "b", [summarization(cells, order=order)])
    straight, shuffled = one(run, wanted=BOTH), one(run, other, wanted=BOTH)
    assert [e.id for e in run.examples("summarization")] != [e.id for e in other.examples("summarization")]
    assert shuffled.primary.found.difference == pytest.approx(straight.primary.found.difference)
    assert shuffled.primary.found.p_value == pytest.approx(straight.primary.found.p_value)
    assert [(c.id, c.output_b) for c in shuffled.changed] == [(c.id, c.output_b) for c in straight.changed]


def test_the_same_strategy_in_two_runs(tmp_path: Path) -> None:
    old, new = (make_run(tmp_path / name, [summarization([Made("lora", quality, 1)])]) for name, quality in (("old", 0.5), ("new", 0.8)))
    view = one(old, new, wanted=Wanted(("lora",)))
    assert (view.a.label, view.b.label, view.a.run, view.b.run) == ("lora (A)", "lora (B)", "old", "new")
    assert view.primary.found.verdict == "better"
    assert title(view) == "summarization · rougeL · 120 test rows: lora (B, 1 seed, new) against lora (A, 1 seed, old)"
    assert [v.b.strategy for v in compare_runs([old, new], Wanted())] == ["lora"], "without names, what both have"


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
    assert "The primary score is rougeL in rouge and chrf in both; rougeL is used here." in view.warnings
    assert any(w.startswith("Only one of the two runs has") and "chrf" in w for w in view.warnings)


def test_other_labels_are_another_score(tmp_path: Path) -> None:
    cells = [Made("lora", 0.6, 1), Made("qlora", 0.6, 1)]
    few, more = (make_run(tmp_path / name, [classification(cells)]) for name in ("few", "more"))
    plan = json.loads((more.path / "run.json").read_text())
    plan["tasks"]["intents"]["labels"].append("never seen")
    (more.path / "run.json").write_text(json.dumps(plan))
    with pytest.raises(BenchError) as refused:
        one(few, RunResults(more.folder))
    assert refused.value.problems[0].startswith("macro_f1 is computed differently in the two runs: 'macro_f1|avg:sklearn|")


def test_other_versions_are_told(tmp_path: Path) -> None:
    old = make_run(tmp_path / "old", [summarization([Made("lora", 0.5, 1, provenance=STACK)])])
    new = make_run(tmp_path / "new", [summarization([Made("lora", 0.8, 1, provenance=NEWER)])])
    (versions, dtype) = one(old, new, wanted=Wanted(("lora",))).warnings
    assert versions.endswith("change a score by itself: transformers 5.1.0 and 5.2.0.")
    assert dtype == "The two were computed on another dtype: float32 and bfloat16."
    assert (
        one(old, make_run(tmp_path / "same", [summarization([Made("lora", 0.5, 1, provenance=STACK)])]), wanted=Wanted(("lora",))).warnings
        == ()
    )


def test_seeds_that_are_not_done_are_told(tmp_path: Path) -> None:
    cells = [Made("lora", 0.6, 1), Made("lora", 0.6, 2, status="failed", error="x"), Made("qlora", 0.6, 1), Made("qlora", 0.6, 2)]
    view = one(make_run(tmp_path / "run", [summarization(cells)]))
    assert view.warnings == ("lora: only 1 of 2 seeds are done.",)
    assert (view.a.seeds, view.b.seeds) == ((1,), (1, 2))


@pytest.mark.parametrize(
    ("wanted", "message"),
    [
        (Wanted(("lora",)), "'lora' against what?"),
        (Wanted(("lora", "lora")), "compared with itself"),
        (Wanted(("lora", "lorra")), "Did you mean 'lora'"),
        (Wanted(("lora", "qlora"), task="sumarization"), "has no task 'sumarization'. Did you mean 'summarization'"),
        (Wanted(models=("tiny",)), "--strategies"),
        (Wanted(("lora", "qlora"), train_sizes=(10,)), "no cell with the training size '10'"),
    ],
)
def test_what_cannot_be_compared_is_named(tmp_path: Path, wanted: Wanted, message: str) -> None:
    run = make_run(tmp_path / "run", [summarization(three())])
    with pytest.raises(BenchError, match=message):
        compare_runs([run], wanted)


def test_three_are_too_many() -> None:
    with pytest.raises(BenchError, match="two can be compared, A and B, not 3: a, b, c"):
        Wanted(("a", "b", "c"))


# ---------------------------------------------------------------------------------------------------------------- slices


def test_slices_are_compared_one_by_one(tmp_path: Path) -> None:
    def answer(example: Example, draw: random.Random) -> str:
        return example.targets[0] if int(example.id.removeprefix("row-")) % 2 else "nothing at all"

    cells = [Made("lora", 0.6, 1), Made("qlora", seed=1, answer=answer)]
    run = make_run(tmp_path / "run", [summarization(cells, meta=lambda i: {"section": "odd" if i % 2 else "even"})])
    view = one(run, by="section")
    parts = {part.name: part for part in view.slices}
    assert {name: part.rows for name, part in parts.items()} == {"even": 60, "odd": 60}
    assert (parts["odd"].b, parts["odd"].found.verdict, parts["even"].found.verdict) == (1.0, "better", "worse")
    mean = (parts["odd"].a + parts["even"].a) / 2  # type: ignore[operator]
    assert mean == pytest.approx(view.primary.a.value)
    raw = [part.found.p_value for part in view.slices]
    assert [part.adjusted for part in view.slices] == pytest.approx(stats.false_discovery_control(raw))


def rows(values: list[object], **more: object) -> list[Example]:
    return [Example(str(i), {"input": "word " * (i + 1)}, (f"class {i % 3}",), meta={"c": value}) for i, value in enumerate(values)]


def test_length_class_and_numbers() -> None:
    examples = rows([*range(29), None])
    assert [len(part) for part in slice_examples(examples, "length").values()] == [10, 10, 10]
    assert list(slice_examples(examples, "length")) == ["1 to 10", "11 to 20", "21 to 30"]
    assert {name: len(part) for name, part in slice_examples(examples, "class").items()} == {"class 0": 10, "class 1": 10, "class 2": 10}
    thirds = slice_examples(examples, "c")
    assert sum(len(part) for part in thirds.values()) == 30
    assert "(none)" in thirds and len(thirds) == 4
    assert slice_examples(rows([str(n) for n in range(30)]), "c").keys() == {"0 to 9", "10 to 19", "20 to 29"}, (
        "numbers that were read as text"
    )
    assert set(slice_examples(rows([1, 2, 3] * 10), "c")) == {"1", "2", "3"}, "few numbers are categories"


def test_numbers_that_look_alike_lose_no_rows() -> None:
    days = slice_examples(rows([20240100 + i for i in range(1, 31)]), "c")
    assert list(days) == ["20240101 to 20240110", "20240111 to 20240120", "20240121 to 20240130"]
    blanks = slice_examples(rows([*(str(i) for i in range(28)), "", None]), "c")
    assert sum(map(len, blanks.values())) == 30 and len(blanks["(none)"]) == 2


def test_an_average_over_labels_is_not_taken_on_rows_that_lack_some(tmp_path: Path) -> None:
    view = one(make_run(tmp_path / "run", [classification(three(), rows=150)]), by="class")
    assert (view.primary.name, view.sliced, view.changed_by) == ("macro_f1", "accuracy", "accuracy")
    overall = sum((part.b or 0) * part.rows for part in view.slices) / 150
    assert overall == pytest.approx(next(row.b.value for row in view.scores if row.name == "accuracy"))


def test_the_outputs_shown_are_of_seeds_that_differ(tmp_path: Path) -> None:
    steady = [Made("lora", 1.0, s) for s in (1, 2, 3)]
    wavering = [Made("qlora", 1.0, 1), Made("qlora", 0.0, 2), Made("qlora", 0.0, 3)]
    view = one(make_run(tmp_path / "run", [summarization([*steady, *wavering])]))
    assert view.changed and all(c.output_a != c.output_b for c in view.changed)


def test_columns_of_any_kind_and_none() -> None:
    assert set(slice_examples(rows([["a", "b"], ["a"], "", "x", True]), "c")) == {'["a", "b"]', '["a"]', "(none)", "x", "true"}
    with pytest.raises(BenchError, match=r'by="clas": the data has no such column\. Did you mean .class.'):
        slice_examples(rows([1]), "clas")
    with pytest.raises(BenchError, match='by="c": the column has no value in any example'):
        slice_examples(rows([None, None]), "c")
    with pytest.raises(BenchError, match='by="c": the column has 60 different values in 60 examples'):
        slice_examples(rows([f"text {i}" for i in range(60)]), "c")
