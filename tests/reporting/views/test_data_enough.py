"""How much data is enough: what more labels would bring and cost, and which parts of the data lack examples."""

from __future__ import annotations

import io
import json
import shlex
from pathlib import Path
from typing import Any

import pytest
from report_factory import HOSTILE, Made, classification, learned, make_run, summarization
from rich.console import Console

from harness import BenchError
from harness.api import data_enough
from harness.reporting import DataEnough, data_enough_to_json, print_data_enough
from harness.results import RunResults

SIZES = (50, 100, 200, 400)


@pytest.fixture(scope="module")
def grown(tmp_path_factory: pytest.TempPathFactory) -> RunResults:
    """A run of 560 labelled training examples, of which at most 400 were used."""
    cells = [Made("base", 0.2), *(learned("lora", n, seed) for n in SIZES for seed in (1, 2, 3))]
    return make_run(tmp_path_factory.mktemp("runs") / "grown", [summarization(cells)])


def ask(run: RunResults, **options: Any) -> DataEnough:
    (enough,) = data_enough(run.path, **options)
    return enough


def printed(enough: DataEnough) -> str:
    console = Console(file=io.StringIO(), width=80, color_system=None)
    print_data_enough(enough, console)
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue()


def test_each_asked_size_is_forecast_as_in_the_report(grown: RunResults) -> None:
    enough = ask(grown, sizes=[1_000, 3_000, 10_000])
    (outlook,) = enough.curves
    assert [size.forecast.size for size in outlook.sizes] == [800, 1_000, 3_000, 10_000]
    assert [size.forecast.is_far for size in outlook.sizes] == [False, False, False, True]
    gains = [size.forecast.step.gain or 0 for size in outlook.sizes]
    assert gains == sorted(gains) and gains[0] > 0


def test_only_labels_that_are_missing_cost(grown: RunResults) -> None:
    enough = ask(grown, sizes=[500, 1_000, 10_000], cost_per_label=2.5)
    costs = {size.forecast.size: (size.new_labels, size.cost) for size in enough.curves[0].sizes}
    assert costs == {500: (0, 0.0), 800: (240, 600.0), 1_000: (440, 1_100.0), 10_000: (9_440, 23_600.0)}
    text = printed(enough)
    assert "labelled" in text and "$23,600" in text


def test_a_gain_that_is_shown_has_a_price(grown: RunResults) -> None:
    enough = ask(grown, sizes=[1_000], cost_per_label=1, currency="EUR")
    size = next(each for each in enough.curves[0].sizes if each.forecast.size == 1_000)
    assert size.forecast.outlook == "gain" and size.cost_per_margin is not None
    value, low, high = size.cost_per_margin
    assert value == pytest.approx(440 * 0.01 / (size.forecast.step.gain or 1))
    assert low < value < high
    assert "440 new labels cost" in printed(enough) and "for each gain of Δ = 0.01" in printed(enough)


def test_sizes_that_were_run_are_not_forecast(grown: RunResults) -> None:
    enough = ask(grown, sizes=[100, 300])
    assert enough.asked == (100, 300)
    assert "Already within the sizes that were run: 100, 300." in printed(enough)


def test_json_has_the_same_numbers(grown: RunResults) -> None:
    enough = ask(grown, sizes=[1_000], cost_per_label=2)
    value = json.loads(json.dumps(data_enough_to_json(enough), allow_nan=False))
    assert [row["train_size"] for row in value["curves"][0]["measured"]] == list(SIZES)
    assert [row["cost"] for row in value["curves"][0]["sizes"]] == [size.cost for size in enough.curves[0].sizes]
    assert value["labelled_training_examples"] == 560
    for sentence in value["curves"][0]["sentences"]:
        assert sentence in printed(enough)


def test_without_a_curve_the_command_that_measures_one_is_named(tmp_path: Path) -> None:
    run = make_run(tmp_path / "run", [summarization([Made("base"), Made("lora", 0.8, 1)], rows=60)])
    with pytest.raises(BenchError, match="no strategy was trained on several numbers of examples") as error:
        data_enough(run.path)
    command = shlex.split(str(error.value).split("`")[1])
    assert command[:2] == ["bench", "run"] and "--train-sizes" in command
    assert command[command.index("--train-sizes") + 1] == "70,140,280,all"


def test_classes_below_the_average_lack_examples(tmp_path: Path) -> None:
    """One class is never recognized; the others mostly are."""

    def answer(example: Any, draw: Any) -> str:
        target: str = example.targets[0]
        return example.choices[0] if target == example.choices[1] else target

    cells = [Made("lora", seed=1, answer=answer, train_seconds=9, size=size) for size in SIZES]
    run = make_run(tmp_path / "run", [classification(cells, rows=120, data={"training_answers": {}})])
    enough = ask(run)
    assert [part.name for part in enough.parts if part.lacks] == [enough.parts[0].name] == [run.by_task["intents"].labels[1]]
    assert f"“{enough.parts[0].name}” is below the average of all examples: label more of them." in printed(enough)
    assert all(part.training is None for part in enough.parts)


def test_parts_with_few_test_examples_are_not_judged(tmp_path: Path) -> None:
    cells = [Made("lora", 0.0, 1, train_seconds=9, size=size) for size in SIZES]
    enough = ask(make_run(tmp_path / "run", [classification(cells, labels=20, rows=60)]))
    assert all(part.too_few for part in enough.parts) and not any(part.lacks for part in enough.parts)
    assert "20 parts have fewer than 10 test examples, too few to judge." in printed(enough)


def test_hostile_names_are_shown_harmlessly(tmp_path: Path) -> None:
    cells = [Made("lora", 0.8, 1, train_seconds=9, size=size) for size in SIZES]
    enough = ask(make_run(tmp_path / "run", [summarization(cells, rows=60, meta=lambda i: {"ward": HOSTILE if i % 2 else "a"})]))
    assert "\x1b" not in printed(enough) and "\u202e" not in printed(enough)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"sizes": [0]}, "must be a whole number of at least 1"),
        ({"cost_per_label": 0}, "must be above 0"),
        ({"cost_per_label": float("nan")}, "must be above 0"),
        ({"task": "other"}, "has no task 'other'"),
    ],
)
def test_wrong_questions_are_refused(grown: RunResults, options: dict[str, Any], message: str) -> None:
    with pytest.raises(BenchError, match=message):
        data_enough(grown.path, **options)
