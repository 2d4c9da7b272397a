"""PEFT's method comparison: totals without the answers to single examples."""

import json
import shutil

import pytest
from peft_files import experiment, write_experiments

from harness.api import compare, gate, import_results, load_run
from harness.errors import BenchError
from harness.interchange import assemble, read_results
from harness.reporting import to_json, to_markdown
from harness.store import from_json_text
from harness.types import ScoreTotal

RIGHTS = {"lora/rank32": 130, "lora/rank64": 128, "ia3/default": 90, "oft/default": 112}


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    folder = tmp_path_factory.mktemp("peft")
    return import_results(write_experiments(folder / "results", RIGHTS), runs_dir=folder / "runs")


def test_the_number_of_examples_is_the_one_of_which_all_accuracies_are_shares(tmp_path):
    (task,) = assemble(read_results([write_experiments(tmp_path, RIGHTS)]), base=None, primary=None)
    totals = {each.system: each.totals["peft/test_accuracy"] for each in task.results}
    assert {name: (total.successes, total.n) for name, total in totals.items()} == {
        name.replace("/", "-"): (right, 211) for name, right in RIGHTS.items()
    }
    assert "211" in task.results[0].warnings[0]


def test_totals_have_the_interval_of_a_proportion(run):
    task = run.stored.by_task["sums-harder-sums"]
    best = task.strategies[0].primary
    assert (best.value, best.n, best.reliable) == (130 / 211, 211, True)
    assert best.low == pytest.approx(0.549, abs=0.002) and best.high == pytest.approx(0.679, abs=0.002)


def test_the_decision_says_what_totals_show_and_what_they_do_not(run):
    decision = run.decision("sums-harder-sums")
    assert (decision.state, decision.headline, decision.strategy) == ("undecided", "totals_only", None)
    standings = {frozenset((pair.a, pair.b)): pair.standing for pair in decision.totals}
    assert standings[frozenset(("lora-rank32", "ia3-default"))] == "shown"
    assert standings[frozenset(("lora-rank32", "lora-rank64"))] == "beyond"
    assert standings[frozenset(("lora-rank32", "oft-default"))] == "open"
    text = to_markdown(run.stored)
    assert "so no choice can be made between the strategies: 2 of the 3 others are not shown to differ from the best." in text
    assert "lora-rank32 scored best, but 2 of the 3 others are not shown to differ from it: lora-rank64 and oft-default." in text
    assert "Of 6 pairs of strategies, 2 are shown to differ" in text
    assert "Each strategy was trained with one seed." in text
    assert "has reviewed outputs" not in text  # there are none


def test_costs_and_sizes_come_over(run):
    summary = run.summary().set_index("strategy")
    assert summary.loc["lora-rank32", "training_seconds"] == 100.25
    best = run.stored.by_task["sums-harder-sums"].strategies[0]
    assert (best.artifact_bytes, best.trainable_parameters, best.total_parameters) == (36_000, 9_000, 3_000_000)
    assert best.costs.peak_reserved == 2_000_000_000 and run.stored.results[best.cell.id].costs[0].device == "Test GPU 9000"


def test_files_of_2025_have_other_fields(tmp_path):
    write_experiments(tmp_path, {"lora/a": 130})
    (file,) = tmp_path.iterdir()
    document = json.loads(file.read_text(encoding="utf-8"))
    training = document["train_info"]
    training["cuda_memory_max"] = training.pop("accelerator_memory_max")
    del training["num_trainable_params"], training["num_total_params"]
    document["meta_info"]["system_info"] = {"gpu": "Test GPU 8000"}
    file.write_text(json.dumps(document), encoding="utf-8")
    (result,) = read_results([file])
    assert (result.trainable_parameters, result.costs[0].device, result.costs[0].peak_reserved) == (0, "Test GPU 8000", 2_000_000_000)


def test_the_report_and_its_json_can_be_written(run):
    assert "211 test examples" in (run.path / "report.html").read_text(encoding="utf-8")
    assert [each["headline"] for each in to_json(run.stored)["decisions"]]


def test_a_total_that_was_changed_later_is_refused(run, tmp_path):
    shutil.copytree(run.path, copy := tmp_path / "copy")
    file = next(each for each in sorted((copy / "cells").rglob("cell.json")) if '"successes": 130' in each.read_text(encoding="utf-8"))
    file.write_text(file.read_text(encoding="utf-8").replace('"successes": 130', '"successes": 190'), encoding="utf-8")
    with pytest.raises(BenchError, match=r"cell\.json: is damaged"):
        load_run(copy).decision()


def test_what_needs_single_examples_is_refused(run, tmp_path):
    with pytest.raises(BenchError, match="only totals were imported, and no score of a single example"):
        compare(run, strategies=("lora-rank32", "ia3-default"))
    with pytest.raises(BenchError, match="only totals were imported, and no score of a single example"):
        gate(run, "lora-rank32", baseline=f"{run.name}:ia3-default", registry=tmp_path, new_registry=True)


@pytest.mark.parametrize(
    ("damage", "problem"),
    [
        (lambda d: d["train_info"].update(status="failed"), "train_info.status: is 'failed'"),
        (lambda d: d["train_info"]["metrics"].pop(), "train_info.metrics: has no 'test accuracy'"),
        (
            lambda d: d["train_info"]["metrics"][-1].update({"test accuracy": 1.5}),
            "metrics[1].test accuracy: must be between 0 and 1, not 1.5",
        ),
        (lambda d: d["train_info"]["metrics"][-1].update({"test accuracy": "most"}), "test accuracy: must be a number, not 'most'"),
        (lambda d: d["train_info"].update(train_time=-1), "train_info.train_time: must be 0 or more"),
        (lambda d: d["train_info"].update(file_size=1.5), "train_info.file_size: must be a whole number"),
        (lambda d: d["train_info"]["metrics"][-1].update({"test accuracy": 3 / 7919 / 7}), "is no share of the same examples"),
    ],
)
def test_a_damaged_experiment_is_one_clear_error(tmp_path, damage, problem):
    write_experiments(tmp_path, RIGHTS)
    document = experiment("new/one", 100)
    damage(document)
    (tmp_path / "new.json").write_text(json.dumps(document), encoding="utf-8")
    with pytest.raises(BenchError) as caught:
        read_results([tmp_path])
    assert problem in str(caught.value) and "new.json" in str(caught.value)


@pytest.mark.parametrize(
    "total",
    [
        '{"value": 0.5, "n": 0}',
        '{"value": 0.5, "n": 10, "successes": 11}',
        '{"value": 0.5, "n": 10, "successes": -1}',
        '{"value": 1e999, "n": 10}',
        '{"value": 0.5, "n": 10, "standard_error": -1.0}',
    ],
)
def test_a_total_that_cannot_be_is_refused_in_a_run_of_a_stranger(total):
    with pytest.raises(ValueError, match=r"value|finite|total"):
        from_json_text(ScoreTotal, total)


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        (b"", "is not valid JSON"),
        (b"\xff\xfe", "is not text in UTF-8"),
        (b"[" * 100_000, "is nested too deeply"),
        (b"1" * 5000, "is not valid JSON"),
        (b'{"results": 1}', "is no file of results that can be imported"),
    ],
)
def test_files_of_no_known_tool_are_refused(tmp_path, content, problem):
    (tmp_path / "a.json").write_bytes(content)
    with pytest.raises(BenchError, match=problem):
        read_results([tmp_path])


def test_what_is_not_there_is_named(tmp_path):
    with pytest.raises(BenchError, match="has no JSON files"):
        read_results([tmp_path])
    with pytest.raises(BenchError, match=r"nothing\.json: does not exist"):
        import_results(tmp_path / "nothing.json", runs_dir=tmp_path / "runs")
    assert not (tmp_path / "runs").exists()
