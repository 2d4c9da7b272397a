"""One cell from start to end, in a process of its own: load, train, predict, score, store."""

from __future__ import annotations

import traceback
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

from harness.data.pipeline import sample
from harness.engine.artifacts import model_card
from harness.engine.inference import predict
from harness.engine.models import Device, LoadedModel, ModelSource, load_model
from harness.engine.prompts import EncodedPrompt, PromptEncoder, Shot, prompt_budget, render_for, shots_for, target_for
from harness.engine.tuning import (
    DivergedError,
    Progress,
    adapt,
    encode_examples,
    general_loss,
    load_adapter,
    planned_steps,
    save_artifact,
    train,
    trainable_parameters,
    virtual_tokens,
)
from harness.errors import BenchError, first_line
from harness.grid.execution.partial_predictions import KeptPredictions
from harness.measure import Meter, environment
from harness.metrics import metrics_for, scripts_of
from harness.statistics import per_example_scores, score_rows
from harness.store import CellFolder, RunFolder, RunPlan, read_value, write_value
from harness.types import Cell, CellResult, Cost, Example, Prediction, Shape, Status, Strategy, Task, TrainingSummary

Emit = Callable[[Mapping[str, Any]], None]


@dataclass(frozen=True)
class Job:
    """What a worker needs beside the run folder; goes to it as JSON."""

    run: str
    cell: str
    model_folder: str
    device: Mapping[str, str]
    checkpoint_every: float = 30.0


def run_job(job: Job, emit: Emit) -> Status:
    """Run the cell and store its result, whatever comes of it."""
    folder = RunFolder(Path(job.run))
    plan = folder.plan()
    cell = next(c for c in plan.cells if c.id == job.cell)
    source_info = plan.models[cell.model]
    source = ModelSource(source_info.name, source_info.origin, Path(job.model_folder), source_info.digest, source_info.revision)
    device = Device(**job.device)
    meter = Meter(device.kind, device.name, plan.options["price"]["per_hour"])
    work = _CellWork(folder, plan, cell, source, device, meter, emit, job.checkpoint_every)
    try:
        result, predictions = work.run()
    except Exception as error:
        traceback.print_exc()  # goes to the cell's log
        status, message = classify(error)
        result = CellResult(cell, status, meter.costs(), work.provenance(), message)
        folder.cell(cell.id).write_result(result)
        return status
    folder.cell(cell.id).write_result(result, predictions)
    return result.status


def classify(error: Exception) -> tuple[Status, str]:
    """The status of a cell that an exception ended, and one line for people."""
    import torch

    first = first_line(error)
    if isinstance(error, DivergedError):
        return "diverged", first
    host = isinstance(error, RuntimeError) and ("not enough memory" in first or "can't allocate memory" in first)
    if isinstance(error, torch.cuda.OutOfMemoryError | MemoryError) or host:
        total = f" in {torch.cuda.get_device_properties(0).total_memory / 2**30:.0f} GiB" if torch.cuda.is_available() else ""
        return "out-of-memory", f"does not fit{total}: {first}"
    return "failed", first if isinstance(error, BenchError) else f"{type(error).__name__}: {first}"


@dataclass(frozen=True)
class _Trained:
    """What `trained.json` keeps of a finished training, so that an interrupted cell need not train again."""

    costs: tuple[Cost, ...]
    training: TrainingSummary
    trainable_parameters: int
    artifact_bytes: int
    general_loss: tuple[float, float] | None

    def added_to(self, result: CellResult) -> CellResult:
        """The result with the numbers of the training."""
        return replace(
            result,
            training=self.training,
            trainable_parameters=self.trainable_parameters,
            artifact_bytes=self.artifact_bytes,
            general_loss=self.general_loss,
        )


@dataclass
class _CellWork:
    folder: RunFolder
    plan: RunPlan
    cell: Cell
    source: ModelSource
    device: Device
    meter: Meter
    emit: Emit
    checkpoint_every: float

    @property
    def task(self) -> Task:
        return self.plan.tasks[self.cell.task]

    @property
    def strategy(self) -> Strategy:
        return self.plan.get_strategy(self.cell)

    @property
    def shape(self) -> Shape:
        return self.plan.models[self.cell.model].shape

    @property
    def files(self) -> CellFolder:
        return self.folder.cell(self.cell.id)

    def run(self) -> tuple[CellResult, Sequence[Prediction]]:
        self.phase("load")
        trained = self.files.checkpoint / "trained.json"
        examples = self.folder.examples(self.task.name)
        with self.meter.phase("load"):
            loaded = self.load(examples[0].choices, tuned=trained.is_file())
            encoder = PromptEncoder(loaded.tokenizer, self.task.prompt_format, self.shape)
        context = loaded.context - virtual_tokens(self.strategy)
        budget = prompt_budget(self.task, encoder, context, examples[0].choices, self.shape)
        result = CellResult(self.cell, "done", total_parameters=loaded.parameters, provenance=self.provenance())
        if self.strategy.train is not None:
            result = self.tuned(loaded, encoder, budget, trained, result)
        with self.meter.phase("predict"):
            shots = self.shots()
            prompts = encoder.prompts(examples, render_for(self.task, self.strategy, self.shape), budget, shots)
        predictions = self.predictions(loaded, encoder, examples, prompts)
        self.phase("score")
        with self.meter.phase("score"):
            trusted = bool(self.plan.options["trust_remote_code"])
            metrics = metrics_for(self.task.metrics, examples[0].choices, run_code=trusted)
            rows = [replace(p, scores=per_example_scores(metrics, e, p)) for e, p in zip(examples, predictions, strict=True)]
            scores = score_rows(metrics, examples, rows)
        signatures = {metric.name: metric.signature for metric in metrics}
        truncated = sum(p.truncated for p in prompts)
        result = replace(result, truncated_prompts=truncated, costs=self.meter.costs(), signatures=signatures)
        if result.artifact_bytes:
            card = model_card(self.task, self.strategy, self.plan, result, scores, labels=examples[0].choices)
            (self.files.artifact / "README.md").write_text(card, encoding="utf-8")
        return replace(result, notes=(*_notes(result, len(examples)), *_shot_notes(prompts, len(shots)))), rows

    def load(self, labels: Sequence[str], *, tuned: bool) -> LoadedModel:
        """The base model, or the one that was tuned and stored: what is scored is what is stored, whoever loads it later."""
        full = self.strategy.method == "full"
        loaded = load_model(
            replace(self.source, folder=self.files.artifact) if full and tuned else self.source,
            self.device,
            full_precision=full and not tuned,
            quantization=self.strategy.quantization,
            trust_remote_code=bool(self.plan.options["trust_remote_code"]),
            labels=labels,
        )
        if tuned and not full:
            loaded.model = load_adapter(loaded.model, self.files.artifact)
        return loaded

    def tuned(self, loaded: LoadedModel, encoder: PromptEncoder, budget: int, trained: Path, result: CellResult) -> CellResult:
        """Train, or take up what was trained before an interruption; the tuned model is then in `loaded.model`."""
        if trained.is_file():
            stored = read_value(trained, _Trained, advice=f"Delete the folder {self.files.checkpoint} to train again.")
            self.meter.add(stored.costs)
            return stored.added_to(result)
        before = self.general_loss(loaded, encoder)
        summary, trainable = self.train(loaded, encoder, budget)
        labels = self.folder.examples(self.task.name)[0].choices
        with self.meter.phase("store"):
            if self.strategy.method == "full" and self.shape != "encoder":  # an encoder computes in float32 on every device
                loaded.model.to(self.device.torch_dtype)
            origin, revision = self.source.origin, self.source.revision
            size = save_artifact(loaded.model, loaded.tokenizer, self.files.artifact, origin=origin, revision=revision)
        if self.strategy.method == "full":  # a cast in memory also rounds buffers that a loaded model keeps in float32
            loaded.model = None
            with self.meter.phase("load"):
                loaded.model = self.load(labels, tuned=True).model
        after = self.general_loss(loaded, encoder)
        general = None if before is None or after is None else (before, after)
        stored = _Trained(self.meter.costs(), summary, trainable, size, general)
        write_value(trained, _Trained, stored)
        return stored.added_to(result)

    def general_loss(self, loaded: LoadedModel, encoder: PromptEncoder) -> float | None:
        """The loss on general text of a decoder as it is now; it is clocked with the scores."""
        if self.shape != "decoder":
            return None
        with self.meter.phase("score"):
            return general_loss(
                loaded.model,
                loaded.tokenizer,
                context=loaded.context - virtual_tokens(self.strategy),
                pad_id=encoder.pad_id,
                device=self.device.kind,
                on_tokens=self.meter.count_tokens,
            )

    def train(self, loaded: LoadedModel, encoder: PromptEncoder, budget: int) -> tuple[TrainingSummary, int]:
        assert self.strategy.train is not None and self.cell.seed is not None
        self.phase("train")
        recipe = self.strategy.train
        limit = min(loaded.context - virtual_tokens(self.strategy), self.task.max_length)
        encode = partial(
            encode_examples,
            encoder,
            render=render_for(self.task, self.strategy, self.shape),
            prompt_budget=budget,
            max_length=limit,
            target=target_for(self.task),
            shape=self.shape,
        )
        with self.meter.phase("train"):
            # Nested: the rows of a smaller size are among those of a larger one with the same seed.
            chosen = sample(self.folder.training_examples(self.task.name, "train"), self.cell.train_size, self.cell.seed)
            rows, cut = encode(chosen)
            validation, _ = encode(self.folder.training_examples(self.task.name, "validation"))
            steps = planned_steps(recipe, len(rows), loaded.parameters)
            loaded.model = adapt(loaded.model, self.strategy, self.cell.seed, shape=self.shape, steps=steps)
        summary = train(
            loaded.model,
            rows,
            validation,
            recipe,
            parameters=loaded.parameters,
            seed=self.cell.seed,
            pad_id=encoder.pad_id,
            device=self.device,
            shape=self.shape,
            meter=self.meter,
            curve=self.files.curve,
            checkpoint=self.files.checkpoint,
            progress=self.on_step,
            checkpoint_every=self.checkpoint_every,
        )
        return replace(summary, truncated=cut), trainable_parameters(loaded.model)

    def shots(self) -> Sequence[Shot]:
        """The examples that a few-shot prompt shows, drawn from the training rows alone.

        They are kept with the cell: without them, nobody could put the prompt to use. A mailed run holds these few training rows.
        """
        if not self.strategy.shots:
            return ()
        assert self.cell.seed is not None
        rows = self.folder.training_examples(self.task.name, "train")
        shots = shots_for(self.task, self.strategy, self.shape, rows, self.cell.seed)
        write_value(self.files.shots, tuple[Shot, ...], tuple(shots))
        return shots

    def predictions(
        self, loaded: LoadedModel, encoder: PromptEncoder, examples: Sequence[Example], prompts: Sequence[EncodedPrompt]
    ) -> list[Prediction]:
        """All predictions; each batch is kept as soon as it is there, so that an interruption loses one batch."""
        self.phase("predict")
        kept = KeptPredictions(self.files.checkpoint)
        done = kept.read(self.meter)

        def keep(batch: Sequence[Prediction]) -> None:
            kept.append(batch, self.meter)
            self.emit({"event": "progress", "done": kept.count, "total": len(examples), "unit": "examples"})

        with self.meter.phase("predict"):
            return predict(
                loaded.model,
                self.task,
                examples,
                encoder=encoder,
                prompts=prompts,
                meter=self.meter,
                done=done,
                on_batch=keep,
                shape=self.shape,
                stops=(*self.task.decode.stop, *encoder.stops(with_shots=self.strategy.shots > 0)),
            )

    def on_step(self, progress: Progress) -> None:
        self.emit({
            "event": "progress", "done": progress.step, "total": progress.total, "unit": "steps",
            "loss": progress.loss, "validation_loss": progress.validation_loss,
        })  # fmt: skip

    def phase(self, name: str) -> None:
        self.emit({"event": "phase", "phase": name})

    def provenance(self) -> dict[str, str]:
        """What this very cell was made with: a run that was resumed elsewhere can have cells of several machines."""
        dtype = "float32" if self.shape == "encoder" else self.device.dtype
        scripts = scripts_of(self.task.metrics) if self.plan.options["trust_remote_code"] else {}
        return environment() | {"device": self.device.name, "dtype": dtype, "model_digest": self.source.digest} | scripts


def _shot_notes(prompts: Sequence[EncodedPrompt], wanted: int) -> tuple[str, ...]:
    """Whether examples had to be left out of some prompts."""
    fewer = [prompt.shots for prompt in prompts if prompt.shots < wanted]
    if not fewer:
        return ()
    least = f", {min(fewer)} at least" if min(fewer) else ", none in some"
    return (f"{len(fewer)} of {len(prompts)} test prompts show fewer than {wanted} examples{least}: more do not fit into the context.",)


def _notes(result: CellResult, examples: int) -> tuple[str, ...]:
    """What a reader of the result must know, as sentences."""
    notes = []
    if result.truncated_prompts:
        notes.append(f"{result.truncated_prompts} of {examples} test prompts were longer than the context: the end of their input was cut.")
    training = result.training
    if training and training.truncated:
        notes.append(f"{training.truncated} of {training.examples} training rows were longer than the context and were cut.")
    if training and training.overfitting:
        notes.append(
            f"Overfitting: validation loss rose after step {training.best_step} while training loss fell. The best weights are used."
        )
    if training and training.stopped_early:
        notes.append(f"Stopped early at step {training.steps}: validation had not become better since step {training.best_step}.")
    if training and training.best_validation_loss is None:
        notes.append("There were no validation rows: the weights of the last step are used.")
    return tuple(notes)
