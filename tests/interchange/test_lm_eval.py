"""Results of lm-evaluation-harness as runs: what is taken over, and what is refused."""

import json

import pytest
from lm_eval_files import DATE, choice, results, sample, sums, write_evaluation

from harness.api import import_results
from harness.errors import BenchError
from harness.interchange import assemble, read_results


def read(*folders, **options):
    return assemble(read_results(folders), **{"base": None, "primary": None} | options)


def refusal(call, *args, **options):
    with pytest.raises(BenchError) as caught:
        call(*args, **options)
    return str(caught.value)


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    """Three models on two tasks."""
    folder = tmp_path_factory.mktemp("lm-eval")
    for name, right in (("small", 20), ("large", 33), ("tuned", 31)):
        tasks = {"sums": sums(range(right)), "yes_no": [choice(i, i < right + 3) for i in range(40)]}
        write_evaluation(folder / "results" / f"org__{name}", tasks, model=f"org/{name}")
    return import_results(folder / "results", base="org/small", margin=0.05, runs_dir=folder / "runs")


def test_a_run_compares_the_models_example_by_example(run):
    summary = run.summary().set_index(["task", "strategy"])
    assert summary.loc["sums", "value"].to_dict() == {"large": 0.825, "tuned": 0.775, "base": 0.5}
    assert summary.loc[("sums", "large"), "verdict"] == "better"
    assert summary.loc[("sums", "large"), "difference"] == pytest.approx(0.325)
    task = run.stored.by_task["sums"]
    assert task.primary.name == "lm_eval/exact_match" and task.primary.direction == "higher" and task.primary.exact
    assert run.decision("sums").recommendation is not None


def test_inputs_targets_and_outputs_are_kept(run):
    task = run.stored.by_task["sums"]
    (example,) = (each for each in task.examples if each.id == "3")
    assert example.inputs == {"input": "question: What is 3 plus 3?\nanswer: 6"} and example.targets == ("6",)
    best = task.strategies[0]
    answered = {each.example_id: each for each in best.predictions(best.cell)}
    assert answered["3"].output == " 6 it is" and answered["3"].extracted == "6" and answered["39"].extracted == "7"


def test_a_choice_by_likelihood_is_the_likeliest_text(run):
    task = run.stored.by_task["yes_no"]
    (base,) = (each for each in task.strategies if each.is_base)
    answered = {each.example_id: each.output for each in base.predictions(base.cell)}
    assert (answered["0"], answered["30"]) == ("yes", "no")
    assert task.examples[0].targets == ("yes",)


def test_the_report_says_that_the_scores_were_not_computed_again(run):
    (page,) = {run.path / "report.html"}
    text = page.read_text(encoding="utf-8")
    assert "as lm-evaluation-harness 0.4.13 computed them" in text and "exact_match of lm-eval" in text


def test_each_filter_is_a_score_of_its_own(tmp_path):
    strict, flexible = (sums(range(k), filter=name) for k, name in ((10, "strict-match"), (25, "flexible-extract")))
    write_evaluation(tmp_path, {"sums": [*strict, *flexible]})
    (task,) = read(tmp_path)
    assert [score.name for score in task.scores] == ["lm_eval/exact_match/strict-match", "lm_eval/exact_match/flexible-extract"]
    predictions = task.results[0].repeats[0]
    assert len(predictions) == 40 and dict(predictions[15].scores) == {
        "lm_eval/exact_match/strict-match": 0.0,
        "lm_eval/exact_match/flexible-extract": 1.0,
    }
    (chosen,) = read(tmp_path, primary="exact_match of lm-eval (flexible-extract)")
    assert chosen.scores[0].name == "lm_eval/exact_match/flexible-extract"


def test_a_score_that_is_no_mean_of_its_samples_is_left_out(tmp_path):
    samples = [each | {"bleu": float(i), "metrics": ["exact_match", "bleu"]} for i, each in enumerate(sums(range(9)))]
    document = results({"sums": samples})
    document["results"]["sums"]["bleu,none"] = 41.5
    document["higher_is_better"]["sums"]["bleu"] = True
    file = write_evaluation(tmp_path, {"sums": samples})
    file.write_text(json.dumps(document), encoding="utf-8")
    (task,) = read(tmp_path)
    assert [score.name for score in task.scores] == ["lm_eval/exact_match"]
    assert "bleu of lm-eval" in task.results[0].warnings[0]


def test_without_samples_only_the_totals_are_known(tmp_path):
    for name, right in (("small", 20), ("large", 33)):
        write_evaluation(tmp_path / name, {"sums": sums(range(right))}, model=name, with_samples=False)
    (task,) = read(tmp_path)
    assert not task.has_examples
    total = next(each.totals for each in task.results if each.system == "small")["lm_eval/exact_match"]
    assert (total.value, total.n, total.successes, total.standard_error) == (0.5, 40, 20, 0.01)


def test_a_score_above_1_is_no_share_of_examples(tmp_path):
    file = write_evaluation(tmp_path, {"sums": sums(range(20))}, with_samples=False)
    document = json.loads(file.read_text(encoding="utf-8"))
    document["results"]["sums"]["exact_match,none"] = 1.5
    file.write_text(json.dumps(document), encoding="utf-8")
    (task,) = read(tmp_path)
    total = task.results[0].totals["lm_eval/exact_match"]
    assert (total.value, total.successes) == (1.5, None)


def test_two_evaluations_of_one_model_are_told_apart_by_their_files(tmp_path):
    for date, right in ((DATE, 20), (DATE.replace("-03-", "-04-"), 33)):
        write_evaluation(tmp_path, {"sums": sums(range(right))}, date=date)
    (task,) = read(tmp_path)
    assert sorted(each.system for each in task.results) == [
        "small-model-results_2026-03-01T09-30-00.123456",
        "small-model-results_2026-04-01T09-30-00.123456",
    ]


def test_an_adapter_is_named_before_its_base_model(tmp_path):
    arguments = "pretrained=org/small-model,peft=adapters/tuned-3,dtype=bfloat16"
    write_evaluation(tmp_path, {"sums": sums(range(3))}, config={"model": "hf", "model_args": arguments})
    (task,) = read(tmp_path)
    assert (task.results[0].system, task.results[0].description) == ("tuned-3", "adapters/tuned-3, org/small-model")


def test_systems_must_have_answered_the_same_examples(tmp_path):
    write_evaluation(tmp_path / "a", {"sums": sums(range(9))}, model="a")
    write_evaluation(tmp_path / "b", {"sums": sums(range(9))[:30]}, model="b")
    assert "has 30 examples of 'sums'" in refusal(read, tmp_path)
    changed = [sample(0, True, question="What is zero plus zero?"), *sums(range(9))[1:]]
    write_evaluation(tmp_path / "b", {"sums": changed}, model="b")
    assert "the example '0' of 'sums' has another input or target" in refusal(read, tmp_path)


def test_versions_of_a_task_are_not_mixed(tmp_path):
    for name, version in (("a", 2.0), ("b", 3.0)):
        write_evaluation(tmp_path / name, {"sums": sums(range(9))}, model=name, version=version)
    assert "Evaluate all systems with the same version of the task" in refusal(read, tmp_path)


def test_samples_of_another_evaluation_are_refused(tmp_path):
    file = write_evaluation(tmp_path, {"sums": sums(range(9))})
    document = results({"sums": [sample(0, True, question="Another one?"), *sums(range(9))[1:]]})
    file.write_text(json.dumps(document), encoding="utf-8")
    assert "its task hash is another one" in refusal(read, tmp_path)


def test_samples_alone_are_refused(tmp_path):
    file = write_evaluation(tmp_path, {"sums": sums(range(9))})
    file.unlink()
    assert f"Import them together with the file results_{DATE}.json" in refusal(read, tmp_path)


@pytest.mark.parametrize(
    ("damage", "problem"),
    [
        (lambda d: d["results"].update(sums=3), "results.sums: must be an object, not 3"),
        (lambda d: d["higher_is_better"].clear(), "has no score for which a higher or a lower value is better"),
        (lambda d: d["results"]["sums"].update({"exact_match,none": 0.9}), "no score of 'sums'"),
        (
            lambda d: d["results"]["sums"].update({"exact_match_stderr,none": -1}),
            "results.sums.exact_match_stderr,none: must be 0 or more as a standard error, not -1",
        ),
        (lambda d: d.pop("versions"), "is no file of results that can be imported"),
    ],
)
def test_a_damaged_results_file_is_one_clear_error(tmp_path, damage, problem):
    file = write_evaluation(tmp_path, {"sums": sums(range(9))})
    document = json.loads(file.read_text(encoding="utf-8"))
    damage(document)
    file.write_text(json.dumps(document), encoding="utf-8")
    with pytest.raises(BenchError) as caught:
        read_results([file, tmp_path / f"samples_sums_{DATE}.jsonl"] if "versions" in document else [file])
    assert problem in str(caught.value) and len(caught.value.problems) == 1


@pytest.mark.parametrize(
    ("line", "problem"),
    [
        ("{", ":41: is not valid JSON"),
        ('{"doc_id": -1, "doc": {}}', ":41: doc_id: must be a whole number of 0 or more, not -1"),
        ('{"doc_id": 1, "doc": {}}', ":41: the document 1 differs from that of an earlier line"),
        ("[" * 100_000, ":41: is nested too deeply"),
        ('{"doc_id": 0}', "the field 'doc' is missing"),
    ],
)
def test_a_damaged_line_is_named(tmp_path, line, problem):
    write_evaluation(tmp_path, {"sums": sums(range(9))})
    with (tmp_path / f"samples_sums_{DATE}.jsonl").open("a", encoding="utf-8") as file:
        file.write(line + "\n")
    assert problem in refusal(read, tmp_path)


def test_names_of_a_hostile_file_become_safe(tmp_path):
    write_evaluation(
        tmp_path, {"sums": sums(range(9))}, with_samples=False, config={"model_args": "pretrained=../../etc/pass\u202ewd;rm -rf,x=1"}
    )
    (task,) = read(tmp_path)
    assert task.results[0].system == "pass-wd-rm--rf"


def test_an_unknown_base_or_score_is_refused(tmp_path):
    write_evaluation(tmp_path, {"sums": sums(range(9))})
    assert "no file has results of this system" in refusal(read, tmp_path, base="smal-model")
    assert "no file has this score" in refusal(read, tmp_path, primary="exact_mach of lm-eval")
