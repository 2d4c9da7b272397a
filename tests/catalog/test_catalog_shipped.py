"""All shipped files are valid, and the strategies differ only as documented."""

from __future__ import annotations

import re
from pathlib import Path
from typing import get_args

import pytest
import yaml

from harness.catalog import Catalog, prompt_variables, render_prompt, shipped_folder
from harness.data import load_splits
from harness.engine.adapters import check_adapter
from harness.grid import vocabulary
from harness.metrics import FAMILIES, metrics_for
from harness.types import DataSpec, DecodeSpec, Kind, Strategy

TASKS = sorted(shipped_folder("tasks").glob("*.y*ml"))
STRATEGIES = sorted(shipped_folder("strategies").glob("*.y*ml"))
DECLARATION_SUFFIXES = {".yaml", ".yml", ".md"}


def strategy(catalog: Catalog, name: str) -> Strategy:
    return catalog.strategy(name).value


@pytest.mark.parametrize("file", TASKS, ids=lambda f: f.stem)
def test_task_is_valid(file: Path, catalog: Catalog) -> None:
    entry = catalog.task(file.stem)
    assert entry.value == catalog.check(file).value
    assert entry.value.name == file.stem
    assert entry.value.description
    needed = {"question", "choices"} if entry.value.kind == "qa" else {"input", "choices"}
    assert prompt_variables(entry.value.prompt) <= needed, "the shipped prompts read what --input, or --field question, names"
    assert set(entry.value.metrics) <= set(vocabulary().metrics)


@pytest.mark.parametrize("file", TASKS, ids=lambda f: f.stem)
def test_task_renders_on_its_own_data_and_has_its_primary_score(file: Path, catalog: Catalog) -> None:
    """The prompt shows the complete inputs, ends right before the answer, and does not show the answer."""
    task = catalog.task(file.stem).value
    splits = load_splits(task, folder=file.parent, limit=20)
    for example in (*splits.train, *splits.test):
        prompt = render_prompt(task.prompt, example.inputs, example.choices)
        assert all(text in prompt for text in example.inputs.values())
        assert prompt.endswith(":\n") and not prompt.endswith("\n\n")
        assert prompt_variables(task.prompt) <= {"choices", *example.inputs} <= {"choices", *prompt_variables(task.prompt, optional=True)}
    choices = splits.test[0].choices
    assert task.primary in {metric.name for metric in metrics_for(task.metrics, choices)}


def test_documented_example_task_is_valid(catalog: Catalog, tmp_path: Path) -> None:
    text = (shipped_folder("tasks") / "README.md").read_text(encoding="utf-8")
    (example,) = re.findall(r"^```yaml\n(.*?)^```", text, re.MULTILINE | re.DOTALL)
    (tmp_path / "intake-notes.yaml").write_text(example, encoding="utf-8")
    task = catalog.task("intake-notes.yaml").value
    assert set(yaml.safe_load(example)["decode"]) == set(DecodeSpec.model_fields)
    for name, value in DataSpec(path="x").model_dump().items():
        if name not in ("path", "fields", "about"):
            assert task.data.model_dump()[name] == value, "the example shows the default"


def test_every_metric_and_score_is_documented() -> None:
    text = (shipped_folder("tasks") / "README.md").read_text(encoding="utf-8").partition("\n## Metrics\n")[2]
    rows = [line for line in text.splitlines() if line.startswith("| `")]
    for family in FAMILIES.values():
        (row,) = [row for row in rows if f"`{family.name}`" in row.split("|")[1]]
        if family.name not in ("bleu", "chrf", "ter"):  # one row for the three, whose scores are called the same
            assert set(re.findall(r"`(\w+)`", row.split("|")[3])) == set(family.scores)
        named = row.split("|")[2].strip()
        assert named == "the same" or set(named.split(", ")) == set(family.kinds)


def test_every_kind_has_a_shipped_task(catalog: Catalog) -> None:
    for kind in get_args(Kind):
        assert catalog.task(kind).value.kind == kind


QUESTION = {"question": "Who called?"}
CONTEXT = {"context": "Rain fell.\n\nThen Ada called."}


def test_qa_prompt_shows_the_context_if_there_is_one(catalog: Catalog) -> None:
    prompt = catalog.task("qa").value.prompt
    with_context, without = render_prompt(prompt, QUESTION | CONTEXT), render_prompt(prompt, QUESTION)
    assert CONTEXT["context"] in with_context
    assert with_context.index("Then Ada called.") < with_context.index("Who called?")
    assert "text" in with_context.splitlines()[0] and "text" not in without.lower()
    for text in (with_context, without):
        assert text.endswith("\n\nQuestion: Who called?\n\nAnswer:\n")
        assert "\n\n\n" not in text


@pytest.mark.parametrize("inputs", [QUESTION, QUESTION | CONTEXT])
def test_qa_prompt_explains_the_expected_answer(catalog: Catalog, inputs: dict[str, str]) -> None:
    task = catalog.task("qa").value
    assert task.no_answer
    free = render_prompt(task.prompt, inputs)
    assert f"write: {task.no_answer}\n" in free
    chosen = render_prompt(task.prompt, inputs, ("yes", "no", "maybe"))
    assert "Choose one of: yes, no, maybe\n" in chosen
    assert task.no_answer not in chosen, "one of the labels has to be taken"
    many = render_prompt(task.prompt, inputs, tuple(f"label {k}" for k in range(21)))
    assert "label 1" not in many and many.splitlines()[0].startswith("Answer the question")


@pytest.mark.parametrize("file", STRATEGIES, ids=lambda f: f.stem)
def test_strategy_is_valid_for_peft(file: Path, catalog: Catalog) -> None:
    entry = catalog.strategy(file.stem)
    assert entry.value.name == file.stem
    assert entry.value.description
    check_adapter(entry.value)


def test_expected_tasks_and_strategies_are_shipped(catalog: Catalog) -> None:
    tasks, bad_tasks = catalog.tasks()
    strategies, bad_strategies = catalog.strategies()
    assert {"summarization", "classification"} <= {e.value.name for e in tasks}
    prompts, adapters = {"base", "fewshot"}, {"lora", "qlora", "dora", "rslora", "ia3", "adalora", "vera", "oft"}
    assert prompts | {"full"} | adapters | {"prompt-tuning", "prefix-tuning"} <= {e.value.name for e in strategies}
    assert [bad_tasks, bad_strategies] == [[], []]


def test_task_and_strategy_folders_hold_only_declarations() -> None:
    for folder in ("tasks", "strategies"):
        files = [f for f in shipped_folder(folder).rglob("*") if f.is_file()]
        assert {f.suffix for f in files} <= DECLARATION_SUFFIXES


def test_adapters_share_their_settings(catalog: Catalog) -> None:
    shared = {"peft_type": "LORA", "r": 16, "lora_alpha": 32, "lora_dropout": 0.05, "target_modules": "all-linear"}
    for name in ("lora", "qlora", "dora", "rslora", "dpo"):
        assert shared.items() <= strategy(catalog, name).adapter.items(), name
    assert strategy(catalog, "lora").adapter == shared
    assert strategy(catalog, "dora").adapter == shared | {"use_dora": True}
    assert strategy(catalog, "rslora").adapter == shared | {"use_rslora": True}


def test_quantization_is_the_only_difference_of_qlora(catalog: Catalog) -> None:
    lora, qlora = strategy(catalog, "lora").model_dump(), strategy(catalog, "qlora").model_dump()
    assert {key for key in lora if lora[key] != qlora[key]} == {"name", "description", "quantization"}
    assert (lora["quantization"], qlora["quantization"]) == (None, {"type": "nf4", "double_quantization": True})


def test_recipes_differ_only_in_the_learning_rate_and_the_objective(catalog: Catalog) -> None:
    recipes = [e.value.train.model_dump(exclude={"learning_rate", "objective", "beta"}) for e in catalog.strategies()[0] if e.value.train]
    assert len(recipes) >= 12
    assert [e.value.name for e in catalog.strategies()[0] if e.value.train and e.value.train.objective == "dpo"] == ["dpo"]
    assert all(recipe == recipes[0] for recipe in recipes)


def test_full_has_lower_learning_rates_than_lora_for_large_models(catalog: Catalog) -> None:
    full, lora = strategy(catalog, "full").train, strategy(catalog, "lora").train
    assert full and lora
    for parameters in (135_000_000, 1_700_000_000, 8_000_000_000):
        assert full.learning_rate_for(parameters) <= lora.learning_rate_for(parameters) / 5
    assert 1e-5 <= full.learning_rate_for(8_000_000_000) <= 2e-5
