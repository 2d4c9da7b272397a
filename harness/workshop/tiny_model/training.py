"""The training loop of the tiny model: AdamW with warm-up and cosine schedule, in bf16 autocast."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from random import Random
from typing import TYPE_CHECKING, Any

import torch
from torch.nn import functional as F

from .probes import probes
from .stream import Mix, batches

if TYPE_CHECKING:
    from tokenizers import Tokenizer
    from torch import Tensor

# (share of the steps, their batches). Short random spans first, then more text in longer rows; every batch has 4,096 tokens.
SCHEDULE: tuple[tuple[float, Mix], ...] = (
    (0.08, Mix(row=128, rows=32, random_share=0.4, random_weight=1.0, longest=12)),
    (0.32, Mix(row=256, rows=16, random_share=0.25, random_weight=0.5, longest=40)),
    (0.45, Mix(row=512, rows=8, random_share=0.2, random_weight=0.3, longest=100)),
    (0.15, Mix(row=1024, rows=4, random_share=0.2, random_weight=0.3, longest=250)),
)


@dataclass(frozen=True)
class Recipe:
    """The training recipe."""

    steps: int
    seed: int = 0
    learning_rate: float = 1.2e-3
    """The peak."""
    circuit_rate: float = 0.3
    """The learning rate of the embeddings and of the circuit's attention, as a share of the learning rate."""
    warmup: int = 60
    """In steps."""
    final: float = 0.05
    """The learning rate at the end, as a share of the peak."""
    weight_decay: float = 0.05
    clip: float = 1.0
    """Gradients are clipped to this norm."""
    report_every: int = 100
    """In steps."""


def loss_on(model: Any, tokens: Tensor, weights: Tensor) -> Tensor:
    """The weighted cross-entropy in nats; `tokens` and `weights` are (rows, row). Logits are computed only for targets with weight."""
    hidden = model.model(input_ids=tokens, use_cache=False).last_hidden_state[:, :-1]  # (rows, row − 1, d)
    target_weights = weights[:, 1:]
    counted = target_weights > 0
    logits = model.lm_head(hidden[counted]).float()  # (targets, V)
    losses = F.cross_entropy(logits, tokens[:, 1:][counted], reduction="none")
    return (losses * target_weights[counted]).sum() / target_weights.sum()


def stream(tokenizer: Tokenizer, recipe: Recipe) -> Iterator[tuple[Tensor, Tensor]]:
    """Exactly `recipe.steps` batches. Each stage has its own generator, so that the data of a step depend only on seed and step."""
    done, share = 0, 0.0
    for index, (part, mix) in enumerate(SCHEDULE):
        share += part
        until = recipe.steps if index == len(SCHEDULE) - 1 else round(share * recipe.steps)
        source = batches(tokenizer, Random(f"{recipe.seed}/{index}"), mix)
        for _ in range(until - done):
            yield next(source)
        done = until


def _optimizer(model: Any, recipe: Recipe) -> torch.optim.Optimizer:
    # The parts of the circuit learn slowly, because at the full rate the first thousand steps of text destroy the ability to copy.
    circuit = ("embed_tokens", "layers.0.self_attn", "layers.1.self_attn")
    groups = []
    for name, parameter in model.named_parameters():
        if not parameter.requires_grad:
            continue
        rate = recipe.circuit_rate if any(part in name for part in circuit) else 1.0
        decay = recipe.weight_decay if parameter.ndim == 2 and "embed" not in name else 0.0
        groups.append({"params": [parameter], "weight_decay": decay, "rate": rate})
    return torch.optim.AdamW(groups, lr=recipe.learning_rate, betas=(0.9, 0.98), fused=True)


def _rate(step: int, recipe: Recipe) -> float:
    """The learning rate at a step: a linear warm-up, then a cosine down to `final` of the peak."""
    if step < recipe.warmup:
        return recipe.learning_rate * (step + 1) / recipe.warmup
    progress = (step - recipe.warmup) / max(1, recipe.steps - recipe.warmup)
    return recipe.learning_rate * (recipe.final + (1 - recipe.final) * 0.5 * (1 + math.cos(math.pi * progress)))


Report = Callable[[dict[str, float]], None]


def train(model: Any, tokenizer: Tokenizer, recipe: Recipe, report: Report) -> list[float]:
    """Train in place and return the loss of every step.

    Args:
        report: called at intervals with a row of step, tokens, seconds, loss and probes.
    """
    optimizer = _optimizer(model, recipe)
    losses: list[float] = []
    started, tokens_seen = time.monotonic(), 0
    model.train()
    for step, (tokens, weights) in enumerate(stream(tokenizer, recipe)):
        for group in optimizer.param_groups:
            group["lr"] = _rate(step, recipe) * group["rate"]
        with torch.autocast("cpu", torch.bfloat16):
            loss = loss_on(model, tokens, weights)
        loss.backward()  # type: ignore[no-untyped-call]
        torch.nn.utils.clip_grad_norm_(model.parameters(), recipe.clip)
        optimizer.step()
        optimizer.zero_grad(set_to_none=True)
        losses.append(loss.item())
        tokens_seen += tokens.numel()
        if (step + 1) % recipe.report_every == 0 or step + 1 == recipe.steps:
            recent = losses[-recipe.report_every :]
            seconds = time.monotonic() - started
            row = {"step": step + 1, "tokens": tokens_seen, "seconds": seconds, "loss": sum(recent) / len(recent)}
            report(row | probes(model, tokenizer.get_vocab_size()))
    return losses
