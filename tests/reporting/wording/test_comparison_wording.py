"""Every sentence of a comparison and of a plan in typical situations. The snapshots are there to be read and reviewed."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from report_factory import Made, classification, make_run, summarization
from syrupy.assertion import SnapshotAssertion

from harness.metrics import metrics_for
from harness.reporting import ComparisonRequest, ComparisonView, PowerForecast, compare_runs, describe_power, describe_test_set
from harness.reporting.views.comparison import GuardrailForecast, SetupDifference, SpreadSource
from harness.reporting.wording import comparison_sentences as sentences
from harness.results import MetricMismatch
from harness.statistics import MeanSpread, analyze_power, worst_spread
from harness.statistics.intervals import MeanError, UnseenUnits

BOTH = ComparisonRequest(("lora", "qlora"))


def view_of(path: Path, *cells: Made, request: ComparisonRequest = BOTH, **task: object) -> ComparisonView:
    (view,) = compare_runs([make_run(path / "run", [summarization(cells, **task)])], request)
    return view


def about(view: ComparisonView) -> str:
    lines = [sentences.describe_pair(view), sentences.describe_conclusion(view), *(f"- {line}" for line in sentences.list_details(view))]
    lines += [sentences.format_warning(warning) for warning in sentences.list_warnings(view)]
    return "\n".join([*lines, sentences.describe_ranking(view), sentences.describe_changes(view)])


CELLS = {
    "better": [Made("base", 0.2), Made("lora", 0.5, 1, train_seconds=300), Made("qlora", 0.8, 1, train_seconds=600)],
    "worse": [Made("lora", 0.8, 1, train_seconds=300), Made("qlora", 0.5, 1, train_seconds=600)],
    "too close to call": [Made("lora", 0.6, 1), Made("qlora", 0.61, 1)],
    "several seeds": [*(Made("lora", 0.6, s) for s in (1, 2, 3)), *(Made("qlora", 0.7, s) for s in (1, 2, 3))],
    "two seeds, one failed": [
        Made("lora", 0.6, 1),
        Made("lora", 0.6, 2),
        Made("qlora", 0.6, 1),
        Made("qlora", 0.6, 2),
        Made("qlora", 0.6, 3, status="failed", error="x"),
    ],
}


@pytest.mark.parametrize("name", CELLS)
def test_sentences_of_a_comparison(name: str, tmp_path: Path, snapshot: SnapshotAssertion) -> None:
    assert about(view_of(tmp_path, *CELLS[name])) == snapshot


def test_sentences_of_an_equivalent_pair_with_errors(tmp_path: Path, snapshot: SnapshotAssertion) -> None:
    cells = [Made("lora", 0.9, 1), Made("qlora", 0.9, 1)]
    assert about(view_of(tmp_path, *cells, margin=0.2, rows=400, metrics=("rouge", "facts"), primary="rougeL")) == snapshot


def test_sentences_of_external_outputs(tmp_path: Path, snapshot: SnapshotAssertion) -> None:
    cells = [Made("lora", 0.5, 1, train_seconds=9), Made("vendor", 0.9, model="external")]
    assert about(view_of(tmp_path, *cells, request=ComparisonRequest(("lora", "vendor")))) == snapshot


def test_warnings_about_two_runs(tmp_path: Path, snapshot: SnapshotAssertion) -> None:
    view = view_of(tmp_path, *CELLS["better"])
    setup = (
        SetupDifference("transformers", "5.1.0", "5.2.0"),
        SetupDifference("peft", None, "0.18"),
        SetupDifference("dtype", "float32", "bfloat16"),
    )
    differing = replace(view, mismatch=MetricMismatch("chrf", ("bleu", "ter")), setup=setup, incomplete=(("lora", 1, 3),))
    assert "\n".join(sentences.list_warnings(differing)) == snapshot


def test_notes_of_a_ranking(tmp_path: Path, snapshot: SnapshotAssertion) -> None:
    run = make_run(tmp_path / "run", [classification(CELLS["better"], rows=40)])
    assert "\n".join(sentences.list_ranking_notes(compare_runs([run], ComparisonRequest()))) == snapshot


ROUGE = metrics_for(["rouge"], [])[2]


def spread(se: float, n: int) -> MeanSpread:
    return MeanSpread(n, MeanError(se, n - 1), unseen=UnseenUnits((n,)), ends=(-1.0, 1.0))


WORST = worst_spread(ROUGE, [2] * 30 + [1] * 20)
assert WORST is not None
FORECAST = PowerForecast(
    task="visits", score="rougeL", direction="higher", level="example", unit="fraction", examples=80, groups=50, margin=0.01,
    source=None, power=analyze_power(WORST, 80, 0.01, most=1.0),
)  # fmt: skip
GUARDRAIL = GuardrailForecast(
    score="critical_error_rate", kind="ceiling", limit=0.05, against="", slice="", unit="fraction", examples=59, units=47,
    assumed=0.025, units_needed=465, units_without_errors=72, strategies=2, worst_case=True, exact=False, by_raters=False,
)  # fmt: skip
SIXTEENTH, STRICT = (analyze_power(WORST, 80, 0.01, alpha=alpha, most=1.0) for alpha in (0.05 / 16, 0.01))
SMALL_SPREAD = analyze_power(spread(0.0005, 500), 500, 0.01)
FORECASTS = {
    "worst case, too small": FORECAST,
    "an earlier run, large enough": replace(
        FORECAST, groups=None, examples=500, source=SpreadSource("lora", "qlora", "monday", True), power=SMALL_SPREAD
    ),
    "an earlier run with different examples": replace(FORECAST, source=SpreadSource("lora", "qlora", "monday", False)),
    "points": replace(
        FORECAST,
        score="bleu",
        unit="points",
        margin=1.0,
        source=SpreadSource("a", "b", "c", True),
        power=analyze_power(MeanSpread(80, MeanError(1.2, 79)), 80, 1.0),
    ),
    "computed from all examples together": replace(FORECAST, score="macro_f1", level="corpus", power=None),
    "five strategies and four evaluations": replace(FORECAST, strategies=5, looks=4, power=SIXTEENTH),
    "nothing says how many strategies": replace(FORECAST, is_assumed=True),
    "named strategies": replace(FORECAST, strategies=3, names=("base", "lora", "qlora")),
    "a policy with a strict level": replace(FORECAST, alpha=0.01, power=STRICT),
    "errors": replace(
        FORECAST, score="critical_error_rate", direction="lower", margin=0.02, power=analyze_power(WORST, 80, 0.02, most=1.0)
    ),
    "no limits": replace(FORECAST, score="output_words", power=None),
    "guardrails": replace(
        FORECAST,
        guardrails=(
            GUARDRAIL,
            replace(GUARDRAIL, examples=90, units=90),
            replace(GUARDRAIL, slice="ward=north", examples=500, units=500, exact=True),
            replace(GUARDRAIL, examples=0, units=0),
            replace(GUARDRAIL, score="review.critical_error_rate", by_raters=True),
            replace(
                GUARDRAIL,
                score="unsupported_rate",
                kind="not_worse",
                limit=0.02,
                against="base",
                assumed=0.0,
                units_needed=19623,
                units_without_errors=None,
            ),
            replace(GUARDRAIL, score="macro_f1", kind="floor", limit=0.6, exact=True, units_needed=None, units_without_errors=None),
        ),
    ),
}


def test_sentences_of_a_plan(snapshot: SnapshotAssertion) -> None:
    lines = []
    for name, forecast in FORECASTS.items():
        lines += [f"## {name}", describe_test_set(forecast), *describe_power(forecast)]
    assert "\n".join(lines) == snapshot
