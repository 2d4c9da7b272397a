"""Scores written for other tools, read back by these tools' own readers where they are installed."""

import json

import pytest
import yaml
from lm_eval_files import choice, sums, write_evaluation

from harness.api import hub_eval_results, import_results, lm_eval_results, load_task
from harness.errors import BenchError
from harness.interchange import assemble, build_model_index, read_results
from harness.types import Score


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    folder = tmp_path_factory.mktemp("written")
    samples = [*sums(range(33), filter="strict-match"), *sums(range(36), filter="loose")]
    write_evaluation(folder / "results", {"sums": samples, "yes_no": [choice(i, i < 30) for i in range(40)]}, model="org/large")
    return import_results(folder / "results", runs_dir=folder / "runs")


def test_imported_results_come_back_as_they_were(run, tmp_path):
    written = lm_eval_results(run, "large")
    assert written["results"]["sums"] == {
        "alias": "sums",
        "exact_match,strict-match": 0.825,
        "exact_match_stderr,strict-match": pytest.approx(0.0608, abs=1e-4),
        "exact_match,loose": 0.9,
        "exact_match_stderr,loose": pytest.approx(0.048, abs=1e-3),
    }
    assert written["higher_is_better"] == {"sums": {"exact_match": True}, "yes_no": {"acc": True}}
    file = tmp_path / "results.json"
    file.write_text(json.dumps(written), encoding="utf-8")
    sums_again, _ = assemble(read_results([file]))
    total = sums_again.results[0].totals["lm_eval/exact_match/strict-match"]
    assert (total.value, total.n, total.successes) == (0.825, 40, 33) and sums_again.results[0].system == "large"


def test_the_hub_gets_the_primary_score_with_its_benchmark(run):
    (entry,) = hub_eval_results(run, "large", task="sums", dataset="org/sums", dataset_task="hard")
    assert entry["dataset"] == {"id": "org/sums", "task_id": "hard"} and entry["value"] == 0.825
    assert (
        entry["notes"].startswith("lm_eval/exact_match/strict-match, 95% CI 0.68")
        and "imported from lm-evaluation-harness" in entry["notes"]
    )
    assert yaml.safe_load(yaml.safe_dump([entry])) == [entry] and "date" not in entry  # when they were measured is not known


def test_a_benchmark_has_to_be_known(run):
    for options, problem in (
        ({}, "are not on the Hub"),
        ({"dataset": "org/sums"}, "the run has 2 tasks"),
        ({"task": "sums", "dataset": "sums"}, "as ORG/NAME"),
        ({"task": "sums", "dataset": "a/b/c"}, "as ORG/NAME"),
    ):
        with pytest.raises(BenchError, match=problem):
            hub_eval_results(run, "large", **options)
    with pytest.raises(BenchError, match="has no strategy 'larg'"):
        lm_eval_results(run, "larg")


def test_the_hub_library_reads_the_model_index():
    from huggingface_hub import ModelCardData
    from huggingface_hub.repocard_data import model_index_to_eval_results

    scores = {"macro_f1": Score(0.75, 0.7, 0.8, 100, "t"), "ece": Score(None, None, None, 0, "none")}
    index = build_model_index('lora: "a" on visits', load_task("classification"), scores, pipeline="text-generation")
    name, (result,) = model_index_to_eval_results(yaml.safe_load(f"model-index: {json.dumps(index, ensure_ascii=False)}")["model-index"])
    assert (name, result.metric_type, result.metric_value, result.dataset_split) == ('lora: "a" on visits', "macro_f1", 0.75, "test")
    assert ModelCardData(model_name=name, eval_results=[result]).to_dict()["model-index"]
    assert build_model_index("lora", load_task("classification"), {}, pipeline="text-generation") == []
