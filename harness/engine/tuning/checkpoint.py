"""The state of a training on disk: safetensors and JSON, never a pickle; either complete or absent.

checkpoint/
  step-000120/      the newest state: weights.safetensors, optimizer.safetensors, random.safetensors, method.safetensors, state.json,
                    digests.json (of these, and of the best weights)
  best-000080.safetensors
  references.json   of a preference tuning: how the model from which it starts judges each pair
"""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from harness.engine.distributed import ONE_PROCESS, ProcessGroup, copy_stored, like_parameter, write_whole_tensors
from harness.engine.tuning.optimizers import optimizer_tensors, restore_optimizer
from harness.errors import BenchError
from harness.store import from_json_text, hash_file, read_sealed, to_json_line, write_sealed

T = TypeVar("T")

_FILES = ("weights", "optimizer", "random", "method")
_DIGESTS = "digests.json"


@dataclass(frozen=True)
class _Digests:
    """sha256 (hex) by name."""

    state: Mapping[str, str]
    """Of the files of the state."""
    best: Mapping[str, str]
    """Of the best weights, if there are any."""


class Checkpoints:
    """The checkpoints of one training; only the newest state and the best weights are kept.

    Files hold whole tensors, so that a training resumes on any number of processes. `folder` is where they are.
    """

    def __init__(self, folder: Path, at_least_every: float = 30.0, group: ProcessGroup = ONE_PROCESS) -> None:
        """
        Args:
            at_least_every: seconds between two states. Saving never takes more than a twentieth of the time.
            group: the processes that train; the first one writes, and all of them must call the same methods.
        """
        self.folder = folder
        self._group = group
        self._pause = at_least_every
        self._saved_at = time.monotonic()
        self._duration = 0.0  # of the last save, in seconds

    def due(self) -> bool:
        """Whether enough time has passed since the last state."""
        return self._group.decide(time.monotonic() - self._saved_at > max(self._pause, 20 * self._duration))

    def save(self, step: int, model: Any, optimizer: Any, state: T, kind: type[T], best_step: int, method: Mapping[str, Any]) -> None:
        """Store the state after `step` steps, then delete older ones.

        Args:
            state: the progress of the training, a value of the dataclass `kind`.
            best_step: the step whose best weights are kept.
            method: tensors that the strategy's method keeps besides weights and optimizer, by name.
        """
        began = time.monotonic()
        final = self.folder / f"step-{step:06d}"
        part = self.folder / f".{final.name}.part"
        if self._group.is_first:
            shutil.rmtree(part, ignore_errors=True)
            part.mkdir(parents=True)
        tensors = (_trained(model), optimizer_tensors(optimizer), _random_state(), dict(method))
        for name, values in zip(_FILES, tensors, strict=True):
            write_whole_tensors(part / f"{name}.safetensors", values, writes=self._group.is_first)
        if self._group.is_first:
            self._finish(part, final, state, kind, best_step)
        self._saved_at = time.monotonic()
        self._duration = self._saved_at - began

    def _finish(self, part: Path, final: Path, state: T, kind: type[T], best_step: int) -> None:
        """Complete a state whose tensors are written, and delete older ones."""
        (part / "state.json").write_text(to_json_line(kind, state))
        best = self.folder / f"best-{best_step:06d}.safetensors"
        digests = {file.name: hash_file(file) for file in sorted(part.iterdir())}
        kept = {best.name: hash_file(best)} if best.is_file() else {}
        write_sealed(part / _DIGESTS, _Digests, _Digests(digests, kept), place=_DIGESTS)
        for file in part.iterdir():
            _flush(file)
        shutil.rmtree(final, ignore_errors=True)
        part.rename(final)
        self._delete_all_but(final.name, f"best-{best_step:06d}.safetensors")

    def save_best(self, step: int, model: Any) -> None:
        """Store the weights of the best validation so far. The previous best stays until the next state is stored."""
        part = self.folder / ".best.part"
        if self._group.is_first:
            self.folder.mkdir(parents=True, exist_ok=True)
        write_whole_tensors(part, _trained(model), writes=self._group.is_first)
        if self._group.is_first:
            _flush(part)
            part.rename(self.folder / f"best-{step:06d}.safetensors")

    def load_best(self, step: int, model: Any) -> None:
        """Put the best weights back into the model."""
        self._group.wait()  # until the first process has written it
        _restore(model, self.folder / f"best-{step:06d}.safetensors")

    def load(self, model: Any, optimizer: Any, kind: type[T]) -> tuple[T, dict[str, Any]] | None:
        """Restore model, optimizer and random generators to the newest state.

        Returns:
            The `state` and `method` that were saved; None if there is no state.

        Raises:
            BenchError: the files are damaged.
        """
        from safetensors import SafetensorError
        from safetensors.torch import load_file

        newest = max(self.folder.glob("step-*"), default=None) if self.folder.is_dir() else None
        if newest is None:
            return None
        if self._group.is_first:
            self._check(newest)
        self._group.wait()
        weights, optimizer_state, random, method = (newest / f"{name}.safetensors" for name in _FILES)
        try:
            state = from_json_text(kind, (newest / "state.json").read_bytes())
            _restore(model, weights)
            _restore_optimizer(optimizer, optimizer_state)
            _restore_random(load_file(random))
            return state, load_file(method)
        except (OSError, ValueError, SafetensorError) as error:
            raise BenchError(f"{newest}: is damaged ({error}). Delete it to train from the start.") from None

    def _check(self, newest: Path) -> None:
        """Check that the state and the best weights are as they were written: training would go on from other weights.

        Raises:
            BenchError: a file is missing or damaged.
        """
        advice = "Delete it to train from the start."
        try:
            digests = read_sealed(newest / _DIGESTS, _Digests, place=_DIGESTS, advice=advice)
            files = {newest / name: digest for name, digest in digests.state.items()}
            files |= {self.folder / name: digest for name, digest in digests.best.items()}
            damaged = next((file for file, digest in files.items() if hash_file(file) != digest), None)
        except BenchError as error:
            raise BenchError(f"{newest}: is damaged ({error.problems[0]}). {advice}") from None
        if damaged is not None:
            raise BenchError(f"{newest}: is damaged (the sha256 of {damaged.name} differs). {advice}")

    def _delete_all_but(self, state: str, best: str) -> None:
        for entry in self.folder.iterdir():
            if entry.name.startswith("step-") and entry.name != state:
                shutil.rmtree(entry, ignore_errors=True)
            if entry.name.startswith("best-") and entry.name != best:
                entry.unlink()


def _trained(model: Any) -> dict[str, Any]:
    return {name: p.detach() for name, p in model.named_parameters() if p.requires_grad}


def _restore(model: Any, weights: Path) -> None:
    from safetensors import safe_open

    parameters = dict(model.named_parameters())
    with safe_open(weights, framework="pt") as stored:
        for name in stored.keys():  # noqa: SIM118 - it is no dictionary
            copy_stored(parameters[name], name, stored)


def _restore_optimizer(optimizer: Any, file: Path) -> None:
    from safetensors import safe_open

    parameters = [parameter for group in optimizer.param_groups for parameter in group["params"]]
    with safe_open(file, framework="pt") as stored:
        tensors = {key: like_parameter(parameters[int(key.split(".", 1)[0])], key, stored) for key in stored.keys()}  # noqa: SIM118
    restore_optimizer(optimizer, tensors)


def _random_state() -> dict[str, Any]:
    import torch

    generators = {"cpu": torch.get_rng_state()}
    if torch.cuda.is_available():
        generators["cuda"] = torch.cuda.get_rng_state()
    if torch.backends.mps.is_available():
        generators["mps"] = torch.mps.get_rng_state()
    return generators


def _restore_random(generators: Mapping[str, Any]) -> None:
    import torch

    torch.set_rng_state(generators["cpu"])
    if "cuda" in generators and torch.cuda.is_available():
        torch.cuda.set_rng_state(generators["cuda"])
    if "mps" in generators and torch.backends.mps.is_available():
        torch.mps.set_rng_state(generators["mps"])


def _flush(path: Path) -> None:
    with path.open("rb") as file:
        os.fsync(file.fileno())
