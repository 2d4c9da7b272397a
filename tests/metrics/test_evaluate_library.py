"""Metrics of the evaluate library, here local scripts: their scores, and that no script runs without permission."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from harness.errors import BenchError
from harness.metrics import Metric, metrics_for
from harness.metrics.join import MissingPrediction
from harness.types import Example, Prediction

SCRIPT = """
import datasets
import evaluate


class {name}(evaluate.Metric):
    def _info(self):
        kind = datasets.Value("string")
        features = datasets.Features({{"predictions": kind, "references": {references}}})
        return evaluate.MetricInfo(description="", citation="", inputs_description="", features=features)

    def _compute(self, predictions, references):
        {body}
"""


def script(folder: Path, name: str, body: str, references: str = "kind") -> str:
    """Create the folder of a metric, as the library expects it, and return the name for a task."""
    (folder / name).mkdir(parents=True)
    (folder / name / f"{name}.py").write_text(SCRIPT.format(name=name.title(), body=body, references=references))
    return f"evaluate:{folder / name}"


def build(name: str, *, run_code: bool = True) -> Metric:
    (metric,) = metrics_for([name], [], run_code=run_code)
    return metric


ROW = Example("1", {"input": "x"}, ("abc", "ABCD"))


@pytest.fixture
def shouting(tmp_path: Path) -> str:
    return script(tmp_path, "shouting", 'return {"shouting": sum(c.isupper() for c in predictions[0]) / len(references[0]), "n": 1}')


def test_each_example_is_scored_alone(shouting: str) -> None:
    metric = build(shouting)
    assert metric.name == "shouting" and (metric.direction, metric.level) == ("none", "example")
    assert metric.per_example(ROW, Prediction("1", "ABc")) == (pytest.approx(2 / 3),)
    assert metric.per_example(Example("2", {}, ()), Prediction("2", "x")) is None
    assert metric.per_example(ROW, MissingPrediction("1", "")) is None, "its worst value is unknown"


def test_direction_is_in_the_name_and_the_script_in_the_signature(shouting: str) -> None:
    assert [build(shouting + more).direction for more in (":lower", ":higher", "")] == ["lower", "higher", "none"]
    before = build(shouting).signature
    file = Path(shouting.removeprefix("evaluate:")) / "shouting.py"
    file.write_text(file.read_text() + "\n# another")
    assert build(shouting).signature != before


def test_metric_that_takes_several_references_gets_them(tmp_path: Path) -> None:
    name = script(tmp_path, "any_of", 'return {"any_of": float(predictions[0] in references[0])}', "[kind]")
    assert build(name).per_example(ROW, Prediction("1", "ABCD")) == (1.0,)
    assert build(name).per_example(ROW, Prediction("1", "x")) == (0.0,)


def test_script_runs_only_with_permission_and_stored_scores_need_none(shouting: str) -> None:
    metric = build(shouting, run_code=False)
    with pytest.raises(BenchError, match="Allow it with trust_remote_code=True"):
        metric.per_example(ROW, Prediction("1", "ABc"))
    assert metric.per_example(ROW, Prediction("1", "ABc", scores={"shouting": 0.25})) == (0.25,)


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ('return {"one": 1.0, "two": 2.0}', "returned one, two, but no number named 'odd'"),
        ('return {"odd": "much"}', "but no number named 'odd'"),
        ('raise ValueError("no")', "failed: ValueError: no"),
        ('return {"odd": float("nan")}', "A score must be a finite number"),
    ],
)
def test_error_when_a_script_returns_no_number(tmp_path: Path, body: str, message: str) -> None:
    metric = build(script(tmp_path, "odd", body))
    with pytest.raises(BenchError, match=message):
        metric.per_example(ROW, Prediction("1", "x"))


def test_error_when_a_metric_cannot_be_loaded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HF_EVALUATE_OFFLINE", "1")
    with pytest.raises(BenchError, match=r"evaluate:\./nowhere_at_all: the evaluate library cannot load it"):
        build("evaluate:./nowhere_at_all").per_example(ROW, Prediction("1", "x"))


def test_library_metric_in_a_run(quick_bench, tmp_path: Path) -> None:
    script(tmp_path, "shouting", 'return {"shouting": sum(c.isupper() for c in predictions[0]) / 10}')
    (tmp_path / "rows.jsonl").write_text("\n".join(json.dumps({"id": f"r{i}", "input": f"text {i}", "target": "x"}) for i in range(12)))
    (tmp_path / "out.txt").write_text("\n".join("AB" if i % 2 else "a" for i in range(12)))
    (tmp_path / "notes.yaml").write_text(
        "name: notes\nkind: summarization\ndata: {path: rows.jsonl}\nmetrics: ['evaluate:./shouting:lower', length]\nprimary: shouting\n"
    )
    command = ("score", "--task", "notes.yaml", "--data", "rows.jsonl", "--predictions", "out.txt")
    refused = quick_bench(*command, here=tmp_path)
    assert (refused.code, refused.out) == (2, "")
    assert "runs a script of the evaluate library. Allow it with --trust-remote-code" in refused.err
    ended = quick_bench(*command, "--trust-remote-code", here=tmp_path)
    assert ended.code == 0, ended
    assert "shouting" in ended.err and "0.100" in ended.err
    script_file = tmp_path / "shouting" / "shouting.py"
    script_file.write_text(script_file.read_text() + "\n# another")
    later = quick_bench(*command, "--trust-remote-code", "--name", "again", here=tmp_path)
    assert later.code == 0
    compared = quick_bench("compare", ended.out.strip(), later.out.strip(), "--strategies", "out,again", here=tmp_path)
    assert compared.code == 2 and "the script of the metric has changed between them" in compared.err
    script_file.unlink()
    again = quick_bench("report", "latest", "--format", "json", "--out", "-", here=tmp_path)
    assert again.code == 0, "stored scores are read without the script"
    assert json.loads(again.out)["cells"][0]["scores"]["shouting"]["value"] == pytest.approx(0.1)


def test_script_that_cannot_be_loaded_is_reported_before_the_run(quick_bench, tmp_path: Path) -> None:
    (tmp_path / "rows.jsonl").write_text("\n".join(json.dumps({"input": f"text {i}", "target": "x"}) for i in range(12)))
    (tmp_path / "out.txt").write_text("a\n" * 12)
    (tmp_path / "notes.yaml").write_text(
        "name: notes\nkind: summarization\ndata: {path: rows.jsonl}\nmetrics: ['evaluate:./nowhere:lower', rouge]\nprimary: rougeL\n"
    )
    command = ("score", "--task", "notes.yaml", "--data", "rows.jsonl", "--predictions", "out.txt", "--trust-remote-code")
    ended = quick_bench(*command, here=tmp_path, env={"HF_EVALUATE_OFFLINE": "1"})
    assert (ended.code, ended.out) == (2, "")
    assert "the evaluate library cannot load it" in ended.err
    assert not (tmp_path / "runs").exists()
