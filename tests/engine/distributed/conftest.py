"""Small models that are trained by one process, or by several that are forked from the test and talk through gloo."""

from __future__ import annotations

import json
import os
import signal
import sys
import traceback
from contextlib import contextmanager, nullcontext
from dataclasses import replace
from pathlib import Path
from unittest.mock import patch

import pytest
import torch
import torch.nn.functional as F
from torch.optim.optimizer import register_optimizer_step_pre_hook
from transformers.models.llama.modeling_llama import LlamaRMSNorm

from harness.engine.adapters import adapt
from harness.engine.distributed import ONE_PROCESS, can_shard, join_group, shard, whole_tensor
from harness.engine.models import ModelSource, find_device, load_model
from harness.engine.tuning import EncodedExample, loop, train
from harness.measure import Meter
from harness.types import LadderPlace, QuantizationSpec, Strategy, TrainSpec
from tests.in_process import new_accelerator
from tests.tiny_models import save_model

LORA = {"peft_type": "LORA", "r": 4, "lora_alpha": 8, "target_modules": "all-linear"}
RECIPE = {"epochs": 2, "batch_size": 5, "learning_rate": 2e-3, "micro_batch_tokens": 40, "validations_per_epoch": 1, "patience": None}
# 11 examples make batches of 5, 5 and 1: the last leaves all processes but one without an example.
ROWS = [
    EncodedExample(tuple(range(4, 8 + 3 * (i % 4))), tuple(range(20 + i, 23 + i + i % 3)), size=i % 4) for i in range(14)
]  # fmt: skip


def strategy_of(kind: str, **recipe) -> Strategy:
    """Full fine-tuning, or an adapter: LoRA, of a 4-bit base, or another of PEFT's."""
    train_spec = TrainSpec(**(RECIPE | recipe))
    if kind == "full":
        return Strategy(name=kind, method="full", train=train_spec)
    adapter = {"lora": LORA, "qlora": LORA, "dora": LORA | {"use_dora": True}, "dropout": LORA | {"lora_dropout": 0.3}}.get(
        kind, {"peft_type": kind.upper()}
    )
    quantization = QuantizationSpec() if kind == "qlora" else None
    return Strategy(name=kind, method="peft", adapter=adapter, quantization=quantization, train=train_spec)


def train_here(
    group, source, kind, folder: Path, *, stop_at=None, checkpoint_every=30.0, dtype="float32", wide=False, step="as-planned", **recipe
):
    """Train as one of the processes; returns the bytes of this process, and the model's trained weights.

    wide: all weights are in float64, so that sums in another order come to the same.
    """
    strategy, device = strategy_of(kind, **recipe), find_device(dtype)
    rows = ROWS
    if strategy.train.objective == "dpo":
        rows = [replace(row, rejected=tuple(range(30, 32 + i % 4))) for i, row in enumerate(ROWS)]
    divided = group.size > 1 and can_shard(strategy, "decoder")
    full = strategy.method == "full"
    loaded = load_model(source, device, full_precision=full, quantization=strategy.quantization, to_divide=divided)
    model = adapt(loaded.model, strategy, 3, steps=6)
    if wide:
        model = model.double()
    if divided:
        shard(model, group, full_precision=full)

    def progress(now):
        if now.step == stop_at:
            raise KeyboardInterrupt

    stopped = False
    try:
        with _wide_layers() if wide else nullcontext():
            train(
                model, rows[:11], rows[11:], strategy.train, parameters=loaded.parameters, seed=3, pad_id=0, device=device,
                meter=Meter("cpu", "cpu", None), curve=folder / "training.jsonl", checkpoint=folder / "checkpoint", progress=progress,
                checkpoint_every=checkpoint_every, place=LadderPlace(step), group=group,
            )  # fmt: skip
    except KeyboardInterrupt:
        stopped = True
    weights = {} if stopped else {name: whole_tensor(p.detach()).tolist() for name, p in model.named_parameters() if p.requires_grad}
    return {"bytes": bytes_of(model), "weights": weights if group.is_first else {}}


@contextmanager
def _wide_layers():
    """Inside this context, a model in float64 has norms in float64: ours and those of transformers are computed in float32."""
    with (
        patch.object(loop, "fused_layers", lambda *_, **__: nullcontext()),
        patch.object(LlamaRMSNorm, "forward", lambda norm, x: F.rms_norm(x, x.shape[-1:], norm.weight, norm.variance_epsilon)),
    ):
        yield


def first_gradients(group, source, kind, folder: Path, *, wide=False) -> list[list[float]]:
    """The gradients with which the optimizer takes its first step: for each weight tensor, its numbers in a row."""
    gradients = []

    def keep(optimizer, *_):
        gradients.extend(p.grad.flatten().tolist() for part in optimizer.param_groups for p in part["params"])

    hook = register_optimizer_step_pre_hook(keep)
    try:
        train_here(group, source, kind, folder, wide=wide, stop_at=1)
    finally:
        hook.remove()
    return gradients


def bytes_of(model) -> int:
    """The memory of the parameters that this process holds."""
    local = [p.to_local() if hasattr(p, "to_local") else p for p in model.parameters()]
    return sum({t.untyped_storage().data_ptr(): t.untyped_storage().nbytes() for t in local}.values())


def losses_in(folder: Path) -> list[float]:
    lines = [json.loads(line) for line in (folder / "training.jsonl").read_text().splitlines()]
    return [line.get("validation_loss", line.get("loss")) for line in lines]


@pytest.fixture(scope="session")
def llama(build_once) -> ModelSource:
    folder = build_once("llama", lambda folder: save_model(folder, "llama") and None)
    return ModelSource("llama", "llama", folder, "0" * 64)


@pytest.fixture
def together(tmp_path):
    """Call `work(group)` in several processes, forked from this one; returns what each returned. One that fails ends the test."""

    def run(size, work):
        with new_accelerator():
            return run_in(size, work)

    def run_in(size, work):
        if size == 1:
            return [work(ONE_PROCESS)]
        meeting_point = tmp_path / f"meeting-{len(list(tmp_path.iterdir()))}"
        meeting_point.mkdir()
        pids = [_fork(rank, size, meeting_point, work) for rank in range(size)]
        running, codes = set(pids), []
        while running:
            pid, status = os.wait()
            running.discard(pid)
            codes.append(status)
            if status != 0:  # the others would wait for it
                for other in running:
                    os.kill(other, signal.SIGKILL)
        assert codes == [0] * size, "".join(file.read_text() for file in meeting_point.glob("error-*"))
        return [json.loads((meeting_point / f"result-{rank}").read_text()) for rank in range(size)]

    return run


@pytest.fixture
def zero_but_for_rounding(llama, together, tmp_path):
    """For each weight of full fine-tuning: whether its first gradient is no larger than the error of float32 in that tensor.

    The gradient in float64 says how large it is, and how far off those in float32 are.
    """
    (exact,) = together(1, lambda group: first_gradients(group, llama, "full", tmp_path / "first-wide", wide=True))
    (rounded,) = together(1, lambda group: first_gradients(group, llama, "full", tmp_path / "first"))
    pairs = [(torch.tensor(e, dtype=torch.float64), torch.tensor(r, dtype=torch.float64)) for e, r in zip(exact, rounded, strict=True)]
    return torch.cat([(e.abs() <= (e - r).abs().max()) & (r != 0) for e, r in pairs])


def _fork(rank, size, meeting_point: Path, work) -> int:
    sys.stdout.flush()
    pid = os.fork()
    if pid:
        return pid
    code = 1
    try:
        torch.set_num_threads(1)  # the threads of the test's process are not in this one
        with join_group(rank, size, meeting_point / "store", "cpu") as group:
            (meeting_point / f"result-{rank}").write_text(json.dumps(work(group)))
        code = 0
    except BaseException:
        (meeting_point / f"error-{rank}").write_text(traceback.format_exc())
    finally:
        os._exit(code)
