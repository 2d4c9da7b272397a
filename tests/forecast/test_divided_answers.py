"""A model that fits no single device to answer is forecast on as many as hold its layers together."""

from __future__ import annotations

from pathlib import Path

from harness.forecast.cell_planning import _divide_answers
from harness.forecast.memory_forecast import answer_memory
from harness.forecast.model_outline import Formats, ModelOutline
from harness.forecast.public_models import write_public_model
from harness.forecast.sizing import WAYS

BFLOAT16 = Formats("bfloat16", "bfloat16")
GIB = 2**30


def test_layers_are_divided_and_what_is_outside_is_on_every_device(tmp_path: Path) -> None:
    outline = ModelOutline(write_public_model("Llama-3.2-1B", tmp_path), WAYS["base"])
    whole = answer_memory(outline, BFLOAT16, 0.1 * GIB, "cuda")
    embeddings = 128256 * 2048 * 2
    step, part, devices = _divide_answers(outline, BFLOAT16, whole, round(2.2 * GIB), 8)
    assert (step, devices) == ("sharded", 2)
    assert abs(part.weights - (embeddings + (whole.weights - embeddings) / 2)) < 1e6
    assert _divide_answers(outline, BFLOAT16, whole, round(1.6 * GIB), 8)[2] == 4, "twice as many each time"
    assert _divide_answers(outline, BFLOAT16, whole, GIB, 8) == (None, whole, 1), "the embeddings alone fill it"
    assert _divide_answers(outline, BFLOAT16, whole, round(2.2 * GIB), 1) == (None, whole, 1)
