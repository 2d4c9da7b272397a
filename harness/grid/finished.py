"""A finished cell put to use again: found in its run, its model loaded as the cell did, new rows answered."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from harness.catalog import Catalog, prompt_variables
from harness.errors import BenchError, did_you_mean
from harness.grid.artifact import check_artifact, with_adapter
from harness.grid.prompting import render_for
from harness.grid.request import Request, resolve_strategies
from harness.grid.vocabulary import vocabulary
from harness.inference.predict import predict, prompt_budget
from harness.measure import Meter
from harness.models.device import Device, find_device, require_four_bit
from harness.models.encode import EncodedPrompt, PromptEncoder, Shot
from harness.models.load import LoadedModel, load_model
from harness.models.resolve import ModelSource, resolve_model
from harness.store import CellFolder, Run
from harness.store.folder import read_json
from harness.tuning import virtual_tokens
from harness.types import Cell, Example, Prediction, Shape, Strategy, Task


@dataclass(frozen=True)
class FinishedCell:
    """A cell that is done, with what its run says of it."""

    run: Run
    cell: Cell

    @property
    def task(self) -> Task:
        return self.run.plan.tasks[self.cell.task]

    @property
    def strategy(self) -> Strategy:
        return self.run.plan.strategy_of(self.cell)

    @property
    def shape(self) -> Shape:
        return self.run.plan.models[self.cell.model].shape

    @property
    def files(self) -> CellFolder:
        return self.run.folder.cell(self.cell.id)

    @property
    def example(self) -> Example:
        """The first of the run's test rows: it shows which inputs and labels the rows of the task have."""
        return self.run.examples(self.task.name)[0]

    @property
    def label(self) -> str:
        """The cell as people tell it from others."""
        size = f" · {self.cell.train_size:,} training rows" if self.cell.train_size else ""
        seed = "" if self.cell.seed is None else f" · seed {self.cell.seed}"
        return f"{self.cell.task} · {self.cell.strategy} · {self.cell.model}{size}{seed}"


def find_cell(
    run: Run,
    strategy: str,
    *,
    task: str | None = None,
    model: str | None = None,
    seed: int | None = None,
    train_size: int | None = None,
    needs_model: bool = True,
) -> FinishedCell:
    """The cell that is done and fits; of several seeds the lowest.

    Args:
        strategy: its name in the run, or what `bench run` takes for it: a file, values with brackets.
        needs_model: refuse outputs that were made elsewhere.

    Raises:
        BenchError: none fits, or several do that differ in more than the seed: then the choices are listed.
    """
    if all(cell.strategy != strategy for cell in run.cells):
        strategy = _named(run, strategy)
    wanted = {"task": task, "model": model, "strategy": strategy, "train_size": train_size}
    fitting = list(run.cells)
    for name, value in wanted.items():
        if value is not None:
            known = dict.fromkeys(str(getattr(c, name)) for c in fitting)
            fitting = [c for c in fitting if getattr(c, name) == value]
            if not fitting:
                what = name.replace("_", " ")
                raise BenchError(f"{run.path}: no cell with the {what} '{value}'.{did_you_mean(str(value), known)}")
    seeds = {c.seed for c in fitting}
    if seed is not None and seeds != {None}:  # where no seed matters, any will do
        fitting = [c for c in fitting if c.seed == seed]
        if not fitting:
            known_seeds = ", ".join(str(s) for s in sorted(s for s in seeds if s is not None))
            raise BenchError(f"{run.path}: '{strategy}' has no cell with the seed {seed}. Known: {known_seeds}.")
    done = [c for c in fitting if run.status(c.id) == "done"]
    if not done:
        raise BenchError(f"{run.path}: no cell of '{strategy}' is done: {_why(run, fitting[0])}")
    if run.plan.strategy_of(done[0]).outputs is not None and needs_model:
        raise BenchError(f"{run.path}: the outputs of '{strategy}' were made elsewhere: there is no model here that could be asked")
    choices = [
        f"--{name.replace('_', '-')} ({', '.join(str(value) for value in values)})"
        for name in ("task", "model", "train_size")
        if len(values := dict.fromkeys(getattr(c, name) for c in done)) > 1
    ]
    if choices:
        raise BenchError(f"{run.path}: '{strategy}' has {len(done)} cells that are done. Say which one with {' and '.join(choices)}.")
    return FinishedCell(run, min(done, key=lambda c: -1 if c.seed is None else c.seed))


def _named(run: Run, typed: str) -> str:
    """The name that `bench run` gives to what was typed; as it is where it knows no such strategy."""
    folders = run.plan.options.get("request", {}).get("strategies_dirs", ())
    try:
        (name,) = resolve_strategies(Request((), (typed,), base=False), Catalog(vocabulary(), strategies=[Path(f) for f in folders]))
    except BenchError:
        return typed
    return name


def _why(run: Run, cell: Cell) -> str:
    result = run.results.get(cell.id)
    return f"it is {run.status(cell.id)}" + (f" ({result.error})" if result and result.error else "") + "."


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


def device_for(run: Run) -> Device:
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
    try:
        return tuple(Shot(str(shot["prompt"]), str(shot["completion"])) for shot in read_json(file))
    except (TypeError, KeyError) as error:
        raise BenchError(f"{file}: is damaged ({error})") from None
