"""`bench`'s side of the speed comparisons: the same command lines as the other side's scripts, one JSON object on the last line.

python ours.py train    --model DIR --data train.jsonl --strategy lora --batch-size 8 --epochs 1 --out OUT
python ours.py generate --model DIR --data test.jsonl --max-new-tokens 64 --out OUT
python ours.py choose   --model DIR --data test.jsonl --out OUT
"""

import argparse
import json
from pathlib import Path

from harness.engine.inference import predict
from harness.engine.models import find_device, load_model, resolve_model
from harness.engine.prompts import PromptEncoder
from harness.engine.prompts.budget import prompt_budget
from harness.engine.prompts.rendering import renderer
from harness.engine.tuning import adapt, encode_examples, train
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
    full, quantization = a.strategy == "full", QuantizationSpec() if a.strategy == "qlora" else None
    loaded = load_model(resolve_model(a.model), device, full_precision=full and a.work == "train", quantization=quantization)
    encoder = PromptEncoder(loaded.tokenizer, "plain")
    meter = Meter(device.kind, device.name, None)
    choices = tuple(rows[0].get("choices", ()))
    task = Task(
        name="t",
        kind="classification" if a.work == "choose" else "summarization",
        data=DataSpec(path="x.csv"),
        prompt="{{ input }}",
        metrics=("x",),
        primary="x",
        decode=DecodeSpec(max_new_tokens=a.max_new_tokens),
    )
    examples = [Example(str(i), {"input": r["prompt"]}, (r.get("completion", ""),), choices) for i, r in enumerate(rows)]
    render = renderer(task.prompt)
    if a.work == "train":
        print(json.dumps(training(a, loaded, encoder, device, meter, examples, render, quantization)))
        return
    prompts = encoder.prompts(examples, render, prompt_budget(task, encoder, loaded.context, choices))
    with meter.phase("predict"):
        found = predict(loaded.model, task, examples, encoder=encoder, prompts=prompts, meter=meter, done={}, on_batch=lambda _: None)
    Path(a.out).write_text("".join(json.dumps({"output": p.output, "logprobs": p.label_logprobs}) + "\n" for p in found))
    print(json.dumps({"eval_s": meter.seconds("predict"), "examples": len(rows)}))


def training(a, loaded, encoder, device, meter, examples, render, quantization):
    recipe = TrainSpec(epochs=a.epochs, batch_size=a.batch_size, learning_rate=2e-4, schedule="constant", warmup=0.0)
    method = {"method": "full"} if a.strategy == "full" else {"method": "peft", "adapter": ADAPTER, "quantization": quantization}
    encoded, _ = encode_examples(encoder, examples, render, 448, 512)
    model = adapt(loaded.model, Strategy(name="s", train=recipe, **method), 0)
    out = Path(a.out)
    train(
        model,
        encoded,
        [],
        recipe,
        parameters=0,
        seed=0,
        pad_id=encoder.pad_id,
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
