"""LoRA layers that compute in one function of autograd while a model trains: y = W·x + s·B·A·d(x), d a dropout (`adapted_linear`), and
those of DoRA, which scale the result (`adapted_dora`).

Base layers whose weights are packed in 4 bits, transposed, or loaded from the CPU, compute their own output. Layers that are more than
these formulas are left to PEFT: adapters with a bias, several adapters at once, weights that are divided among processes, and DoRA on
weights or biases that are trained, or that are loaded from the CPU only while their layer computes.

Trainings of several adapters on one base model can share its passes (`joint_lora`): W reads the examples of all of them, each adapter those
of its own training.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Sequence
from functools import partial
from typing import Any

from harness.engine.distributed import is_sharded
from harness.engine.inference import is_dora, is_plain_lora
from harness.engine.models import computes_itself, replaced_forwards
from harness.engine.tuning.adapted_dora import adapted_dora
from harness.engine.tuning.adapted_linear import adapted_linear
from harness.engine.tuning.dora_norms import DoraNorms
from harness.engine.tuning.keyed_dropout import KeyedRandom


@contextlib.contextmanager
def fused_lora(model: Any, random: KeyedRandom, autocast: Any) -> Iterator[None]:
    """Inside this context, the LoRA layers of a model compute in one function each.

    Args:
        random: what its dropout masks are drawn from.
        autocast: the dtype that torch's autocast computes products in; None without autocast.
    """
    layers = [] if is_sharded(model) else plain_lora_layers(model)
    scaled = (
        [] if is_sharded(model) else [module for module in model.modules() if is_dora(module) and _is_frozen_in_place(module.base_layer)]
    )
    plain = {layer: partial(_forward, layer, None, random, autocast) for layer in layers}
    with replaced_forwards(plain | {layer: partial(_forward, layer, DoraNorms(layer), random, autocast) for layer in scaled}):
        yield


def plain_lora_layers(model: Any) -> list[Any]:
    """The layers of a model with plain LoRA that this module computes, in their order."""
    return [module for module in model.modules() if is_plain_lora(module)]


@contextlib.contextmanager
def joint_lora(layers: Sequence[Sequence[Any]], counts: Sequence[int], random: KeyedRandom, autocast: Any) -> Iterator[None]:
    """Inside this context, the first of several models computes the examples of all of them, each with its own adapter.

    Args:
        layers: those of each model (`plain_lora_layers`). The models share the weights of their base and have adapters on the same layers
            with the same dropout; ranks and scales may differ.
        counts: the examples of each model in a batch, in the order of the models.
        random, autocast: see `fused_lora`.
    """
    before = [vars(layer).get("forward") for layer in layers[0]]
    known: dict[Any, Any] = {}
    for several in zip(*layers, strict=True):
        several[0].forward = partial(_forward_jointly, several, tuple(counts), random, autocast, known)
    try:
        yield
    finally:
        for layer, forward in zip(layers[0], before, strict=True):
            del layer.forward
            if forward is not None:
                layer.forward = forward


def _has_plain_weights(base: Any) -> bool:
    """Whether a layer is x·Wᵀ + b with frozen weights, neither packed nor transposed, which no hook loads from elsewhere."""
    import torch

    return type(base) is torch.nn.Linear and _is_frozen_in_place(base)


def _is_frozen_in_place(base: Any) -> bool:
    """Whether the weights of a layer are not trained, and are where the layer computes: no hook loads them for it."""
    if any(each.requires_grad for each in base.parameters()):  # PEFT's field `bias` trains biases
        return False
    return computes_itself(base)


def _forward(layer: Any, norms: DoraNorms | None, random: KeyedRandom, autocast: Any, x: Any, *args: Any, **options: Any) -> Any:
    """The layer's output (..., out) for x (..., in). `norms` are those of a layer with DoRA."""
    (name,) = layer.lora_A
    first, second = layer.lora_A[name].weight, layer.lora_B[name].weight  # (r, in), (out, r)
    computed = autocast or x.dtype
    if (
        args
        or options
        or layer.disable_adapters
        or layer.merged
        or layer.active_adapters != [name]
        or (autocast is None and first.dtype != computed)
    ):
        return type(layer).forward(layer, x, *args, **options)
    dropped, factor, scale = None, 1.0, float(layer.scaling[name])
    p = _dropout_of(layer)
    if p > 0.0:
        chosen = random.choose_dropped(x, p)
        if chosen is None:
            return type(layer).forward(layer, x)
        dropped, factor = chosen
    if norms is None:
        return _apply(layer.base_layer, x, dropped, computed, None, [scale * factor], [first, second])
    magnitude = layer.lora_magnitude_vector[name].weight
    return _apply_dora(layer.base_layer, x, dropped, factor, computed, norms.find(random.step), scale, (magnitude, first, second))


def _forward_jointly(
    several: Sequence[Any], counts: Sequence[int], random: KeyedRandom, autocast: Any, known: dict[Any, Any], x: Any
) -> Any:
    """The output (B, T, out) of a layer of the first model for x (B, T, in), the examples of all models.

    Args:
        known: which numbers are whose (`_mark_own`) in layers before this one, by what that depends on.

    Raises:
        ValueError: a layer of the model reads tokens without the dimension of the examples.
    """
    if x.dim() != 3 or x.shape[0] != sum(counts):
        raise ValueError(f"trainings cannot share the passes of this model: a layer reads {tuple(x.shape)} for {sum(counts)} examples")
    dropped, factor = None, 1.0
    p = _dropout_of(several[0])
    if p > 0.0:
        chosen = random.choose_dropped(x, p)
        if chosen is None:
            raise ValueError(f"trainings cannot share passes with the dropout {p}")
        dropped, factor = chosen
    factors, scales, sizes = [], [], []
    for layer, count in zip(several, counts, strict=True):
        if count:
            (name,) = layer.lora_A
            factors += [layer.lora_A[name].weight, layer.lora_B[name].weight]
            scales.append(float(layer.scaling[name]) * factor)
            sizes.append((count * x.shape[1], factors[-1].shape[1]))
    computed = autocast or x.dtype
    if tuple(sizes) not in known:
        known[tuple(sizes)] = _mark_own(sizes, x.device, computed)
    own = known[tuple(sizes)] if len(sizes) > 1 else None
    return _apply(several[0].base_layer, x, dropped, computed, own, scales, factors)


def _mark_own(sizes: Sequence[tuple[int, int]], device: Any, dtype: Any) -> Any:
    """1 where a number of an adapter belongs to a token of its training, else 0, (N, R).

    Args:
        sizes: the tokens and the rank of each adapter.
    """
    import torch

    blocks = [torch.ones(size, device=device, dtype=dtype) for size in sizes]
    return torch.block_diag(*blocks)  # type: ignore[no-untyped-call]


def _dropout_of(layer: Any) -> float:
    """The probability with which a layer drops numbers of its input now."""
    (name,) = layer.lora_A
    return float(getattr(layer.lora_dropout[name], "p", 0.0)) if layer.training else 0.0


def _apply(base: Any, x: Any, dropped: Any, computed: Any, own: Any, scales: Sequence[float], factors: Sequence[Any]) -> Any:
    """What a base layer makes of x (..., in), with what adapters add to it.

    Args:
        dropped: of the shape of x; None: nothing is dropped.
        computed: the dtype of all products.
        own: see `adapted_linear`.
        factors: A (r, in) and B (out, r) of each adapter.
    """
    rows, width = x.reshape(-1, x.shape[-1]), factors[1].shape[0]
    if _has_plain_weights(base):
        weight, bias, output = base.weight, base.bias, None
    else:
        weight, bias, output = None, None, base(x).to(computed).reshape(-1, width)
    taken = None if dropped is None else dropped.view(-1, x.shape[-1])
    result = adapted_linear().apply(rows, output, weight, bias, taken, computed, own, scales, *factors)
    return result.view(*x.shape[:-1], width)  # models may write into it, which torch refuses for views made inside a function


def _apply_dora(
    base: Any, x: Any, dropped: Any, factor: float, computed: Any, norms: tuple[Any, Any], scale: float, trained: tuple[Any, Any, Any]
) -> Any:
    """The output (..., out) of a layer with DoRA for x (..., in).

    Args:
        dropped, factor: what dropout takes away of x, None if nothing, and what it multiplies the rest by.
        norms: see `DoraNorms.find`.
        trained: m (out), A (r, in) and B (out, r).
    """
    rows, width = x.reshape(-1, x.shape[-1]), trained[2].shape[0]
    taken = None if dropped is None else dropped.view(-1, x.shape[-1])
    weight, output, left_output = None, None, None
    if _has_plain_weights(base):
        weight = base.weight
    else:
        output = base(rows).to(computed)
        left_output = None if taken is None else base(rows.masked_fill(taken, 0.0)).to(computed)
    result = adapted_dora().apply(rows, output, left_output, weight, base.bias, taken, computed, factor, scale, *norms, *trained)
    return result.view(*x.shape[:-1], width)  # see `_apply`
