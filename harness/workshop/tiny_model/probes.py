"""Probes of how well the model copies random tokens, which it cannot know.

Each probe has two variants. In the first, the tokens follow an end token, like every document of the training stream. A *cold* probe starts
with the random tokens: no text in training starts like this, so the model is less certain, although its best guess is mostly the same. Loss
is in nats; chance is ln(vocabulary), 8.3 for 4,096 tokens.
"""

from __future__ import annotations

from random import Random
from typing import Any

import torch
from torch.nn import functional as F

from .stream import END_ID, SPECIAL

PROBE_ROWS = 32


def _loss_of_last(model: Any, rows: list[list[int]], targets: int, cold: bool) -> float:
    """The mean cross-entropy of the last `targets` tokens of rows of equal length."""
    ids = torch.tensor(rows if cold else [[END_ID, *row] for row in rows])
    with torch.no_grad():
        hidden = model.model(input_ids=ids, use_cache=False).last_hidden_state
        logits = model.lm_head(hidden[:, -targets - 1 : -1]).float()  # (rows, targets, V)
    return F.cross_entropy(logits.flatten(0, 1), ids[:, -targets:].flatten()).item()


def copy_loss(model: Any, vocabulary: int, length: int, *, cold: bool = False, seed: int = 0) -> float:
    """The loss on the second occurrence of `length` random tokens, except its first token, which nothing announces."""
    rng = Random(seed)
    rows = [[rng.randrange(SPECIAL, vocabulary) for _ in range(length)] for _ in range(PROBE_ROWS)]
    return _loss_of_last(model, [row + row for row in rows], length - 1, cold)


def key_value_loss(model: Any, vocabulary: int, *, pairs: int = 8, cold: bool = False, seed: int = 0) -> float:
    """The loss on the two-token value of a key that is repeated after `pairs` lines of key, value and separator (cold: no separator)."""
    rng = Random(seed)
    rows = []
    for _ in range(PROBE_ROWS):
        separator, *drawn = rng.sample(range(SPECIAL, vocabulary), 3 * pairs + 1)
        lines = [drawn[start : start + 3] for start in range(0, 3 * pairs, 3)]
        table = [token for line in lines for token in (line if cold else [*line, separator])]
        rows.append(table + rng.choice(lines))
    return _loss_of_last(model, rows, 2, cold)


def probes(model: Any, vocabulary: int) -> dict[str, float]:
    """Run all probes and return their losses by name."""
    was_training = model.training
    model.eval()
    result = {}
    for prefix, cold in (("", False), ("cold_", True)):
        for length in (16, 40, 200):
            result[f"{prefix}copy{length}"] = copy_loss(model, vocabulary, length, cold=cold)
        result[f"{prefix}key_value"] = key_value_loss(model, vocabulary, cold=cold)
    model.train(was_training)
    return result
