"""Logs of Inspect AI as runs: JSON and archives, epochs, and what is refused."""

import json
import zipfile

import pytest
from inspect_files import ZSTD, archive_members, log, sample, write_archive, write_log

from harness.errors import BenchError
from harness.interchange import assemble, read_results, write_imported_run
from harness.interchange.zip_members import ZipMembers
from harness.results import RunResults


def refusal(call, *args, **options):
    with pytest.raises(BenchError) as caught:
        call(*args, **options)
    return str(caught.value)


@pytest.mark.parametrize("method", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, ZSTD])
def test_an_archive_has_the_results_of_the_json_log(tmp_path, method):
    document = log(range(25))
    (archived,) = read_results([write_archive(tmp_path, "a", document, method=method)])
    (plain,) = read_results([write_log(tmp_path, "a", document)])
    assert (archived.examples, archived.repeats, archived.scores) == (plain.examples, plain.repeats, plain.scores)
    assert archived.examples[3].inputs == {"input": "What is 3 plus 3?"} and archived.examples[3].targets == ("6",)
    prediction = archived.repeats[0][3]
    assert (prediction.output, prediction.extracted, prediction.tokens_out) == ("It is 6", "6", 2)
    assert prediction.scores == {"inspect/match": 1.0}
    assert archived.costs[0].seconds == 10.0 and archived.costs[0].device == "as Inspect AI states"


def test_systems_with_epochs_are_compared_over_all_of_them(tmp_path):
    for name, right in (("small", 20), ("large", 34)):
        write_log(tmp_path / "logs", name, log(range(right), model=f"org/{name}", epochs=2))
    tasks = assemble(read_results([tmp_path / "logs"]), base="org/small")
    run = RunResults(write_imported_run(tasks, tmp_path / "runs", margin=0.02, command="test"))
    large, base = run.by_task["sums"].strategies
    assert (large.strategy, large.seeds, base.is_base) == ("large", (0, 1), True)
    assert large.primary.value == 0.85 and large.versus_base.difference == pytest.approx(0.35)
    assert large.versus_base.verdict == "better" and run.by_task["sums"].task.margin == 0.02


def test_what_a_mean_is_good_for_has_to_be_said(tmp_path):
    file = write_log(tmp_path, "a", log(range(9), letters=False, metric="mean"))
    assert "higher or lower values are better" in refusal(assemble, read_results([file]))
    (task,) = assemble(read_results([file]), lower_is_better=("mean of Inspect’s match",))
    assert (task.scores[0].direction, task.scores[0].unit, task.scores[0].exact) == ("lower", "value", False)
    graded = read_results([write_log(tmp_path, "b", log(range(9)))])
    assert "higher values are better. Leave out" in refusal(assemble, graded, lower_is_better=("inspect/match",))


def test_conversations_choices_and_attachments_become_text(tmp_path):
    messages = [
        {"role": "system", "content": "Answer."},
        {"role": "user", "content": [{"type": "text", "text": "attachment://" + "a" * 32}]},
    ]
    document = log(range(1))
    document["samples"][0] |= {"input": messages, "choices": ["one", "two"], "attachments": {"a" * 32: "Which?"}}
    (result,) = read_results([write_log(tmp_path, "a", document)])
    assert result.examples[0].inputs["input"] == "system: Answer.\nuser: Which?\nA) one\nB) two"


def test_a_log_without_samples_has_totals(tmp_path):
    (result,) = read_results([write_log(tmp_path, "a", log(range(10)) | {"samples": None})])
    total = result.totals["inspect/match"]
    assert (total.value, total.n, total.successes, total.standard_error) == (0.25, 40, 10, 0.08)


def test_samples_that_were_not_scored_do_not_count(tmp_path):
    document = log(range(10))
    document["samples"][39] |= {"scores": {"match": {"value": float("nan")}}, "error": {"message": "timeout"}}
    document["results"]["scores"][0]["metrics"]["accuracy"]["value"] = 10 / 39
    (result,) = read_results([write_log(tmp_path, "a", document)])
    assert result.repeats[0][39].scores == {"inspect/match": None} and "1 samples ended with an error" in result.warnings[0]


@pytest.mark.parametrize(
    ("changed", "problem"),
    [
        ({"status": "cancelled"}, "status: is 'cancelled': the evaluation has not ended"),
        ({"results": {"scores": []}}, "no score in it is a mean or an accuracy over its samples"),
        ({"samples": [sample(1, True), sample(1, True)]}, "the sample 's1' occurs twice in one epoch"),
        ({"samples": [sample(1, True), sample(1, True, 2), sample(2, True)]}, "has no output in epoch 2"),
        ({"samples": [sample(1, True), sample(1, True, 2, input="Another?")]}, "the sample 's1' has another input or target"),
        ({"samples": 3}, "samples: must be a list, not 3"),
    ],
)
def test_a_damaged_log_is_one_clear_error(tmp_path, changed, problem):
    document = log(range(40)) | changed
    assert problem in refusal(read_results, [write_log(tmp_path, "a", document)])


def test_archives_that_are_damaged_or_hostile_are_refused(tmp_path, monkeypatch):
    document = log(range(9))
    file = write_archive(tmp_path, "a", document)
    whole = file.read_bytes()
    file.write_bytes(whole[: len(whole) // 2])
    assert "is damaged" in refusal(read_results, [file])
    middle = whole.index(b"samples/s5_epoch_1.json") + 40
    file.write_bytes(whole[:middle] + bytes([whole[middle] ^ 255]) + whole[middle + 1 :])
    assert "is damaged" in refusal(read_results, [file])
    members = archive_members(document)
    write_archive(tmp_path, "a", document, members={name: content for name, content in members.items() if name != "header.json"})
    assert "has no header.json" in refusal(read_results, [file])
    write_archive(tmp_path, "a", document, members={"../../header.json": b"{}"})
    assert "has no header.json" in refusal(read_results, [file])
    monkeypatch.setattr("harness.interchange.zip_members.MAX_MEMBERS", 5)
    write_archive(tmp_path, "a", document)
    assert "has more than 5 members" in refusal(read_results, [file])


@pytest.mark.parametrize("method", [zipfile.ZIP_DEFLATED, ZSTD])
def test_a_zip_bomb_is_refused_without_unpacking_it(tmp_path, monkeypatch, method):
    monkeypatch.setattr("harness.interchange.zip_members.MAX_MEMBER", 1000)
    bomb = json.dumps({"a": "0" * 1_000_000}).encode()
    file = write_archive(tmp_path, "a", None, method=method, members={"header.json": bomb})
    assert file.stat().st_size < 20_000 and "header.json: is larger than" in refusal(read_results, [file])
    monkeypatch.setattr("harness.interchange.zip_members.MAX_MEMBER", 2_000_000)
    monkeypatch.setattr("harness.interchange.zip_members.MAX_TOTAL", 1_500_000)
    members = ZipMembers(write_archive(tmp_path, "a", None, method=method, members={"a": bomb, "b": bomb}))
    members.read("a")
    assert "with those before" in refusal(members.read, "b")
