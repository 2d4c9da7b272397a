"""Pre-train the shipped tiny model: `python -m harness.workshop.tiny_model.pretrain --out DIR [--steps N] [--seed S]`.

The corpus, the tokenizer and the initial weights are all generated. The resulting folder can be loaded with
`AutoModelForCausalLM.from_pretrained`. The README beside the shipped weights documents the recipe.
"""

from __future__ import annotations

import argparse
import copy
import json
from collections.abc import Callable
from pathlib import Path
from random import Random
from typing import TYPE_CHECKING, Any

from harness.engine.models import shipped_model_digest

from .architecture import Shape, build
from .stream import END_ID, texts
from .tokenizer import train as train_tokenizer
from .tokenizer import training_texts, wrap
from .training import Recipe, train

if TYPE_CHECKING:
    from tokenizers import Tokenizer

STEPS = 4500
THREADS = 2  # fixed, so that two runs on one machine add numbers in the same order
TOKENIZER_DOCUMENTS = 20_000

Report = Callable[[Any, dict[str, float]], None]  # the current model, and a row of the training curve


def make_tokenizer(seed: int, size: int, documents: int = TOKENIZER_DOCUMENTS) -> Tokenizer:
    """Train the tokenizer for a seed."""
    return train_tokenizer(training_texts(Random(f"{seed}/words"), texts(Random(f"{seed}/texts")), documents), size)


def pretrain(tokenizer: Tokenizer, shape: Shape, recipe: Recipe, report: Report) -> tuple[Any, list[float]]:
    """Train a model.

    Args:
        report: called at intervals with the model and a row of the training curve.

    Returns:
        The model, and its loss at every step.
    """
    import torch

    threads = torch.get_num_threads()
    torch.set_num_threads(THREADS)
    try:
        model = build(shape, torch.Generator().manual_seed(recipe.seed), pad=0, end=END_ID)
        return model, train(model, tokenizer, recipe, lambda row: report(model, row))
    finally:
        torch.set_num_threads(threads)


def without_zero_rows(model: Any, seed: int = 0, scale: float = 1e-3) -> Any:
    """A copy of the model in which rows of zeros in matrices are replaced by small noise.

    The positional heads work through their biases alone, so their query and key matrices have rows of zeros. DoRA divides by the norm of
    each row, which would be 0/0. Noise of 1e-3 is far smaller than the effect of the biases.
    """
    import torch

    generator = torch.Generator().manual_seed(seed)
    copied = copy.deepcopy(model)
    with torch.no_grad():
        for parameter in copied.parameters():
            if parameter.dim() == 2:
                empty = parameter.norm(dim=1) == 0
                noise = torch.randn(parameter.shape, generator=generator) * scale
                parameter[empty] = noise[empty].to(parameter.dtype)
    return copied


def save(model: Any, tokenizer: Tokenizer, context: int, out: Path) -> None:
    """Write weights (bf16 safetensors), tokenizer, configuration, and the digest of all files."""
    import torch

    without_zero_rows(model).to(torch.bfloat16).save_pretrained(out)
    wrap(tokenizer, context).save_pretrained(out)
    (out / "digest").write_text(shipped_model_digest(out) + "\n")


def main() -> None:
    """Command line."""
    description = (__doc__ or "").split("\n", maxsplit=1)[0]
    parser = argparse.ArgumentParser(prog="python -m harness.workshop.tiny_model.pretrain", description=description)
    parser.add_argument("--out", type=Path, required=True, help="folder to write")
    parser.add_argument("--steps", type=int, default=STEPS, help=f"training steps of 4,096 tokens (default {STEPS})")
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args()
    arguments.out.mkdir(parents=True, exist_ok=True)
    (arguments.out / "curve.jsonl").unlink(missing_ok=True)
    shape = Shape()
    tokenizer = make_tokenizer(arguments.seed, shape.vocabulary)

    def report(model: Any, row: dict[str, float]) -> None:
        rounded = {key: round(value, 4) for key, value in row.items()}
        print("  ".join(f"{key} {value:g}" for key, value in rounded.items()), flush=True)
        with (arguments.out / "curve.jsonl").open("a") as file:
            file.write(json.dumps(rounded) + "\n")
        save(model, tokenizer, shape.context, arguments.out)  # each time, so that an interrupted run leaves a model

    pretrain(tokenizer, shape, Recipe(steps=arguments.steps, seed=arguments.seed), report)
    print(f"wrote {arguments.out}")


if __name__ == "__main__":
    main()
