"""The model card that lies beside every artifact: data, strategy, scores and cost, for whoever finds the folder alone."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence

from harness.engine.artifacts.usage_snippets import how_to_load
from harness.store import RunPlan
from harness.types import CellResult, Score, Shape, Strategy, Task, total_cost

CARD_TAGS = "tags: [finetune-bench]"  # the line by which a folder of ours is known

_PIPELINES: dict[Shape, str] = {
    "decoder": "text-generation",
    "encoder-decoder": "text2text-generation",
    "encoder": "text-classification",
}


def model_card(
    task: Task,
    strategy: Strategy,
    plan: RunPlan,
    result: CellResult,
    scores: Mapping[str, Score],
    *,
    labels: Sequence[str] = (),
    merge: str = "",
) -> str:
    """Markdown with the front matter that the Hub reads.

    Args:
        labels: what there is to choose from, in this order; none where text is written.
        merge: what was done to make one model of base and adapter, in sentences; empty for an adapter, or a model that was tuned whole.
    """
    model = plan.models[result.cell.model]
    report = plan.data[task.name]
    cost = total_cost(result.costs)
    price = "unknown" if cost["price"] is None else f"{cost['price']:.4f} {plan.options['price']['currency']}"
    adapter = strategy.method == "peft" and not merge
    dtype = result.provenance.get("dtype", plan.options["dtype"])
    lines = [
        "---",
        f"base_model: {json.dumps(model.origin)}",
        f"library_name: {'peft' if adapter else 'transformers'}",
        f"pipeline_tag: {_PIPELINES[model.shape]}",
        CARD_TAGS,
        "---",
        "",
        f"# {strategy.name} on {task.name}",
        "",
        f"Base model `{model.name}`, sha256 `{model.digest}`" + (f", revision `{model.revision}`" if model.revision else "") + ".",
        *([merge] if merge else []),
        *(_four_bit(strategy) if adapter else []),
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
        *how_to_load(task, strategy, model.shape, base=model.origin, adapter=adapter, dtype=dtype, labels=labels),
        *_prompt(task, strategy, model.shape),
        "## Licence",
        "",
        f"These weights come from `{model.origin}`: its licence holds for them, too, and so may that of the data. Look at both before you",
        "pass them on.",
        "",
    ]
    return "\n".join(lines)


def _prompt(task: Task, strategy: Strategy, shape: Shape) -> list[str]:
    if shape == "encoder" and strategy.prompt is None:
        return [
            "## The text it was tuned with",
            "",
            "The inputs of a row and nothing else, one below the other in the order of the task's fields: an encoder gets no instruction.",
            "",
        ]
    return ["## The prompt it was tuned with", "", *[f"    {line}" for line in (strategy.prompt or task.prompt).splitlines()], ""]


def _four_bit(strategy: Strategy) -> list[str]:
    if strategy.quantization is None:
        return []
    spec = strategy.quantization.type
    return [f"The scores are those of the adapter on the base model in 4 bits ({spec}); on other weights they may be others."]


def _row(name: str, score: Score) -> str:
    value = "–" if score.value is None else f"{score.value:.4f}"
    interval = "–" if score.low is None or score.high is None else f"{score.low:.4f} to {score.high:.4f}"
    return f"| {name} | {value} | {interval} | {score.n} |"
