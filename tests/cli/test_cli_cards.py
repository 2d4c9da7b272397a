"""The code on the card of an export, run as a user would: it prints what the run stored."""

from __future__ import annotations

import contextlib
import io
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from finished_runs import LORA, Finished

from harness import load_run
from harness.catalog import render_prompt
from harness.engine.models.resolve import TINY

Call = Callable[..., Any]

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
    arguments = ("--strategies", f"lora,qlora,full,{files}", "--limit", "3", "--epochs", "1", "--no-base")
    ended = bench("run", "--task", "notes.yaml", *arguments, here=here)
    assert ended.code == 0, ended
    return Finished(load_run(here / ended.out.strip()).stored, {})


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
def test_card_code_of_a_decoder_prints_the_stored_output(
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
    ("shape", "strategy", "model"),
    [
        ("encoder", LORA, "bert"), ("encoder", "qlora", "bert"), ("encoder", "ia3", "bert"), ("encoder", "asked", "bert"),
        ("encoder", LORA, "headed"), ("encoder", "qlora", "headed"),
        ("encoder-decoder", LORA, "t5"), ("encoder-decoder", "qlora", "t5"),
    ],
)  # fmt: skip
def test_card_code_of_other_shapes_prints_the_stored_output(
    other_shapes: dict[str, Finished], call: Call, here: Path, monkeypatch: pytest.MonkeyPatch, shape: str, strategy: str, model: str
) -> None:
    finished = other_shapes[shape]
    run, (task,) = finished.run, finished.run.plan.tasks
    base = run.path.parents[1] / model
    ended = call("export", finished.folder, "--strategy", strategy, "--model", model, "--out", "out")
    assert ended.code == 0, ended.err
    card = (here / "out" / "README.md").read_text()
    monkeypatch.chdir("out")
    own, shown = run.plan.strategies[strategy].prompt, run.plan.tasks[task].prompt
    bare = task == "labels" and own is None
    assert ("encoder gets no instruction" in card) == bare
    assert ("## The prompt it was tuned with" in card) != bare
    for example, output in zip(run.examples(task)[:5], finished.outputs(strategy, task, model), strict=False):
        prompt = "\n".join(example.inputs.values()) if bare else render_prompt(own or shown, example.inputs, example.choices)
        assert printed(card, prompt, base) == output


def test_merge_of_an_unsupported_method_fails_with_a_reason(other_shapes: dict[str, Finished], call: Call) -> None:
    run = other_shapes["encoder"].run.path
    which = (str(run), "--strategy", "ia3", "--model", "bert", "--model-path", str(run.parents[1] / "bert"))
    ended = call("export", *which, "--merge", "--out", "model")
    assert (ended.code, ended.out) == (2, "")
    message = "'ia3' (IA3) cannot be merged: PEFT cannot merge this method into a model of the type bert. Without --merge, the adapter is"
    assert message in ended.err
