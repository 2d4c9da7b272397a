"""A finished cell put to use again: found in its run, its model loaded as the cell did, new rows answered."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from harness.catalog import prompt_variables
from harness.engine.artifacts.checks import check_artifact, with_adapter
from harness.engine.inference import predict
from harness.engine.models import Device, LoadedModel, ModelSource, find_device, load_model, require_four_bit, resolve_model
from harness.engine.prompts import EncodedPrompt, PromptEncoder, Shot, prompt_budget, render_for
from harness.engine.tuning import virtual_tokens
from harness.errors import BenchError
from harness.measure import Meter
from harness.results import FinishedCell
from harness.store import StoredRun, read_value
from harness.types import Example, Prediction


def find_base(finished: FinishedCell, model_path: str | None = None, *, with_code: bool = False) -> ModelSource:
    """The base model of the cell, the very one.

    Args:
        model_path: where it lies, if its name alone does not tell.
        with_code: fetch the Python code of a Hub model, too.

    Raises:
        BenchError: when it cannot be found, or what is found is another one.
    """
    info = finished.run.plan.models[finished.cell.model]
    places: list[tuple[str, str | None]] = [(model_path, None)] if model_path else [(info.name, info.revision)]
    if not model_path:  # as the run was told, which can be a path
        asked = finished.run.plan.options.get("request", {}).get("models", ())
        places += [(str(name), None) for name in asked if info.name in (Path(str(name)).name, Path(str(name)).stem)]
    problem = ""
    for name, revision in dict.fromkeys(places):
        try:
            source = resolve_model(name, revision, with_code=with_code)
        except BenchError as error:
            problem = problem or str(error)
            continue
        if source.digest == info.digest:
            return replace(source, name=info.name, origin=info.origin, revision=info.revision)
        problem = (
            f"'{name}' is not the model of this run: its sha256 is {source.digest}, and that of the run's '{info.name}' is {info.digest}"
        )
    hint = "" if model_path else f" If '{info.name}' lies elsewhere, say where with --model-path."
    raise BenchError(f"{problem}{'' if problem.endswith('.') else '.'}{hint}")


def device_for(run: StoredRun) -> Device:
    """The device at hand, computing in the dtype of the run where it can: on a device of another kind in that one's own best."""
    options = run.plan.options
    device = find_device()
    return find_device(options["dtype"]) if device.kind == options["device"] else device


@dataclass
class FinishedModel:
    """The model of a finished cell, as the cell had it when it was scored."""

    finished: FinishedCell
    device: Device
    loaded: LoadedModel
    encoder: PromptEncoder

    def prompts(self, examples: Sequence[Example]) -> list[EncodedPrompt]:
        """The encoded prompts, as in the run."""
        task, strategy, shape = self.finished.task, self.finished.strategy, self.finished.shape
        context = self.loaded.context - virtual_tokens(strategy)
        budget = prompt_budget(task, self.encoder, context, self.finished.example.choices, shape)
        return self.encoder.prompts(examples, render_for(task, strategy, shape), budget, _shots(self.finished))

    def predict(
        self, examples: Sequence[Example], prompts: Sequence[EncodedPrompt], on_batch: Callable[[Sequence[Prediction]], None]
    ) -> list[Prediction]:
        """One prediction an example, in their order."""
        task, strategy = self.finished.task, self.finished.strategy
        meter = Meter(self.device.kind, self.device.name, None)
        with meter.phase("predict"):
            return predict(
                self.loaded.model,
                task,
                examples,
                encoder=self.encoder,
                prompts=prompts,
                meter=meter,
                done={},
                on_batch=on_batch,
                shape=self.finished.shape,
                stops=(*task.decode.stop, *self.encoder.stops(with_shots=strategy.shots > 0)),
            )


def load_finished(finished: FinishedCell, source: ModelSource, device: Device, *, trust_remote_code: bool = False) -> FinishedModel:
    """The base model with what the cell has learnt.

    Raises:
        BenchError: the artifact is missing, damaged, or does not fit the model.
    """
    check_artifact(finished)
    strategy = finished.strategy
    if strategy.quantization is not None:
        require_four_bit(device, strategy.name)
    full = strategy.method == "full"
    loaded = load_model(
        replace(source, folder=finished.files.artifact) if full else source,
        device,
        quantization=strategy.quantization,
        trust_remote_code=trust_remote_code,
        labels=finished.example.choices,
    )
    if strategy.method == "peft":
        loaded.model = with_adapter(loaded.model, finished)
    return FinishedModel(finished, device, loaded, PromptEncoder(loaded.tokenizer, finished.task.prompt_format, finished.shape))


def usable_rows(finished: FinishedCell, examples: Sequence[Example], file: str) -> tuple[Example, ...]:
    """New rows as those of the run: the same inputs in the same order, the same labels to choose from.

    Raises:
        BenchError: when rows lack an input that the prompt needs.
    """
    rows = finished.run.examples(finished.task.name)
    known = list(dict.fromkeys(name for row in rows for name in row.inputs))  # a row may lack what the prompt only asks for
    if finished.shape == "encoder" and finished.strategy.prompt is None:
        needed = frozenset(name for name in known if all(name in row.inputs for row in rows))
    else:
        needed = prompt_variables(finished.strategy.prompt or finished.task.prompt) & set(known)
    problems = []
    for name in sorted(needed, key=known.index):
        without = [example for example in examples if name not in example.inputs]
        if without and len(without) == len(examples):
            columns = ", ".join([*without[0].inputs, *without[0].meta])
            problems.append(f"{file}: no column for the input '{name}'. Name it: --field {name}=COLUMN. The columns are: {columns}")
        elif without:
            problems.append(f"{file}: {len(without):,} of {len(examples):,} rows have no '{name}', which the prompt needs")
    if problems:
        raise BenchError(problems)
    choices = rows[0].choices
    return tuple(replace(e, inputs={name: e.inputs[name] for name in known if name in e.inputs}, choices=choices) for e in examples)


def _shots(finished: FinishedCell) -> tuple[Shot, ...]:
    """The examples that the cell's prompt showed."""
    if not finished.strategy.shots:
        return ()
    file = finished.files.shots
    if not file.is_file():
        raise BenchError(f"{file}: is missing, so that nobody knows which examples the prompt of '{finished.cell.strategy}' showed")
    return read_value(file, tuple[Shot, ...])
