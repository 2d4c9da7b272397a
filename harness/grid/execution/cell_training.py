"""The training of a cell: the base model is loaded, trained by one process or several, and stored."""

from __future__ import annotations

import time
import traceback
from collections.abc import Mapping, Sequence
from contextlib import nullcontext
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any

from harness.data.pipeline import sample
from harness.engine.adapters import adapt, load_adapter, save_artifact, trainable_parameters
from harness.engine.artifacts import load_strategy_model
from harness.engine.distributed import ONE_PROCESS, ProcessGroup, can_shard, shard
from harness.engine.inference import Predictor
from harness.engine.models import Device, LoadedModel, ModelSource
from harness.engine.prompts import Shot
from harness.engine.tuning import (
    EncodedExample,
    KeyedRandom,
    Progress,
    Steps,
    TrainingPart,
    encode_material,
    general_loss,
    list_restarts,
    planned_steps,
    reaches,
    take_alone,
    training_steps,
)
from harness.grid.execution.base_losses import key_of_base, read_loss, report_loss
from harness.grid.execution.cell_group import GroupFailedError, run_group
from harness.grid.execution.job import Emit, Job
from harness.grid.execution.memory_place import require_devices, save_place
from harness.grid.execution.reused_costs import AT_ONCE, DEVICES
from harness.grid.execution.system_limits import free_device_memory, is_memory_error
from harness.grid.execution.training_outcome import TrainingOutcome, save_outcome
from harness.measure import Meter, environment, keep_freed_memory
from harness.metrics import get_script_digests
from harness.store import CellFolder, RunFolder, to_json_line
from harness.types import Cost, Example, LadderPlace, Shape, Strategy, Task, TrainingSummary


@dataclass(frozen=True)
class _Material:
    """What a training reads: encoded examples, the number of those that were cut, and the planned steps."""

    examples: Sequence[EncodedExample]
    validation: Sequence[EncodedExample]
    cut: int
    steps: int


class CellTraining:
    """What a cell is, and how it is trained. `meter` clocks its phases, `emit` receives its events, `group` are the processes that train
    it together.
    """

    def __init__(self, job: Job, emit: Emit, group: ProcessGroup = ONE_PROCESS) -> None:
        self.folder = RunFolder(Path(job.run))
        self.plan = self.folder.plan()
        self.cell = next(cell for cell in self.plan.all_cells if cell.id == job.cell)
        info = self.plan.models[self.cell.model]
        self.source = ModelSource(info.name, info.origin, Path(job.model_folder), info.digest, info.revision)
        self.shape: Shape = info.shape
        self.device = Device(job.device["kind"], job.device["name"], job.device["dtype"])
        self._job = job
        if self.device.kind == "cpu":
            keep_freed_memory()  # until this process ends, with its cell
        self.meter = self.make_meter()
        self.emit = emit
        self.group = group
        self.checkpoint_every = job.checkpoint_every
        self.trusts_code = job.trust_remote_code
        self._place = job.place
        self._starts_again = False

    def make_meter(self) -> Meter:
        """A meter of the cell's device, at its price."""
        per_hour, job = self.plan.options["price"]["per_hour"], self._job
        price = None if per_hour is None else per_hour * job.devices / job.at_once
        return Meter(self.device.kind, self.device.name, price, job.devices)

    @property
    def task(self) -> Task:
        return self.plan.tasks[self.cell.task]

    @property
    def strategy(self) -> Strategy:
        return self.plan.get_strategy(self.cell)

    @property
    def files(self) -> CellFolder:
        return self.folder.cell(self.cell.id)

    @cached_property
    def examples(self) -> tuple[Example, ...]:
        """The test examples of the task."""
        return self.folder.examples(self.task.name)

    @property
    def labels(self) -> tuple[str, ...]:
        return self.examples[0].choices

    def provenance(self) -> dict[str, str]:
        """What this cell was run with: a run that is resumed on another machine has cells of several machines."""
        dtype = "float32" if self.shape == "encoder" else self.device.dtype
        scripts = get_script_digests(self.task.metrics) if self.trusts_code else {}
        machine = {"device": self.device.name, AT_ONCE: str(self._job.at_once), DEVICES: str(self._job.devices)}
        return environment() | machine | {"dtype": dtype, "model_digest": self.source.digest} | scripts

    def _load_and_tune(self) -> tuple[Predictor, TrainingOutcome]:
        """Load the base model and train it. If memory runs out, start again with the next step of the memory ladder, from the last
        checkpoint.

        Raises:
            NeedsMoreDevicesError: no step is left on one device.
            Exception: that memory ran out, if no step is left at all, or any other.
        """
        restarts = [step for step in list_restarts(self.strategy, self.device.kind) if not reaches(self._place.step, step)]
        while True:
            predictor = None
            try:
                predictor = self._load_predictor(trained=False)
                return predictor, self._tune(predictor)
            except Exception as error:
                if not is_memory_error(error):
                    raise
                traceback.print_exc()  # into the cell's log
                if predictor is None:  # the states of the optimizer were not there yet
                    restarts = [step for step in restarts if step == "offloaded-weights"]
                if not restarts:
                    require_devices(self._job, self.strategy, self.shape)
                    raise
            predictor = None  # here, because the error would keep what its frames hold
            self._keep_place(LadderPlace(restarts.pop(0)))
            self._starts_again = True
            free_device_memory()

    def _keep_place(self, place: LadderPlace) -> None:
        """Keep where on the memory ladder the training is, for attempts after this one."""
        self._place = place
        if self.group.is_first:
            save_place(self.files, replace(self._job, place=place))

    def _load_predictor(self, *, trained: bool) -> Predictor:
        self._announce("load")
        with self.meter.phase("load"):
            return self._predictor(self._load(trained=trained))

    def _predictor(self, loaded: LoadedModel, shots: tuple[Shot, ...] = ()) -> Predictor:
        """The strategy's use of a model. Token ids are kept for other cells, unless the tokenizer may be code of the model, or that of
        another trainer."""
        is_base = self.strategy.artifact is None and not self.trusts_code
        keep = self.folder.token_files(self.source.digest) if is_base else None
        return Predictor(self.task, self.strategy, loaded, self.labels, shots, keep)

    def _load(self, *, trained: bool, in_parts: bool = False) -> LoadedModel:
        """The base model, or the stored result of training: what is scored is what is stored.

        Args:
            in_parts: leave it in host memory, for processes that each hold a part of it to answer.
        """
        return load_strategy_model(
            self.strategy,
            self.source,
            self.device,
            artifact=self.files.artifact if trained else None,
            labels=self.labels,
            trust_remote_code=self.trusts_code,
            to_divide=self._divides or in_parts,
            offloaded=not trained and self._place.step == "offloaded-weights",
        )

    def _tune(self, predictor: Predictor) -> TrainingOutcome:
        """Train the predictor's model and store it; the model that is scored is then in place of the base model."""
        return take_alone(self._tuning_steps(predictor, self._base_loss(predictor)))

    def _tuning_steps(self, predictor: Predictor, before: float | None, shared_random: KeyedRandom | None = None) -> Steps[TrainingOutcome]:
        """As `_tune`; the caller takes the steps that this generator yields.

        Args:
            before: the base model's loss on general text.
            shared_random: of trainings that share their steps, see `training_steps`.
        """
        loaded = predictor.loaded
        summary = yield from self._training_steps(predictor, self._ready(predictor), shared_random)
        trainable = trainable_parameters(loaded.model)
        size = self._store(loaded)
        if self.strategy.method == "full":  # casting in memory also rounds buffers that a loaded model keeps in float32
            loaded.model = None
            with self.meter.phase("load"):
                loaded.model = self._load(trained=True).model
        after = self._general_loss(predictor)
        outcome = TrainingOutcome(self.meter.costs(), summary, trainable, size, loss_change(before, after))
        save_outcome(self.files, outcome)
        return outcome

    def train_in_group(self) -> Mapping[str, Any]:
        """Train the cell as one process of `group`, and store the trained weights together.

        Returns:
            `outcome`, a `TrainingOutcome` as JSON, and `loss_before`, the base model's loss on general text.
        """
        predictor = self._load_predictor(trained=False)
        loaded = predictor.loaded
        before = None if self._divides else self._general_loss(predictor)
        material = self._ready(predictor)
        if self._divides:  # no process holds the whole base model, so the adapter on it is switched off
            with nullcontext() if self.strategy.method == "full" else loaded.model.disable_adapter():
                before = self._general_loss(predictor)
        summary = self._train(predictor, material)
        trainable = trainable_parameters(loaded.model)
        outcome = TrainingOutcome(self.meter.costs(), summary, trainable, self._store(loaded), None)
        return {"outcome": to_json_line(TrainingOutcome, replace(outcome, costs=self.meter.costs())), "loss_before": before}

    def _complete(self, outcome: TrainingOutcome, predictor: Predictor, loss_before: float | None) -> TrainingOutcome:
        """Add what is measured on the trained weights as a single process has loaded them, and keep the outcome."""
        return self._add_loss(outcome, loss_before, self._general_loss(predictor))

    def _add_loss(self, outcome: TrainingOutcome, loss_before: float | None, after: float | None) -> TrainingOutcome:
        outcome = replace(outcome, costs=self.meter.costs(), general_loss=loss_change(loss_before, after))
        save_outcome(self.files, outcome)
        return outcome

    @property
    def _trains_in_group(self) -> bool:
        """Whether this process starts others that train the cell together."""
        return self.strategy.train is not None and self._job.processes > 1

    def _count_unmeasured(self, began: float, measured: Sequence[Cost]) -> None:
        """Count as loading what the processes of a group did not measure: their start and end, and attempts that ran out of memory."""
        unmeasured = time.perf_counter() - began - sum(cost.seconds for cost in measured)
        self.meter.add((Cost("load", max(0.0, unmeasured), self.device.name),))

    def _run_group(self) -> Mapping[str, Any]:
        """Let other processes train the cell together; returns the `finished` event of the first one."""
        divides = can_shard(self.strategy, self.shape)
        steps = list_restarts(self.strategy, self.device.kind, divided=divides)
        try:
            return run_group(self._job, self.files, self.emit, steps)
        except GroupFailedError as error:
            if error.status == "out-of-memory":
                require_devices(self._job, self.strategy, self.shape)
            raise

    @property
    def _divides(self) -> bool:
        """Whether this process holds a part of the model, and other processes the others."""
        return self.group.size > 1 and can_shard(self.strategy, self.shape)

    def _store(self, loaded: LoadedModel) -> int:
        """Store the trained weights; returns their bytes on disk."""
        recipe = self.strategy.train
        # An encoder computes in float32 on every device; weights in bfloat16 are stored as they were trained.
        narrows = self.strategy.method == "full" and self.shape != "encoder" and recipe is not None and recipe.weights == "float32"
        with self.meter.phase("store"):
            return save_artifact(
                loaded.model,
                loaded.tokenizer,
                self.files.artifact,
                origin=self.source.origin,
                revision=self.source.revision,
                dtype=self.device.torch_dtype if narrows else None,
                group=self.group,
            )

    def _general_loss(self, predictor: Predictor, clock: Meter | None = None) -> float | None:
        """The current loss of a decoder on general text; it is clocked as scoring, by the cell's meter if no other is given. None for other
        shapes."""
        if self.shape != "decoder":
            return None
        meter = self.meter if clock is None else clock
        with meter.phase("score"):
            return general_loss(
                predictor.loaded.model,
                predictor.loaded.tokenizer,
                context=predictor.context,
                pad_id=predictor.encoder.pad_id,
                device=self.device.kind,
                on_tokens=meter.count_tokens,
            )

    def _base_loss(self, predictor: Predictor) -> float | None:
        """The loss of the model that is not tuned yet on general text: measured, unless another cell has done that. None for other shapes
        than decoders."""
        key = key_of_base(
            replace(self._job, place=self._place), self.strategy, self.device, str(predictor.loaded.model.dtype), predictor.context
        )
        if (known := read_loss(self._job, key)) is not None:
            self.meter.add(known[1])
            return known[0]
        clock = self.make_meter()
        try:
            loss = self._general_loss(predictor, clock)
        finally:
            costs = clock.collect()
            self.meter.add(costs)
        if loss is not None:
            self.emit(report_loss(key, loss, costs))
        return loss

    def _ready(self, predictor: Predictor) -> _Material:
        """Encode the examples, and make the predictor's model one that trains; divide it among the processes if they hold parts of it."""
        loaded, recipe, seed = predictor.loaded, self.strategy.train, self.cell.seed
        assert recipe is not None and seed is not None
        self._announce("train")
        with self.meter.phase("train"):
            chosen, held_out = self._choose_training_examples(predictor), self.folder.training_examples(self.task.name, "validation")
            examples, validation, cut = encode_material(predictor, chosen, held_out, recipe)
            steps = planned_steps(recipe, len(examples), loaded.parameters)
            if self.strategy.start_from is None:
                loaded.model = adapt(loaded.model, self.strategy, seed, shape=self.shape, steps=steps)
            else:
                loaded.model = load_adapter(loaded.model, self.files.start, trains=True)
            if self._divides:
                shard(loaded.model, self.group, full_precision=self.strategy.method == "full")
        return _Material(examples, validation, cut, steps)

    def _train(self, predictor: Predictor, material: _Material) -> TrainingSummary:
        return take_alone(self._training_steps(predictor, material))

    def _training_steps(
        self, predictor: Predictor, material: _Material, shared_random: KeyedRandom | None = None
    ) -> Steps[TrainingSummary]:
        loaded, recipe, seed = predictor.loaded, self.strategy.train, self.cell.seed
        assert recipe is not None and seed is not None
        self._keep_place(self._place)
        summary = yield from training_steps(
            loaded.model,
            material.examples,
            material.validation,
            recipe,
            parameters=loaded.parameters,
            seed=seed,
            pad_id=predictor.encoder.pad_id,
            device=self.device,
            shape=self.shape,
            meter=self.meter,
            curve=self.files.curve,
            checkpoint=self.files.checkpoint,
            progress=self._report_step,
            checkpoint_every=self.checkpoint_every,
            part=self._part(material.steps),
            place=self._place,
            on_place=self._keep_place,
            was_killed=self._job.killed_bytes is not None,
            starts_again=self._starts_again,
            starts_from_adapter=self.strategy.start_from is not None,
            group=self.group,
            shared_random=shared_random,
        )
        return replace(summary, truncated=material.cut, products_per_second=self._measure_products(loaded.model))

    def _measure_products(self, model: Any) -> float | None:
        """How fast this device multiplies matrices as wide as the model's layers: what the speed of the training is compared with."""
        from harness.forecast import measure_speeds

        width = getattr(model.config.get_text_config(), "hidden_size", None)
        if self.device.kind not in ("cpu", "cuda") or not isinstance(width, int):
            return None
        return self.group.size * measure_speeds(self.device.kind, self.device.dtype, width).products

    def _part(self, steps: int) -> TrainingPart | None:
        """The part of a training of so many steps that this cell carries out; None: all of it."""
        return None

    def _choose_training_examples(self, predictor: Predictor) -> Sequence[Example]:
        """The examples to train on. With the same seed, those of a smaller training size are among those of a larger one."""
        assert self.cell.seed is not None
        assert self.strategy.train is not None
        examples = self.folder.training_examples(self.task.name, "train")
        if self.strategy.train.objective == "dpo":
            examples = tuple(example for example in examples if example.rejected is not None)
        return sample(examples, min(self.cell.train_size, len(examples)), self.cell.seed)

    def _report_step(self, progress: Progress) -> None:
        self.emit({
            "event": "progress", "done": progress.step, "total": progress.total, "unit": "steps",
            "loss": progress.loss, "validation_loss": progress.validation_loss,
            "tokens_per_second": progress.tokens_per_second,
        })  # fmt: skip

    def _announce(self, phase: str) -> None:
        self.emit({"event": "phase", "phase": phase})


def loss_change(before: float | None, after: float | None) -> tuple[float, float] | None:
    """The loss on general text before and after tuning; None where either is not known."""
    return None if before is None or after is None else (before, after)
