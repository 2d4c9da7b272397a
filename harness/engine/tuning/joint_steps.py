"""Optimizer steps that several trainings take together: adapters of LoRA on one base model, whose passes they share.

A training of short texts gives a device too little to do at once. Here the examples of all trainings go through the base model together,
those of similar length in one micro-batch, while each adapter sees its own examples alone. Losses, gradients, clipping, dropout and
optimizers are those of each training: in float32 each has the losses that it has alone, to rounding.
"""

from __future__ import annotations

import math
import time
from collections.abc import Sequence
from typing import Any

from harness.engine.tuning.batches import EncodedExample, collate, cut_with_least_work
from harness.engine.tuning.fused_lora import joint_lora, plain_lora_layers
from harness.engine.tuning.keyed_dropout import KeyedRandom
from harness.engine.tuning.loss import completion_loss
from harness.engine.tuning.steps import StepRequest, StepTaken
from harness.engine.tuning.trainer import DivergedError, Trainer, is_device_full


class JointSteps:
    """Takes steps of decoders that share the weights of their base (`share_weights`) and have plain LoRA adapters on the same layers, with
    the same dropout, number format and implementation of attention.

    `random` is what their dropout is drawn from: it has to replace dropout while they train, and to be the `shared_random` of each.
    """

    def __init__(self) -> None:
        self.random = KeyedRandom(0)
        self._known: list[tuple[Trainer, list[Any]]] = []  # those that took the last step, with their layers; others are not kept alive

    def take(self, requests: Sequence[StepRequest]) -> list[StepTaken | DivergedError]:
        """Take these steps; returns what each was, with its share of the seconds by tokens, or why that training cannot continue.

        Raises:
            ValueError: the model cannot compute examples of several trainings at once.
            torch.cuda.OutOfMemoryError, MemoryError: no step of the memory ladder is left that can be taken here.
        """
        began = time.perf_counter()
        for request in requests:
            request.trainer.begin_step(request.rate)
        losses = self._backward(requests)
        if len(requests) > 1 and not all(map(math.isfinite, losses)):  # numbers that are not finite spread: each alone shows whose they are
            _forget_gradients(requests)
            losses = [loss for request in requests for loss in self._backward([request])]
        problems: list[DivergedError | None] = []
        for request, loss in zip(requests, losses, strict=True):
            try:
                request.trainer.end_step(loss, request.number)
                problems.append(None)
            except DivergedError as error:
                problems.append(error)
        seconds = (time.perf_counter() - began) / sum(request.tokens for request in requests)
        return [
            problem or StepTaken(loss, seconds * request.tokens, len(requests))
            for request, loss, problem in zip(requests, losses, problems, strict=True)
        ]

    def _backward(self, requests: Sequence[StepRequest]) -> list[float]:
        """Accumulate the gradients of these steps, with further steps of the ladder if the device runs out of memory."""
        import torch

        longest = max(example.padded_length for request in requests for example in request.examples)
        while True:
            try:
                return self._accumulate(requests)
            except (RuntimeError, MemoryError) as error:
                if not is_device_full(error):
                    raise
                # Of all of them, because another model computes when the first one has ended, and each reports what was done.
                relieved = [request.trainer.ladder.relieve(longest) for request in requests]
                if not relieved[0]:
                    raise
            # Here, because the error would keep what its frames hold.
            _forget_gradients(requests)
            torch.cuda.empty_cache()

    def _accumulate(self, requests: Sequence[StepRequest]) -> list[float]:
        first = requests[0].trainer
        counts = [sum(example.losses for example in request.examples) for request in requests]
        layers = self._list_layers([request.trainer for request in requests])
        rows = [(number, example) for number, request in enumerate(requests) for example in request.examples]
        losses = [0.0] * len(requests)
        for part in cut_with_least_work(rows, first.ladder.token_budget, lambda row: row[1].padded_length):
            own = [[example for owner, example in part if owner == number] for number in range(len(requests))]
            self._begin(requests, own)
            with joint_lora(layers, [len(examples) for examples in own], self.random, first.autocast):
                sums = _losses(first, own)
                first.accelerator.backward(sum(each / count for each, count in zip(sums, counts, strict=True)))
            for number, each in enumerate(sums):
                losses[number] += each.item() / counts[number]
        return losses

    def _begin(self, requests: Sequence[StepRequest], own: Sequence[Sequence[EncodedExample]]) -> None:
        keys = [(each.seed, each.number, example.index) for each, examples in zip(requests, own, strict=True) for example in examples]
        self.random.begin_several(keys)

    def _list_layers(self, trainers: Sequence[Trainer]) -> list[list[Any]]:
        """The adapted layers of each.

        Raises:
            ValueError: see `take`.
        """
        known = {id(trainer): layers for trainer, layers in self._known}
        self._known = [(each, known.get(id(each)) or _find_layers(each.model)) for each in trainers]
        return [layers for _, layers in self._known]


def _forget_gradients(requests: Sequence[StepRequest]) -> None:
    for request in requests:
        request.trainer.optimizer.zero_grad()


def _find_layers(model: Any) -> list[Any]:
    """The layers whose adapters the model trains.

    Raises:
        ValueError: something else is trained, such as an adapter of embeddings: the first model would compute with its own for all.
    """
    layers = plain_lora_layers(model)
    known = {id(parameter) for layer in layers for parameter in layer.parameters()}
    for name, parameter in model.named_parameters():
        if parameter.requires_grad and id(parameter) not in known:
            raise ValueError(f"trainings cannot share the passes of this model: {name} is not of a linear layer with plain LoRA")
    return layers


def _losses(first: Any, own: Sequence[Sequence[EncodedExample]]) -> list[Any]:
    """The sums of the losses of each training's examples, by the model of the first trainer."""
    batch = collate([example for examples in own for example in examples], first.pad_id, first.accelerator.device)
    with first.accelerator.autocast():
        losses = completion_loss(first.model, batch, "none")  # (targets,), example by example
    targets = batch.predicts.sum(1).tolist()
    ends = [sum(len(examples) for examples in own[: number + 1]) for number in range(len(own))]
    sizes = [sum(targets[end - len(examples) : end]) for examples, end in zip(own, ends, strict=True)]
    return [piece.sum() for piece in losses.split(sizes)]
