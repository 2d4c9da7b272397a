"""The shipped model, a few encoded rows, and a loop that can be stopped."""

import pytest

from harness.engine.adapters import adapt
from harness.engine.models import find_device, load_model, resolve_model
from harness.engine.prompts import PromptEncoder
from harness.engine.tuning import planned_steps, train
from harness.engine.tuning.batches import EncodedExample
from harness.measure import Meter
from harness.types import Strategy, TrainSpec

LORA = {"peft_type": "LORA", "r": 4, "lora_alpha": 8, "lora_dropout": 0.1, "target_modules": "all-linear"}


@pytest.fixture(autouse=True)
def _no_waiting_for_the_disk(monkeypatch, request):
    """Checkpoints are flushed to the disk, and accelerate collects all garbage at the end, which takes longer than these trainings.

    On a GPU, garbage keeps its memory: there, it is collected.
    """
    if request.node.get_closest_marker("gpu"):
        return
    monkeypatch.setattr("harness.engine.tuning.checkpoint._flush", lambda path: None)
    monkeypatch.setattr("gc.collect", lambda *_: 0)


@pytest.fixture(scope="session")
def tiny():
    return resolve_model("tiny")


@pytest.fixture(scope="session")
def device():
    return find_device("float32")


@pytest.fixture
def loaded(tiny, device):
    return load_model(tiny, device)


@pytest.fixture(scope="session")
def rows(tiny, device):
    """Rows of very different lengths."""
    encoder = PromptEncoder(load_model(tiny, device).tokenizer)
    pairs = [(f"Copy: item {i} " + "and more " * (i % 7) + "\n", f"item {i}") for i in range(24)]
    ids = [encoder._tokenizer(prompt)["input_ids"] for prompt, _ in pairs]
    return [EncodedExample(tuple(p), tuple(t)) for p, t in zip(ids, encoder.completions([t for _, t in pairs]), strict=True)]


@pytest.fixture
def train_on(tiny, device, rows, tmp_path):
    """Train a fresh model; `stop_at` raises in the middle of training, as a kill would."""

    def run(folder="a", *, adapter=LORA, stop_at=None, validation=True, checkpoint_every=30.0, seed=3, spoil=False, part=None, **recipe):
        spec = TrainSpec(**({"epochs": 3, "batch_size": 4, "learning_rate": 5e-3, "micro_batch_tokens": 64} | recipe))
        strategy = Strategy(name="s", method="peft" if adapter else "full", adapter=adapter or {}, train=spec)
        loaded = load_model(tiny, device, full_precision=not adapter)
        model = adapt(loaded.model, strategy, seed, steps=planned_steps(spec, 20, 0))
        if spoil:
            next(p for p in model.parameters() if p.requires_grad).data.fill_(float("nan"))

        def progress(now):
            if now.step == stop_at:
                raise KeyboardInterrupt

        summary = train(
            model,
            rows[:20],
            rows[20:] if validation else [],
            spec,
            parameters=0,
            seed=seed,
            pad_id=loaded.tokenizer.pad_token_id,
            device=device,
            meter=Meter("cpu", "cpu", None),
            curve=tmp_path / folder / "training.jsonl",
            checkpoint=tmp_path / folder / "checkpoint",
            progress=progress,
            checkpoint_every=checkpoint_every,
            part=part,
        )
        return model, summary

    return run
