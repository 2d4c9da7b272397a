"""How the time of `bench`'s own work grows with the work: rows, labels, tokens, cells."""

from __future__ import annotations

import math
import os
import random
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import yaml
from places import ROOT
from report_factory import Made, make_run, summarization

from harness.api import load_task
from harness.data.clinic import generate_records
from harness.data.pipeline import load_splits
from harness.decision import decide_task
from harness.engine.models import find_device, resolve_model
from harness.engine.support import SourcedOutput, load_scorer
from harness.metrics.faithfulness import FAITHFULNESS
from harness.reporting import render
from harness.results import RunResults
from harness.store import RunFolder
from harness.types import Example, Prediction
from tests.benchmarks.material import write_rows
from tests.benchmarks.our_side import measure

TINY = "tiny"


def run_bench(arguments: Sequence[str], folder: Path) -> None:
    """`bench` in a process of its own, in `folder`.

    Raises:
        RuntimeError: it failed.
    """
    command = [sys.executable, "-m", "harness.cli.main", *arguments]
    path = {"PYTHONPATH": str(ROOT)}
    done = subprocess.run(command, cwd=folder, env=os.environ | path, capture_output=True, text=True, stdin=subprocess.DEVNULL, check=False)
    if done.returncode not in (0, 1):  # 1: what `bench data check` looks for is there
        raise RuntimeError(f"bench {' '.join(arguments[:3])} … ended with {done.returncode}:\n{done.stderr[-3000:]}")


@dataclass(frozen=True)
class Workplace:
    """An empty folder, the model that works, and how the command is called."""

    folder: Path
    model: str
    bench: Callable[[Sequence[str], Path], None] = run_bench


Work = Callable[[int, Workplace], float]
"""Prepares and does the work at a size; returns the seconds of the work alone."""


@dataclass(frozen=True)
class Growth:
    """One piece of work at several sizes.

    Args:
        unit: what `sizes` count.
        smoke: the size that shows in CI that the benchmark still runs.
    """

    name: str
    unit: str
    sizes: tuple[int, ...]
    smoke: int
    work: Work


def exponent(sizes: Sequence[int], seconds: Sequence[float]) -> float:
    """b of seconds ∝ size^b between the smallest and the largest size: 1 is proportional, 2 quadratic."""
    return math.log(seconds[-1] / seconds[0]) / math.log(sizes[-1] / sizes[0])


def _training_rows(size: int, place: Workplace) -> float:
    return _train(place, rows=size, words=60)


def _training_tokens(size: int, place: Workplace) -> float:
    return _train(place, rows=8, words=size)


def _labels(size: int, place: Workplace) -> float:
    draw, path = random.Random(1), place.folder / "labels.jsonl"
    choices = [f"{first} {second}" for first in _WORDS[:10] for second in _WORDS[10:20]][:size]
    write_rows(path, [{"prompt": f"{_text(draw, 40)}\nLabel:\n", "choices": choices} for _ in range(8)])
    seconds: float = measure(["choose", "--model", place.model, "--data", str(path), "--out", str(place.folder / "out.jsonl")])["eval_s"]
    return seconds


def _generation(size: int, place: Workplace) -> float:
    draw, path = random.Random(2), place.folder / "prompts.jsonl"
    write_rows(path, [{"prompt": _text(draw, 40)} for _ in range(size)])
    arguments = ["--model", place.model, "--data", str(path), "--max-new-tokens", "32", "--out", str(place.folder / "out.jsonl")]
    seconds: float = measure(["generate", *arguments])["eval_s"]
    return seconds


def _cells(size: int, place: Workplace) -> float:
    """Cells of the untuned model with different prompts on four examples: little but the overhead of a cell."""
    rows = [{"id": f"r{i}", "input": f"Message {word}", "target": word} for i, word in enumerate(_WORDS)]
    write_rows(place.folder / "rows.jsonl", rows)
    task = {
        "name": "echo", "kind": "generation", "version": 1, "description": "Say it again.", "data": {"path": "rows.jsonl"},
        "prompt": "{{ input }}", "metrics": ["chrf"], "primary": "chrf", "margin": 1.0, "decode": {"max_new_tokens": 2},
    }  # fmt: skip
    (place.folder / "echo.yaml").write_text(yaml.safe_dump(task), encoding="utf-8")
    for i in range(size):
        own = {"name": f"prompt-{i}", "method": "prompt", "description": "A prompt.", "prompt": f"{i}: {{{{ input }}}}"}
        (place.folder / f"prompt-{i}.yaml").write_text(yaml.safe_dump(own), encoding="utf-8")
    named = ",".join(str(place.folder / f"prompt-{i}.yaml") for i in range(size))
    where = ["--model", place.model, "--runs-dir", str(place.folder / "runs"), "--no-base", "--no-reuse"]
    command = ["run", "--task", str(place.folder / "echo.yaml"), "--strategies", named, *where]
    return _timed(place.bench, command, place.folder)


def _data_pipeline(size: int, place: Workplace) -> float:
    """Read, map, split and check rows of a CSV file."""
    _write_table(place.folder / "rows.csv", size, labels=77)
    task = {
        "name": "rows", "kind": "classification", "version": 1, "description": "Rows.", "prompt": "{{ input }}",
        "data": {"path": "rows.csv", "fields": {"input": "text", "target": "label"}}, "metrics": ["classification"], "primary": "macro_f1",
        "margin": 0.02,
    }  # fmt: skip
    (place.folder / "rows.yaml").write_text(yaml.safe_dump(task), encoding="utf-8")
    loaded = load_task(place.folder / "rows.yaml")
    return _timed(lambda: load_splits(loaded, folder=place.folder))


def _data_check(labels: int) -> Work:
    def seconds(size: int, place: Workplace) -> float:
        _write_table(place.folder / "rows.csv", size, labels=labels)
        columns = ["--input", "text", "--target", "label" if labels else "summary"]
        return _timed(place.bench, ["data", "check", "rows.csv", *columns, "--format", "json"], place.folder)

    return seconds


def _statistics(size: int, place: Workplace) -> float:
    """The decision on a task of 12 cells: intervals, comparisons and guardrails."""
    run = _clinic_run(place.folder, size)
    return _timed(lambda: decide_task(run.by_task["summarization"]))


def _report(size: int, place: Workplace) -> float:
    """The page of a run of 12 cells, its statistics included."""
    run = _clinic_run(place.folder, size)
    return _timed(render, run)


def _faithfulness(score: str | None = None) -> Work:
    """All scores of faithfulness together, or one alone. Together they cost less than their sum, because a text is analyzed once."""

    def seconds(size: int, place: Workplace) -> float:
        metrics = [metric for metric in FAITHFULNESS.build(()) if score in (None, metric.name)]
        outputs = list(_made_outputs(math.ceil(size / 10)))[:size]
        start = time.perf_counter()
        for example, output in outputs:
            for metric in metrics:
                metric.per_example(example, output)
        return time.perf_counter() - start

    return seconds


def _support(kind: str, model: str) -> Work:
    def seconds(size: int, place: Workplace) -> float:
        scorer = load_scorer(kind, resolve_model(place.model if kind == "likelihood" else model), find_device())
        made = list(_made_outputs(math.ceil(size / 10)))[:size]
        outputs = [SourcedOutput(str(i), example.inputs["input"], output.answer) for i, (example, output) in enumerate(made)]
        return _timed(lambda: scorer.score(outputs, done={}, on_batch=lambda batch: None))

    return seconds


_SYLLABLES = ("ka", "lo", "mi", "ter", "ban", "su", "rop", "del", "vin", "gar", "hul", "pem")
_WORDS = tuple(f"{a}{b}" for a in _SYLLABLES for b in _SYLLABLES)


def _train(place: Workplace, *, rows: int, words: int) -> float:
    draw, path = random.Random(3), place.folder / "train.jsonl"
    write_rows(path, [{"prompt": _text(draw, words), "completion": _text(draw, 8)} for _ in range(rows)])
    arguments = ["--model", place.model, "--data", str(path), "--max-length", "2048", "--out", str(place.folder / "out")]
    seconds: float = measure(["train", *arguments])["train_s"]
    return seconds


def _text(draw: random.Random, words: int) -> str:
    return " ".join(draw.choices(_WORDS, k=words))


def _timed(work: Callable[..., object], *arguments: object) -> float:
    start = time.perf_counter()
    work(*arguments)
    return time.perf_counter() - start


def _write_table(path: Path, rows: int, *, labels: int) -> None:
    """Rows of 60 words from 5,000 words; 1% are near duplicates of the row before."""
    draw = random.Random(7)
    words = sorted({"".join(draw.choices(_SYLLABLES, k=3)) for _ in range(9000)})
    topics = [draw.sample(words, 300) for _ in range(labels)]
    text = ""
    with path.open("w", encoding="utf-8") as file:
        file.write("id,text,label\n" if labels else "id,text,summary\n")
        for i in range(rows):
            topic = draw.randrange(labels) if labels else 0
            if text and i % 100 == 0:
                text = text.replace(text.split(" ", maxsplit=1)[0], f"changed{i}")
            else:
                chosen = draw.choices(topics[topic], k=20) if labels else []
                text = " ".join([*chosen, *draw.choices(words, k=60 - len(chosen))])
            file.write(f"r{i},{text},{f'topic {topic}' if labels else ' '.join(draw.choices(text.split(), k=15))}\n")


def _clinic_run(folder: Path, rows: int) -> RunResults:
    """Two prompts, and five trained strategies with two seeds each, read anew from its folder."""
    tests = [example for split, example in generate_records("summarization", size=5 * rows, seed=1) if split == "test"]
    prompts = [Made("base", answer=_shuffled_words(0.3)), Made("few-shot", seed=1, answer=_shuffled_words(0.5))]
    trained = [
        Made(name, seed=seed, train_seconds=90, answer=_shuffled_words(quality + seed / 100))
        for name, quality in {"full": 0.9, "lora": 0.88, "qlora": 0.85, "dora": 0.8, "vera": 0.6}.items()
        for seed in (1, 2)
    ]
    task = summarization(
        prompts + trained,
        rows=rows,
        metrics=("rouge", "facts"),
        primary="rougeL",
        text=lambda i: tests[i].inputs["input"],
        targets=lambda i: tests[i].targets[0],
        meta=lambda i: tests[i].meta,
        group=lambda i: tests[i].group or "",
        guardrails={"critical_error_rate": {"at_most": 0.05}},
    )
    return RunResults(RunFolder(make_run(folder / "run", [task]).path))


def _shuffled_words(quality: float) -> Callable[[Example, random.Random], str]:
    """Answers with the reference, of which words are replaced by other words of the reference."""

    def answer(example: Example, draw: random.Random) -> str:
        words = example.targets[0].split(" ")
        return " ".join(word if draw.random() < quality else draw.choice(words) for word in words)

    return answer


def _made_outputs(inputs: int) -> Iterator[tuple[Example, Prediction]]:
    """Inputs of about 150 words with ten outputs of about 25 words each, none of them twice."""
    chats = yaml.safe_load((ROOT / "tests" / "metrics" / "faithfulness" / "chats.yaml").read_text(encoding="utf-8"))
    draw = random.Random(0)
    summaries = [text for chat in chats for text in (*chat["right"], *chat["wrong"].values())]
    for i in range(inputs):
        text = "\n".join(chat["chat"] for chat in draw.sample(chats, 3)) + f"\nAmy: number {i}"
        example = Example(str(i), {"input": text}, (draw.choice(summaries),))
        for k in range(10):
            yield example, Prediction(str(i), f"{draw.choice(summaries)} {draw.choice(summaries)} Output {k} of {i}.")


GROWTHS: tuple[Growth, ...] = (
    Growth("LoRA training", "rows", (16, 32, 64), 2, _training_rows),
    Growth("LoRA training, 8 rows", "words of a prompt", (50, 100, 200, 400), 10, _training_tokens),
    Growth("generation, 32 tokens", "rows", (8, 16, 32), 2, _generation),
    Growth("choice among labels, 8 rows", "labels", (10, 20, 40, 80), 3, _labels),
    Growth("bench run of small cells", "cells", (1, 4, 16), 1, _cells),
    Growth("data pipeline", "rows", (10_000, 30_000, 100_000), 200, _data_pipeline),
    Growth("bench data check, 77 labels", "rows", (10_000, 30_000, 100_000), 200, _data_check(77)),
    Growth("bench data check, summaries", "rows", (10_000, 30_000, 100_000), 200, _data_check(0)),
    Growth("statistics of 12 cells", "test examples", (500, 2_000, 10_000), 20, _statistics),
    Growth("report of 12 cells", "test examples", (500, 2_000, 10_000), 20, _report),
    Growth("scores of faithfulness", "outputs", (1_000, 3_000, 10_000), 10, _faithfulness()),
    *(Growth(f"  {name} alone", "outputs", (300, 1_000), 10, _faithfulness(name)) for name in FAITHFULNESS.scores),
    Growth("support by likelihood", "outputs", (5, 10, 20), 1, _support("likelihood", "smollm2-135m")),
    Growth("support by embeddings", "outputs", (5, 10, 20), 1, _support("embedding", "all-minilm-l6-v2")),
)
