"""The model card beside every artifact: data, strategy, scores and costs, for readers who have only the folder."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence

from harness.engine.artifacts.usage_snippets import usage_section
from harness.results import total_cost
from harness.store import RunPlan
from harness.types import CellResult, Score, Shape, Strategy, Task

CARD_TAGS = "tags: [finetune-bench]"  # the line by which an earlier export is recognized

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
        labels: the labels to choose from, in order; none if text is generated.
        merge: how base model and adapter were merged, in sentences; empty for an adapter or a fully fine-tuned model.
    """
    model = plan.models[result.cell.model]
    is_adapter = strategy.method == "peft" and not merge
    dtype = result.provenance.get("dtype", plan.options["dtype"])
    lines = [
        "---",
        f"base_model: {json.dumps(model.origin)}",
        f"library_name: {'peft' if is_adapter else 'transformers'}",
        f"pipeline_tag: {_PIPELINES[model.shape]}",
        CARD_TAGS,
        "---",
        "",
        f"# {strategy.name} on {task.name}",
        "",
        f"Base model: `{model.name}`, sha256 `{model.digest}`" + (f", revision `{model.revision}`" if model.revision else "") + ".",
        *([merge] if merge else []),
        *(_quantization(strategy) if is_adapter else []),
        "",
        *_training(task, strategy, plan, result),
        *_scores(scores),
        *_costs(plan, result),
        *usage_section(task, strategy, model.shape, base=model.origin, is_adapter=is_adapter, dtype=dtype, labels=labels),
        *_prompt(task, strategy, model.shape),
        "## License",
        "",
        f"These weights are derived from `{model.origin}`. Its license applies to them, and so may the license of the training data.",
        "Check both before you share them.",
        "",
    ]
    return "\n".join(lines)


def _training(task: Task, strategy: Strategy, plan: RunPlan, result: CellResult) -> list[str]:
    report = plan.data[task.name]
    sizes = ", ".join(f"{size:,} {split}" for split, size in report.sizes.items())
    return [
        f"Task: `{task.name}` ({task.kind}). Data: `{json.dumps(dict(report.origin))}`. Examples: {sizes}.",
        "",
        f"Strategy: `{json.dumps(strategy.model_dump(mode='json', exclude_none=True))}`. Training seed: {result.cell.seed}.",
        "",
    ]


def _scores(scores: Mapping[str, Score]) -> list[str]:
    return [
        "| Score | Value | 95% CI | Test examples |",
        "| --- | --- | --- | --- |",
        *[f"| {name} | {_value(score)} | {_interval(score)} | {score.n} |" for name, score in scores.items()],
        "",
    ]


def _value(score: Score) -> str:
    return "–" if score.value is None else f"{score.value:.4f}"


def _interval(score: Score) -> str:
    if score.low is None or score.high is None:
        return "–"
    return f"{score.low:.4f} to {score.high:.4f}" + ("" if score.reliable else " (low confidence)")


def _costs(plan: RunPlan, result: CellResult) -> list[str]:
    cost = total_cost(result.costs)
    price = "price unknown" if cost.price is None else f"{cost.price:.4f} {plan.options['price']['currency']}"
    return [f"Cost of loading, training and testing: {cost.seconds:.1f} s on {result.costs[0].device}, {price}.", ""]


def _quantization(strategy: Strategy) -> list[str]:
    if strategy.quantization is None:
        return []
    kind = strategy.quantization.type
    return [f"The scores were measured with the adapter on the base model in 4 bits ({kind}). On other weights, they may differ."]


def _prompt(task: Task, strategy: Strategy, shape: Shape) -> list[str]:
    if shape == "encoder" and strategy.prompt is None:
        return [
            "## The input it was tuned with",
            "",
            "Only the inputs of an example, one per line in the order of the task's fields: an encoder gets no instruction.",
            "",
        ]
    return ["## The prompt it was tuned with", "", *[f"    {line}" for line in (strategy.prompt or task.prompt).splitlines()], ""]
