"""The code on the card of an export, run as anybody would: it prints what the run has stored."""

from __future__ import annotations

import contextlib
import csv
import io
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from finished_runs import Finished
from tiny_models import save_model

from harness import load_run
from harness.catalog import render_prompt
from harness.engine.models.resolve import TINY

Call = Callable[..., Any]

QUESTIONS = {
    "card": ["my card has not arrived yet", "where is the card", "the card that I ordered is late"],
    "refund": ["I want my money back", "refund this payment please", "my refund is late"],
    "pin": ["how do I change my pin", "the pin does not work", "my pin please"],
}
SOFT = {"prompt": "PROMPT_TUNING", "prefix": "PREFIX_TUNING"}


@pytest.fixture(scope="module")
def decoders(bench: Call, tmp_path_factory: pytest.TempPathFactory) -> Finished:
    here = tmp_path_factory.mktemp("decoders")
    (here / "notes.yaml").write_text(
        "name: notes\ndata: {source: clinic, size: 100}\nkind: summarization\ndecode: {max_new_tokens: 24, stop: [' the']}\n"
    )
    for name, kind in SOFT.items():
        adapter = f"{{peft_type: {kind}, num_virtual_tokens: 4}}"
        (here / f"{name}.yaml").write_text(f"name: {name}\nmethod: peft\nadapter: {adapter}\ntrain: {{learning_rate: 0.1}}\n")
    files = ",".join(f"{name}.yaml" for name in SOFT)
    arguments = ("--strategies", f"lora,qlora,full,{files}", "--limit", "6", "--epochs", "3", "--no-base")
    ended = bench("run", "--task", "notes.yaml", *arguments, here=here)
    assert ended.code == 0, ended
    return Finished(load_run(here / ended.out.strip()), {})


@pytest.fixture(scope="module")
def others(bench: Call, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Finished]:
    """Encoders, one of which has a head for other labels, and an encoder-decoder, by task; one strategy has a prompt of its own."""
    here = tmp_path_factory.mktemp("others")
    save_model(here / "bert", "bert")
    save_model(here / "headed", "bert", saved_as="BertForSequenceClassification", num_labels=2)
    save_model(here / "t5", "t5", num_decoder_layers=2)  # with more than the encoder has, transformers' own generate fails (5.24)
    rows = [(text, label, i) for i in range(4) for label, texts in QUESTIONS.items() for text in texts]
    with (here / "rows.csv").open("w", newline="") as file:
        csv.writer(file).writerows([("text", "label", "more"), *((f"{text} {i}", label, f"no {i}") for text, label, i in rows)])
    data = "data: {path: rows.csv, fields: {input: text, more: more, target: label}}"
    (here / "labels.yaml").write_text(f"name: labels\nkind: classification\n{data}\n")
    (here / "notes.yaml").write_text(f"name: notes\nkind: summarization\ndecode: {{max_new_tokens: 8}}\n{data}\n")
    (here / "asked.yaml").write_text(
        "name: asked\nmethod: peft\nprompt: 'Is it late? {{ input }}'\nadapter: {peft_type: LORA}\ntrain: {learning_rate: 1.0e-2}\n"
    )
    ended = {}
    for task, models in (("labels", ("bert", "headed")), ("notes", ("t5",))):
        strategies = "lora:learning_rate=1e-2,qlora" + (",ia3,asked.yaml" if task == "labels" else "")
        named = [part for model in models for part in ("--model", f"./{model}")]
        arguments = ("--strategies", strategies, "--no-base", "--epochs", "2", "--limit", "12")
        ended[task] = bench("run", "--task", f"{task}.yaml", *named, *arguments, here=here)
        assert ended[task].code == 0, ended[task]
    return {task: Finished(load_run(here / done.out.strip()), {}) for task, done in ended.items()}


@pytest.fixture(autouse=True)
def _no_other_numbers(monkeypatch: pytest.MonkeyPatch) -> None:
    """On some CPUs bitsandbytes computes in bfloat16 whatever it is asked for, which decides ties between random weights otherwise."""
    monkeypatch.setattr("bitsandbytes.nn.modules.has_avx512bf16", lambda: False)


def printed(card: str, prompt: str, base: Path | str) -> str:
    """What the first block of Python prints, in the folder of the card."""
    found = re.search(r"```python\n(.*?)```", card, re.DOTALL)
    assert found is not None
    code = re.sub(r"^prompt = ….*$", lambda _: f"prompt = {prompt!r}", found[1], flags=re.MULTILINE)
    code = re.sub(r"'.*',  # the base model: a name, or its folder", lambda _: f"{str(base)!r},", code)
    said = io.StringIO()
    with contextlib.redirect_stdout(said):
        exec(code, {})
    return said.getvalue().removesuffix("\n")


@pytest.mark.parametrize("strategy", ["lora", "qlora", "full", *SOFT])
def test_the_card_of_a_decoder_prints_what_was_measured(
    decoders: Finished, call: Call, here: Path, monkeypatch: pytest.MonkeyPatch, strategy: str
) -> None:
    assert call("export", decoders.folder, "--strategy", strategy, "--out", "out").code == 0
    card = (here / "out" / "README.md").read_text()
    monkeypatch.chdir("out")
    task = decoders.run.plan.tasks["notes"]
    answers = [p.answer for p in decoders.run.predictions(decoders.cell(strategy).name)]  # without the text that stops them
    for example, answer in zip(decoders.run.examples("notes")[:3], answers, strict=False):
        assert printed(card, render_prompt(task.prompt, example.inputs), TINY) == answer


@pytest.mark.parametrize(
    ("strategy", "task", "model"),
    [
        ("lora:learning_rate=1e-2", "labels", "bert"), ("qlora", "labels", "bert"), ("ia3", "labels", "bert"), ("asked", "labels", "bert"),
        ("lora:learning_rate=1e-2", "labels", "headed"), ("qlora", "labels", "headed"),
        ("lora:learning_rate=1e-2", "notes", "t5"), ("qlora", "notes", "t5"),
    ],
)  # fmt: skip
def test_the_cards_of_other_shapes_print_what_was_measured(
    others: dict[str, Finished], call: Call, here: Path, monkeypatch: pytest.MonkeyPatch, strategy: str, task: str, model: str
) -> None:
    run = others[task].run
    base = run.path.parents[1] / model
    ended = call("export", str(run.path), "--strategy", strategy, "--model", model, "--out", "out")
    assert ended.code == 0, ended.err
    card = (here / "out" / "README.md").read_text()
    monkeypatch.chdir("out")
    own, shown = run.plan.strategies[strategy].prompt, run.plan.tasks[task].prompt
    bare = task == "labels" and own is None
    assert ("encoder gets no instruction" in card) == bare
    assert ("## The prompt it was tuned with" in card) != bare
    for example, output in zip(run.examples(task)[:5], others[task].outputs(strategy, task, model), strict=False):
        prompt = "\n".join(example.inputs.values()) if bare else render_prompt(own or shown, example.inputs, example.choices)
        assert printed(card, prompt, base) == output


def test_a_method_that_cannot_be_merged_into_this_model_is_said_in_words(others: dict[str, Finished], call: Call) -> None:
    run = others["labels"].run.path
    which = (str(run), "--strategy", "ia3", "--model", "bert", "--model-path", str(run.parents[1] / "bert"))
    ended = call("export", *which, "--merge", "--out", "model")
    assert (ended.code, ended.out) == (2, "")
    said = "'ia3' (IA3) cannot be merged: PEFT cannot merge this method into a model of this type, bert. Without --merge, the adapter is"
    assert said in ended.err
