"""What a user might write. `mypy --strict` must accept it, and it must run."""

from __future__ import annotations

from pathlib import Path

from harness import BenchError, Run, Strategy, Task, Verdict, compare, gate, load_run, plan, run, score
from harness.types import DataSpec, TrainSpec


def train(data: Path, runs_dir: Path) -> Run:
    task = Task(
        name="intents",
        kind="classification",
        data=DataSpec(path=str(data), fields={"input": "text", "target": "label"}),
        prompt="Text: {{ input }}\nLabel:",
        metrics=("classification",),
        primary="macro_f1",
    )
    small = Strategy(name="rank-4", method="peft", adapter={"peft_type": "LORA", "r": 4}, train=TrainSpec(epochs=1))
    changes = [{"strategy": "rank-4", "set": {"batch_size": 4}}]
    return run(task, [small], limit=8, seeds=1, price=3.6, override=changes, serving_seconds=0, runs_dir=runs_dir)


def report(finished: Run) -> list[str]:
    lines = [str(finished.path), finished.name, *finished.tasks]
    scores = finished.scores()
    best = scores[scores["primary"]].sort_values("value", ascending=False).iloc[0]
    lines.append(f"{best['strategy']}: {best['value']:.3f} (95% CI {best['low']:.3f} to {best['high']:.3f}, n = {best['n']})")
    lines.append(f"{finished.costs()['price'].sum():.2f}")
    wrong = finished.predictions(with_inputs=True).query("accuracy == 0")
    lines += [f"{text} → {answer}" for text, answer in zip(wrong["input.input"], wrong["answer"], strict=True)]
    for pair in finished.comparisons().itertuples():
        lines.append(f"{pair.b} - {pair.a}: {pair.difference}")
    for outlook in plan("classification", margin=0.05):
        lines.append(f"{outlook.task}: {outlook.score}")
    for view in compare(finished, strategies=["base", "rank-4"]):
        lines.append(f"{view.b.label} against {view.a.label}: {view.primary.comparison.difference}")
    finished.write_report(finished.path / "page.html", with_text=False)
    return lines


def decide(finished: Run, registry: Path) -> Verdict | None:
    try:
        return gate(finished, "rank-4", baseline=f"{finished.path}:base", registry=registry, new_registry=True)
    except BenchError:
        return None


def score_vendor(predictions: Path, data: Path, runs_dir: Path) -> float:
    vendor = score("classification", predictions, data=data, fields={"input": "text", "target": "label"}, runs_dir=runs_dir)
    by_name = load_run(vendor.name, runs_dir=runs_dir).scores().set_index("score")
    return float(by_name["value"]["accuracy"])
