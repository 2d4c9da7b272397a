"""Small synthetic runs, written to disk through the same store that real runs use. No model, no training."""

from __future__ import annotations

import json
import random
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from harness.judging import Judgement, JudgeRecord
from harness.metrics import metrics_for
from harness.reporting import render
from harness.results import RunResults
from harness.statistics import per_example_scores
from harness.store import ModelInfo, RunFolder, RunPlan
from harness.types import (
    CanaryOutcome,
    Cell,
    CellNote,
    CellResult,
    Cost,
    DataReport,
    Example,
    JudgeSpec,
    LeakMeasurement,
    Phase,
    Prediction,
    ServedMeasurement,
    ServingMeasurement,
    ServingSpeed,
    Splits,
    Strategy,
    Task,
    TimedAnswer,
    TimedBatch,
    TrainingSummary,
    WeightForm,
)

LORA = {"peft_type": "LORA", "r": 16}
METHODS = {
    "base": "prompt", "few-shot": "prompt", "fewshot": "prompt", "full": "full", "vendor": "outputs", "incumbent": "api",
    "cascade": "cascade",
}  # fmt: skip
WORDS = tuple(re.findall(r"\w+", "patient reports mild pain in the left knee since monday no fever takes ibuprofen 400 mg twice daily"))
HOSTILE = (
    '</script><img src=x onerror="alert(1)"><style>*{display:none}</style> \u202egnp.exe\u202c \x1b[31mred\x00 [bold]x[/bold] {{ 7*7 }}'
)

_PAGES: dict[Path, str] = {}

Answer = Callable[[Example, random.Random], str]


@dataclass(frozen=True)
class Made:
    """One cell to make. `quality` is how often it is right (or how much of the reference it keeps)."""

    strategy: str
    quality: float = 0.5
    seed: int | None = None
    status: str = "done"
    error: str | None = None
    train_seconds: float = 0.0
    predict_seconds: float = 41.5
    notes: tuple[CellNote, ...] = ()
    priced: bool = True
    answer: Answer | None = None
    tokens_out: Callable[[int], int] = lambda _: 14
    curve: bool = True
    model: str = "tiny"
    size: int = 0
    provenance: Mapping[str, str] = field(default_factory=dict)
    serving: ServingMeasurement | None = None
    served: ServedMeasurement | None = None
    together: int = 1


@dataclass(frozen=True)
class MadeTask:
    """One task to make, with its cells."""

    name: str
    kind: str
    cells: Sequence[Made]
    labels: tuple[str, ...] = ()
    rows: int = 120
    data: Mapping[str, object] = field(default_factory=dict)
    locked_test: str | None = None
    about: Mapping[str, object] = field(default_factory=dict)
    text: Callable[[int], str] | None = None
    metrics: tuple[str, ...] = ()
    primary: str = ""
    margin: float = 0.01
    guardrails: Mapping[str, object] = field(default_factory=dict)
    no_answer: str | None = None
    meta: Callable[[int], Mapping[str, object]] | None = None
    group: Callable[[int], str] | None = None
    order: Sequence[int] | None = None
    targets: Callable[[int], str] | None = None
    leaks: Mapping[int, Sequence[LeakMeasurement]] = field(default_factory=dict)


def make_run(path: Path, tasks: Sequence[MadeTask], device: str = "cpu") -> RunResults:
    """A run folder with these tasks and cells."""
    folder = RunFolder(path)
    path.mkdir(parents=True)
    cells = {(t.name, i): _cell(t, made, i) for t in tasks for i, made in enumerate(t.cells)}
    folder.write_plan(_plan(tasks, tuple(cells.values()), device))
    for task in tasks:
        examples = tuple(_described(task, i) for i in task.order or range(task.rows))
        folder.write_data(task.name, Splits((), (), examples, _data(task), "d1"), {e.id: "x" for e in examples})
        for i, made in enumerate(task.cells):
            _write_cell(folder, task, made, cells[task.name, i], examples)
        for cell, measured in _leak_cells(task, tuple(cells.values())):
            costs = (Cost("train", 40.0, "cpu", price=0.001),)
            folder.cell(cell.id).write_result(CellResult(cell, "done", costs, leak=measured))
    folder.seal()
    return RunResults(folder)


def page_of(run: RunResults) -> str:
    """The page of a run that does not change any more, made once for all tests that look at it."""
    if run.path not in _PAGES:
        _PAGES[run.path] = render(run)
    return _PAGES[run.path]


def summarization(cells: Sequence[Made], **more: object) -> MadeTask:
    """A task of summaries, scored by ROUGE."""
    return MadeTask("summarization", "summarization", cells, **more)  # type: ignore[arg-type]


def classification(cells: Sequence[Made], labels: int = 3, **more: object) -> MadeTask:
    """A task of so many labels."""
    names = tuple(f"{word}_{i}" for i, word in zip(range(labels), ["refund", "card lost", "transfer failed"] * labels, strict=False))
    return MadeTask("intents", "classification", cells, labels=names, **more)  # type: ignore[arg-type]


def questions(cells: Sequence[Made], **more: object) -> MadeTask:
    """A task of questions about a long text; every fifth has no answer, every third several references."""
    return MadeTask("questions", "qa", cells, no_answer="unanswerable", metrics=("squad",), primary="f1", **more)  # type: ignore[arg-type]


def texts(cells: Sequence[Made], **more: object) -> MadeTask:
    """A task of free texts, scored on sacrebleu's scale."""
    return MadeTask("letters", "generation", cells, metrics=("chrf", "length"), primary="chrf", margin=1.0, **more)  # type: ignore[arg-type]


def learned(strategy: str, size: int, seed: int | None = None, *, end: float = 0.9, model: str = "tiny") -> Made:
    """A cell that is the better the more rows it has learned from, on an inverse power law."""
    draw = random.Random(f"{strategy}{size}{seed}{model}")
    quality = end - 3.0 * size**-0.5 + draw.gauss(0, 0.01)
    return Made(strategy, quality, seed, train_seconds=size / 4, size=size, model=model)


def wide_cells(sizes: Sequence[int] = (100, 200, 400), seeds: Sequence[int] = (1, 2)) -> list[Made]:
    """Two models, three trained strategies, several sizes and seeds, with base and few-shot of the first model; the second is an
    encoder, which has neither."""
    first, second = "smollm2-135m", "answerdotai/ModernBERT-base"
    cells = [Made("base", 0.2, model=first), *(Made("few-shot", 0.35, seed, size=4, model=first) for seed in seeds)]
    ends = {"full": 0.95, "lora": 0.9, "qlora": 0.85}
    return cells + [
        learned(name, size, seed, end=ends[name] - (0.1 if model == second else 0), model=model)
        for model in (first, second)
        for name in ends
        for size in sizes
        for seed in seeds
    ]


def leaked(ranks: Sequence[float], *, extracted: int = 0, repeats: Sequence[int] = (1, 16), candidates: int = 256) -> LeakMeasurement:
    """A measurement with these ranks; the last `extracted` canaries were written out. Repeats are divided evenly among the canaries."""
    canaries = tuple(
        CanaryOutcome("record", repeats[i * len(repeats) // len(ranks)], candidates, rank, i >= len(ranks) - extracted)
        for i, rank in enumerate(ranks)
    )
    return LeakMeasurement(canaries, tuple(i % 5 for i in range(32)), tuple(i % 3 for i in range(32)))


def measured(
    *seconds: float,
    batches: Mapping[int, float] | None = None,
    merged: float | None = None,
    writes: bool = True,
    waited: float = 0.0,
    problem: str = "",
) -> ServingMeasurement:
    """A measurement with these times of answers alone, and of batches by their size; merged, the model takes `merged` times as long."""

    def speed(form: WeightForm, factor: float) -> ServingSpeed:
        alone = tuple(TimedAnswer(factor * s, factor * s / 10 if writes else None, 60, 14 if writes else 1) for s in seconds)
        timed = tuple(TimedBatch(rows, factor * s, 14 * rows) for rows, s in (batches or {}).items())
        total = sum(answer.seconds for answer in alone) + sum(batch.seconds for batch in timed)
        return ServingSpeed(form, alone, timed, "no_faster" if batches else "time", total, (1 - waited) * total)

    forms = [speed("stored", 1.0), *([speed("merged", merged)] if merged else [])] if seconds else []
    return ServingMeasurement("Xeon 2 cores", "cpu", 2, 0.09, "USD", 2.0, tuple(forms), problem)


def _leak_cells(task: MadeTask, cells: tuple[Cell, ...]) -> list[tuple[Cell, LeakMeasurement]]:
    """The cells of the leak test: `leaks` has the measurements by the position of the strategy's cell in the task."""
    own = [cell for cell in cells if cell.task == task.name]
    return [
        (replace(own[i], id=f"{own[i].id}-leak-{seed}", seed=seed if own[i].seed is not None else None), measured)
        for i, measurements in task.leaks.items()
        for seed, measured in enumerate(measurements)
    ]


def _cell(task: MadeTask, made: Made, number: int) -> Cell:
    return Cell(f"{task.name}-{number}", task.name, made.model, made.strategy, made.size, made.seed)


def _plan(tasks: Sequence[MadeTask], cells: tuple[Cell, ...], device: str) -> RunPlan:
    strategies = {made.strategy: declare_strategy(made.strategy) for t in tasks for made in t.cells}
    return RunPlan(
        digest="0123456789abcdef",
        created="2026-03-01T10:20:30+00:00",
        command="bench run --task <b>summarization</b> --strategies lora,qlora",
        tasks={t.name: _task(t) for t in tasks},
        strategies=strategies,
        models={made.model: ModelInfo(made.model, "shipped", "sha256:abc123") for t in tasks for made in t.cells},
        cells=cells,
        leak_cells=tuple(cell for task in tasks for cell, _ in _leak_cells(task, cells)),
        data={t.name: _data(t) for t in tasks},
        data_digests={t.name: "feedface" * 8 for t in tasks},
        environment={"python": "3.11.9", "torch": "2.7.0", "commit": "c0ffee", "dirty": "no"},
        options={
            "price": {"per_hour": 0.09, "currency": "USD", "source": "a table, 2026-03"},
            "device": device,
            "device_name": "Xeon 2 cores",
        },
    )


def _task(task: MadeTask) -> Task:
    metrics, primary = (("classification",), "macro_f1") if task.labels else (("rouge", "length"), "rougeL")
    return Task(
        name=task.name,
        kind=task.kind,
        data={"source": "clinic", "locked_test": task.locked_test, "about": task.about},
        prompt="{{ input }}",
        labels=task.labels,
        metrics=task.metrics or metrics,
        primary=task.primary or primary,
        margin=task.margin,
        guardrails=task.guardrails,
        privacy={"canaries": 15, "repeats": (1, 16)} if task.leaks else {},
        no_answer=task.no_answer,
    )


def declare_strategy(name: str) -> Strategy:
    """A strategy of this name, as runs declare it."""
    method = METHODS.get(name, "peft")
    more: dict[str, object] = {"train": {"epochs": 3}}
    if method == "prompt":
        more = {"shots": 4 if name in ("few-shot", "fewshot") else 0}
    if method == "outputs":
        more = {"outputs": {"path": "vendor.jsonl", "sha256": "abc123"}}
    if method == "api":
        more = {
            "api": {"base_url": "https://api.example.com/v1", "model": "big", "price": {"input_per_million": 50, "output_per_million": 400}}
        }
    if method == "cascade":
        more = {"first": "lora", "then": "vendor"}
    return Strategy(name=name, method=method, adapter={"peft_type": "IA3"} if name == "ia3" else LORA if method == "peft" else {}, **more)


def _data(task: MadeTask) -> DataReport:
    known = {
        "origin": {"source": "clinic"},
        "sizes": {"train": 560, "validation": 70, "test": task.rows},
        "sampled_from": {"train": 560, "validation": 70, "test": task.rows},
        "duplicates": {"train/test": 2},
        "removed_from_train": 2,
    }
    return DataReport(**(known | dict(task.data)))  # type: ignore[arg-type]


def _described(task: MadeTask, i: int) -> Example:
    """The example with what the task says of it."""
    example = _example(task, i)
    meta = {**example.meta, **(task.meta(i) if task.meta else {})}
    return replace(example, meta=meta, group=task.group(i) if task.group else None)


def _example(task: MadeTask, i: int) -> Example:
    draw = random.Random(f"{task.name}{i}")
    text = task.text(i) if task.text else " ".join(draw.choices(WORDS, k=40))
    if task.kind == "qa" and not task.labels:
        return _question(task, i, draw)
    target = draw.choice(task.labels) if task.labels else " ".join(draw.choices(WORDS, k=12))
    target = task.targets(i) if task.targets else target
    named = {"facts": [{"what": "name", "any": [target.split()[0]], "critical": True}]} if "facts" in task.metrics else {}
    return Example(f"row-{i}", {"input": text}, (target,), task.labels, meta=named)


def _question(task: MadeTask, i: int, draw: random.Random) -> Example:
    context = task.text(i) if task.text else " ".join(draw.choices(WORDS, k=900 if i % 2 else 60))
    answers = [" ".join(draw.choices(WORDS, k=3)) for _ in range(3 if i % 3 == 0 else 1)]
    return Example(f"row-{i}", {"context": context, "question": f"What does line {i} say?"}, () if i % 5 == 0 else tuple(answers))


def _write_cell(folder: RunFolder, task: MadeTask, made: Made, cell: Cell, examples: Sequence[Example]) -> None:
    if made.curve and made.train_seconds:
        folder.cell(cell.id).path.mkdir(parents=True, exist_ok=True)
        folder.cell(cell.id).curve.write_text("".join(json.dumps(point) + "\n" for point in curve_points(cell.id)), encoding="utf-8")
    if made.status == "interrupted" and made.error is None:
        return  # it has not ended: there is no cell.json
    draw = random.Random(f"{cell.id}{made.strategy}{made.seed}")
    predictions = (
        [_prediction(task, made, e, draw) for e in sorted(examples, key=lambda e: int(e.id.removeprefix("row-")))]
        if made.status == "done"
        else None
    )
    metrics = metrics_for(_task(task).metrics, task.labels)
    if predictions is not None:
        by_id = {e.id: e for e in examples}
        predictions = [replace(p, scores=per_example_scores(metrics, by_id[p.example_id], p)) for p in predictions]
    trains = made.train_seconds > 0
    result = CellResult(
        cell=cell,
        status=made.status,  # type: ignore[arg-type]
        costs=_costs(made),
        error=made.error,
        trainable_parameters=(4_884_480 if METHODS.get(made.strategy) != "full" else 134_515_008) if trains else 0,
        total_parameters=134_515_008,
        artifact_bytes=19_600_000 if trains and made.status == "done" else 0,
        notes=made.notes,
        provenance=made.provenance,
        signatures={metric.name: metric.signature for metric in metrics},
        serving=made.serving,
        served=made.served,
        training=_shared_training(made) if made.together > 1 else None,
    )
    folder.cell(cell.id).write_result(result, predictions)


def _shared_training(made: Made) -> TrainingSummary:
    """A training that shared its steps with those of other cells."""
    return TrainingSummary(100, 1.0, 1e-3, 100, 0.5, 0.5, False, False, 100, 1000, trained_together=made.together)


def _prediction(task: MadeTask, made: Made, example: Example, draw: random.Random) -> Prediction:
    if made.answer is not None:
        output = made.answer(example, draw)
        return Prediction(example.id, output, extracted=output if output in task.labels else None)
    if task.labels:
        label = example.targets[0] if draw.random() < made.quality else draw.choice(task.labels)
        return Prediction(example.id, label, extracted=label, finish="choice")
    if not example.targets:
        held_back = draw.random() < made.quality
        return Prediction(example.id, "Unanswerable.\nText" if held_back else "pain", "" if held_back else "pain")
    kept = [word if draw.random() < made.quality else draw.choice(WORDS) for word in example.targets[0].split()]
    return Prediction(example.id, " ".join(kept), tokens_in=60, tokens_out=made.tokens_out(int(example.id.removeprefix("row-"))))


def _costs(made: Made) -> tuple[Cost, ...]:
    if METHODS.get(made.strategy) in ("outputs", "api"):
        return (Cost("predict", 0.0, "elsewhere", price=0.5),) if made.priced else ()
    seconds: dict[Phase, float] = {"load": 1.25}
    if made.train_seconds:
        seconds |= {"train": made.train_seconds, "validate": made.train_seconds / 8}
    if made.status == "done":
        seconds |= {"predict": made.predict_seconds, "score": 0.8}
    return tuple(
        Cost(phase, s, "cpu", 1_500_000_000, 1_700_000_000, tokens=int(s * 900), price=s * 0.09 / 3600 if made.priced else None)
        for phase, s in seconds.items()
    )


def curve_points(name: str, steps: int = 210) -> list[dict[str, float]]:
    """A training that gets better, and then fits too well."""
    draw = random.Random(name)
    points: list[dict[str, float]] = []
    for step in range(1, steps + 1):
        share = step / steps
        points.append(
            {"step": step, "loss": 3.2 - 2.3 * share**0.5 + draw.gauss(0, 0.18), "learning_rate": 2e-4, "tokens_per_second": 900.0}
        )
        if step % 35 == 0:
            points.append({"step": step, "validation_loss": 3.1 - 2.6 * share**0.5 + 1.1 * share**2, "training_loss": 1.0})
    return points


def make_judge_record(run: RunResults, name: str, kind: str = "pairwise") -> JudgeRecord:
    """What a judge of pairs or single outputs has said about base and another strategy: that the longer output is better."""
    task, (base, other) = (
        next(iter(run.plan.tasks)),
        [next(c for c in run.cells if (c.strategy == "base") == is_base) for is_base in (True, False)],
    )
    cells = {cell.strategy: cell for cell in (base, other)}
    texts = {name: {p.example_id: p.output for p in run.predictions(cell.id)} for name, cell in cells.items()}
    shown = [(base.strategy, other.strategy), (other.strategy, base.strategy)] if kind == "pairwise" else [(each,) for each in cells]
    judgements = []
    for example in run.examples(task):
        for strategies in shown:
            lengths = [len(texts[each][example.id]) for each in strategies]
            verdict = ("A" if lengths[0] >= lengths[-1] else "B") if kind == "pairwise" else str(1 + lengths[0] % 5)
            judgements.append(Judgement(example.id, strategies, 0, 0, "a prompt", f"Verdict: {verdict}", verdict))
    spec = JudgeSpec(name=name, kind=kind, criterion="Is it complete?", model="tiny")  # type: ignore[arg-type]
    return JudgeRecord(spec, task, "2026-03-31T00:00:00+00:00", {k: c.id for k, c in cells.items()}, ("base",), "", "d", tuple(judgements))
