"""The references of preference tuning: how the model from which a training starts judges each pair, computed once and kept."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import nullcontext
from dataclasses import dataclass, replace
from pathlib import Path

from harness.engine.tuning.batches import EncodedExample
from harness.engine.tuning.division import divide
from harness.engine.tuning.trainer import Trainer
from harness.errors import BenchError
from harness.store import read_sealed, write_sealed

_FILE = "references.json"


@dataclass(frozen=True)
class _Margins:
    """ln p(better answer) - ln p(worse answer) of each pair, in nats."""

    training: tuple[float, ...]
    validation: tuple[float, ...]


def add_references(
    trainer: Trainer,
    pairs: Sequence[EncodedExample],
    validation: Sequence[EncodedExample],
    folder: Path,
    *,
    starts_from_adapter: bool = False,
) -> tuple[list[EncodedExample], list[EncodedExample]]:
    """The pairs with the margins of the model as it is before the first step.

    A new adapter is switched off. One from which the training starts stays on: the model with it is the reference. So no second copy of
    any model is needed.

    Args:
        trainer: its model has taken no step, and no checkpoint has been restored.
        starts_from_adapter: whether the adapter was trained before.
        folder: of the checkpoints. If the margins are there, nothing is computed: a training that resumes sees the same numbers.

    Raises:
        BenchError: the file is damaged, or belongs to other pairs.
    """
    file = folder / _FILE
    if trainer.group.decide(file.is_file()):
        margins = read_sealed(file, _Margins, place=_FILE, advice="Delete it: it is computed again.")
        if (len(margins.training), len(margins.validation)) != (len(pairs), len(validation)):
            raise BenchError(f"{file}: belongs to other preference pairs. Delete it: it is computed again.")
    else:
        with trainer.meter.phase("train"):
            margins = _Margins(*(_measure(trainer, each, with_adapter=starts_from_adapter) for each in (pairs, validation)))
        if trainer.group.is_first:
            folder.mkdir(parents=True, exist_ok=True)
            write_sealed(file, _Margins, margins, place=_FILE)
        trainer.group.wait()
    return _with_margins(pairs, margins.training), _with_margins(validation, margins.validation)


def _measure(trainer: Trainer, pairs: Sequence[EncodedExample], *, with_adapter: bool) -> tuple[float, ...]:
    import torch

    model, group = trainer.model, trainer.group
    if not pairs:
        return ()
    places = {id(pair): place for place, pair in enumerate(pairs)}
    margins = [0.0] * len(pairs)
    model.eval()
    switched_off = model.disable_adapter() if hasattr(model, "disable_adapter") and not with_adapter else nullcontext()
    with torch.no_grad(), switched_off:
        for part in divide(pairs, trainer.ladder.token_budget, group.rank, group.size):
            for pair, margin in zip(part.examples, trainer.margins(part.examples).tolist(), strict=True):
                margins[places[id(pair)]] += part.weight * margin
    trainer.meter.count_tokens(sum(pair.length for pair in pairs))
    model.train()
    return tuple(group.sum(margins))


def _with_margins(pairs: Sequence[EncodedExample], margins: Sequence[float]) -> list[EncodedExample]:
    return [replace(pair, reference=margin) for pair, margin in zip(pairs, margins, strict=True)]
