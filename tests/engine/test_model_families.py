"""Families of decoders, small and with random weights, through every shipped strategy: forecast, trained, stored, loaded, merged, exported.

CI tries one family a day, another one every day, and a mixture of experts; `make soak` tries all, and prints a table (`-rA`).
"""

from __future__ import annotations

import datetime
import json
import shutil
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from in_process import cells_in_process
from tiny_models import DECODERS, save_model

from harness import BenchError, Run, run
from harness.api import export, forecast
from harness.catalog import shipped_folder
from harness.engine.artifacts import load_finished
from harness.engine.artifacts.base_model import find_base
from harness.engine.models import find_device, load_model, resolve_model
from harness.results import FinishedCell

pytestmark = pytest.mark.usefixtures("own_cache")

# Those that use a model of this machine by themselves: a cascade needs two strategies.
SHIPPED = sorted(file.stem for file in shipped_folder("strategies").glob("*.yaml") if file.stem != "cascade")
VIRTUAL = ("prefix-tuning", "prompt-tuning")
EXPERTS = "lora:target_parameters=[experts.gate_up_proj,experts.down_proj],lora_dropout=0"
WINDOWS = "works on models whose every layer sees all tokens"
NO_IA3 = "PEFT does not know which layers IA3 adapts in models of the type"
# What is refused before a run, with the reason.
REFUSED = {family: dict.fromkeys(VIRTUAL, WINDOWS) for family in ("mistral", "gemma2", "gemma3_text")}
REFUSED |= {family: {"ia3": NO_IA3} for family in ("phi3", "qwen3_moe")}
MIXTURES = ("mixtral", "qwen3_moe")
TASK = """
name: letters
kind: generation
data: {path: letters.jsonl, fields: {input: question, target: answer, rejected: worse}}
metrics: [rouge]
primary: rougeL
decode: {max_new_tokens: 6}
"""


def run_family(here: Path, family: str, strategies: Sequence[str]) -> Run:
    rows = [{"question": f"where is card {i}", "answer": f"card {i} is late", "worse": "no idea"} for i in range(40)]
    (here / "letters.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    (here / "letters.yaml").write_text(TASK)
    if not (here / "model").is_dir():
        save_model(here / "model", family, spread=0.05)
    with cells_in_process():
        return run(
            str(here / "letters.yaml"), strategies, model=str(here / "model"), runs_dir=here / "runs", dtype="float32", epochs=1, limit=8,
            base=False,
        )  # fmt: skip


def check_cell(done: Run, cell: FinishedCell, out: Path) -> str:
    """Check that the stored model answers as it did in its run, also when it is merged; returns what was checked."""
    examples, stored = done.stored.examples("letters"), done.stored.predictions(cell.cell.id)
    expected = [prediction.output for prediction in stored]
    device = find_device("float32")
    loaded = load_finished(cell, find_base(cell), device)
    assert [prediction.output for prediction in loaded.predict(examples)] == expected
    if cell.strategy.train is None:
        return "answers"
    out.mkdir()
    export(done.path, cell.cell.strategy, out / "stored")
    if cell.strategy.method == "full":
        return "trained, stored, exported"
    if cell.cell.strategy in VIRTUAL:
        with pytest.raises(BenchError, match="there is nothing to merge"):
            export(done.path, cell.cell.strategy, out / "merged", merge=True)
        return "trained, stored, exported"
    export(done.path, cell.cell.strategy, out / "merged", merge=True)
    merged = load_model(resolve_model(str(out / "merged")), device)
    with torch.no_grad():
        answers = replace(loaded, loaded=replace(loaded.loaded, model=merged.model)).predict(examples)
    assert [prediction.output for prediction in answers] == expected
    return "trained, stored, merged, exported"


def check_family(here: Path, family: str, strategies: Sequence[str]) -> None:
    done = run_family(here, family, strategies)
    for cell in done.cells:
        result = done.stored.results[cell.id]
        assert result.status == "done", (cell.strategy, result.error)
        line = check_cell(done, FinishedCell(done.stored, cell), here / cell.id)
        notes = [note.code for note in result.notes if note.code.startswith("experts")]
        print(f"{family} · {cell.strategy}: {line}; {result.trainable_parameters:,} trained {' '.join(notes)}")
        adapts_layers = cell.strategy not in ("base", "fewshot", "full", EXPERTS.replace("[", "").replace("]", ""), *VIRTUAL)
        assert ("experts_without_adapter" in notes) == (family in MIXTURES and adapts_layers)
        assert ("experts_not_quantized" in notes) == (family in MIXTURES and cell.strategy == "qlora")


def check_forecasts(here: Path, strategies: Sequence[str]) -> None:
    """Every strategy is forecast from the model's config.json alone: it fits a large GPU, and larger batches take longer there."""
    (here / "config").mkdir()
    shutil.copy(here / "model" / "config.json", here / "config" / "config.json")
    planned = forecast(str(here / "letters.yaml"), strategies, model=here / "config", device="h100", limit=8)
    assert {each.strategy.partition(":")[0] for each in planned} >= {strategy.partition(":")[0] for strategy in strategies}
    for each in planned:
        (cell,) = each.forecasts
        assert cell.step == "as-planned" and cell.memory is not None and 100e6 < cell.memory.total < 10e9, each.strategy
        trains = each.strategy.partition(":")[0] not in ("base", "fewshot")
        assert cell.answer_seconds.value > 0 and (cell.training_seconds.value > 0) == trains, each.strategy


@pytest.mark.soak
@pytest.mark.parametrize("family", DECODERS)
def test_family_goes_through_every_strategy(tmp_path: Path, family: str) -> None:
    refused = REFUSED.get(family, {})
    for strategy, reason in refused.items():
        with pytest.raises(BenchError, match=reason):
            run_family(tmp_path, family, [strategy])
        print(f"{family} · {strategy}: refused, because {reason}")
    strategies = [strategy for strategy in SHIPPED if strategy not in refused]
    check_family(tmp_path, family, [*strategies, *([EXPERTS] if family in MIXTURES else [])])
    check_forecasts(tmp_path, strategies)


def test_family_of_the_day_and_a_mixture_of_experts(tmp_path: Path) -> None:
    family = list(DECODERS)[datetime.date.today().toordinal() % len(DECODERS)]
    check_family(tmp_path, family, ["lora"])
    (tmp_path / "mixture").mkdir()
    check_family(tmp_path / "mixture", "mixtral", ["qlora"])
