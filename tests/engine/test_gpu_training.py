"""On a real GPU, through the whole of `bench run`: a 7B model by QLoRA, gradient checkpointing, FlashAttention, and energy.

The models have random weights, so that no hub is needed. On an H100, each test is meant to take a few minutes at most.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from itertools import groupby
from pathlib import Path
from typing import Any

import pytest
import torch
import transformers
from safetensors.torch import save_file
from tiny_models import tokenizer

from harness import run
from harness.types import CellResult, Cost

pytestmark = [pytest.mark.gpu, pytest.mark.usefixtures("own_cache")]

# Mistral 7B: 7.24 billion weights.
SEVEN_BILLION = {
    "hidden_size": 4096, "intermediate_size": 14336, "num_hidden_layers": 32, "num_attention_heads": 32, "num_key_value_heads": 8,
    "vocab_size": 32000,
}  # fmt: skip
# 205 million weights.
MEDIUM = {
    "hidden_size": 1024, "intermediate_size": 4096, "num_hidden_layers": 12, "num_attention_heads": 16, "num_key_value_heads": 8,
    "vocab_size": 8000,
}  # fmt: skip
TASK = """
name: letters
kind: generation
data: {path: letters.jsonl, fields: {input: question, target: answer}}
metrics: [rouge]
primary: rougeL
decode: {max_new_tokens: 4}
"""
LONG = " ".join(f"card {i} has not arrived yet, please check where it is;" for i in range(20))  # about 550 tokens


def save_random_model(folder: Path, device: str, sizes: dict[str, int]) -> Path:
    """A model with random weights in bfloat16, which are drawn and stored one layer at a time."""
    words = tokenizer("llama")
    ids = {"pad_token_id": 0, "eos_token_id": 1, "bos_token_id": 2}
    settings = transformers.LlamaConfig(**sizes, **ids, max_position_embeddings=2048, dtype="bfloat16", architectures=["LlamaForCausalLM"])
    with torch.device("meta"):
        weights = transformers.LlamaForCausalLM(settings).state_dict()
    settings.save_pretrained(folder)
    words.save_pretrained(folder)
    generator = torch.Generator(device).manual_seed(0)
    places: dict[str, str] = {}
    for number, (_, names) in enumerate(groupby(weights, key=lambda name: name.split(".")[:3])):
        file = f"model-{number:05d}.safetensors"
        tensors = {}
        for name in names:
            values = torch.empty(weights[name].shape, dtype=torch.bfloat16, device=device)
            tensors[name] = (values.normal_(0, 0.02, generator=generator) if values.dim() > 1 else values.fill_(1)).cpu()
            places[name] = file
        save_file(tensors, folder / file, metadata={"format": "pt"})
    (folder / "model.safetensors.index.json").write_text(json.dumps({"metadata": {}, "weight_map": places}))
    return folder


@pytest.fixture
def train(tmp_path: Path) -> Callable[..., CellResult]:
    """Trains one strategy on a model of these sizes, in a run of its own, and returns the result of its cell."""
    if not torch.cuda.is_available():
        pytest.skip("there is no GPU")
    rows = [{"question": f"{i}: {LONG} Which card is it?", "answer": f"card {i}"} for i in range(40)]
    (tmp_path / "letters.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    (tmp_path / "letters.yaml").write_text(TASK)

    def _train(sizes: dict[str, int], strategy: str, **options: Any) -> CellResult:
        model = tmp_path / f"model-{sizes['hidden_size']}"
        if not model.is_dir():
            save_random_model(model, "cuda", sizes)
        done = run(
            str(tmp_path / "letters.yaml"), strategy, model=str(model), runs_dir=tmp_path / f"runs {strategy}", epochs=1, limit=16,
            base=False, **options,
        )  # fmt: skip
        (cell,) = done.cells
        result = done.stored.results[cell.id]
        assert result.status == "done", result.error
        losses[strategy] = [point["loss"] for point in done.stored.training_curve(cell.id) if "loss" in point]
        return result

    losses: dict[str, list[float]] = {}
    _train.losses = losses  # type: ignore[attr-defined]
    return _train


def cost_of_training(result: CellResult) -> Cost:
    return next(cost for cost in result.costs if cost.phase == "train")


def test_seven_billion_weights_are_trained_by_qlora_in_sixteen_gigabytes(train: Callable[..., CellResult]) -> None:
    """4 bits take 3.6 GB, the embeddings, the output layer, the adapter and its optimizer 1.2 GB, and checkpointed activations the rest."""
    result = train(SEVEN_BILLION, "qlora:gradient_checkpointing=on,micro_batch_tokens=2048")
    assert result.total_parameters == pytest.approx(7.24e9, rel=0.01)
    peak = max(cost.peak_reserved or 0 for cost in result.costs)
    assert 3.6e9 < peak < 16e9, f"{peak / 1e9:.1f} GB"


def test_gradient_checkpointing_saves_memory_and_changes_no_loss(train: Callable[..., CellResult]) -> None:
    recipe = "micro_batch_tokens=4096,learning_rate=1e-5"
    peaks = {}
    for switch in ("on", "off"):
        name = f"full:gradient_checkpointing={switch},{recipe}"
        peaks[switch] = cost_of_training(train(MEDIUM, name, dtype="float32")).peak_allocated
    on, off = train.losses.values()  # type: ignore[attr-defined]
    assert len(on) > 1 and on == pytest.approx(off, rel=1e-5)
    assert peaks["on"] < 0.8 * peaks["off"], peaks


def test_flash_attention_gives_the_losses_of_sdpa(train: Callable[..., CellResult]) -> None:
    """The kernels round differently in bfloat16; a wrong mask would change the losses by far more."""
    pytest.importorskip("flash_attn", reason="the package flash-attn is not installed")
    for attention in ("flash", "sdpa"):
        train(MEDIUM, f"lora:attention={attention},lora_dropout=0")
    flash, sdpa = train.losses.values()  # type: ignore[attr-defined]
    assert len(flash) > 1 and flash == pytest.approx(sdpa, rel=0.01)


def test_energy_of_a_training_is_that_of_the_gpu(train: Callable[..., CellResult]) -> None:
    """Between what an idle GPU draws and what none draws, in watts."""
    pynvml = pytest.importorskip("pynvml")
    try:
        pynvml.nvmlInit()
        limit = pynvml.nvmlDeviceGetPowerManagementLimit(pynvml.nvmlDeviceGetHandleByIndex(0)) / 1000
        pynvml.nvmlDeviceGetTotalEnergyConsumption(pynvml.nvmlDeviceGetHandleByIndex(0))
    except pynvml.NVMLError as error:
        pytest.skip(f"NVML does not report energy here: {error}")
    cost = cost_of_training(train(MEDIUM, "lora"))
    assert cost.energy is not None
    assert 5 < cost.energy / cost.seconds < 1.2 * limit
