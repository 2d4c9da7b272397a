"""Decision records: what they hold, and what their check notices."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest
from report_factory import Made, make_run, summarization

from harness import BenchError, load_run
from harness.api import promote, verify_record, write_record
from harness.types import Example


def secret(example: Example, _: Any) -> str:
    return f"Patient Zorbax said so: {example.targets[0]}"


@pytest.fixture
def runs(tmp_path: Path) -> Path:
    cells = (Made("base", 0.3, answer=secret), Made("lora", 0.9, seed=0, train_seconds=30.0), Made("full", 0.8, seed=0, train_seconds=90.0))
    make_run(tmp_path / "runs" / "one", [summarization(cells)])
    return tmp_path / "runs"


def write(runs: Path, **options: Any) -> dict[str, Any]:
    here = runs.parent
    write_record("one", here / "record.json", key=here / "key.pem", registry=here / "registry", runs_dir=runs, force=True, **options)
    return json.loads((here / "record.json").read_text(encoding="utf-8"))  # type: ignore[no-any-return]


def check(runs: Path, **options: Any) -> Any:
    here = runs.parent
    return verify_record(here / "record.json", **{"registry": here / "registry", "runs_dir": runs, **options})


def test_a_record_has_scores_with_intervals_the_decision_and_digests_and_no_text_of_an_example(runs: Path) -> None:
    record = write(runs)
    run = load_run("one", runs_dir=runs)
    (task,) = record["tasks"]
    assert record["subject"]["sha256_of_all_files"] == run.stored.folder.read_seal().digest  # type: ignore[union-attr]
    assert task["data"]["sha256"] == run.stored.plan.data_digests[task["name"]]
    lora = next(each for each in task["scores"] if (each["strategy"], each["score"]) == ("lora", task["primary"]))
    assert lora["low"] < lora["value"] < lora["high"] and lora["n"] > 0
    decision = run.decision()
    assert task["decision"]["state"] == decision.state and task["decision"]["headline"]
    text = json.dumps(record)
    assert "Zorbax" not in text
    for example in run.stored.examples(task["name"]):
        assert all(value not in text for value in (*example.inputs.values(), *example.targets))


def test_every_provision_names_fields_that_the_record_has_or_says_where_it_is(runs: Path) -> None:
    record = write(runs)
    for row in record["where_to_find"]:
        for path in filter(None, row["in_this_record"].split(", ")):
            value: Any = record
            for step in path.split("."):
                name = step.removesuffix("[]")
                assert name in value, f"{row['provision']}: {path}"
                value = value[name][0] if step.endswith("[]") else value[name]
        assert row["in_this_record"] or row["also_in"]


def test_the_check_finds_the_run_and_notices_what_was_changed(runs: Path, tmp_path: Path) -> None:
    write(runs)
    intact = check(runs)
    assert intact.is_intact and (intact.run, intact.card, intact.is_expected) == ("same", None, None)
    elsewhere = check(runs, runs_dir=tmp_path / "none")
    assert elsewhere.is_intact and elsewhere.run == "not found"
    assert check(runs, signer=intact.signer.fingerprint.upper().replace(" ", "")).is_expected
    assert not check(runs, signer="0000").is_intact
    file = next((runs / "one").glob("cells/*/predictions.parquet"))
    content = file.read_bytes()
    file.write_bytes(content + b"x")
    assert check(runs).run == "changed", "its seal is as it was"
    file.write_bytes(content)
    assert check(runs).run == "same"
    shutil.rmtree(runs)
    make_run(runs / "one", [summarization((Made("base", 0.3), Made("lora", 0.1, seed=0)))])
    assert check(runs).run == "changed" and not check(runs).is_intact


def test_a_changed_record_is_noticed(runs: Path, tmp_path: Path) -> None:
    record = write(runs)
    record["tasks"][0]["decision"]["state"] = "ship"
    (tmp_path / "record.json").write_text(json.dumps(record), encoding="utf-8")
    found = check(runs)
    assert found.signer is None and not found.is_intact


def test_a_record_that_says_a_thing_twice_is_refused(runs: Path, tmp_path: Path) -> None:
    """Programs differ in which of the values they read."""
    write(runs)
    text = (tmp_path / "record.json").read_text(encoding="utf-8")
    (tmp_path / "record.json").write_text(text.replace("{", '{"subject": {"run": "evil"}, ', 1), encoding="utf-8")
    with pytest.raises(BenchError, match="is not a decision record"):
        check(runs)


def test_the_data_card_is_part_of_it(runs: Path, tmp_path: Path) -> None:
    card = tmp_path / "card"
    with pytest.raises(BenchError, match=r"has no card\.html"):
        write(runs, card=card)
    card.mkdir()
    for name in ("card.html", "croissant.json"):
        (card / name).write_text(name)
    assert write(runs, card=card)["data_card"].keys() == {"card.html", "croissant.json"}
    assert (check(runs).card, check(runs, card=card).card) == ("not found", "same")
    (card / "card.html").write_text("another")
    assert check(runs, card=card).card == "changed" and not check(runs, card=card).is_intact


def test_the_record_of_a_model_has_who_promoted_it_and_what_followed(made: Any, tmp_path: Path) -> None:
    registry, out = tmp_path / "registry", tmp_path / "record.json"
    shutil.copytree(made.runs, tmp_path / "runs")
    folder, runs = tmp_path / "runs" / made.folder.name, tmp_path / "runs"
    first, _ = promote(folder, "base", registry=registry, new_registry=True, force=True, reason="the first model")
    write_record(first.task, out, key=tmp_path / "key.pem", registry=registry, runs_dir=runs)
    record = json.loads(out.read_text(encoding="utf-8"))
    assert record["subject"]["model"]["digest"] == first.digest
    (event,) = record["history"]
    assert (event["action"], event["user"], event["reason"]) == ("force", first.user, "the first model")
    assert verify_record(out, registry=registry).run == "same"
    strategy = next(cell.strategy for cell in load_run(folder).cells if cell.strategy != "base")
    promote(folder, strategy, registry=registry, force=True, reason="better")
    write_record(folder, out, key=tmp_path / "key.pem", registry=registry, runs_dir=runs, force=True)
    assert [event["strategy"] for event in json.loads(out.read_text(encoding="utf-8"))["history"]] == ["base", strategy]
    assert verify_record(out, registry=registry, runs_dir=runs).run == "same"


def test_what_cannot_be_recorded_is_one_clear_error(runs: Path, tmp_path: Path) -> None:
    write(runs)
    with pytest.raises(BenchError, match=r"exists\. Replace it"):
        write_record("one", tmp_path / "record.json", key=tmp_path / "key.pem", runs_dir=runs)
    (runs / "one" / "seal.json").unlink()
    with pytest.raises(BenchError, match="is not finished, so nothing is decided"):
        write(runs)
    with pytest.raises(BenchError):
        write_record("unknown", tmp_path / "other.json", key=tmp_path / "key.pem", runs_dir=runs)
    assert not (tmp_path / "other.json").exists()


@pytest.mark.parametrize(
    "content",
    [b"", b"{}", b"[]", b"null", b'{"bench_record": 2, "subject": {}}', b'{"bench_record": 1, "subject": []}', b"[" * 100_000, b"\xff\xfe"],
)
def test_a_file_that_is_no_record_is_refused(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "record.json").write_bytes(content)
    with pytest.raises(BenchError):
        verify_record(tmp_path / "record.json")


def test_a_strange_record_names_no_place_outside_the_folders(runs: Path, tmp_path: Path) -> None:
    for name in ("../one", "/etc", "", ".", "..", "a/b", "\x00", "x" * 5000):
        (tmp_path / "record.json").write_text(json.dumps({"bench_record": 1, "subject": {"run": name}}), encoding="utf-8")
        found = check(runs)
        assert found.run == "not found" and found.signer is None and not found.is_intact
