"""The classification head of an encoder: kept if it was trained for the same labels, else drawn from a fixed seed."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any

# Not the seed of a cell: all strategies and seeds of a task start from the same head.
_SEED = 0


def head_modules(model: Any) -> list[str]:
    """Names of the modules behind the encoder that have weights. The pooler is one of them, wherever a model has it."""
    base = model.base_model_prefix
    names = [name for name, child in model.named_children() if name != base and any(True for _ in child.parameters())]
    if getattr(getattr(model, base, None), "pooler", None) is not None:
        names.append(f"{base}.pooler")
    return names


def stored_rows(config: Any, labels: Sequence[str]) -> list[int] | None:
    """For each label, its row in the stored head; None if the stored model has no head, or a head for other labels.

    The case of names may differ: a published model has POSITIVE where the data have positive.
    """
    if not any(name.endswith("ForSequenceClassification") for name in getattr(config, "architectures", None) or ()):
        return None
    stored = [str(name) for _, name in sorted(config.id2label.items())]
    for normalize in (str, str.casefold):
        ours, theirs = [normalize(label) for label in labels], [normalize(name) for name in stored]
        if len(set(theirs)) == len(theirs) and sorted(ours) == sorted(theirs):
            return [theirs.index(label) for label in ours]
    return None


def set_labels(config: Any, labels: Sequence[str]) -> None:
    """Give the configuration one output per label, in their order."""
    config.id2label = dict(enumerate(labels))
    config.label2id = {label: i for i, label in enumerate(labels)}


def draw_parameters(model: Any, names: Collection[str]) -> None:
    """Draw new values for these parameters: weights N(0, initializer_range²), biases 0, norms 1.

    They are drawn on the CPU in float32, so that they are the same on every device, in every dtype, and beside 4-bit weights.
    """
    import torch

    generator = torch.Generator().manual_seed(_SEED)
    spread = getattr(model.config, "initializer_range", 0.02)
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            if name not in names:
                continue
            if parameter.dim() > 1:
                parameter.copy_(torch.randn(parameter.shape, generator=generator) * spread)
            else:
                parameter.fill_(1.0 if name.endswith("weight") else 0.0)


def reorder_outputs(model: Any, rows: Sequence[int]) -> None:
    """Put the outputs of the head into the order of `rows`."""
    import torch

    last = [module for module in model.modules() if isinstance(module, torch.nn.Linear) and module.out_features == len(rows)][-1]
    with torch.no_grad():
        for parameter in last.parameters():  # (labels, H) and, if there is one, (labels,)
            parameter.copy_(parameter[list(rows)].clone())
