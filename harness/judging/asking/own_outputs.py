"""Which outputs come from the judge's own model, or from its family."""

from __future__ import annotations

import re
from collections.abc import Mapping

from harness.results import TaskScores
from harness.types import Cell, JudgeSpec


def list_own_strategies(spec: JudgeSpec, results: TaskScores, cells: Mapping[str, Cell], model_digest: str) -> tuple[str, ...]:
    """The strategies whose base model is the judge's, or has a name of the same family: "Qwen2.5-7B" and "qwen3" are of one.

    Where external outputs come from is not known: they count as others.

    Args:
        model_digest: of a judge of this machine.
    """
    family = name_family(spec.model_name)
    own = []
    for name, cell in cells.items():
        strategy = results.run.plan.get_strategy(cell)
        info = results.run.plan.models.get(cell.model) if strategy.has_model else None
        names = [strategy.api.model] if strategy.api is not None else [] if info is None else [info.name, info.origin]
        is_same = info is not None and bool(model_digest) and info.digest == model_digest
        if is_same or (family and family in map(name_family, names)):
            own.append(name)
    return tuple(own)


def name_family(model: str) -> str:
    """The letters that the last part of a model's name begins with, in lower case; empty where it begins with none."""
    last = model.rstrip("/").rpartition("/")[2].casefold()
    match = re.match(r"[a-z]+", last)
    return "" if match is None else match[0]
