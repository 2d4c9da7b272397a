"""What more data would bring: said only where it can be said, the same on the page, in the terminal and for programs."""

from __future__ import annotations

import io
import json
import re
from collections.abc import Callable
from pathlib import Path

import pytest
from report_factory import HOSTILE, Made, classification, learned, make_run, summarization, texts
from rich.console import Console

from harness.metrics import metrics_for
from harness.reporting import print_run, render, to_json
from harness.reporting.charts import draw_learning_chart
from harness.reporting.views import build_report_view
from harness.reporting.views.sections import LearningCurves
from harness.reporting.wording.learning_sentences import describe_curve, list_curve_caveats
from harness.reporting.wording.task_sentences import describe_best
from harness.results import RunResults
from harness.statistics import fit_learning_curve, score_strategy, statistic_stack

SIZES = (50, 100, 200, 400, 800)


def grown_cells(sizes: tuple[int, ...] = SIZES, seeds: tuple[int, ...] = (1, 2, 3)) -> list[Made]:
    return [Made("base", 0.2), *(learned(name, n, seed) for name in ("lora", "qlora") for n in sizes for seed in seeds)]


@pytest.fixture(scope="module")
def grown(tmp_path_factory: pytest.TempPathFactory) -> RunResults:
    return make_run(tmp_path_factory.mktemp("runs") / "grown", [summarization(grown_cells())])


def learning_in(run: RunResults) -> LearningCurves:
    found = build_report_view(run).tasks[0].learning
    assert found is not None
    return found


def sentences_in(run: RunResults) -> list[list[str]]:
    """The sentences about each curve."""
    (task,) = build_report_view(run).tasks
    return [describe_curve(each.curve, task.primary) for each in task.learning.curves] if task.learning else []


def test_the_curve_is_that_of_the_analysis(grown: RunResults) -> None:
    lora = next(ln for ln in learning_in(grown).curves if ln.label == "lora")
    metrics, examples = metrics_for(("rouge", "length"), ()), grown.examples("summarization")
    primary = next(m for m in metrics if m.name == "rougeL")
    runs = {n: [grown.predictions(c.id) for c in grown.cells if (c.strategy, c.train_size) == ("lora", n)] for n in SIZES}
    expected = fit_learning_curve(
        {n: statistic_stack(primary, examples, own) for n, own in runs.items()},
        {n: score_strategy([primary], examples, own)["rougeL"] for n, own in runs.items()},
        metric=primary,
        groups=[None] * len(examples),
        margin=0.01,
    )
    assert lora.curve == expected
    assert [result.train_size for result in lora.results] == list(SIZES)


def test_each_claim_says_what_is_predicted_and_how_sure_that_is(grown: RunResults) -> None:
    for ln, (claim, measured) in zip(learning_in(grown).curves, sentences_in(grown), strict=True):
        double, _, far = ln.curve.forecasts
        assert double.outlook == far.outlook == "gain"
        added = f"raise rougeL by {double.step.gain:.3f} (95% CI {double.step.low:.3f}–{double.step.high:.3f})"
        size = "doubling from 800 to 1,600 training examples"
        assert claim.startswith(f"More data still helps: {size} is predicted to {added}, 10,000 training examples by ")
        assert far.is_far
        far_gain = f"{far.step.gain:.3f} (95% CI {far.step.low:.3f}–{far.step.high:.3f}; an extrapolation beyond 10 times"
        assert f"10,000 training examples by {far_gain}" in claim
        assert measured.startswith("Measured from 400 to 800 training examples: ")


@pytest.mark.parametrize(
    ("law", "seeds", "margin", "said"),
    [
        (
            lambda n: 0.7,
            (1, 2, 3),
            0.1,
            "No gain beyond the margin of 0.1 is expected from doubling from 800 to 1,600 training examples (predicted ",
        ),
        (
            lambda n: 0.9 - 3 * n**-0.5,
            (1,),
            0.01,
            "The data cannot say yet whether doubling from 800 to 1,600 training examples (predicted +",
        ),
    ],
)
def test_what_is_not_there_or_not_known_is_not_claimed(
    tmp_path: Path, law: Callable[[int], float], seeds: tuple[int, ...], margin: float, said: str
) -> None:
    cells = [Made("lora", law(n), seed, train_seconds=9, size=n) for n in SIZES for seed in seeds]
    (sentences,) = sentences_in(make_run(tmp_path / "r", [summarization(cells, margin=margin)]))
    assert sentences[0].startswith(said)
    assert "still helps" not in " ".join(sentences)


def test_one_training_a_size_is_told(tmp_path: Path) -> None:
    learning = learning_in(make_run(tmp_path / "r", [summarization(grown_cells(seeds=(1,)))]))
    assert any("trained once" in caveat for caveat in list_curve_caveats(learning))
    assert {ln.curve.min_seeds for ln in learning.curves} == {1}


def test_three_sizes_predict_nothing_and_say_why(tmp_path: Path) -> None:
    run = make_run(tmp_path / "r", [summarization(grown_cells(SIZES[:3]))])
    for first, second in sentences_in(run):
        assert first == "The data cannot say yet whether more training examples would help: 4 sizes are needed, 3 were run."
        assert second.startswith("Measured from 100 to 200 training examples: ")
    html = render(run)
    assert "Would more training data help?" in html
    assert "predicted</span>" not in html
    assert "curve dashed" not in html


def test_one_size_has_no_such_part(plain: RunResults) -> None:
    assert build_report_view(plain).tasks[0].learning is None
    assert "Would more training data help?" not in render(plain)
    assert to_json(plain)["learning_curves"] == []


def test_a_size_that_did_not_end_well_is_left_out(tmp_path: Path) -> None:
    cells = [*grown_cells(SIZES[:2], (1,)), Made("lora", 1, 1, status="out-of-memory", error="does not fit", size=200)]
    (lora, _) = learning_in(make_run(tmp_path / "r", [summarization(cells)])).curves
    assert [size for size, _ in lora.curve.points] == [50, 100]
    failed = [Made("lora", 0.5, 1, train_seconds=9, size=100), Made("lora", 1, 1, status="failed", error="no", size=200)]
    assert build_report_view(make_run(tmp_path / "one", [summarization(failed)])).tasks[0].learning is None


def test_the_picture_has_a_curve_a_strategy_and_base_across(grown: RunResults) -> None:
    task = build_report_view(grown).tasks[0]
    svg = draw_learning_chart(task, "tiny", "c")
    assert len(re.findall(r'<path[^>]*class="curve tone', svg)) == len(re.findall(r'class="curve dashed tone', svg)) == 2
    assert len(re.findall(r'<circle[^>]*class="spot solid', svg)) == 10
    assert len(re.findall(r'<circle[^>]*class="spot open', svg)) == 4  # at 1,600 and 10,000
    assert svg.count('class="reference"') == 1
    assert "nan" not in svg
    names = re.findall(r'class="label[^"]*"[^>]*>([^<]+)<', svg)
    assert {"LoRA", "QLoRA", "Untuned model"} <= set(names)
    assert "more than 10× the largest size run" in svg


def test_a_picture_a_model(wide: RunResults) -> None:
    task = build_report_view(wide).tasks[0]
    assert task.learning is not None
    models = task.learning.models
    assert set(models) == {"smollm2-135m", "answerdotai/ModernBERT-base"}
    for model in models:
        svg = draw_learning_chart(task, model, "c")
        assert len(re.findall(r'<path[^>]*class="curve thin', svg)) == 3
        assert svg.count('class="reference"') == (2 if model == "smollm2-135m" else 0)  # base and few-shot; an encoder has neither


def test_the_table_has_every_size_and_prediction(grown: RunResults) -> None:
    html = render(grown)
    table = html[html.index('<table class="growth-table cards"') :].split("</table>")[0]
    assert re.findall(r'<th scope="col"[^>]*>([^<]+?) ?<', table) == [
        "Strategy", "50 examples", "100 examples", "200 examples", "400 examples", "800 examples", "1,600 examples", "10,000 examples",
    ]  # fmt: skip
    for ln in learning_in(grown).curves:
        for _, score in ln.curve.points:
            assert f"{score.value:.3f}</span>" in table
        for forecast in (ln.curve.forecasts[0], ln.curve.forecasts[-1]):
            assert f"{forecast.low:.3f}–{forecast.high:.3f}" in table


def test_programs_get_the_same_unrounded(grown: RunResults) -> None:
    value = json.loads(json.dumps(to_json(grown), allow_nan=False))
    for record, ln in zip(value["learning_curves"], learning_in(grown).curves, strict=True):
        assert (record["task"], record["model"], record["strategy"], record["score"]) == ("summarization", "tiny", ln.label, "rougeL")
        assert [(p["train_size"], p["value"]) for p in record["points"]] == [(n, s.value) for n, s in ln.curve.points]
        assert record["laws"] == [{"law": law.name, **vars(law)} for law in ln.curve.laws]
        assert record["laws"]
        assert record["reason"] is None
        assert [f["train_size"] for f in record["forecasts"]] == [1600, 8000, 10_000]
        assert [f["beyond_ten_times"] for f in record["forecasts"]] == [False, False, True]
        assert record["forecasts"][0]["gain"]["low"] == ln.curve.forecasts[0].step.low
        assert record["sentences"] in sentences_in(grown)


def test_the_terminal_has_a_line_a_strategy(grown: RunResults) -> None:
    file = io.StringIO()
    print_run(grown, Console(file=file, width=100))
    for ln, sentences in zip(learning_in(grown).curves, sentences_in(grown), strict=True):
        assert f"{ln.label}: {' '.join(sentences)}" in file.getvalue().splitlines()


def test_points_are_points(tmp_path: Path) -> None:
    run = make_run(tmp_path / "r", [texts(grown_cells(), rows=60)])
    task = build_report_view(run).tasks[0]
    assert task.learning is not None
    said = " ".join(sentence for sentences in sentences_in(run) for sentence in sentences)
    measured = r"Measured from 400 to 800 training examples: [+−]\d+\.\d points \(95% CI [+−]\d+\.\d to [+−]\d+\.\d\)"
    assert re.search(measured, said)
    assert re.search(r"with the untuned model: \+\d+\.\d points \(95% CI \+\d+\.\d to \+\d+\.\d, corrected", describe_best(task))
    assert "accepted margin 1 point<" in render(run)


def test_a_hostile_model_name_is_text(tmp_path: Path) -> None:
    cells = [learned("lora", n, 1, model=model) for n in SIZES for model in ("tiny", HOSTILE)]
    run = make_run(tmp_path / "r", [classification(cells, rows=60)])
    html = render(run)
    assert "<img" not in html
    assert not re.search(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]", html)
