"""Metrics of the evaluate library, here as local scripts: what they compute, and that nobody's script runs unasked."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from harness.errors import BenchError
from harness.metrics import Metric, metrics_for
from harness.metrics.join import Missing
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
    """A metric's folder, as the library wants it; the name that a task gives it."""
    (folder / name).mkdir(parents=True)
    (folder / name / f"{name}.py").write_text(SCRIPT.format(name=name.title(), body=body, references=references))
    return f"evaluate:{folder / name}"


def of(name: str, *, run_code: bool = True) -> Metric:
    (metric,) = metrics_for([name], [], run_code=run_code)
    return metric


ROW = Example("1", {"input": "x"}, ("abc", "ABCD"))


@pytest.fixture
def shouting(tmp_path: Path) -> str:
    return script(tmp_path, "shouting", 'return {"shouting": sum(c.isupper() for c in predictions[0]) / len(references[0]), "n": 1}')


def test_each_row_alone_and_the_mean(shouting: str) -> None:
    metric = of(shouting)
    assert metric.name == "shouting" and (metric.direction, metric.level) == ("none", "example")
    assert metric.per_example(ROW, Prediction("1", "ABc")) == (pytest.approx(2 / 3),)
    assert metric.per_example(Example("2", {}, ()), Prediction("2", "x")) is None
    assert metric.per_example(ROW, Missing("1", "")) is None, "nobody knows its worst value"


def test_the_direction_and_the_script_are_in_the_name_and_the_signature(shouting: str) -> None:
    assert [of(shouting + more).direction for more in (":lower", ":higher", "")] == ["lower", "higher", "none"]
    before = of(shouting).signature
    file = Path(shouting.removeprefix("evaluate:")) / "shouting.py"
    file.write_text(file.read_text() + "\n# another")
    assert of(shouting).signature != before


def test_several_references_go_to_those_that_take_several(tmp_path: Path) -> None:
    name = script(tmp_path, "any_of", 'return {"any_of": float(predictions[0] in references[0])}', "[kind]")
    assert of(name).per_example(ROW, Prediction("1", "ABCD")) == (1.0,)
    assert of(name).per_example(ROW, Prediction("1", "x")) == (0.0,)


def test_a_script_does_not_run_unasked_and_stored_numbers_need_none(shouting: str) -> None:
    metric = of(shouting, run_code=False)
    with pytest.raises(BenchError, match="allow it with --trust-remote-code"):
        metric.per_example(ROW, Prediction("1", "ABc"))
    assert metric.per_example(ROW, Prediction("1", "ABc", scores={"shouting": 0.25})) == (0.25,)


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ('return {"one": 1.0, "two": 2.0}', "gives one, two, and none of it is the number 'odd'"),
        ('return {"odd": "much"}', "none of it is the number 'odd'"),
        ('raise ValueError("no")', "failed: ValueError: no"),
        ('return {"odd": float("nan")}', "a score is a finite number"),
    ],
)
def test_what_a_script_gives_instead_of_a_number(tmp_path: Path, body: str, message: str) -> None:
    metric = of(script(tmp_path, "odd", body))
    with pytest.raises(BenchError, match=message):
        metric.per_example(ROW, Prediction("1", "x"))


def test_a_metric_that_is_not_there(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HF_EVALUATE_OFFLINE", "1")
    with pytest.raises(BenchError, match=r"evaluate:\./nowhere_at_all: the evaluate library cannot load it"):
        of("evaluate:./nowhere_at_all").per_example(ROW, Prediction("1", "x"))


def test_in_a_run(bench, tmp_path: Path) -> None:
    script(tmp_path, "shouting", 'return {"shouting": sum(c.isupper() for c in predictions[0]) / 10}')
    (tmp_path / "rows.jsonl").write_text("\n".join(json.dumps({"id": f"r{i}", "input": f"text {i}", "target": "x"}) for i in range(12)))
    (tmp_path / "out.txt").write_text("\n".join("AB" if i % 2 else "a" for i in range(12)))
    (tmp_path / "notes.yaml").write_text(
        "name: notes\nkind: summarization\ndata: {path: rows.jsonl}\nmetrics: ['evaluate:./shouting:lower', length]\nprimary: shouting\n"
    )
    command = ("score", "--task", "notes.yaml", "--data", "rows.jsonl", "--predictions", "out.txt")
    refused = bench(*command, here=tmp_path)
    assert (refused.code, refused.out) == (2, "")
    assert "runs a script of the evaluate library: allow it with --trust-remote-code" in refused.err
    ended = bench(*command, "--trust-remote-code", here=tmp_path)
    assert ended.code == 0, ended
    assert "shouting" in ended.err and "0.100" in ended.err
    script_file = tmp_path / "shouting" / "shouting.py"
    script_file.write_text(script_file.read_text() + "\n# another")
    assert bench(*command, "--trust-remote-code", "--name", "again", here=tmp_path).code == 0
    first, second = sorted(str(folder) for folder in (tmp_path / "runs").iterdir())
    compared = bench("compare", first, second, "--strategies", "out,again", here=tmp_path)
    assert compared.code == 2 and "the script of the metric has changed between them" in compared.err
    script_file.unlink()
    again = bench("report", "latest", "--format", "json", "--out", "-", here=tmp_path)
    assert again.code == 0, "the numbers are stored, and nobody's script is needed to read them"
    assert json.loads(again.out)["cells"][0]["scores"]["shouting"]["value"] == pytest.approx(0.1)


def test_a_script_that_cannot_be_loaded_is_told_before_anything_is_made(bench, tmp_path: Path) -> None:
    (tmp_path / "rows.jsonl").write_text("\n".join(json.dumps({"input": f"text {i}", "target": "x"}) for i in range(12)))
    (tmp_path / "out.txt").write_text("a\n" * 12)
    (tmp_path / "notes.yaml").write_text(
        "name: notes\nkind: summarization\ndata: {path: rows.jsonl}\nmetrics: ['evaluate:./nowhere:lower', rouge]\nprimary: rougeL\n"
    )
    command = ("score", "--task", "notes.yaml", "--data", "rows.jsonl", "--predictions", "out.txt", "--trust-remote-code")
    ended = bench(*command, here=tmp_path, env={"HF_EVALUATE_OFFLINE": "1"})
    assert (ended.code, ended.out) == (2, "")
    assert "the evaluate library cannot load it" in ended.err
    assert not (tmp_path / "runs").exists()
