"""`bench`'s side of the comparisons with other tools: one piece of model work, timed as the other side's scripts time theirs.

python -m tests.benchmarks.our_side train --model DIR --data train.jsonl --strategy lora --batch-size 8 --epochs 1 --out OUT
python -m tests.benchmarks.our_side generate --model DIR --data test.jsonl --max-new-tokens 64 --out OUT [--adapter OUT/adapter]
python -m tests.benchmarks.our_side choose --model DIR --data test.jsonl --out OUT

The last line is a JSON object. `measure` does the same in this process.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from peft import PeftModel

from harness.engine.adapters import adapt
from harness.engine.inference import Predictor
from harness.engine.models import Device, find_device, load_model, resolve_model
from harness.engine.tuning import encode_material, train
from harness.measure import Meter, keep_freed_memory
from harness.types import DataSpec, DecodeSpec, Example, QuantizationSpec, Strategy, Task, TrainSpec

ADAPTER = {"peft_type": "LORA", "r": 16, "lora_alpha": 32, "lora_dropout": 0.0, "target_modules": "all-linear"}
LEARNING_RATE = 2e-4


def measure(arguments: Sequence[str]) -> dict[str, Any]:
    """Do the work; returns its seconds, and the losses of a training.

    Outputs are written to `out` as JSON Lines with `output` and, for choices, `logprobs`. A training stores its adapter in `out`/adapter.
    """
    a = _parse(arguments)
    rows = [json.loads(line) for line in Path(a.data).read_text(encoding="utf-8").splitlines()]
    device = find_device(a.dtype)
    strategy = _strategy(a) if a.work == "train" else Strategy(name="base", method="prompt")
    full = strategy.method == "full"
    loaded = load_model(resolve_model(a.model), device, full_precision=full, quantization=strategy.quantization)
    if a.adapter:
        loaded.model = PeftModel.from_pretrained(loaded.model, a.adapter).eval()
    if device.kind == "cpu":
        keep_freed_memory()  # as the process of a cell does
    meter = Meter(device.kind, device.name, None)
    choices = tuple(rows[0].get("choices", ()))
    examples = [Example(str(i), {"input": r["prompt"]}, (r.get("completion", ""),), choices) for i, r in enumerate(rows)]
    predictor = Predictor(_task(a), strategy, loaded, choices)
    out = Path(a.out)
    if a.work == "train":
        return _train(predictor, examples, device, meter, out)
    with meter.phase("predict"):
        predictions = predictor.predict(examples, on_tokens=meter.count_tokens)
    out.write_text("".join(json.dumps({"output": p.output, "logprobs": p.label_logprobs}) + "\n" for p in predictions), encoding="utf-8")
    return {"eval_s": meter.seconds("predict"), "examples": len(rows)}


def _parse(arguments: Sequence[str]) -> argparse.Namespace:
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("work", choices=["train", "generate", "choose"])
    p.add_argument("--model", required=True)
    p.add_argument("--adapter", help="of a training: what answers is the model with it")
    p.add_argument("--data", required=True)
    p.add_argument("--strategy", default="lora", choices=["full", "lora", "qlora"])
    p.add_argument("--out", required=True)
    p.add_argument("--batch-size", type=int, default=8)
    p.add_argument("--epochs", type=float, default=1)
    p.add_argument("--max-length", type=int, default=512)
    p.add_argument("--max-new-tokens", type=int, default=64)
    p.add_argument("--dtype", default="float32")
    p.add_argument("--compilation", default="auto", choices=["auto", "on", "off"])
    return p.parse_args(arguments)


def _task(a: argparse.Namespace) -> Task:
    return Task(
        name="t",
        kind="classification" if a.work == "choose" else "summarization",
        data=DataSpec(path="x.csv"),
        prompt="{{ input }}",
        prompt_format="plain",
        max_length=a.max_length if a.work == "train" else 2048,
        metrics=("x",),
        primary="x",
        decode=DecodeSpec(max_new_tokens=a.max_new_tokens),
    )


def _strategy(a: argparse.Namespace) -> Strategy:
    recipe = TrainSpec(
        epochs=a.epochs,
        batch_size=a.batch_size,
        learning_rate=LEARNING_RATE,
        schedule="constant",
        warmup=0.0,
        compilation=a.compilation,
    )
    quantization = QuantizationSpec() if a.strategy == "qlora" else None
    method = {"method": "full"} if a.strategy == "full" else {"method": "peft", "adapter": ADAPTER, "quantization": quantization}
    return Strategy(name=a.strategy, train=recipe, **method)


def _train(predictor: Predictor, examples: Sequence[Example], device: Device, meter: Meter, out: Path) -> dict[str, Any]:
    recipe = predictor.strategy.train
    encoded, _, _ = encode_material(predictor, examples, [], recipe)
    out.mkdir(parents=True, exist_ok=True)
    model = adapt(predictor.loaded.model, predictor.strategy, 0)
    train(
        model,
        encoded,
        [],
        recipe,
        parameters=predictor.loaded.parameters,
        seed=0,
        pad_id=predictor.encoder.pad_id,
        device=device,
        meter=meter,
        curve=out / "training.jsonl",
        checkpoint=out / "checkpoint",
        checkpoint_every=1e9,
    )
    if isinstance(model, PeftModel):
        model.save_pretrained(out / "adapter")
    losses = [json.loads(line)["loss"] for line in (out / "training.jsonl").read_text(encoding="utf-8").splitlines()]
    return {"train_s": meter.seconds("train"), "losses": losses, "tokens": sum(e.length for e in encoded)}


if __name__ == "__main__":
    import sys

    print(json.dumps(measure(sys.argv[1:])))
