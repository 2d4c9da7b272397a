"""Checks by real computations: a matrix product in each number format, the gradient of a 4-bit layer, a forward pass of a model."""

from __future__ import annotations

import time
import warnings
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

from harness.doctor.finding import Finding, format_bytes
from harness.engine.models import (
    DTYPES,
    Device,
    avoid_repacking,
    find_device,
    import_peft,
    load_model,
    quiet_libraries,
    require_four_bit,
    resolve_model,
    shape_of_model,
)
from harness.errors import BenchError, first_line, setting

if TYPE_CHECKING:
    import torch

MIN_COSINE = 0.99  # below this similarity, a result counts as wrong


def check_number_formats() -> Iterator[Finding]:
    """Which number formats work, whether their results are right, and how fast they are."""
    device = find_device()
    float32_seconds: float | None = None
    for dtype in DTYPES:
        if dtype == "auto":
            continue
        needed = dtype in ("float32", device.dtype)
        try:
            seconds, cosine = _product(device, dtype)
        except Exception as error:
            text = f"{dtype} does not work: {type(error).__name__}: {first_line(error)}"
            yield Finding("number formats", "failed" if needed else "warning", text, needed=needed)
            continue
        float32_seconds = float32_seconds or seconds
        if cosine < MIN_COSINE:
            text = f"{dtype} gives wrong results (cosine similarity to the exact product: {cosine:.3f})"
            yield Finding("number formats", "failed" if needed else "warning", text, "do not use it on this machine", needed)
            continue
        speed = "" if dtype == "float32" else f", {_speed(float32_seconds / seconds)} the speed of float32 in a matrix product"
        note = "; the default here" if dtype == device.dtype else ""
        if device.kind == "cpu" and dtype == "float16":
            note = "; not used for training on a CPU"
        yield Finding("number formats", "ok", f"{dtype} works{speed}{note}", needed=needed)


def _speed(ratio: float) -> str:
    return f"{ratio:.1f}×" if ratio >= 0.1 else "less than a tenth of"


def _product(device: Device, dtype: str) -> tuple[float, float]:
    """The seconds of a matrix product (the best of several), and its cosine similarity to the product in float64."""
    import torch

    n = 4096 if device.kind == "cuda" else 512
    generator = torch.Generator().manual_seed(0)
    a, b = (torch.randn(n, n, generator=generator) for _ in range(2))
    x, y = (m.to(device.kind, getattr(torch, dtype)) for m in (a, b))
    best = float("inf")
    for _ in range(8):  # the first is a warm-up, and others may be disturbed by other processes
        start = time.perf_counter()
        product = x @ y
        if device.kind == "cuda":
            torch.cuda.synchronize()
        best = min(best, time.perf_counter() - start)
    return best, _cosine(product, a.double() @ b.double())


def check_four_bit() -> Iterator[Finding]:
    """Whether 4-bit weights give the same outputs and gradients as the same weights dequantized."""
    device = find_device()
    try:
        require_four_bit(device, "qlora")
    except BenchError as error:
        yield Finding("4-bit weights", "warning", first_line(error), "strategies without 4-bit weights, such as lora, are not affected")
        return
    forward, gradient = four_bit_cosines(device)
    text = f"NF4 layer compared with its dequantized weights: cosine similarity {forward:.4f} (output), {gradient:.4f} (gradient)"
    if min(forward, gradient) >= MIN_COSINE:
        yield Finding("4-bit weights", "ok", text)
    else:
        hint = "QLoRA would train with wrong gradients on this machine; use lora, or another version of bitsandbytes"
        yield Finding("4-bit weights", "failed", text, hint)


def four_bit_cosines(device: Device) -> tuple[float, float]:
    """The cosine similarities (output, gradient) of an NF4 layer, after a forward pass without gradients, to its dequantized weights.

    1 is perfect agreement.
    """
    quiet_libraries()
    import_peft()
    import torch
    from bitsandbytes.functional import dequantize_4bit
    from bitsandbytes.nn import Linear4bit, Params4bit

    generator = torch.Generator().manual_seed(0)
    weight = torch.randn(128, 256, generator=generator) * 0.05
    layer = Linear4bit(256, 128, bias=False, compute_dtype=device.torch_dtype, quant_type="nf4")
    layer.weight = Params4bit(weight, requires_grad=False, quant_type="nf4")
    layer.to(device.kind)
    avoid_repacking(layer)
    dequantized = dequantize_4bit(layer.weight.data, layer.weight.quant_state).float()
    x = torch.randn(32, 256, generator=generator).to(device.kind, device.torch_dtype)
    with torch.no_grad():  # as an evaluation before training does; some machines repack the weights then
        layer.eval()(x)
    layer.train()

    def output_and_gradient(apply: Callable[[torch.Tensor], torch.Tensor]) -> tuple[torch.Tensor, torch.Tensor]:
        inputs = x.clone().requires_grad_()
        output = apply(inputs)
        with warnings.catch_warnings(action="ignore"):  # about a kernel without gradient, which the cosine shows, too
            output.float().square().sum().backward()  # type: ignore[no-untyped-call,unused-ignore]
        return output.detach(), torch.zeros_like(x) if inputs.grad is None else inputs.grad

    quantized = output_and_gradient(layer)
    reference = output_and_gradient(lambda inputs: inputs.float() @ dequantized.T)
    return _cosine(quantized[0], reference[0]), _cosine(quantized[1], reference[1])


def _cosine(a: Any, b: Any) -> float:
    from torch.nn.functional import cosine_similarity

    return float(cosine_similarity(a.detach().cpu().double().flatten(), b.detach().cpu().double().flatten(), dim=0))


def try_model(name: str) -> str:
    """Load a model, run one forward pass, and describe the model.

    Raises:
        BenchError: the model cannot be found or loaded, or its outputs are not finite.
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
        advice = f"Try another number format, such as {setting('dtype', 'float32')}"
        raise BenchError(f"the outputs of the model '{name}' are not finite in {device.dtype}. {advice}")
    frozen = loaded.parameters * (4 if device.dtype == "float32" else 2)
    return (
        f"{loaded.shape}, {loaded.parameters / 1e6:.1f} million parameters, context of {loaded.context} tokens, works in {device.dtype}; "
        f"training needs {_about(frozen)} for lora and {_about(loaded.parameters * 16)} for full, plus memory for the batches"
    )


def _about(size: float) -> str:
    return f"about {format_bytes(size)}" if size >= 1e6 else "less than 1 MB"
