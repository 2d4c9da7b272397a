"""Forecasts beside measurements: runs cells on this machine, and prints a Markdown table of what was forecast and what they took.

python tests/benchmarks/forecast_accuracy.py                                      # every shipped strategy on the four tasks, included model
python tests/benchmarks/forecast_accuracy.py --model smollm2-135m --lengths 128,256,512,1024 --strategies base,lora,qlora,full
python tests/benchmarks/forecast_accuracy.py --tasks qa --strategies lora --limit 40 --clock wall
python tests/benchmarks/forecast_accuracy.py --again                              # and what a second run of each says
python tests/benchmarks/forecast_accuracy.py --rounds 3                           # medians of three, on a machine with other customers

Forecasts are those of `bench run` without corrections by earlier cells: the cache is empty. With `--again`, each run is followed by one
with a tenth more examples, whose forecasts are corrected by the first; they have a table of their own. On a busy machine, seconds are those
of the processor, in trials as in cells, with one thread; `--clock wall` reads the wall clock instead. With `--rounds`, all runs are made
several times, one round after the other, and a cell has the median of its forecasts and of its measurements. Each round has a table, too.
"""

import argparse
import json
import math
import os
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from harness.catalog import shipped_folder
from harness.data.clinic import generate_records
from harness.engine.models import resolve_model
from harness.forecast.ledger import ForecastRecord, make_record
from harness.store import RunFolder, StoredRun
from harness.types import CellForecast

TASKS = ("summarization", "generation", "qa", "classification")
PAIRS = ("summarization", "generation", "qa")  # tasks whose references are texts, so that one of another example is a worse answer
GOALS = {"memory": 0.10, "time": 0.25}
CLOCK = "import time\ntime.perf_counter = time.process_time\n"  # in a sitecustomize.py: for every process of the run
FACTS = {
    "memory": ("peak", "measured_peak"),
    "training": ("training_seconds", "measured_training"),
    "answers": ("answer_seconds", "measured_answering"),
}


@dataclass(frozen=True)
class Row:
    """A finished cell: its name, and what a run said before it and what it took in each round."""

    name: str
    rounds: tuple[tuple[CellForecast, ForecastRecord], ...]

    def pair(self, fact: str) -> tuple[float, float] | None:
        """Forecast and measured; None where there is none."""
        pairs = [pair for each in self.rounds if (pair := pair_of_round(*each, fact)) is not None]
        return (median(a for a, _ in pairs), median(b for _, b in pairs)) if pairs else None

    @property
    def seconds_range(self) -> tuple[float, float] | None:
        """The range of all time; None where there is none."""
        ranges = [forecast.seconds_range for forecast, _ in self.rounds if forecast.seconds_range is not None]
        return (median(low for low, _ in ranges), median(high for _, high in ranges)) if ranges else None


def pair_of_round(forecast: CellForecast, record: ForecastRecord, fact: str) -> tuple[float, float] | None:
    """Forecast and measured; None where there is none."""
    if fact == "time":
        pairs = [pair for each in ("training", "answers") if (pair := pair_of_round(forecast, record, each)) is not None]
        return (sum(a for a, _ in pairs), sum(b for _, b in pairs)) if pairs else None
    said, measured = getattr(forecast, FACTS[fact][0]).value, getattr(record, FACTS[fact][1])
    return (said, measured) if said and measured else None


def arguments() -> argparse.Namespace:
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("--model", default="tiny")
    p.add_argument("--tasks", default=",".join(TASKS))
    p.add_argument("--strategies", default="", help="default: all that are shipped")
    p.add_argument("--limit", type=int, default=120, help="examples of each split")
    p.add_argument("--epochs", type=float, default=1)
    p.add_argument("--lengths", default="", help="tokens of an example, about: instead of the tasks, texts of these lengths")
    p.add_argument("--again", action="store_true", help="a second run of each, with a tenth more examples, corrected by the first")
    p.add_argument("--rounds", type=int, default=1, help="how often each run is made")
    p.add_argument("--clock", choices=["processor", "wall"], default="processor")
    p.add_argument("--keep", help="folder for the runs; default: a temporary one")
    return p.parse_args()


def main() -> None:
    a = arguments()
    model = a.model if a.model == "tiny" else str(resolve_model(a.model).folder)  # a GGUF file is converted before the first cell
    shipped = {file.stem for file in shipped_folder("strategies").glob("*.yaml")} - {"cascade"}
    strategies = a.strategies.split(",") if a.strategies else sorted(shipped)
    with tempfile.TemporaryDirectory() as made:
        folder = Path(a.keep or made).resolve()
        folder.mkdir(parents=True, exist_ok=True)
        caches: dict[str, str] = {}
        collected: dict[str, list[Row]] = {}
        for number in range(1, 1 + a.rounds):
            for limit, title in [(a.limit, "Without earlier cells"), (math.ceil(1.1 * a.limit), "Corrected by one earlier run")][
                : 1 + a.again
            ]:
                rows: list[Row] = []
                for name, options in list_runs(a, strategies, folder, limit):
                    print(f"{title}, round {number}: {name}", file=sys.stderr, flush=True)
                    place = folder / f"round {number}" / name
                    place.mkdir(parents=True, exist_ok=True)
                    cache = caches.setdefault(str(place), tempfile.mkdtemp(dir=folder))
                    rows += read_rows(name, run(place, cache, [*options, "--model", model, "--epochs", str(a.epochs)], a.clock))
                print(f"{title}, round {number}:\n\n{write_table(rows)}\n", flush=True)
                collected.setdefault(title, []).extend(rows)
        if a.rounds > 1:
            for title, rows in collected.items():
                print(f"{title}, medians of {a.rounds} rounds:\n\n{write_table(join_rounds(rows))}\n", flush=True)


def join_rounds(rows: list[Row]) -> list[Row]:
    """The rows of several rounds, those of one cell together."""
    by_name: dict[str, Row] = {}
    for row in rows:
        before = by_name.get(row.name)
        by_name[row.name] = row if before is None else Row(row.name, (*before.rounds, *row.rounds))
    return list(by_name.values())


def list_runs(a: argparse.Namespace, strategies: list[str], folder: Path, limit: int) -> list[tuple[str, list[str]]]:
    """The options of each run by its name, with so many examples of each split. Preference tuning has data of its own."""
    others = [each for each in strategies if each != "dpo"]
    runs = []
    if a.lengths:
        for length in a.lengths.split(","):
            data = write_texts(folder / f"{length}.jsonl", int(length), limit)
            options = ["--task", "summarization", "--data", str(data), "--input", "input", "--target", "target"]
            runs.append((f"{length} tokens", [*options, "--strategies", ",".join(others), "--limit", str(limit), "--no-base"]))
        return runs
    for task in a.tasks.split(","):
        if others:
            runs.append((task, ["--task", task, "--strategies", ",".join(others), "--limit", str(limit), "--no-base"]))
        if "dpo" in strategies and task in PAIRS:
            data = write_pairs(folder / f"{task}-pairs.jsonl", task, limit)
            options = ["--task", task, "--data", str(data), "--target", "chosen", "--field", "rejected=rejected"]
            runs.append((f"{task} pairs", [*options, "--strategies", "dpo", "--limit", str(limit), "--no-base"]))
    return runs


def write_pairs(file: Path, task: str, limit: int) -> Path:
    """Examples of a task, each with the reference of the next one as a worse answer."""
    examples = [example for _, example in generate_records(task, size=10 * limit, seed=7) if example.targets]
    lines = [
        {**each.inputs, "chosen": each.targets[0], "rejected": other.targets[0]}
        for each, other in zip(examples, [*examples[1:], examples[0]], strict=True)
    ]
    file.write_text("".join(json.dumps(line) + "\n" for line in lines), encoding="utf-8")
    return file


def write_texts(file: Path, tokens: int, limit: int) -> Path:
    """Examples whose prompts have about so many tokens: conversations one behind the other, cut at words."""
    examples = [example for _, example in generate_records("summarization", size=400, seed=7)]
    words = [word for example in examples for word in example.inputs["input"].split()]
    width = round(tokens / 1.35)  # tokens of a word of these texts, of SmolLM2's tokenizer
    lines = []
    for i in range(10 * limit):
        start = i * 97 % (len(words) - width)
        lines.append(
            {"input": " ".join(words[start : start + width]), "target": " ".join(examples[i % len(examples)].targets[0].split()[:40])}
        )
    file.write_text("".join(json.dumps(line) + "\n" for line in lines), encoding="utf-8")
    return file


def run(folder: Path, cache: str, options: list[str], clock: str) -> Path:
    """Run cells one after the other; returns the folder of the run."""
    (folder / "clock").mkdir(exist_ok=True, parents=True)
    (folder / "clock" / "sitecustomize.py").write_text(CLOCK if clock == "processor" else "", encoding="utf-8")
    paths = [str(folder / "clock"), str(Path(__file__).parents[2]), os.environ.get("PYTHONPATH", "")]
    environment = {
        **os.environ,
        "PYTHONPATH": os.pathsep.join(filter(None, paths)),
        "BENCH_CACHE_DIR": cache,
        "BENCH_SERVING_SECONDS": "0",
        "HF_HUB_OFFLINE": "1",
        **({"OMP_NUM_THREADS": "1"} if clock == "processor" else {}),
    }
    command = [sys.executable, "-m", "harness.cli.main", "run", *options, "--runs-dir", str(folder / "runs"), "--new", "--no-reuse"]
    # A run tries its steps only where that takes a small part of it; what the dry run has tried counts in any case.
    for each, codes in (([*command, "--dry-run"], (0,)), (command, (0, 1))):
        ended = subprocess.run(each, env=environment, capture_output=True, text=True, check=False)
        if ended.returncode not in codes:
            raise SystemExit(f"{' '.join(each)}\n{ended.stdout}\n{ended.stderr}")
    return Path(ended.stdout.splitlines()[-1])


def read_rows(name: str, folder: Path) -> list[Row]:
    """The finished cells of a run."""
    stored = StoredRun(RunFolder(folder))
    rows = []
    for cell in stored.cells:
        result, forecast = stored.results.get(cell.id), stored.plan.forecasts.get(cell.id)
        record = None if result is None or forecast is None else make_record(result, forecast)
        if record is None or forecast is None:
            print(f"{name}, {cell.strategy}: {'no forecast' if result else 'no result'}", file=sys.stderr)
        else:
            rows.append(Row(f"{name}: {cell.strategy}", ((forecast, record),)))
            if not forecast.is_tried:
                print(f"{name}, {cell.strategy}: counted, not tried", file=sys.stderr)
    return rows


def write_table(rows: list[Row]) -> str:
    """The table, and how many cells are within the goals."""
    lines = [
        "| cell | memory, MiB | | training, s | answers, s | time, s | | range, s |",
        "| --- | --- | --- | --- | --- | --- | --- | --- |",
    ]
    for row in rows:
        memory, time = row.pair("memory"), row.pair("time")
        shown = [describe(row.pair(fact), 2**20 if fact == "memory" else 1) for fact in ("memory", "training", "answers", "time")]
        ends = "–" if row.seconds_range is None else "{:.1f}–{:.1f}".format(*row.seconds_range)
        lines.append(f"| {row.name} | {shown[0]} | {error(memory)} | {shown[1]} | {shown[2]} | {shown[3]} | {error(time)} | {ends} |")
    lines += ["", "Measured / forecast; the percentages are measured against forecast."]
    for fact, goal in [*GOALS.items(), ("training", GOALS["time"]), ("answers", GOALS["time"])]:
        pairs = [pair for row in rows if (pair := row.pair(fact)) is not None]
        within = sum(abs(measured / forecast - 1) <= goal for forecast, measured in pairs)
        lines.append(f"Within {goal:.0%} of the forecast, {fact}: {within} of {len(pairs)} cells.")
    timed = [(row, pair) for row in rows if (pair := row.pair("time")) is not None]
    inside = sum(is_near(pair) or (row.seconds_range is not None and is_inside(pair[1], row.seconds_range)) for row, pair in timed)
    lines.append(f"Within {GOALS['time']:.0%} of the forecast or of its range, time: {inside} of {len(timed)} cells.")
    return "\n".join(lines)


def is_near(pair: tuple[float, float]) -> bool:
    return abs(pair[1] / pair[0] - 1) <= GOALS["time"]


def is_inside(measured: float, ends: tuple[float, float]) -> bool:
    return ends[0] * (1 - GOALS["time"]) <= measured <= ends[1] * (1 + GOALS["time"])


def describe(pair: tuple[float, float] | None, unit: float) -> str:
    """Measured / forecast."""
    if pair is None:
        return "–"
    return " / ".join(f"{value / unit:,.0f}" if unit > 1 else f"{value:.1f}" for value in (pair[1], pair[0]))


def error(pair: tuple[float, float] | None) -> str:
    """By how much the measurement is above or below the forecast."""
    return "–" if pair is None else f"{pair[1] / pair[0] - 1:+.0%}"


if __name__ == "__main__":
    main()
