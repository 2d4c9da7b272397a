"""The norms of the rows of W + s·B·A that DoRA divides by, computed once for an optimizer step.

PEFT computes them in every forward pass, from all of B·A. Here a few rows at a time are computed, in float32, so that they stay in the
cache of a CPU. The sum ‖W‖² + 2s·W·(B·A) + s²·‖B·A‖² would need no dense rows and, where W is in float32, 25% to 50% less time, but it
loses the digits of a row that the update takes away.
"""

from __future__ import annotations

from typing import Any

_PIECE = {"cpu": 1 << 17}  # numbers of W that are computed at once: half a megabyte
_USUAL_PIECE = 1 << 24  # of other devices, to which a kernel of a few rows is too little work


class DoraNorms:
    """The norms of one layer."""

    def __init__(self, layer: Any) -> None:
        self._layer = layer
        self._key: Any = None
        self._known: Any = None

    def find(self, step: Any) -> tuple[Any, Any]:
        """The norms, and by how much more than 1 DoRA scales each output, both float32 (out).

        Args:
            step: what names the training step that the last announced pass is part of. None: no pass was announced, nothing is reused.
        """
        import torch

        (name,) = self._layer.lora_A
        first, second = self._layer.lora_A[name].weight, self._layer.lora_B[name].weight
        magnitude = self._layer.lora_magnitude_vector[name].weight
        # Versions alone are not enough: kernels of 8-bit optimizers change weights unseen. Between a step and its validation,
        # `training` changes.
        key = (step, self._layer.training, *(each._version for each in (first, second, magnitude)))
        if step is None or key != self._key:
            with torch.no_grad():
                norms = _row_norms(_weight_of(self._layer), first.float(), second.float(), self._layer.scaling[name])
                self._known = norms, magnitude.float() / norms - 1
            self._key = key
        return self._known  # type: ignore[no-any-return]


def _weight_of(layer: Any) -> Any:
    """W (out, in), unpacked."""
    from peft.utils.integrations import dequantize_module_weight
    from peft.utils.other import transpose

    return transpose(dequantize_module_weight(layer.base_layer), layer.fan_in_fan_out)


def _row_norms(weight: Any, first: Any, second: Any, scale: float) -> Any:
    """‖W + s·B·A‖ of each row (out), for W (out, in), A (r, in) and B (out, r)."""
    import torch

    rows, width = weight.shape
    at_once = min(rows, max(1, _PIECE.get(weight.device.type, _USUAL_PIECE) // width))
    norms = torch.empty(rows, dtype=torch.float32, device=weight.device)
    piece = torch.empty(at_once, width, dtype=torch.float32, device=weight.device)
    for start in range(0, rows, at_once):
        part = piece[: min(at_once, rows - start)].copy_(weight[start : start + at_once])
        part.addmm_(second[start : start + at_once], first, alpha=scale)  # in place, which autocast leaves in float32
        norms[start : start + at_once] = torch.linalg.vector_norm(part, dim=1)
    return norms
