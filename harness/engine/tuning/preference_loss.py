"""Direct preference optimization: a model learns to prefer the better answer of a pair more than the model from which it starts does.

    loss = -ln sigmoid(beta * (margin - reference margin)),   margin = ln p(better answer) - ln p(worse answer)

Source: Rafailov et al., "Direct Preference Optimization: Your Language Model is Secretly a Reward Model", 2023, equation 7.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from harness.engine.tuning.batches import EncodedExample, collate
from harness.engine.tuning.loss import completion_loss


def preference_losses(model: Any, pairs: Sequence[EncodedExample], pad_id: int, device: Any, beta: float) -> tuple[Any, Any]:
    """The loss of each pair, (B,), and the margin of each over its reference, (B,): above 0, the model prefers the better answer more than
    the model from which it started.
    """
    import torch
    import torch.nn.functional as F

    reference = torch.tensor([pair.reference for pair in pairs], device=device)
    gains = pair_margins(model, pairs, pad_id, device) - reference
    return -F.logsigmoid(beta * gains), gains


def pair_margins(model: Any, pairs: Sequence[EncodedExample], pad_id: int, device: Any) -> Any:
    """ln p(better answer | prompt) - ln p(worse answer | prompt) of each pair, (B,), in nats and in float32 at least."""
    import torch

    rows = [row for pair in pairs for row in pair.sequences]
    losses = completion_loss(model, collate(rows, pad_id, device), "none")  # (targets,)
    counts = [row.targets if row.prompt else row.targets - 1 for row in rows]  # nothing predicts the first token
    sums = torch.stack([part.sum() for part in losses.split(counts)]).view(-1, 2)  # (B, 2)
    return sums[:, 1] - sums[:, 0]
