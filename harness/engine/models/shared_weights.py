"""Several models that have the same weights in memory once."""

from __future__ import annotations

import copy
from typing import Any


def share_weights(model: Any) -> Any:
    """A model with modules of its own, and the same tensors as their weights, packed ones included. An adapter on one of the two does not
    change the other."""
    kept = [*model.parameters(), *model.buffers()]
    kept += [state for tensor in kept if (state := getattr(tensor, "quant_state", None)) is not None]
    return copy.deepcopy(model, {id(each): each for each in kept})
