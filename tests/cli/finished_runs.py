"""Small finished runs of every method and model shape, for the tests of `bench predict` and `bench export`."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tiny_models import save_model

from harness import load_run
from harness.results import RunResults, find_cell

TASKS = {
    "labels": "kind: classification",
    "notes": "kind: summarization\ndecode: {max_new_tokens: 12}",
}
DECODER_STRATEGIES = ("base", "lora", "full", "qlora", "shots", "prefix")
LORA = "lora:learning_rate=1e-2"
# The strategies of the runs of other shapes: by run, the task, the models and what was run on each.
OTHER_RUNS = {
    "encoder": ("labels", ("bert", "headed"), (LORA, "full", "qlora", "ia3", "asked")),
    "encoder-decoder": ("notes", ("t5",), (LORA, "full", "qlora")),
    "encoder-decoder that chooses": ("labels", ("t5",), (LORA,)),
}
# Equal outputs are expected after merging, which bfloat16 would round: it is the default on some CPUs.
FORMAT = ("--dtype", "float32")
_QUESTIONS = {
    "card": ["my card has not arrived yet", "where is the card", "the card that I ordered is late"],
    "refund": ["I want my money back", "refund this payment please", "my refund is late"],
    "pin": ["how do I change my pin", "the pin does not work", "my pin please"],
}
Bench = Callable[..., Any]


@dataclass(frozen=True)
class Finished:
    """A run, and by task its test inputs as a file of new rows."""

    run: RunResults
    data: dict[str, Path]

    @property
    def folder(self) -> str:
        return str(self.run.path)

    def cell(self, strategy: str, task: str = "notes", model: str | None = None) -> Path:
        return find_cell(self.run, strategy, task=task, model=model).files.path

    def outputs(self, strategy: str, task: str = "notes", model: str | None = None) -> list[str]:
        return [p.output for p in self.run.predictions(self.cell(strategy, task, model).name)]


def open_finished(folder: Path) -> Finished:
    """The run in the folder, with the files that `_write_inputs` wrote."""
    run = load_run(folder).stored
    return Finished(run, {name: _input_file(folder, name) for name in run.plan.tasks})


def _input_file(folder: Path, task: str) -> Path:
    return folder.parents[1] / f"{task}-{folder.name}.jsonl"


def _write_inputs(folder: Path) -> None:
    """Write the test inputs of the run as files of new rows, beside its working directory's files."""
    run = load_run(folder).stored
    for name, task in run.plan.tasks.items():
        columns = task.data.fields
        rows = [{"id": e.id, **{columns.get(field) or field: text for field, text in e.inputs.items()}} for e in run.examples(name)]
        _input_file(folder, name).write_text("".join(json.dumps(row) + "\n" for row in rows))


def run_decoder(bench: Bench, here: Path) -> None:
    """The shipped model with every method, on a task that chooses and one that generates."""
    for name, lines in TASKS.items():
        (here / f"{name}.yaml").write_text(f"name: {name}\ndata: {{source: clinic, size: 100}}\n{lines}\n")
    prefix = "{peft_type: PREFIX_TUNING, num_virtual_tokens: 4}"
    (here / "shots.yaml").write_text("name: shots\nmethod: prompt\nshots: 2\n")
    (here / "prefix.yaml").write_text(f"name: prefix\nmethod: peft\nadapter: {prefix}\ntrain: {{learning_rate: 3.0e-3}}\n")
    tasks = [part for name in TASKS for part in ("--task", f"{name}.yaml")]
    options = ("--limit", "6", "--epochs", "3", *FORMAT)
    ended = bench("run", *tasks, "--strategies", "lora,full,qlora,shots.yaml,prefix.yaml", *options, here=here)
    assert ended.code == 0, ended
    _write_inputs(here / ended.out.strip())


def open_decoder(here: Path) -> Finished:
    """What `run_decoder` made."""
    (folder,) = (here / "runs").iterdir()
    return open_finished(folder)


def run_other_shapes(bench: Bench, here: Path) -> None:
    """Encoders, one of which has a head for other labels, and an encoder-decoder; the strategy `asked` has a prompt of its own."""
    save_model(here / "bert", "bert")
    save_model(here / "headed", "bert", saved_as="BertForSequenceClassification", num_labels=2)
    save_model(here / "t5", "t5", num_decoder_layers=2)  # with more layers than the encoder, transformers' own generate fails (5.24)
    rows = [(text, label, i) for i in range(4) for label, texts in _QUESTIONS.items() for text in texts]
    with (here / "rows.csv").open("w", newline="") as file:
        csv.writer(file).writerows([("text", "label", "more"), *((f"{text} {i}", label, f"no {i}") for text, label, i in rows)])
    data = "data: {path: rows.csv, fields: {input: text, more: more, target: label}}"
    (here / "labels.yaml").write_text(f"name: labels\nkind: classification\n{data}\n")
    (here / "notes.yaml").write_text(f"name: notes\nkind: summarization\ndecode: {{max_new_tokens: 8}}\n{data}\n")
    (here / "asked.yaml").write_text(
        "name: asked\nmethod: peft\nprompt: 'Is it late? {{ input }}'\nadapter: {peft_type: LORA}\ntrain: {learning_rate: 1.0e-2}\n"
    )
    folders = {}
    for name, (task, models, strategies) in OTHER_RUNS.items():
        named = [part for model in models for part in ("--model", f"./{model}")]
        specs = ",".join(f"{spec}.yaml" if spec == "asked" else spec for spec in strategies)
        options = ("--strategies", specs, "--no-base", "--epochs", "2", "--limit", "12", *FORMAT)
        ended = bench("run", "--task", f"{task}.yaml", *named, *options, here=here)
        assert ended.code == 0, ended
        folders[name] = ended.out.strip().splitlines()[-1]
        _write_inputs(here / folders[name])
    (here / "folders.json").write_text(json.dumps(folders))


def open_other_shapes(here: Path) -> dict[str, Finished]:
    """What `run_other_shapes` made, by name of the run."""
    return {name: open_finished(here / folder) for name, folder in json.loads((here / "folders.json").read_text()).items()}


def edit(file: Path, change: Callable[[Any], None]) -> None:
    """Change a JSON file, which may be linked with another run's. Its digest is not renewed: `edit_sealed` does that."""
    value = json.loads(file.read_text())
    change(value)
    file.unlink()
    file.write_text(json.dumps(value))
