"""Small real trials: a matrix product in each number format, a layer in 4 bits with its gradient, a model that computes once."""

from __future__ import annotations

import time
import warnings
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

from harness.doctor.finding import Finding, amount
from harness.engine.models import (
    DTYPES,
    Device,
    avoid_repacking,
    find_device,
    load_model,
    quiet_libraries,
    require_four_bit,
    resolve_model,
    shape_of_model,
)
from harness.errors import BenchError, first_line

if TYPE_CHECKING:
    import torch

LEAST_COSINE = 0.99


def number_formats() -> Iterator[Finding]:
    """Which formats compute here, rightly, and how fast."""
    device = find_device()
    base: float | None = None
    for dtype in DTYPES:
        if dtype == "auto":
            continue
        needed = dtype in ("float32", device.dtype)
        try:
            seconds, cosine = _product(device, dtype)
        except Exception as error:
            text = f"{dtype} does not compute here: {type(error).__name__}: {first_line(error)}"
            yield Finding("number formats", "failed" if needed else "warning", text, needed=needed)
            continue
        base = base or seconds
        if cosine < LEAST_COSINE:
            text = f"{dtype} gives a wrong product (cosine to the right one {cosine:.3f})"
            yield Finding("number formats", "failed" if needed else "warning", text, "do not use it here", needed)
            continue
        speed = "" if dtype == "float32" else f", {_times(base / seconds)} as fast as float32 in a matrix product"
        default = "; the default here" if dtype == device.dtype else ""
        if device.kind == "cpu" and dtype == "float16":
            default = "; bench does not train in it on a CPU"
        yield Finding("number formats", "ok", f"{dtype} computes{speed}{default}", needed=needed)


def _times(ratio: float) -> str:
    return f"{ratio:.1f} ×" if ratio >= 0.1 else "less than a tenth"


def _product(device: Device, dtype: str) -> tuple[float, float]:
    """Seconds that a matrix product takes (the best of a few), and its cosine to the one in float64."""
    import torch

    n = 4096 if device.kind == "cuda" else 512
    generator = torch.Generator().manual_seed(0)
    a, b = (torch.randn(n, n, generator=generator) for _ in range(2))
    x, y = (m.to(device.kind, getattr(torch, dtype)) for m in (a, b))
    best = float("inf")
    for _ in range(8):  # the first one warms up, others may be disturbed
        start = time.perf_counter()
        product = x @ y
        if device.kind == "cuda":
            torch.cuda.synchronize()
        best = min(best, time.perf_counter() - start)
    return best, _cosine(product, a.double() @ b.double())


def four_bit() -> Iterator[Finding]:
    """Whether 4-bit weights compute and train as the same weights unpacked do."""
    device = find_device()
    try:
        require_four_bit(device, "qlora")
    except BenchError as error:
        yield Finding("4-bit weights", "warning", first_line(error), "strategies without 4-bit weights, such as lora, do without it")
        return
    forward, gradient = four_bit_cosines(device)
    text = f"NF4 layer against the same weights unpacked: cosine of the output {forward:.4f}, of the gradient {gradient:.4f}"
    if min(forward, gradient) >= LEAST_COSINE:
        yield Finding("4-bit weights", "ok", text)
    else:
        hint = "qlora would train wrongly here: use lora, or another release of bitsandbytes"
        yield Finding("4-bit weights", "failed", text, hint)


def four_bit_cosines(device: Device) -> tuple[float, float]:
    """How well an NF4 layer agrees with the same weights unpacked, after an evaluation: (output, gradient), 1 is perfect."""
    quiet_libraries()
    import torch
    from bitsandbytes.functional import dequantize_4bit
    from bitsandbytes.nn import Linear4bit, Params4bit

    generator = torch.Generator().manual_seed(0)
    weight = torch.randn(128, 256, generator=generator) * 0.05
    layer = Linear4bit(256, 128, bias=False, compute_dtype=device.torch_dtype, quant_type="nf4")
    layer.weight = Params4bit(weight, requires_grad=False, quant_type="nf4")
    layer.to(device.kind)
    avoid_repacking(layer)
    unpacked = dequantize_4bit(layer.weight.data, layer.weight.quant_state).float()
    x = torch.randn(32, 256, generator=generator).to(device.kind, device.torch_dtype)
    with torch.no_grad():  # what an evaluation before training does, where a machine may repack the weights
        layer.eval()(x)
    layer.train()

    def output_and_gradient(apply: Callable[[torch.Tensor], torch.Tensor]) -> tuple[torch.Tensor, torch.Tensor]:
        inputs = x.clone().requires_grad_()
        output = apply(inputs)
        with warnings.catch_warnings(action="ignore"):  # of a kernel without a gradient: the cosine says it
            output.float().square().sum().backward()  # type: ignore[no-untyped-call,unused-ignore]
        return output.detach(), torch.zeros_like(x) if inputs.grad is None else inputs.grad

    packed = output_and_gradient(layer)
    right = output_and_gradient(lambda inputs: inputs.float() @ unpacked.T)
    return _cosine(packed[0], right[0]), _cosine(packed[1], right[1])


def _cosine(a: Any, b: Any) -> float:
    from torch.nn.functional import cosine_similarity

    return float(cosine_similarity(a.detach().cpu().double().flatten(), b.detach().cpu().double().flatten(), dim=0))


def trial(name: str) -> str:
    """Load a model, let it compute once, and say what it is.

    Raises:
        BenchError: when it cannot be found or loaded, or what it computes is no number.
    """
    import torch

    device, source = find_device(), resolve_model(name)
    labels = ("yes", "no") if shape_of_model(source) == "encoder" else ()
    loaded = load_model(source, device, labels=labels)
    inputs = loaded.tokenizer("A first sentence.", return_tensors="pt").to(device.kind)
    inputs.pop("token_type_ids", None)
    if loaded.shape == "encoder-decoder":
        inputs["decoder_input_ids"] = inputs["input_ids"]
    with torch.no_grad():
        finite = bool(torch.isfinite(loaded.model(**inputs).logits).all())
    if not finite:
        raise BenchError(f"the model '{name}' computes no finite numbers in {device.dtype}; try another --dtype")
    frozen = loaded.parameters * (4 if device.dtype == "float32" else 2)
    return (
        f"{loaded.shape}, {loaded.parameters / 1e6:.1f} million parameters, {loaded.context} tokens, computes in {device.dtype}; training "
        f"takes {_about(frozen)} for lora and {_about(loaded.parameters * 16)} for full, and what the batches need"
    )


def _about(size: float) -> str:
    return f"about {amount(size)}" if size >= 1e6 else "less than 1 MB"
