"""`bench`'s side of the speed comparisons: the same command lines as the other side's scripts, one JSON object on the last line.

python ours.py train    --model DIR --data train.jsonl --strategy lora --batch-size 8 --epochs 1 --out OUT
python ours.py generate --model DIR --data test.jsonl --max-new-tokens 64 --out OUT
python ours.py choose   --model DIR --data test.jsonl --out OUT
"""

import argparse
import json
from pathlib import Path

from harness.engine.adapters import adapt
from harness.engine.inference import Predictor
from harness.engine.models import Device, find_device, load_model, resolve_model
from harness.engine.tuning import encode_examples, train
from harness.measure import Meter
from harness.types import DataSpec, DecodeSpec, Example, QuantizationSpec, Strategy, Task, TrainSpec

ADAPTER = {"peft_type": "LORA", "r": 16, "lora_alpha": 32, "lora_dropout": 0.0, "target_modules": "all-linear"}


def arguments() -> argparse.Namespace:
    p = argparse.ArgumentParser(description=__doc__)
    p.add_argument("work", choices=["train", "generate", "choose"])
    p.add_argument("--model", required=True)
    p.add_argument("--data", required=True)
    p.add_argument("--strategy", default="lora", choices=["full", "lora", "qlora"])
    p.add_argument("--out", required=True)
    p.add_argument("--batch-size", type=int, default=8)
    p.add_argument("--epochs", type=float, default=1)
    p.add_argument("--max-new-tokens", type=int, default=64)
    p.add_argument("--dtype", default="float32")
    return p.parse_args()


def main() -> None:
    a = arguments()
    rows = [json.loads(line) for line in Path(a.data).read_text().splitlines()]
    device = find_device(a.dtype)
    strategy = get_strategy(a) if a.work == "train" else Strategy(name="base", method="prompt")
    full = strategy.method == "full"
    loaded = load_model(resolve_model(a.model), device, full_precision=full, quantization=strategy.quantization)
    meter = Meter(device.kind, device.name, None)
    choices = tuple(rows[0].get("choices", ()))
    task = Task(
        name="t",
        kind="classification" if a.work == "choose" else "summarization",
        data=DataSpec(path="x.csv"),
        prompt="{{ input }}",
        prompt_format="plain",
        max_length=512 if a.work == "train" else 2048,
        metrics=("x",),
        primary="x",
        decode=DecodeSpec(max_new_tokens=a.max_new_tokens),
    )
    examples = [Example(str(i), {"input": r["prompt"]}, (r.get("completion", ""),), choices) for i, r in enumerate(rows)]
    predictor = Predictor(task, strategy, loaded, choices)
    if a.work == "train":
        print(json.dumps(training(predictor, examples, device, meter, Path(a.out))))
        return
    with meter.phase("predict"):
        predictions = predictor.predict(examples, on_tokens=meter.count_tokens)
    Path(a.out).write_text("".join(json.dumps({"output": p.output, "logprobs": p.label_logprobs}) + "\n" for p in predictions))
    print(json.dumps({"eval_s": meter.seconds("predict"), "examples": len(rows)}))


def get_strategy(a: argparse.Namespace) -> Strategy:
    recipe = TrainSpec(epochs=a.epochs, batch_size=a.batch_size, learning_rate=2e-4, schedule="constant", warmup=0.0)
    quantization = QuantizationSpec() if a.strategy == "qlora" else None
    method = {"method": "full"} if a.strategy == "full" else {"method": "peft", "adapter": ADAPTER, "quantization": quantization}
    return Strategy(name=a.strategy, train=recipe, **method)


def training(predictor: Predictor, examples: list[Example], device: Device, meter: Meter, out: Path) -> dict[str, object]:
    encoded, _ = encode_examples(predictor, examples)
    train(
        adapt(predictor.loaded.model, predictor.strategy, 0),
        encoded,
        [],
        predictor.strategy.train,
        parameters=0,
        seed=0,
        pad_id=predictor.encoder.pad_id,
        device=device,
        meter=meter,
        curve=out / "training.jsonl",
        checkpoint=out / "checkpoint",
        checkpoint_every=1e9,
    )
    losses = [json.loads(line)["loss"] for line in (out / "training.jsonl").read_text().splitlines()]
    return {"train_s": meter.seconds("train"), "losses": losses, "tokens": sum(e.length for e in encoded)}


if __name__ == "__main__":
    main()
