"""Cells whose model is the same without weights share one outline, and what was counted on it."""

from __future__ import annotations

from pathlib import Path

import pytest
from tiny_models import save_model

from harness.engine.models import ModelSource, resolve_description, resolve_model
from harness.errors import BenchError
from harness.forecast import find_outline
from harness.forecast.model_outline import Formats, ModelOutline
from harness.forecast.watched_steps import BatchShape, watch_answers, watch_training
from harness.types import QuantizationSpec, Strategy, TrainSpec

ADAPTER = {"peft_type": "LORA", "r": 4, "target_modules": "all-linear"}
LORA = Strategy(name="lora", method="peft", train=TrainSpec(), adapter=ADAPTER)
FULL = Strategy(name="full", method="full", train=TrainSpec())
UNTUNED = Strategy(name="base", method="prompt")
PACKED = Strategy(name="packed", method="prompt", quantization=QuantizationSpec())
WIDE, NARROW = Formats("float32", None, on_cpu=True), Formats("bfloat16", "bfloat16")


@pytest.fixture(scope="module")
def tiny() -> ModelSource:
    return resolve_model("tiny")


@pytest.mark.parametrize(
    "other",
    [
        {"name": "another", "description": "with a description", "prompt": "Summarize: {input}"},
        {"train": TrainSpec(learning_rate=1e-5, schedule="linear", warmup=0.2, weight_decay=0.1, epochs=1, patience=None)},
    ],
    ids=["words", "learning rate"],
)
def test_variants_of_a_recipe_share_an_outline(tiny: ModelSource, other: dict[str, object]) -> None:
    assert find_outline(tiny, LORA.model_copy(update=other), ()) is find_outline(tiny, LORA, ())


def test_shots_share_the_outline_of_the_untuned_model(tiny: ModelSource) -> None:
    assert find_outline(tiny, UNTUNED.model_copy(update={"name": "few", "shots": 5}), ()) is find_outline(tiny, UNTUNED, ())


@pytest.mark.parametrize(
    "other",
    [
        {"adapter": ADAPTER | {"r": 8}},
        {"train": TrainSpec(optimizer="adamw_8bit")},
        {"train": TrainSpec(gradient_checkpointing="on")},
        {"quantization": QuantizationSpec()},
    ],
    ids=["rank", "optimizer", "checkpointing", "4 bits"],
)
def test_what_takes_other_memory_or_time_has_an_outline_of_its_own(tiny: ModelSource, other: dict[str, object]) -> None:
    outline, own = find_outline(tiny, LORA, ()), find_outline(tiny, LORA.model_copy(update=other), ())
    assert own is not outline and own.strategy.model_dump(include=set(other)) != outline.strategy.model_dump(include=set(other))


def test_labels_count_for_an_encoder_only(tiny: ModelSource, tmp_path: Path) -> None:
    assert find_outline(tiny, UNTUNED, ("a", "b")) is find_outline(tiny, UNTUNED, ())
    encoder = resolve_description(str(save_model(tmp_path / "bert", "bert")))
    two, three = (find_outline(encoder, FULL, labels) for labels in (("a", "b"), ("a", "b", "c")))
    assert three.sizes.base - two.sizes.base == two.config.hidden_size + 1, "the head has one row more"


def test_what_does_not_fit_is_told_with_the_name_of_the_strategy(tiny: ModelSource) -> None:
    wrong = LORA.model_copy(update={"name": "mine", "adapter": ADAPTER | {"target_modules": ["no_such_layer"]}})
    for _ in range(2):
        with pytest.raises(BenchError, match=r"strategy 'mine': adapter\.target_modules: the model has no module"):
            find_outline(tiny, wrong, ())


@pytest.mark.parametrize("formats", [WIDE, NARROW], ids=["float32", "bfloat16"])
@pytest.mark.parametrize("strategy", [FULL, PACKED], ids=["full", "4 bits"])
@pytest.mark.parametrize("family", ["llama", "t5", "bert"])
def test_a_model_without_an_adapter_is_counted_to_answer_as_the_untuned_one(
    tmp_path: Path, family: str, strategy: Strategy, formats: Formats
) -> None:
    """Cells therefore count its answers once: to count them again takes a quarter of a second."""
    source = resolve_description(str(save_model(tmp_path / family, family)))
    labels = ("a", "b") if family == "bert" else ()
    outlines = [ModelOutline(source, each, labels=labels) for each in (strategy, UNTUNED)]
    counted = [watch_answers(outline, formats, BatchShape(3, 20, 0), written=5) for outline in outlines]
    assert counted[0] == counted[1] and counted[0].reading.flops > 0


@pytest.mark.parametrize("strategy", [FULL, LORA], ids=["full", "lora"])
def test_what_was_watched_before_changes_nothing(tiny: ModelSource, strategy: Strategy) -> None:
    """An outline is shared, and each step sets its formats, its mode and its gradients."""

    def watch(outline: ModelOutline, step: int) -> object:
        formats = (WIDE, NARROW)[step % 2]
        if step % 3 == 0:
            return watch_training(outline, formats, BatchShape(2, 30, 10), checkpointing=step == 3)
        return watch_answers(outline, formats, BatchShape(2, 30, 0), written=5)

    shared = ModelOutline(tiny, strategy)
    assert [watch(shared, step) for step in range(6)] == [watch(ModelOutline(tiny, strategy), step) for step in range(6)]
