"""Trained weights on disk: stored with their tokenizer, and loaded onto a base model."""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import Any

from harness.engine.adapters.full_precision import read_widened, widen_copies
from harness.engine.distributed import ONE_PROCESS, ProcessGroup, is_sharded, whole_tensor
from harness.engine.models import import_peft
from harness.errors import BenchError, first_line


def save_artifact(
    model: Any,
    tokenizer: Any,
    folder: Path,
    *,
    origin: str,
    revision: str | None,
    dtype: Any = None,
    group: ProcessGroup = ONE_PROCESS,
) -> int:
    """Store the adapter (PEFT's format) or the whole model as safetensors, with its tokenizer; returns bytes on disk.

    Args:
        origin, revision: the public name and revision of the base model. They replace the local path that PEFT would write.
        dtype: the number format of the stored weights; None: as they are.
        group: the processes among which the model is divided, if it is. All of them must call this; the first one collects the weights in
            host memory, and stores them.
    """
    weights = _collect(model, dtype, group) if group.size > 1 and is_sharded(model) else {}
    if not group.is_first:
        return 0
    if not weights and dtype is not None:
        model.to(dtype)
    folder.mkdir(parents=True, exist_ok=True)
    model.config._name_or_path = tokenizer.name_or_path = origin
    for config in getattr(model, "peft_config", {}).values():
        config.base_model_name_or_path, config.revision = origin, revision
        if getattr(config, "tokenizer_name_or_path", None):
            config.tokenizer_name_or_path = origin
    # PEFT would ask the Hub whether the vocabulary has grown, and then store the embeddings. It never grows here.
    options: dict[str, Any] = {"save_embedding_layers": False} if hasattr(model, "peft_config") else {}
    if weights:
        options["state_dict"] = weights
    model.save_pretrained(folder, safe_serialization=True, **options)
    (folder / "README.md").unlink(missing_ok=True)  # PEFT's model card is an empty form
    tokenizer.save_pretrained(folder)
    return sum(file.stat().st_size for file in folder.rglob("*") if file.is_file())


def _collect(model: Any, dtype: Any, group: ProcessGroup) -> dict[str, Any]:
    """The weights to store, whole and in host memory; empty for all processes but the first."""
    trained = {id(p) for p in model.parameters() if p.requires_grad}
    whole: dict[int, Any] = {}  # tied weights are one tensor
    weights = {}
    for name, tensor in model.state_dict(keep_vars=True).items():
        if hasattr(model, "peft_config") and id(tensor) not in trained:
            continue
        if id(tensor) not in whole:
            collected = whole_tensor(tensor.detach())
            whole[id(tensor)] = collected.to("cpu", dtype if collected.is_floating_point() else None) if group.is_first else None
        weights[name] = whole[id(tensor)]
    return weights if group.is_first else {}


def load_adapter(model: Any, folder: Path, *, trains: bool = False) -> Any:
    """Put a stored adapter on a freshly loaded base model.

    Args:
        trains: whether its training continues.

    Raises:
        BenchError: the adapter does not fit the base model, or lacks weights (PEFT only warns and continues without them).
    """
    import_peft()
    from peft import PeftModel

    try:
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            adapted = PeftModel.from_pretrained(model, str(folder), is_trainable=trains)
        read_widened(widen_copies(adapted), folder)
    except (MemoryError, BenchError):
        raise
    except Exception as error:  # the configuration may be a stranger's
        reason = " ".join(line.strip() for line in str(error).splitlines()[:3])  # torch's first line only says that loading failed
        raise BenchError(f"{folder}: does not fit the base model: {reason or first_line(error)}") from None
    if any("missing adapter keys" in str(warning.message) for warning in caught):
        raise BenchError(f"{folder}: the adapter lacks some of its weights. Delete the cell's folder and run the same command again.")
    return adapted
