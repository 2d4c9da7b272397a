"""`bench data check`: findings, pages, cleaned files, and bad input."""

from __future__ import annotations

import csv
import json
import os
import re
import shlex
import signal
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import psutil
import pytest
import yaml

from tests.places import ROOT

sys.path.append(str(ROOT / "tests" / "data" / "checks"))
from planted import Vocabulary, replace_words

Call = Callable[..., Any]
HOSTILE = '<script>alert(1)</script>\x1b[31m\u202e"><img src=x>'


def write(path: str, header: str, rows: Sequence[Sequence[str]]) -> None:
    with Path(path).open("w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows([header.split(","), *rows])


def visits(count: int = 120, seed: int = 0) -> list[list[str]]:
    vocabulary = Vocabulary(seed)
    return [[f"v{i}", vocabulary.text(), vocabulary.text(10)] for i in range(count)]


def codes(out: str) -> dict[str, str]:
    return {finding["code"]: finding["severity"] for finding in json.loads(out)["findings"]}


def rows_of(path: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in Path(path).read_text(encoding="utf-8").splitlines()]


def test_clean_data_ends_well(call: Call) -> None:
    write("visits.csv", "id,dialogue,note", visits())
    ended = call("data", "check", "visits.csv")
    assert ended.code == 0
    assert "input: dialogue; target: note; id: id (guessed)" in ended.out
    assert ended.out.endswith("Nothing was found.\n")


def test_leaks_across_files_spoil_and_are_cleaned(call: Call) -> None:
    train, test = visits(), visits(40, 1)
    leaked = [["t90", train[3][1], test[0][2]], ["t91", replace_words(train[4][1], 3, "n"), test[1][2]]]
    write("train.csv", "id,dialogue,note", train)
    write("test.csv", "id,dialogue,note", [*test, *leaked])
    ended = call("data", "check", "train.csv", "test.csv", "--format", "json")
    assert ended.code == 1
    assert codes(ended.out) == {"leaks": "spoils", "near_leaks": "spoils", "several_references": "notes"}
    (leak,) = [row for each in json.loads(ended.out)["findings"] if each["code"] == "leaks" for row in each["rows"]]
    assert (leak["row"]["location"], leak["other"]["location"]) == ("train.csv:5", "test.csv:42")

    assert call("data", "check", "train.csv", "test.csv", "--fix", "leaks,near-duplicates", "--out", "clean.jsonl").code == 0
    cleaned = rows_of("clean.jsonl")
    assert {row["id"] for row in cleaned} == {row[0] for row in [*train, *test, *leaked]} - {"v3", "v4"} | {row[0] for row in test}
    assert {(row["why"], row["location"]) for row in rows_of("clean.jsonl.changes.jsonl")} == {
        ("leaks", "train.csv:5"),
        ("near-duplicates", "train.csv:6"),
    }
    again = call("data", "check", "clean.jsonl")
    assert again.code == 0 and "118 training, 42 test (given splits)" in again.out


def test_every_printed_command_runs(call: Call) -> None:
    rows = visits()
    rows[9][1:] = rows[8][1:]
    rows[20][1] = rows[21][1]
    rows[30][2] = ""
    rows[31][2] = "N/A"
    rows[40][1] = f"cafÃ© {rows[40][1]}"
    write("my visits.csv", "id,dialogue,note", rows)
    ended = call("data", "check", "my visits.csv")
    commands = re.findall(r"^    (bench .*)$", ended.out, re.MULTILINE)
    assert len(commands) == 6
    for command in commands:
        ran = call(*shlex.split(command)[1:])
        assert ran.code == 0, command
    assert 'data: {fold_references_by: "dialogue"}' in ended.out


def test_cleaning_keeps_columns_and_logs_every_change(call: Call) -> None:
    rows = [[*row, f"extra {i}"] for i, row in enumerate(visits())]
    rows[9][1:3] = rows[8][1:3]
    rows[30][2] = ""
    rows[40][1] = "cafÃ© " + rows[40][1]
    write("visits.csv", "id,dialogue,note,comment", rows)
    named = ("--input", "dialogue", "--target", "note")
    ended = call("data", "check", "visits.csv", *named, "--fix", "duplicates,empty,encoding", "--out", "clean.jsonl")
    assert ended.code == 0 and "Wrote clean.jsonl: 118 of 120 rows." in ended.out
    cleaned = rows_of("clean.jsonl")
    assert [row["id"] for row in cleaned] == [row[0] for row in rows if row[0] not in ("v9", "v30")]
    assert cleaned[0] == dict(zip(("id", "dialogue", "note", "comment"), rows[0], strict=True))
    assert next(row for row in cleaned if row["id"] == "v40")["dialogue"].startswith("café ")
    log = rows_of("clean.jsonl.changes.jsonl")
    assert [(entry["action"], entry["why"], entry["location"]) for entry in log] == [
        ("removed", "duplicates", "visits.csv:11"),
        ("removed", "empty", "visits.csv:32"),
        ("changed", "encoding", "visits.csv:42"),
    ]
    assert log[0]["row"]["comment"] == "extra 9" and "visits.csv:10" in log[0]["like"]


def test_nothing_is_overwritten_or_half_written(call: Call, monkeypatch: pytest.MonkeyPatch) -> None:
    write("visits.csv", "id,dialogue,note", visits())
    call("data", "check", "visits.csv", "--fix", "duplicates", "--out", "visits.jsonl")
    before = Path("visits.jsonl").read_bytes()
    refused = call("data", "check", "visits.jsonl", "--fix", "duplicates", "--out", "./visits.jsonl")
    assert refused.code == 2 and "the data is read from this file" in refused.err
    assert Path("visits.jsonl").read_bytes() == before
    assert call("data", "check", "visits.csv", "--fix", "duplicates", "--out", "clean.csv").code == 2

    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("harness.data.checks.cleaning._repair_cell", interrupt)
    stopped = call("data", "check", "visits.csv", "--fix", "duplicates", "--out", "other.jsonl")
    assert stopped.code == 130
    assert sorted(path.name for path in Path().glob("*other*")) == [] and not list(Path().glob(".*.part"))


def test_hostile_text_is_shown_and_obeyed_nowhere(call: Call) -> None:
    rows = visits()
    rows[9][1:] = rows[8][1:] = [HOSTILE + rows[8][1], HOSTILE]
    write("visits.csv", "id,dialogue,note", rows)
    assert call("data", "check", "visits.csv", "--format", "html", "--out", "page.html").code == 0
    page, text = Path("page.html").read_text(encoding="utf-8"), call("data", "check", "visits.csv").out
    assert "&lt;script&gt;" in page and "<script" not in page and "<img" not in page
    assert not re.findall("[\x00-\x08\x1b\u202e]", page + text)
    assert not re.findall(r'(?:src|href)="(?!#)', page)


def test_a_task_is_checked_with_its_columns(call: Call) -> None:
    rows = [[row[1], "ab"[i % 2]] for i, row in enumerate(visits())]
    rows[5][0] = rows[6][0]
    write("visits.csv", "words,kind", rows)
    Path("triage.yaml").write_text(
        "name: triage\nkind: classification\ndata:\n  path: visits.csv\n  fields: {input: words, target: kind}\nprompt: '{{ input }}'\n"
    )
    assert codes(call("data", "check", "triage.yaml", "--format", "json").out) == {"conflicts": "spoils"}
    assert call("data", "check", "classification").code == 0
    fixed = call("data", "check", "triage.yaml", "--fix", "conflicts", "--out", "clean.jsonl")
    assert fixed.code == 0 and len(rows_of("clean.jsonl")) == 118
    named = call("data", "check", "classification", "--data", "visits.csv", "--input", "words", "--target", "kind", "--format", "json")
    assert codes(named.out) == {"conflicts": "spoils"}
    assert "the rows come from a source" in call("data", "check", "summarization", "--fix", "empty", "--out", "clean.jsonl").err


def test_prompts_that_do_not_fit_and_targets_without_support_are_named(call: Call) -> None:
    rows = [[f"Doctor: What hurts?\nPatient: My knee hurts since day {i}, {Vocabulary(i).text(12)}.", f"Knee pain {i}."] for i in range(80)]
    rows[3][0] += " and then it went on" * 600
    rows[4][1] = "Knee pain, 40 mg of Ibuprofen."
    write("visits.csv", "dialogue,note", rows)
    ended = call("data", "check", "visits.csv", "--format", "json")
    found = {finding["code"]: finding for finding in json.loads(ended.out)["findings"]}
    assert ended.code == 0
    assert [row["row"]["location"] for row in found["cut_prompts"]["rows"]] == ["visits.csv:5"] or found["cut_prompts"]["count"] == 1
    assert found["cut_prompts"]["severity"] == "warns"
    assert any("40 mg" in row["value"] for row in found["unsupported_targets"]["rows"])
    assert call("data", "check", "visits.csv", "--model", "tiny").code == 1
    assert "no-such-model" in call("data", "check", "visits.csv", "--model", "no-such-model").err


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["nothing.csv"], "nothing.csv: no such file, and no task has this name"),
        (["sumarization"], "Did you mean 'summarization'"),
        (["empty.csv"], "empty.csv"),
        (["one.csv", "--input", "dialogue", "--target", "note"], "train and test need at least one each"),
        (["visits.csv", "--fix", "duplicats", "--out", "c.jsonl"], "Did you mean 'duplicates'"),
        (["visits.csv", "--fix", "duplicates"], "--out clean.jsonl"),
        (["visits.csv", "--out", "page.html"], "--format html"),
        (["visits.csv", "--format", "html", "--out", "missing/page.html"], "does not exist"),
        (["visits.csv", "--data", "visits.csv"], "both name data"),
        (["visits.csv", "--target", "nowhere"], "nowhere"),
        (["visits.csv", "--limit", "5"], "No such option"),
        (["summarization", "--kind", "qa"], "has its own kind"),
    ],
)
def test_bad_input_is_one_clear_error(call: Call, arguments: list[str], message: str) -> None:
    write("visits.csv", "id,dialogue,note", visits(20))
    write("one.csv", "dialogue,note", [["some words that a patient said", "a note"]])
    Path("empty.csv").write_text("")
    ended = call("data", "check", *arguments)
    assert ended.code == 2 and message in " ".join(ended.err.split())
    assert not list(Path().glob("*.jsonl*"))


def test_a_huge_cell_and_unicode_are_no_trouble(call: Call) -> None:
    rows = visits()
    rows[3][1] = "wort " * 60_000
    rows[4][1], rows[5][1] = "患者今天早上开始出现发热和咳嗽", "🙂 ﷽ éé ﬁ İstanbul ǅ"
    write("visits.csv", "id,dialogue,note", rows)
    assert call("data", "check", "visits.csv", "--format", "json").code == 0


def test_every_line_of_yaml_solves_its_finding(call: Call) -> None:
    """The lines that findings print are added to the task, and the same check finds nothing of the kind any more."""
    vocabulary = Vocabulary(3)
    patients = [vocabulary.text() for _ in range(60)]
    rows = [[f"C{i // 3}", f"2024-01-{i % 28 + 1:02d}", f"{patients[i // 3]} visit {i}", vocabulary.text(10)] for i in range(180)]
    rows[10][2] = rows[11][2]
    write("visits.csv", "code,seen,dialogue,note", rows)
    task = {
        "name": "visits",
        "kind": "summarization",
        "prompt": "{{ input }}",
        "data": {"path": "visits.csv", "fields": {"input": "dialogue", "target": "note"}},
    }
    Path("visits.yaml").write_text(json.dumps(task))
    findings = json.loads(call("data", "check", "visits.yaml", "--format", "json").out)["findings"]
    lines = {finding["code"]: finding["yaml"] for finding in findings if finding["yaml"]}
    assert lines.keys() == {"near_leaks", "shared_groups", "several_references", "ordered_by_time"}
    for code, line in lines.items():
        changed = json.loads(json.dumps(task))
        for key, value in yaml.safe_load(line)["data"].items():
            changed["data"][key] = {**changed["data"].get(key, {}), **value} if isinstance(value, dict) else value
        Path("changed.yaml").write_text(json.dumps(changed))
        assert code not in codes(call("data", "check", "changed.yaml", "--format", "json").out), line


def test_divided_groups_and_defective_rows_are_cleaned(call: Call) -> None:
    train, test = [[*row, f"p{i // 3}"] for i, row in enumerate(visits())], [[*row, f"q{i}"] for i, row in enumerate(visits(40, 1))]
    test[0][3] = "p5"
    write("train.csv", "id,dialogue,note,patient_id", [*train, ["v1", "a repeated id", "a note", "p90"], ["w1", "   ", "a note", "p91"]])
    write("test.csv", "id,dialogue,note,patient_id", test)
    named = ["train.csv", "test.csv", "--input", "dialogue", "--target", "note", "--group", "patient_id", "--id", "id"]
    found = codes(call("data", "check", *named, "--format", "json").out)
    assert {"divided_groups": "spoils", "empty": "warns", "unusable": "warns"}.items() <= found.items()
    assert call("data", "check", *named, "--fix", "leaks,empty", "--out", "clean.jsonl").code == 0
    assert {row["id"] for row in rows_of("clean.jsonl.changes.jsonl")} >= {"train/v15", "train/v16", "train/v17"}
    cleaned = call("data", "check", "clean.jsonl", "--input", "dialogue", "--target", "note", "--group", "patient_id", "--format", "json")
    assert not {"divided_groups", "empty"} & codes(cleaned.out).keys()


@pytest.mark.parametrize(
    ("options", "is_at_work"),
    [
        (
            ("--format", "html", "--out", "check.html"),
            lambda process, here: any(f.path.endswith("visits.csv") for f in process.open_files()),
        ),
        (("--fix", "duplicates", "--out", "clean.jsonl"), lambda process, here: any(f.stat().st_size for f in here.glob(".clean.jsonl.*"))),
    ],
    ids=["check", "fix"],
)
def test_an_interrupted_check_writes_nothing(here: Path, options: Sequence[str], is_at_work: Callable[[Any, Path], bool]) -> None:
    rows = [[f"v{i}", f"text number {i} of {i % 97}", f"note {i}"] for i in range(30_000)]
    write("visits.csv", "id,dialogue,note", rows)
    before = set(here.iterdir())
    command = [sys.executable, "-m", "harness.cli.main", "data", "check", "visits.csv", "--input", "dialogue", "--target", "note", *options]
    with subprocess.Popen(
        command,
        cwd=here,
        env={**os.environ, "BENCH_CACHE_DIR": str(here / "cache")},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        # Jobs of a shell in the background ignore the signal otherwise.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),  # noqa: PLW1509
    ) as process:
        seen = psutil.Process(process.pid)
        while not is_at_work(seen, here):
            assert process.poll() is None
        process.send_signal(signal.SIGINT)
        out, errors = process.communicate()
    assert process.returncode == 130, errors
    assert out == "" and errors.splitlines()[-1] == "interrupted: nothing was written"
    assert "Traceback" not in errors
    assert {path for path in here.iterdir() if path.name != "cache"} == before
