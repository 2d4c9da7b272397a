"""The model card that lies beside every artifact: data, strategy, scores and cost, for whoever finds the folder alone."""

from __future__ import annotations

import json
from collections.abc import Mapping

from harness.store import RunPlan
from harness.types import CellResult, Score, Strategy, Task, total_cost


def model_card(task: Task, strategy: Strategy, plan: RunPlan, result: CellResult, scores: Mapping[str, Score]) -> str:
    """Markdown with the front matter that the Hub reads."""
    model = plan.models[result.cell.model]
    report = plan.data[task.name]
    cost = total_cost(result.costs)
    price = "unknown" if cost["price"] is None else f"{cost['price']:.4f} {plan.options['price']['currency']}"
    lines = [
        "---",
        f"base_model: {json.dumps(model.origin)}",
        f"library_name: {'peft' if strategy.method == 'peft' else 'transformers'}",
        "tags: [finetune-bench]",
        "---",
        "",
        f"# {strategy.name} on {task.name}",
        "",
        f"Base model `{model.name}`, sha256 `{model.digest}`" + (f", revision `{model.revision}`" if model.revision else "") + ".",
        "",
        f"Task `{task.name}` ({task.kind}). Data: {json.dumps(dict(report.origin))}; rows {json.dumps(dict(report.sizes))}.",
        f"Strategy: `{json.dumps(strategy.model_dump(mode='json', exclude_none=True))}`; training seed {result.cell.seed}.",
        "",
        "| score | value | 95 % interval | n |",
        "| --- | --- | --- | --- |",
        *[_row(name, score) for name, score in scores.items()],
        "",
        f"Cost of this cell: {cost['seconds']:.1f} s on {result.costs[0].device}, {price}.",
        "",
        "The prompt it was tuned with:",
        "",
        *[f"    {line}" for line in (strategy.prompt or task.prompt).splitlines()],
        "",
    ]
    return "\n".join(lines)


def _row(name: str, score: Score) -> str:
    value = "–" if score.value is None else f"{score.value:.4f}"
    interval = "–" if score.low is None or score.high is None else f"{score.low:.4f} to {score.high:.4f}"
    return f"| {name} | {value} | {interval} | {score.n} |"
