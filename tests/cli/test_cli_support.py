"""`--support`: one fixed model scores how far texts are supported by their inputs, the same for every strategy and for external outputs."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import yaml

from harness import load_run

TASK = {
    "name": "notes",
    "kind": "summarization",
    "data": {"path": "notes.jsonl", "fields": {"input": "text", "target": "note"}},
    "metrics": ["rouge", "support"],
    "primary": "rougeL",
    "margin": 0.05,
    "decode": {"max_new_tokens": 6},
}


@pytest.fixture
def files(here: Path) -> Path:
    rows = [
        {"id": f"n{i}", "text": f"Visit {i}: the patient has a cough since day {i}.", "note": f"Cough since day {i}."} for i in range(12)
    ]
    (here / "notes.jsonl").write_text("\n".join(map(json.dumps, rows)))
    outputs = [{"id": f"n{i}", "output": text} for i, text in enumerate(["Cough since day 0.", "", " \n", *["Invented."] * 8])]
    (here / "theirs.jsonl").write_text("\n".join(map(json.dumps, outputs)))
    (here / "notes.yaml").write_text(yaml.safe_dump(TASK))
    return here


def supports(run, cell):
    return {p.example_id: p.scores["support"] for p in run.predictions(cell.id)}


def test_all_strategies_are_scored_by_the_base_model(call, files):
    ended = call("score", "--task", "notes.yaml", "--predictions", "theirs.jsonl", "--support", "tiny")
    assert ended.code == 0, ended.err
    scored = load_run(ended.out.strip()).stored
    (cell,) = scored.cells
    theirs = supports(scored, cell)
    assert theirs["n1"] == theirs["n2"] == 0, "nothing in an empty output is supported"
    assert 0 < theirs["n0"] <= 1 and "n11" not in theirs
    score = scored.by_task["notes"].scores([cell])["support"]
    assert score.n == 12 and score.value == pytest.approx(sum(theirs.values()) / 12), "a missing output counts as not supported"
    assert "support|input:all|empty:0|bench:1|scorer:likelihood-1:" in scored.results[cell.id].signatures["support"]
    assert scored.plan.tasks["notes"].faithfulness.model == "tiny"

    ended = call("run", "--task", "notes.yaml", "--strategies", "lora", "--epochs", "1")
    assert ended.code == 0, ended.err
    run = load_run(ended.out.strip()).stored
    assert {s.signatures["support"] for s in run.results.values()} == {scored.results[cell.id].signatures["support"]}
    base, lora = run.cells
    assert base.id != lora.id and all(0 <= value <= 1 for value in (supports(run, base) | supports(run, lora)).values())
    same = [{"id": p.example_id, "output": p.output} for p in run.predictions(base.id)]
    tests = [{"id": e.id, "text": e.inputs["input"], "note": e.targets[0]} for e in run.examples("notes")]
    (files / "same.jsonl").write_text("\n".join(map(json.dumps, same)))
    (files / "test.jsonl").write_text("\n".join(map(json.dumps, tests)))
    task = ("--task", "notes.yaml", "--data", "test.jsonl", "--input", "text", "--target", "note")
    again = load_run(call("score", *task, "--predictions", "same.jsonl", "--support", "tiny").out.strip()).stored
    assert supports(again, again.cells[0]) == supports(run, base), "outputs that were imported get the numbers of those that were generated"


@pytest.mark.parametrize(
    ("task", "options", "error"),
    [
        ({}, [], "task 'notes': metrics: 'support' needs a language model, and this run has none. Name it: --support MODEL"),
        ({"faithfulness": {"kind": "nli"}}, [], "task 'notes': faithfulness.kind: 'nli' needs a model. Name it under faithfulness.model."),
        ({"faithfulness": {"model": "./nowhere"}}, [], "task 'notes': faithfulness.model: there is no model './nowhere'"),
        ({"faithfulness": {"kind": "guess"}}, [], "notes.yaml:9: faithfulness.kind: unknown value 'guess'"),
        ({"faithfulness": {"model": "tiny", "kind": "embedding"}}, [], "but kind 'embedding' needs an encoder. Use kind: likelihood."),
        (
            {"faithfulness": {"model": "tiny", "fingerprint": "other"}},
            [],
            "faithfulness.fingerprint: declared is 'other', but the model 'tiny'",
        ),
        ({}, ["--support", "nowhere"], "there is no model 'nowhere'"),
    ],
)
def test_errors_name_the_field(call, files, task, options, error):
    (files / "notes.yaml").write_text(yaml.safe_dump(TASK | task))
    ended = call("score", "--task", "notes.yaml", "--predictions", "theirs.jsonl", *options)
    assert ended.code == 2 and error in ended.err, ended.err


def test_labels_have_no_support(call, files):
    ended = call("run", "--task", "classification", "--strategies", "base", "--support")
    assert ended.code == 2 and "applies to free text, but each task of the request chooses among labels" in ended.err


def test_gate_scores_the_support_of_a_baseline_that_answers_again(call, files):
    """The model in service was evaluated on other examples: its new outputs get the score that a rule of the policy reads."""
    rows = [{"id": f"n{i}", "text": f"Visit {i}: a cough since day {i}.", "note": f"Cough since day {i}."} for i in range(60)]
    (files / "notes.jsonl").write_text("\n".join(map(json.dumps, rows)))
    before = call("run", "--task", "notes.yaml", "--strategies", "base").out.strip()
    changed = (files / "notes.jsonl").read_text().replace("cough", "fever")
    (files / "notes.jsonl").write_text(changed)
    after = call("run", "--task", "notes.yaml", "--strategies", "base").out.strip()
    (files / "policy.yaml").write_text(yaml.safe_dump({"rules": [{"rule": "not_worse", "score": "support", "margin": 0.9}]}))
    judge = ("gate", after, "--strategy", "base", "--baseline", f"{before}:base", "--policy", "policy.yaml", "--format", "json")
    ended = call(*judge, "--new-registry")
    (rule,) = [rule for rule in json.loads(ended.out)["rules"] if rule["rule"]["score"] == "support"]
    assert rule["measured"] == 0, "the same model gives the same outputs, with the same support"
