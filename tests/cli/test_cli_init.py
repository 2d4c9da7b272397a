"""`bench init`: from a file to a runnable task, for synthetic and published data."""

from __future__ import annotations

import csv
import gzip
import json
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, get_args

import pytest
from places import SHARED

from harness.api import open_catalog
from harness.cli.commands.init import init
from harness.data import load_splits
from harness.types import Kind, Task

DATA = SHARED / "data"
Call = Callable[..., Any]

real = pytest.mark.skipif(not DATA.is_dir(), reason="../shared/data is not here")


def tickets(n: int = 120) -> list[dict[str, str]]:
    queues = ("billing", "shipping", "other")
    return [
        {
            "ticket_id": f"T-{i}",
            "customer_id": f"C{i % 40}",
            "created": f"2024-01-{i % 28 + 1:02d}",
            "subject": f"About order number {i}",
            "body": f"I have ordered thing {i} and it is not what I wanted, please say what to do with it now.",
            "queue": queues[i % 3],
        }
        for i in range(n)
    ]


def write_csv(file: Path, rows: Sequence[Mapping[str, Any]]) -> Path:
    with file.open("w", newline="", encoding="utf-8") as stream:
        writer = csv.DictWriter(stream, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
    return file


def write_xlsx(file: Path, rows: Sequence[Mapping[str, Any]]) -> Path:
    import openpyxl

    book = openpyxl.Workbook()
    assert book.active is not None
    book.active.append(list(rows[0]))
    for row in rows:
        book.active.append(list(row.values()))
    book.save(file)
    return file


def init_task(call: Call, file: Path | str, *more: str, out: str = "task.yaml") -> tuple[Task, str]:
    """The task that `bench init` writes for a file, as `bench run` reads it, and the output."""
    ended = call("init", str(file), "--out", out, *more)
    assert (ended.code, ended.err) == (0, ""), ended
    assert call("tasks", "validate", out).code == 0
    task = open_catalog().check(Path(out)).value
    assert isinstance(task, Task)
    return task, ended.out


# ---------------------------------------------------------------------------------------------------------------- real data


@real
def test_mts_dialog(call: Call) -> None:
    task, output = init_task(call, DATA / "mts-dialog" / "MTS-Dialog-TrainingSet.csv")
    assert task.kind == "summarization"
    assert task.data.fields == {"input": "dialogue", "target": "section_text", "id": "ID"}
    assert "target: 'section_header', a label (20 distinct values)" in output
    assert len(load_splits(task, folder=Path.cwd()).test) > 100


@real
def test_banking77(call: Call, here: Path) -> None:
    task, output = init_task(call, DATA / "banking77" / "train.csv")
    assert (task.name, task.kind, task.data.fields) == ("banking77", "classification", {"input": "text", "target": "category"})
    assert "test.csv" in output, "the test file beside it"
    assert "77 short values that repeat" in output
    assert "and 57 more" in (here / "task.yaml").read_text()


@real
def test_xquad(call: Call) -> None:
    task, _ = init_task(call, DATA / "xquad" / "xquad.en.json")
    assert (task.kind, task.labels) == ("qa", ())
    fields = dict(task.data.fields)
    assert fields.pop("group") == "group", "a paragraph stays in one split"
    assert fields == {"context": "context", "question": "question", "target": "answers", "id": "id"}
    splits = load_splits(task, folder=Path.cwd())
    assert sum(splits.report.sizes.values()) == 1190
    assert not {e.group for e in splits.train} & {e.group for e in splits.test}


@real
def test_pubmedqa(call: Call) -> None:
    task, _ = init_task(call, DATA / "pubmedqa" / "pqal_train.json")
    assert (task.kind, set(task.labels)) == ("qa", {"yes", "no", "maybe"})
    assert task.data.fields == {"context": "CONTEXTS", "question": "QUESTION", "target": "final_decision", "id": "id"}
    assert sum(load_splits(task, folder=Path.cwd()).report.sizes.values()) == 500


@real
def test_e2e(call: Call) -> None:
    task, _ = init_task(call, DATA / "e2e-cleaned" / "devel-fixed.no-ol.csv")
    assert (task.kind, task.data.fields, task.data.fold_references_by) == ("generation", {"input": "mr", "target": "ref"}, "mr")
    test = load_splits(task, folder=Path.cwd()).test
    assert len({example.inputs["input"] for example in test}) == len(test), "references of one input are folded into one example"


# --------------------------------------------------------------------------------------------------------------- synthetic data


FORMATS = ("tickets.csv", "tickets.xlsx", "tickets.jsonl", "tickets.json", "tickets.parquet", "tickets.csv.gz", "folder")


@pytest.mark.parametrize("name", FORMATS)
def test_tickets_in_any_format(call: Call, here: Path, name: str) -> None:
    rows, file = tickets(), here / name
    if name.endswith(".csv"):
        write_csv(file, rows)
    elif name.endswith(".gz"):
        file.write_bytes(gzip.compress(write_csv(here / "plain.csv", rows).read_bytes(), mtime=0))
    elif name.endswith(".xlsx"):
        write_xlsx(file, rows)
    elif name.endswith(".jsonl"):
        file.write_text("".join(json.dumps(row) + "\n" for row in rows))
    elif name.endswith(".json"):
        file.write_text(json.dumps(rows))
    elif name.endswith(".parquet"):
        import pyarrow
        import pyarrow.parquet

        pyarrow.parquet.write_table(pyarrow.Table.from_pylist(rows), file)
    else:
        import datasets

        datasets.Dataset.from_list(rows).save_to_disk(str(file))
    task, output = init_task(call, file)
    assert (task.name, task.kind) == ("folder" if name == "folder" else "tickets", "classification")
    assert task.data.fields == {"subject": "subject", "body": "body", "target": "queue", "group": "customer_id", "id": "ticket_id"}
    assert "120 rows" in output
    assert "only " in output and "test examples" in output, "a small test set is noted"
    assert output.splitlines()[-1].endswith("bench run --task task.yaml --strategies lora")


def test_drafted_task_can_be_run(quick_bench: Call, tmp_path: Path) -> None:
    """From another folder than that of the data."""
    (tmp_path / "data of mine").mkdir()
    (tmp_path / "tasks").mkdir()
    write_csv(tmp_path / "data of mine" / "tickets.csv", tickets())
    ended = quick_bench("init", "data of mine/tickets.csv", "--out", "tasks/mine.yaml", here=tmp_path)
    assert (ended.code, ended.err) == (0, ""), ended
    ran = quick_bench("run", "--task", "tasks/mine.yaml", "--limit", "8", here=tmp_path)
    assert ran.code == 0, ran
    assert "macro_f1" in ran.err


def test_list_of_answers_with_missing_ones(call: Call, here: Path) -> None:
    rows = [{"question": f"What is number {i} of all?", "answers": [f"it is {i}", f"{i}"] if i % 9 else []} for i in range(40)]
    (here / "qa.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    task, _ = init_task(call, "qa.jsonl")
    assert (task.kind, task.no_answer) == ("qa", "unanswerable")
    splits = load_splits(task, folder=here)
    assert {len(e.targets) for part in (splits.train, splits.validation, splits.test) for e in part} == {0, 2}


def test_unusable_rows_are_skipped(call: Call, here: Path) -> None:
    rows = tickets()
    rows[3]["queue"] = rows[9]["body"] = ""
    write_csv(here / "tickets.csv", rows)
    with (here / "tickets.csv").open("a") as stream:
        stream.write("too,few\n")
    task, output = init_task(call, "tickets.csv")
    assert task.data.skip_bad_rows
    assert "2 rows without the target" in output
    assert "1 unusable row (the first: tickets.csv:122: " in output
    assert sum(load_splits(task, folder=here).report.sizes.values()) == 118


def test_column_of_splits_is_used(call: Call, here: Path) -> None:
    rows = [
        row | {"query-split": ("train", "train", "dev", "test")[i % 4], "customer_id": f"C{i % 4}-{i % 40}"}
        for i, row in enumerate(tickets())
    ]
    write_csv(here / "tickets.csv", rows)
    task, output = init_task(call, "tickets.csv")
    assert task.data.split.column == "query-split"
    assert "splits       query-split  (given: 60 train, 30 validation, 30 test)" in output
    test = load_splits(task, folder=here).test
    assert {example.id for example in test} == {row["ticket_id"] for row in rows if row["query-split"] == "test"}


def test_sibling_splits_are_offered(call: Call, here: Path) -> None:
    for name in ("Train_v2.csv", "Test_v2.csv", "Dev_v2.csv"):
        write_csv(here / name, tickets())
    _, output = init_task(call, "Train_v2.csv")
    line = next(line for line in (here / "task.yaml").read_text().splitlines() if line.strip().startswith("# path: {"))
    assert "train: Train_v2.csv" in line and "validation: Dev_v2.csv" in line and "test: Test_v2.csv" in line
    assert "given splits: Train_v2.csv, Dev_v2.csv, Test_v2.csv" in output


def test_only_the_first_rows_of_a_large_file_are_inspected(call: Call, here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("harness.api.MOST_INSPECTED_ROWS", 50)
    write_csv(here / "tickets.csv", tickets())
    task, output = init_task(call, "tickets.csv")
    assert "tickets.csv: the first 50 rows of a larger file" in output
    assert "after the split" not in output, "the rest of the file is not read"
    assert sum(load_splits(task, folder=here).report.sizes.values()) == 120


def test_folder_with_its_own_splits(call: Call, here: Path) -> None:
    import datasets

    parts = {"train": tickets(60), "test": tickets(120)[60:]}
    datasets.DatasetDict({split: datasets.Dataset.from_list(rows) for split, rows in parts.items()}).save_to_disk(str(here / "saved"))
    task, output = init_task(call, "saved")
    assert (task.name, task.kind) == ("saved", "classification")
    assert "60 test examples" in output
    assert "split: {" not in (here / "task.yaml").read_text(), "it would be ignored"
    assert "group" not in task.data.fields
    assert "'customer_id' could be the group, but: no training rows are left" in output, "customers occur in both splits"


def test_options_take_precedence_over_guesses(call: Call, here: Path) -> None:
    write_csv(here / "tickets.csv", tickets())
    task, _ = init_task(call, "tickets.csv", "--target", "subject", "--input", "body", "--kind", "generation", "--name", "titles")
    assert (task.name, task.kind, task.data.fields["input"], task.data.fields["target"]) == ("titles", "generation", "body", "subject")


def test_control_characters_do_not_reach_the_terminal(call: Call, here: Path) -> None:
    name = "bo\x1b[31mdy: \n#x"
    rows = [{name: row["body"], "queue": f"{row['queue']}\x07\x9b2J", "a\rb": row["subject"]} for row in tickets()]
    write_csv(here / "evil\x1b[2J.csv", rows)
    task, output = init_task(call, "evil\x1b[2J.csv", "--input", name)
    assert not {c for c in output if not c.isprintable()} - {"\n"}
    assert task.data.fields["input"] == name
    assert (here / "task.yaml").read_text().replace("\n", "").isprintable()


# ----------------------------------------------------------------------------------------------------------------- refusals


def test_existing_file_is_not_replaced_without_force(call: Call, here: Path) -> None:
    write_csv(here / "tickets.csv", tickets())
    (here / "tickets.yaml").write_text("mine")
    ended = call("init", "tickets.csv")
    assert (ended.code, ended.out) == (2, "")
    assert ended.err == "error: tickets.yaml: already exists. Name another file with --out, or replace it with --force\n"
    assert (here / "tickets.yaml").read_text() == "mine"
    init_task(call, "tickets.csv", "--force", out="tickets.yaml")


def test_task_file_is_named_like_the_task(call: Call, here: Path) -> None:
    """After the data file; for the file of a split, after its folder. It lies in the working directory."""
    (here / "banking").mkdir()
    for name in ("tickets.csv", "calls.csv", "banking/train.csv"):
        write_csv(here / name, tickets())
        assert call("init", name).code == 0
    assert call("init", "tickets.csv", "--name", "titles", "--target", "subject").code == 0
    assert sorted(file.name for file in here.glob("*.yaml")) == ["banking.yaml", "calls.yaml", "tickets.yaml", "titles.yaml"]
    task = open_catalog().check(here / "banking.yaml").value
    assert isinstance(task, Task)
    assert (task.name, len(load_splits(task, folder=here).test)) == ("banking", 12)


@pytest.mark.parametrize(
    ("arguments", "hint"),
    [
        (["none.csv"], "none.csv: no such file. Did you mean 'one.csv'"),
        (["empty.csv"], "empty.csv: the file is empty"),
        (["header.csv"], "header.csv: the file has a header (text, label) but no rows"),
        (["one.csv"], "only one column, 'text'"),
        (["unclear.csv"], "cannot tell which column is the target. The columns are: 'alpha' (text of about 4 words)"),
        (["unclear.csv", "--target", "gamma"], "no column 'gamma' for the target"),
        (["tickets.csv", "--out", "none/task.yaml"], "the folder none does not exist"),
        (["tickets.csv", "--out", "folder.yaml"], "is a folder"),
        (["tickets.csv", "--out", "task.txt"], "ends in .yaml"),
        (["tickets.csv", "--out", "a,b.yaml"], "contains no comma, which separates names"),
        (["tickets.csv", "--name", "two words"], "--name 'two words'"),
        (["tickets.csv", "--kind", "poem"], "'poem' is not one of"),
    ],
)
def test_bad_input_is_one_error_and_nothing_is_written(call: Call, here: Path, arguments: list[str], hint: str) -> None:
    write_csv(here / "tickets.csv", tickets())
    write_csv(here / "one.csv", [{"text": f"line {i} of it"} for i in range(20)])
    write_csv(here / "unclear.csv", [{"alpha": f"line {i} of it", "beta": f"other {i} of it"} for i in range(20)])
    (here / "header.csv").write_text("text,label\n")
    (here / "empty.csv").write_text("")
    (here / "folder.yaml").mkdir()
    before = sorted(here.rglob("*"))
    ended = call("init", *arguments)
    assert (ended.code, ended.out) == (2, ""), ended
    assert hint in ended.err
    assert "Traceback" not in ended.err
    assert sorted(here.rglob("*")) == before


def test_every_kind_is_an_option() -> None:
    option = next(parameter for parameter in init.params if parameter.name == "kind")
    assert tuple(option.type.choices) == get_args(Kind)  # type: ignore[attr-defined]
