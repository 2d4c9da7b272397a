"""Bad input: exit code 2, one clear message on standard error, and nothing is made."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

Call = Callable[..., Any]

TASK = ["--task", "classification"]
GOOD = [*TASK, "--data", "good.csv", "--input", "text", "--target", "label"]
FILES = {
    "good.csv": "text,label\n" + "".join(f"row {i},{'yes' if i % 2 else 'no'}\n" for i in range(40)),
    "hole.csv": "text,label\na,yes\nb,\nc,no\n",
    "broken.jsonl": '{"input": "a", "target": "b"}\n{"input": "c",\n',
    "empty.csv": "",
    "peft.yaml": "name: mine\nmethod: peft\nadapter: {peft_type: LORA, rr: 3}\ntrain: {}\n",
    "method.yaml": "name: mine\nmethod: peft\nadapter: {peft_type: LORRA}\ntrain: {}\n",
    "variable.yaml": "name: variable\nkind: classification\ndata: {source: clinic}\nprompt: '{{ inputs }}'\n",
    "ranks.yaml": "tasks: classification\nstrategies: lora\nlimit: 20\nsearch: {fields: {rank: [4, 8]}}\n",
    "range.yaml": "tasks: classification\nstrategies: lora\nsearch:\n  fields: {learning_rate: {low: 1.0e-2, high: 1.0e-3}}\n",
    "three.yaml": "name: three\nkind: classification\ndata: {path: a.csv, sauce: x}\nmetrics: [clasification]\nprimary: mcc\nmargin: 0\n",
}


@pytest.fixture
def files(here: Path) -> Path:
    for name, text in FILES.items():
        (here / name).write_text(text)
    (here / "latin.csv").write_bytes("text,label\ncafé,yes\n".encode("latin-1"))
    (here / "pickled").mkdir()
    (here / "pickled" / "config.json").write_text("{}")
    (here / "pickled" / "pytorch_model.bin").write_bytes(b"x")
    return here


@pytest.mark.parametrize(
    ("arguments", "hint"),
    [
        ([], "no task was named. Name one, for example --task"),
        (["--task", "classification,qa", "--harvested", "more.jsonl"], "--harvested FILE applies to one task"),
        (["--task", "classificaton"], "unknown task 'classificaton'. Did you mean 'classification'?"),
        (["--task", "nope.yaml"], "nope.yaml: cannot be read: No such file or directory"),
        ([*TASK, "--strategies", "lora", "--track", "mlfow"], "--track mlfow: unknown tracker. Did you mean 'mlflow'?"),
        ([*TASK, "--strategies", "loraa"], "unknown strategy 'loraa'. Did you mean 'lora'"),
        ([*TASK, "--strategies", "peft.yaml"], "adapter.rr: LoraConfig has no such field. Did you mean 'r'?"),
        ([*TASK, "--strategies", "method.yaml"], "adapter.peft_type: unknown method 'LORRA'. Did you mean 'LORA'"),
        (["--task", "variable.yaml"], "prompt: the data has no field 'inputs'. Did you mean 'input'?"),
        ([*TASK, "--data", "goood.csv"], "goood.csv: no such file. Did you mean 'good.csv'"),
        ([*TASK, "--data", "good.csv", "--input", "text", "--target", "labels"], "no column 'labels' for 'target'. Did you mean 'label'?"),
        ([*TASK, "--data", "good.csv", "--input", "x", "--target", "label"], "The columns are: text, label"),
        ([*TASK, "--data", "good.csv"], "no column for the input and no column for the target. The columns are: text, label"),
        ([*TASK, "--data", "hole.csv", "--input", "text", "--target", "label"], "hole.csv:3: target (column 'label') is empty"),
        ([*TASK, "--data", "broken.jsonl"], "broken.jsonl:2: broken JSON"),
        ([*TASK, "--data", "empty.csv"], "empty.csv: the file is empty"),
        ([*TASK, "--data", "latin.csv"], "latin.csv:2: not UTF-8"),
        ([*TASK, "--input", "text"], "--input COLUMN names a column of your own data, which must be named, too: --data"),
        ([*GOOD, "--train", "good.csv"], "--data FILE and --train FILE contradict each other"),
        ([*TASK, "--train", "good.csv"], "data that is already split needs --train FILE and --test FILE"),
        ([*TASK, "--test", "good.csv", "--validation", "good.csv"], "data that is already split needs --train FILE and --test FILE"),
        ([*GOOD, "--model", "./none"], "there is no model './none'"),
        ([*GOOD, "--model", "tinny"], "Did you mean 'tiny'?"),
        ([*GOOD, "--model", "pickled"], "It has pytorch_model.bin, a pickle"),
        (
            [*GOOD, "--model", "nobody/no-such-model"],
            "'nobody/no-such-model' is not in the local cache and the Hub cannot be reached",
        ),
        ([*GOOD, "--revision", "main"], "--revision main applies to models on the Hub"),
        ([*GOOD, "--tasks-dir", "none"], "there is no folder none"),
        ([*GOOD, "--no-base"], "no strategy was named. Name some, for example --strategies"),
        (["--resume", "none"], "there is no run 'none' in runs"),
        ([*GOOD, "--strategies", "full", "--tune", "soon"], "--tune soon: is not a budget. Write a number of trials"),
        ([*GOOD, "--strategies", "full", "--tune", "0"], "search: trials: must be greater than or equal to 1, not 0"),
        ([*GOOD, "--tune"], "search: fields: no strategy of this run has a field 'learning_rate'"),
        ([*GOOD, "--strategies", "full,lora", "--race"], "task 'classification': a race needs at least 30 validation examples"),
        (["--grid", "ranks.yaml"], "search: fields: no strategy of this run has a field 'rank'. Known: attention, batch_size"),
        (["--grid", "range.yaml"], "range.yaml:4: search.fields.learning_rate: the range is empty"),
    ],
)
def test_bad_input_is_one_message(call: Call, files: Path, arguments: list[str], hint: str) -> None:
    before = sorted(files.rglob("*"))
    ended = call("run", *arguments)
    assert ended.code == 2
    assert ended.out == ""
    assert ended.err.startswith("error: ")
    assert ended.err.count("error:") == 1
    assert hint in ended.err
    assert "Traceback" not in ended.err
    assert [f for f in sorted(files.rglob("*")) if f not in before and ".cache" not in f.parts] == []


@pytest.mark.parametrize(
    ("arguments", "hint"),
    [
        (["--field", "question"], "'--field': 'question' must have the form ROLE=COLUMN"),
        (["--field", "=x"], "'=x' must have the form ROLE=COLUMN"),
        (["--seeds", "0"], "'--seeds': 0 is not in the range"),
        (["--limit", "0"], "'--limit': 0 is not in the range"),
        (["--epochs", "0"], "'--epochs': 0"),
        (["--epochs", "inf"], "'--epochs': inf"),
        (["--epochs", "nan"], "'--epochs': 'nan' is not a number"),
        (["--price", "nan"], "'--price': 'nan' is not a number"),
        (["--price", "inf"], "'--price': 'inf' is not a number"),
        (["--price", "-1"], "'--price': -1"),
        (["--race", "0.5"], "'--race': 0.5 is not in the range"),
        (["--race", "often"], "'--race': 'often' is not a valid float"),
        (["--volume", "0"], "'--volume': 0 is not in the range"),
        (["--volume", "many"], "'--volume': 'many' is not a valid integer"),
        (["--dtype", "int8"], "'--dtype'"),
        (["--stratgies", "lora"], "No such option"),
        (["--resume", "x", "--new"], "--resume and --new cannot be combined"),
    ],
)
def test_wrong_option_is_named(call: Call, files: Path, arguments: list[str], hint: str) -> None:
    ended = call("run", *GOOD, *arguments)
    assert (ended.code, ended.out) == (2, "")
    assert hint in ended.err
    assert not (files / "runs").exists()


def test_all_errors_of_a_file_are_reported(call: Call, files: Path) -> None:
    ended = call("run", "--task", "three.yaml")
    assert ended.code == 2
    assert [line.split(": ")[:3] for line in ended.err.splitlines()] == [
        ["error", "three.yaml:3", "data"],
        ["error", "three.yaml:4", "metrics[0]"],
        ["error", "three.yaml:6", "margin"],
    ]


def test_all_unknown_strategies_are_reported(call: Call, files: Path) -> None:
    ended = call("run", *GOOD, "--strategies", "loraa,qloraa", "--strategies", "fulll")
    assert [line.split("'")[1] for line in ended.err.splitlines()] == ["loraa", "qloraa", "fulll"]


def test_control_characters_of_names_and_values_do_not_reach_the_terminal(call: Call, files: Path) -> None:
    name = "evil\x1b[31m.csv"
    (files / name).write_text("te\x1b]0;x\axt,label\na,yes\n")
    for arguments in (
        ["--data", name],
        ["--data", name, "--input", "text", "--target", "label"],
        ["--data", "no\x1b[2J.csv"],
        ["--model", "\x1b[31m"],
        ["--strategies", "lora\x9b31m"],
    ):
        ended = call("run", *TASK, *arguments)
        assert ended.code == 2
        assert not {c for c in ended.err if not c.isprintable()} - {"\n"}


def test_unknown_command_is_refused(call: Call) -> None:
    ended = call("rnu")
    assert ended.code == 2
    assert "No such command 'rnu'" in ended.err


def test_report_without_a_run_is_refused(call: Call, here: Path) -> None:
    assert call("report").err == "error: there is no run 'latest' in runs.\n"
    (here / "folder").mkdir()
    assert call("report", "folder").err == "error: folder: is not a run folder (it has no run.json)\n"


def test_errors_in_a_real_process(bench: Callable[..., Any], tmp_path: Path) -> None:
    """The same in a real process: no traceback, no warnings of libraries, the shell's exit code."""
    ended = bench("run", "--task", "classificaton", here=tmp_path)
    assert (ended.code, ended.out) == (2, "")
    assert ended.err.splitlines()[0].startswith("error: unknown task 'classificaton'. Did you mean 'classification'?")
    assert len(ended.err.splitlines()) == 1
    assert list(tmp_path.iterdir()) == []
